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
from twolayer.errors.rounding import SLACK, scaled_norms
from twolayer.forward.errors import Forward
from twolayer.forward.scope import Scope, squared_inputs

UNDERFLOW = 1e-300  # more than products that vanish can take from a sum of any feasible length


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
        Bound of the Frobenius norm of (H from computed factors) - H.
    trace_propagated : float
        The same for the trace.
    gradient_propagated, gradient_size : float
        The same for the norm of the risk's gradient, and (1/n) sum |g_i| |J_i|_F.
    """

    jacobian: Array
    second: Array
    gauss_newton: float
    residual: float
    propagated: float
    trace_propagated: float
    gradient_propagated: float
    gradient_size: float

    @property
    def total(self) -> float:
        """What the error of arithmetic on H is proportional to."""
        return self.gauss_newton + self.residual


def bounds(forward: Forward, scope: Scope) -> Bounds:
    """Evaluate the bounds for one scope; O(n) once the forward pass is done."""
    norms, q, m = forward.norms, forward.net.n_outputs, forward.net.W.shape[0]
    x2 = SLACK * squared_inputs(forward, scope)
    a, c = scope.has("a"), scope.has("c")
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        x = np.sqrt(x2)
        J = np.sqrt(q * a * norms.S**2 + x2 * norms.D**2 + q * c)
        dJ = np.sqrt(q * a * norms.dS**2 + x2 * norms.dD**2)
        F = np.sqrt(2 * a * x2 * norms.S1**2 + x2**2 * norms.E**2)
        dF = np.sqrt(2 * a * x2 * norms.dS1**2 + x2**2 * norms.dE**2)
        g, lam = output_norms(forward)
        G_each = forward.Lam_error * (J + dJ) ** 2 + lam * (2 * J * dJ + dJ**2)
        R_each = forward.G_error * (F + dF) + g * dF
        R_trace = np.sqrt(m) * x * x * (forward.G_error * (norms.E + norms.dE) + g * norms.dE)
        gradient = forward.G_error * (J + dJ) + g * dJ
        G_on, R_on = float(scope.gauss_newton), float(scope.residual)
        lost = UNDERFLOW * float((J + dJ + F + dF).any())
        return Bounds(
            jacobian=J,
            second=F,
            gauss_newton=G_on * _mean(lam * J**2),
            residual=R_on * _mean(g * F),
            propagated=lost + _mean(G_on * G_each + R_on * R_each),
            trace_propagated=lost + _mean(G_on * G_each + R_on * R_trace),
            gradient_propagated=lost + _mean(gradient),
            gradient_size=_mean(g * J),
        )


def output_norms(forward: Forward) -> tuple[Array, Array]:
    """Bounds of |g_i| and |Lam_i|_F, each (n,)."""
    return scaled_norms(forward.G), scaled_norms(forward.Lam.reshape(forward.n, -1))


def _mean(values: Array) -> float:
    return float(SLACK * values.mean())
