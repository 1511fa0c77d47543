"""Interval arithmetic as scalar kernels: pairs (lower, upper) that surely enclose, for generated bounds.

Each operation rounds outwards by more than its own rounding and that of the elementary functions; an end
may be infinite, and 0 times infinity is 0, for an infinite end stands for unbounded real numbers.
"""

import math

from .. import elementary
from ..jit import scalar_error_kernel, scalar_kernel

OUTWARDS = 2.0**-48
"""Relative widening, four times the error of any elementary function and far above a rounding."""

TINY = 2.0**-1070
LARGEST = (2.0 - 2.0**-52) * 2.0**1023

Pair = tuple[float, float]


@scalar_error_kernel
def widened(lower: float, upper: float) -> Pair:
    """Return an enclosure of every number near [lower, upper]; all numbers where an end is nan.

    Examples
    --------
    >>> widened(1.0, 1.0) == (1.0 - 2.0**-48, 1.0 + 2.0**-48)
    True
    """
    lower = min(lower, LARGEST) if lower > -math.inf else -math.inf  # an overflow is a number beyond
    upper = max(upper, -LARGEST) if upper < math.inf else math.inf
    return lower - (abs(lower) * OUTWARDS + TINY), upper + (abs(upper) * OUTWARDS + TINY)


@scalar_kernel
def around(middle: float, radius: float) -> Pair:
    """Return [middle - radius, middle + radius].

    Examples
    --------
    >>> lower, upper = around(1.0, 0.5)
    >>> lower < 0.5 and upper > 1.5
    True
    """
    return widened(middle - radius, middle + radius)


@scalar_kernel
def plus(a: Pair, b: Pair) -> Pair:
    """Return a + b.

    Examples
    --------
    >>> lower, upper = plus((1.0, 2.0), (3.0, 5.0))
    >>> round(lower, 9), round(upper, 9)
    (4.0, 7.0)
    """
    return widened(a[0] + b[0], a[1] + b[1])


@scalar_kernel
def _product(x: float, y: float) -> float:
    return 0.0 if x == 0.0 or y == 0.0 else x * y


@scalar_kernel
def times(a: Pair, b: Pair) -> Pair:
    """Return a b.

    Examples
    --------
    >>> lower, upper = times((-1.0, 2.0), (3.0, 5.0))
    >>> round(lower, 9), round(upper, 9)
    (-5.0, 10.0)
    """
    first, second = _product(a[0], b[0]), _product(a[0], b[1])
    third, fourth = _product(a[1], b[0]), _product(a[1], b[1])
    return widened(min(first, second, third, fourth), max(first, second, third, fourth))


@scalar_kernel
def scaled(a: Pair, factor: float) -> Pair:
    """Return a times the real number of which `factor` is the nearest float.

    Examples
    --------
    >>> lower, upper = scaled((1.0, 2.0), -0.5)
    >>> round(lower, 9), round(upper, 9)
    (-1.0, -0.5)
    """
    return times(a, widened(factor, factor))


@scalar_kernel
def size(a: Pair) -> Pair:
    """Return the enclosure of |u| for u in a, exactly.

    Examples
    --------
    >>> size((-2.0, 1.0)), size((-2.0, -1.0))
    ((0.0, 2.0), (1.0, 2.0))
    """
    smallest = min(abs(a[0]), abs(a[1]))
    return 0.0 if a[0] <= 0.0 <= a[1] else smallest, max(abs(a[0]), abs(a[1]))


@scalar_kernel
def power(a: Pair, exponent: int) -> Pair:
    """Return a to a whole power, at least 1; an even power is at least 0.

    Examples
    --------
    >>> lower, upper = power((-2.0, 1.0), 2)
    >>> lower <= 0.0, round(upper, 9)
    (True, 4.0)
    """
    base = size(a) if exponent % 2 == 0 else a
    result = (1.0, 1.0)
    for _ in range(exponent):
        result = times(result, base)
    return result


@scalar_kernel
def inverse(a: Pair) -> Pair:
    """Return 1 / a; all numbers if a holds 0.

    Examples
    --------
    >>> lower, upper = inverse((2.0, 4.0))
    >>> round(lower, 9), round(upper, 9)
    (0.25, 0.5)
    >>> inverse((-1.0, 1.0))
    (-inf, inf)
    """
    if a[0] <= 0.0 <= a[1] or math.isnan(a[0] + a[1]):
        return -math.inf, math.inf
    return widened(1.0 / a[1], 1.0 / a[0])


@scalar_kernel
def root(a: Pair) -> Pair:
    """Return the square root of a; all numbers if a holds negative ones.

    Examples
    --------
    >>> lower, upper = root((4.0, 9.0))
    >>> round(lower, 9), round(upper, 9)
    (2.0, 3.0)
    """
    if not a[0] >= 0.0:
        return -math.inf, math.inf
    return widened(math.sqrt(a[0]), math.sqrt(a[1]))


@scalar_kernel
def _swing(value: float, reach: float) -> Pair:
    lower, upper = widened(value - reach, value + reach)
    return max(lower, -1.0), min(upper, 1.0)


@scalar_kernel
def sine(a: Pair) -> Pair:
    """Return the sine of a: that of the middle, and no further off than half the width.

    Examples
    --------
    >>> lower, upper = sine((-0.25, 0.25))
    >>> round(lower, 9), round(upper, 9)
    (-0.25, 0.25)
    """
    reach = 0.5 * (a[1] - a[0])
    if not reach < 2.0:
        return -1.0, 1.0
    middle = a[0] + reach
    return _swing(elementary.sin_cos_far(middle)[0], reach + abs(middle) * OUTWARDS)


@scalar_kernel
def cosine(a: Pair) -> Pair:
    """Return the cosine of a, as :func:`sine`.

    Examples
    --------
    >>> cosine((-10.0, 10.0))
    (-1.0, 1.0)
    """
    reach = 0.5 * (a[1] - a[0])
    if not reach < 2.0:
        return -1.0, 1.0
    middle = a[0] + reach
    return _swing(elementary.sin_cos_far(middle)[1], reach + abs(middle) * OUTWARDS)


@scalar_kernel
def largest(a: Pair) -> float:
    """Return the largest absolute value in a; infinite where an end is nan.

    Examples
    --------
    >>> largest((-3.0, 2.0))
    3.0
    """
    found = max(abs(a[0]), abs(a[1]))
    return found if a[0] <= a[1] else math.inf


@scalar_kernel
def below(a: Pair, end: float) -> Pair:
    """Return the part of a up to `end`; a pair in the wrong order if there is none.

    Examples
    --------
    >>> below((1.0, 3.0), 2.0)
    (1.0, 2.0)
    """
    return a[0], min(a[1], end)


@scalar_kernel
def above(a: Pair, end: float) -> Pair:
    """Return the part of a from `end` on; a pair in the wrong order if there is none.

    Examples
    --------
    >>> above((1.0, 3.0), 2.0)
    (2.0, 3.0)
    """
    return max(a[0], end), a[1]
