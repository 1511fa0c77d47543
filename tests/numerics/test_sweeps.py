"""Sweeps are resumed, and what is damaged is noticed: the same bits as a sweep that nothing happened to."""

import errno
import os
import re
import subprocess
import sys
import time
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack

import numpy as np
import pytest

from numerics.sweeps.store import Store, SweepError, fingerprint
from numerics.sweeps.sweep import sweep
from tests.house.tree import ROOT
from tests.numerics.pieces import PIECES, WHOLE, die, same, work


def fail(seed):
    if seed == 7:
        raise ZeroDivisionError("seven")
    return work(seed)


def test_here_on_threads_and_on_processes():
    assert same(sweep(work, PIECES), WHOLE)
    for pool in (ThreadPoolExecutor, ProcessPoolExecutor):
        with pool(2) as executor:
            assert same(sweep(work, PIECES, executor=executor), WHOLE)


def test_a_store_gives_back_what_it_was_given(tmp_path):
    assert same(sweep(work, PIECES, store=tmp_path / "s", key="k"), WHOLE)
    done = []
    assert same(sweep(fail, PIECES, store=tmp_path / "s", key="k", report=lambda *_: done.append(1)), WHOLE)
    assert done == []
    assert sorted(path.name for path in (tmp_path / "s").iterdir()) == [
        *(f"{index:06d}.npz" for index in PIECES),
        "sweep.json",
    ]
    assert np.load(tmp_path / "s" / "000003.npz")["name"] == "piece 3"


def altered(content):
    where = content.index(WHOLE[4]["x"].tobytes())
    return content[:where] + bytes([content[where] ^ 1]) + content[where + 1 :]


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[: len(content) // 2],
        lambda content: b"",
        altered,
        lambda content: content[:-1] + b"x" * 9,
    ],
)
def test_a_truncated_or_altered_shard_is_done_again(tmp_path, damage):
    sweep(work, PIECES, store=tmp_path / "s")
    path = tmp_path / "s" / "000004.npz"
    path.write_bytes(damage(path.read_bytes()))
    assert Store(tmp_path / "s", "", len(PIECES)).missing() in ([4], [])
    assert same(sweep(work, PIECES, store=tmp_path / "s"), WHOLE)


def test_a_forged_shard_with_a_valid_archive_is_done_again(tmp_path):
    sweep(work, PIECES, store=tmp_path / "s")
    arrays = dict(np.load(tmp_path / "s" / "000004.npz"))
    np.savez(tmp_path / "s" / "000004.npz", **{**arrays, "x": arrays["x"] + 1})
    assert Store(tmp_path / "s", "", len(PIECES)).missing() == [4]
    assert same(sweep(work, PIECES, store=tmp_path / "s"), WHOLE)


def test_a_sweep_killed_at_any_point_goes_on_to_the_same_bits(tmp_path):
    code = (
        "import time, tests.numerics.test_sweeps as t\n"
        "def slow(seed):\n    time.sleep(0.05)\n    return t.work(seed)\n"
        f"t.sweep(slow, t.PIECES, store={str(tmp_path / 's')!r})\n"
    )
    for _ in range(2):
        child = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT)
        before = len(list((tmp_path / "s").glob("*.npz")))
        for _ in range(400):
            time.sleep(0.02)
            if len(list((tmp_path / "s").glob("*.npz"))) >= before + 2:
                break
        child.kill()
        child.wait()
    missing = Store(tmp_path / "s", "", len(PIECES)).missing()
    assert 0 < len(missing) < len(PIECES)
    assert same(sweep(work, PIECES, store=tmp_path / "s"), WHOLE)


def test_a_dead_worker_is_told_and_what_was_finished_is_kept(tmp_path):
    with (
        ProcessPoolExecutor(1) as pool,
        pytest.raises(SweepError, match="a worker process died without a word") as told,
    ):
        sweep(die, PIECES, store=tmp_path / "s", executor=pool)
    assert told.value.done == len(PIECES) - len(Store(tmp_path / "s", "", len(PIECES)).missing())
    assert same(sweep(work, PIECES, store=tmp_path / "s"), WHOLE)


def test_a_scheduler_that_vanishes_is_told(tmp_path):
    class Vanishing(ThreadPoolExecutor):
        def submit(self, task, piece):
            future = Future()
            if piece > 4:
                future.cancel()
                future.set_running_or_notify_cancel()
            else:
                future.set_result(task(piece))
            return future

    with pytest.raises(
        SweepError, match="the executor died: CancelledError; 5 of 12 pieces are finished and kept"
    ):
        sweep(work, PIECES, store=tmp_path / "s", executor=Vanishing(1))
    pool = ThreadPoolExecutor(1)
    pool.shutdown()
    with pytest.raises(SweepError, match="the executor takes no more work: RuntimeError"):
        sweep(work, PIECES, store=tmp_path / "s", executor=pool)


