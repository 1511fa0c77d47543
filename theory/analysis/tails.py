"""Taylor coefficients far from 0, each relative to a power of |z|.

The slope of ``sqrt(1 + z^2)`` is z / sqrt(1 + z^2): over a wide interval the two grow alike, and interval
arithmetic, which forgets that they belong together, bounds the quotient by the width. Here coefficient k of a
function that grows like |z|^p is w^(p - k) I_k, w = |z|, and the arithmetic is that of the I_k: products,
roots and logarithms never see w.
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from theory.analysis.functions import Undefined, softplus
from theory.analysis.interval import ONE, ZERO, Interval, common, exp, integer, log, number
from theory.analysis.taylor import Jet, composed, jet, outer, power_jet, product, total
from theory.expressions.activations import z


@dataclass(frozen=True)
class Tail:
    """A jet whose coefficient k is w^(`degree` - k) times `factors`[k]."""

    degree: sp.Rational
    factors: Jet


def has_tail(expr: sp.Expr) -> bool:
    """Whether an expression has powers or logarithms that natural enclosures lose far out.

    Examples
    --------
    >>> has_tail(sp.sqrt(1 + z**2)), has_tail(sp.tanh(z)), has_tail(z**2)
    (True, False, False)
    """
    inner = (node for node in sp.preorder_traversal(expr) if node.is_Pow or isinstance(node, sp.log))
    return any(node.has(z) and not (node.is_Pow and node.exp.is_Integer and node.exp > 0) for node in inner)


def far_jet(expr: sp.Expr, box: Interval, order: int) -> Jet:
    """Enclosures of the Taylor coefficients of a smooth expression over a bounded interval without 0.

    Parameters
    ----------
    expr : sympy.Expr
        As for :func:`theory.analysis.taylor.jet`.
    box : Interval
        Bounded; does not hold 0.
    order : int
        The highest derivative.

    Returns
    -------
    list of Interval
        As of :func:`theory.analysis.taylor.jet`.

    Raises
    ------
    Undefined
        If the expression could not be shown to be defined on the whole interval.

    Examples
    --------
    >>> from theory.analysis.interval import interval
    >>> box, expr = interval(2**60, 2**61), sp.sqrt(1 + z**2)
    >>> slopes = [found[1].size for found in (jet(expr, box, 2), far_jet(expr, box, 2))]
    >>> [round(float(slope), 9) for slope in slopes]
    [2.0, 1.0]
    """
    far = _Far(box, order)
    whole = far.jet(expr)
    if not expr.is_Add:
        return whole
    terms = [met(jet(term, box, order), far.jet(term)) for term in expr.args]
    return met(whole, [total(list(column)) for column in zip(*terms, strict=True)])


def met(first: Jet, second: Jet) -> Jet:
    """What two enclosures of the same jet leave of each other, `first` and `second`."""
    return [common(*pair) for pair in zip(first, second, strict=True)]


class _Far:
    def __init__(self, box: Interval, order: int) -> None:
        self.box, self.order = box, order
        self.side, self.w = integer(box.sign), box if box.sign > 0 else -box

    def jet(self, expr: sp.Expr) -> Jet:
        """The coefficients themselves."""
        return self.moved(self.tail(expr), sp.S.Zero, absolute=True)

    def power(self, exponent: sp.Rational) -> Interval:
        """w to a rational power."""
        if exponent.is_Integer:
            return self.w.power(int(exponent))
        return exp(number(exponent) * log(self.w))

    def moved(self, tail: Tail, degree: sp.Rational, absolute: bool = False) -> Jet:
        """The factors that belong to another degree; the coefficients themselves if `absolute`."""
        shift = tail.degree - degree
        powers = [self.power(shift - k if absolute else shift) for k in range(len(tail.factors))]
        return [factor * power for factor, power in zip(tail.factors, powers, strict=True)]

    def tail(self, node: sp.Expr) -> Tail:
        """The tail of any node."""
        zeros = [ZERO] * self.order
        if node == z:
            return Tail(sp.S.One, [self.side, ONE, *zeros][: self.order + 1])
        if not node.has(z):
            return Tail(sp.S.Zero, [number(node), *zeros])
        if node.is_Add:
            return self.added([self.tail(term) for term in node.args])
        if node.is_Mul:
            first, *others = (self.tail(factor) for factor in node.args)
            for other in others:
                first = Tail(first.degree + other.degree, product(first.factors, other.factors))
            return first
        return self.composed(node)

    def added(self, terms: list[Tail]) -> Tail:
        """A sum, which grows as its largest term does."""
        degree = max(term.degree for term in terms)
        first, *others = (self.moved(term, degree) for term in terms)
        for other in others:
            first = [x + y for x, y in zip(first, other, strict=True)]
        return Tail(degree, first)

    def composed(self, node: sp.Expr) -> Tail:
        """A power or a function."""
        inner = self.tail(node.args[0])
        if node.is_Pow and node.exp.is_Rational:
            powers = power_jet(inner.factors[0], node.exp, self.order)
            return Tail(inner.degree * node.exp, composed(powers, inner.factors))
        if isinstance(node, sp.log):
            # log(w^p I) = p log w + log I, of which only the value sees w
            if inner.factors[0].lower <= 0:
                raise Undefined
            factors = composed(outer(sp.log, inner.factors[0], self.order), inner.factors)
            return Tail(sp.S.Zero, [number(inner.degree) * log(self.w) + factors[0], *factors[1:]])
        if inner.degree <= 0 and not node.is_Pow:
            factors = self.moved(inner, sp.S.Zero)
            return Tail(sp.S.Zero, composed(outer(node.func, factors[0], self.order), factors))
        if node.func == softplus and inner.factors[0].lower > 0:
            return self.added([inner, self.decaying(softplus(-node.args[0]))])
        return self.decaying(node)

    def decaying(self, node: sp.Expr) -> Tail:
        """The tail of a function of something that grows, which is worth having where it settles."""
        natural = jet(node, self.box, self.order)
        return Tail(sp.S.Zero, [c * self.power(sp.Integer(k)) for k, c in enumerate(natural)])
