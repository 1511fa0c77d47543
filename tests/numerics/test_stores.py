"""Stores of killed runs are taken up, shards of other sweeps are not, and what is no shard is not read."""

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from numerics.files.drafts import HOST
from numerics.sweeps import store as store_module
from numerics.sweeps.store import Store, checksum
from numerics.sweeps.sweep import sweep
from numerics.sweeps.workplace import Workplace
from tests.numerics.pieces import PIECES, WHOLE, same, work


def filled(folder, key="k"):
    sweep(work, PIECES, store=folder, key=key)
    return Store(folder, key, len(PIECES))


def dead_process():
    done = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True
    )
    return int(done.stdout)


@pytest.mark.parametrize("content", [None, "", "{", '{"key": ', "[1]", "[" * 100_000])
def test_a_manifest_lost_in_a_kill_is_written_anew(content, tmp_path):
    filled(tmp_path)
    (tmp_path / "sweep.json").unlink()
    (tmp_path / ".sweep.json-abc").write_text("draft")
    if content is not None:
        (tmp_path / "sweep.json").write_text(content)
    done = []
    assert same(sweep(work, PIECES, store=tmp_path, key="k", report=lambda *_: done.append(1)), WHOLE)
    assert done == []  # every shard says whose it is, and was kept


def test_drafts_of_the_dead_go_and_of_the_living_stay(tmp_path):
    store = filled(tmp_path)
    dead = tmp_path / f".shard-{HOST}-{dead_process()}-x"
    lost = tmp_path / f".sweep.json-{HOST}-{dead_process()}-x"
    alive, far = tmp_path / f".shard-{HOST}-{os.getpid()}-x", tmp_path / ".shard-00000000-1-x"
    for draft in (dead, lost, alive, far):
        draft.write_text("half a shard")
    store.open()
    assert [draft.exists() for draft in (dead, lost, alive, far)] == [False, False, True, True]


def test_a_shard_of_another_sweep_or_another_number_is_done_again(tmp_path):
    store, other = filled(tmp_path / "a"), filled(tmp_path / "b", "other")
    shutil.copy(other.path(3), store.path(3))
    shutil.copy(store.path(1), store.path(2))
    assert store.missing() == [2, 3]
    assert same(sweep(work, PIECES, store=tmp_path / "a", key="k"), WHOLE)


def test_stores_from_before_shards_named_their_sweep_are_read(tmp_path):
    store = Store(tmp_path, "k", len(PIECES))
    (tmp_path / "sweep.json").write_text(json.dumps(store.old_mark))
    for index, shard in enumerate(WHOLE):
        np.savez(store.path(index), **shard, checksum=checksum(shard))
    done = []
    assert same(sweep(work, PIECES, store=tmp_path, key="k", report=lambda *_: done.append(1)), WHOLE)
    assert done == []


def test_pipes_devices_and_links_are_no_shards(tmp_path):
    store = filled(tmp_path / "s")
    for index, make in enumerate(
        (os.mkfifo, lambda p: os.symlink("/dev/zero", p), lambda p: os.symlink(store.path(9), p))
    ):
        store.path(index).unlink()
        make(store.path(index))
    assert store.missing() == [0, 1, 2]
    assert same(sweep(work, PIECES, store=tmp_path / "s", key="k"), WHOLE)


@pytest.mark.parametrize("bit", range(0, 1600, 7))
def test_a_flipped_bit_is_a_missing_shard_and_no_error(bit, tmp_path):
    store = Store(tmp_path, "k", 1)
    store.open()
    store.write(0, WHOLE[0])
    content = bytearray(store.path(0).read_bytes())
    content[(bit // 8) % len(content)] ^= 1 << bit % 8
    store.path(0).write_bytes(bytes(content))
    found = store.read(0)
    assert found is None or same([found], WHOLE[:1])


def test_a_folder_of_other_things_is_no_store(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(ValueError, match="store must be a new folder"):
        sweep(work, PIECES, store=tmp_path, key="k")
    with pytest.raises(ValueError, match=r"which holds thesis\.tex"):
        Workplace(None, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_key_names_the_code_and_the_versions_that_run(tmp_path, monkeypatch):
    shutil.copytree(store_module.PACKAGE / "descents", tmp_path / "descents")
    monkeypatch.setattr(store_module, "PACKAGE", tmp_path)
    keys = []

    def key():
        store_module.running_version.cache_clear()
        keys.append(store_module.fingerprint("same"))

    key()
    key()
    with (tmp_path / "descents" / "flow.py").open("a") as file:
        file.write("\n")
    key()
    monkeypatch.setattr(store_module, "versions", lambda: {"numpy": "99"})
    key()
    monkeypatch.setattr(store_module, "source_hash", lambda: "another")
    key()
    store_module.running_version.cache_clear()
    assert keys[0] == keys[1]
    assert len(set(keys)) == 4
