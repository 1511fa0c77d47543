"""Minima of deep networks found here, by processes, and in two sittings: the same numbers, nothing twice."""

import numpy as np
import pytest

from numerics.deep_study.arms import DeepArm
from numerics.deep_study.run import Minimum
from numerics.files.images import Images
from numerics.sweeps.executors import executor
from numerics.sweeps.threads import one_thread
from numerics.sweeps.workplace import Workplace

ARM = DeepArm("one", genuine=12, attacks=(0, 8), hidden=(8, 8))
PIECES = [(ARM, repeat, attack) for repeat in range(2) for attack in ARM.attacks]


def data() -> Images:
    X = np.random.default_rng(5).normal(size=(120, 6))
    return Images(X, np.arange(120) % 3, 0, "noise", "")


def told(place: Workplace) -> list[str]:
    return [str(shard["facts"]) for _, shard in place.finished("minima", Minimum(data(), 3), PIECES, "key")]


@pytest.mark.slow
def test_processes_find_what_is_found_here_and_a_second_sitting_redoes_nothing(tmp_path):
    with one_thread():
        here = told(Workplace())
    with executor("processes:2") as pool, one_thread():
        assert told(Workplace(pool, tmp_path)) == here
    shards = sorted((tmp_path / "minima").glob("0*.npz"))
    assert len(shards) == len(PIECES)
    shards[1].unlink()
    written = {shard: shard.stat().st_mtime_ns for shard in shards if shard.exists()}
    with one_thread():
        assert told(Workplace(None, tmp_path)) == here
    assert {shard: shard.stat().st_mtime_ns for shard in written} == written
    assert shards[1].exists()
