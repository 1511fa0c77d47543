"""The quantities of theorems written out in a small network, from their definitions."""

from __future__ import annotations

import sympy as sp

from theory.derivation.letters import Act
from theory.proofs.lemmas.lemma import CALL
from theory.proofs.small.matrices import (
    MATRICES,
    Formula,
    balance,
    correlation,
    input_squares,
    input_weights,
    sizes,
    squares,
    twins,
    unit_values,
)
from theory.proofs.small.network import SmallNetwork
from theory.proofs.small.norms import NORMS

LARGE = 3000  # operations of an expression that is not zero as it stands and too long to be simplified

SMALLER = sp.Function("smaller", real=True)  # of two; sp.Min would compare them at length


def _slopes(at: SmallNetwork) -> list[sp.Expr]:
    """Derivatives of every output by its own input."""
    return [sp.diff(at.f[i, o], at.X[i, j]) for i in range(at.n) for o in range(at.q) for j in range(at.d)]


def _hidden_trace(at: SmallNetwork, one: int) -> sp.Expr:
    rows = (at.u[i * at.q + o, :] for i in range(at.n) for o in range(at.q))
    weights = (each for each in input_squares(at, one) for _ in range(at.q))
    return sum(weight * squares(row) for weight, row in zip(weights, rows, strict=True)) / at.n


def _gradient(at: SmallNetwork) -> list[sp.Expr]:
    return [sp.diff(at.risk, each) for each in at.theta]


def _twin_gradient(at: SmallNetwork) -> sp.Expr:
    slopes = (sp.diff(at.risk, each).xreplace(twins(at)) for each in input_weights(at, 0))
    return sp.sqrt(squares(slopes))


def _weighted(at: SmallNetwork, k: int, values: list[sp.Expr]) -> sp.Expr:
    """E[s'(z_k)^2 value]."""
    return sum(at.slope(at.z(i, k)) ** 2 * value for i, value in enumerate(values)) / at.n


def _side(at: SmallNetwork, k: int, active: bool) -> sp.Expr:
    """|a_k w_k| times P^2 E|X - t| sqrt(1 + E[X]^2), the means over the samples where the unit is active or
    not, P their share and t = -b_k / w_k the kink; one input.
    """
    chosen = [at.slope(at.z(i, k)) for i in range(at.n)]
    chosen = chosen if active else [1 - each for each in chosen]
    share = sum(chosen) / at.n
    mean = sum(each * x for each, x in zip(chosen, at.X, strict=True)) / at.n / share
    distance = at.W[k, 0] * (mean + at.b[k] / at.W[k, 0])
    square = squares(at.A.col(k)) * share**4 * distance**2 * (1 + mean**2)
    return sp.sqrt(sp.expand(sp.cancel(square)))


def _imbalance(at: SmallNetwork) -> sp.Expr:
    """Largest |w~_k . dR/dw~_k - p a_k . dR/da_k|, by Euler's relation."""
    rates = []
    for k in range(at.m):
        inputs = input_weights(at, k)
        by_inputs = sum(each * sp.diff(at.risk, each) for each in inputs)
        by_output = sum(each * sp.diff(at.risk, each) for each in at.A.col(k))
        rates.append(sp.Abs(sp.expand(at.euler(by_inputs - at.degree * by_output))))
    return sp.Max(*rates)


