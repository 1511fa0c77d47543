"""The numbers that theorems speak of, each with a bound of its rounding error."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from theory.bridge.network import SLACK, Array, Uncertain, known, require_representable
from theory.quantities.matrices import (
    OPERATORS,
    augmented_squares,
    bias_block,
    curvature_block,
    jacobian_sizes,
    of_operator,
    sample_mean,
    tangent_kernel,
    weight_gram,
)
from theory.quantities.network import Situation
from theory.quantities.norms import Matrix, gamma, largest, least, size
from theory.quantities.rescaling import balanced, column_norms, stretched

ROWS = 1024  # samples whose input gradients are held at a time

MATRICES: dict[str, Callable[[Situation], Matrix]] = {
    "G_bb": bias_block,
    "H_bb": curvature_block,
    "W*W'": weight_gram,
    "K": tangent_kernel,
    **{name: of_operator(name) for name in OPERATORS},
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
    weights = at.once("|W|_2", spectral_weights)
    error = gamma(m + 2) * float(np.linalg.norm(W)) * norms.D + weights.upper * norms.dD
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
    """Sum of non-negative terms, each computed with `steps` roundings. `terms` has shape (k,)."""
    value = float(terms.sum())
    return Uncertain(value, SLACK * gamma(len(terms) + steps) * value)


def unit_sum(at: Situation, combine: Callable[[Array], Any]) -> Uncertain:
    """Sum or maximum of |a_k| over units. From the (m,) sizes."""
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
    require_representable("losses", run.L)
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


JET = 2.0**-49  # relative error of a compiled derivative where z is exact


def mean_square_output(at: Situation) -> Uncertain:
    """E|f|^2."""
    run = at.forward
    squares = (run.F**2).sum(axis=1)
    spread = (2 * np.sqrt(squares) + run.F_error) * run.F_error
    value = float(squares.mean())
    return Uncertain(value, SLACK * (sample_mean(spread) + gamma(run.F.size + 2) * value))


def mean_square_input(at: Situation) -> Uncertain:
    """E|x~|^2: 1 + E|x|^2 with hidden biases, E|x|^2 without."""
    value = float(augmented_squares(at).mean())
    return Uncertain(value, SLACK * gamma(at.forward.X.size + 4) * value)


def parameter_norm(*names: str) -> Callable[[Situation], Uncertain]:
    """How to evaluate the norm of all parameters, or of the parts `names` that are there."""

    def evaluate(at: Situation) -> Uncertain:
        parts = [part.ravel() for name, part in at.net.parts.items() if not names or name in names]
        vector = np.concatenate(parts)
        value = size(vector)
        return Uncertain(value, SLACK * gamma(len(vector) + 4) * value)

    return evaluate


def slope_at_zero(at: Situation) -> Uncertain:
    """|s'(0)|."""
    value = abs(at.net.activation.jet(0.0)[1])
    return Uncertain(value, JET * value)


def correlation(at: Situation) -> Uncertain:
    """|E[g x~]|: how much of the loss's slope is linear in the inputs."""
    run = at.forward
    inputs = run.X if at.net.b is None else np.column_stack([run.X, np.ones(run.n)])
    vector = run.G[:, 0] @ inputs / run.n
    lengths = np.sqrt(augmented_squares(at))
    rounding = gamma(run.n + 4) * sample_mean(np.abs(run.G[:, 0]) * lengths)
    value = size(vector)
    spread = sample_mean(run.G_error * lengths) + rounding + gamma(len(vector) + 4) * value
    return Uncertain(value, SLACK * spread)


