"""Every number in results.json has its error or interval beside it, and these are what they should be."""

import json
from fractions import Fraction

import numpy as np
import pytest
from scipy import stats

from numerics.minima_study.findings import correlations
from numerics.statistics.means import student
from numerics.statistics.ranks import rank_correlation
from numerics.verdicts import verdicts
from numerics.verdicts.effects import correlation
from tests.numerics.small_study import small_results

GIVEN = ("arms", "timing")  # settings, and seconds
COUNTED = ("accuracy",)  # shares of samples, exact
ENDS = ("error", "low", "high", "_error", "_errors", "_sd", "_interval")


def without_error(node, name="results"):
    """The places in plain data where a number that is no count stands without an error."""
    if not isinstance(node, dict):
        return [found for each in node for found in without_error(each, name)] if type(node) is list else []
    found = []
    for key, value in node.items():
        beside = (f"{key}_error", f"{key}_interval", f"{key[:-1]}_errors")
        numbers = value if type(value) is list else [value]
        if key in (*GIVEN, *COUNTED) or key.endswith(ENDS):
            continue
        if any(type(each) is float for each in numbers):
            own = key == "value" and ({"error"} <= node.keys() or {"low", "high"} <= node.keys())
            if not own and not any(other in node for other in beside):
                found.append(f"{name}.{key}")
        found += without_error(value, f"{name}.{key}")
    return found


def said():
    results = dict(small_results()[0])
    results["verdicts"] = [each.as_dict() for each in verdicts({"two-layer": results})]
    return json.loads(json.dumps(results, allow_nan=False))


def test_every_number_has_its_error_beside_it():
    results = said()
    assert without_error(results) == []
    for facts in results["minima"]:
        assert len(facts["eigenvalues"]) == len(facts["eigenvalue_errors"])
        low, high = facts["accuracy_interval"]["test"]
        assert low < facts["accuracy"]["test"] < high or facts["accuracy"]["test"] in (low, high)


def test_a_number_without_an_error_is_found():
    results = said()
    del results["minima"][1]["trace"]["error"], results["summary"][0]["trace_interval"]
    del results["theorems"][0]["ratio_errors"]
    assert without_error(results) == [
        "results.summary.trace",
        "results.theorems.ratios",
        "results.minima.trace.value",
    ]


def test_ratios_are_within_their_errors():
    """Of the quotients of all numbers that the sides may be, in exact arithmetic."""
    checks = [check for facts in said()["minima"] for check in facts["theorems"].values()]
    known = [check for check in checks if check["ratio"] is not None]
    assert known
    for check in known:
        left, right = (
            [Fraction(side["value"]) + sign * Fraction(side["error"]) for sign in (-1, 1)]
            for side in (check["left"], check["right"])
        )
        for quotient in (one / other for one in left for other in right):
            assert abs(quotient - Fraction(check["ratio"])) <= Fraction(check["ratio_error"])


def test_ratios_and_their_errors_are_listed_in_one_order():
    for row in said()["theorems"]:
        assert len(row["ratios"]) == len(row["ratio_errors"])


def made_up_minima(repeats, attacks=(0, 5, 10)):
    rng = np.random.default_rng(2)
    return [
        {
            "arm": "tanh",
            "repeat": repeat,
            "attack": attack,
            "accuracy": {"test": rng.uniform(), "train": 1.0},
            **{name: {"value": rng.uniform()} for name in ("frobenius_norm", "trace", "largest_eigenvalue")},
            "input_gradient": {"train": {"value": rng.uniform()}},
            "log_products": {"10": {"value": rng.uniform()}},
        }
        for repeat in range(repeats)
        for attack in attacks
    ]


def test_verdicts_and_results_state_the_same_intervals():
    minima = made_up_minima(6)
    row = next(row for row in correlations(minima) if row["predictor"] == "trace")
    whole = correlation(minima, "test_accuracy", "trace")
    inside = correlation(minima, "test_accuracy", "trace", within=True)
    assert row["all_interval"] == [whole.low, whole.high]
    assert row["within_interval"] == [inside.low, inside.high]
    assert (
        row["all"]
        == whole.value
        == rank_correlation(
            np.array([facts["accuracy"]["test"] for facts in minima]),
            np.array([facts["trace"]["value"] for facts in minima]),
        )
    )
    assert correlations(made_up_minima(3))[0]["all_interval"] == [None, None]


@pytest.mark.parametrize("numbers", [[1.0], []])
def test_one_number_has_no_interval(numbers):
    assert student(np.array(numbers)) == [None, None]


def test_students_interval_is_scipys():
    numbers = np.random.default_rng(3).standard_normal(7)
    wanted = stats.ttest_1samp(numbers, 0.0).confidence_interval(0.95)
    assert student(numbers) == pytest.approx([wanted.low, wanted.high])
