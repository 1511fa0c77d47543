"""What a rescaling of units does to the curvature of a homogeneous network.

With s(t z) = t s(z) for t > 0, replacing (a_k, w~_k) by (a_k / t_k, t_k w~_k) leaves the function alone and
turns H into D^-1 H D^-1, D the diagonal matrix of the factors. Nothing here rounds the rescaled weights:
only H is rescaled.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from theory.bridge.network import SLACK, Array, Uncertain, known
from theory.quantities.matrices import applied, augmented_squares, gradient, of_operator, sample_mean
from theory.quantities.network import Situation
from theory.quantities.norms import Matrix, gamma, size

Sums = list[Uncertain]

FACTOR = 100.0  # of the rescaling of the first unit


def column_norms(at: Situation) -> Array:
    """|a_k| of every unit, (m,)."""
    return np.asarray(np.sqrt((at.net.A**2).sum(axis=0)))


def row_norms(at: Situation) -> Array:
    """|w~_k| of every unit, (m,)."""
    net = at.net
    return np.asarray(np.sqrt((net.W**2).sum(axis=1) + (0.0 if net.b is None else net.b**2)))


def activity(at: Situation) -> Sums:
    """E s(z_k)^2 of every unit."""
    return unit_means(at, at.forward.S, at.forward.norms.dS, np.ones(at.forward.n))


def reach(at: Situation) -> Sums:
    """E[s'(z_k)^2 |x~|^2] of every unit."""
    return unit_means(at, at.forward.S1, at.forward.norms.dS1, augmented_squares(at))


def unit_means(at: Situation, values: Array, error: Array, weights: Array) -> Sums:
    """E[weight v_k^2] of every unit, from values (n, m) with an error (n,) of their norm over units."""
    spread = weights[:, None] * (2 * np.abs(values) + error[:, None]) * error[:, None]
    means = (weights[:, None] * values**2).mean(axis=0)
    steps = gamma(len(values) + at.net.W.shape[1] + 8)
    return [
        Uncertain(float(mean), SLACK * (sample_mean(column) + steps * float(mean)))
        for mean, column in zip(means, spread.T, strict=True)
    ]


def rounded(value: float, steps: int) -> Uncertain:
    """A non-negative number computed with `steps` roundings."""
    return Uncertain(float(value), SLACK * gamma(steps) * float(value))


def paths(at: Situation) -> Uncertain:
    """Sum over units of |a_k| |w~_k|."""
    (q, m), d = at.net.A.shape, at.net.W.shape[1]
    return rounded(float(column_norms(at) @ row_norms(at)), q + d + m + 8)


def balanced_trace(at: Situation) -> Uncertain:
    """tr G of the squared loss where every unit is rescaled to |a_k| = |w~_k|, the root of their product."""
    q, steps = at.net.n_outputs, at.net.n_outputs + at.net.W.shape[1] + 8
    total = known(0.0 if at.net.c is None else q)
    for a, w, s, x in zip(column_norms(at), row_norms(at), activity(at), reach(at), strict=True):
        total += q * rounded(a, steps) / rounded(w, steps) * s + rounded(a, steps) * rounded(w, steps) * x
    return total


def least_trace(at: Situation) -> Uncertain:
    """The least tr G over all rescalings, 2 sum_k |a_k| sqrt(q E s_k^2 E[s_k'^2 |x~|^2])."""
    q, steps = at.net.n_outputs, at.net.n_outputs + at.net.W.shape[1] + 8
    total = known(0.0)
    for a, s, x in zip(column_norms(at), activity(at), reach(at), strict=True):
        total += 2 * rounded(a, steps) * (q * s * x).sqrt()
    return total


def rescaled(matrix: Matrix, at: Situation, factors: Array, steps: int) -> Matrix:
    """D^-1 M D^-1 where input weights are multiplied by `factors`, output weights divided by them.

    `factors` has shape (m,).
    """
    net = at.net
    d, q = net.W.shape[1], net.n_outputs
    inverse = [np.tile(factors, q), np.repeat(1 / factors, d)]
    inverse += [] if net.b is None else [1 / factors]
    inverse += [] if net.c is None else [np.ones(q)]
    scale = np.concatenate(inverse)
    entries = matrix.entries * scale[:, None] * scale
    error = matrix.error * float(scale.max()) ** 2 + gamma(2 * steps + 6) * size(entries)
    return Matrix(entries, SLACK * error)


def balanced(name: str) -> Callable[[Situation], Matrix]:
    """The matrix `name`, H or G, where every unit is rescaled to |a_k| = |w~_k|."""

    def evaluate(at: Situation) -> Matrix:
        factors = np.sqrt(column_norms(at) / row_norms(at))
        return rescaled(
            at.once(name, of_operator(name)), at, factors, sum(at.net.A.shape) + at.net.W.shape[1]
        )

    return evaluate


def stretched(name: str) -> Callable[[Situation], Matrix]:
    """The matrix `name`, H or G, where the first unit is rescaled by FACTOR."""

    def evaluate(at: Situation) -> Matrix:
        factors = np.where(np.arange(len(at.net.W)) == 0, FACTOR, 1.0)
        return rescaled(at.once(name, of_operator(name)), at, factors, 1)

    return evaluate


def first_activity(at: Situation) -> Uncertain:
    """E s(z_1)^2 of the first unit."""
    return activity(at)[0]


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
    return applied(at.once("H", of_operator("H")), scaling_directions(at))
