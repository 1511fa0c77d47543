"""Which parameters and which parts of the Hessian are meant, and the inputs that belong to them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..arrays import Array
from ..errors.rounding import SLACK, scaled_norms
from .errors import Forward

UNDERFLOW = 1e-300  # more than products that vanish can take from a sum of any feasible length

GROUPS = ("a", "W", "b", "c")


@dataclass(frozen=True)
class Scope:
    """Which parameters and which parts of the Hessian are meant.

    Attributes
    ----------
    groups : tuple of str
        Parameter parts, in the order of theta; a principal block of the Hessian.
    gauss_newton, residual : bool
        Whether G and R are included.
    """

    groups: tuple[str, ...]
    gauss_newton: bool = True
    residual: bool = True

    def has(self, group: str) -> float:
        """1.0 if the parameter part is included, else 0.0."""
        return float(group in self.groups)

    def only(self, **parts: Any) -> Scope:
        """The same scope with some attributes replaced."""
        return replace(self, **parts)


def squared_inputs(forward: Forward, scope: Scope) -> Array:
    """|x~_i|^2 of the included inputs: |x_i|^2 with W, plus 1 with b. Shape (n,)."""
    return np.asarray(scope.has("W") * np.einsum("ij,ij->i", forward.X, forward.X) + scope.has("b"))


def input_gram(forward: Forward, scope: Scope, left: slice, right: slice) -> Array:
    """K0_ij = x~_i . x~_j of the included inputs, for two blocks of samples."""
    if not scope.has("W"):
        shape = forward.X[left].shape[0], forward.X[right].shape[0]
        return np.full(shape, scope.has("b"))
    gram = forward.X[left] @ forward.X[right].T
    return np.asarray(gram + 1.0 if scope.has("b") else gram)


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


def sizes(forward: Forward, scope: Scope) -> dict[str, int]:
    """Number of parameters in each included part, in the order of theta."""
    return {name: part.size for name, part in forward.net.parts.items() if name in scope.groups}


def unit_inputs(forward: Forward, scope: Scope) -> Array:
    """x~: the inputs, if W is included, and a column of ones, if b is; shape (n, d~)."""
    n = forward.n
    X = forward.X if scope.has("W") else np.empty((n, 0))
    return np.concatenate([X, np.ones((n, 1))], axis=1) if scope.has("b") else X


def unit_columns(forward: Forward, scope: Scope) -> np.ndarray:
    """Where the input weights w~_k = (w_k, b_k) of unit k stand among the included parameters: (m, d + 1)."""
    m, d = forward.net.W.shape
    offset, found = 0, []
    for name, size in sizes(forward, scope).items():
        if name == "W":
            found.append(offset + np.arange(m * d).reshape(m, d))
        elif name == "b":
            found.append(offset + np.arange(m).reshape(m, 1))
        offset += size
    return np.concatenate([*found, np.empty((m, 0), dtype=np.intp)], axis=1).astype(np.intp)
