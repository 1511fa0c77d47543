"""Functions of numbers that carry a bound of their own error: monotone ones, and the larger of two."""

from __future__ import annotations

import math
from collections.abc import Callable

from .rounding import SLACK, SUBNORMAL, UNIT
from .uncertain import Uncertain, known

LIBRARY = 8 * UNIT
"""What an elementary function of the C library may be off by, relative to its value."""


def increasing(function: Callable[[float], float], above: float = -math.inf) -> Callable[..., Uncertain]:
    """An increasing `function` of real numbers `above` a bound, of numbers with errors.

    Where it is not defined on the whole of the bounds, or overflows, the error is infinite.

    Examples
    --------
    >>> increasing(math.log, 0.0)(Uncertain(1.0, 0.5))
    Uncertain(value=0.0, error=0.69...)
    >>> increasing(math.log, 0.0)(Uncertain(1.0, 1.5)).error
    inf
    """

    def lifted(number: Uncertain | float) -> Uncertain:
        number = known(number)
        low, high = ends(number)
        if not low > above:
            return Uncertain(0.0, math.inf)
        try:
            below, value, beyond = function(low), function(number.value), function(high)
        except OverflowError:
            return Uncertain(0.0, math.inf)
        spread = max(beyond - value, value - below) + LIBRARY * max(abs(below), abs(value), abs(beyond))
        return Uncertain(value, SLACK * spread + SUBNORMAL)

    return lifted


def ends(number: Uncertain) -> tuple[float, float]:
    """The least and the largest number that may be meant, rounded outwards."""
    if not number.error:
        return number.value, number.value
    return math.nextafter(number.lower, -math.inf), math.nextafter(number.upper, math.inf)


def maximum(one: Uncertain | float, other: Uncertain | float) -> Uncertain:
    """The larger of two numbers, `one` and `other`, whichever it is.

    Examples
    --------
    >>> maximum(Uncertain(1.0, 0.5), Uncertain(1.25, 0.125)).error
    0.25...
    """
    one, other = known(one), known(other)
    value = max(one.value, other.value)
    low, high = (max(pair) for pair in zip(ends(one), ends(other), strict=True))
    return Uncertain(value, SLACK * max(high - value, value - low))


def minimum(one: Uncertain | float, other: Uncertain | float) -> Uncertain:
    """The smaller of two numbers, `one` and `other`, whichever it is."""
    return -maximum(-known(one), -known(other))


def exp(number: Uncertain | float) -> Uncertain:
    """The exponential of a `number`."""
    return increasing(math.exp)(number)


def expm1(number: Uncertain | float) -> Uncertain:
    """The exponential of a `number`, less 1."""
    return increasing(math.expm1)(number)


def log(number: Uncertain | float) -> Uncertain:
    """The natural logarithm of a `number`."""
    return increasing(math.log, 0.0)(number)


def log2(number: Uncertain | float) -> Uncertain:
    """The binary logarithm of a `number`."""
    return increasing(math.log2, 0.0)(number)


def log10(number: Uncertain | float) -> Uncertain:
    """The decimal logarithm of a `number`."""
    return increasing(math.log10, 0.0)(number)


def log1p(number: Uncertain | float) -> Uncertain:
    """The natural logarithm of 1 and a `number`."""
    return increasing(math.log1p, -1.0)(number)


def power(base: Uncertain, exponent: float) -> Uncertain:
    """A real power: of any number if the exponent is whole, else of a positive one.

    Examples
    --------
    >>> power(Uncertain(4.0), 2.0).value, power(Uncertain(4.0), 0.5).value
    (16.0, 2.0)
    """
    if exponent == math.floor(exponent):
        return base ** int(exponent)
    return base.sqrt() if exponent == 0.5 else exp(exponent * log(base))
