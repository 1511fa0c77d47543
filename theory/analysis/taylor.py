"""Enclosures of an expression and its derivatives over an interval: interval Taylor arithmetic.

Every elementary function is a polynomial system: a few basis functions whose derivatives are polynomials in
the basis (tanh and sech: T' = S^2, S' = -S T). The system gives the derivatives of any order, and keeps the
relative accuracy of what vanishes at infinity, which 1 - T^2 would lose.
"""

from collections.abc import Callable
from functools import cache, lru_cache
from math import comb, factorial, inf

import sympy as sp

from theory.analysis.functions import SYSTEMS, Undefined, sigmoid, softplus, tail
from theory.analysis.interval import ONE, ZERO, Interval, exp, integer, interval, log, number
from theory.expressions.activations import z

Jet = list[Interval]


def jet(expr: sp.Expr, box: Interval, order: int) -> Jet:
    """Enclosures of the Taylor coefficients of a smooth expression in ``z`` over an interval.

    Parameters
    ----------
    expr : sympy.Expr
        Built from numbers, ``z``, sums, products, constant powers and the functions of ``SYSTEMS``; passed
        through :func:`canonical` first if it should keep its accuracy far out.
    box : Interval
        May be unbounded.
    order : int
        The highest derivative.

    Returns
    -------
    list of Interval
        Entry k contains ``expr^(k)(z) / k!`` for every z in the box.

    Raises
    ------
    Undefined
        If the expression could not be shown to be defined on the whole box.
    ValueError
        If the expression holds a function that is not in ``SYSTEMS``.

    Examples
    --------
    >>> [int(coefficient.upper) for coefficient in jet(z**2, integer(3), 2)]
    [9, 6, 1]
    """
    known: dict[sp.Expr, Jet] = {}

    def enclosed(node: sp.Expr) -> Jet:
        if node not in known:
            known[node] = _node(node, enclosed, box, order)
        return known[node]

    return enclosed(expr)


def value_at(expr: sp.Expr, point: sp.Expr) -> Interval:
    """An enclosure of ``expr`` at a real number `point`; the whole line where it is not defined.

    Unlike sympy's evaluation it takes no longer for the sine of a tower of exponentials.

    Examples
    --------
    >>> value_at(z**2, sp.Integer(3)).lower, value_at(sp.sin(sp.exp(sp.exp(z))), sp.Integer(900)).upper
    (mpf('9.0'), mpf('1.0'))
    """
    try:
        return jet(canonical(expr), number(point), 0)[0]
    except Undefined:
        return interval(-inf, inf)


@lru_cache(maxsize=256)
def canonical(expr: sp.Expr) -> sp.Expr:
    """The same function, `expr`, in the elementary functions that keep their accuracy far out.

    ``tail`` is ``erfc``, which sympy would rewrite: ``erfc(-z)`` becomes ``2 - erfc(z)``.

    Examples
    --------
    >>> canonical(z / (1 + sp.exp(-z))), canonical(1 + sp.erf(z))
    (z*sigmoid(z), tail(-z))
    """
    w = sp.Wild("w", properties=[lambda inner: inner.has(z)])
    n = sp.Wild("n", properties=[lambda power: power.is_number])
    if expr.is_polynomial(z):
        return sp.expand(expr)
    return (
        expr.replace(sp.log(1 + sp.exp(w)), softplus(w))
        .replace(sp.log((1 + sp.exp(w)) ** n), n * softplus(w))
        .replace((1 + sp.exp(w)) ** n, sigmoid(-w) ** (-n))
        .replace(sp.log(sp.cosh(w)), w + softplus(-2 * w) - sp.log(2))
        .replace(sp.cosh(w) ** (-n), sp.sech(w) ** n)
        .replace(1 + sp.erf(w), tail(-w))
        .replace(1 - sp.erf(w), tail(w))
        .replace(sp.erfc(w), tail(w))
    )


