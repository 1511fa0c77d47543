"""A small network in symbols, in which the quantities of theorems are written out.

The activation is a generic function (:class:`theory.letters.Act`), or stands for one of a class; all
derivatives are taken by sympy from f and from the risk themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sympy as sp

from theory.lemma import CALL
from theory.letters import Act

LARGE = 3000  # operations of an expression that is not zero as it stands and too long to be simplified
Formula = Callable[["Model"], sp.Expr]


@dataclass(frozen=True)
class Model:
    """A network of symbols with squared loss.

    Parameters
    ----------
    n, d, m, q : int
    biased, offset : bool
        Whether there are hidden biases and an output bias.
    fitted : bool
        Whether the targets are the outputs.
    activation : callable or None
        z -> expression; None for a generic function.
    degree : sympy.Expr or None
        Of homogeneity: Euler's z s' = p s is used to write s' and s'' in terms of s.
    linear : bool
        Whether s(z) is z times a number that depends on the side of a kink, another one for every z.
    """

    n: int
    d: int
    m: int
    q: int = 1
    biased: bool = True
    offset: bool = False
    fitted: bool = False
    activation: Callable[[sp.Expr], sp.Expr] | None = None
    degree: sp.Expr | None = None
    linear: bool = False

    def euler(self, expression: sp.Expr) -> sp.Expr:
        """The expression with s^(j)(z) = p (p - 1) ... s(z) / z^j, if s is homogeneous of degree p."""
        if self.degree is None:
            return expression
        rules = {
            each: sp.ff(self.degree, each.args[0]) * Act(0, each.args[1]) / each.args[1] ** each.args[0]
            for each in expression.atoms(Act)
            if each.args[0] > 0
        }
        return expression.xreplace(rules)

    def letters(self, name: str, rows: int, columns: int) -> sp.Matrix:
        """A matrix of real symbols."""
        return sp.Matrix(rows, columns, lambda i, j: sp.Symbol(f"{name}_{i}{j}", real=True))

    @cached_property
    def A(self) -> sp.Matrix:
        """Output weights (q, m)."""
        return self.letters("a", self.q, self.m)

    @cached_property
    def W(self) -> sp.Matrix:
        """Hidden weights (m, d)."""
        return self.letters("w", self.m, self.d)

    @cached_property
    def b(self) -> sp.Matrix:
        """Hidden biases (m, 1)."""
        return self.letters("b", self.m, 1)

    @cached_property
    def c(self) -> sp.Matrix:
        """Output biases (q, 1), zero without them."""
        return self.letters("c", self.q, 1) if self.offset else sp.zeros(self.q, 1)

    @cached_property
    def X(self) -> sp.Matrix:
        """Inputs (n, d)."""
        return self.letters("x", self.n, self.d)

    @cached_property
    def theta(self) -> list[sp.Symbol]:
        """All parameters."""
        parts = [*self.A, *self.W, *(self.b if self.biased else []), *(self.c if self.offset else [])]
        return parts

    def z(self, i: int, k: int) -> sp.Expr:
        """The pre-activation of unit k at sample i."""
        products = sum(self.W[k, j] * self.X[i, j] for j in range(self.d))
        return products + (self.b[k] if self.biased else 0)

    def s(self, z: sp.Expr) -> sp.Expr:
        """The activation."""
        if self.linear:
            return self.slope(z) * z
        return Act(0, z) if self.activation is None else self.activation(z)

    def slope(self, z: sp.Expr, order: int = 1) -> sp.Expr:
        """A derivative of the activation."""
        if self.linear:
            return sp.Symbol(f"slope at {z}", real=True) if order == 1 else sp.S.Zero
        if self.activation is None:
            return Act(order, z)
        t = sp.Dummy("t", real=True)
        return sp.diff(self.activation(t), t, order).subs(t, z)

    @cached_property
    def f(self) -> sp.Matrix:
        """Outputs (n, q)."""
        return sp.Matrix(
            self.n,
            self.q,
            lambda i, o: sum(self.A[o, k] * self.s(self.z(i, k)) for k in range(self.m)) + self.c[o],
        )

    @cached_property
    def r(self) -> sp.Matrix:
        """Residuals (n, q), f minus targets that are symbols."""
        return sp.zeros(self.n, self.q) if self.fitted else self.f - self.letters("y", self.n, self.q)

    @cached_property
    def u(self) -> sp.Matrix:
        """Derivatives of the outputs by the hidden biases, (n q, m), whether there are any or not."""
        rows = [
            [self.A[o, k] * self.slope(self.z(i, k)) for k in range(self.m)]
            for i in range(self.n)
            for o in range(self.q)
        ]
        return sp.Matrix(rows)

    @cached_property
    def risk(self) -> sp.Expr:
        """The risk."""
        return sum(r**2 for r in self.r) / (2 * self.n)

    @cached_property
    def J(self) -> sp.Matrix:
        """Derivatives of the outputs by the parameters, (n q, P)."""
        return sp.Matrix([[sp.diff(output, each) for each in self.theta] for output in self.f])

    @cached_property
    def R(self) -> sp.Matrix:
        """The residual part, (P, P)."""
        P = len(self.theta)
        pairs = list(zip(self.r, self.f, strict=True))

        def entry(i: int, j: int) -> sp.Expr:
            return sum(r * sp.diff(f, self.theta[i], self.theta[j]) for r, f in pairs) / self.n

        return sp.Matrix(P, P, lambda i, j: entry(i, j) if i <= j else entry(j, i))

    @cached_property
    def H(self) -> sp.Matrix:
        """The Hessian: of the risk itself; at zero residuals by the derivatives of (f - y)^2 / 2 at y = f."""
        if not self.fitted:
            return sp.hessian(self.risk, self.theta)
        targets = list(self.letters("y", self.n, self.q))
        risk = sum((f - y) ** 2 for f, y in zip(self.f, targets, strict=True)) / (2 * self.n)
        return sp.hessian(risk, self.theta).subs(dict(zip(targets, self.f, strict=True)))

    @cached_property
    def delta(self) -> sp.Matrix:
        """E[sum_o r_o a_ok s''(z_k)] of every unit, (m, 1)."""

        def entry(k: int) -> sp.Expr:
            terms = (
                self.r[i, o] * self.A[o, k] * self.slope(self.z(i, k), 2)
                for i in range(self.n)
                for o in range(self.q)
            )
            return sum(terms) / self.n

        return sp.Matrix([entry(k) for k in range(self.m)])

    def block(self, whole: sp.Matrix, names: list[Any]) -> sp.Matrix:
        """The principal block of a (P, P) matrix by some parameters."""
        rows = [self.theta.index(name) for name in names]
        return whole.extract(rows, rows)


MATRICES: dict[str, Formula] = {
    "W": lambda at: at.W,
    "W*W'": lambda at: at.W * at.W.T,
    "G_bb": lambda at: at.u.T * at.u / at.n,
    "H_bb": lambda at: at.u.T * at.u / at.n + sp.diag(*at.delta),
    "a": lambda at: sp.Matrix([sp.sqrt(sum(a**2 for a in at.A.col(k))) for k in range(at.m)]),
    "mean(r*a*s2)": lambda at: at.delta,
    "diag(mean(r*a*s2))": lambda at: sp.diag(*at.delta),
    "G": lambda at: at.J.T * at.J / at.n,
    "H": lambda at: at.H,
    "R": lambda at: at.R,
    "K": lambda at: at.J * at.J.T / at.n,
    "J": lambda at: at.J / sp.sqrt(at.n),
    "J'*J": lambda at: at.J.T * at.J / at.n,
    "J*J'": lambda at: at.J * at.J.T / at.n,
    "theta": lambda at: sp.Matrix(at.theta),
    "a_c": lambda at: _parameters(at, [*at.A, *at.c]),
    "e_c": lambda at: sp.Matrix([sp.Integer(each == at.c[0]) for each in at.theta]),
    "ones": lambda at: sp.ones(at.n, 1) / sp.sqrt(at.n),
    "r/n": lambda at: at.r.reshape(at.n * at.q, 1) / sp.sqrt(at.n),
    "activities": lambda at: sp.Matrix([at.q * _squares(_unit(at, k)) / at.n for k in range(at.m)]),
    "reaches": lambda at: sp.Matrix([_reach(at, k) for k in range(at.m)]),
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


def _stretched(at: Model, whole: sp.Matrix) -> sp.Matrix:
    """D^-1 M D^-1, the first unit rescaled by 100."""
    inputs = [*at.W.row(0), *([at.b[0]] if at.biased else [])]
    factors = dict.fromkeys(at.A.col(0), sp.Integer(100)) | dict.fromkeys(inputs, sp.Rational(1, 100))
    scale = sp.diag(*(factors.get(each, sp.S.One) for each in at.theta))
    return scale * whole * scale


def _scalings(at: Model) -> sp.Matrix:
    """The directions (A_k, -w~_k), as columns."""
    columns = []
    for k in range(at.m):
        inputs = [*at.W.row(k), *([at.b[k]] if at.biased else [])]
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
    inputs = [*at.W.row(0), *([at.b[0]] if at.biased else [])]
    return sp.sqrt(_squares(sp.diff(at.risk, each).xreplace(_twins(at)) for each in inputs))


def _imbalance(at: Model) -> sp.Expr:
    """Largest |w~_k . dR/dw~_k - p a_k . dR/da_k|, by Euler's relation."""
    rates = []
    for k in range(at.m):
        inputs = [*at.W.row(k), *([at.b[k]] if at.biased else [])]
        by_inputs = sum(each * sp.diff(at.risk, each) for each in inputs)
        by_output = sum(each * sp.diff(at.risk, each) for each in at.A.col(k))
        rates.append(sp.Abs(sp.simplify(at.euler(by_inputs - at.degree * by_output))))
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
    "least_trace": lambda at: sum(
        2 * sp.sqrt(at.q * _squares(_unit(at, k)) / at.n) * sp.sqrt(_reach(at, k)) for k in range(at.m)
    ),
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
    "roots": lambda x, y: sum(sp.sqrt(x[k]) * sp.sqrt(y[k]) for k in range(len(x))),
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
