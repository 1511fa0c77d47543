"""An activation with kinks as its smooth pieces.

``Max``, ``Min``, ``Abs``, ``sign`` and ``Piecewise`` are resolved on the intervals between the points where
they switch; between two such points the activation is one smooth expression. Derivatives are taken piece
by piece, and the value at a switch point is the limit from the left, as torch takes it for ReLU.
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import sympy as sp
from sympy.functions.elementary.miscellaneous import MinMaxBase

from theory.analysis.interval import number
from theory.analysis.taylor import value_at
from theory.analysis.zeros import real_zeros
from theory.expressions.activations import z

# Nested switches can double the number of pieces each time.
MAX_SWITCHES = 8
# sympy's simplification can take minutes on larger expressions.
SIMPLIFY_SIZE = 60
SWITCHES = (MinMaxBase, sp.Abs, sp.sign, sp.Heaviside, sp.Piecewise)


@dataclass(frozen=True)
class Piece:
    """One smooth expression in ``z``, valid on ``lower < z <= upper``."""

    expr: sp.Expr
    lower: sp.Expr
    upper: sp.Expr

    def inner_point(self) -> sp.Expr:
        """A point strictly inside the interval."""
        if self.lower.is_infinite and self.upper.is_infinite:
            return sp.Rational(1, 3)
        if self.lower.is_infinite:
            return self.upper - 1
        return self.lower + 1 if self.upper.is_infinite else (self.lower + self.upper) / 2


@lru_cache(maxsize=256)
def pieces(expr: sp.Expr) -> tuple[Piece, ...]:
    """The smooth pieces of an activation, from left to right.

    Parameters
    ----------
    expr : sympy.Expr
        An expression in ``theory.expressions.activations.z``.

    Returns
    -------
    tuple of Piece
        Adjacent, covering the real line; neighbours have different expressions.

    Raises
    ------
    ValueError
        If the switch points are not finitely many numbers that sympy can solve for, or there are more than
        ``MAX_SWITCHES`` functions that switch.

    Examples
    --------
    >>> [(piece.expr, piece.upper) for piece in pieces(sp.Max(0, z))]
    [(0, 0), (z, oo)]
    """
    switches = [node for node in sp.preorder_traversal(expr) if isinstance(node, SWITCHES)]
    if len(switches) > MAX_SWITCHES:
        raise ValueError(
            f"activation must hold at most {MAX_SWITCHES} of max, min, abs and the like; got {len(switches)}"
        )
    return _merged(_resolved(Piece(expr, -sp.oo, sp.oo)))


def piecewise(parts: tuple[Piece, ...]) -> sp.Expr:
    """One expression again: the piece itself, or a ``Piecewise`` with the limit from the left.

    Examples
    --------
    >>> piecewise(pieces(sp.Max(0, z)))
    Piecewise((0, z <= 0), (z, True))
    """
    if len(parts) == 1:
        return parts[0].expr
    branches = [(part.expr, z <= part.upper) for part in parts[:-1]]
    return sp.Piecewise(*branches, (parts[-1].expr, True))


def differentiated(parts: tuple[Piece, ...], order: int) -> tuple[Piece, ...]:
    """The derivative of each piece, `order` times."""
    return tuple(Piece(sp.diff(part.expr, z, order), part.lower, part.upper) for part in parts)


def limit_at(expr: sp.Expr, point: sp.Expr, side: str = "+") -> sp.Expr:
    """The limit of a smooth expression at a point or an infinity; nan where sympy does not find it.

    Examples
    --------
    >>> limit_at(sp.tanh(z), sp.oo), limit_at(z**2, sp.Integer(3))
    (1, 9)
    """
    value = sp.nan if point.is_infinite else expr.subs(z, point)
    if value.is_finite:
        return value
    try:
        return sp.limit(expr, z, point, side)
    except (NotImplementedError, ValueError):
        return sp.nan


def vanishes(expr: sp.Expr) -> bool:
    """Whether an expression in ``z`` is shown to be identically zero; sympy is asked only if numbers agree.

    Examples
    --------
    >>> vanishes(sp.sin(z) ** 2 + sp.cos(z) ** 2 - 1), vanishes(sp.tanh(z) - z)
    (True, False)
    """
    if expr == 0:
        return True
    if not all(value_at(expr, sp.Rational(k, 7)).has_zero for k in (-9, 2, 17)):
        return False
    return sp.expand(expr) == 0 or (expr.count_ops() <= SIMPLIFY_SIZE and sp.simplify(expr) == 0)


def _resolved(piece: Piece) -> list[Piece]:
    switch = next((node for node in sp.postorder_traversal(piece.expr) if isinstance(node, SWITCHES)), None)
    if switch is None:
        return [piece]
    ends = [piece.lower, *_switch_points(switch, piece), piece.upper]
    resolved: list[Piece] = []
    for lower, upper in pairwise(ends):
        point = Piece(switch, lower, upper).inner_point()
        branch = piece.expr.xreplace({switch: _branch(switch, point)})
        resolved += _resolved(Piece(branch, lower, upper))
    return resolved


def _branch(switch: sp.Expr, point: sp.Expr) -> sp.Expr:
    """What `switch` equals in a neighbourhood of `point`, where none of its arguments cross."""
    if isinstance(switch, MinMaxBase):
        sign = 1 if isinstance(switch, sp.Max) else -1
        return max(switch.args, key=lambda arg: sign * value_at(arg, point).lower)
    if isinstance(switch, sp.Piecewise):
        holding = [branch for branch, condition in switch.args if condition.subs(z, point) == sp.true]
        if not holding:
            raise ValueError(
                f"activation must have a case for every real z; got {switch}, with none at z = {point}"
            )
        return holding[0]
    positive = value_at(switch.args[0], point).lower > 0
    if isinstance(switch, sp.Abs):
        return switch.args[0] if positive else -switch.args[0]
    value = 1 if positive else 0 if isinstance(switch, sp.Heaviside) else -1
    return sp.Integer(value)


def _switch_points(switch: sp.Expr, piece: Piece) -> list[sp.Expr]:
    roots = {root for crossing in _crossings(switch) for root in _solved(crossing)}
    inside = [root for root in roots if _below(piece.lower, root) and _below(root, piece.upper)]
    return sorted(inside, key=lambda root: sp.N(root, 30))


def _below(first: sp.Expr, second: sp.Expr) -> bool:
    """Whether one number is less than another, by more than a rounding at 90 bits."""
    if first.is_infinite or second.is_infinite:
        return bool(first < second)
    return bool(number(second - first).lower > 2.0**-90)


def _crossings(switch: sp.Expr) -> list[sp.Expr]:
    if isinstance(switch, MinMaxBase):
        args = switch.args
        return [first - second for i, first in enumerate(args) for second in args[:i]]
    if isinstance(switch, sp.Piecewise):
        relations = set().union(
            *(condition.atoms(sp.core.relational.Relational) for _, condition in switch.args)
        )
        return [relation.lhs - relation.rhs for relation in relations]
    return [switch.args[0]]


def _solved(crossing: sp.Expr) -> list[sp.Expr]:
    zeros = real_zeros(crossing)
    if zeros is None:
        raise ValueError(
            "activation must have finitely many kinks that can be solved for; "
            f"got the crossing {crossing} = 0"
        )
    return zeros


def _merged(parts: list[Piece]) -> tuple[Piece, ...]:
    merged = [parts[0]]
    for part in parts[1:]:
        last = merged[-1]
        if sp.expand(last.expr - part.expr) == 0:
            merged[-1] = Piece(last.expr, last.lower, part.upper)
        else:
            merged.append(part)
    return tuple(merged)
