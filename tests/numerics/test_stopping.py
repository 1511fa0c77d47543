"""Long pieces of work are stopped: at the time that was given, and by Ctrl-C, on every executor."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from numerics.sweeps.executors import executor
from numerics.sweeps.stopping import GivenUp, until
from numerics.sweeps.store import SweepError
from numerics.sweeps.sweep import sweep
from tests.house.tree import ROOT
from tests.numerics.pieces import work

LONG = 60.0


def slow(seconds: float) -> dict[str, np.ndarray]:
    """A piece that takes so long, in short steps."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(0.01)
    return work(int(seconds))


@pytest.mark.parametrize(
    ("where", "seconds"),
    [("here", 0.5), ("threads:2", 0.5), pytest.param("processes:2", 10.0, marks=pytest.mark.slow)],
)
def test_a_long_piece_is_given_up_when_time_is_over(where: str, seconds: float, tmp_path: Path) -> None:
    begun, threads = time.monotonic(), threading.active_count()
    with executor(where) as pool, pytest.raises(SweepError, match="1 of 3 pieces are finished") as stopped:
        sweep(slow, [0.0, LONG, LONG], store=tmp_path / "s", executor=pool, max_seconds=seconds)
    assert not stopped.value.failed
    assert time.monotonic() - begun < LONG / 2
    assert threading.active_count() == threads
    with executor("here") as pool, pytest.raises(SweepError, match="1 of 3"):
        sweep(slow, [0.0, LONG, LONG], store=tmp_path / "s", executor=pool, max_seconds=0.0)


def test_an_endless_time_and_an_error_of_the_work_itself_pass() -> None:
    with until(np.inf):
        pass
    with until(1e300), pytest.raises(ZeroDivisionError):
        _ = 1 / 0

    def late(piece: int) -> dict[str, np.ndarray]:
        raise TimeoutError("a socket")

    with pytest.raises(TimeoutError, match="a socket"):
        sweep(late, [1], max_seconds=LONG)


def test_work_that_catches_the_interruption_is_interrupted_again() -> None:
    caught: list[float] = []

    def stubborn() -> None:
        while True:
            try:
                time.sleep(0.01)
            except GivenUp:
                caught.append(time.monotonic())
                if len(caught) > 2:
                    raise

    with pytest.raises(TimeoutError), until(time.monotonic() + 0.05):
        stubborn()
    assert len(caught) == 3


CODE = """
import signal, sys, time
from numerics.sweeps.executors import executor
from numerics.sweeps.sweep import sweep
from tests.numerics.test_stopping import slow
if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with executor(sys.argv[1]) as pool:
            print("begun", flush=True)
            sweep(slow, [60.0] * 9, executor=pool, report=None)
    except KeyboardInterrupt:
        print("stopped", flush=True)
"""


@pytest.mark.slow
@pytest.mark.parametrize("group", [False, True])
@pytest.mark.parametrize("wait", [0.0, 0.3, 6.0])
@pytest.mark.parametrize("where", ["threads:2", "processes:2"])
def test_ctrl_c_ends_all_processes_soon_and_silently(
    where: str, wait: float, group: bool, tmp_path: Path
) -> None:
    (tmp_path / "job.py").write_text(CODE)
    run = subprocess.Popen(
        [sys.executable, str(tmp_path / "job.py"), where],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert run.stdout is not None
    assert run.stdout.readline() == "begun\n"
    time.sleep(wait)
    begun = time.monotonic()
    (os.killpg if group else os.kill)(run.pid, signal.SIGINT)
    said, complaint = run.communicate(timeout=LONG / 2)  # ends when the last process that holds them does
    assert (said, complaint, run.returncode) == ("stopped\n", "", 0)
    assert time.monotonic() - begun < LONG / 2
