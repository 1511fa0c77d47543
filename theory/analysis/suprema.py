"""Rigorous suprema of |s'|, |s''|, |s'''| by interval branch and bound.

The real line is cut into boxes; on each, four enclosures of a derivative compete: the natural one, the one
relative to a power of |z| (:mod:`theory.analysis.tails`), the mean-value form about the middle, and, where
the next derivative keeps its sign, the two ends alone. A box is settled once its upper bound is no more than
a part in 2^43 above a value that is taken somewhere.

The search runs over every float64 argument, |z| <= 2^1024. Beyond, the natural enclosure over [2^1024, oo)
decides where it is finite; else a derivative that is larger at the far end of that range than at |z| = 2^512
is called unbounded, and its supremum inf.
"""

from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from math import factorial

import sympy as sp
from mpmath import mp

from theory.analysis.functions import Undefined
from theory.analysis.interval import Interval, integer, interval, number
from theory.analysis.pieces import Piece, vanishes
from theory.analysis.tails import far_jet, has_tail, met
from theory.analysis.taylor import canonical, jet
from theory.expressions.activations import z

ORDERS = (1, 2, 3)
TOLERANCE = 1 + mp.ldexp(mp.mpf(1), -43)
FAR, FARTHEST = mp.ldexp(mp.mpf(1), 512), mp.ldexp(mp.mpf(1), 1024)
POWERS = [mp.ldexp(mp.mpf(1), exponent) for exponent in (0, 2, 4, 6, 10, 16, 64, 256, 512, 1024)]
CUTS = [*(-power for power in reversed(POWERS)), mp.mpf(0), *POWERS]
EXPLOSION = mp.ldexp(mp.mpf(1), 64)
GROWTH = 1 + mp.mpf("1e-9")
STEADY = mp.mpf(
    "1.5"
)  # even a logarithm doubles between 2^512 and 2^1024; a sine is only met nearer its crest
BUDGET = 2000


@dataclass(frozen=True)
class Enclosure:
    """``lower <= sup <= upper``; `note` says what went wrong, if anything."""

    lower: mp.mpf
    upper: mp.mpf
    note: str = ""


@dataclass(frozen=True)
class Box:
    """An interval of one smooth piece."""

    expr: sp.Expr
    lower: mp.mpf
    upper: mp.mpf

    @property
    def far(self) -> bool:
        """Whether the box reaches beyond `FAR`."""
        return bool(max(abs(self.lower), abs(self.upper)) > FAR)

    @property
    def bounded(self) -> bool:
        """Whether both ends are finite."""
        return bool(mp.isfinite(self.lower) and mp.isfinite(self.upper))

    def middle(self) -> mp.mpf:
        """The arithmetic middle, or the geometric one where the box spans orders of magnitude."""
        low, high = sorted((abs(self.lower), abs(self.upper)))
        if self.lower * self.upper > 0 and high > 4 * low:
            return mp.sign(self.lower) * mp.sqrt(low * high)
        return (self.lower + self.upper) / 2

    def halves(self) -> "tuple[Box, Box]":
        """The parts on either side of the middle."""
        middle = self.middle()
        return Box(self.expr, self.lower, middle), Box(self.expr, middle, self.upper)

    def derivatives(self, order: int = ORDERS[-1]) -> list[Interval]:
        """Enclosures of s, s', ... up to `order`; the whole line where s is not known to be defined."""
        over = interval(self.lower, self.upper)
        try:
            coefficients = jet(self.expr, over, order)
        except Undefined:
            return [interval(-mp.inf, mp.inf)] * (order + 1)
        if self.bounded and not over.has_zero and has_tail(self.expr):
            with suppress(Undefined):  # what the natural one shows to be defined is so
                coefficients = met(coefficients, far_jet(self.expr, over, order))
        return [integer(factorial(k)) * coefficient for k, coefficient in enumerate(coefficients)]


def boxes(part: Piece) -> Iterator[Box]:
    """The first cut of a piece, the unbounded ends included."""
    lower, upper = _end(part.lower, 0), _end(part.upper, 1)
    ends = [lower, *(cut for cut in CUTS if lower < cut < upper), upper]
    expr = canonical(part.expr)
    return (Box(expr, a, b) for a, b in pairwise(ends))


def enclosures(parts: tuple[Piece, ...]) -> dict[int, Enclosure]:
    """The suprema of |s'|, |s''|, |s'''| away from the kinks.

    Parameters
    ----------
    parts : tuple of Piece
        From :func:`theory.analysis.pieces.pieces`.

    Returns
    -------
    dict of int to Enclosure
        Keyed by the order of the derivative. A supremum that could not be bounded is inf, with a note.

    Examples
    --------
    >>> from theory.expressions.activations import z
    >>> found = enclosures((Piece(sp.sin(z), -sp.oo, sp.oo),))
    >>> [bool(0 <= found[k].upper - 1 < 1e-12) for k in (1, 2, 3)]
    [True, True, True]
    """
    search = Search([box for part in one_period(parts) for box in boxes(part)])
    search.run()
    search.look_near()
    return {order: search.enclosure(order) for order in ORDERS}


