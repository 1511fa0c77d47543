"""Ball arithmetic: the one file that imports python-flint, and what it lacks.

A ball is a midpoint and a radius; every operation returns a ball that holds the true result for all numbers
in its operands. The precision, in bits, is that of the block ``with precision(bits)``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from fractions import Fraction
from typing import Any

try:
    from flint import arb, arb_mat, ctx, fmpq, fmpq_mat
except ImportError as reason:
    raise ValueError(
        "certificates need the extra for ball arithmetic: pip install '.[certify]' in a clone"
    ) from reason

__all__ = ["arb", "arb_mat", "ctx", "fmpq", "fmpq_mat"]

Rows = list[list[arb]]
EXACT = 8192  # bits in which a sum of products of float64 numbers has no rounding


class Undecided(ArithmeticError):
    """A comparison that balls of this precision do not settle."""


def precision(bits: int) -> AbstractContextManager[Any]:
    """A block that computes with `bits` bits.

    Examples
    --------
    >>> with precision(100):
    ...     third = arb(1) / 3
    >>> bool(third.rad() < 2.0**-100), third.is_exact()
    (True, False)
    """
    return ctx.workprec(bits)


def matrix(rows: Sequence[Sequence[Any]]) -> arb_mat:
    """A matrix of exact numbers or balls, from its `rows`."""
    return arb_mat([[number if isinstance(number, arb) else arb(number) for number in row] for row in rows])


def total(balls: Iterable[arb]) -> arb:
    """The sum."""
    return sum(balls, arb(0))


def square(ball: arb) -> arb:
    """The square, never negative.

    Examples
    --------
    >>> bool(square(arb(0, 1)).lower() >= 0), square(arb(0, 1)).contains(arb(1))
    (True, True)
    """
    return (ball * ball).nonnegative_part()


def root(ball: arb) -> arb:
    """The square root of a number that is known not to be negative, whatever the ball `ball` says."""
    return ball.nonnegative_part().sqrt()


def proved_root(ball: arb) -> arb:
    """The square root of a number that may be negative.

    Raises
    ------
    Undecided
        If the `ball` does not prove that it is not: then the root may not be defined.

    Examples
    --------
    >>> float(proved_root(arb(4)))
    2.0
    """
    if not ball >= 0:
        raise Undecided(f"a root is defined only if what is below it is not negative; got {ball.str(5)}")
    return ball.sqrt()


def power(ball: arb, exponent: int) -> arb:
    """An integer power; even ones are never negative.

    Examples
    --------
    >>> power(arb(-2), 3) == -8, power(arb(2), -1) == 0.5
    (True, True)
    """
    if exponent < 0:
        return 1 / power(ball, -exponent)
    if exponent % 2:
        return ball * power(ball, exponent - 1)
    return square(power(ball, exponent // 2)) if exponent else arb(1)


def norm(balls: Iterable[arb]) -> arb:
    """The Euclidean norm."""
    return root(total(map(square, balls)))


def largest(balls: Iterable[arb]) -> arb:
    """The largest of some numbers, at least one."""
    first, *rest = balls
    for ball in rest:
        first = first.max(ball)
    return first


def hull(lower: arb, upper: arb) -> arb:
    """The smallest ball that holds two balls."""
    return lower.union(upper)


def fraction(exact: arb) -> Fraction:
    """An exact ball as a fraction.

    Raises
    ------
    ValueError
        If the ball has a radius.

    Examples
    --------
    >>> fraction(arb(0.75))
    Fraction(3, 4)
    """
    if not exact.is_exact() or not exact.is_finite():
        raise ValueError(f"ball must be one number; got {exact}")
    mantissa, exponent = map(int, exact.man_exp())
    return Fraction(mantissa) * Fraction(2) ** exponent


def width(ball: arb) -> arb:
    """The radius; infinite for what is not a number."""
    return ball.rad() if ball.is_finite() else arb.pos_inf()
