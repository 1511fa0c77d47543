"""Rounding bounds shared by every curvature quantity.

Write H = (1/n) sum_i (J_i^T Lam_i J_i + F_i), F_i the residual part of sample i. Replacing every factor by
its computed value changes H by a matrix whose Frobenius (and nuclear) norm the triangle inequality bounds
through the norms of one sample; that is `propagated`. Arithmetic on the computed factors adds an error
proportional to the sizes ``gauss_newton`` and ``residual`` below.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twolayer.arrays import Array
from twolayer.errors.rounding import SLACK, SUBNORMAL, scaled_norms, times_power
from twolayer.forward.errors import Forward
from twolayer.forward.scope import Scope, sizes

MULTIPLICATIONS = 16  # of one term, at most


@dataclass(frozen=True)
class Bounds:
    """Norms over samples, and the error that the computed factors propagate.

    Attributes
    ----------
    jacobian, second : ndarray, shape (n,)
        Bounds of |J_i|_F and of |F_i|_F / |g_i|.
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
    second: Array
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
    norms, q, m = forward.norms, forward.net.n_outputs, forward.net.W.shape[0]
    a, c = np.sqrt(q) * scope.has("a"), np.sqrt(q) * scope.has("c")
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        x = input_norms(forward, scope)
        twice, squares = np.sqrt(2.0) * scope.has("a") * x, x * x
        J, dJ = np.hypot(a * norms.S, x * norms.D), np.hypot(a * norms.dS, x * norms.dD)
        J = np.hypot(J, c) if c else J
        F, dF = (np.hypot(twice * S1, squares * E) for S1, E in ((norms.S1, norms.E), (norms.dS1, norms.dE)))
        g, lam = output_norms(forward)
        G_each = forward.Lam_error * (J + dJ) ** 2 + lam * dJ * (2 * J + dJ)
        R_each = forward.G_error * (F + dF) + g * dF
        R_trace = np.sqrt(m) * squares * (forward.G_error * (norms.E + norms.dE) + g * norms.dE)
        gradient = forward.G_error * (J + dJ) + g * dJ
        G_on, R_on = float(scope.gauss_newton), float(scope.residual)
        lost = _underflow(forward, scope) if _any_derivative(forward, scope, x) else 0.0
        return Bounds(
            jacobian=J,
            second=F,
            gauss_newton=_mean(lam * J * J) if scope.gauss_newton else 0.0,
            residual=_mean(g * F) if scope.residual else 0.0,
            propagated=lost + _mean(G_on * G_each + R_on * R_each),
            trace_propagated=lost + _mean(G_on * G_each + R_on * R_trace),
            gradient_propagated=lost + _mean(gradient),
            gradient_size=_mean(g * J),
            underflow=lost,
        )


def input_norms(forward: Forward, scope: Scope) -> Array:
    """Bounds of |x~_i| of the included inputs: |x_i| with W, and 1 with b. Shape (n,)."""
    biased = scope.has("b")
    if not scope.has("W"):
        return np.full(forward.n, biased)
    return np.asarray(np.hypot(forward.norms.X, 1.0) if biased else forward.norms.X)


def _any_derivative(forward: Forward, scope: Scope, x: Array) -> bool:
    """Whether some derivative has factors that are not zero; their products may have underflowed."""
    norms = forward.norms
    weights = (norms.D, norms.dD, norms.E, norms.dE, norms.S1, norms.dS1)
    outputs = scope.has("c") or (scope.has("a") and bool((norms.S + norms.dS).any()))
    return outputs or bool(x.any() and any(values.any() for values in weights))


def _underflow(forward: Forward, scope: Scope) -> float:
    """What underflow may take from all entries together.

    A multiplication loses at most half of the smallest number, and what is multiplied to the loss afterwards
    is a product of other factors of the same term. An entry has q^2 terms of each sample, and m more where
    units are summed.
    """
    (n, q), m = forward.F.shape, forward.net.W.shape[0]
    terms = n * q * q * m * sum(sizes(forward, scope).values())
    return float(MULTIPLICATIONS * terms) * times_power(SUBNORMAL, forward.product_exponent)


def output_norms(forward: Forward) -> tuple[Array, Array]:
    """Bounds of |g_i| and |Lam_i|_F, each (n,)."""
    return scaled_norms(forward.G), scaled_norms(forward.Lam.reshape(forward.n, -1))


def _mean(values: Array) -> float:
    return float(SLACK * values.mean())
