"""What the curvature formulas need to know about an activation, all of it derived from its expression."""

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from math import inf, nextafter

import sympy as sp
from mpmath import mp

from theory.analysis.exact_suprema import digits, exact_supremum
from theory.analysis.pieces import Piece, differentiated, limit_at, pieces, piecewise, vanishes
from theory.analysis.suprema import ORDERS, Enclosure, enclosures
from theory.analysis.taylor import value_at
from theory.expressions.activations import z
from theory.expressions.budget import within
from theory.expressions.parser import MAX_DEGREE


@dataclass(frozen=True)
class Kink:
    """A point where s, s' or s'' jumps; each jump is the limit from the right minus that from the left."""

    location: sp.Expr
    jump: sp.Expr
    jump1: sp.Expr
    jump2: sp.Expr


@dataclass(frozen=True)
class Supremum:
    """The supremum of |s^(order)| over the reals, away from kinks.

    ``value`` is a float no smaller than the supremum (inf where unbounded, or where no bound was found);
    ``exact`` the number itself, where sympy finds a critical value or a limit inside the enclosure;
    ``note`` says why a bound is inf or loose.
    """

    order: int
    value: float
    exact: sp.Expr | None
    note: str


@dataclass(frozen=True)
class Constants:
    """An activation's derivatives and constants; see :func:`constants`."""

    expr: sp.Expr
    pieces: tuple[Piece, ...]
    derivatives: tuple[sp.Expr, ...]
    suprema: tuple[Supremum, Supremum, Supremum]
    parity: str
    homogeneity: int | sp.Rational | None
    kinks: tuple[Kink, ...]

    @property
    def sup1(self) -> float:
        """An upper bound of |s'|."""
        return self.suprema[0].value

    @property
    def sup2(self) -> float:
        """An upper bound of |s''|."""
        return self.suprema[1].value

    @property
    def sup3(self) -> float:
        """An upper bound of |s'''|."""
        return self.suprema[2].value


@lru_cache(maxsize=64)
def constants(expr: sp.Expr, patience: float = inf) -> Constants:
    """Derivatives, suprema, parity, homogeneity and kinks of an activation.

    Parameters
    ----------
    expr : sympy.Expr
        In the real symbol ``theory.expressions.activations.z``.
    patience : float
        Seconds that the search for the exact form of a supremum may take; without it the supremum is a bound.

    Returns
    -------
    Constants
        ``derivatives`` are s, s', s'', s''' (at a kink the limit from the left); ``sup1``, ``sup2``,
        ``sup3`` bound |s'|, |s''|, |s'''| from above to about 1e-13, rigorously over every float64
        argument (:mod:`theory.analysis.suprema`); ``suprema`` holds the exact numbers as well; ``parity`` is
        "odd", "even" or ""; ``homogeneity`` the degree p of s(t z) = t^p s(z), t > 0, or None.

    Raises
    ------
    ValueError
        If the expression is not continuous, its kinks cannot be solved for, or s' or s'' is infinite at one.

    Notes
    -----
    Takes about a second for a transcendental activation; cached.

    Examples
    --------
    >>> found = constants(sp.tanh(z))
    >>> [supremum.exact for supremum in found.suprema]
    [1, 4*sqrt(3)/9, 2]
    >>> found.parity, found.homogeneity, found.kinks
    ('odd', None, ())
    >>> constants(sp.Max(0, z)).kinks
    (Kink(location=0, jump=0, jump1=1, jump2=0),)
    """
    parts = pieces(expr)
    derivatives = tuple(piecewise(differentiated(parts, order)) for order in range(4))
    kinks = _kinks(parts)
    bounds = enclosures(parts)
    first, second, third = (_supremum(parts, order, bounds[order], patience) for order in ORDERS)
    return Constants(
        expr=expr,
        pieces=parts,
        derivatives=derivatives,
        suprema=(first, second, third),
        parity=_parity(parts),
        homogeneity=_homogeneity(parts),
        kinks=kinks,
    )


