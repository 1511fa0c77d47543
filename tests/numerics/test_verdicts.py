"""Every verdict is reached by results made for it, and what was not measured is not decided."""

import json

import numpy as np
import pytest
from scipy import stats

from numerics.verdicts import CLAIMS, LEVELS, verdicts
from numerics.verdicts.claims import IN_PART, NOT_SUPPORTED, SUPPORTED, UNDECIDED, Effect
from numerics.verdicts.effects import accuracy_gap, correlation, violated
from numerics.verdicts.rules import RULES, decided
from numerics.verdicts.said import IN_PART_SINCE, answer, label, lines, sentence

UP, DOWN, OPEN = Effect(0.6, 0.55, 0.65, 9), Effect(-0.6, -0.7, -0.5, 9), Effect(0.1, -0.6, 0.8, 9)
NONE, SOME = Effect(0.0, 0.0, 0.001, 500), Effect(0.2, 0.1, 0.3, 500)
PROXY = ("proxy, all minima", "proxy, equal attack", "frequency and volume, problem 1")
SHARES = ("random starts, good", "attacked starts, good")
DEEP = ("deep accuracy gap", "deep proxy, all minima", "deep proxy, equal attack")
THEOREM = ("theorems, violated", "norm and input gradient")
OUTCOMES = [
    ("differ", ("accuracy gap",), (UP,), SUPPORTED),
    ("differ", ("accuracy gap",), (DOWN,), NOT_SUPPORTED),
    ("differ", ("accuracy gap",), (OPEN,), UNDECIDED),
    ("volume", PROXY, (UP, UP, UP), SUPPORTED),
    ("volume", PROXY, (UP, OPEN, UP), IN_PART),
    ("volume", PROXY, (DOWN, UP, UP), NOT_SUPPORTED),
    ("volume", PROXY, (OPEN, UP, UP), UNDECIDED),
    ("random", SHARES, (UP, DOWN), SUPPORTED),
    ("random", SHARES, (UP, OPEN), IN_PART),
    ("random", SHARES, (DOWN, DOWN), NOT_SUPPORTED),
    ("random", SHARES, (OPEN, DOWN), UNDECIDED),
    ("noise", ("gain of SGD, a", "gain of SGD, b"), (NONE, DOWN), SUPPORTED),
    ("noise", ("gain of SGD, a", "gain of SGD, b"), (NONE, UP), NOT_SUPPORTED),
    ("noise", ("gain of SGD, a", "gain of SGD, b"), (NONE, OPEN), UNDECIDED),
    ("complexity", THEOREM, (NONE, UP), IN_PART),
    ("complexity", THEOREM, (SOME, UP), NOT_SUPPORTED),
    ("complexity", THEOREM, (NONE, DOWN), NOT_SUPPORTED),
    ("complexity", THEOREM, (NONE, OPEN), UNDECIDED),
    ("deep", DEEP, (UP, UP, UP), SUPPORTED),
    ("deep", DEEP, (UP, UP, OPEN), IN_PART),
    ("deep", DEEP, (UP, DOWN, UP), NOT_SUPPORTED),
    ("deep", DEEP, (OPEN, UP, UP), UNDECIDED),
]


@pytest.mark.parametrize(("key", "names", "effects", "level"), OUTCOMES)
def test_every_outcome_is_reached(key, names, effects, level):
    found = decided(key, dict(zip(names, effects, strict=True)))
    assert found.level == level
    assert set(found.effects) == set(names)


def test_a_converse_that_held_would_support_the_theorem(monkeypatch):
    monkeypatch.setattr("numerics.verdicts.rules.converse_refuted", lambda: False)
    assert decided("complexity", dict(zip(THEOREM, (NONE, UP), strict=True))).level == SUPPORTED


@pytest.mark.parametrize("key", CLAIMS)
def test_what_was_not_measured_is_not_decided(key):
    found = decided(key, {})
    assert found.level == UNDECIDED
    assert found.found == "Nothing was measured."


def test_a_claim_in_part_says_why_and_what_was_not_measured():
    found = decided("volume", dict(zip(PROXY[:2], (UP, UP), strict=True)))
    assert found.level == IN_PART
    assert "Not measured: how often reached and volume." in found.found
    assert found.found.endswith(
        "In part only: the first interval lies above 0, but not all of the others do."
    )
    levels = {(key, level) for key, *_, level in OUTCOMES if level == IN_PART}
    assert levels == {(key, IN_PART) for key in IN_PART_SINCE}


def test_rules_and_claims_are_the_same_and_all_levels_occur():
    assert list(RULES) == list(CLAIMS)
    assert {level for *_, level in OUTCOMES} == set(LEVELS)
    assert [verdict.level for verdict in verdicts({})] == [UNDECIDED] * len(CLAIMS)


def minima(repeats=8, attacks=(0, 10, 20), slope=1.0, noise=0.01, seed=0):
    """Made-up minima whose accuracy falls with the attack, and whose curvature rises with it."""
    rng = np.random.default_rng(seed)
    made = []
    for repeat in range(repeats):
        for attack in attacks:
            accuracy = 0.9 - 0.02 * attack + noise * rng.standard_normal()
            made.append(
                {
                    "repeat": repeat,
                    "attack": attack,
                    "accuracy": {"train": 1.0, "test": accuracy},
                    "frobenius_norm": {"value": 10 - slope * accuracy},
                }
            )
    return made


