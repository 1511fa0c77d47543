"""The quantities that theorems speak of, each with its name, its LaTeX and its value at a network.

A value is an :class:`~theory.uncertain.Uncertain`: it bounds its own rounding error, starting from the
error bounds of the forward pass. The matrices of the theorems, m x m over the hidden biases, are formed
here directly from u = S1 * a, which needs no hidden biases to be present:

    G_bb = E[u^T Lam u],    H_bb = G_bb + diag_k(E[g a_k s''(z_k)]).

With several outputs a_k is the k-th column of A, |a_k| its norm, and u (q, m) per sample.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from theory import bridge
from theory.matrices import Matrix, frobenius, gamma, largest, nuclear, spectral, trace
from theory.uncertain import SLACK, UNIT, Uncertain, known

Array = NDArray[np.float64]


@dataclass
class Situation:
    """A network with data and a loss, and the quantities evaluated there so far.

    Parameters
    ----------
    net, X, y, loss
        As for ``twolayer.Hessian``.
    """

    net: Any
    X: Any
    y: Any
    loss: Any = "squared"
    found: dict[str, Any] = field(default_factory=dict)

    def once(self, name: str, evaluate: Callable[[Situation], Any]) -> Any:
        """Return ``evaluate(self)``, from memory the second time."""
        if name not in self.found:
            self.found[name] = evaluate(self)
        return self.found[name]

    @property
    def forward(self) -> Any:
        """The forward pass with its error bounds."""
        return self.once("forward", lambda at: bridge.forward(at.net, at.X, at.y, at.loss))

    @property
    def hessian(self) -> Any:
        """The Hessian as an operator."""
        return self.once("hessian", lambda at: bridge.hessian(at.net, at.X, at.y, at.loss))

    def __getitem__(self, name: str) -> Uncertain:
        """The quantity called `name`, one of :data:`QUANTITIES`."""
        value: Uncertain = self.once(f"quantity {name}", QUANTITIES[name].evaluate)
        return value


@dataclass(frozen=True)
class Quantity:
    """A named number of a network with data.

    Parameters
    ----------
    latex : str
        How it is written.
    evaluate : callable
        Situation -> Uncertain.
    """

    latex: str
    evaluate: Callable[[Situation], Uncertain]


def symbol(name: str) -> sp.Symbol:
    """Return the sympy symbol that stands for the quantity `name`.

    Raises
    ------
    ValueError
        If there is no such quantity.
    """
    if name not in QUANTITIES:
        raise ValueError(f"name must be one of {', '.join(QUANTITIES)}; got {name!r}")
    return sp.Symbol(name, real=True)


def latex(expression: sp.Basic) -> str:
    """Return the LaTeX of an expression in the symbols of quantities."""
    names = {item: QUANTITIES[item.name].latex for item in expression.free_symbols}
    return str(sp.latex(expression, symbol_names=names, order="none"))


def sample_mean(values: Array) -> float:
    """Upper bound of the mean of non-negative values."""
    return float(SLACK * values.mean())


def bias_block(at: Situation) -> Matrix:
    """G_bb."""
    run, norms = at.forward, at.forward.norms
    A, S1 = run.net.A, run.S1
    n, q = run.F.shape
    if q == 1:
        U = S1 * A * np.sqrt(run.Lam[:, 0])
        entries = U.T @ U / n
    else:
        U = S1[:, None, :] * A
        entries = np.tensordot(U, np.matmul(run.Lam, U), axes=([0, 1], [0, 1])) / n
    Lam = np.sqrt((run.Lam**2).sum(axis=(1, 2)))
    each = Lam * (2 * norms.D + norms.dD) * norms.dD + run.Lam_error * (norms.D + norms.dD) ** 2
    arithmetic = gamma(n * q + q + 8) * sample_mean(Lam * norms.D**2)
    return Matrix((entries + entries.T) / 2, sample_mean(each) + arithmetic)


def curvature_block(at: Situation) -> Matrix:
    """H_bb."""
    run, norms, G_bb = at.forward, at.forward.norms, at.once("G_bb", bias_block)
    n, q = run.F.shape
    diagonal = (run.GA * run.S2).mean(axis=0)
    g = np.sqrt((run.G**2).sum(axis=1))
    each = run.G_error * (norms.E + norms.dE) + g * norms.dE
    arithmetic = gamma(n + q + 4) * sample_mean(g * norms.E) + UNIT * float(np.linalg.norm(G_bb.entries))
    error = SLACK * (G_bb.error + sample_mean(each) + arithmetic)
    return Matrix(G_bb.entries + np.diag(diagonal), error)


def input_gradient(at: Situation) -> Uncertain:
    """E|grad_x f|^2, evaluated as the mean of |W^T u|^2."""
    run, norms, W = at.forward, at.forward.norms, at.net.W
    (n, q), (m, d) = run.F.shape, W.shape
    rows = np.matmul(run.S1[:, None, :] * run.net.A, W).reshape(n, q * d)
    squares = np.einsum("ij,ij->i", rows, rows)
    error = gamma(m + 2) * float(np.linalg.norm(W)) * norms.D + at["spectral(W)"].upper * norms.dD
    spread = SLACK * error * (2 * np.sqrt(squares) + SLACK * error)
    value = float(squares.mean())
    return Uncertain(value, SLACK * (sample_mean(spread) + gamma(n + q * d + 2) * value))


def weight_gram(at: Situation) -> Matrix:
    """W W^T, (m, m)."""
    W = at.net.W
    return Matrix(W @ W.T, SLACK * gamma(W.shape[1]) * float((W**2).sum()))


def weight_gram_inner(at: Situation) -> Uncertain:
    """<W W^T, G_bb>."""
    left, right = at.once("W*W'", weight_gram), at.once("G_bb", bias_block)
    sizes = float(np.linalg.norm(left.entries)), float(np.linalg.norm(right.entries))
    spread = left.error * (sizes[1] + right.error) + sizes[0] * right.error
    rounding = gamma(left.entries.size + 1) * sizes[0] * sizes[1]
    return Uncertain(float((left.entries * right.entries).sum()), SLACK * (spread + rounding))


def spectral_weights(at: Situation) -> Uncertain:
    """|W|_2, the largest singular value, from the smaller of W W^T and W^T W."""
    W = at.net.W if at.net.W.shape[0] <= at.net.W.shape[1] else at.net.W.T
    gram = Matrix(W @ W.T, SLACK * gamma(W.shape[1]) * float((W**2).sum()))
    return largest(gram).sqrt()


def unit_norms(at: Situation) -> Array:
    """|a_k| of every unit, (m,): the norms of the columns of A."""
    return np.asarray(np.sqrt((at.forward.net.A**2).sum(axis=0)))


def weight_norms(at: Situation) -> Array:
    """|w_k| of every unit, (m,)."""
    return np.asarray(np.sqrt((at.net.W**2).sum(axis=1)))


def positive_sum(terms: Array, steps: int) -> Uncertain:
    """Sum of non-negative terms, each computed with `steps` roundings."""
    value = float(terms.sum())
    return Uncertain(value, SLACK * gamma(len(terms) + steps) * value)


def unit_sum(at: Situation, combine: Callable[[Array], Any]) -> Uncertain:
    """Sum or maximum of |a_k| over units."""
    (q, m), value = at.forward.net.A.shape, float(combine(unit_norms(at)))
    return Uncertain(value, SLACK * gamma(q + m + 2) * value)


def weighted_sum(at: Situation) -> Uncertain:
    """Sum over units of |a_k| |w_k|^2."""
    q, d = at.forward.net.A.shape[0], at.net.W.shape[1]
    return positive_sum(unit_norms(at) * weight_norms(at) ** 2, q + 2 * d + 8)


def path_bound(name: str) -> Callable[[Situation], Uncertain]:
    """Sum over units of |w_k| times the root of the k-th diagonal entry of the matrix `name`."""

    def evaluate(at: Situation) -> Uncertain:
        matrix = at.once(name, MATRICES[name])
        rounding = gamma(at.net.W.shape[1] + 2)
        norms = (Uncertain(float(w), rounding * float(w)) for w in weight_norms(at))
        roots = (Uncertain(float(entry), matrix.error).sqrt() for entry in np.diag(matrix.entries))
        return sum((norm * root for norm, root in zip(norms, roots, strict=True)), known(0.0))

    return evaluate


def square_norms(at: Situation) -> Array:
    """|x_i|^2 of every sample, (n,)."""
    return np.einsum("ij,ij->i", at.forward.X, at.forward.X)


def smallest_input(at: Situation) -> Uncertain:
    """Least |x_i|^2."""
    value = float(square_norms(at).min())
    return Uncertain(value, SLACK * gamma(at.net.W.shape[1]) * value)


def augmented_trace(at: Situation) -> Uncertain:
    """tr G_(W,b) = E[(1 + |x|^2) u Lam u], the trace over all input weights and biases."""
    run, norms = at.forward, at.forward.norms
    n, (q, m) = len(run.X), run.net.A.shape
    U = run.S1[:, None, :] * run.net.A
    each = np.einsum("iok,iop,ipk->i", U, run.Lam, U, optimize=True) * (1 + square_norms(at))
    Lam = np.sqrt((run.Lam**2).sum(axis=(1, 2)))
    spread = Lam * (2 * norms.D + norms.dD) * norms.dD + run.Lam_error * (norms.D + norms.dD) ** 2
    spread = (spread + gamma(q * q * m + run.X.shape[1] + 8) * Lam * norms.D**2) * (1 + square_norms(at))
    value = float(each.mean())
    return Uncertain(value, SLACK * (sample_mean(spread) + gamma(n) * abs(value)))


def risk(at: Situation) -> Uncertain:
    """The risk R."""
    run = at.forward
    value = float(run.L.mean())
    return Uncertain(value, SLACK * (sample_mean(run.L_error) + gamma(len(run.L)) * sample_mean(np.abs(run.L))))


def measured(method: str) -> Callable[[Any], Uncertain]:
    """A quantity of the Hessian operator, or of one of its parts, by the name of its method."""

    def evaluate(operator: Any) -> Uncertain:
        measurement = getattr(operator, method)()
        return Uncertain(float(measurement.value), float(measurement.error))

    return evaluate


def top_eigenvalue(operator: Any) -> Uncertain:
    """Largest eigenvalue of a Hessian operator."""
    measurement = operator.eigenvalues(k=1)
    return Uncertain(float(np.max(measurement.value)), float(np.max(measurement.error)))


MATRICES: dict[str, Callable[[Situation], Matrix]] = {"G_bb": bias_block, "H_bb": curvature_block}
OPERATORS: dict[str, Callable[[Situation], Any]] = {
    "G": lambda at: at.hessian.gauss_newton,
    "H": lambda at: at.hessian,
}
NORMS: dict[str, tuple[str, Callable[[Matrix], Uncertain], Callable[[Any], Uncertain]]] = {
    "trace": (r"\operatorname{tr} %s", trace, measured("trace")),
    "frobenius": (r"\|%s\|_F", frobenius, measured("frobenius_norm")),
    "lmax": (r"\lambda_{\max}(%s)", largest, top_eigenvalue),
    "spectral": (r"\|%s\|_2", spectral, measured("spectral_norm")),
    "nuclear": (r"\|%s\|_*", nuclear, measured("nuclear_norm")),
}


def _of_matrix(norm: Callable[[Matrix], Uncertain], name: str) -> Callable[[Situation], Uncertain]:
    return lambda at: norm(at.once(name, MATRICES[name]))


def _of_operator(norm: Callable[[Any], Uncertain], name: str) -> Callable[[Situation], Uncertain]:
    return lambda at: norm(OPERATORS[name](at))


def _matrix_quantities() -> dict[str, Quantity]:
    letters = {"G_bb": "G_{bb}", "H_bb": "H_{bb}", "G": "G", "H": "H"}
    found = {}
    for norm, (form, small, large) in NORMS.items():
        for name in MATRICES:
            found[f"{norm}({name})"] = Quantity(form % letters[name], _of_matrix(small, name))
        for name in OPERATORS:
            found[f"{norm}({name})"] = Quantity(form % letters[name], _of_operator(large, name))
    return found


QUANTITIES: dict[str, Quantity] = {
    "n": Quantity("n", lambda at: known(len(at.forward.X))),
    "d": Quantity("d", lambda at: known(at.net.W.shape[1])),
    "m": Quantity("m", lambda at: known(at.net.W.shape[0])),
    "C1": Quantity("C_1", lambda at: known(at.net.activation.sup1)),
    "C2": Quantity("C_2", lambda at: known(at.net.activation.sup2)),
    "risk": Quantity("R", risk),
    "input_gradient": Quantity(r"\mathbb{E}|\nabla_x f|^2", input_gradient),
    "smallest_input": Quantity(r"\min_i |x_i|^2", smallest_input),
    "norm(a)": Quantity(r"|a|_2", lambda at: positive_sum(np.ravel(at.net.a**2), 1).sqrt()),
    "norm1(a)": Quantity(r"|a|_1", lambda at: unit_sum(at, np.sum)),
    "norm_inf(a)": Quantity(r"|a|_\infty", lambda at: unit_sum(at, np.max)),
    "spectral(W)": Quantity(r"\|W\|_2", spectral_weights),
    "frobenius(W)": Quantity(r"\|W\|_F", lambda at: positive_sum(np.ravel(at.net.W**2), 1).sqrt()),
    "frobenius(W*W')": Quantity(r"\|W W^\top\|_F", lambda at: frobenius(at.once("W*W'", weight_gram))),
    "inner(W*W', G_bb)": Quantity(r"\langle W W^\top, G_{bb} \rangle", weight_gram_inner),
    "sum(|a||w|^2)": Quantity(r"\left(\sum_k |a_k| |w_k|^2\right)", weighted_sum),
    "sum(|w|sqrt(G_bb))": Quantity(r"\left(\sum_k |w_k| \sqrt{G_{bb}[k,k]}\right)", path_bound("G_bb")),
    "sum(|w|sqrt(H_bb))": Quantity(r"\left(\sum_k |w_k| \sqrt{H_{bb}[k,k]}\right)", path_bound("H_bb")),
    "trace(G_Wb)": Quantity(r"\operatorname{tr} G_{(W,b)}", augmented_trace),
    **_matrix_quantities(),
}
