"""Numbers that carry a bound of their own error through arithmetic."""

from __future__ import annotations

import math
from dataclasses import dataclass

from .rounding import SLACK, SUBNORMAL, UNIT


@dataclass(frozen=True)
class Uncertain:
    """A real number within ``value +- error``.

    Every operation returns an `Uncertain` that holds for all numbers within its operands' bounds, the
    rounding of the operation included. An operation that is not defined on the whole of the bounds
    (a quotient through zero, a root of what is negative) has infinite error.

    Examples
    --------
    >>> 3 * Uncertain(2.0, 0.5) - 1
    Uncertain(value=5.0, error=1.50...)
    >>> Uncertain(1.0, 0.0) / Uncertain(0.0, 0.1)
    Uncertain(value=0.0, error=inf)
    """

    value: float
    error: float = 0.0

    @property
    def lower(self) -> float:
        """Lower end of the bounds."""
        return self.value - self.error

    @property
    def upper(self) -> float:
        """Upper end of the bounds."""
        return self.value + self.error

    def __add__(self, other: Uncertain | float) -> Uncertain:
        other = known(other)
        return _rounded(self.value + other.value, self.error + other.error)

    def __neg__(self) -> Uncertain:
        return Uncertain(-self.value, self.error)

    def __sub__(self, other: Uncertain | float) -> Uncertain:
        return self + (-known(other))

    def __rsub__(self, other: Uncertain | float) -> Uncertain:
        return known(other) - self

    def __mul__(self, other: Uncertain | float) -> Uncertain:
        other = known(other)
        spread = abs(self.value) * other.error + self.error * (abs(other.value) + other.error)
        return _rounded(self.value * other.value, spread)

    def __truediv__(self, other: Uncertain | float) -> Uncertain:
        other = known(other)
        nearest = (abs(other.value) - other.error) * (1 - 2 * UNIT)
        if not nearest > 0:
            return Uncertain(0.0, math.inf)
        value = self.value / other.value
        return _rounded(value, (self.error + abs(value) * other.error) / nearest)

    def __pow__(self, exponent: int) -> Uncertain:
        if exponent < 0:
            return known(1.0) / self ** (-exponent)
        result = known(1.0)
        for _ in range(exponent):
            result = result * self
        return result

    __radd__ = __add__
    __rmul__ = __mul__

    def __rtruediv__(self, other: Uncertain | float) -> Uncertain:
        return known(other) / self

    def __abs__(self) -> Uncertain:
        return Uncertain(abs(self.value), self.error)

    def sqrt(self) -> Uncertain:
        """Square root; of the part of the bounds that is not negative, of which there must be one."""
        if self.upper < 0:
            return Uncertain(0.0, math.inf)
        value = math.sqrt(max(self.value, 0.0))
        # |sqrt(x + e) - sqrt(x)| <= e / sqrt(x), and <= sqrt(e)
        spread = min(self.error / value, math.sqrt(self.error)) if value else math.sqrt(self.error)
        return _rounded(value, spread)


def known(number: Uncertain | float) -> Uncertain:
    """Return `number` as an `Uncertain`, exact unless it is one already."""
    return number if isinstance(number, Uncertain) else Uncertain(float(number))


def _rounded(value: float, spread: float) -> Uncertain:
    """Add the rounding of one operation to the spread of its operands; nothing is known of what is nan."""
    error = SLACK * (spread + UNIT * abs(value)) + SUBNORMAL
    return Uncertain(value, math.inf if math.isnan(error) else error)