def test_effects_are_those_of_the_numbers():
    made = minima()
    gap = accuracy_gap(made)
    assert gap.low < 0.4 < gap.high
    assert gap.count == 8
    whole = correlation(made, "frobenius_norm", "test_accuracy")
    assert whole.value == whole.low == whole.high == -1.0
    assert correlation(made, "frobenius_norm", "test_accuracy", within=True).value == -1.0
    assert correlation(minima(repeats=3), "frobenius_norm", "test_accuracy") is None
    assert accuracy_gap(minima(attacks=(0,))) is None


@pytest.mark.slow
def test_intervals_cover_as_often_as_they_say():
    """The mean correlation of independent columns is 0: the share of intervals that hold it, of 60."""
    rng = np.random.default_rng(1)
    inside = 0
    for _ in range(60):
        made = minima(repeats=12, attacks=(0, 10))
        for facts in made:
            facts["frobenius_norm"] = {"value": rng.standard_normal()}
        found = correlation(made, "frobenius_norm", "test_accuracy", within=True)
        inside += found.low <= 0.0 <= found.high
    assert inside >= 50


def test_the_gap_is_a_mean_with_students_interval_by_hand():
    found = accuracy_gap(
        [
            {"repeat": i, "attack": attack, "accuracy": {"train": 1.0, "test": accuracy}}
            for i, gap in enumerate((0.1, 0.2, 0.3))
            for attack, accuracy in ((0, 0.5 + gap), (40, 0.5))
        ]
    )
    assert found.value == pytest.approx(0.2)
    assert found.high - 0.2 == pytest.approx(0.1 * 4.302652729911275 / 3**0.5)
    assert found.count == 3


def test_violations_are_counted():
    rows = [{"applicable": 4, "holds": 4}, {"applicable": 6, "holds": 5}]
    assert violated(rows).value == pytest.approx(0.1)
    assert violated([{"applicable": 0, "holds": 0}]) is None


def test_what_is_missing_is_said():
    said = [decided("differ", {"accuracy gap": UP}), decided("deep", {"deep accuracy gap": UP})]
    assert (
        said[0].found
        == "Minima that met no wrong labels are right on more of the test samples than those that met the "
        "most, by a share of 0.60 [0.55, 0.65], the mean over 9 repeats."
    )
    assert said[1].found.endswith(
        "Not measured: accuracy and volume proxy, all minima; the same, equally many wrong labels."
    )
    assert answer(said) == "Of the 2 claims, 1 is supported and 1 is not decided by this run."
    assert [line.split("  ")[0] for line in lines(said)] == [SUPPORTED, UNDECIDED]
    assert json.dumps([verdict.as_dict() for verdict in said])


@pytest.mark.parametrize("name", sorted({name for _, names, *_ in OUTCOMES for name in names}))
def test_every_effect_is_said_in_a_sentence_and_has_a_name(name):
    assert sentence(name, UP).endswith(".")
    assert "{" not in sentence(name, UP) + label(name)
    assert label(name) != name


def test_numbers_have_the_digits_that_their_intervals_allow():
    assert str(Effect(0.52341, 0.5012, 0.5456, 9)) == "0.52 [0.50, 0.55]"
    assert str(Effect(0.0041, -0.0025, 0.0107, 9)) == "0.004 [-0.003, 0.011]"
    assert str(Effect(0.0, 0.0, 0.0, 9)) == "0.00 [0.00, 0.00]"


def test_the_bootstrap_of_ranks_is_that_of_plain_loops():
    """The interval beside one made by drawing repeats in a loop: their ends differ by its own noise."""
    made = minima(repeats=10, noise=0.2)
    rng = np.random.default_rng(5)
    for facts in made:
        facts["frobenius_norm"] = {"value": facts["accuracy"]["test"] + 0.3 * rng.standard_normal()}
    groups = [[facts for facts in made if facts["repeat"] == repeat] for repeat in range(10)]
    drawn = []
    for _ in range(600):
        chosen = [facts for place in rng.integers(10, size=10) for facts in groups[place]]
        sides = [[facts["frobenius_norm"]["value"], facts["accuracy"]["test"]] for facts in chosen]
        drawn.append(stats.spearmanr(np.array(sides)).statistic)
    found = correlation(made, "frobenius_norm", "test_accuracy")
    np.testing.assert_allclose([found.low, found.high], np.quantile(drawn, [0.025, 0.975]), atol=0.06)


def test_repeats_of_unequal_length_and_missing_numbers_do_not_count():
    made = minima(repeats=6)
    for facts in made:
        facts["frobenius_norm"] = {"value": -facts["accuracy"]["test"]}
    made[0]["frobenius_norm"] = {"value": float("nan")}
    del made[4:6]
    assert correlation(made, "frobenius_norm", "test_accuracy").value == pytest.approx(-1.0)
