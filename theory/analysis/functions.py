"""Elementary functions as polynomial systems of differential equations, evaluated on intervals."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sympy as sp
from mpmath import libmp

from theory.analysis.interval import (
    ONE,
    TWO,
    Interval,
    Lifted,
    at_point,
    cos_sin,
    decreasing,
    exp,
    increasing,
    interval,
    log,
    number,
    sqrt,
)

U, V, E, T, S, C, L, P, Q = sp.symbols("U V E T S C L P Q")
sigmoid, softplus, tail = sp.symbols("sigmoid softplus tail", cls=sp.Function)


class Undefined(ArithmeticError):
    """The expression could not be shown to be defined on the whole interval."""

    def __init__(self) -> None:
        super().__init__("not defined on the whole interval")


@dataclass(frozen=True)
class System:
    """Basis functions of one argument and their derivatives; the first basis function is the one meant."""

    basis: Mapping[sp.Symbol, Lifted]
    rules: Mapping[sp.Symbol, sp.Expr]

    def derivatives(self, order: int) -> list[sp.Expr]:
        """The function and its first `order` derivatives, polynomials in the basis.

        Examples
        --------
        >>> SYSTEMS[sp.tanh].derivatives(2)
        [T, S**2, -2*S**2*T]
        """
        chain = [next(iter(self.basis))]
        for _ in range(order):
            terms = [sp.diff(chain[-1], symbol) * rule for symbol, rule in self.rules.items()]
            chain.append(sp.expand(sp.Add(*terms)))
        return chain


def _magnitude(point: Interval) -> Interval:
    return point if point.sign > 0 else -point


@increasing
def _tanh(point: Interval) -> Interval:
    decay = exp(-TWO * _magnitude(point))
    value = (ONE - decay) / (ONE + decay)
    return value if point.sign > 0 else -value


def _sech(box: Interval) -> Interval:
    size = interval(box.least, box.size)
    return decreasing(lambda point: TWO * exp(-point) / (ONE + exp(-TWO * point)))(size)


@increasing
def _sigmoid(point: Interval) -> Interval:
    decay = exp(-_magnitude(point))
    return (ONE if point.sign > 0 else decay) / (ONE + decay)


@increasing
def _softplus(point: Interval) -> Interval:
    if point.sign > 0:
        return point + log(ONE + exp(-point))
    decay = exp(point)
    if decay.lower > 2.0**-40:
        return log(ONE + decay)
    # e (1 - e) < log(1 + e) <= e: below the precision 1 + e would lose e's size
    return decay * Interval(((ONE - decay).ends[0], ONE.ends[1]))


@decreasing
def _erfc(point: Interval) -> Interval:
    if point.size < 30:
        return at_point(libmp.mpf_erfc)(point)
    # e^(-x^2) / (x sqrt(pi)) (1 - 1/(2 x^2)) < erfc(x) < e^(-x^2) / (x sqrt(pi)) for x > 0
    size = _magnitude(point)
    shrink = ONE - ONE / (TWO * size.power(2))
    leading = exp(-size.power(2)) / size / number(sp.sqrt(sp.pi))
    small = leading * Interval((shrink.ends[0], ONE.ends[1]))
    return small if point.sign > 0 else TWO - small


def _erf(box: Interval) -> Interval:
    return ONE - _erfc(box)


def _gauss(box: Interval) -> Interval:
    return exp(-box.power(2))


def _log(box: Interval) -> Interval:
    if box.lower <= 0:
        raise Undefined
    return log(box)


def _sinh(box: Interval) -> Interval:
    return (exp(box) - exp(-box)) / TWO


def _cosh(box: Interval) -> Interval:
    size = interval(box.least, box.size)
    return increasing(lambda point: (exp(point) + exp(-point)) / TWO)(size)


def _same(box: Interval) -> Interval:
    return box


def _inverse(box: Interval) -> Interval:
    return ONE / box


def _mirrored(function: Lifted) -> Lifted:
    return lambda box: function(-box)


def _cosine(box: Interval) -> Interval:
    return cos_sin(box)[0]


def _sine(box: Interval) -> Interval:
    return cos_sin(box)[1]


def _squashed(box: Interval) -> Interval:
    return ONE / (ONE + box.power(2))


def _unit_hypotenuse(box: Interval) -> Interval:
    return sqrt(_squashed(box))


_SIGMOIDS = {P: _sigmoid, Q: _mirrored(_sigmoid)}
_TANH_RULES = {T: S**2, S: -S * T}
_GAUSS_RULES = {E: -2 * U * E, U: sp.S.One}
_ERF_SLOPE = 2 / sp.sqrt(sp.pi)

SYSTEMS: dict[Any, System] = {
    sp.exp: System({E: exp}, {E: E}),
    sp.log: System({L: _log, V: _inverse}, {L: V, V: -(V**2)}),
    sp.sin: System({S: _sine, C: _cosine}, {S: C, C: -S}),
    sp.cos: System({C: _cosine, S: _sine}, {S: C, C: -S}),
    sp.tanh: System({T: _tanh, S: _sech}, _TANH_RULES),
    sp.sech: System({S: _sech, T: _tanh}, _TANH_RULES),
    sp.sinh: System({S: _sinh, C: _cosh}, {S: C, C: S}),
    sp.cosh: System({C: _cosh, S: _sinh}, {S: C, C: S}),
    sp.erf: System({T: _erf, E: _gauss, U: _same}, {T: _ERF_SLOPE * E, **_GAUSS_RULES}),
    tail: System({T: _erfc, E: _gauss, U: _same}, {T: -_ERF_SLOPE * E, **_GAUSS_RULES}),
    sp.atan: System(
        {T: increasing(at_point(libmp.mpf_atan)), Q: _squashed, U: _same},
        {T: Q, Q: -2 * U * Q**2, U: sp.S.One},
    ),
    sp.asinh: System(
        {T: increasing(at_point(libmp.mpf_asinh)), Q: _unit_hypotenuse, U: _same},
        {T: Q, Q: -U * Q**3, U: sp.S.One},
    ),
    sigmoid: System(_SIGMOIDS, {P: P * Q, Q: -P * Q}),
    softplus: System({L: _softplus, **_SIGMOIDS}, {L: P, P: P * Q, Q: -P * Q}),
}
