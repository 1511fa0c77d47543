"""What an experiment shows, in numbers and in sentences made from them."""

from __future__ import annotations

from typing import Any

import numpy as np

from numerics.minima_study.columns import BY_KEY, PREDICTORS, Column, Facts, values
from numerics.minima_study.resampled import correlation
from numerics.statistics.means import student
from numerics.statistics.ranks import rank_correlation
from theory import theorems


def of_arm(minima: list[Facts], arm: str) -> list[Facts]:
    """Return the minima of one arm."""
    return [facts for facts in minima if facts["arm"] == arm]


def sizes(minima: list[Facts]) -> list[int]:
    """Return the attack sizes that occur, ascending."""
    return sorted({facts["attack"] for facts in minima})


def table(minima: list[Facts], columns: dict[str, Column] = BY_KEY) -> list[dict[str, Any]]:
    """Return one row per arm and attack size: the count, and for each column its mean over repeats.

    Beside a mean stand the standard deviation over repeats and Student's 95 % interval of the mean.

    Parameters
    ----------
    minima : list of dict
    columns : dict of str to Column
    """
    rows = []
    for arm in dict.fromkeys(facts["arm"] for facts in minima):
        for attack in sizes(of_arm(minima, arm)):
            cell = [facts for facts in of_arm(minima, arm) if facts["attack"] == attack]
            row: dict[str, Any] = {"arm": arm, "attack": attack, "count": len(cell)}
            for key in columns:
                numbers = values(cell, key, columns)
                known = numbers[np.isfinite(numbers)]
                row[key] = float(known.mean()) if len(known) else None
                row[f"{key}_sd"] = float(known.std(ddof=1)) if len(known) > 1 else None
                row[f"{key}_interval"] = student(known)
            rows.append(row)
    return rows


def correlations(
    minima: list[Facts], predictors: tuple[str, ...] = PREDICTORS, columns: dict[str, Column] = BY_KEY
) -> list[dict[str, Any]]:
    """Return, per arm and predictor, how its rank follows the rank of the test accuracy.

    "all" is over all minima of the arm; "within" is the mean over attack sizes of the correlation among
    the repeats of one size, which no difference between sizes can produce; "repeats_in_order" counts
    repeats in which the predictor is on the sharper side at the largest attack set compared with none.
    Intervals are percentiles over draws of whole repeats, within which minima share a split and a start.

    Parameters
    ----------
    minima : list of dict
    predictors : tuple of str
        Keys of `columns`.
    columns : dict of str to Column
    """
    rows = []
    for arm in dict.fromkeys(facts["arm"] for facts in minima):
        chosen = of_arm(minima, arm)
        for key in predictors:
            rows.append({"arm": arm, "predictor": key, **_correlation(chosen, key, columns)})
    return rows


def _correlation(chosen: list[Facts], key: str, columns: dict[str, Column]) -> dict[str, Any]:
    accuracy, predictor = values(chosen, "test_accuracy", columns), values(chosen, key, columns)
    attack = np.array([facts["attack"] for facts in chosen])
    each = [rank_correlation(accuracy[attack == k], predictor[attack == k]) for k in sizes(chosen)]
    known = [item for item in each if item is not None]
    ordered, count = order(chosen, columns[key])
    whole, within = (
        correlation(chosen, "test_accuracy", key, within=inside, columns=columns) for inside in (False, True)
    )
    return {
        "all": rank_correlation(accuracy, predictor),
        "all_interval": [whole.low, whole.high],
        "minima": int(np.isfinite(predictor).sum()),
        "within": float(np.mean(known)) if known else None,
        "within_interval": [within.low, within.high],
        "sizes": len(known),
        "repeats_in_order": ordered,
        "repeats": count,
    }


def order(chosen: list[Facts], column: Column) -> tuple[int, int]:
    """Return in how many repeats, out of how many, the most attacked minimum is sharper by the `column`."""
    most, ends = max(sizes(chosen)), {}
    for facts in chosen:
        ends[facts["repeat"], facts["attack"]] = column.sharp * column.read(facts)
    pairs = [
        (ends[repeat, 0], ends[repeat, most])
        for repeat, attack in ends
        if attack == 0 and (repeat, most) in ends
    ]
    return sum(bool(last > first) for first, last in pairs), len(pairs) if most else 0


def theorem_counts(minima: list[Facts], where: str) -> list[dict[str, Any]]:
    """Return, per theorem and variant, the cases, how many apply and hold, and the ratios with their bounds.

    Parameters
    ----------
    where : {"minimum", "start"}
        Whether the checks at the minima or at the random starts are counted.
    """
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for facts in minima:
        place = facts if where == "minimum" else facts.get("start", {"theorems": {}})
        for theorem, check in place["theorems"].items():
            for variant in theorems[theorem].variants:
                each = check.get("variants", {}).get(variant, check)
                blank = {"theorem": theorem, "variant": variant, "where": where}
                lists: dict[str, Any] = {"ratios": [], "ratio_errors": []}
                counts = {"cases": 0, "applicable": 0, "holds": 0}
                row = rows.setdefault((theorem, variant), {**blank, **lists, **counts})
                row["cases"] += 1
                row["applicable"] += each["applicable"]
                row["holds"] += bool(each["holds"])
                if each["ratio"] is not None:
                    row["ratios"].append(each["ratio"])
                    row["ratio_errors"].append(each["ratio_error"])
    return list(rows.values())
