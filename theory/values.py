"""The numbers that theorems speak of, each with a bound of its rounding error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from theory.blocks import bias_block, curvature_block, sample_mean, weight_gram
from theory.matrices import Array, Matrix, gamma, largest
from theory.scaling import balanced, column_norms, stretched
from theory.situation import Situation
from theory.uncertain import SLACK, Uncertain, known
from theory.whole import OPERATORS, formed, tangent_kernel

ROWS = 1024  # samples whose input gradients are held at a time

MATRICES: dict[str, Callable[[Situation], Matrix]] = {
    "G_bb": bias_block,
    "H_bb": curvature_block,
    "W*W'": weight_gram,
    "K": tangent_kernel,
    **{name: formed(name) for name in OPERATORS},
    "balanced H": balanced("H"),
    "stretched H": stretched("H"),
    "stretched G": stretched("G"),
}
"""Every matrix, by name."""


def input_gradient(at: Situation) -> Uncertain:
    """E|grad_x f|^2, evaluated as the mean of |W^T u|^2."""
    run, norms, W = at.forward, at.forward.norms, at.net.W
    (n, q), (m, d) = run.F.shape, W.shape
    squares = np.empty(n)
    for start in range(0, n, ROWS):
        block = slice(start, start + ROWS)
        rows = np.matmul(run.S1[block, None, :] * run.net.A, W)
        squares[block] = np.einsum("ioj,ioj->i", rows, rows)
    error = gamma(m + 2) * float(np.linalg.norm(W)) * norms.D + spectral_weights(at).upper * norms.dD
    spread = SLACK * error * (2 * np.sqrt(squares) + SLACK * error)
    value = float(squares.mean())
    return Uncertain(value, SLACK * (sample_mean(spread) + gamma(n + q * d + 2) * value))


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


def weight_norms(at: Situation) -> Array:
    """|w_k| of every unit, (m,)."""
    return np.asarray(np.sqrt((at.net.W**2).sum(axis=1)))


def positive_sum(terms: Array, steps: int) -> Uncertain:
    """Sum of non-negative terms, each computed with `steps` roundings."""
    value = float(terms.sum())
    return Uncertain(value, SLACK * gamma(len(terms) + steps) * value)


def unit_sum(at: Situation, combine: Callable[[Array], Any]) -> Uncertain:
    """Sum or maximum of |a_k| over units."""
    (q, m), value = at.forward.net.A.shape, float(combine(column_norms(at)))
    return Uncertain(value, SLACK * gamma(q + m + 2) * value)


def weighted_sum(power: int) -> Callable[[Situation], Uncertain]:
    """How to evaluate the sum over units of |a_k| |w_k|^power."""

    def evaluate(at: Situation) -> Uncertain:
        q, d = at.net.n_outputs, at.net.W.shape[1]
        return positive_sum(column_norms(at) * weight_norms(at) ** power, q + power * d + 8)

    return evaluate


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


def hidden_trace(biases: bool) -> Callable[[Situation], Uncertain]:
    """How to evaluate tr G_W or, with `biases`, tr G_(W,b) = E[(1 + |x|^2) u Lam u]."""
    return lambda at: _weighted_trace(at, square_norms(at) + biases)


def _weighted_trace(at: Situation, weights: Array) -> Uncertain:
    """E[weight u Lam u]."""
    run, norms = at.forward, at.forward.norms
    n, (q, m) = len(run.X), run.net.A.shape
    U = run.S1[:, None, :] * run.net.A
    each = np.einsum("iok,iop,ipk->i", U, run.Lam, U, optimize=True) * weights
    Lam = np.sqrt((run.Lam**2).sum(axis=(1, 2)))
    spread = Lam * (2 * norms.D + norms.dD) * norms.dD + run.Lam_error * (norms.D + norms.dD) ** 2
    spread = (spread + gamma(q * q * m + run.X.shape[1] + 8) * Lam * norms.D**2) * weights
    value = float(each.mean())
    return Uncertain(value, SLACK * (sample_mean(spread) + gamma(n) * abs(value)))


def risk(at: Situation) -> Uncertain:
    """The risk R."""
    run = at.forward
    value = float(run.L.mean())
    return Uncertain(
        value, SLACK * (sample_mean(run.L_error) + gamma(len(run.L)) * sample_mean(np.abs(run.L)))
    )


def measured(method: str) -> Callable[[Any], Uncertain]:
    """A quantity of the Hessian operator, or of one of its parts, by the name of its method."""

    def evaluate(operator: Any) -> Uncertain:
        measurement = getattr(operator, method)()
        return Uncertain(float(measurement.value), float(measurement.error))

    return evaluate
