"""Blocks of the Hessian by the weights of one unit, and rescaled Jacobians: what facts of proofs compare."""

from __future__ import annotations

from typing import Any

import sympy as sp

from theory.derivation.letters import Act
from theory.proofs.any_size import matrices
from theory.proofs.any_size.matrices import Tensor
from theory.proofs.any_size.network import AnySize, Part, a, g, x
from theory.proofs.any_size.sums import FIRST_UNIT, OUT, SIZES, Indices, Sums, fresh
from theory.proofs.small.matrices import MATRICES, balance_scale
from theory.proofs.small.network import SmallNetwork

n = SIZES["i"]
Pair = tuple[Tensor, Tensor]


def balanced_jacobian(at: SmallNetwork) -> sp.Matrix:
    """J D^-1, where units are balanced."""
    return at.J * balance_scale(at)


def kernel_factor(at: AnySize) -> Tensor:
    """J^T over the root of n."""
    J = matrices.jacobian(at)
    return matrices.transposed(Tensor(J.rows, J.columns, lambda *to: J.entry(*to) * (1 / sp.sqrt(n))))


def first_unit(at: SmallNetwork) -> list[sp.Symbol]:
    """The weights of the first unit of a network with one output."""
    return [at.A[0, 0], *at.W.row(0), *([at.b[0]] if at.biased else [])]


def silenced(expression: Any, names: list[sp.Symbol]) -> Any:
    """The expression where some weights are zero, and s(0) = 0."""
    return (
        expression.xreplace(dict.fromkeys(names, sp.S.Zero)).doit().xreplace({Act(0, sp.S.Zero): sp.S.Zero})
    )


def dead_gap(at: SmallNetwork) -> list[sp.Matrix]:
    """The block of H by the first unit, dead, minus [[0, p^T], [p, 0]] with p = s'(0) E[g x~]."""
    if at.q > 1:
        return []
    names = first_unit(at)
    p = silenced(MATRICES["dead slopes"](at), names)
    bordered = sp.BlockMatrix([[sp.zeros(1, 1), p.T], [p, sp.zeros(len(p), len(p))]])
    return [silenced(at.block(at.H, names), names) - bordered.as_explicit()]


def silent_gap(at: SmallNetwork) -> list[sp.Matrix]:
    """The block of H by w_k = 0 of the first of quadratic units, minus 2 a_k E[g x x^T]."""
    if at.q > 1:
        return []
    names = list(at.W.row(0))
    block = silenced(at.block(at.H, names), names)
    moments = at.X.T * sp.diag(*at.r) * at.X * at.A[0, 0] / at.n
    return [block - 2 * silenced(moments, names)]


def unit_parts(at: AnySize) -> tuple[Part, ...]:
    """The groups of weights of one unit of a network with one output, its unit and output left out."""
    return (("a", ""), ("w", "j"), *([("b", "")] * at.biased))


def address(group: str, at: Indices) -> Indices:
    """The indices of a weight of the first unit."""
    return {"a": (OUT, FIRST_UNIT), "w": (FIRST_UNIT, *at), "b": (FIRST_UNIT,)}[group]


def dead_pairs(at: AnySize) -> list[Pair]:
    """The block of H by the first unit, dead, and [[0, p^T], [p, 0]]."""
    H, p = matrices.hessian(at), matrices.dead_slopes(at)

    def block(one: str, row: Indices, other: str, column: Indices) -> Sums:
        return H.entry(one, address(one, row), other, address(other, column))

    def bordered(one: str, row: Indices, other: str, column: Indices) -> Sums:
        if (one == "a") == (other == "a"):
            return Sums.of(0)
        return p.entry(other, column, "", ()) if one == "a" else p.entry(one, row, "", ())

    parts = unit_parts(at)
    return [(Tensor(parts, parts, block), Tensor(parts, parts, bordered))]


def silent_pairs(at: AnySize) -> list[Pair]:
    """The block of H by w_k = 0 of the first of quadratic units, and 2 a_k E[g x x^T]."""
    H, inputs = matrices.hessian(at), (("w", "j"),)
    (i,) = fresh("i")

    def block(_: str, row: Indices, __: str, column: Indices) -> Sums:
        return H.entry("w", (FIRST_UNIT, *row), "w", (FIRST_UNIT, *column))

    def moments(_: str, row: Indices, __: str, column: Indices) -> Sums:
        return Sums.of(2 * a(OUT, FIRST_UNIT) * g(i, OUT) * x(i, *row) * x(i, *column)).over(i) * (1 / n)

    return [(Tensor(inputs, inputs, block), Tensor(inputs, inputs, moments))]
