"""The search over theorems: what it counts, what it catches, and its command."""

import json
from dataclasses import replace

import numpy as np
import pytest
import sympy as sp
from click.testing import CliRunner

from numerics.commands.main import main
from numerics.verify import search as job
from numerics.verify.cases import arrays, case, jittered
from theory import theorems
from theory.records.theorem import PROVED, REFUTED

PLANTED = {
    "input-gradient": ("i", sp.Rational(999, 1000)),
    "residuals": ("trace", sp.Rational(1, 2)),
    "wu-zhu-e": ("rebuilt", sp.Rational(999, 1000)),
    "conditioned-converse": ("trace", sp.Rational(99, 100)),
    "norm-order": ("product", sp.Rational(99, 100)),
    "tangent-kernel-flow": ("smooth", sp.Rational(99, 100)),
}


def test_every_theorem_passes_a_short_search():
    tallies, partial = job.verify(samples=25, seed=3)
    assert not partial
    assert {tally.theorem.id: tally.cases >= 25 for tally in tallies} == dict.fromkeys(theorems, True)
    assert [tally.theorem.id for tally in tallies if not tally.passed] == []


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_constant_is_caught(name, monkeypatch):
    relation, factor = PLANTED[name]
    theorem = theorems[name]
    left, right = theorem.variants[relation].relation.args
    wrong = replace(theorem.variants[relation], relation=sp.Le(left, factor * right, evaluate=False))
    planted = replace(theorem, variants={**theorem.variants, relation: wrong})
    monkeypatch.setattr(job, "theorems", {name: planted})
    (tally,), _ = job.verify([name], samples=30)
    assert tally.violations > 0
    assert not tally.passed
    assert "although it is proved" in job.text([tally], False)


def test_a_refuted_claim_without_violation_fails(monkeypatch):
    claimed = replace(theorems["norm-order"], status=REFUTED)
    monkeypatch.setattr(job, "theorems", {"norm-order": claimed})
    (tally,), _ = job.verify(["norm-order"], samples=5)
    assert not tally.passed
    assert "no violation was found" in job.text([tally], False)


def test_an_interrupted_search_keeps_its_counts():
    def interrupt(_):
        raise KeyboardInterrupt

    (tally,), partial = job.verify(["weyl"], samples=100, progress=interrupt)
    assert partial
    assert 0 < tally.cases < 100


def test_the_same_seed_gives_the_same_networks():
    one, other = (arrays(case(np.random.default_rng(5))) for _ in range(2))
    assert all(np.array_equal(one[key], other[key]) for key in one)


@pytest.mark.parametrize("name", [name for name, each in theorems.items() if each.equalities])
def test_equality_cases_are_equalities(name):
    theorem = theorems[name]
    for example in theorem.equalities:
        check = theorem.check_at(example.situation())
        for relation in example.variants:
            assert check.variants[relation].holds
            assert check.variants[relation].ratio == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("name", theorems)
def test_every_equality_that_is_claimed_is_attained(name):
    claimed = {
        label for label, each in theorems[name].variants.items() if each.equality not in ("", "always")
    }
    assert claimed == {label for example in theorems[name].equalities for label in example.variants}


@pytest.mark.parametrize("name", [name for name, each in theorems.items() if each.status == REFUTED])
def test_refutations_violate_every_relation(name):
    theorem = theorems[name]
    check = theorem.check_at(theorem.refutation.situation())
    assert {relation: each.holds for relation, each in check.variants.items()} == dict.fromkeys(
        theorem.variants, False
    )


def test_a_snippet_makes_the_example():
    theorem = theorems["wu-zhu-e-unsquared"]
    scope = {}
    exec(theorem.refutation.snippet(), scope)
    assert theorem.check(scope["net"], scope["X"], scope["y"]).holds is False


def test_a_jittered_example_is_near():
    example = theorems["input-gradient"].equalities[0]
    at = jittered(example, np.random.default_rng(0))
    assert np.allclose(at.net.theta, example.situation().net.theta, rtol=1)


def test_the_command_speaks_json_and_saves(tmp_path):
    folder = tmp_path / "tightest"
    words = ["verify", "norm-order", "weyl", "--samples", "5", "--json", "--save", str(folder)]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert [each["id"] for each in found["theorems"]] == ["norm-order", "weyl"]
    keys = {"id", "status", "cases", "not_applicable", "violations", "tightest_ratio", "seconds"}
    assert keys <= found["theorems"][0].keys()
    assert found["theorems"][0]["status"] == PROVED
    saved = str(folder / "norm-order.npz")
    assert CliRunner().invoke(main, ["norms", "--model", saved, "--data", saved]).exit_code == 0


def test_the_command_refuses_an_unknown_id():
    done = CliRunner().invoke(main, ["verify", "fermat"])
    assert done.exit_code == 2
    assert "IDS must be one of 32 that are known; got 'fermat': such are input-gradient" in done.stderr
