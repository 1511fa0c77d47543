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
    """The answer to the question of the experiment, in one sentence."""
    row = next((row for row in results["correlations"] if row["predictor"] == "frobenius_norm"), None)
    if row is None or row["all"] is None:
        return "Too few minima of perfect training accuracy were finished to say anything."
    across, inside = _excludes_zero(row["all_interval"]), _excludes_zero(row["within_interval"])
    tells, ranks = across and row["all"] < 0, inside and (row["within"] or 0) < 0
    first = "tells" if tells else "does not tell"
    link, second = "and" if ranks == tells else "but", "ranks" if ranks else "does not rank"
    return (
        f"Flatness {first} the minima that attack sets made from the others, {link} it {second} minima that "
        f"met equally many wrong labels: over the {row['minima']} minima that fit their training data the "
        f"rank correlation of |H|_F with test accuracy is {with_interval(row, 'all')}, and among those of "
        f"equal arm and attack size it is {with_interval(row, 'within')} ({row['arm']})."
    )


def _excludes_zero(bounds: list[float | None]) -> bool:
    low, high = bounds
    return low is not None and high is not None and low * high > 0


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
    found = [answer(results), _training(minima), *_predictors(results), *_vanishing(minima)]
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
    """Which measures rank minima of equal arm and attack size, and which of all the best over all."""
    rows = [row for row in results["correlations"] if row["arm"] == ALL and row["all"] is not None]
    if not rows:
        return []
    best = max(rows, key=lambda row: abs(row["all"]))
    inside = [row for row in rows if _excludes_zero(row["within_interval"])]
    names = ", ".join(f"{BY_KEY[row['predictor']].title} {with_interval(row, 'within')}" for row in inside)
    counted = "none" if not inside else "all" if len(inside) == len(rows) else f"{len(inside)}"
    verb = "have intervals that exclude" if len(inside) > 1 else "has an interval that excludes"
    said = f"{counted} of the {len(rows)} measures {verb} zero{': ' * bool(inside)}{names}"
    return [
        f"Over all minima the strongest rank correlation with test accuracy is that of "
        f"{BY_KEY[best['predictor']].title}, {with_interval(best, 'all')}; among minima of equal arm and "
        f"attack size {said}."
    ]


def _vanishing(minima: list[Facts]) -> list[str]:
    """How many eigenvalues at interpolation are zero where the last hidden layer is narrow."""
    narrow = [facts for facts in minima if facts["loss"] == "squared" and facts.get("forced_zeros", 0) > 0]
    if not narrow:
        return []
    kept = sum(facts["log_products"][max(facts["log_products"], key=int)] is None for facts in narrow)
    return [
        "One-hot targets sum to one: a network that interpolates more samples n than its last hidden layer "
        "of m units has parameters has last weights that sum to zero over outputs, so that n - m - 1 of its "
        f"n q eigenvalues vanish and the product of all n q says nothing; {kept} of {len(narrow)} such "
        "minima have none."
    ]


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
    accuracy = np.array([row["test_accuracy"] for row in rows])
    ranks = [
        rank_correlation(accuracy, np.array([row[key] for row in rows]))
        for key in ("frobenius_norm", "frobenius_norm_on_fewest")
    ]
    own, fewest = ("–" if rank is None else f"{rank:+.2f}" for rank in ranks)
    return (
        f"Across numbers of samples |H|_F has rank correlation {own} with test accuracy on its own samples "
        f"and {fewest} on the fewest, where a useful measure of flatness would be near -1: "
        f"{'; '.join(parts)}."
    )


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
    known = [value for value in chosen if value is not None]
    return float(np.mean(known)) if known else float("nan")


SENTENCES = {
    "edge of stability": _edge,
    "numbers of samples": _sizes,
    "rescaled layers": _rescaled,
    "confidence of the softmax": _confidence,
}
