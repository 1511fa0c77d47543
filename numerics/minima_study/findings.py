"""What an experiment shows, in numbers and in sentences made from them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from numerics.statistics.ranks import rank_correlation
from theory import theorems

Facts = dict[str, Any]


@dataclass(frozen=True)
class Column:
    """A number that every minimum has, how it is called, and whether bad minima should have more of it.

    Parameters
    ----------
    key, title : str
        In files, and in text (Unicode).
    read : callable
        Facts of a minimum -> float, NaN where there is none.
    """

    key: str
    title: str
    read: Callable[[Facts], float]


def _log_product(k: str) -> Callable[[Facts], float]:
    """Minus the sum of log top-k eigenvalues; "n" stands for the largest k there is."""

    def read(facts: Facts) -> float:
        products = facts["log_products"]
        item = products.get(max(products, key=int) if k == "n" else k)
        return -item["value"] if item else float("nan")

    return read


COLUMNS = (
    Column("test_accuracy", "test accuracy", lambda facts: facts["accuracy"]["test"]),
    Column("train_accuracy", "training accuracy", lambda facts: facts["accuracy"]["train"]),
    Column("risk", "risk R", lambda facts: facts["risk"]["value"]),
    Column("gradient_norm", "|∇R|", lambda facts: facts["gradient_norm"]["value"]),
    Column("frobenius_norm", "|H|_F", lambda facts: facts["frobenius_norm"]["value"]),
    Column("trace", "tr H", lambda facts: facts["trace"]["value"]),
    Column("largest_eigenvalue", "λmax", lambda facts: facts["largest_eigenvalue"]["value"]),
    Column("input_gradient_train", "E|∇ₓf|²", lambda facts: facts["input_gradient"]["train"]["value"]),
    Column("input_gradient_test", "E|∇ₓf|², test", lambda facts: facts["input_gradient"]["test"]["value"]),
    Column("log_product_10", "−Σ log λ, top 10", _log_product("10")),
    Column("log_product_50", "−Σ log λ, top 50", _log_product("50")),
    Column("log_product_all", "−Σ log λ, top n", _log_product("n")),
)

BY_KEY = {column.key: column for column in COLUMNS}

FLATNESS = ("frobenius_norm", "trace", "largest_eigenvalue", "log_product_10", "log_product_all")

PREDICTORS = (*FLATNESS, "input_gradient_train")


def values(minima: list[Facts], key: str) -> np.ndarray:
    """Return one column for all minima."""
    return np.array([BY_KEY[key].read(facts) for facts in minima], dtype=float)


def of_arm(minima: list[Facts], arm: str) -> list[Facts]:
    """Return the minima of one arm."""
    return [facts for facts in minima if facts["arm"] == arm]


def sizes(minima: list[Facts]) -> list[int]:
    """Return the attack sizes that occur, ascending."""
    return sorted({facts["attack"] for facts in minima})


def table(minima: list[Facts]) -> list[dict[str, Any]]:
    """Return one row per arm and attack size: the count, and mean and standard deviation of each "
    "column."""
    rows = []
    for arm in dict.fromkeys(facts["arm"] for facts in minima):
        for attack in sizes(of_arm(minima, arm)):
            cell = [facts for facts in of_arm(minima, arm) if facts["attack"] == attack]
            row: dict[str, Any] = {"arm": arm, "attack": attack, "count": len(cell)}
            for column in COLUMNS:
                numbers = values(cell, column.key)
                known = numbers[np.isfinite(numbers)]
                row[column.key] = float(known.mean()) if len(known) else None
                row[f"{column.key}_sd"] = float(known.std(ddof=1)) if len(known) > 1 else None
            rows.append(row)
    return rows


def correlations(minima: list[Facts]) -> list[dict[str, Any]]:
    """Return, per arm and predictor, how its rank follows the rank of the test accuracy.

    "all" is over all minima of the arm; "within" is the mean over attack sizes of the correlation among
    the repeats of one size, which no difference between sizes can produce; "repeats_in_order" counts
    repeats in which the predictor is on the sharper side at the largest attack set compared with none.
    """
    rows = []
    for arm in dict.fromkeys(facts["arm"] for facts in minima):
        chosen = of_arm(minima, arm)
        for key in PREDICTORS:
            rows.append({"arm": arm, "predictor": key, **_correlation(chosen, key)})
    return rows


def _correlation(chosen: list[Facts], key: str) -> dict[str, Any]:
    accuracy, predictor = values(chosen, "test_accuracy"), values(chosen, key)
    attack = np.array([facts["attack"] for facts in chosen])
    inside = [rank_correlation(accuracy[attack == k], predictor[attack == k]) for k in sizes(chosen)]
    known = [item for item in inside if item is not None]
    ordered, repeats = order(chosen, key)
    return {
        "all": rank_correlation(accuracy, predictor),
        "minima": int(np.isfinite(predictor).sum()),
        "within": float(np.mean(known)) if known else None,
        "sizes": len(known),
        "repeats_in_order": ordered,
        "repeats": repeats,
    }


def order(chosen: list[Facts], key: str) -> tuple[int, int]:
    """Return in how many repeats, out of how many, the most attacked minimum is the sharper one."""
    most, sign = max(sizes(chosen)), -1.0 if key.startswith("log_product") else 1.0
    read, ends = BY_KEY[key].read, {}
    for facts in chosen:
        ends[facts["repeat"], facts["attack"]] = sign * read(facts)
    pairs = [
        (ends[repeat, 0], ends[repeat, most])
        for repeat, attack in ends
        if attack == 0 and (repeat, most) in ends
    ]
    return sum(bool(last > first) for first, last in pairs), len(pairs) if most else 0


def theorem_counts(minima: list[Facts], where: str) -> list[dict[str, Any]]:
    """Return, per theorem and variant, the cases, how many apply and hold, and the tightest ratio.

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
                blank = {"theorem": theorem, "variant": variant, "where": where, "ratios": []}
                row = rows.setdefault((theorem, variant), {**blank, "cases": 0, "applicable": 0, "holds": 0})
                row["cases"] += 1
                row["applicable"] += each["applicable"]
                row["holds"] += bool(each["holds"])
                row["ratios"] += [each["ratio"]] if each["ratio"] is not None else []
    return list(rows.values())
