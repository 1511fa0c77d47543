"""Constants and inequalities of floating-point rounding (Higham, Accuracy and Stability, chapter 3).

Every rounding bound of the package is built from the numbers here. All arithmetic is IEEE binary64
with round-to-nearest; a sum or inner product may be evaluated in any order, with or without FMA.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..arrays import Array
from ..jit import error_kernel, kernel, reduction_kernel

UNIT = 2.0**-53
"""Unit roundoff u: fl(x op y) = (x op y)(1 + delta) with |delta| <= u."""

JET_ERROR = 2.0**-49
"""Mixed error of a compiled activation or loss: it returns s(z (1 + eta)) (1 + eps), |eta|, |eps| <= this."""

SUBNORMAL = 2.0**-1074
"""Smallest positive number: what gradual underflow may lose in one operation."""

WITHOUT_SIGN = 2**63 - 1  # of the bits of a float
NOTHING = -10000
"""In the place of the exponent of zero; minus it in that of infinity."""

ORDINARY = 400
"""Largest exponent of numbers whose squares may be summed as they are: what vanishes is no rounding error."""

UNDERFLOW_NORM = 2.0**-536
"""A vector entry smaller than this may vanish from a sum of squares."""

SAFE_LOW, SAFE_HIGH = 2.0**-900, 2.0**1000
"""Sums of squares to which what vanishes or rounds is nothing."""

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
    if rows.shape[1] == 1:
        return np.abs(rows[:, 0])
    lengths = np.empty(len(rows))
    if not plain_norms(rows, lengths):
        careful_norms(rows, lengths)
    return lengths


@reduction_kernel
def plain_norms(rows, lengths):  # type: ignore[no-untyped-def]
    """Fill lengths (k,) with SLACK times the norms of rows (k, l); whether no square left the floats."""
    for i in range(rows.shape[0]):
        total = 0.0
        for j in range(rows.shape[1]):
            total += rows[i, j] * rows[i, j]
        lengths[i] = total
    return norms_of_squares(rows, lengths)


@reduction_kernel
def norms_of_squares(rows, lengths):  # type: ignore[no-untyped-def]
    """Turn the squares lengths (k,) into SLACK times the norms of rows (k, l); whether none left the floats.

    The norm of one number is its absolute value.
    """
    strange = 0
    if rows.shape[1] == 1:
        for i in range(lengths.size):
            lengths[i] = abs(rows[i, 0])
            strange += 0 if lengths[i] < math.inf else 1
        return strange == 0
    for i in range(lengths.size):
        strange += 0 if SAFE_LOW <= lengths[i] <= SAFE_HIGH else 1
        lengths[i] = SLACK * math.sqrt(lengths[i])
    return strange == 0


@error_kernel
def careful_norms(rows, lengths):  # type: ignore[no-untyped-def]
    """Mend those lengths (k,) of rows (k, l) whose squares left the floats: they are scaled first."""
    for i in range(rows.shape[0]):
        if SAFE_LOW <= (lengths[i] / SLACK) ** 2 <= SAFE_HIGH:
            continue
        largest, total = 0.0, 0.0
        for j in range(rows.shape[1]):
            size = abs(rows[i, j])
            largest = largest if size <= largest else size
        if 0.0 < largest < math.inf:
            for j in range(rows.shape[1]):
                total += (rows[i, j] / largest) ** 2
            lengths[i] = SLACK * largest * math.sqrt(total) + SUBNORMAL
        else:
            lengths[i] = largest


@kernel
def compensated_sum(values):  # type: ignore[no-untyped-def]
    """The sum of values (k,), off by u |sum| + (k u)^2 sum |values| (Ogita, Rump and Oishi 2005, Sum2)."""
    total = lost = 0.0
    for value in values:
        there = total + value
        back = there - total
        lost += (total - (there - back)) + (value - back)
        total = there
    return total + lost


def scaled_norm(values: Array) -> float:
    """The Euclidean norm of all entries up to rounding, without overflow or underflow of the squares.

    Relative error at most ``gamma(values.size + 4)`` and absolute error at most one subnormal; any shape.

    Examples
    --------
    >>> scaled_norm(np.array([3e-200, 4e-200]))
    5e-200
    """
    exponent = exponent_of(values)
    if abs(exponent) <= ORDINARY:
        return float(np.linalg.norm(values))
    return times_power(float(np.linalg.norm(np.ldexp(values, -exponent))), exponent)


def exponent_of(values: Array) -> int:
    """The e with 2^(e-1) <= max |values| < 2^e, `NOTHING` for zeros and minus it for no number. Any shape.

    Examples
    --------
    >>> exponent_of(np.array([0.5, -3.0]))
    2
    """
    return exponent_above(largest_size(values.ravel()))


def without_tiny(*parts: Array) -> list[Array]:
    """The same without the entries below 2^-200 of the largest of all; arrays of any shapes.

    LAPACK squares and divides by entries: beside one of size 1, tiny ones may leave the floats on the way,
    and spoil all results. Who leaves them out proves what is found for the matrix as it is.

    Examples
    --------
    >>> without_tiny(np.array([1.0, 1e-90]), np.array([1e-3]))
    [array([1., 0.]), array([0.001])]
    """
    least = 2.0**-200 * max(largest_size(part.ravel(order="K")) for part in parts)
    if least == 0.0 or not least < math.inf:
        return list(parts)
    return [np.where(np.abs(part) < least, 0.0, part) for part in parts]


def exponent_above(size: float) -> int:
    """The same for one number that is not negative.

    Examples
    --------
    >>> exponent_above(3.0)
    2
    """
    if not math.isfinite(size):
        return -NOTHING
    return math.frexp(size)[1] if size > 0.0 else NOTHING


@kernel
def largest_size(values):  # type: ignore[no-untyped-def]
    """The largest absolute value of contiguous values (k,), 0 of none, and infinity where one is no number.

    Floats of one sign are ordered as the integers of the same bits, of which the largest is found in vectors.
    """
    bits = values.view(np.int64)
    found = np.zeros(1)
    largest = 0
    for k in range(bits.size):
        largest = max(largest, bits[k] & WITHOUT_SIGN)
    found.view(np.int64)[0] = largest
    return found[0] if found[0] < math.inf else math.inf


def times_power(value: float, exponent: int) -> float:
    """value 2^exponent, infinite where it overflows.

    Examples
    --------
    >>> times_power(-3.0, 2), times_power(1.0, 2000)
    (-12.0, inf)
    """
    try:
        return math.ldexp(value, exponent)
    except OverflowError:
        return math.copysign(math.inf, value)


def enclosed_times_power(value: Any, error: Any, exponent: int) -> tuple[Any, Any]:
    """Both times 2^exponent, infinite where they overflow; the error has what underflow may take from both.

    Numbers, or arrays of any shape.

    Examples
    --------
    >>> [float(number) for number in enclosed_times_power(3.0, 0.25, 2)]
    [12.0, 1.0]
    """
    if not exponent:
        return value, error
    with np.errstate(over="ignore", under="ignore"):
        lost = 2 * SUBNORMAL * ((value != 0) | (error != 0))
        return np.ldexp(value, exponent), np.ldexp(error, exponent) + lost
