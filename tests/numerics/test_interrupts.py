"""Ctrl-C while a report is written."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import click
import pytest

from numerics.sweeps.interrupts import held, said_when_stopped


def test_the_first_ctrl_c_waits(capsys: pytest.CaptureFixture[str]) -> None:
    before = signal.getsignal(signal.SIGINT)
    ended = False
    with held("the report is written"):
        signal.raise_signal(signal.SIGINT)
        ended = True
    assert ended
    assert signal.getsignal(signal.SIGINT) is before
    assert "waits until the report is written" in capsys.readouterr().err


def test_the_second_ctrl_c_ends_with_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before, reached = signal.getsignal(signal.SIGINT), []

    def interrupted() -> None:
        with said_when_stopped(tmp_path), held("it is written"):
            for which in ("first", "second"):
                signal.raise_signal(signal.SIGINT)
                reached.append(which)

    with pytest.raises(click.exceptions.Exit) as end:
        interrupted()
    assert reached == ["first"]
    assert end.value.exit_code == 130
    assert signal.getsignal(signal.SIGINT) is before
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2
    assert str(tmp_path) in said[1]


def test_another_thread_may_hold_nothing_and_runs() -> None:
    ran: list[bool] = []

    def work() -> None:
        with held("it is written"):
            ran.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert ran == [True]
