"""Sizes of the parts of the Hessian, and what the errors of the computed factors do to them.

Write H = (1/n) sum_i (J_i^T Lam_i J_i + R_i). Replacing every factor by its computed value changes H by a
matrix whose Frobenius norm the triangle inequality bounds, sample by sample; arithmetic on the computed
factors adds an error proportional to the sizes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from numerics.deep.forward import Forward
from numerics.deep.second_derivatives import Pair
from twolayer.arrays import Array
from twolayer.errors.rounding import SLACK, SUBNORMAL, UNIT, gamma, scaled_norms

UNDERFLOW = 1e-300  # more than products that vanish can take from a sum of any feasible length
VANISHING = 1e-160  # the same for the root of a sum of squares


@dataclass(frozen=True)
class Bounds:
    """Bounds of one part of the Hessian.

    Attributes
    ----------
    size : float
        (1/n) sum_i of the Frobenius norms of the samples' matrices: what rounding is proportional to.
    propagated : float
        Bound of the Frobenius norm of (the part from computed factors) - (the part).
    trace_propagated : float
        The same for the trace.
    """

    size: float
    propagated: float
    trace_propagated: float

    def __add__(self, other: Bounds) -> Bounds:
        return Bounds(*(a + b for a, b in zip(vars(self).values(), vars(other).values(), strict=True)))


def newton_bounds(run: Forward, layers: tuple[int, ...]) -> Bounds:
    """Bounds of G, or of its block over some layers."""
    J, dJ = jacobian_sizes(run, layers)
    off = run.Lam_error + run.net.n_outputs * SUBNORMAL  # a confident sample's curvature may vanish
    lam = scaled_norms(run.Lam.reshape(run.n, -1)) + off
    lost = UNDERFLOW if any(run.sizes[l].h.any() for l in layers) else 0.0
    each = mean(off * J**2 + lam * (2 * J * dJ + dJ**2)) + lost
    return Bounds(mean(lam * J**2), each, each)


def jacobian_sizes(run: Forward, layers: tuple[int, ...]) -> tuple[Array, Array]:
    """Upper bounds of |J_i|_F over parameters and outputs, and of its error, each (n,)."""
    found = np.zeros(run.n)
    error = np.zeros(run.n)
    for l in layers:
        size = run.sizes[l]
        found = np.hypot(found, size.J * size.h)  # whose squares may vanish
        error = np.hypot(error, size.dJ * size.h + size.J * size.dh)
    return SLACK * found, SLACK * error


def pair_bounds(run: Forward, l: int, k: int, pair: Pair, rows: slice) -> tuple[Array, Array, Array]:
    """Size and error of the block (k, l) of R_i, and of the trace if k = l, each (rows,)."""
    low, high = run.sizes[l], run.sizes[k]
    h, dh = low.h[rows], low.dh[rows]
    H, dH, delta, ddelta = high.h[rows], high.dh[rows], high.delta[rows], high.ddelta[rows]
    inside = pair.size_A * H + delta * pair.size_B
    error = pair.error_A * H + pair.size_A * dH + ddelta * pair.size_B + delta * pair.error_B
    wide = run.net.sizes[l + 1] ** 0.5
    trace = wide * (h**2 * pair.error_A + 2 * h * dh * pair.size_A) if k == l else np.zeros_like(h)
    return SLACK * h * inside, SLACK * (h * error + dh * inside + 4 * UNIT * h * inside), SLACK * trace


def gradient_bounds(run: Forward) -> tuple[float, float]:
    """(1/n) sum |g_i| |J_i|_F, and the error that the factors propagate to the gradient."""
    J, dJ = jacobian_sizes(run, tuple(range(run.net.depth)))
    g = scaled_norms(run.G) + run.G_error
    return mean(g * J), mean(g * dJ + run.G_error * J) + gamma(4) * mean(g * J)


def mean(values: Array) -> float:
    """Upper bound of the mean of non-negative values, shape (n,)."""
    return float(SLACK * values.mean())
