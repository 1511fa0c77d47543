"""A theorem as a record: what it claims, under which hypotheses, and whether it holds at a network."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import sympy as sp

from theory import bridge
from theory.quantities import latex, value
from theory.situation import Situation
from theory.uncertain import Uncertain, known

PROVED, REFUTED, CONJECTURED = "proved", "refuted", "conjectured"


@dataclass(frozen=True)
class Hypothesis:
    """A condition on (network, data, loss).

    Parameters
    ----------
    statement : str
        The condition in words.
    failure : callable
        Situation -> "" if it holds there, else what was found instead.
    """

    statement: str
    failure: Callable[[Situation], str]


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
        """Plain data for JSON; a ratio that is not finite becomes None."""
        sides = {"left": self.left, "right": self.right}
        plain: dict[str, Any] = {"applicable": self.applicable, "holds": self.holds, "why": self.why}
        for name, side in sides.items():
            plain[name] = None if side is None else {"value": float(side.value), "error": float(side.error)}
        plain["ratio"] = self.ratio if math.isfinite(self.ratio) else None
        if self.variants:
            plain["variants"] = {name: check.as_dict() for name, check in self.variants.items()}
        return plain


@dataclass(frozen=True)
class Variant:
    """One relation of a theorem, and the hypotheses it needs beyond the theorem's own.

    Parameters
    ----------
    relation : sympy.Le or sympy.Eq
        Between expressions in the symbols of :mod:`theory.quantities`.
    hypotheses : tuple of Hypothesis
    equality : str
        When the two sides are equal, if known.
    """

    relation: sp.Basic
    hypotheses: tuple[Hypothesis, ...] = ()
    equality: str = ""

    def latex(self) -> str:
        """The relation in LaTeX."""
        return latex(self.relation)

    def check(self, at: Situation) -> Check:
        """Compare the sides; the theorem's own hypotheses are taken as given."""
        failed = first_failure(self.hypotheses, at)
        if failed:
            return not_applicable(failed)
        with np.errstate(over="ignore", invalid="ignore"):
            left, right = (evaluate(side, at) for side in self.relation.args)
        if not all(map(math.isfinite, (left.value, left.error, right.value, right.error))):
            return not_applicable("a side overflows")
        return compare(left, right, isinstance(self.relation, sp.Eq))


@dataclass(frozen=True)
class Theorem:
    """A claim about two-layer networks that can be checked at any of them.

    Parameters
    ----------
    id, name : str
        A stable identifier, and what people call it.
    statement : str
        The claim in words.
    variants : dict of str to Variant
        The relations it consists of, each with a short label.
    hypotheses : tuple of Hypothesis
        Needed by every variant.
    status : {"proved", "refuted", "conjectured"}
    source : str
        Who stated it, and what is known of the original.
    proof : tuple of str
        The steps, each an identity or the name of an inequality.
    scope : str
        Losses, outputs and activations to which it extends, and to which not.
    """

    id: str
    name: str
    statement: str
    variants: dict[str, Variant]
    hypotheses: tuple[Hypothesis, ...]
    status: str
    source: str
    proof: tuple[str, ...] = ()
    scope: str = ""

    def latex(self) -> str:
        """All relations in LaTeX, one line each."""
        return " \\\\\n".join(variant.latex() for variant in self.variants.values())

    def check(self, net: Any, X: Any, y: Any, loss: Any = "squared") -> Check:
        """Check every variant at a network, with error-aware comparison.

        Parameters
        ----------
        net, X, y, loss
            As for ``twolayer.Hessian``.

        Returns
        -------
        Check
            Of the tightest variant (largest ratio, or the first that fails), with all variants inside.

        Raises
        ------
        ValueError
            If the data does not fit the network or the loss.

        Notes
        -----
        O(n m (d + m)) time beyond a forward pass, unless a variant speaks of the whole Hessian.
        """
        return self.check_at(Situation(net, X, y, loss))

    def check_at(self, at: Situation) -> Check:
        """Check at a situation, whose quantities are shared with earlier checks there."""
        failed = first_failure(self.hypotheses, at)
        if failed:
            return not_applicable(failed)
        checks = {name: variant.check(at) for name, variant in self.variants.items()}
        applicable = [check for check in checks.values() if check.applicable]
        if not applicable:
            return Check(False, None, None, math.nan, None, next(iter(checks.values())).why, checks)
        worst = min(
            applicable, key=lambda check: (check.holds, -check.ratio if check.ratio == check.ratio else 0)
        )
        return Check(True, worst.left, worst.right, worst.ratio, worst.holds, worst.why, checks)


def first_failure(hypotheses: tuple[Hypothesis, ...], at: Situation) -> str:
    """Return what is wrong with the first hypothesis that fails, or ""."""
    for hypothesis in hypotheses:
        found = hypothesis.failure(at)
        if found:
            return f"needs {hypothesis.statement}; got {found}"
    return ""


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
    return Check(True, bridge.measurement(left), bridge.measurement(right), ratio, holds, why)


def evaluate(expression: sp.Basic, at: Situation) -> Uncertain:
    """Evaluate an expression in the symbols of quantities, with its error bound.

    Raises
    ------
    ValueError
        If it is not made of quantities, rational numbers, sums, products, powers and roots.
    """
    if isinstance(expression, sp.Symbol):
        return value(expression.name, at)
    if isinstance(expression, sp.Rational):
        return known(int(expression.p)) / int(expression.q)
    if isinstance(expression, sp.Add):
        return sum((evaluate(term, at) for term in expression.args), known(0.0))
    if isinstance(expression, sp.Mul):
        return math.prod((evaluate(factor, at) for factor in expression.args), start=known(1.0))
    if isinstance(expression, sp.Pow) and (2 * expression.exp).is_Integer:
        base = evaluate(expression.base, at)
        return (
            base ** int(expression.exp)
            if expression.exp.is_Integer
            else base.sqrt() ** int(2 * expression.exp)
        )
    raise ValueError(f"expression must be made of quantities, rationals, + * ** and roots; got {expression}")