def rounded_up(value: mp.mpf) -> float:
    """The smallest float that is at least `value`, or the one after.

    Examples
    --------
    >>> rounded_up(mp.mpf(1)), rounded_up(mp.mpf("0.3", prec=100))
    (1.0, 0.30000000000000004)
    """
    near = float(value)
    return near if mp.mpf(near) >= value else nextafter(near, inf)


def _supremum(parts: tuple[Piece, ...], order: int, bound: Enclosure, patience: float) -> Supremum:
    if mp.isinf(bound.upper):
        grows = "grows" in bound.note
        return Supremum(order, inf, sp.oo if grows else None, bound.note)
    exact = _in_time(parts, order, bound, patience)
    if exact is None:
        return Supremum(order, rounded_up(bound.upper), None, bound.note)
    return Supremum(order, rounded_up(digits(exact)), exact, "")


def _in_time(parts: tuple[Piece, ...], order: int, bound: Enclosure, patience: float) -> sp.Expr | None:
    """The exact supremum, if it is found in so many seconds."""
    if patience == inf:
        return exact_supremum(parts, order, bound)
    try:
        with within(patience, "the exact supremum must be found"):
            return exact_supremum(parts, order, bound)
    except ValueError:
        return None


def _parity(parts: tuple[Piece, ...]) -> str:
    mirrored = [Piece(part.expr.subs(z, -z), -part.upper, -part.lower) for part in reversed(parts)]
    for name, sign in (("odd", -1), ("even", 1)):
        same = zip(parts, mirrored, strict=True)
        if all(p.lower == q.lower and vanishes(p.expr - sign * q.expr) for p, q in same):
            return name
    return ""


def _homogeneity(parts: tuple[Piece, ...]) -> int | sp.Rational | None:
    if any(part.upper not in (0, sp.oo) for part in parts):
        return None
    sides = [(part.expr, side) for part in parts for side in _sides(part) if part.expr != 0]
    degrees = {_degree(expr, side) for expr, side in sides}
    degree = degrees.pop() if len(degrees) == 1 else None
    if degree is None:
        return None
    return int(degree) if degree.is_Integer else degree


def _sides(part: Piece) -> list[int]:
    """The signs of z that a piece covers."""
    return [sign for sign, end in ((-1, part.lower), (1, part.upper)) if end.is_infinite]


def _degree(expr: sp.Expr, side: int) -> sp.Rational | None:
    """p where ``expr = c |z|^p`` on one side of 0, from Euler's identity z s' = p s at one point."""
    value, slope = (value_at(form, sp.Integer(side)) for form in (expr, sp.diff(expr, z)))
    ratio = slope / value
    if value.has_zero or ratio.size > MAX_DEGREE:
        return None
    degree = sp.Rational(round(float(2 * side * ratio.upper)), 2)
    power = expr.subs(z, side) * (side * z) ** degree
    return degree if vanishes(expr - power) else None


def _kinks(parts: tuple[Piece, ...]) -> tuple[Kink, ...]:
    kinks = []
    for left, right in pairwise(parts):
        jumps = [_jump(left, right, order) for order in range(3)]
        if jumps[0] != 0:
            raise ValueError(
                f"activation must be continuous; got a jump of {jumps[0]} at z = {left.upper} "
                f"in {piecewise(parts)}"
            )
        if any(jump != 0 for jump in jumps):
            kinks.append(Kink(left.upper, *jumps))
    return tuple(kinks)


def _jump(left: Piece, right: Piece, order: int) -> sp.Expr:
    at = left.upper
    after = limit_at(sp.diff(right.expr, z, order), at, "+")
    before = limit_at(sp.diff(left.expr, z, order), at, "-")
    jump = sp.simplify(after - before)
    if not jump.is_finite:
        raise ValueError(
            f"activation must have finite s, s' and s'' on both sides of a kink; got {after - before} "
            f"for the jump of s{order * chr(39)} at z = {at}"
        )
    return jump
