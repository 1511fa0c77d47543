"""What a user may give as an activation, and whether it is one."""

from collections.abc import Iterable

import sympy as sp

from theory.analysis.functions import Undefined
from theory.analysis.interval import interval
from theory.analysis.pieces import Piece, pieces
from theory.analysis.suprema import Box, boxes, one_period
from theory.analysis.taylor import jet
from theory.expressions.activations import ACTIVATIONS, z
from theory.expressions.grammar import parse_activation

SPLITS, BUDGET = 50, 4000

FASTEST = 2**53
"""The largest number within a sine: beyond it, float64 has no digit of the angle left where z is near 1."""


def activation_expression(activation: str | sp.Expr) -> sp.Expr:
    """The expression in ``theory.expressions.activations.z`` of anything that may be given as an activation.

    Parameters
    ----------
    activation : str or sympy.Expr
        The name of a built-in, a formula in ``z`` (:func:`theory.expressions.grammar.parse_activation`), or a
        sympy expression in one symbol, whatever its name; a float in it is read as the shortest decimal.

    Returns
    -------
    sympy.Expr

    Raises
    ------
    ValueError
        If it is no formula, is constant, or is not shown to be defined, real and smooth but for finitely
        many kinks. (That it is continuous there is checked by :func:`theory.analysis.constants.constants`.)
    TypeError
        If it is neither text nor a sympy expression.

    Examples
    --------
    >>> activation_expression("gelu(2*z)"), activation_expression(sp.Symbol("x") ** 2)
    (z*(erf(sqrt(2)*z) + 1), z**2)
    >>> activation_expression("log(z)")
    Traceback (most recent call last):
    ...
    ValueError: activation must be defined, real and smooth but for finitely many kinks; got log(z), which \
is not shown to be so near z = 0
    """
    if isinstance(activation, str):
        return ACTIVATIONS[activation] if activation in ACTIVATIONS else checked(parse_activation(activation))
    if not isinstance(activation, sp.Expr):
        kind = type(activation).__name__
        raise TypeError(f"activation must be a name, a formula in z or a sympy expression; got {kind}")
    return checked(_in_z(activation))


def checked(expr: sp.Expr) -> sp.Expr:
    """`expr` itself, if it depends on z and is shown to be defined, real and smooth but for its kinks.

    Raises
    ------
    ValueError
        If it is not.
    """
    if expr.has(sp.I, sp.zoo, sp.nan, sp.oo):
        raise ValueError(f"activation must be real; got {expr}")
    waves = expr.atoms(sp.sin, sp.cos)
    fast = [wave for wave in waves if any(abs(n) > FASTEST for n in wave.atoms(sp.Rational))]
    if fast:  # said before sympy halves the angle a thousand times
        raise ValueError(
            f"activation must have numbers of at most 2^53 within a sine; got {str(fast[0])[:50]}"
        )
    parts = pieces(expr)
    if not any(part.expr.has(z) for part in parts):
        raise ValueError(f"activation must depend on z between its kinks; got {expr}")
    where = undefined_near(parts)
    if where is not None:
        raise ValueError(
            "activation must be defined, real and smooth but for finitely many kinks; "
            f"got {expr}, which is not shown to be so near z = {where}"
        )
    return expr


def undefined_near(parts: tuple[Piece, ...]) -> str | None:
    """A place where `parts` could not be shown to be defined, in words; None where there is none.

    Examples
    --------
    >>> undefined_near(pieces(1 / (z - 3))), undefined_near(pieces(1 / (z**2 + 3)))
    ('3', None)
    """
    start = [box for part in one_period(parts) for box in boxes(part)]
    stack = [(box, SPLITS) for box in sorted(start, key=_distance, reverse=True)]
    for _ in range(BUDGET):
        if not stack:
            return None
        box, left = stack.pop()
        if _defined(box):
            continue
        if not left or not box.bounded:
            return _place(box)
        stack.extend((half, left - 1) for half in reversed(box.halves()))
    return _place(stack[-1][0])


def _distance(box: Box) -> float:
    return float(min(abs(box.lower), abs(box.upper)))


def _defined(box: Box) -> bool:
    try:
        jet(box.expr, interval(box.lower, box.upper), 0)
    except Undefined:
        return False
    return True


def _place(box: Box) -> str:
    if not box.bounded:
        return "infinity"
    middle = float(box.middle())
    return "0" if abs(middle) < 1e-9 else f"{middle:.6g}"


def _in_z(expr: sp.Expr) -> sp.Expr:
    symbols: Iterable[sp.Symbol] = expr.free_symbols
    if len(expr.free_symbols) != 1:
        names = ", ".join(sorted(str(symbol) for symbol in symbols)) or "none"
        raise ValueError(f"activation must be an expression in one symbol; got {expr} with symbols {names}")
    exact = {number: sp.Rational(str(float(number))) for number in expr.atoms(sp.Float)}
    return expr.xreplace({next(iter(symbols)): z} | exact)
