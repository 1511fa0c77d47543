"""The trace and the diagonal, exact, in O(n m q^2 + n d m)."""

from __future__ import annotations

import math

import numpy as np

from twolayer.forward.bounds import Bounds, output_norms
from twolayer.forward.scope import Scope, squared_inputs

from ..arrays import Array, require_representable
from ..errors.rounding import SLACK, gamma
from ..forward.errors import Forward


def unit_weights(forward: Forward) -> Array:
    """(A^T Lam_i A)_kk, shape (n, m)."""
    A = forward.net.A
    total = np.zeros_like(forward.S)
    for o in range(len(A)):
        total += A[o] * (forward.Lam[:, o] @ A)
    return total


def trace(forward: Forward, scope: Scope, bound: Bounds) -> tuple[float, float]:
    """The trace and a bound of its error."""
    x2 = squared_inputs(forward, scope)
    each = np.zeros(forward.n)
    if scope.gauss_newton:
        Lam = np.einsum("ioo->i", forward.Lam)
        each += Lam * (scope.has("a") * np.einsum("ik,ik->i", forward.S, forward.S) + scope.has("c"))
        each += x2 * np.einsum("ik,ik,ik->i", unit_weights(forward), forward.S1, forward.S1)
    if scope.residual:
        each += x2 * np.einsum("ik,ik->i", forward.GA, forward.S2)
    require_representable("entries of the Hessian", each)
    value = math.fsum(each) / forward.n
    (q, m), d = forward.net.A.shape, forward.X.shape[1]
    sizes = output_norms(forward)[0] * forward.norms.E  # what R's diagonal is bounded by, over |x~|^2 sqrt(m)
    residual = scope.residual * SLACK * float((x2 * np.sqrt(m) * sizes).mean())
    steps = gamma(m + d + q * q + 20)
    size = steps * (bound.gauss_newton + residual) + gamma(2) * abs(value)
    error = SLACK * (bound.trace_propagated + size)
    return value, float(error)


def diagonal(forward: Forward, scope: Scope) -> Array:
    """The diagonal, shape (P,) of the included parameters."""
    n = forward.n
    weight = np.zeros_like(forward.S)
    if scope.gauss_newton:
        weight += unit_weights(forward) * forward.S1**2
    if scope.residual:
        weight += forward.GA * forward.S2
    newton = float(scope.gauss_newton)
    Lam = newton * np.einsum("ioo->io", forward.Lam)
    made = {"a": Lam.T @ forward.S**2, "b": weight.sum(axis=0), "c": Lam.sum(axis=0)}
    if scope.has("W"):
        made["W"] = weight.T @ forward.X**2
    return np.concatenate([made[name].ravel() for name in forward.net.parts if name in scope.groups]) / n
