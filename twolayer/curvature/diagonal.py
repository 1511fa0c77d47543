"""The trace and the diagonal, exact, in O(n m q^2 + n d m)."""

from __future__ import annotations

import math

import numpy as np

from twolayer.forward.bounds import Bounds
from twolayer.forward.scope import Scope, squared_inputs

from ..arrays import Array, require_representable
from ..errors.rounding import SLACK, UNIT, compensated_sum, gamma
from ..forward.errors import Forward
from ..jit import kernel


def unit_weights(forward: Forward, scope: Scope) -> Array:
    """(A^T Lam_i A)_kk s'^2 + (A^T g_i)_k s'' of the parts meant, shape (n, m): over |x~_i|^2, the traces."""
    weights = np.empty_like(forward.S)
    parts = scope.gauss_newton, scope.residual
    fill(forward.net.A, forward.Lam, forward.G, forward.S1, forward.S2, *parts, weights)
    return weights


@kernel
def fill(A, Lam, G, S1, S2, newton, residual, weights):  # type: ignore[no-untyped-def]
    """Fill weights (n, m) from A (q, m), Lam (n, q, q), G (n, q), S1 and S2 (n, m), for the parts meant."""
    (n, m), q = S1.shape, A.shape[0]
    for i in range(n):
        row = weights[i]
        row[:] = 0.0
        if newton:
            for o in range(q):
                for p in range(q):
                    factor = Lam[i, o, p]
                    if factor != 0.0:
                        for k in range(m):
                            row[k] += factor * A[o, k] * A[p, k]
            for k in range(m):
                row[k] = row[k] * S1[i, k] * S1[i, k]
        if residual:
            for o in range(q):
                for k in range(m):
                    row[k] += G[i, o] * A[o, k] * S2[i, k]


@np.errstate(over="ignore", invalid="ignore")
def trace(forward: Forward, scope: Scope, bound: Bounds) -> tuple[float, float]:
    """The trace and a bound of its error, infinite where it overflows: who asks refuses it."""
    x2 = squared_inputs(forward, scope)
    each = np.zeros(forward.n)
    if scope.gauss_newton:
        Lam = np.einsum("ioo->i", forward.Lam)
        each += Lam * (scope.has("a") * np.einsum("ik,ik->i", forward.S, forward.S) + scope.has("c"))
    each += x2 * unit_weights(forward, scope).sum(axis=1)
    require_representable("entries of the Hessian", each)
    value = float(compensated_sum(each)) / forward.n
    (q, m), d = forward.net.A.shape, forward.X.shape[1]
    sizes = forward.loss_norms[0] * forward.norms.E  # what R's diagonal is bounded by, over |x~|^2 sqrt(m)
    residual = scope.residual * SLACK * math.sqrt(m) * float(x2 @ sizes) / forward.n
    steps = gamma(m + d + q * q + 20) + 2 * (forward.n * UNIT) ** 2
    size = steps * (bound.gauss_newton + residual) + gamma(2) * abs(value)
    error = SLACK * (bound.trace_propagated + size)
    return value, float(error)


def diagonal(forward: Forward, scope: Scope) -> Array:
    """The diagonal, shape (P,) of the included parameters."""
    n, weight = forward.n, unit_weights(forward, scope)
    newton = float(scope.gauss_newton)
    Lam = newton * np.einsum("ioo->io", forward.Lam)
    made = {"a": Lam.T @ forward.S**2, "b": weight.sum(axis=0), "c": Lam.sum(axis=0)}
    if scope.has("W"):
        made["W"] = weight.T @ forward.X**2
    return np.concatenate([made[name].ravel() for name in forward.net.parts if name in scope.groups]) / n
