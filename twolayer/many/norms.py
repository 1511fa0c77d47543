"""Exact Hessian norms of many small networks, one at a time, by matrix products; scalar outputs.

The pairwise form of section 2 of the theory: no Hessian is formed. A network is its row of parameters theta.
"""

import numpy as np
from numba import int64, types

from ..jit import kernel, pointer_kernel, vector_kernel
from .signatures import JETS, LOSSES, Flat, Rows

ROWS = 128
"""Samples whose products with all others are formed at once."""

NORMS = types.void(JETS, LOSSES, Rows, int64, types.boolean, types.boolean, Rows, Flat, Rows, Rows, Flat)


@kernel
def sample_jets(jets, losses, theta, m, hidden, output, X, y):  # type: ignore[no-untyped-def]
    """S, S1, S2 (n, m) and the derivatives g, lam (n,) of the loss at every sample of X (n, d)."""
    n, d = X.shape
    Z = np.dot(X, theta[m : m + m * d].reshape(m, d).T)
    if hidden:
        for i in range(n):
            Z[i] += theta[m + m * d : m + m * d + m]
    S, S1, S2 = np.empty((n, m)), np.empty((n, m)), np.empty((n, m))
    jets(Z.ravel(), S.ravel(), S1.ravel(), S2.ravel())
    f, l, g, lam = np.dot(S, theta[:m]), np.empty(n), np.empty(n), np.empty(n)
    if output:
        f += theta[-1]
    losses(f, y, l, g, lam)
    return S, S1, S2, g, lam


@vector_kernel
def features(a, g, lam, S, S1, S2, D, U, V):  # type: ignore[no-untyped-def]
    """Replace S1 and S2 by g S1 and g E2, E2 = a s''; fill D with a s' and U, V with their partners (n, m).

    2 G_i + F_i meets F_j in 2 K0 U_i . (g S1)_j + K0^2 V_i . (g E2)_j, F_i = g_i d2f_i.
    """
    for i in range(len(g)):
        for k in range(len(a)):
            D[i, k] = a[k] * S1[i, k]
            S1[i, k] *= g[i]
            S2[i, k] *= g[i] * a[k]
            U[i, k] = 2.0 * (2.0 * lam[i] * S[i, k] * D[i, k] + S1[i, k])
            V[i, k] = 2.0 * lam[i] * D[i, k] ** 2 + S2[i, k]


@vector_kernel
def newton(lam, first, SS, DD, K, output):  # type: ignore[no-untyped-def]
    """Sum of lam_i lam_j (J_i . J_j)^2 over samples i from `first` on and all j; SS, DD, K (rows, n)."""
    total = np.zeros(len(lam))
    for i in range(len(SS)):
        weight = lam[first + i]
        for j in range(len(lam)):
            total[j] += weight * (SS[i, j] + K[i, j] * DD[i, j] + output) ** 2
    return (lam * total).sum()


@pointer_kernel(NORMS)
def frobenius(jets, losses, thetas, m, hidden, output, X, y, K, K2, norms):  # type: ignore[no-untyped-def]
    """Fill norms (E,) with |H|_F of the networks `thetas` (E, P) of `m` units.

    hidden, output: whether they have biases b, c. K (n, n), K2: inner products of inputs, and squared.
    """
    for e in range(len(thetas)):
        S, S1, S2, g, lam = sample_jets(jets, losses, thetas[e], m, hidden, output, X, y)
        D, U, V = np.empty_like(S), np.empty_like(S), np.empty_like(S)
        features(thetas[e, :m], g, lam, S, S1, S2, D, U, V)
        square = (U * np.dot(K, S1)).sum() + (V * np.dot(K2, S2)).sum()
        for first in range(0, len(X), ROWS):
            rows = slice(first, min(first + ROWS, len(X)))
            SS, DD = np.dot(S[rows], S.T), np.dot(D[rows], D.T)
            square += newton(lam, first, SS, DD, K[rows], 1.0 if output else 0.0)
        norms[e] = np.sqrt(max(square, 0.0)) / len(X)


@pointer_kernel(NORMS)
def trace(jets, losses, thetas, m, hidden, output, X, y, K, K2, traces):  # type: ignore[no-untyped-def]
    """Fill traces (E,) with tr H; arguments as for `frobenius`."""
    for e in range(len(thetas)):
        S, S1, S2, g, lam = sample_jets(jets, losses, thetas[e], m, hidden, output, X, y)
        total = 0.0
        for i in range(len(X)):
            for k in range(m):
                a = thetas[e, k]
                total += lam[i] * (S[i, k] ** 2 + K[i, i] * (a * S1[i, k]) ** 2)
                total += g[i] * K[i, i] * a * S2[i, k]
            total += lam[i] if output else 0.0
        traces[e] = total / len(X)
