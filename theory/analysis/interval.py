"""Real intervals with outward rounding at 100 bits, over mpmath's low-level functions.

The ends have exponents of any size: only an exponential of something above 2^2100 is merely known to be huge
or tiny, since its own exponent would not fit in memory.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import sympy as sp
from mpmath import libmp, mp
from mpmath.libmp import libmpi

PRECISION = 100
Bound = tuple[int, int, int, int]


class Interval:
    """The numbers from ``lower`` to ``upper``, ends included; either may be infinite.

    Examples
    --------
    >>> box = interval(-1, 2)
    >>> (box * box).size, box.power(2).size, (box * box).lower, box.power(2).lower
    (mpf('4.0'), mpf('4.0'), mpf('-2.0'), mpf('0.0'))
    """

    __slots__ = ("ends",)

    def __init__(self, ends: tuple[Bound, Bound]) -> None:
        self.ends = ends

    @property
    def lower(self) -> mp.mpf:
        """The lower end."""
        return mp.make_mpf(self.ends[0])

    @property
    def upper(self) -> mp.mpf:
        """The upper end."""
        return mp.make_mpf(self.ends[1])

    @property
    def size(self) -> mp.mpf:
        """The largest magnitude."""
        return mp.make_mpf(libmpi.mpi_abs(self.ends, PRECISION)[1])

    @property
    def least(self) -> mp.mpf:
        """The least magnitude."""
        return mp.make_mpf(libmpi.mpi_abs(self.ends, PRECISION)[0])

    @property
    def sign(self) -> int:
        """1 or -1 if no number inside has the other sign; 0 if both signs occur."""
        if libmp.mpf_sign(self.ends[0]) >= 0:
            return 1
        return -1 if libmp.mpf_sign(self.ends[1]) <= 0 else 0

    @property
    def is_zero(self) -> bool:
        """Whether this is exactly the number 0."""
        return self.ends == (libmp.fzero, libmp.fzero)

    @property
    def has_zero(self) -> bool:
        """Whether 0 is inside."""
        return libmp.mpf_sign(self.ends[0]) <= 0 <= libmp.mpf_sign(self.ends[1])

    def __add__(self, other: Interval) -> Interval:
        return Interval(libmpi.mpi_add(self.ends, other.ends, PRECISION))

    def __sub__(self, other: Interval) -> Interval:
        return Interval(libmpi.mpi_sub(self.ends, other.ends, PRECISION))

    def __mul__(self, other: Interval) -> Interval:
        return Interval(libmpi.mpi_mul(self.ends, other.ends, PRECISION))

    def __truediv__(self, other: Interval) -> Interval:
        return Interval(libmpi.mpi_div(self.ends, other.ends, PRECISION))

    def __neg__(self) -> Interval:
        return Interval(libmpi.mpi_neg(self.ends))

    def power(self, exponent: int) -> Interval:
        """This to an integer power; even powers are not negative."""
        return Interval(libmpi.mpi_pow_int(self.ends, exponent, PRECISION))


def interval(lower: Any, upper: Any) -> Interval:
    """The interval from `lower` to `upper`, numbers that mpmath holds exactly."""
    return Interval((mp.mpf(lower)._mpf_, mp.mpf(upper)._mpf_))


def common(first: Interval, second: Interval) -> Interval:
    """What two enclosures of the same number leave of each other, `first` and `second`.

    Examples
    --------
    >>> common(interval(0, 2), interval(-1, 1)).upper
    mpf('1.0')
    """
    low = max(first.ends[0], second.ends[0], key=mp.make_mpf)
    high = min(first.ends[1], second.ends[1], key=mp.make_mpf)
    return Interval((low, high))


def integer(value: int) -> Interval:
    """The interval that holds one integer, `value`."""
    return Interval((libmp.from_int(value),) * 2)


ZERO, ONE, TWO = integer(0), integer(1), integer(2)


def number(value: sp.Expr) -> Interval:
    """An enclosure of a real sympy number, `value`; a ValueError if it is not real and finite.

    Examples
    --------
    >>> root = number(sp.sqrt(2))
    >>> bool(root.power(2).lower < 2 < root.power(2).upper)
    True
    """
    if value.is_Rational:
        return integer(int(value.p)) / integer(int(value.q))
    digits = libmp.prec_to_dps(PRECISION + 40)
    approximate = sp.N(value, digits)
    if not (approximate.is_real and approximate.is_finite):
        raise ValueError(f"number must be real and finite; got {value}")
    return padded(sp.Float(approximate, digits)._mpf_)


def padded(middle: Bound) -> Interval:
    """An interval around a number known to more than `PRECISION` bits, `middle`."""
    ulp = libmp.mpf_shift(libmp.fone, -PRECISION)
    slack = (libmp.mpf_sub(libmp.fone, ulp), libmp.mpf_add(libmp.fone, ulp))
    return Interval(libmpi.mpi_mul((middle, middle), slack, PRECISION))


Lifted = Callable[[Interval], Interval]


def increasing(function: Lifted) -> Lifted:
    """An increasing `function` of points, as one of intervals."""

    @wraps(function)
    def lifted(box: Interval) -> Interval:
        low, high = (function(Interval((end, end))) for end in box.ends)
        return Interval((low.ends[0], high.ends[1]))

    return lifted


def decreasing(function: Lifted) -> Lifted:
    """A decreasing `function` of points, as one of intervals."""
    lifted = increasing(function)
    return lambda box: lifted(Interval((box.ends[1], box.ends[0])))


HUGE = interval(mp.ldexp(mp.mpf(1), 2100), mp.ldexp(mp.mpf(1), 2100))


def _exp_ends(point: Interval) -> Interval:
    # mpmath's exponential is faithful at worst: 20 bits more than wanted, then rounded outwards
    return padded(libmp.mpf_exp(point.ends[0], PRECISION + 20))


@increasing
def exp(point: Interval) -> Interval:
    """The exponential."""
    if point.size <= HUGE.size:
        return _exp_ends(point)
    if point.sign > 0:
        return Interval((_exp_ends(HUGE).ends[0], libmp.finf))
    return Interval((libmp.fzero, _exp_ends(-HUGE).ends[1]))


def log(box: Interval) -> Interval:
    """The logarithm of a positive interval."""
    return increasing(lambda point: Interval(libmpi.mpi_log(point.ends, PRECISION)))(box)


def sqrt(box: Interval) -> Interval:
    """The square root of an interval that is not negative."""
    return Interval(libmpi.mpi_sqrt(box.ends, PRECISION))


def cos_sin(box: Interval) -> tuple[Interval, Interval]:
    """Cosine and sine."""
    if box.size > HUGE.size:
        return interval(-1, 1), interval(-1, 1)
    cosine, sine = libmpi.mpi_cos_sin(box.ends, PRECISION)
    return Interval(cosine), Interval(sine)


def at_point(function: Callable[[Bound, int], Bound]) -> Lifted:
    """One of mpmath's functions of a number and a precision, `function`, as one of points."""
    return lambda point: padded(function(point.ends[0], PRECISION + 20))
