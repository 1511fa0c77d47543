"""The exact supremum of a derivative: a critical value, or a limit at an end, that the enclosure confirms."""

from collections.abc import Iterator

import sympy as sp
from mpmath import mp

from theory.analysis.pieces import SIMPLIFY_SIZE, Piece, limit_at
from theory.analysis.suprema import FARTHEST, Box, Enclosure, derivative_period
from theory.analysis.taylor import canonical
from theory.analysis.zeros import zeros_by_factor
from theory.expressions.activations import z

# sympy's trigonometric solver takes minutes on larger equations.
TRIGONOMETRIC_SIZE = 20


def exact_supremum(parts: tuple[Piece, ...], order: int, bound: Enclosure) -> sp.Expr | None:
    """The critical value or end value of ``|s^(order)|`` that lies in the enclosure, or None.

    Examples
    --------
    >>> from theory.analysis.suprema import enclosures
    >>> parts = (Piece(sp.tanh(z), -sp.oo, sp.oo),)
    >>> exact_supremum(parts, 2, enclosures(parts)[2])
    4*sqrt(3)/9
    """
    for value in _candidates(parts, order, bound):
        if _agrees(value, bound):
            return _tidied(abs(value))
    return None


def _tidied(number: sp.Expr) -> sp.Expr:
    """The shortest of a few equal forms of a number."""
    if number.count_ops() > SIMPLIFY_SIZE:
        return number
    simple = sp.simplify(number)
    return min((simple, sp.radsimp(simple)), key=lambda form: len(str(form)))


def digits(exact: sp.Expr) -> mp.mpf:
    """A finite real sympy number to 60 digits."""
    return mp.make_mpf(sp.Float(sp.N(exact, 60), 60)._mpf_)


def _agrees(value: sp.Expr, bound: Enclosure) -> bool:
    """Whether |value| lies in the enclosure, up to the enclosure's own precision."""
    approximate = sp.N(value)
    if not (approximate.is_Number and approximate.is_finite):
        return False
    with mp.workprec(200):
        size = abs(digits(value))
        slack = size * mp.mpf(2) ** -80
        return bool(bound.lower - slack <= size <= bound.upper + slack)


def _candidates(parts: tuple[Piece, ...], order: int, bound: Enclosure) -> Iterator[sp.Expr]:
    """Values at critical points, then at finite ends, then those limits at infinity that can be it."""
    values = [(part, sp.diff(part.expr, z, order)) for part in parts]
    yield from (value.subs(z, 0) for part, value in values if _critical_at_zero(part, value))
    for part, value in values:
        points = _critical_points(sp.diff(value, z), derivative_period(part.expr))
        yield from (value.subs(z, point) for point in points if _inside(part, point))
    ends = [(part, value, end) for part, value in values for end in (part.lower, part.upper)]
    yield from (limit_at(value, end) for _, value, end in ends if not end.is_infinite)
    reached = [
        (value, end) for part, value, end in ends if end.is_infinite and _reached(part, order, end, bound)
    ]
    yield from (limit_at(value, end) for value, end in reached)


def _inside(part: Piece, point: sp.Expr) -> bool:
    return bool(sp.N(part.lower) < sp.N(point) < sp.N(part.upper))


def _reached(part: Piece, order: int, end: sp.Expr, bound: Enclosure) -> bool:
    """Whether the derivative is near its supremum far out; sympy's limits are too slow to take in vain."""
    point = FARTHEST if end > 0 else -FARTHEST
    far = Box(canonical(part.expr), point, point).derivatives()[order].size
    return bool(far >= bound.lower * (1 - mp.mpf("1e-9")))


def _critical_at_zero(part: Piece, value: sp.Expr) -> bool:
    """Whether z = 0 is a critical point: by symmetry it often is, where no other can be solved for."""
    return bool(part.lower < 0 < part.upper and sp.diff(value, z).subs(z, 0) == 0)


def _critical_points(slope: sp.Expr, period: sp.Expr | None) -> list[sp.Expr]:
    """The real zeros of `slope` that sympy can list, one period of them if there is one."""
    if slope.has(sp.sin, sp.cos):
        return _trigonometric_zeros(slope, period)
    return [zero for zeros in zeros_by_factor(slope) if zeros is not None for zero in zeros]


def _trigonometric_zeros(slope: sp.Expr, period: sp.Expr | None) -> list[sp.Expr]:
    arguments = {node.args[0] for node in slope.atoms(sp.sin, sp.cos)}
    if period is None or len(arguments) > 1 or slope.count_ops() > TRIGONOMETRIC_SIZE:
        return []
    try:
        zeros = sp.solveset(slope, z, sp.Interval(0, period))
    except (NotImplementedError, ValueError):
        return []
    return list(zeros) if isinstance(zeros, sp.FiniteSet) else []
