"""The quantities of theorems written out in a small network, from their definitions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from theory.lemma import CALL
from theory.letters import Act
from theory.model import Model

LARGE = 3000  # operations of an expression that is not zero as it stands and too long to be simplified
SMALLER = sp.Function("smaller", real=True)  # of two; sp.Min would compare them at length
Formula = Callable[[Model], sp.Expr]

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
    "a_c": lambda at: _parameters(at, [*at.A, *at.c]),
    "e_c": lambda at: sp.Matrix([sp.Integer(each == at.c[0]) for each in at.theta]),
    "ones": lambda at: sp.ones(at.n, 1) / sp.sqrt(at.n),
    "r/n": lambda at: at.r.reshape(at.n * at.q, 1) / sp.sqrt(at.n),
    "activities": lambda at: _by_units(at, lambda k: at.q * _mean_activity(at, k)),
    "reaches": lambda at: _by_units(at, lambda k: _reach(at, k)),
    "balanced activities": lambda at: _by_units(at, lambda k: at.q * _mean_activity(at, k) * _balance(at, k)),
    "balanced reaches": lambda at: _by_units(at, lambda k: _reach(at, k) / _balance(at, k)),
    "mean values": lambda at: _by_units(at, lambda k: (sum(_unit(at, k)) / at.n) ** 2),
    "mean slopes": lambda at: _by_units(at, lambda k: _mean_slope(at, k)),
    "dead slopes": lambda at: Act(1, sp.S.Zero) * _correlation(at),
    "balanced G": lambda at: _balanced(at, MATRICES["G"](at)),
    "balanced H": lambda at: _balanced(at, MATRICES["H"](at)),
    "stretched G": lambda at: _stretched(at, MATRICES["G"](at)),
    "stretched H": lambda at: _stretched(at, MATRICES["H"](at)),
    "H*V": lambda at: at.H * _scalings(at),
    "G*v": lambda at: _exchanged(at, MATRICES["G"](at)),
    "H*v": lambda at: _exchanged(at, MATRICES["H"](at)),
}
"""The matrices of theorems, written out. That G_bb and H_bb are blocks of G and H is a fact to be shown."""


def _squares(entries: Any) -> sp.Expr:
    return sum((entry**2 for entry in entries), sp.S.Zero)


def _slopes(at: Model) -> list[sp.Expr]:
    """Derivatives of every output by its own input."""
    return [sp.diff(at.f[i, o], at.X[i, j]) for i in range(at.n) for o in range(at.q) for j in range(at.d)]


def _inputs(at: Model, one: int) -> list[sp.Expr]:
    return [one + _squares(at.X.row(i)) for i in range(at.n)]


def _hidden_trace(at: Model, one: int) -> sp.Expr:
    rows = (at.u[i * at.q + o, :] for i in range(at.n) for o in range(at.q))
    weights = (each for each in _inputs(at, one) for _ in range(at.q))
    return sum(weight * _squares(row) for weight, row in zip(weights, rows, strict=True)) / at.n


def _gradient(at: Model) -> list[sp.Expr]:
    return [sp.diff(at.risk, each) for each in at.theta]


def _parameters(at: Model, kept: list[sp.Expr]) -> sp.Matrix:
    """The parameters as a vector, those that are not kept replaced by zero."""
    return sp.Matrix([each if each in kept else 0 for each in at.theta])


def _unit(at: Model, k: int) -> list[sp.Expr]:
    return [at.s(at.z(i, k)) for i in range(at.n)]


def _reach(at: Model, k: int) -> sp.Expr:
    """|a_k|^2 E[s'(z_k)^2 |x~|^2]."""
    terms = (weight * at.slope(at.z(i, k)) ** 2 for i, weight in enumerate(_inputs(at, int(at.biased))))
    return _squares(at.A.col(k)) * sum(terms) / at.n


def _by_units(at: Model, entry: Callable[[int], sp.Expr]) -> sp.Matrix:
    return sp.Matrix([entry(k) for k in range(at.m)])


def _mean_activity(at: Model, k: int) -> sp.Expr:
    return _squares(_unit(at, k)) / at.n


def _input_weights(at: Model, k: int) -> list[sp.Expr]:
    return [*at.W.row(k), *([at.b[k]] if at.biased else [])]


def _sizes(at: Model, k: int) -> tuple[sp.Expr, sp.Expr]:
    """|a_k| and |w~_k|."""
    return sp.sqrt(_squares(at.A.col(k))), sp.sqrt(_squares(_input_weights(at, k)))


def _balance(at: Model, k: int) -> sp.Expr:
    """|a_k| / |w~_k|, the square of the factor that balances the unit."""
    output, inputs = _sizes(at, k)
    return output / inputs


def _mean_slope(at: Model, k: int) -> sp.Expr:
    """|a_k|^2 |E[s'(z_k) x~]|^2."""
    slopes = [at.slope(at.z(i, k)) for i in range(at.n)]
    means = [sum(slope * each for slope, each in zip(slopes, column, strict=True)) for column in _columns(at)]
    return _squares(at.A.col(k)) * _squares(means) / at.n**2


def _columns(at: Model) -> list[list[sp.Expr]]:
    """The inputs, with a column of ones for hidden biases."""
    return [*(list(at.X.col(j)) for j in range(at.d)), *([[sp.S.One] * at.n] if at.biased else [])]


def _correlation(at: Model) -> sp.Matrix:
    """E[g x~] of a network with one output."""
    means = [sum(g * each for g, each in zip(at.r, column, strict=True)) / at.n for column in _columns(at)]
    return sp.Matrix(means)


def _scale(at: Model, factor: Callable[[int], sp.Expr]) -> sp.Matrix:
    """D^-1: the output weights of unit k divided by its factor and its inputs multiplied by it."""
    factors: dict[sp.Expr, sp.Expr] = {}
    for k in range(at.m):
        factors |= dict.fromkeys(at.A.col(k), factor(k))
        factors |= dict.fromkeys(_input_weights(at, k), 1 / factor(k))
    return sp.diag(*(factors.get(each, sp.S.One) for each in at.theta))


def balance_scale(at: Model) -> sp.Matrix:
    """D^-1 where every unit is balanced."""
    return _scale(at, lambda k: sp.sqrt(_balance(at, k)))


def _balanced(at: Model, whole: sp.Matrix) -> sp.Matrix:
    return balance_scale(at) * whole * balance_scale(at)


def _stretched(at: Model, whole: sp.Matrix) -> sp.Matrix:
    scale = _scale(at, lambda k: sp.S.One if k else sp.Integer(100))
    return scale * whole * scale


def _scalings(at: Model) -> sp.Matrix:
    """The directions (A_k, -w~_k), as columns."""
    columns = []
    for k in range(at.m):
        inputs = _input_weights(at, k)
        columns.append(_parameters(at, list(at.A.col(k))) - _parameters(at, inputs))
    return sp.Matrix.hstack(*columns)


def _twins(at: Model) -> dict[sp.Symbol, sp.Symbol]:
    """The second unit's input weights are those of the first."""
    pairs = dict(zip(at.W.row(1), at.W.row(0), strict=True))
    return pairs | ({at.b[1]: at.b[0]} if at.biased else {})


def _exchanged(at: Model, whole: sp.Matrix) -> sp.Matrix:
    """M v at twins, v moving output weight from one to the other."""
    v = sp.Matrix([(each == at.A[0, 0]) - (each == at.A[0, 1]) for each in map(sp.sympify, at.theta)])
    return (whole * v).xreplace(_twins(at))


def _twin_gradient(at: Model) -> sp.Expr:
    slopes = (sp.diff(at.risk, each).xreplace(_twins(at)) for each in _input_weights(at, 0))
    return sp.sqrt(_squares(slopes))


def _weighted(at: Model, k: int, values: list[sp.Expr]) -> sp.Expr:
    """E[s'(z_k)^2 value]."""
    return sum(at.slope(at.z(i, k)) ** 2 * value for i, value in enumerate(values)) / at.n


def _side(at: Model, k: int, active: bool) -> sp.Expr:
    """|a_k w_k| times P^2 E|X - t| sqrt(1 + E[X]^2), the means over the samples where the unit is active or
    not, P their share and t = -b_k / w_k the kink; one input.
    """
    chosen = [at.slope(at.z(i, k)) for i in range(at.n)]
    chosen = chosen if active else [1 - each for each in chosen]
    share = sum(chosen) / at.n
    mean = sum(each * x for each, x in zip(chosen, at.X, strict=True)) / at.n / share
    distance = at.W[k, 0] * (mean + at.b[k] / at.W[k, 0])
    square = _squares(at.A.col(k)) * share**4 * distance**2 * (1 + mean**2)
    return sp.sqrt(sp.expand(sp.cancel(square)))


def _imbalance(at: Model) -> sp.Expr:
    """Largest |w~_k . dR/dw~_k - p a_k . dR/da_k|, by Euler's relation."""
    rates = []
    for k in range(at.m):
        inputs = _input_weights(at, k)
        by_inputs = sum(each * sp.diff(at.risk, each) for each in inputs)
        by_output = sum(each * sp.diff(at.risk, each) for each in at.A.col(k))
        rates.append(sp.Abs(sp.expand(at.euler(by_inputs - at.degree * by_output))))
    return sp.Max(*rates)


SCALARS: dict[str, Formula] = {
    "n": lambda at: sp.Integer(at.n),
    "q": lambda at: sp.Integer(at.q),
    "m": lambda at: sp.Integer(at.m),
    "d": lambda at: sp.Integer(at.d),
    "degree": lambda at: sp.sympify(at.degree),
    "risk": lambda at: at.risk,
    "norm(a, c)": lambda at: sp.sqrt(_squares([*at.A, *at.c])),
    "mean_jacobian^2": lambda at: _squares(sp.ones(1, at.n) * at.J / at.n),
    "least_trace": lambda at: 2 * HEADS["roots"](MATRICES["activities"](at), MATRICES["reaches"](at)),
    "mean_square_input": lambda at: sum(_inputs(at, int(at.biased))) / at.n,
    "one": lambda at: sp.S.One,
    "half": lambda at: sp.Rational(1, 2),
    "quarter": lambda at: sp.Rational(1, 4),
    "slope_at_zero": lambda at: sp.sqrt(Act(1, sp.S.Zero) ** 2),
    "correlation": lambda at: sp.sqrt(_squares(_correlation(at))),
    "silent_descent": lambda at: -2 * sp.Symbol("least(moments)", real=True),
    "energies(balances, s1, W~, X~)": lambda at: sum(
        _balance(at, k) * _weighted(at, k, [at.z(i, k) ** 2 for i in range(at.n)]) for k in range(at.m)
    ),
    "reaches(balances, s1, W~, X~)": lambda at: sum(
        _balance(at, k) * _sizes(at, k)[1] ** 2 * _weighted(at, k, _inputs(at, int(at.biased)))
        for k in range(at.m)
    ),
    "loads(balances, W~, X~)": lambda at: sum(
        _balance(at, k) * _sizes(at, k)[1] ** 2 * sum(_inputs(at, int(at.biased))) / at.n for k in range(at.m)
    ),
    "mean_trace(Lam, J*J')": lambda at: MATRICES["G"](at).trace(),
    "mean_of_traces(J*J')": lambda at: _squares(at.J) / at.n,
    "kink_variation": lambda at: 2 * SCALARS["least_sum(active sides, passive sides)"](at),
    "least_sum(active sides, passive sides)": lambda at: sum(
        SMALLER(_side(at, k, True), _side(at, k, False)) for k in range(at.m)
    ),
    "total(active sides)": lambda at: sum(_side(at, k, True) for k in range(at.m)),
    "sum(|a||w|)": lambda at: sum(_sizes(at, k)[0] * sp.sqrt(_squares(at.W.row(k))) for k in range(at.m)),
    "sum(|a||w~|)": lambda at: sum(sp.Mul(*_sizes(at, k)) for k in range(at.m)),
    "first_activity": lambda at: _squares(_unit(at, 0)) / at.n,
    "unit_gradient": lambda at: sp.sqrt(
        _squares(sp.diff(at.risk, each) for each in at.theta if each not in list(at.c))
    ),
    "imbalance_rate": _imbalance,
    "twin_weight": lambda at: sp.Abs(at.A[0, 0]),
    "twin_gradient": _twin_gradient,
    "quadratic_gradient": lambda at: 4 * _squares(at.W.T * sp.diag(*at.A) * at.W * at.X.T) / at.n,
    "mean_square(a*s1)": lambda at: _squares(at.u) / at.n,
    "input_gradient": lambda at: _squares(_slopes(at)) / at.n,
    "mean_square_output": lambda at: _squares(at.f) / at.n,
    "mean_square_jacobian": lambda at: _squares(at.J) / at.n,
    "mean_square(r)": lambda at: _squares(at.r) / at.n,
    "trace(G_W)": lambda at: _hidden_trace(at, 0),
    "trace(G_Wb)": lambda at: _hidden_trace(at, 1),
    "mean_product(|x|^2, |u|^2)": lambda at: _hidden_trace(at, 0),
    "mean_product(1 + |x|^2, |u|^2)": lambda at: _hidden_trace(at, 1),
    "smallest_input": lambda at: sp.Min(*_inputs(at, 0)),
    "smallest(|x|^2)": lambda at: sp.Min(*_inputs(at, 0)),
    "mean_of(|u|^2)": lambda at: _squares(at.u) / at.n,
    "sum(|w|sqrt(G_bb))": lambda at: _paths(at, MATRICES["G_bb"](at)),
    "sum(|w|sqrt(H_bb))": lambda at: _paths(at, MATRICES["H_bb"](at)),
    "sum(|a||w|^2)": lambda at: sum(
        size * _squares(at.W.row(k)) for k, size in enumerate(map(sp.Abs, MATRICES["a"](at)))
    ),
    "gradient_norm": lambda at: sp.sqrt(_squares(_gradient(at))),
    "kernel_energy": lambda at: HEADS["rayleigh"](MATRICES["K"](at), MATRICES["r/n"](at)),
}
"""The numbers of theorems and proofs, written out from their definitions."""


def _paths(at: Model, block: sp.Matrix) -> sp.Expr:
    return sum(sp.sqrt(_squares(at.W.row(k))) * sp.sqrt(block[k, k]) for k in range(at.m))


HEADS: dict[str, Callable[..., sp.Expr]] = {
    "trace": lambda A: A.trace(),
    "inner": lambda A, B: sum(x * y for x, y in zip(A, B, strict=True)),
    "frobenius": lambda A: sp.sqrt(_squares(A)),
    "norm": lambda v: sp.sqrt(_squares(v)),
    "norm1": lambda v: sum(map(sp.Abs, v)),
    "paths": lambda A, B: sum(sp.sqrt(A[k, k]) * sp.sqrt(B[k, k]) for k in range(A.rows)),
    "rows": lambda A: sp.Integer(A.rows),
    "entry": lambda A: A[0, 0],
    "rayleigh": lambda A, v: (v.T * A * v)[0],
    "roots": lambda x, y: sum(sp.sqrt(sp.expand(x[k] * y[k])) for k in range(len(x))),
    "spread": lambda A, v: sum(sp.sqrt(A[k, k]) * sp.Abs(v[k]) for k in range(A.rows)),
    "total": lambda x: sum(x),
    "weighted": lambda A, v: sum(A[k, k] * sp.Abs(v[k]) for k in range(A.rows)),
}
"""What is taken of matrices, where it can be written out."""


def written_out(name: str, at: Model) -> sp.Expr:
    """The formula of a term such as ``trace(G_bb)`` in a small network; its symbol if it has none.

    Examples
    --------
    >>> written_out("frobenius(W)", Model(1, 2, 1))
    sqrt(w_00**2 + w_01**2)
    >>> written_out("spectral(W)", Model(1, 2, 1))
    spectral(W)
    """
    if name in SCALARS:
        return SCALARS[name](at)
    match = CALL.fullmatch(name)
    arguments = match[2].split(", ") if match else []
    if match is None or match[1] not in HEADS or not set(arguments) <= set(MATRICES):
        return sp.Symbol(name, real=True)
    return HEADS[match[1]](*(MATRICES[argument](at) for argument in arguments))


def vanishes(expression: sp.Expr) -> bool:
    """Whether an expression in symbols and generic derivatives is identically zero."""
    expanded = sp.expand(expression)
    if expanded == 0:
        return True
    if expanded.has(sp.Pow) and sp.expand(sp.fraction(sp.together(expanded))[0]) == 0:
        return True
    return bool(expanded.count_ops() < LARGE and sp.simplify(expanded) == 0)
