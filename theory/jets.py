"""Enclosures of an expression and its derivatives over an interval: interval Taylor arithmetic.

Every elementary function is a polynomial system: a few basis functions whose derivatives are polynomials in
the basis (tanh and sech: T' = S^2, S' = -S T). The system gives the derivatives of any order, and keeps the
relative accuracy of what vanishes at infinity, which 1 - T^2 would lose.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from math import comb, factorial
from typing import Any

import sympy as sp
from mpmath import mp
from mpmath.ctx_iv import MPIntervalContext

from theory.activations import z

# A context of our own: mpmath's shared one would be changed for everybody.
IV = MPIntervalContext()
IV.prec = 100

Interval = Any
Jet = list[Interval]

U, V, E, T, S, C, L, P, Q = sp.symbols("U V E T S C L P Q")
sigmoid, softplus, tail = sp.symbols("sigmoid softplus tail", cls=sp.Function)


class Undefined(ArithmeticError):
    """The expression could not be shown to be defined on the whole interval."""

    def __init__(self) -> None:
        super().__init__("not defined on the whole interval")


def interval(lower: Any, upper: Any) -> Interval:
    """The interval [lower, upper], its ends mpmath numbers, intervals or floats."""
    return IV.mpf([lower, upper])


def number(value: sp.Expr) -> Interval:
    """An enclosure of a real sympy number."""
    if value.is_Rational:
        return IV.mpf(int(value.p)) / int(value.q)
    with mp.workprec(IV.prec + 40):
        middle = mp.make_mpf(sp.Float(sp.N(value, mp.dps), mp.dps)._mpf_)
        return IV.mpf([middle, middle]) * _slack(-IV.prec)


def _slack(exponent: int) -> Interval:
    ulp = IV.ldexp(IV.mpf(1), exponent)
    return IV.mpf([1 - ulp, 1 + ulp])


def _increasing(function: Callable[[Interval], Interval]) -> Callable[[Interval], Interval]:
    """Lift an increasing function of points to intervals."""
    return lambda box: IV.mpf([function(box.a).a, function(box.b).b])


def _decreasing(function: Callable[[Interval], Interval]) -> Callable[[Interval], Interval]:
    return lambda box: IV.mpf([function(box.b).a, function(box.a).b])


def _padded(function: Callable[[Any], Any]) -> Callable[[Interval], Interval]:
    """An mpmath function at a point, evaluated with 40 bits more and pushed outwards."""

    def at(point: Interval) -> Interval:
        with mp.workprec(IV.prec + 40):
            value = function(mp.make_mpf(point._mpi_[0]))
            return IV.mpf([value, value]) * _slack(-IV.prec)

    return at


def _tanh(point: Interval) -> Interval:
    decay = IV.exp(-2 * abs(point))
    return (1 - decay) / (1 + decay) * (1 if point >= 0 else -1)


def _sech(box: Interval) -> Interval:
    size = abs(box)
    return _decreasing(lambda point: 2 * IV.exp(-point) / (1 + IV.exp(-2 * point)))(size)


def _sigmoid(point: Interval) -> Interval:
    decay = IV.exp(-abs(point))
    return 1 / (1 + decay) if point >= 0 else decay / (1 + decay)


def _softplus(point: Interval) -> Interval:
    if point >= 0:
        return point + IV.log(1 + IV.exp(-point))
    decay = IV.exp(point)
    # log(1 + e) = e (1 - e/2 ...) below the precision, so that its size survives
    return IV.log(1 + decay) if decay > IV.ldexp(IV.mpf(1), -40) else decay * IV.mpf([1 - decay, 1])


def _erfc(point: Interval) -> Interval:
    if abs(point) < 30:
        return _padded(mp.erfc)(point)
    # e^(-x^2) / (x sqrt(pi)) (1 - 1/(2 x^2)) < erfc(x) < e^(-x^2) / (x sqrt(pi)) for x > 0
    size = abs(point)
    small = IV.exp(-(size**2)) / size / IV.sqrt(IV.pi) * IV.mpf([1 - 1 / (2 * size**2), 1])
    return small if point > 0 else 2 - small


def _gauss(box: Interval) -> Interval:
    return IV.exp(-(box**2))


def _positive(function: Callable[[Interval], Interval]) -> Callable[[Interval], Interval]:
    """`function`, on positive arguments only."""

    def checked(box: Interval) -> Interval:
        if not box > 0:
            raise Undefined
        return function(box)

    return checked


def _same(box: Interval) -> Interval:
    return box


@dataclass(frozen=True)
class System:
    """Basis functions of one argument and their derivatives; the first basis function is the one meant."""

    basis: Mapping[sp.Symbol, Callable[[Interval], Interval]]
    rules: Mapping[sp.Symbol, sp.Expr]

    def derivatives(self, order: int) -> list[sp.Expr]:
        """The function and its first `order` derivatives, polynomials in the basis."""
        chain = [next(iter(self.basis))]
        for _ in range(order):
            terms = [sp.diff(chain[-1], symbol) * rule for symbol, rule in self.rules.items()]
            chain.append(sp.expand(sp.Add(*terms)))
        return chain


_SIGMOIDS = {P: _increasing(_sigmoid), Q: lambda box: _increasing(_sigmoid)(-box)}
_ERF_SLOPE = 2 / sp.sqrt(sp.pi)

SYSTEMS: dict[Any, System] = {
    sp.exp: System({E: IV.exp}, {E: E}),
    sp.log: System({L: _positive(IV.log), V: lambda box: 1 / box}, {L: V, V: -(V**2)}),
    sp.sin: System({S: IV.sin, C: IV.cos}, {S: C, C: -S}),
    sp.cos: System({C: IV.cos, S: IV.sin}, {S: C, C: -S}),
    sp.tanh: System({T: _increasing(_tanh), S: _sech}, {T: S**2, S: -S * T}),
    sp.sech: System({S: _sech, T: _increasing(_tanh)}, {T: S**2, S: -S * T}),
    sp.sinh: System(
        {S: lambda box: (IV.exp(box) - IV.exp(-box)) / 2, C: lambda box: (IV.exp(box) + IV.exp(-box)) / 2},
        {S: C, C: S},
    ),
    sp.cosh: System(
        {C: lambda box: (IV.exp(box) + IV.exp(-box)) / 2, S: lambda box: (IV.exp(box) - IV.exp(-box)) / 2},
        {S: C, C: S},
    ),
    sp.erf: System(
        {T: _increasing(lambda point: 1 - _erfc(point)), E: _gauss, U: _same},
        {T: _ERF_SLOPE * E, E: -2 * U * E, U: sp.S.One},
    ),
    tail: System(
        {T: _decreasing(_erfc), E: _gauss, U: _same}, {T: -_ERF_SLOPE * E, E: -2 * U * E, U: sp.S.One}
    ),
    sp.atan: System(
        {T: _increasing(_padded(mp.atan)), Q: lambda box: 1 / (1 + box**2), U: _same},
        {T: Q, Q: -2 * U * Q**2, U: sp.S.One},
    ),
    sp.asinh: System(
        {T: _increasing(_padded(mp.asinh)), Q: lambda box: 1 / IV.sqrt(1 + box**2), U: _same},
        {T: Q, Q: -U * Q**3, U: sp.S.One},
    ),
    sigmoid: System(_SIGMOIDS, {P: P * Q, Q: -P * Q}),
    softplus: System({L: _increasing(_softplus), **_SIGMOIDS}, {L: P, P: P * Q, Q: -P * Q}),
}


@cache
def _terms(function: Any, order: int) -> list[list[tuple[Interval, dict[sp.Symbol, int]]]]:
    """The derivatives of `function` as lists of (coefficient, powers of the basis)."""
    system = SYSTEMS[function]
    listed = []
    for derivative in system.derivatives(order):
        poly = sp.Poly(derivative, *system.basis)
        listed.append(
            [(number(c), dict(zip(system.basis, powers, strict=True))) for powers, c in poly.terms()]
        )
    return listed


def _outer(function: Any, argument: Interval, order: int) -> Jet:
    """Taylor coefficients of an elementary function over the interval `argument`."""
    values = {symbol: basis(argument) for symbol, basis in SYSTEMS[function].basis.items()}
    coefficients = []
    for k, terms in enumerate(_terms(function, order)):
        total = IV.mpf(0)
        for coefficient, powers in terms:
            for symbol, power in powers.items():
                coefficient = coefficient * values[symbol] ** power if power else coefficient
            total += coefficient
        coefficients.append(total / factorial(k))
    return coefficients


def _power(argument: Interval, exponent: sp.Expr, order: int) -> Jet:
    """Taylor coefficients of u -> u^exponent over the interval `argument`."""
    if exponent.is_Integer and exponent >= 0:
        n = int(exponent)
        return [comb(n, k) * argument ** (n - k) if k <= n else IV.mpf(0) for k in range(order + 1)]
    if exponent.is_Integer:
        if 0 in argument:
            raise Undefined
        values = [argument ** int(exponent - k) for k in range(order + 1)]
    else:
        logarithm = _positive(IV.log)(argument)
        values = [IV.exp(number(exponent - k) * logarithm) for k in range(order + 1)]
    return [number(sp.binomial(exponent, k)) * value for k, value in enumerate(values)]


def _product(first: Jet, second: Jet) -> Jet:
    return [_dot(first[: k + 1], second[k::-1]) for k in range(len(first))]


def _dot(first: Jet, second: Jet) -> Interval:
    # An exact zero annihilates even an unbounded factor: it is the coefficient of a polynomial's end.
    pairs = [(x, y) for x, y in zip(first, second, strict=True) if not (x == 0 or y == 0)]
    total = IV.mpf(0)
    for x, y in pairs:
        total += x * y
    return total


def _composed(outer: Jet, inner: Jet) -> Jet:
    """Taylor coefficients of outer(inner), by Horner's rule in inner - inner[0]."""
    shift = [IV.mpf(0), *inner[1:]]
    result = [outer[-1], *([IV.mpf(0)] * (len(inner) - 1))]
    for coefficient in outer[-2::-1]:
        result = _product(result, shift)
        result[0] += coefficient
    return result


