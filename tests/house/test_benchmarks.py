"""The benchmarks run at tiny sizes, with whichever peers are installed; nothing here depends on a time."""

import json
import subprocess
import sys

import pytest

from benchmarks import __main__ as command
from benchmarks import false_alarms
from benchmarks.case import Case, Contender
from benchmarks.race import race
from tests.house.tree import ROOT
from theory import theorems
from theory.records.theorem import REFUTED


@pytest.mark.slow
def test_a_dry_run_covers_every_comparison():
    words = [sys.executable, "-m", "benchmarks", "--dry-run", "--json"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert {"processor", "cores", "numpy"} <= set(found["machine"])
    works = {record["work"] for record in found["results"]}
    assert {"dense Hessian", "exact Frobenius norm", "memory", "import twolayer", "jet of tanh"} <= works
    for record in found["results"]:
        for timing in record.get("timings", []):
            assert (timing["seconds"] is None) == (timing["ratio"] is None) == (timing["met"] is None)


def peer(name, value, build=None):
    return Contender(name, 1.0, build or (lambda: lambda: value), float)


def test_a_peer_that_is_not_installed_is_no_failure():
    def absent():
        raise ImportError

    ours, theirs = race(Case("work", "size", peer("ours", 1.0), [peer("theirs", 0.0, absent)]), dry=True)
    assert ours.seconds is not None
    assert theirs.seconds is None
    assert theirs.met is None


def test_a_peer_that_finds_another_number_is_a_failure():
    with pytest.raises(AssertionError, match=r"^theirs must be 1.0 as ours; got 1.1"):
        race(Case("work", "size", peer("ours", 1.0), [peer("theirs", 1.1)]), dry=True)


def test_an_unknown_comparison_is_refused(capsys):
    with pytest.raises(SystemExit) as caught:
        command.main(["dens"])
    assert caught.value.code == 2
    assert "NAME must be any of dense, norm" in capsys.readouterr().err


def test_false_alarms_are_counted(monkeypatch, capsys):
    assert false_alarms.main(["--evaluations", "300"]) == 0
    assert "0 alarms" in capsys.readouterr().out
    planted = [theorem for theorem in theorems.values() if theorem.status == REFUTED]
    monkeypatch.setattr(false_alarms, "PROVEN", planted)
    assert false_alarms.main(["--evaluations", "300"]) == 1
    assert "left exceeds right" in capsys.readouterr().out
