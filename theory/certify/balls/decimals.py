"""Ends of balls as decimal numbers in text, rounded outwards, and back."""

from __future__ import annotations

import re
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from fractions import Fraction

from theory.certify.balls.balls import EXACT, Undecided, arb, fmpq, precision

DIGITS = 1300  # most of one number in a file
NUMBER = re.compile(rf"-?[0-9](?:\.[0-9]{{1,{DIGITS}}})?E[+-][0-9]{{1,4}}")


def ends(ball: arb, bits: int) -> list[str]:
    """Two decimals between which every number of a finite ball lies, to about its precision, `bits`.

    Raises
    ------
    Undecided
        If the ball is not finite, or reaches beyond 10^9999.

    Examples
    --------
    >>> ends(arb(3) / 4, 53), ends(arb(0), 53)
    (['7.5E-1', '7.5E-1'], ['0E+0', '0E+0'])
    """
    if not ball.is_finite():
        raise Undecided(f"{ball} has no finite ends")
    digits = max(6, int(0.301 * bits))
    with precision(2 * bits + 64):
        wide = ball + arb(0, ball.rad())  # room for another machine's approximate eigenvectors
        return [_decimal(wide.lower(), digits, ROUND_FLOOR), _decimal(wide.upper(), digits, ROUND_CEILING)]


def _decimal(exact: arb, digits: int, rounding: str) -> str:
    mantissa, exponent = map(int, exact.mid().man_exp())
    context = Context(prec=digits, rounding=rounding, Emax=10**6, Emin=-(10**6))
    if exponent + mantissa.bit_length() > 33_000:
        raise Undecided(f"{exact.str(5)} is out of range")
    if mantissa and exponent + mantissa.bit_length() < -33_000:
        up = rounding == ROUND_CEILING
        return ("1E-9900" if up else "0E+0") if mantissa > 0 else ("0E+0" if up else "-1E-9900")
    if exponent >= 0:
        return _scientific(context.plus(Decimal(mantissa << exponent)))
    return _scientific(context.divide(Decimal(mantissa), Decimal(1 << -exponent)))


def _scientific(number: Decimal) -> str:
    sign, digits, exponent = number.normalize(Context(prec=10**4, Emax=10**6, Emin=-(10**6))).as_tuple()
    text = "".join(map(str, digits))
    power = 0 if text == "0" else int(exponent) + len(text) - 1
    return f"{'-' * sign}{text[0]}{'.' * (len(text) > 1)}{text[1:]}E{power:+d}"


def number(text: str) -> Fraction:
    """The decimal `text` as an exact fraction.

    Raises
    ------
    ValueError
        If it is not written as :func:`ends` writes it.

    Examples
    --------
    >>> number("-2.5E-1")
    Fraction(-1, 4)
    """
    if not NUMBER.fullmatch(text):
        raise ValueError(f"a number must be a decimal such as 1.25E-3; got {text[:40]!r}")
    return Fraction(text)


def inside(ball: arb, low: Fraction, high: Fraction) -> bool:
    """Whether a ball certainly lies between `low` and `high`."""
    if not ball.is_finite():
        return False
    with precision(EXACT):
        return bool(ball >= _ball(low) and ball <= _ball(high))


def outside(ball: arb, low: Fraction, high: Fraction) -> bool:
    """Whether a ball certainly has no number between `low` and `high`."""
    with precision(EXACT):
        return bool(ball < _ball(low) or ball > _ball(high))


def _ball(end: Fraction) -> arb:
    return arb(fmpq(end.numerator, end.denominator))