def jet(expr: sp.Expr, box: Interval, order: int) -> Jet:
    """Enclosures of the Taylor coefficients of a smooth expression in ``z`` over an interval.

    Parameters
    ----------
    expr : sympy.Expr
        Built from numbers, ``z``, sums, products, constant powers and the functions of ``SYSTEMS``; passed
        through :func:`canonical` first if it should keep its accuracy far out.
    box : interval
        May be unbounded.
    order : int
        The highest derivative.

    Returns
    -------
    list of intervals
        Entry k contains ``expr^(k)(z) / k!`` for every z in the box.

    Raises
    ------
    Undefined
        If the expression could not be shown to be defined on the whole box.
    ValueError
        If the expression holds a function that is not in ``SYSTEMS``.

    Examples
    --------
    >>> [int(c.mid) for c in jet(z**2, interval(3, 3), 2)]
    [9, 6, 1]
    """
    known: dict[sp.Expr, Jet] = {}

    def enclosed(node: sp.Expr) -> Jet:
        if node not in known:
            known[node] = _node(node, enclosed, box, order)
        return known[node]

    return enclosed(expr)


def _node(node: sp.Expr, enclosed: Callable[[sp.Expr], Jet], box: Interval, order: int) -> Jet:
    zeros = [IV.mpf(0)] * order
    if node == z:
        return [box, IV.mpf(1), *zeros][: order + 1]
    if not node.has(z):
        return [number(node), *zeros]
    if node.is_Add:
        return [sum(column, IV.mpf(0)) for column in zip(*map(enclosed, node.args), strict=True)]
    if node.is_Mul:
        result = enclosed(node.args[0])
        for factor in node.args[1:]:
            result = _product(result, enclosed(factor))
        return result
    if node.is_Pow and not node.exp.has(z):
        inner = enclosed(node.base)
        return _composed(_power(inner[0], node.exp, order), inner)
    if node.func not in SYSTEMS:
        raise ValueError(f"activation must be made of {sorted(map(str, SYSTEMS))}; got {node.func}")
    inner = enclosed(node.args[0])
    return _composed(_outer(node.func, inner[0], order), inner)


def canonical(expr: sp.Expr) -> sp.Expr:
    """The same function in the elementary functions that keep their accuracy far out.

    ``tail`` is ``erfc``, which sympy would rewrite: ``erfc(-z)`` becomes ``2 - erfc(z)``.

    Examples
    --------
    >>> canonical(z / (1 + sp.exp(-z))), canonical(1 + sp.erf(z))
    (z*sigmoid(z), tail(-z))
    """
    w = sp.Wild("w")
    n = sp.Wild("n", properties=[lambda power: power.is_number])
    if expr.is_polynomial(z):
        return sp.expand(expr)
    return (
        expr.replace(sp.log(1 + sp.exp(w)), softplus(w))
        .replace((1 + sp.exp(w)) ** n, sigmoid(-w) ** (-n))
        .replace(sp.log(sp.cosh(w)), w + softplus(-2 * w) - sp.log(2))
        .replace(sp.cosh(w) ** (-n), sp.sech(w) ** n)
        .replace(1 + sp.erf(w), tail(-w))
        .replace(1 - sp.erf(w), tail(w))
        .replace(sp.erfc(w), tail(w))
    )
