"""Hessian-vector products: two matrix products of size n x d x m beyond the forward pass."""

from __future__ import annotations

import numpy as np

from ..arrays import Array
from ..forward.errors import add_to_rows
from ..forward.scope import Scope
from ..forward.values import Values
from ..generated import unit
from ..jit import reduction_kernel


def product(forward: Values, scope: Scope, vector: Array) -> Array:
    """The curvature of the scope times `vector`, shape (P,) of the included parameters."""
    net, (n, m) = forward.net, forward.S.shape
    result = np.zeros(len(vector))
    parts, found = split(forward, scope, vector), split(forward, scope, result)
    VZ = forward.X @ parts["W"].T if "W" in parts else np.zeros((n, m))
    if "b" in parts:
        add_to_rows(parts["b"], VZ)
    q = len(net.A)
    va, Ha = (each["a"].reshape(q, m) if "a" in each else np.zeros((q, m)) for each in (parts, found))
    vc, Hc = (each["c"].reshape(q) if "c" in each else np.zeros(q) for each in (parts, found))
    Hb = found["b"] if "b" in found else np.zeros(m)
    on = float(scope.gauss_newton), float(scope.residual)
    pull_back(forward.S, forward.S1, forward.S2, net.A, va, vc, forward.G, forward.Lam, *on, VZ, Ha, Hb, Hc)
    if "W" in parts:
        np.matmul(VZ.T, forward.X, out=found["W"])
    result /= n
    return result


def split(forward: Values, scope: Scope, vector: Array) -> dict[str, Array]:
    """The parts of a contiguous vector over the included parameters, each a view of its own shape.

    Shape (P,) -> (q, m), (m, d), (m,), (q,).
    """
    start, parts = 0, {}
    for name, part in forward.net.parts.items():
        if name in scope.groups:
            parts[name] = vector[start : start + part.size].reshape(part.shape)
            start += part.size
    return parts


@reduction_kernel
def pull_back(S, S1, S2, A, va, vc, G, Lam, newton, residual, VZ, Ha, Hb, Hc):  # type: ignore[no-untyped-def]
    """Overwrite VZ (n, m), the direction's pre-activations, with what X^T turns into the product by W.

    Also add to Ha (q, m), Hb (m,) and Hc (q,) the sums over samples of the product by a, b and c.
    """
    n, m = S.shape
    q = A.shape[0]
    df = np.empty(q)
    hz = np.empty(m)
    for i in range(n):
        for o in range(q):
            total = vc[o]
            for k in range(m):
                total += unit.tangent(A[o, k], S[i, k], S1[i, k], va[o, k], VZ[i, k])
            df[o] = total
        for k in range(m):
            hz[k] = 0.0
        for o in range(q):
            pulled = 0.0
            for p in range(q):
                pulled += Lam[i, o, p] * df[p]
            pulled *= newton
            Hc[o] += pulled
            g = residual * G[i, o]
            for k in range(m):
                ha, h = unit.cotangent(A[o, k], S[i, k], S1[i, k], S2[i, k], g, pulled, va[o, k], VZ[i, k])
                Ha[o, k] += ha
                hz[k] += h
        for k in range(m):
            VZ[i, k] = hz[k]
            Hb[k] += hz[k]
