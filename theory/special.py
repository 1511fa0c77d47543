"""Numbers that one theorem alone speaks of."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from theory.blocks import sample_mean
from theory.matrices import Array, Matrix, gamma, least, size
from theory.situation import Situation
from theory.uncertain import SLACK, Uncertain, known
from theory.whole import (
    applied,
    augmented_squares,
    formed,
    gradient,
    gradient_size,
    jacobian_sizes,
)

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


def imbalance_rate(at: Situation) -> Uncertain:
    """Largest |w~_k . dR/dw~_k - p A_k . dR/dA_k| over units, p the degree of homogeneity."""
    net, (g, error) = at.net, gradient(at)
    parts = {name: g[where].reshape(net.parts[name].shape) for name, where in net.layout.items()}
    by_inputs = (net.W * parts["W"]).sum(axis=1)
    lengths = (net.W**2).sum(axis=1)
    if net.b is not None:
        by_inputs, lengths = by_inputs + net.b * parts["b"], lengths + net.b**2
    p, grads = net.activation.homogeneity, np.atleast_2d(parts["a"])
    rates = by_inputs - p * (net.A * grads).sum(axis=0)
    reach = np.sqrt(lengths) + p * np.sqrt((net.A**2).sum(axis=0))
    steps = gamma(net.W.shape[1] + net.n_outputs + 6)
    spread = SLACK * (error + steps * (size(g) + error)) * float(reach.max())
    return Uncertain(float(np.abs(rates).max()), spread)


def scaling_directions(at: Situation) -> Array:
    """The directions (A_k, -w~_k) along which a unit is rescaled, as columns (P, m)."""
    net = at.net
    q, m = net.A.shape
    units, d = np.arange(m), net.W.shape[1]
    V = np.zeros((net.n_parameters, m))
    for o in range(q):
        V[o * m + units, units] = net.A[o]
    for j in range(d):
        V[net.layout["W"].start + units * d + j, units] = -net.W[:, j]
    if net.b is not None:
        V[net.layout["b"].start + units, units] = -net.b
    return V


def curvature_along_scalings(at: Situation) -> Uncertain:
    """|H V|_F, V the directions of rescaling."""
    return applied(at.once("H", formed("H")), scaling_directions(at))


def unit_gradient(at: Situation) -> Uncertain:
    """Norm of the gradient by all weights but the output bias."""
    net = at.net
    return gradient_size(at, slice(0, net.n_parameters - (0 if net.c is None else net.c.size)))


def twins(at: Situation) -> tuple[int, int] | None:
    """The first two units with equal input weights and a non-zero output weight of the first, or None."""
    net = at.net
    rows = net.W if net.b is None else np.column_stack([net.W, net.b])
    for k in range(len(rows)):
        same = np.flatnonzero((rows[k + 1 :] == rows[k]).all(axis=1))
        if len(same) and net.A[:, k].any():
            return k, k + 1 + int(same[0])
    return None


def exchange(at: Situation) -> Array:
    """The direction that moves output weight from one twin to the other, (P, 1)."""
    k, twin = at.once("twins", twins)
    V = np.zeros((at.net.n_parameters, 1))
    V[k], V[twin] = 1.0, -1.0
    return V


def curvature_along_exchange(name: str) -> Callable[[Situation], Uncertain]:
    """How to evaluate |M v|, M the matrix `name` and v the exchange between twins."""
    return lambda at: applied(at.once(name, formed(name)), exchange(at))


def twin_weight(at: Situation) -> Uncertain:
    """|a_k| of the first of the twins."""
    return known(abs(float(at.net.A[0, at.once("twins", twins)[0]])))


def twin_gradient(at: Situation) -> Uncertain:
    """Norm of the gradient by the input weights of the first of the twins."""
    net, k = at.net, at.once("twins", twins)[0]
    d = net.W.shape[1]
    where = net.layout["W"].start + k * d + np.arange(d)
    if net.b is not None:
        where = np.append(where, net.layout["b"].start + k)
    return gradient_size(at, where)


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
