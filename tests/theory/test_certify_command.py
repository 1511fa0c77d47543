"""Certificates at the command line."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from numerics.commands.main import main
from tests.house.tree import ROOT
from tests.theory.certificates import CERTIFICATES, NET, X, Y, changed, written
from theory.certify import check, save


@pytest.fixture
def path(tmp_path):
    return tmp_path / "certificate.json"


def run(*words: str) -> Any:
    return CliRunner().invoke(main, ["verify", *words])


def test_the_command_writes_and_checks(path):
    done = run(
        "norm-order",
        "weyl",
        "wu-zhu-e-unsquared",
        "--samples",
        "5",
        "--certify",
        "--json",
        "--out",
        str(path),
    )
    assert done.exit_code == 0, done.output
    first, second, third = (each["certified"] for each in json.loads(done.stdout)["theorems"])
    assert first["passed"]
    assert second["passed"]
    assert third["passed"]
    assert third["violated"] > 0
    assert {"proved", "equal", "violated", "undecided", "not_applicable", "cases"} <= first.keys()
    assert run("--check", str(path)).stdout.endswith("all confirmed\n")
    words = json.loads(run("--check", str(path), "--json").stdout)["confirmed"]
    assert len(words) == sum(
        case["verdict"] != "undecided" for each in (first, second, third) for case in each["cases"]
    )


def test_the_command_refuses_in_one_line(path):
    path.write_text(
        json.dumps(changed(written("theorem"), ("certificates", 0, "claim", "verdict"), "violated"))
    )
    done = run("--check", str(path))
    assert done.exit_code == 1
    assert done.stderr.count("\n") == 1
    assert "digest" in done.stderr
    assert run("--check", str(path.parent / "nothing.json")).exit_code == 2
    assert run("--check", str(path), "weyl").exit_code == 2
    assert run("weyl", "--out", str(path)).exit_code == 2
    assert run("weyl", "--certify", "--out", str(path.parent / "no" / "c.json")).exit_code == 2


def test_without_the_extra_one_line_says_so():
    code = "import sys; sys.modules['flint'] = None; from numerics.commands.main import main; main()"
    for words in (["weyl", "--certify"], ["--check", "file.json"]):
        call = [sys.executable, "-c", code, "verify", *words]
        done = subprocess.run(call, capture_output=True, text=True, check=False, cwd=ROOT)
        assert done.returncode == 2
        assert done.stderr.splitlines()[-1].endswith("pip install '.[certify]' in a clone")


def test_an_interrupted_certification_keeps_what_it_has(monkeypatch, path):
    from numerics.verify import certification as job

    right, seen = job.certified, []

    def interrupted(tally):
        if seen:
            raise KeyboardInterrupt
        seen.append(tally)
        return right(tally)

    monkeypatch.setattr(job, "certified", interrupted)
    done = run("weyl", "norm-order", "--samples", "2", "--certify", "--json", "--out", str(path))
    assert done.exit_code == 130
    assert [("certified" in each) for each in json.loads(done.stdout)["theorems"]] == [True, False]
    assert check(path)


def test_a_file_that_cannot_be_written_leaves_nothing(tmp_path):
    target = tmp_path / "c.json"
    target.mkdir()
    with pytest.raises(ValueError, match=r"c\.json"):
        save(target, [CERTIFICATES["quantity"]])
    assert [each.name for each in tmp_path.iterdir()] == ["c.json"]


@pytest.fixture
def saved(tmp_path):
    np.savez(tmp_path / "net.npz", a=NET.a, W=NET.W, b=NET.b, c=NET.c, activation="tanh")
    np.savez(tmp_path / "data.npz", X=np.array(X), y=np.array(Y))
    return ["certify", "--model", str(tmp_path / "net.npz"), "--data", str(tmp_path / "data.npz")]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--quantity", "frobenus(H)"], r"--quantity must be one of \d+ .*: the nearest are frobenius\(H\)"),
        (["--quantity", 5000 * "9"], r"--quantity must be one of .*; got '9{80}\.\.\.': such are n, d, m"),
        (["--theorem", "Interlacing"], "--theorem must be one of .*: the nearest are interlacing"),
        (["--eigenvalues", "h"], "--eigenvalues must be one of G_bb, H_bb, .*; got 'h'"),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest_ones(saved, words, said):
    done = CliRunner().invoke(main, [*saved, *words])
    assert done.exit_code == 2
    assert re.search(said, done.stderr)
    assert len(done.stderr) < 300


def test_the_command_certifies_a_saved_network(saved, path):
    words = [
        *saved,
        "--quantity",
        "frobenius(H)",
        "--eigenvalues",
        "G",
        "--theorem",
        "input-gradient",
        "--out",
        str(path),
    ]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("frobenius(H) is in [")
    kinds = [certificate.claim["kind"] for certificate in check(path)]
    assert kinds[:2] == ["quantity", "eigenvalues"]
    assert set(kinds[2:]) == {"theorem"}
    relu = CliRunner().invoke(main, [*saved, "--theorem", "balanced-relu", "--json"])
    assert relu.exit_code == 0
    assert "needs s(t z) = t s(z)" in json.loads(relu.stdout)["not_applicable"][0]


def test_the_command_says_what_is_not_proved(saved, path):
    done = CliRunner().invoke(main, [*saved, "--minimum", "--quantity", "risk", "--json", "--out", str(path)])
    assert done.exit_code == 1
    found = json.loads(done.stdout)
    assert [claim["name"] for claim in found["claims"]] == ["risk"]
    assert "minimum is not proved: H is not certainly positive definite" in found["not_proved"][0]
    assert len(check(path)) == 1


@pytest.mark.parametrize(
    "words", [[], ["--quantity", "luck"], ["--eigenvalues", "Q"], ["--theorem", "fermat"], ["--digits", "0"]]
)
def test_the_command_refuses_what_it_does_not_know(saved, words):
    done = CliRunner().invoke(main, [*saved, *words])
    assert done.exit_code == 2
