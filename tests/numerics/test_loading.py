"""What a sweep left is read back, or said to be unfinished."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from numerics import basins
from numerics.landscape.potentials import CosineLattice
from numerics.sweeps.loading import as_xarray, load
from numerics.sweeps.sweep import sweep
from tests.numerics.pieces import PIECES, WHOLE, work


def test_arrays_are_joined_in_order(tmp_path):
    sweep(work, PIECES, store=tmp_path / "s")
    found = load(tmp_path / "s")
    assert found["seed"].tolist() == PIECES
    assert_array_equal(found["x"], np.concatenate([shard["x"] for shard in WHOLE]))


def test_a_basin_sample_loads_as_a_dataset(tmp_path):
    starts = np.linspace(-0.4, 0.4, 20)[:, None]
    found = basins.sample(CosineLattice(1), starts, rng=np.random.default_rng(0), store=tmp_path / "s")
    data = as_xarray(tmp_path / "s")
    assert data["theta"].dims == ("row", "theta_1")
    assert data.sizes["row"] == 20
    assert_array_equal(data["time"], [landing.time for landing in found.landings])


def test_what_is_no_finished_sweep_is_refused(tmp_path):
    with pytest.raises(ValueError, match="folder must be the store of a sweep"):
        load(tmp_path)
    sweep(work, PIECES, store=tmp_path / "s")
    (tmp_path / "s" / "000003.npz").unlink()
    with pytest.raises(ValueError, match="where 1 of 12 shards are missing or damaged: run it again"):
        load(tmp_path / "s")


@pytest.mark.parametrize("count", ["1e400", "-1", "null", "1000000000000000000", "[" * 100_000])
def test_a_manifest_that_states_any_number_is_refused_at_once(tmp_path, count):
    sweep(work, PIECES, store=tmp_path / "s")
    (tmp_path / "s" / "sweep.json").write_text(f'{{"key": "", "count": {count}}}')
    with pytest.raises(ValueError, match="folder must be the store of a"):
        load(tmp_path / "s")
