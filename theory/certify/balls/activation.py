"""An activation and its derivatives in balls, from its one expression."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

import sympy as sp
from mpmath import mp

from theory.analysis.admission import activation_expression
from theory.analysis.constants import Constants, constants
from theory.analysis.pieces import pieces
from theory.analysis.suprema import enclosures
from theory.certify.balls.balls import EXACT, Undecided, arb, fraction, power, precision
from theory.certify.balls.programs import Program, evaluated
from theory.expressions.activations import ACTIVATIONS, z
from theory.expressions.budget import Allowance
from theory.expressions.stable import derivatives

SECONDS, VOUCHED = 4.5, 600.0
"""What a formula that nobody vouches for may take, from its words to its constants, and a built-in one."""

Exact = Callable[[], arb]
SPELLED = {"Max": "max", "Min": "min", "Abs": "abs", "E": "exp(1)"}  # sympy's words as formulas have them
SPELLING = re.compile(r"\b(?:Max|Min|Abs|E)\b")


@dataclass(frozen=True)
class BallActivation:
    """The smooth pieces of an activation, each with s, s' and s'' as a program.

    Parameters
    ----------
    text : str
        Its name or formula.
    expression : sympy.Expr
    pieces : tuple of (Program, sympy.Expr)
        From left to right, each up to and with the point given.
    """

    text: str
    expression: sp.Expr
    pieces: tuple[tuple[Program, sp.Expr], ...]

    @property
    def _allowance(self) -> Allowance:
        return allowance(self.text, self.expression in ACTIVATIONS.values())

    @property
    def constants(self) -> Constants:
        """Suprema, homogeneity and kinks; ValueError where a formula's are not found in time."""
        with self._allowance.within("the constants of its activation must be found"):
            return constants(self.expression)

    @property
    def suprema(self) -> tuple[tuple[arb, arb], ...]:
        """Proved bounds, from below and above, of the suprema of the first three derivatives' sizes."""
        with self._allowance.within("the suprema of its activation must be bounded"):
            return _suprema(self.expression)

    def jet(self, at: arb, exact: Exact | None = None) -> list[arb]:
        """s, s' and s'' over a ball; at a kink the limit from the left.

        Parameters
        ----------
        at : arb
        exact : callable, optional
            Gives the number itself without a radius, if `at` is a rounding of one.

        Raises
        ------
        Undecided
            If the ball reaches over a kink and there is no exact number to ask.
        """
        for program, upper in self.pieces:
            if upper is sp.oo or _at_most(at, upper, exact):
                return program(at)
        raise AssertionError("the last piece reaches to infinity")

    def at_kink(self, at: arb, exact: Exact | None = None) -> bool:
        """Whether a number, given by a ball `at` and perhaps itself by `exact`, is a kink."""
        return len(self.pieces) > 1 and any(
            at.overlaps(evaluated(kink.location)) and _equal(at, kink.location, exact)
            for kink in self.constants.kinks
        )


@cache
def allowance(text: str, vouched: bool) -> Allowance:
    """What may be spent on the activation `text` in all: more if it is `vouched`, a built-in one, to end.

    Examples
    --------
    >>> allowance("z*sin(z)", False).seconds, allowance("z*sin(z)", False) is allowance("z*sin(z)", False)
    (4.5, True)
    """
    return Allowance(VOUCHED if vouched else SECONDS)


@cache
def _suprema(expression: sp.Expr) -> tuple[tuple[arb, arb], ...]:
    found = enclosures(pieces(expression))
    return tuple((_ball(found[order].lower), _ball(found[order].upper)) for order in sorted(found))


def _ball(number: mp.mpf) -> arb:
    """The number itself: those of mpmath are binary."""
    if mp.isinf(number):
        return arb.pos_inf()
    _, mantissa, exponent, _ = number._mpf_
    with precision(EXACT):
        return arb(int(mantissa)) * power(arb(2), exponent)


@cache
def activation(text: str) -> BallActivation:
    """The activation called `text`, or given by that formula.

    Raises
    ------
    ValueError
        If it is neither.

    Examples
    --------
    >>> [float(ball) for ball in activation("relu").jet(arb(3))]
    [3.0, 1.0, 0.0]
    >>> [float(ball) for ball in activation("relu").jet(arb(0))]
    [0.0, 0.0, 0.0]
    """
    expression = activation_expression(text)
    parts = [(Program(derivatives(part.expr, z, 2), [z]), part.upper) for part in pieces(expression)]
    return BallActivation(text, expression, tuple(parts))


def name_of(record: Any) -> str:
    """The text from which the activation of a network, `record`, can be made again.

    Raises
    ------
    ValueError
        If its expression is not one that the grammar of formulas can write.

    Examples
    --------
    >>> import twolayer as tl
    >>> name_of(tl.TwoLayer([1.0], [[1.0]], activation="relu").activation)
    'relu'
    """
    if record.name in ACTIVATIONS and str(ACTIVATIONS[record.name]) == record.expression:
        return str(record.name)
    text = SPELLING.sub(lambda word: SPELLED[word[0]], record.expression)
    try:
        same = str(activation_expression(text)) == record.expression
    except ValueError:
        same = False
    if not same:
        raise ValueError(f"activation must be one that a formula can write; got {record.expression[:80]}")
    return text


def _at_most(at: arb, upper: sp.Expr, exact: Exact | None) -> bool:
    bound = evaluated(upper)
    if at <= bound:
        return True
    return not at > bound and _difference(at, upper, exact) <= 0


def _equal(at: arb, point: sp.Expr, exact: Exact | None) -> bool:
    return _difference(at, point, exact) == 0


def _difference(at: arb, point: sp.Expr, exact: Exact | None) -> int:
    """The sign of a number less a point that its ball does not tell it from."""
    if exact is None and not at.is_exact():
        raise Undecided(f"{at} reaches over a kink at {point}")
    if not point.is_Rational:
        return _sign_of_irrational(exact() if exact else at, point)
    gap = fraction(exact() if exact else at) - Fraction(int(point.p), int(point.q))
    return (gap > 0) - (gap < 0)


def _sign_of_irrational(at: arb, point: sp.Expr) -> int:
    with precision(EXACT):
        gap = at - evaluated(point)
    if gap > 0:
        return 1
    if gap < 0:
        return -1
    raise Undecided(f"{at} is not told from a kink at {point}")
