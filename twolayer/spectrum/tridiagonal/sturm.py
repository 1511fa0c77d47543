r"""Eigenvalues of a symmetric tridiagonal matrix, enclosed by counting how many are below a point.

The numbers q_i = (a_i - x) - b_(i-1)^2 / q_(i-1), evaluated in floating point, have the signs of those of a
matrix with the same a whose b differ by 2.5 u |b| each, exactly (J. Demmel, Applied Numerical Linear Algebra,
lemma 5.3); as many of its eigenvalues are below x as of them are negative.
"""

from __future__ import annotations

import numpy as np

from ...arrays import Array
from ...errors.rounding import SLACK, UNDERFLOW_NORM, UNIT
from ...jit import kernel

LANES = 32  # points at which eigenvalues are counted together
FLOOR = 2.0**-600  # in place of a smaller pivot, for entries of moderate size
NEAR = 8.0  # distance from a value at which the first count is tried, in units of rounding
FARTHER = 4.0  # factor of the distance, where the value is not as near as that
TRIES = 24


def counted_errors(diagonal: Array, beside: Array, values: Array) -> Array:
    """Bounds (P,) of how far `values` (P,), ascending, are from the eigenvalues of the same rank.

    The diagonal has shape (P,), what is beside it (P - 1,); entries of moderate size. O(P^2) time.

    Raises
    ------
    ArithmeticError
        If a value is nowhere near the eigenvalue.

    Examples
    --------
    >>> errors = counted_errors(np.array([2.0, 2.0]), np.array([1.0]), np.array([1.0, 3.0]))
    >>> bool(errors.max() < 1e-14)
    True
    """
    errors = np.empty(len(values))
    if not count_errors(diagonal, beside, values, errors):
        raise ArithmeticError("eigenvalues of a tridiagonal matrix must be near LAPACK's; some are not")
    return errors


@kernel
def count_errors(diagonal, beside, values, errors):  # type: ignore[no-untyped-def]
    """Fill errors (P,) with the same bounds; False if a value is nowhere near the eigenvalue."""
    P = len(diagonal)
    squares, widest, size = np.zeros(P), 0.0, 0.0
    for i in range(P):
        if i:
            squares[i] = beside[i - 1] * beside[i - 1]
            widest = max(widest, abs(beside[i - 1]))
        size = max(size, abs(values[i]), abs(diagonal[i]))
    errors[:] = NEAR * UNIT * max(size, widest)
    low, high = np.empty(P), np.empty(P)
    for _ in range(TRIES):
        for i in range(P):
            low[i], high[i] = values[i] - errors[i], values[i] + errors[i]
        fewer, more = count_below(diagonal, squares, low), count_below(diagonal, squares, high)
        wrong = 0
        for i in range(P):
            if fewer[i] > i or more[i] <= i:
                errors[i] *= FARTHER
                wrong += 1
        if not wrong:
            for i in range(P):
                apart = max(high[i] - values[i], values[i] - low[i])
                errors[i] = SLACK * (apart + 6 * UNIT * widest) + 4 * (FLOOR + UNDERFLOW_NORM)
            return True
    return False


@kernel
def count_below(diagonal, squares, points):  # type: ignore[no-untyped-def]
    """How many eigenvalues are below each of the points (k,); squares (P,) are those beside, after a zero."""
    found = np.empty(len(points), dtype=np.int64)
    pivots, at, below = np.empty(LANES), np.empty(LANES), np.empty(LANES, dtype=np.int64)
    for first in range(0, len(points), LANES):
        width = min(LANES, len(points) - first)
        for lane in range(LANES):
            at[lane] = points[first + min(lane, width - 1)]
            pivots[lane], below[lane] = 1.0, 0
        for i in range(len(diagonal)):
            for lane in range(LANES):
                pivot = (diagonal[i] - at[lane]) - squares[i] / pivots[lane]
                pivot = -FLOOR if abs(pivot) < FLOOR else pivot
                pivots[lane] = pivot
                below[lane] += pivot < 0.0
        found[first : first + width] = below[:width]
    return found
