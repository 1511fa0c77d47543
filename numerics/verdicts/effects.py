"""Effects with their intervals, read off the results of the studies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from numerics.basin_study.answer import pooled
from numerics.minima_study import resampled
from numerics.minima_study.findings import of_arm
from numerics.statistics.means import student
from numerics.statistics.shares import share
from numerics.verdicts.claims import Effect

Facts = dict[str, Any]


def accuracy_gap(minima: Sequence[Facts]) -> Effect | None:
    """Mean difference in test accuracy between no attack and the largest, paired by repeat (Student)."""
    most = max((facts["attack"] for facts in minima), default=0)
    fitting = [facts for facts in minima if facts["accuracy"]["train"] == 1.0]
    ends = {(facts["repeat"], facts["attack"]): facts["accuracy"]["test"] for facts in fitting}
    gaps = [
        ends[repeat, 0] - ends[repeat, most]
        for repeat, attack in ends
        if attack == 0 and (repeat, most) in ends
    ]
    low, high = student(np.array(gaps))
    if not most or low is None or high is None:
        return None
    return Effect(float(np.mean(gaps)), low, high, len(gaps))


def correlation(minima: Sequence[Facts], x: str, y: str, *, within: bool = False) -> Effect | None:
    """Spearman's correlation of two columns over all minima, or within attack sizes; repeats are resampled.

    None for fewer than four repeats.
    """
    found = resampled.correlation(minima, x, y, within=within)
    if found.value is None or found.low is None or found.high is None:
        return None
    return Effect(found.value, found.low, found.high, found.repeats)


def two_layer(results: dict[str, Any]) -> dict[str, Effect | None]:
    """Effects of the study of minima, over its first arm."""
    minima = of_arm(results["minima"], results["arms"][0]["name"])
    return {
        "accuracy gap": accuracy_gap(minima),
        "proxy, all minima": correlation(minima, "test_accuracy", "log_product_all"),
        "proxy, equal attack": correlation(minima, "test_accuracy", "log_product_all", within=True),
        "norm and input gradient": correlation(minima, "frobenius_norm", "input_gradient_train"),
        "theorems, violated": violated(results["theorems"]),
    }


def deep(results: dict[str, Any]) -> dict[str, Effect | None]:
    """Effects of the study of deep networks, over its first arm; the proxy is of the top ten eigenvalues.

    More of them are not always certainly positive, and a sum over chosen minima would be biased.
    """
    minima = of_arm(results["minima"], results["arms"][0]["name"])
    return {
        "deep accuracy gap": accuracy_gap(minima),
        "deep proxy, all minima": correlation(minima, "test_accuracy", "log_product_10"),
        "deep proxy, equal attack": correlation(minima, "test_accuracy", "log_product_10", within=True),
    }


def violated(rows: Sequence[dict[str, Any]]) -> Effect | None:
    """How many cases of the theorems that apply do not hold, as a share with its exact interval."""
    applicable = sum(row["applicable"] for row in rows)
    if not applicable:
        return None
    return of_share(applicable - sum(row["holds"] for row in rows), applicable)


def of_share(count: int, total: int) -> Effect:
    """A share with Clopper and Pearson's interval."""
    found = share(count, total)
    return Effect(count / total, found.low, found.high, total)


def basins(results: dict[str, Any]) -> dict[str, Effect | None]:
    """Effects of the study of basins."""
    problems = results["problems"]
    found: dict[str, Effect | None] = {
        name: None if one is None else of_share(one.count, one.total)
        for name, one in (
            ("random starts, good", pooled(problems, min)),
            ("attacked starts, good", pooled(problems, max)),
        )
    }
    for problem in problems:
        gain = problem["ways"].get("sgd", {}).get("above_flow")
        if gain and gain["error"] is not None:
            value, half = gain["value"], gain["error"]
            found[f"gain of SGD, {problem['name']}"] = Effect(
                value, value - half, value + half, gain["count"]
            )
    for each in results["students"]:
        row = each["prediction"]["log_soft_volume"]
        if row["low"] is not None:
            found[f"frequency and volume, problem {each['problem']}"] = Effect(
                row["rank_correlation"], row["low"], row["high"], row["minima"]
            )
    return found
