"""Comparing the two sides of a relation, aware of their errors."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import sympy as sp

from theory.bridge import network
from theory.bridge.network import Uncertain, known
from theory.quantities.network import Situation
from theory.quantities.registry import value


@dataclass(frozen=True)
class Check:
    """What a theorem says at one network.

    Parameters
    ----------
    applicable : bool
        Whether every hypothesis holds there.
    left, right : Measurement or None
        The two sides with their rounding bounds; None where not applicable.
    ratio : float
        left / right: 1 is equality. NaN where not applicable or 0 / 0.
    holds : bool or None
        False only if the sides are on the wrong sides beyond their rounding bounds; None where not
        applicable.
    why : str
        The comparison, or the hypothesis that fails, in words.
    variants : dict of str to Check
        The same for each variant; the record itself repeats the tightest one.
    """

    applicable: bool
    left: Any
    right: Any
    ratio: float
    holds: bool | None
    why: str
    variants: dict[str, Check] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON; a ratio that is not finite becomes None, and so does an unbounded error."""
        sides = {"left": self.left, "right": self.right}
        plain: dict[str, Any] = {"applicable": self.applicable, "holds": self.holds, "why": self.why}
        for name, side in sides.items():
            plain[name] = None if side is None else {"value": float(side.value), "error": float(side.error)}
        plain["ratio"] = self.ratio if math.isfinite(self.ratio) else None
        plain["ratio_error"] = None if plain["ratio"] is None else _quotient_error(plain)
        if self.variants:
            plain["variants"] = {name: check.as_dict() for name, check in self.variants.items()}
        return plain


def _quotient_error(plain: dict[str, Any]) -> float | None:
    """A bound of the error of left / right; None where the right side may be zero."""
    left, right = (Uncertain(**plain[side]) for side in ("left", "right"))
    error = (left / right).error
    return error if math.isfinite(error) else None


def not_applicable(why: str) -> Check:
    """A check that could not be made."""
    return Check(False, None, None, math.nan, None, why)


def compare(left: Uncertain, right: Uncertain, equal: bool) -> Check:
    """Compare two sides; a relation fails only beyond their error bounds.

    Examples
    --------
    >>> compare(Uncertain(2.0, 0.1), Uncertain(1.95, 0.1), equal=False).holds
    True
    >>> compare(Uncertain(2.0, 0.1), Uncertain(1.75, 0.1), equal=False).why
    'left exceeds right by 0.25, rounding by at most 0.2'
    """
    gap, error = left.value - right.value, left.error + right.error
    holds = abs(gap) <= error if equal else gap <= error
    ratio = (
        left.value / right.value
        if right.value
        else (math.nan if left.value == 0 else math.copysign(math.inf, gap))
    )
    if holds:
        why = "left = right within rounding" if abs(gap) <= error else "left < right"
    else:
        verb = "exceeds" if gap > 0 else "falls short of"
        why = f"left {verb} right by {abs(gap):.3g}, rounding by at most {error:.3g}"
    return Check(True, network.measurement(left), network.measurement(right), ratio, holds, why)


def evaluate(expression: sp.Basic, at: Situation) -> Uncertain:
    """Evaluate an expression in the symbols of quantities, with its error bound.

    Raises
    ------
    ValueError
        If it is not made of quantities, rational numbers, sums, products, powers and roots.
    """
    return arithmetic(
        expression, lambda name: value(name, at), lambda number: known(int(number.p)) / int(number.q)
    )


def arithmetic(
    expression: sp.Basic, quantity: Callable[[str], Any], constant: Callable[[sp.Rational], Any]
) -> Any:
    """Evaluate an expression in the symbols of quantities in any arithmetic that has + * ** abs and sqrt.

    Parameters
    ----------
    expression : sympy.Expr
    quantity, constant : callable
        What stands for the quantity of a name, and for a rational number.

    Raises
    ------
    ValueError
        If it is not made of quantities, rational numbers, sums, products, powers, roots and absolute values.
    """
    if isinstance(expression, sp.Symbol):
        return quantity(expression.name)
    if isinstance(expression, sp.Rational):
        return constant(expression)
    if isinstance(expression, sp.Add | sp.Mul | sp.Abs):
        terms = [arithmetic(each, quantity, constant) for each in expression.args]
        if isinstance(expression, sp.Abs):
            return abs(terms[0])
        return (
            sum(terms, constant(sp.S.Zero))
            if expression.is_Add
            else math.prod(terms, start=constant(sp.S.One))
        )
    if isinstance(expression, sp.Pow) and (2 * expression.exp).is_Integer:
        base = arithmetic(expression.base, quantity, constant)
        whole = expression.exp.is_Integer
        return base ** int(expression.exp) if whole else base.sqrt() ** int(2 * expression.exp)
    raise ValueError(f"expression must be made of quantities, rationals, + * ** and roots; got {expression}")
