"""Constants and inequalities of floating-point rounding (Higham, Accuracy and Stability, chapter 3).

Every rounding bound of the package is built from the numbers here. All arithmetic is IEEE binary64
with round-to-nearest; a sum or inner product may be evaluated in any order, with or without FMA.
"""

from __future__ import annotations

import numpy as np

from ..arrays import Array

UNIT = 2.0**-53
"""Unit roundoff u: fl(x op y) = (x op y)(1 + delta) with |delta| <= u."""

JET_ERROR = 2.0**-49
"""Mixed error of a compiled activation or loss: it returns s(z (1 + eta)) (1 + eps), |eta|, |eps| <= this."""

SUBNORMAL = 2.0**-1074
"""Smallest positive number: what gradual underflow may lose in one operation."""

UNDERFLOW_NORM = 2.0**-536
"""A vector entry smaller than this may vanish from a sum of squares."""

SLACK = 1.001
"""Factor that covers the rounding committed while a bound itself is evaluated."""


def gamma(count: int) -> float:
    """Relative error bound of an inner product of length `count`: k u / (1 - k u).

    Examples
    --------
    >>> gamma(1) > 2.0**-53
    True
    """
    return count * UNIT / (1 - count * UNIT)


def scaled_norms(rows: Array) -> Array:
    """Upper bounds of the Euclidean norms of the rows, without overflow or underflow of the squares.

    Shape (k, l) -> (k,).
    """
    largest = np.abs(rows).max(axis=1)
    scale = np.where(largest > 0, largest, 1.0)
    return np.asarray(SLACK * largest * np.sqrt(((rows / scale[:, None]) ** 2).sum(axis=1)))