def test_what_stands_where_a_shard_belongs_is_named(tmp_path):
    sweep(work, PIECES, store=tmp_path)
    (tmp_path / "000002.npz").unlink()
    (tmp_path / "000002.npz").mkdir()
    with pytest.raises(SweepError, match=r"000002\.npz could not be written: Is a directory; 11 of 12"):
        sweep(work, PIECES, store=tmp_path)


def test_an_error_of_the_task_is_the_task_s_own(tmp_path):
    with ThreadPoolExecutor(1) as pool, pytest.raises(ZeroDivisionError, match="seven"):
        sweep(fail, PIECES, store=tmp_path / "s", executor=pool)
    assert 7 in Store(tmp_path / "s", "", len(PIECES)).missing()


def test_a_full_disk_leaves_no_half_shard(tmp_path, monkeypatch):
    def full(stream, **arrays):
        stream.write(b"half")
        if arrays["seed"] == 5:
            raise OSError(errno.ENOSPC, "No space left on device")
        stream.seek(0)
        real(stream, **arrays)

    real = np.savez
    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(
        SweepError, match=r"could not be written: .*No space left.*; 5 of 12 pieces are finished"
    ):
        sweep(work, PIECES, store=tmp_path / "s")
    assert [path for path in (tmp_path / "s").iterdir() if path.name.startswith(".")] == []
    monkeypatch.undo()
    assert same(sweep(work, PIECES, store=tmp_path / "s"), WHOLE)


def test_time_runs_out(tmp_path):
    with pytest.raises(SweepError, match=r"max_seconds = 0.0 ran out; 0 of 12 pieces"):
        sweep(work, PIECES, store=tmp_path / "s", max_seconds=0.0)
    assert same(sweep(work, PIECES, store=tmp_path / "s", max_seconds=60.0), WHOLE)


def lasting(seconds):
    time.sleep(seconds)
    return {"slept": np.array(seconds)}


@pytest.mark.parametrize("threads", [0, 2])
def test_a_time_that_is_too_short_for_a_piece_says_so_and_how_long_one_takes(tmp_path, threads):
    with ExitStack() as stack:
        executor = stack.enter_context(ThreadPoolExecutor(threads)) if threads else None
        settings = {"executor": executor, "store": tmp_path / "s", "max_seconds": 0.3}
        with pytest.raises(SweepError) as stopped:
            sweep(lasting, [0.8, 0.9, 1.0], **settings)
    assert re.match(
        r"max_seconds = 0.3 ran out before one piece was finished: one takes more than \d\.\d+ s, and "
        "begins anew each time; 0 of 3 pieces",
        str(stopped.value),
    )
    with pytest.raises(SweepError, match=r"^max_seconds = 0.3 ran out; 1 of 2 pieces"):
        sweep(lasting, [0.0, 0.8], store=tmp_path / "t", max_seconds=0.3)


def test_another_sweep_s_folder_is_refused(tmp_path):
    sweep(work, PIECES, store=tmp_path / "s", key="one")
    with pytest.raises(ValueError, match="store must be a new folder or that of the same sweep"):
        sweep(work, PIECES, store=tmp_path / "s", key="two")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "diary.txt").write_text("dear diary")
    with pytest.raises(ValueError, match="which holds something else"):
        sweep(work, PIECES, store=tmp_path / "mine")
    with pytest.raises(ValueError, match="store must be a folder that can be written"):
        sweep(work, PIECES, store=tmp_path / "mine" / "diary.txt" / "s")


def test_the_fingerprint_sees_every_part():
    parts = (np.arange(3.0), "flow", 1e-5)
    assert fingerprint(*parts) == fingerprint(np.arange(3.0), "flow", 1e-5)
    changed = [
        (np.arange(3), *parts[1:]),
        (parts[0], "gradient_descent", 1e-5),
        (*parts[:2], 1e-6),
        (parts[0], 1e-5, "flow"),
    ]
    assert len({fingerprint(*each) for each in [parts, *changed]}) == 5


ORPHANS = """
import os, time
from numerics.sweeps.executors import executor
if __name__ == "__main__":
    with executor("processes:2") as pool:
        print(*{pool.submit(os.getpid).result() for _ in range(8)}, flush=True)
        time.sleep(600)
"""


@pytest.mark.slow
def test_worker_processes_end_when_the_process_that_began_them_is_killed(tmp_path):
    (tmp_path / "main.py").write_text(ORPHANS)
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    run = subprocess.Popen([sys.executable, "main.py"], cwd=tmp_path, env=env, stdout=subprocess.PIPE)
    assert run.stdout.readline().split()
    run.kill()
    run.communicate(timeout=60)  # until every process that holds this output has ended
