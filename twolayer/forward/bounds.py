"""Rounding bounds shared by every curvature quantity.

Write H = (1/n) sum_i (J_i^T Lam_i J_i + F_i), F_i the residual part of sample i. Replacing every factor by
its computed value changes H by a matrix whose Frobenius (and nuclear) norm the triangle inequality bounds
through the norms of one sample; that is `propagated`. Arithmetic on the computed factors adds an error
proportional to the sizes ``gauss_newton`` and ``residual`` below.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from twolayer.arrays import Array
from twolayer.errors.rounding import SLACK, SUBNORMAL, times_power
from twolayer.forward.errors import Forward
from twolayer.forward.scope import Scope, sizes
from twolayer.jit import reduction_kernel, scalar_kernel

MULTIPLICATIONS = 16  # of one term, at most


@dataclass(frozen=True)
class Bounds:
    """Norms over samples, and the error that the computed factors propagate.

    Attributes
    ----------
    jacobian : ndarray, shape (n,)
        Bounds of |J_i|_F.
    gauss_newton, residual : float
        Bounds of (1/n) sum |Lam_i| |J_i|_F^2 and (1/n) sum |F_i|_F; zero for a part left out.
    propagated : float
        Bound of the Frobenius norm of (H from computed factors) - H, and of what underflow takes from H.
    trace_propagated : float
        The same for the trace.
    gradient_propagated, gradient_size : float
        The same for the norm of the risk's gradient, and (1/n) sum |g_i| |J_i|_F.
    underflow : float
        Bound of what underflow alone may take from the Frobenius norm, the trace and the gradient.
    """

    jacobian: Array
    gauss_newton: float
    residual: float
    propagated: float
    trace_propagated: float
    gradient_propagated: float
    gradient_size: float
    underflow: float

    @property
    def total(self) -> float:
        """What the error of arithmetic on H is proportional to."""
        return self.gauss_newton + self.residual


def bounds(forward: Forward, scope: Scope) -> Bounds:
    """Evaluate the bounds for one scope; O(n) once the forward pass is done."""
    norms, n, m = forward.norms, forward.n, forward.net.W.shape[0]
    root = np.sqrt(forward.net.n_outputs)
    jacobian, sums = np.empty(n), np.empty(6)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        each = (norms.S, norms.dS, norms.D, norms.dD, norms.S1, norms.dS1, norms.E, norms.dE)
        losses = (*forward.loss_norms, forward.Lam_error, forward.G_error)
        parts = float(scope.gauss_newton), float(scope.residual)
        factors = (scope.has("a"), root * scope.has("a"), root * scope.has("c"), np.sqrt(m), *parts)
        some = add_up(each, losses, input_norms(forward, scope), factors, jacobian, sums)
        lost = _underflow(forward, scope) if some or scope.has("c") else 0.0
        newton, residual, moved, trace_moved, gradient_moved, gradient_size = (SLACK * sums / n).tolist()
    return Bounds(
        jacobian=jacobian,
        gauss_newton=newton if scope.gauss_newton else 0.0,
        residual=residual if scope.residual else 0.0,
        propagated=lost + moved,
        trace_propagated=lost + trace_moved,
        gradient_propagated=lost + gradient_moved,
        gradient_size=gradient_size,
        underflow=lost,
    )


@scalar_kernel
def length(u, v):  # type: ignore[no-untyped-def]
    """sqrt(u^2 + v^2) of numbers that are not negative, whose squares may leave the floats."""
    large, small = max(u, v), min(u, v)
    ratio = small / large if 0.0 < large < np.inf else 0.0
    return large * math.sqrt(1.0 + ratio * ratio)


@reduction_kernel
def add_up(each, losses, x, factors, jacobian, sums):  # type: ignore[no-untyped-def]
    """Fill jacobian (n,) and sums (6,), over samples, from arrays (n,); whether a derivative is not zero.

    The products of factors that are not zero may have underflowed.
    """
    S, dS, D, dD, S1, dS1, E, dE = each
    g, lam, lam_error, g_error = losses
    with_a, a, c, root_m, newton, residual = factors
    hidden = inputs = slopes = 0
    for k in range(6):
        sums[k] = 0.0
    size = rest = moved = trace_moved = gradient_moved = gradient_size = 0.0
    for i in range(x.size):
        twice, squares = math.sqrt(2.0) * with_a * x[i], x[i] * x[i]
        J, dJ = length(length(a * S[i], x[i] * D[i]), c), length(a * dS[i], x[i] * dD[i])
        F, dF = length(twice * S1[i], squares * E[i]), length(twice * dS1[i], squares * dE[i])
        newton_moved = newton * (lam_error[i] * (J + dJ) * (J + dJ) + lam[i] * dJ * (2 * J + dJ))
        diagonal_moved = root_m * squares * (g_error[i] * (E[i] + dE[i]) + g[i] * dE[i])
        jacobian[i] = J
        size += lam[i] * J * J
        rest += g[i] * F
        moved += newton_moved + residual * (g_error[i] * (F + dF) + g[i] * dF)
        trace_moved += newton_moved + residual * diagonal_moved
        gradient_moved += g_error[i] * (J + dJ) + g[i] * dJ
        gradient_size += g[i] * J
        hidden += 1 if S[i] + dS[i] != 0.0 else 0
        inputs += 1 if x[i] != 0.0 else 0
        slopes += 1 if D[i] + dD[i] + E[i] + dE[i] + S1[i] + dS1[i] != 0.0 else 0
    sums[0], sums[1], sums[2], sums[3] = size, rest, moved, trace_moved
    sums[4], sums[5] = gradient_moved, gradient_size
    return (with_a and hidden > 0) or (inputs > 0 and slopes > 0)


def input_norms(forward: Forward, scope: Scope) -> Array:
    """Bounds of |x~_i| of the included inputs: |x_i| with W, and 1 with b. Shape (n,)."""
    biased = scope.has("b")
    if not scope.has("W"):
        return np.full(forward.n, biased)
    return np.asarray(np.hypot(forward.norms.X, 1.0) if biased else forward.norms.X)


def _underflow(forward: Forward, scope: Scope) -> float:
    """What underflow may take from all entries together.

    A multiplication loses at most half of the smallest number, and what is multiplied to the loss afterwards
    is a product of other factors of the same term. An entry has q^2 terms of each sample, and m more where
    units are summed.
    """
    (n, q), m = forward.F.shape, forward.net.W.shape[0]
    terms = n * q * q * m * sum(sizes(forward, scope).values())
    return float(MULTIPLICATIONS * terms) * times_power(SUBNORMAL, forward.product_exponent)
