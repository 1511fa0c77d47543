"""The numbers that every minimum has: the columns of tables, csv files and figures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

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
    sharp : float
        1.0 if more of it is sharper, -1.0 if more of it is flatter.
    """

    key: str
    title: str
    read: Callable[[Facts], float]
    sharp: float = 1.0


def log_product_column(k: str) -> Callable[[Facts], float]:
    """What reads minus the sum of log top-`k` eigenvalues; "n" stands for the largest k there is."""

    def read(facts: Facts) -> float:
        products = facts["log_products"]
        item = products.get(max(products, key=int) if k == "n" else k)
        return float(item["value"]) if item else float("nan")

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
    Column("log_product_10", "−Σ log λ, top 10", log_product_column("10"), -1.0),
    Column("log_product_50", "−Σ log λ, top 50", log_product_column("50"), -1.0),
    Column("log_product_all", "−Σ log λ, top n", log_product_column("n"), -1.0),
)

BY_KEY = {column.key: column for column in COLUMNS}

FLATNESS = ("frobenius_norm", "trace", "largest_eigenvalue", "log_product_10", "log_product_all")

PREDICTORS = (*FLATNESS, "input_gradient_train")


def values(minima: list[Facts], key: str, columns: dict[str, Column] = BY_KEY) -> np.ndarray:
    """Return the column `key` of `columns` for all `minima`. Shape (minima,)."""
    return np.array([columns[key].read(facts) for facts in minima], dtype=float)