def one_period(parts: tuple[Piece, ...]) -> tuple[Piece, ...]:
    """One period of an activation whose derivative is periodic; else all of it."""
    period = derivative_period(parts[0].expr) if len(parts) == 1 else None
    return parts if period is None else (Piece(parts[0].expr, sp.S.Zero, period),)


def derivative_period(expr: sp.Expr) -> sp.Expr | None:
    """The period of s', where sympy finds one and the difference over it vanishes identically.

    Examples
    --------
    >>> from theory.expressions.activations import z
    >>> derivative_period(sp.sin(z) + z / 3)
    2*pi
    """
    slope = sp.diff(expr, z)
    if not slope.has(sp.sin, sp.cos):
        return None
    try:
        period = sp.periodicity(slope, z)
    except NotImplementedError:  # sympy knows none: the search then covers the whole line
        return None
    return period if period and vanishes(slope.subs(z, z + period) - slope) else None


class Search:
    """The state of one branch and bound, over all pieces and the three orders at once."""

    def __init__(self, cut: list[Box]) -> None:
        self.near = dict.fromkeys(ORDERS, mp.mpf(0))
        self.lower = dict.fromkeys(ORDERS, mp.mpf(0))
        self.upper = dict.fromkeys(ORDERS, mp.mpf(0))
        self.points: dict[tuple[sp.Expr, mp.mpf], list[Interval]] = {}
        over = [box.derivatives() for box in cut if not box.bounded]
        self.beyond = {order: max([d[order].size for d in over], default=mp.mpf(0)) for order in ORDERS}
        bounded = [box for box in cut if box.bounded]
        for box in bounded:
            self._at(box.expr, box.lower)
            self._at(box.expr, box.upper)
        start = {order: mp.inf for order in ORDERS if not self._grows(order, EXPLOSION)}
        self.open = deque((box, start) for box in bounded if start)

    def run(self) -> None:
        """Split boxes until all are settled or the budget is spent."""
        for _ in range(BUDGET):
            if not self.open:
                return
            box, orders = self.open.popleft()
            left = {
                order: bound for order, bound in self._bounds(box, orders) if not self._settled(order, bound)
            }
            if left:
                self.open.extend((half, left) for half in box.halves())

    def look_near(self) -> None:
        """Meet the crests near 0 of what oscillates, lest a crest far out be taken for growth."""
        unsettled = {box.expr: box for box, _ in self.open if box.far}
        for expr, box in unsettled.items():
            side = 1 if box.lower > 0 else -1
            for step in range(64):
                self._at(expr, side * mp.mpf(step) / 4)

    def enclosure(self, order: int) -> Enclosure:
        """What is known of the supremum of one derivative."""
        lower, beyond, name = self.lower[order], self.beyond[order], f"|s{order * chr(39)}|"
        left = [(box, bounds[order]) for box, bounds in self.open if order in bounds]
        found = max([self.upper[order], *(bound for _, bound in left)])
        oscillates = left and found <= 4 * lower and not self._grows(order, STEADY)
        if self._grows(order, GROWTH) and not oscillates:
            return Enclosure(lower, mp.inf, f"{name} grows without bound")
        if not oscillates and mp.isinf(beyond) and any(box.far for box, _ in left):
            return Enclosure(lower, mp.inf, f"{name} could not be bounded at infinity")
        upper = found if mp.isinf(beyond) else max(found, beyond)
        loose = f"{name} could not be bounded" if mp.isinf(upper) else f"the bound on {name} may not be tight"
        return Enclosure(lower, upper, loose if left else "")

    def _grows(self, order: int, factor: mp.mpf) -> bool:
        """Whether the derivative is larger by `factor` beyond |z| = 2^512 than before."""
        return bool(mp.isinf(self.beyond[order]) and self.lower[order] > self.near[order] * factor)

    def _bounds(self, box: Box, orders: dict[int, mp.mpf]) -> Iterator[tuple[int, mp.mpf]]:
        over = box.derivatives(max(orders) + 1)
        for order, inherited in orders.items():
            natural = min(inherited, over[order].size)
            if natural <= self.lower[order] * TOLERANCE:
                yield order, natural
            elif over[order + 1].sign:
                ends = [self._at(box.expr, point)[order].size for point in (box.lower, box.upper)]
                yield order, max(ends)
            else:
                middle = box.middle()
                offset = interval(box.lower, box.upper) - interval(middle, middle)
                yield order, min(natural, (self._at(box.expr, middle)[order] + over[order + 1] * offset).size)

    def _at(self, expr: sp.Expr, point: mp.mpf) -> list[Interval]:
        if (expr, point) not in self.points:
            values = Box(expr, point, point).derivatives()
            self.points[expr, point] = values
            for order in ORDERS:
                self._take(order, values[order].least, bool(abs(point) <= FAR))
        return self.points[expr, point]

    def _take(self, order: int, value: mp.mpf, near: bool) -> None:
        self.lower[order] = max(self.lower[order], value)
        if near:
            self.near[order] = max(self.near[order], value)

    def _settled(self, order: int, bound: mp.mpf) -> bool:
        if not bound <= self.lower[order] * TOLERANCE:
            return False
        self.upper[order] = max(self.upper[order], bound)
        return True


def _end(point: sp.Expr, side: int) -> mp.mpf:
    if point.is_infinite:
        return mp.inf if point > 0 else -mp.inf
    return mp.make_mpf(number(point).ends[side])
