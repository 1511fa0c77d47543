"""What the experiment with deep networks shows, in numbers and in sentences made from them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from numerics.deep_study.columns import BY_KEY, PREDICTORS
from numerics.minima_study.columns import Facts, values
from numerics.minima_study.findings import correlations as by_arm
from numerics.statistics import words
from numerics.statistics.ranks import interval, rank_correlation, rank_correlation_within

Results = dict[str, Any]
ALL = "all arms with squared loss"


def known(minima: list[Facts]) -> list[Facts]:
    """The `minima` whose curvature is known: those whose |H|_F exceeds its own error.

    Where a pre-activation lies within rounding of a kink, the error holds the whole jump of the slope.
    """
    return [facts for facts in minima if facts["frobenius_norm"]["error"] < facts["frobenius_norm"]["value"]]


def perfect(minima: list[Facts]) -> list[Facts]:
    """The `minima` that fit their genuine samples to 100 % and ended where they should."""
    return [facts for facts in minima if facts["accuracy"]["train"] == 1 and facts["training"]["converged"]]


def correlations(minima: list[Facts]) -> list[dict[str, Any]]:
    """Rank correlations of test accuracy with every measure, with 95 % intervals: per arm, and over arms.

    Only minima of perfect training accuracy count, and of :func:`known` curvature. "within" is among minima
    of one arm and one attack size, pooled, so that no difference between arms or sizes can produce it; over
    arms, "all" takes the arms with the squared loss together as they are.

    Parameters
    ----------
    minima : list of dict
    """
    kept = perfect(known(minima))
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
    return words.with_interval(row[which], low, high, signed=True)


def conclusions(results: Results) -> list[str]:
    """The findings as sentences; every number in them is taken from the results."""
    minima = results["minima"]
    if not minima:
        return ["No minimum was finished."]
    found = [answer(results), _training(minima), *_undecided(minima)]
    found += [*_predictors(results), *_vanishing(known(minima))]
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
    ends = {
        "with every residual zero within rounding": rounding,
        "at the target risk of a loss whose infimum is not attained": target,
        "elsewhere": len(minima) - rounding - target,
    }
    said = ", ".join(f"for {count} {where}" for where, count in ends.items() if count)
    return (
        f"Of {len(minima)} networks {_many(fits, len(minima))} fit their genuine samples to 100 %. Training "
        f"ended {said}. Of the Hessians {_many(negative, len(minima))} have a certainly negative eigenvalue."
    )


def _undecided(minima: list[Facts]) -> list[str]:
    """Which minima take no part in what is said of curvature, and why."""
    kept = {id(facts) for facts in known(minima)}
    lost = [facts for facts in minima if id(facts) not in kept]
    if not lost:
        return []
    names = "; ".join(f"{each['arm']}, repeat {each['repeat']}, attack {each['attack']}" for each in lost)
    return [
        f"The curvature of {len(lost)} of {len(minima)} minima is not known, because a ReLU lies within "
        "rounding of its kink and the jump of its slope exceeds all else; they take no part in means, "
        f"correlations and figures ({names})."
    ]


def _many(count: int, total: int) -> str:
    """A count in a sentence.

    Examples
    --------
    >>> _many(0, 3), _many(2, 3), _many(3, 3)
    ('none', '2', 'all')
    """
    return "none" if count == 0 else "all" if count == total else str(count)


def _predictors(results: Results) -> list[str]:
    """Which measures rank minima of equal arm and attack size, and which of all the best over all."""
    rows = [row for row in results["correlations"] if row["arm"] == ALL and row["all"] is not None]
    if not rows:
        return []
    best = max(rows, key=lambda row: abs(row["all"]))
    inside = [row for row in rows if _excludes_zero(row["within_interval"])]
    names = ", ".join(BY_KEY[row["predictor"]].title for row in inside)
    counted = "none" if not inside else "all" if len(inside) == len(rows) else f"{len(inside)}"
    verb = "have intervals that exclude" if len(inside) > 1 else "has an interval that excludes"
    said = f"{counted} of the {len(rows)} measures {verb} zero{f' ({names})' if names else ''}"
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
        "minima have an eigenvalue among them that is not certainly positive, and so no such product."
    ]


def _edge(rows: list[dict[str, Any]]) -> str:
    """How far from 2 / rate the largest eigenvalue ends, and the accuracies, over all rates."""
    rates, sizes = ({row[key] for row in rows} for key in ("rate", "attack"))
    shares = [
        _mean(rows, "largest_eigenvalue", attack=size, rate=rate) * rate / 2
        for rate in rates
        for size in sizes
    ]
    accuracies = " and ".join(
        _range([_mean(rows, "test_accuracy", attack=size, rate=rate) for rate in rates])
        + (" with one" if size else " without an attack set")
        for size in sorted(sizes)
    )
    return (
        f"Full-batch descent at a fixed learning rate, from {min(rates):g} to {max(rates):g}, ends with a "
        f"λmax of {_range(shares)} times 2 / rate, means over repeats, with an attack set or "
        f"without, while test accuracy is {accuracies}."
    )


def _range(numbers: Sequence[float]) -> str:
    """The least and the largest of some numbers, in words.

    Examples
    --------
    >>> _range([0.31, 0.342]), _range([0.5, 0.501])
    ('0.31 to 0.34', '0.50')
    """
    least, largest = (f"{end:.2f}" for end in (min(numbers), max(numbers)))
    return least if least == largest else f"{least} to {largest}"


def _sizes(rows: list[dict[str, Any]]) -> str:
    accuracy = np.array([row["test_accuracy"] for row in rows])
    own, fewest = (
        _ranked(accuracy, np.array([row[key] for row in rows]))
        for key in ("frobenius_norm", "frobenius_norm_on_fewest")
    )
    counts = sorted({row["samples"] for row in rows})
    keys = ("test_accuracy", "frobenius_norm", "frobenius_norm_on_fewest")
    first, last = (
        [f"{_mean(rows, key, samples=count):.3g}" for key in keys] for count in (counts[0], counts[-1])
    )
    few = ", too few for an interval" if len(rows) < 5 else ""
    return (
        f"From {counts[0]} to {counts[-1]} samples test accuracy goes from {first[0]} to {last[0]}, and "
        f"|H|_F from {first[1]} to {last[1]} on a network's own samples, or from {first[2]} to {last[2]} on "
        f"the fewest. Over {len(rows)} networks with different numbers of samples{few}, |H|_F has rank "
        f"correlation {own} with test accuracy on a network's own samples and {fewest} on the fewest, where "
        "a useful measure of flatness would be near -1."
    )


def _ranked(accuracy: np.ndarray, measure: np.ndarray) -> str:
    rank = rank_correlation(accuracy, measure)
    known = int((np.isfinite(accuracy) & np.isfinite(measure.astype(float))).sum())
    return with_interval({"all": rank, "all_interval": list(interval(rank, known))}, "all")


def _rescaled(rows: list[dict[str, Any]]) -> str:
    ends = [min(row["factor"] for row in rows), max(row["factor"] for row in rows)]
    norms, traces = (
        " to ".join(f"{_mean(rows, key, factor=factor):.3g}" for factor in ends)
        for key in ("frobenius_norm", "trace")
    )
    moved = max(row["moved"] for row in rows)
    kept = "exactly as it was" if moved == 0 else f"within {moved:.1g} of what it was"
    return (
        f"Layers of a ReLU network multiplied and divided by a factor leave every output {kept}. From a "
        f"factor of {ends[0]:g} to one of {ends[1]:g}, |H|_F goes from {norms} and tr H from {traces}: "
        "flatness is no property of the function."
    )


def _confidence(rows: list[dict[str, Any]]) -> str:
    ends = [max(row["target"] for row in rows), min(row["target"] for row in rows)]
    norms, accuracies = (
        " to ".join(f"{_mean(rows, key, target=target):.3g}" for target in ends)
        for key in ("frobenius_norm", "test_accuracy")
    )
    return (
        f"A softmax classifier flattens by confidence alone: from a risk below {ends[0]:g} to one below "
        f"{ends[1]:g}, |H|_F goes from {norms} while test accuracy goes from {accuracies}."
    )


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