NUMBERS: dict[str, Formula] = {
    "n": lambda at: sp.Integer(at.n),
    "q": lambda at: sp.Integer(at.q),
    "m": lambda at: sp.Integer(at.m),
    "d": lambda at: sp.Integer(at.d),
    "degree": lambda at: sp.sympify(at.degree),
    "risk": lambda at: at.risk,
    "norm(a, c)": lambda at: sp.sqrt(squares([*at.A, *at.c])),
    "mean_jacobian^2": lambda at: squares(sp.ones(1, at.n) * at.J / at.n),
    "least_trace": lambda at: 2 * NORMS["roots"](MATRICES["activities"](at), MATRICES["reaches"](at)),
    "mean_square_input": lambda at: sum(input_squares(at, int(at.biased))) / at.n,
    "one": lambda at: sp.S.One,
    "half": lambda at: sp.Rational(1, 2),
    "quarter": lambda at: sp.Rational(1, 4),
    "slope_at_zero": lambda at: sp.sqrt(Act(1, sp.S.Zero) ** 2),
    "correlation": lambda at: sp.sqrt(squares(correlation(at))),
    "silent_descent": lambda at: -2 * sp.Symbol("least(moments)", real=True),
    "energies(balances, s1, W~, X~)": lambda at: sum(
        balance(at, k) * _weighted(at, k, [at.z(i, k) ** 2 for i in range(at.n)]) for k in range(at.m)
    ),
    "reaches(balances, s1, W~, X~)": lambda at: sum(
        balance(at, k) * sizes(at, k)[1] ** 2 * _weighted(at, k, input_squares(at, int(at.biased)))
        for k in range(at.m)
    ),
    "loads(balances, W~, X~)": lambda at: sum(
        balance(at, k) * sizes(at, k)[1] ** 2 * sum(input_squares(at, int(at.biased))) / at.n
        for k in range(at.m)
    ),
    "mean_trace(Lam, J*J')": lambda at: MATRICES["G"](at).trace(),
    "mean_of_traces(J*J')": lambda at: squares(at.J) / at.n,
    "kink_variation": lambda at: 2 * NUMBERS["least_sum(active sides, passive sides)"](at),
    "least_sum(active sides, passive sides)": lambda at: sum(
        SMALLER(_side(at, k, True), _side(at, k, False)) for k in range(at.m)
    ),
    "total(active sides)": lambda at: sum(_side(at, k, True) for k in range(at.m)),
    "sum(|a||w|)": lambda at: sum(sizes(at, k)[0] * sp.sqrt(squares(at.W.row(k))) for k in range(at.m)),
    "sum(|a||w~|)": lambda at: sum(sp.Mul(*sizes(at, k)) for k in range(at.m)),
    "first_activity": lambda at: squares(unit_values(at, 0)) / at.n,
    "unit_gradient": lambda at: sp.sqrt(
        squares(sp.diff(at.risk, each) for each in at.theta if each not in list(at.c))
    ),
    "imbalance_rate": _imbalance,
    "twin_weight": lambda at: sp.Abs(at.A[0, 0]),
    "twin_gradient": _twin_gradient,
    "quadratic_gradient": lambda at: 4 * squares(at.W.T * sp.diag(*at.A) * at.W * at.X.T) / at.n,
    "mean_square(a*s1)": lambda at: squares(at.u) / at.n,
    "input_gradient": lambda at: squares(_slopes(at)) / at.n,
    "mean_square_output": lambda at: squares(at.f) / at.n,
    "mean_square_jacobian": lambda at: squares(at.J) / at.n,
    "mean_square(r)": lambda at: squares(at.r) / at.n,
    "trace(G_W)": lambda at: _hidden_trace(at, 0),
    "trace(G_Wb)": lambda at: _hidden_trace(at, 1),
    "mean_product(|x|^2, |u|^2)": lambda at: _hidden_trace(at, 0),
    "mean_product(1 + |x|^2, |u|^2)": lambda at: _hidden_trace(at, 1),
    "smallest_input": lambda at: sp.Min(*input_squares(at, 0)),
    "smallest(|x|^2)": lambda at: sp.Min(*input_squares(at, 0)),
    "mean_of(|u|^2)": lambda at: squares(at.u) / at.n,
    "sum(|w|sqrt(G_bb))": lambda at: _paths(at, MATRICES["G_bb"](at)),
    "sum(|w|sqrt(H_bb))": lambda at: _paths(at, MATRICES["H_bb"](at)),
    "sum(|a||w|^2)": lambda at: sum(
        size * squares(at.W.row(k)) for k, size in enumerate(map(sp.Abs, MATRICES["a"](at)))
    ),
    "gradient_norm": lambda at: sp.sqrt(squares(_gradient(at))),
    "kernel_energy": lambda at: NORMS["rayleigh"](MATRICES["K"](at), MATRICES["r/n"](at)),
}
"""The numbers of theorems and proofs, written out from their definitions."""


def _paths(at: SmallNetwork, block: sp.Matrix) -> sp.Expr:
    return sum(sp.sqrt(squares(at.W.row(k))) * sp.sqrt(block[k, k]) for k in range(at.m))


def written_out(name: str, at: SmallNetwork) -> sp.Expr:
    """The formula of a term such as ``trace(G_bb)`` in a small network; its symbol if it has none.

    Examples
    --------
    >>> written_out("frobenius(W)", SmallNetwork(1, 2, 1))
    sqrt(w_00**2 + w_01**2)
    >>> written_out("spectral(W)", SmallNetwork(1, 2, 1))
    spectral(W)
    """
    if name in NUMBERS:
        return NUMBERS[name](at)
    match = CALL.fullmatch(name)
    arguments = match[2].split(", ") if match else []
    if match is None or match[1] not in NORMS or not set(arguments) <= set(MATRICES):
        return sp.Symbol(name, real=True)
    return NORMS[match[1]](*(MATRICES[argument](at) for argument in arguments))


def vanishes(expression: sp.Expr) -> bool:
    """Whether an expression in symbols and generic derivatives is identically zero."""
    expanded = sp.expand(expression)
    if expanded == 0:
        return True
    if expanded.has(sp.Pow) and sp.expand(sp.fraction(sp.together(expanded))[0]) == 0:
        return True
    return bool(expanded.count_ops() < LARGE and sp.simplify(expanded) == 0)
