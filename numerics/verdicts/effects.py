"""Effects with their intervals, read off the results of the studies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy import stats

from numerics.basin_study.answer import pooled
from numerics.minima_study.columns import values
from numerics.minima_study.findings import of_arm, sizes
from numerics.statistics.ranks import rank_correlation
from numerics.statistics.shares import share
from numerics.verdicts.claims import Effect

Facts = dict[str, Any]
DRAWS = 1000
LEVEL = 0.95


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
    return student(gaps) if most and len(gaps) > 1 else None


def student(numbers: Sequence[float]) -> Effect:
    """The mean with Student's interval."""
    half = (
        stats.t.ppf((1 + LEVEL) / 2, len(numbers) - 1) * float(np.std(numbers, ddof=1)) / len(numbers) ** 0.5
    )
    mean = float(np.mean(numbers))
    return Effect(mean, mean - float(half), mean + float(half), len(numbers))


def correlation(minima: Sequence[Facts], x: str, y: str, seed: int = 0) -> Effect | None:
    """Spearman's correlation of two columns over all minima, resampled by repeat (percentile bootstrap)."""
    return resampled(minima, lambda chosen: rank_correlation(values(chosen, x), values(chosen, y)), seed)


def correlation_within(minima: Sequence[Facts], x: str, y: str, seed: int = 0) -> Effect | None:
    """The mean over attack sizes of the correlation among the minima of one size, resampled by repeat."""

    def mean(chosen: list[Facts]) -> float | None:
        each = []
        for size in sizes(chosen):
            alike = [facts for facts in chosen if facts["attack"] == size]
            each.append(rank_correlation(values(alike, x), values(alike, y)))
        known = [found for found in each if found is not None]
        return float(np.mean(known)) if known else None

    return resampled(minima, mean, seed)


def resampled(
    minima: Sequence[Facts], statistic: Callable[[list[Facts]], float | None], seed: int
) -> Effect | None:
    """A statistic with the interval that drawing whole repeats with replacement gives it.

    Minima of one repeat share a split and a start, so repeats are what is independent.
    """
    repeats = sorted({facts["repeat"] for facts in minima})
    value = statistic(list(minima))
    if value is None or len(repeats) < 4:
        return None
    by_repeat = {repeat: [facts for facts in minima if facts["repeat"] == repeat] for repeat in repeats}
    rng = np.random.default_rng(seed)
    drawn = []
    for _ in range(DRAWS):
        chosen = [facts for repeat in rng.choice(repeats, len(repeats)) for facts in by_repeat[repeat]]
        found = statistic(chosen)
        if found is not None:
            drawn.append(found)
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Effect(value, float(low), float(high), len(repeats))


def two_layer(results: dict[str, Any]) -> dict[str, Effect | None]:
    """Effects of the study of minima, over its first arm."""
    minima = of_arm(results["minima"], results["arms"][0]["name"])
    return {
        "accuracy gap": accuracy_gap(minima),
        "proxy, all minima": correlation(minima, "test_accuracy", "log_product_all"),
        "proxy, equal attack": correlation_within(minima, "test_accuracy", "log_product_all"),
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
        "deep proxy, equal attack": correlation_within(minima, "test_accuracy", "log_product_10"),
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
