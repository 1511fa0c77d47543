"""Matrices of a small network, written out in symbols."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from theory.derivation.letters import Act
from theory.proofs.small.network import SmallNetwork

Formula = Callable[[SmallNetwork], sp.Expr]


def squares(entries: Any) -> sp.Expr:
    """The sum of the squares of entries."""
    return sum((entry**2 for entry in entries), sp.S.Zero)


def input_squares(at: SmallNetwork, one: int) -> list[sp.Expr]:
    """`one` + |x_i|^2 of every sample."""
    return [one + squares(at.X.row(i)) for i in range(at.n)]


def kept_parameters(at: SmallNetwork, kept: list[sp.Expr]) -> sp.Matrix:
    """The parameters as a vector, those that are not kept replaced by zero."""
    return sp.Matrix([each if each in kept else 0 for each in at.theta])


def unit_values(at: SmallNetwork, k: int) -> list[sp.Expr]:
    """s(z_k) at every sample."""
    return [at.s(at.z(i, k)) for i in range(at.n)]


def _reach(at: SmallNetwork, k: int) -> sp.Expr:
    """|a_k|^2 E[s'(z_k)^2 |x~|^2]."""
    terms = (weight * at.slope(at.z(i, k)) ** 2 for i, weight in enumerate(input_squares(at, int(at.biased))))
    return squares(at.A.col(k)) * sum(terms) / at.n


def _by_units(at: SmallNetwork, entry: Callable[[int], sp.Expr]) -> sp.Matrix:
    return sp.Matrix([entry(k) for k in range(at.m)])


def _mean_activity(at: SmallNetwork, k: int) -> sp.Expr:
    return squares(unit_values(at, k)) / at.n


def input_weights(at: SmallNetwork, k: int) -> list[sp.Expr]:
    """w~_k: the weights of unit k's inputs, and its bias."""
    return [*at.W.row(k), *([at.b[k]] if at.biased else [])]


def sizes(at: SmallNetwork, k: int) -> tuple[sp.Expr, sp.Expr]:
    """|a_k| and |w~_k|."""
    return sp.sqrt(squares(at.A.col(k))), sp.sqrt(squares(input_weights(at, k)))


def balance(at: SmallNetwork, k: int) -> sp.Expr:
    """|a_k| / |w~_k|, the square of the factor that balances the unit."""
    output, inputs = sizes(at, k)
    return output / inputs


def _mean_slope(at: SmallNetwork, k: int) -> sp.Expr:
    """|a_k|^2 |E[s'(z_k) x~]|^2."""
    slopes = [at.slope(at.z(i, k)) for i in range(at.n)]
    means = [sum(slope * each for slope, each in zip(slopes, column, strict=True)) for column in _columns(at)]
    return squares(at.A.col(k)) * squares(means) / at.n**2


def _columns(at: SmallNetwork) -> list[list[sp.Expr]]:
    """The inputs, with a column of ones for hidden biases."""
    return [*(list(at.X.col(j)) for j in range(at.d)), *([[sp.S.One] * at.n] if at.biased else [])]


def correlation(at: SmallNetwork) -> sp.Matrix:
    """E[g x~] of a network with one output."""
    means = [sum(g * each for g, each in zip(at.r, column, strict=True)) / at.n for column in _columns(at)]
    return sp.Matrix(means)


def _scale(at: SmallNetwork, factor: Callable[[int], sp.Expr]) -> sp.Matrix:
    """D^-1: the output weights of unit k divided by its factor and its inputs multiplied by it."""
    factors: dict[sp.Expr, sp.Expr] = {}
    for k in range(at.m):
        factors |= dict.fromkeys(at.A.col(k), factor(k))
        factors |= dict.fromkeys(input_weights(at, k), 1 / factor(k))
    return sp.diag(*(factors.get(each, sp.S.One) for each in at.theta))


def balance_scale(at: SmallNetwork) -> sp.Matrix:
    """D^-1 where every unit is balanced."""
    return _scale(at, lambda k: sp.sqrt(balance(at, k)))


def _balanced(at: SmallNetwork, whole: sp.Matrix) -> sp.Matrix:
    return balance_scale(at) * whole * balance_scale(at)


def _stretched(at: SmallNetwork, whole: sp.Matrix) -> sp.Matrix:
    scale = _scale(at, lambda k: sp.S.One if k else sp.Integer(100))
    return scale * whole * scale


def _scalings(at: SmallNetwork) -> sp.Matrix:
    """The directions (A_k, -w~_k), as columns."""
    columns = []
    for k in range(at.m):
        inputs = input_weights(at, k)
        columns.append(kept_parameters(at, list(at.A.col(k))) - kept_parameters(at, inputs))
    return sp.Matrix.hstack(*columns)


def twins(at: SmallNetwork) -> dict[sp.Symbol, sp.Symbol]:
    """The second unit's input weights are those of the first."""
    pairs = dict(zip(at.W.row(1), at.W.row(0), strict=True))
    return pairs | ({at.b[1]: at.b[0]} if at.biased else {})


def _exchanged(at: SmallNetwork, whole: sp.Matrix) -> sp.Matrix:
    """M v at twins, v moving output weight from one to the other."""
    v = sp.Matrix([(each == at.A[0, 0]) - (each == at.A[0, 1]) for each in map(sp.sympify, at.theta)])
    return (whole * v).xreplace(twins(at))


MATRICES: dict[str, Formula] = {
    "W": lambda at: at.W,
    "W*W'": lambda at: at.W * at.W.T,
    "G_bb": lambda at: at.gauss_newton(at.u),
    "gram(a*s1)": lambda at: at.u.T * at.u / at.n,
    "H_bb": lambda at: at.gauss_newton(at.u) + sp.diag(*at.delta),
    "a": lambda at: sp.Matrix([sp.sqrt(sum(a**2 for a in at.A.col(k))) for k in range(at.m)]),
    "mean(r*a*s2)": lambda at: at.delta,
    "diag(mean(r*a*s2))": lambda at: sp.diag(*at.delta),
    "G": lambda at: at.gauss_newton(at.J),
    "H": lambda at: at.H,
    "R": lambda at: at.R,
    "K": lambda at: at.J * at.J.T / at.n,
    "J": lambda at: at.J / sp.sqrt(at.n),
    "J'*J": lambda at: at.gauss_newton(at.J),
    "J*J'": lambda at: at.J * at.J.T / at.n,
    "theta": lambda at: sp.Matrix(at.theta),
    "a_c": lambda at: kept_parameters(at, [*at.A, *at.c]),
    "e_c": lambda at: sp.Matrix([sp.Integer(each == at.c[0]) for each in at.theta]),
    "ones": lambda at: sp.ones(at.n, 1) / sp.sqrt(at.n),
    "r/n": lambda at: at.r.reshape(at.n * at.q, 1) / sp.sqrt(at.n),
    "activities": lambda at: _by_units(at, lambda k: at.q * _mean_activity(at, k)),
    "reaches": lambda at: _by_units(at, lambda k: _reach(at, k)),
    "balanced activities": lambda at: _by_units(at, lambda k: at.q * _mean_activity(at, k) * balance(at, k)),
    "balanced reaches": lambda at: _by_units(at, lambda k: _reach(at, k) / balance(at, k)),
    "mean values": lambda at: _by_units(at, lambda k: (sum(unit_values(at, k)) / at.n) ** 2),
    "mean slopes": lambda at: _by_units(at, lambda k: _mean_slope(at, k)),
    "dead slopes": lambda at: Act(1, sp.S.Zero) * correlation(at),
    "balanced G": lambda at: _balanced(at, MATRICES["G"](at)),
    "balanced H": lambda at: _balanced(at, MATRICES["H"](at)),
    "stretched G": lambda at: _stretched(at, MATRICES["G"](at)),
    "stretched H": lambda at: _stretched(at, MATRICES["H"](at)),
    "H*V": lambda at: at.H * _scalings(at),
    "G*v": lambda at: _exchanged(at, MATRICES["G"](at)),
    "H*v": lambda at: _exchanged(at, MATRICES["H"](at)),
}
"""The matrices of theorems, written out. That G_bb and H_bb are blocks of G and H is a fact to be shown."""
