"""The trace and the diagonal, exact, in O(n m q^2 + n d m)."""

from __future__ import annotations

import math

import numpy as np

from twolayer.forward.bounds import Bounds
from twolayer.forward.scope import GROUPS, Scope

from ..arrays import Array, require_representable
from ..errors.rounding import SLACK, UNIT, compensated_sum, gamma
from ..forward.errors import Forward
from ..jit import reduction_kernel, scalar_kernel, vector_kernel

SQUARES = 2**15  # of inputs at a time: no more than the nearest caches hold


def trace(forward: Forward, scope: Scope, bound: Bounds) -> tuple[float, float]:
    """The trace and a bound of its error, infinite where it overflows: who asks refuses it."""
    (q, m), (n, d) = forward.net.A.shape, forward.X.shape
    each, groups = np.empty(n), tuple(float(scope.has(name)) for name in GROUPS)
    bends = forward.loss_norms[0], forward.norms.E
    size = sample_traces(_factors(forward), forward.X, bends, *_parts(forward, scope), groups, each)
    require_representable("entries of the Hessian", each)
    value = float(compensated_sum(each)) / n
    residual = scope.residual * SLACK * math.sqrt(m) * size / n
    steps = gamma(m + d + q * q + 20) + 2 * (n * UNIT) ** 2
    size = steps * (bound.gauss_newton + residual) + gamma(2) * abs(value)
    return value, SLACK * (bound.trace_propagated + size)


def diagonal(forward: Forward, scope: Scope) -> Array:
    """The diagonal, shape (P,) of the included parameters."""
    (q, m), n = forward.net.A.shape, forward.n
    by_a, by_b, weights = np.zeros((q, m)), np.zeros(m), np.empty((n, m))
    unit_weights(_factors(forward), *_parts(forward, scope), by_a, by_b, weights)
    made = {"a": by_a, "b": by_b}
    if scope.has("c"):
        made["c"] = float(scope.gauss_newton) * np.einsum("ioo->o", forward.Lam)
    if scope.has("W"):
        made["W"] = _times_squares(weights, forward.X)
    return np.concatenate([made[name].ravel() for name in forward.net.parts if name in scope.groups]) / n


def _times_squares(weights: Array, X: Array) -> Array:
    """weights^T X^2, (m, d) from (n, m) and (n, d): squares of as many samples at a time as stay in cache."""
    found = np.zeros((weights.shape[1], X.shape[1]))
    count = max(SQUARES // X.shape[1], weights.shape[1])
    for start in range(0, len(X), count):
        found += weights[start : start + count].T @ X[start : start + count] ** 2
    return found


def _factors(forward: Forward) -> tuple[Array, ...]:
    """A (q, m), Lam (n, q, q), G (n, q), and S, S1 and S2 (n, m)."""
    return forward.net.A, forward.Lam, forward.G, forward.S, forward.S1, forward.S2


def _parts(forward: Forward, scope: Scope) -> tuple[bool, bool]:
    """Whether the Gauss-Newton part is meant, and the residual part where s'' is not zero throughout."""
    return scope.gauss_newton, scope.residual and forward.net.activation.sup2 != 0.0


@scalar_kernel
def add_weights(A, Lam, g, newton, residual, slopes, bends):  # type: ignore[no-untyped-def]
    """Fill slopes (m,) with (A^T Lam A)_kk and bends (m,) with (A^T g)_k of one sample, for the parts meant.

    A (q, m), Lam (q, q), g (q,).
    """
    q, m = A.shape
    slopes[:] = 0.0
    bends[:] = 0.0
    for o in range(q):
        if newton:
            for p in range(o + 1):
                factor = Lam[o, p] + (Lam[p, o] if p < o else 0.0)
                if factor != 0.0:
                    for k in range(m):
                        slopes[k] += factor * A[o, k] * A[p, k]
        if residual:
            for k in range(m):
                bends[k] += g[o] * A[o, k]


@scalar_kernel
def differ(Lam, other):  # type: ignore[no-untyped-def]
    """Whether the curvatures of two samples, both (q, q), differ: those of the squared loss never do."""
    for o in range(len(Lam)):
        for p in range(len(Lam)):
            if Lam[o, p] != other[o, p]:
                return True
    return False


@vector_kernel
def unit_weights(factors, newton, residual, by_a, by_b, weights):  # type: ignore[no-untyped-def]
    """Fill weights (n, m) with (A^T Lam_i A)_kk s'^2 + (A^T g_i)_k s'', which |x~_i|^2 is multiplied by.

    Also add to by_a (q, m) the sums over samples of Lam_oo s^2, and to by_b (m,) those of the weights.
    """
    A, Lam, G, S, S1, S2 = factors
    (n, m), q = S1.shape, A.shape[0]
    slopes, bends = np.empty(m), np.empty(m)
    for i in range(n):
        if residual or i == 0 or differ(Lam[i], Lam[i - 1]):
            add_weights(A, Lam[i], G[i], newton, residual, slopes, bends)
        if newton:
            for o in range(q):
                for k in range(m):
                    by_a[o, k] += Lam[i, o, o] * S[i, k] * S[i, k]
        for k in range(m):
            weight = slopes[k] * S1[i, k] * S1[i, k] + bends[k] * S2[i, k]
            weights[i, k] = weight
            by_b[k] += weight


@reduction_kernel
def sample_traces(factors, X, bounds, newton, residual, groups, each):  # type: ignore[no-untyped-def]
    """Fill each (n,) with traces of one sample; the sum of what bounds their parts of R, over sqrt(m).

    `groups` says by 1 or 0 which of a, W, b and c are meant; `bounds` are |g_i| and |E_i| (n,), which
    |x~_i|^2 is multiplied by.
    """
    (A, Lam, G, S, S1, S2), (g, E), (a, w, b, c) = factors, bounds, groups
    (n, m), q, d = S1.shape, A.shape[0], X.shape[1]
    slopes, bends = np.empty(m), np.empty(m)
    size = 0.0
    for i in range(n):
        if residual or i == 0 or differ(Lam[i], Lam[i - 1]):
            add_weights(A, Lam[i], G[i], newton, residual, slopes, bends)
        weight = square = curvature = x2 = 0.0
        for k in range(m):
            weight += slopes[k] * S1[i, k] * S1[i, k] + bends[k] * S2[i, k]
            square += S[i, k] * S[i, k]
        if w > 0.0:
            for j in range(d):
                x2 += X[i, j] * X[i, j]
        x2 += b
        if newton:
            for o in range(q):
                curvature += Lam[i, o, o]
        each[i] = curvature * (a * square + c) + x2 * weight
        size += x2 * (g[i] * E[i])
    return size
