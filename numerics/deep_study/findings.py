"""What the experiment with deep networks shows, in numbers and in sentences made from them."""

from __future__ import annotations

from typing import Any

import numpy as np

from numerics.deep_study.columns import BY_KEY, PREDICTORS
from numerics.minima_study.columns import Facts, values
from numerics.minima_study.findings import correlations as by_arm
from numerics.statistics.ranks import interval, rank_correlation, rank_correlation_within

Results = dict[str, Any]
ALL = "all arms with squared loss"


def perfect(minima: list[Facts]) -> list[Facts]:
    """The `minima` that fit their genuine samples to 100 % and ended where they should."""
    return [facts for facts in minima if facts["accuracy"]["train"] == 1 and facts["training"]["converged"]]


def correlations(minima: list[Facts]) -> list[dict[str, Any]]:
    """Rank correlations of test accuracy with every measure, with 95 % intervals: per arm, and over arms.

    Only minima of perfect training accuracy count. "within" is among minima of one arm and one attack size,
    pooled, so that no difference between arms or sizes can produce it; over arms, "all" takes the arms with
    the squared loss together as they are.

    Parameters
    ----------
    minima : list of dict
    """
    kept = perfect(minima)
    rows = [
        {**row, **_ranks(_of(kept, row["arm"]), row["predictor"])} for row in by_arm(kept, PREDICTORS, BY_KEY)
    ]
    squared = [facts for facts in kept if facts["loss"] == "squared"]
    whole = [{"arm": ALL, "predictor": key, **_ranks(squared, key)} for key in PREDICTORS]
    return whole + rows if squared else rows


def _of(minima: list[Facts], arm: str) -> list[Facts]:
    return [facts for facts in minima if facts["arm"] == arm]


def _ranks(chosen: list[Facts], key: str) -> dict[str, Any]:
    accuracy, predictor = values(chosen, "test_accuracy", BY_KEY), values(chosen, key, BY_KEY)
    names = [f"{facts['arm']}, {facts['attack']}" for facts in chosen]
    groups = np.unique(np.array(names), return_inverse=True)[1] if names else np.zeros(0)
    known = int((np.isfinite(accuracy) & np.isfinite(predictor)).sum())
    rank = rank_correlation(accuracy, predictor)
    inside, count = rank_correlation_within(accuracy, predictor, groups)
    return {
        "all": rank,
        "all_interval": list(interval(rank, known)),
        "minima": known,
        "within": inside,
        "within_interval": list(interval(inside, count)),
    }


def answer(results: Results) -> str:
    """The answer to the question of the experiment, in one line."""
    row = next((row for row in results["correlations"] if row["predictor"] == "frobenius_norm"), None)
    if row is None or row["all"] is None:
        return "Too few minima of perfect training accuracy were finished to say anything."
    return (
        "Does flatness tell good minima from bad? Rank correlation of |H|_F with test accuracy, "
        f"{row['arm']}: {with_interval(row, 'all')} over {row['minima']} minima of perfect training "
        f"accuracy; among those of equal arm and attack size {with_interval(row, 'within')}."
    )


def with_interval(row: dict[str, Any], which: str) -> str:
    """A rank correlation and its interval as text, or a dash.

    Examples
    --------
    >>> with_interval({"all": -0.5, "all_interval": [-0.7, -0.2]}, "all")
    '-0.50 [-0.70, -0.20]'
    """
    low, high = row[f"{which}_interval"]
    if row[which] is None:
        return "–"
    return f"{row[which]:+.2f}" + ("" if low is None else f" [{low:+.2f}, {high:+.2f}]")


def conclusions(results: Results) -> list[str]:
    """The findings as sentences; every number in them is taken from the results."""
    minima = results["minima"]
    if not minima:
        return ["No minimum was finished."]
    found = [answer(results), _training(minima), *_predictors(results)]
    rows = {
        name: [row for each in cells for row in each["rows"]] for name, cells in results["controls"].items()
    }
    for name, sentence in SENTENCES.items():
        if rows.get(name):
            found.append(sentence(rows[name]))
    return found


