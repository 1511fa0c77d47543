"""Exact Hessian norms of many small networks, one at a time, by matrix products; scalar outputs.

The pairwise form of section 2 of the theory: no Hessian is formed. The layout is that of `one_by_one`.
"""

import numpy as np
from numba import float64, types

from .jit import kernel, pointer_kernel, vector_kernel
from .lanes import ARRAYS, JETS, LOSSES, Flat, Rows

ROWS = 128
"""Samples whose products with all others are formed at once."""

NORM = types.void(JETS, LOSSES, *ARRAYS, Rows, Flat, Rows, Rows, float64, Flat)


@kernel
def sample_jets(jets, losses, A, W, B, C, X, y):  # type: ignore[no-untyped-def]
    """S, S1, S2 (n, m) and the derivatives g, lam (n,) of the loss at every sample of X (n, d)."""
    n, m = len(X), len(B)
    Z = np.dot(X, W)
    for i in range(n):
        Z[i] += B
    S, S1, S2 = np.empty((n, m)), np.empty((n, m)), np.empty((n, m))
    jets(Z.ravel(), S.ravel(), S1.ravel(), S2.ravel())
    f, l, g, lam = np.dot(S, A[0]) + C[0, 0], np.empty(n), np.empty(n), np.empty(n)
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


@pointer_kernel(NORM)
def frobenius(jets, losses, A, W, B, C, X, y, K, K2, output, norm):  # type: ignore[no-untyped-def]
    """Fill norm (1,) with |H|_F; K (n, n) and K2: inner products of inputs, squared; `output`: 1 with a bias c."""
    S, S1, S2, g, lam = sample_jets(jets, losses, A, W, B, C, X, y)
    D, U, V = np.empty_like(S), np.empty_like(S), np.empty_like(S)
    features(A[0], g, lam, S, S1, S2, D, U, V)
    square = 0.0
    for first in range(0, len(X), ROWS):
        last = min(first + ROWS, len(X))
        SS, DD = np.dot(S[first:last], S.T), np.dot(D[first:last], D.T)
        square += newton(lam, first, SS, DD, K[first:last], output)
    square += (U * np.dot(K, S1)).sum() + (V * np.dot(K2, S2)).sum()
    norm[0] = np.sqrt(max(square, 0.0)) / len(X)


@pointer_kernel(NORM)
def trace(jets, losses, A, W, B, C, X, y, K, K2, output, total):  # type: ignore[no-untyped-def]
    """Fill total (1,) with tr H; arguments as for `frobenius`."""
    S, S1, S2, g, lam = sample_jets(jets, losses, A, W, B, C, X, y)
    total[0] = 0.0
    for i in range(len(X)):
        for k in range(len(B)):
            gauss_newton = S[i, k] ** 2 + K[i, i] * (A[0, k] * S1[i, k]) ** 2
            total[0] += lam[i] * gauss_newton + g[i] * K[i, i] * A[0, k] * S2[i, k]
        total[0] += lam[i] * output
    total[0] /= len(X)
