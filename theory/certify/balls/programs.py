"""Symbolic expressions as straight lines of operations on balls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, reduce
from operator import mul
from typing import Any

import sympy as sp

from theory.certify.balls.balls import arb, ctx, fmpq, power, square, total
from theory.expressions import atoms

Step = tuple[Callable[..., arb], tuple[int, ...]]

FUNCTIONS: dict[Any, Callable[[arb], arb]] = {
    sp.exp: arb.exp,
    sp.log: arb.log,
    sp.sin: arb.sin,
    sp.cos: arb.cos,
    sp.tanh: arb.tanh,
    sp.sinh: arb.sinh,
    sp.cosh: arb.cosh,
    sp.sech: arb.sech,
    sp.erf: arb.erf,
    sp.erfc: arb.erfc,
    sp.atan: arb.atan,
    sp.asinh: arb.asinh,
    atoms.Erfc: arb.erfc,
    atoms.NormalCdf: lambda u: (-u / arb(2).sqrt()).erfc() / 2,
    atoms.Expm1: arb.expm1,
    atoms.Log1p: arb.log1p,
    atoms.Softplus: lambda u: u.exp().log1p(),
    atoms.Hypot1m: lambda u: square(u) / (1 + (1 + square(u)).sqrt()),
    atoms.LogSquare: lambda u: square(u).log1p(),
}
"""Functions with an operation of their own; an atom that is not here is what it means."""


class Program:
    """Expressions to be evaluated together, shared parts once.

    Parameters
    ----------
    outputs : sequence of sympy.Expr
        Made of numbers, the inputs, sums, products, constant powers, and functions of ``FUNCTIONS`` or of
        :mod:`theory.expressions.atoms`.
    inputs : sequence of sympy.Symbol

    Raises
    ------
    ValueError
        If an expression holds anything else.

    Examples
    --------
    >>> x = sp.Symbol("x", real=True)
    >>> [float(ball) for ball in Program([x**2, sp.sqrt(x) / 2], [x])(arb(4))]
    [16.0, 1.0]
    """

    def __init__(self, outputs: Sequence[sp.Expr], inputs: Sequence[sp.Symbol]) -> None:
        self.slots: dict[sp.Expr, int] = {symbol: index for index, symbol in enumerate(inputs)}
        self.steps: list[Step] = []
        self.arity = len(inputs)
        self.outputs = [self._slot(sp.sympify(expression)) for expression in outputs]

    def __call__(self, *balls: arb) -> list[arb]:
        """The values of the expressions at `balls`, one for each input."""
        values = list(balls)
        for operation, operands in self.steps:
            values.append(operation(*[values[index] for index in operands]))
        return [values[index] for index in self.outputs]

    def _slot(self, node: sp.Expr) -> int:
        if node not in self.slots:
            operation, arguments = _operation(node)
            self.steps.append((operation, tuple([self._slot(argument) for argument in arguments])))
            self.slots[node] = self.arity + len(self.steps) - 1
        return self.slots[node]


def _operation(node: sp.Expr) -> tuple[Callable[..., arb], Sequence[sp.Expr]]:
    """What a node does, and to which other nodes."""
    if not node.free_symbols:
        return (lambda: constant(node, ctx.prec)), ()
    return _of_arguments(node)


def _of_arguments(node: sp.Expr) -> tuple[Callable[..., arb], Sequence[sp.Expr]]:
    if node.is_Add:
        return (lambda *terms: total(terms)), node.args
    if node.is_Mul:
        return (lambda *factors: reduce(mul, factors)), node.args
    if node.is_Pow and node.exp.is_Rational:
        return _power_of(node.exp), (node.base,)
    if node.func in FUNCTIONS:
        return FUNCTIONS[node.func], node.args
    if isinstance(node, atoms.Atom):
        return (lambda ball: ball), (node.meaning(*node.args),)
    raise ValueError(f"expression must be made of powers and known functions; got {node}")


def _power_of(exponent: sp.Rational) -> Callable[[arb], arb]:
    if exponent.q == 1:
        return lambda ball: power(ball, int(exponent))
    if exponent.q == 2:
        return lambda ball: power(ball.sqrt(), int(exponent.p))
    return lambda ball: (ball.log() * fmpq(int(exponent.p), int(exponent.q))).exp()


@cache
def constant(node: sp.Expr, bits: int) -> arb:
    """A ball around a real number without symbols, computed with `bits` bits, the precision in force.

    Raises
    ------
    ValueError
        If it is not made of rational numbers, pi and known functions.

    Examples
    --------
    >>> constant(sp.sqrt(2) / 2, ctx.prec).contains(constant(sp.sqrt(sp.Rational(1, 2)), ctx.prec).mid())
    True
    """
    if node.is_Rational:
        return arb(fmpq(int(node.p), int(node.q)))
    if node is sp.pi:
        return arb.pi()
    if node is sp.E:
        return arb(1).exp()
    if node.is_Atom:
        raise ValueError(f"expression must be made of rational numbers and pi; got {node}")
    operation, arguments = _of_arguments(node)
    return operation(*[constant(argument, bits) for argument in arguments])


def evaluated(expression: sp.Expr) -> arb:
    """A ball around a real number without symbols, at the precision in force."""
    return constant(sp.sympify(expression), ctx.prec)