def quadratic_gradient(at: Situation) -> Uncertain:
    """4 E|M x|^2, M = sum_k a_k w_k w_k^T the matrix of a network of quadratic units."""
    net, X = at.net, at.forward.X
    m, d = net.W.shape
    M = net.W.T @ (net.A[0][:, None] * net.W)
    error = gamma(m + 3) * float(np.abs(net.A[0]) @ (net.W**2).sum(axis=1))
    lengths = np.sqrt((X**2).sum(axis=1))
    images = np.sqrt(((X @ M) ** 2).sum(axis=1))
    off = SLACK * lengths * (error + gamma(d + 2) * (size(M) + error))
    value = 4 * float((images**2).mean())
    return Uncertain(
        value, SLACK * (4 * sample_mean((2 * images + off) * off) + gamma(len(X) + d + 4) * value)
    )


def descent_of_silent_unit(at: Situation) -> Uncertain:
    """-2 times the least eigenvalue of a_k E[g x x^T], for the first unit k with w_k = 0."""
    run, net = at.forward, at.net
    k = int(np.flatnonzero(~net.W.any(axis=1))[0])
    a, X = float(net.A[0, k]), run.X
    squares = (X**2).sum(axis=1)
    moments = (X * (run.G * a)).T @ X / run.n
    rounding = gamma(run.n + 5) * sample_mean(np.abs(run.G[:, 0] * a) * squares)
    error = SLACK * (abs(a) * sample_mean(run.G_error * squares) + rounding)
    return -2 * least(Matrix((moments + moments.T) / 2, error))


def mean_jacobian(at: Situation) -> Uncertain:
    """|E J|^2 of a scalar network, J the gradient of the output by the parameters."""
    run, net = at.forward, at.net
    U = run.S1 * net.A[0]
    parts = [run.S.mean(axis=0), U.T @ run.X / run.n]
    parts += [] if net.b is None else [U.mean(axis=0)]
    vector = np.concatenate([part.ravel() for part in parts])
    J, dJ = jacobian_sizes(at)
    off = SLACK * (sample_mean(dJ) + gamma(run.n + 3) * sample_mean(J))
    length = size(vector)
    square = Uncertain(length**2, SLACK * ((2 * length + off) * off + gamma(len(vector) + 8) * length**2))
    return square + (net.c is not None)


def kink_variation(at: Situation) -> Uncertain:
    """2 sum_k |a_k w_k| g(t_k), t_k = -b_k / w_k the kink of unit k of a network of one input.

    g = min(g-, g+), g-(t) = P(X < t)^2 E[t - X | X < t] sqrt(1 + E[X | X < t]^2) and g+ its mirror image.
    Which samples lie on which side is read off the signs of the pre-activations.
    """
    net, run, total = at.net, at.forward, known(0.0)
    for a, w, b, active in zip(net.A[0], net.W[:, 0], net.b, run.S1.T, strict=True):
        if w:
            sides = [
                _half(run.X[chosen, 0], float(w), float(b), run.n) for chosen in (active > 0, active <= 0)
            ]
            smaller = Uncertain(min(side.value for side in sides), max(side.error for side in sides))
            total += 2 * known(abs(float(a))) * smaller
    return total


def _half(x: Array, w: float, b: float, n: int) -> Uncertain:
    """|w| times g- or g+ at -b / w, from the samples on that side: P^2 |E[w X + b]| sqrt(1 + E[X]^2)."""
    if not len(x):
        return known(0.0)
    count, sizes = len(x), float(np.abs(x).mean())
    mean = Uncertain(float(x.mean()), gamma(count + 2) * sizes)
    return (known(count) / n) ** 2 * abs(mean * w + b) * (mean**2 + 1).sqrt()


def log_mean_eigenvalue(matrix: Matrix) -> Uncertain:
    """P ln(tr M / P), or an infinite error if the trace is not positive."""
    diagonal = np.diag(matrix.entries)
    P, total = len(diagonal), float(diagonal.sum())
    error = SLACK * (P**0.5 * matrix.error + gamma(P) * float(np.abs(diagonal).sum()))
    if not total > error:
        return Uncertain(0.0, math.inf)
    value = P * math.log(total / P)
    return Uncertain(value, SLACK * (-P * math.log1p(-error / total) + gamma(12) * (abs(value) + P)))
