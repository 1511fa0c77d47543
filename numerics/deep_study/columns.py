"""The numbers that every minimum of a deep network has."""

from __future__ import annotations

from numerics.minima_study.columns import BY_KEY as TWO_LAYER
from numerics.minima_study.columns import Column

COLUMNS = (
    *TWO_LAYER.values(),
    Column("non_uniformity", "non-uniformity", lambda facts: facts["non_uniformity"]),
    Column("log_volume", "ln soft volume", lambda facts: _known(facts["log_volume"]), -1.0),
)

BY_KEY = {column.key: column for column in COLUMNS}

PREDICTORS = (
    "frobenius_norm",
    "trace",
    "largest_eigenvalue",
    "non_uniformity",
    "log_product_10",
    "log_product_50",
    "log_product_all",
    "log_volume",
    "input_gradient_train",
    "input_gradient_test",
)


def _known(value: float | None) -> float:
    return float("nan") if value is None else value