def _node(node: sp.Expr, enclosed: Callable[[sp.Expr], Jet], box: Interval, order: int) -> Jet:
    zeros = [ZERO] * order
    if node == z:
        return [box, ONE, *zeros][: order + 1]
    if not node.has(z):
        return [_constant(node), *zeros]
    if node.is_Add:
        return [total(list(column)) for column in zip(*map(enclosed, node.args), strict=True)]
    if node.is_Mul:
        result = enclosed(node.args[0])
        for factor in node.args[1:]:
            result = product(result, enclosed(factor))
        return result
    if node.is_Pow and not node.exp.has(z):
        inner = enclosed(node.base)
        return composed(power_jet(inner[0], node.exp, order), inner)
    if node.func not in SYSTEMS:
        names = ", ".join(sorted(str(function).replace("tail", "erfc") for function in SYSTEMS))
        raise ValueError(f"activation must be made of powers and {names}; got {node.func}")
    inner = enclosed(node.args[0])
    return composed(outer(node.func, inner[0], order), inner)


_constant = cache(number)


@cache
def _terms(function: sp.Expr, order: int) -> list[list[tuple[Interval, dict[sp.Symbol, int]]]]:
    """The derivatives of `function` over k! as lists of (coefficient, powers of the basis)."""
    system = SYSTEMS[function]
    listed = []
    for k, derivative in enumerate(system.derivatives(order)):
        terms = sp.Poly(derivative / factorial(k), *system.basis).terms()
        listed.append([(number(c), dict(zip(system.basis, powers, strict=True))) for powers, c in terms])
    return listed


def outer(function: sp.Expr, argument: Interval, order: int) -> Jet:
    """Taylor coefficients of an elementary function over the interval `argument`."""
    values = {symbol: basis(argument) for symbol, basis in SYSTEMS[function].basis.items()}
    return [total([_monomial(*term, values) for term in terms]) for terms in _terms(function, order)]


def _monomial(value: Interval, powers: dict[sp.Symbol, int], values: dict[sp.Symbol, Interval]) -> Interval:
    for symbol, power in powers.items():
        if power:
            value = value * (values[symbol] if power == 1 else values[symbol].power(power))
    return value


def power_jet(argument: Interval, exponent: sp.Expr, order: int) -> Jet:
    """Taylor coefficients of u -> u^exponent over the interval `argument`; refuses where it has none."""
    if exponent.is_Integer and exponent >= 0:
        n = int(exponent)
        return [integer(comb(n, k)) * argument.power(n - k) if k <= n else ZERO for k in range(order + 1)]
    if exponent.is_Integer:
        if argument.has_zero:
            raise Undefined
        values = [argument.power(int(exponent) - k) for k in range(order + 1)]
    else:
        values = [_root(argument, exponent - k) for k in range(order + 1)]
    return [_constant(sp.binomial(exponent, k)) * value for k, value in enumerate(values)]


def _root(argument: Interval, exponent: sp.Expr) -> Interval:
    """A power that is no integer; from 1 up it may start at 0, where it has a slope."""
    if argument.lower > 0:
        return exp(_constant(exponent) * log(argument))
    if argument.lower < 0 or exponent < 1:
        raise Undefined
    return Interval((ZERO.ends[0], exp(_constant(exponent) * log(Interval((argument.ends[1],) * 2))).ends[1]))


def total(terms: list[Interval]) -> Interval:
    """The sum of `terms`."""
    result = ZERO
    for term in terms:
        result = result + term
    return result


def product(first: Jet, second: Jet) -> Jet:
    """The jet of the product of two functions, from their jets `first` and `second`."""
    return [_dot(first[: k + 1], second[k::-1]) for k in range(len(first))]


def _dot(first: Jet, second: Jet) -> Interval:
    # An exact zero annihilates even an unbounded factor: it is the coefficient of a polynomial's end.
    pairs = zip(first, second, strict=True)
    return total([x * y for x, y in pairs if not (x.is_zero or y.is_zero)])


def composed(coefficients: Jet, inner: Jet) -> Jet:
    """Taylor coefficients of a function of `inner` from its `coefficients`, by Horner's rule."""
    shift = [ZERO, *inner[1:]]
    result = [coefficients[-1], *([ZERO] * (len(inner) - 1))]
    for coefficient in coefficients[-2::-1]:
        result = product(result, shift)
        result[0] = result[0] + coefficient
    return result