def _training(minima: list[Facts]) -> str:
    rounding = sum("within rounding" in facts["training"]["why"] for facts in minima)
    target = sum("target" in facts["training"]["why"] for facts in minima)
    negative = sum(facts["negative_eigenvalues"]["certain"] > 0 for facts in minima)
    fits = sum(facts["accuracy"]["train"] == 1 for facts in minima)
    return (
        f"{fits} of {len(minima)} networks fit their genuine samples to 100 %; {rounding} ended with every "
        f"residual zero within rounding, {target} at the target risk of a loss whose infimum is not "
        f"attained, {len(minima) - rounding - target} elsewhere, and {negative} have a certainly negative "
        "eigenvalue."
    )


def _predictors(results: Results) -> list[str]:
    rows = [row for row in results["correlations"] if row["arm"] == ALL and row["all"] is not None]
    texts = [
        f"{BY_KEY[row['predictor']].title} {with_interval(row, 'all')}, within {with_interval(row, 'within')}"
        for row in rows
    ]
    return [f"Rank correlation with test accuracy, {ALL}: {'; '.join(texts)}."] if texts else []


def _edge(rows: list[dict[str, Any]]) -> str:
    parts = []
    for rate in sorted({row["rate"] for row in rows}):
        cells = [row for row in rows if row["rate"] == rate]
        ends = [
            f"{_mean(cells, 'largest_eigenvalue', attack=size):.3g} at test accuracy "
            f"{_mean(cells, 'test_accuracy', attack=size):.2f} (|H|_F "
            f"{_mean(cells, 'frobenius_norm', attack=size):.3g})"
            for size in sorted({row["attack"] for row in cells})
        ]
        parts.append(
            f"rate {rate:g}, 2 / rate {2 / rate:.3g}: λmax {' without and '.join(ends)} with an attack set"
        )
    return "At a fixed learning rate full-batch descent ends with λmax as follows: " + "; ".join(parts) + "."


def _sizes(rows: list[dict[str, Any]]) -> str:
    parts = [
        f"n = {count}: test accuracy {_mean(rows, 'test_accuracy', samples=count):.2f}, |H|_F on its own "
        f"samples {_mean(rows, 'frobenius_norm', samples=count):.3g}, on the fewest "
        f"{_mean(rows, 'frobenius_norm_on_fewest', samples=count):.3g}"
        for count in sorted({row["samples"] for row in rows})
    ]
    return "Across numbers of samples flatness and accuracy go their own ways: " + "; ".join(parts) + "."


def _rescaled(rows: list[dict[str, Any]]) -> str:
    parts = [
        f"{factor:g}: |H|_F {_mean(rows, 'frobenius_norm', factor=factor):.3g}, tr H "
        f"{_mean(rows, 'trace', factor=factor):.3g}"
        for factor in sorted({row["factor"] for row in rows})
    ]
    moved = max(row["moved"] for row in rows)
    return (
        "Layers of a ReLU network multiplied and divided by a factor leave every output within "
        f"{moved:.1g} and give {'; '.join(parts)}: flatness is no property of the function."
    )


def _confidence(rows: list[dict[str, Any]]) -> str:
    parts = [
        f"risk below {target:g}: test accuracy {_mean(rows, 'test_accuracy', target=target):.3f}, |H|_F "
        f"{_mean(rows, 'frobenius_norm', target=target):.2g}"
        for target in sorted({row["target"] for row in rows}, reverse=True)
    ]
    return "A softmax classifier flattens by confidence alone: " + "; ".join(parts) + "."


def _mean(rows: list[dict[str, Any]], key: str, **where: float) -> float:
    chosen = [row[key] for row in rows if all(row[name] == value for name, value in where.items())]
    return float(np.mean(chosen))


SENTENCES = {
    "edge of stability": _edge,
    "numbers of samples": _sizes,
    "rescaled layers": _rescaled,
    "confidence of the softmax": _confidence,
}
