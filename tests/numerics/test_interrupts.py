"""Ctrl-C while a report is written."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from numerics.commands import deep
from numerics.commands.main import main
from numerics.commands.reproduce import empty
from numerics.sweeps.interrupts import held, said_when_stopped
from numerics.sweeps.workplace import Workplace


@pytest.fixture(autouse=True)
def _heard() -> Iterator[None]:
    """Ctrl-C as in the foreground: a shell makes what it starts in the background ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


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


def test_deep_finishes_the_report_that_one_ctrl_c_meets(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, kept = tmp_path / "report", tmp_path / "work"

    def write(folder: Path, results: dict[str, list[str]]) -> None:
        signal.raise_signal(signal.SIGINT)
        (folder / "report.html").write_text(str(results))

    settings = (str(out), None, kept, True, None)
    results, failures = deep._worked(lambda place: {"stopped": place.stopped}, write, settings)
    assert (out / "report.html").is_file()
    assert (results, failures) == ({"stopped": []}, [])
    assert "waits until the report is written" in capsys.readouterr().err


def test_deep_says_in_one_line_what_ctrl_c_in_the_search_leaves(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = (str(tmp_path / "report"), None, tmp_path / "work", True, None)
    with pytest.raises(click.exceptions.Exit) as end:
        deep._worked(lambda place: signal.raise_signal(signal.SIGINT), None, settings)
    assert end.value.exit_code == 130
    assert not (tmp_path / "report").exists()
    assert f"kept in {tmp_path / 'work'}" in capsys.readouterr().err


def test_ctrl_c_before_the_work_begins_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(parts: str) -> list[str]:
        raise KeyboardInterrupt

    monkeypatch.setattr("numerics.commands.reproduce.chosen_parts", stopped)
    done = CliRunner().invoke(main, ["reproduce", "--quick"])
    assert done.exit_code == 130
    assert done.output == "Stopped before anything was finished.\n"


@pytest.mark.parametrize(("why", "code"), [("interrupted", 130), ("max_seconds = 1.0 ran out", 3)])
def test_a_run_without_a_minimum_says_why_there_is_no_report(
    why: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    place = Workplace()
    place.stopped.append(f"two-layer minima: {why}")
    with pytest.raises(click.exceptions.Exit) as end:
        empty(place, as_json=True)
    assert end.value.exit_code == code
    printed = capsys.readouterr()
    assert printed.err.startswith(f"Partial: two-layer minima: {why}. No minimum was finished")
    told = {"folder": None, "partial": True, "stopped": [f"two-layer minima: {why}"]}
    assert json.loads(printed.out) == told
