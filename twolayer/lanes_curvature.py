"""Exact Hessian norms of many small networks at once, one network in each SIMD lane; scalar outputs.

The pairwise form of section 2 of the theory: no Hessian is formed.
"""

import numpy as np
from numba import float64, types

from .jit import pointer_kernel
from .lanes import JETS, LANES, LOSSES, Flat, Rows, outputs

Cube = float64[:, :, ::1]


@pointer_kernel(types.void(JETS, LOSSES, Rows, Rows, Flat, Rows, Rows, Rows, Cube, Rows, Rows))
def sample_jets(jets, losses, A, W, B, C, X, Y, jet, g, lam):  # type: ignore[no-untyped-def]
    """Fill jet (3, n, m LANES) with S, S1, S2 and g, lam (n, LANES) with the loss's derivatives."""
    n, size = jet.shape[1], jet.shape[2]
    Z, L = np.empty(size), np.empty(LANES)
    F, T = np.empty(LANES), np.empty(LANES)
    units = A.reshape(1, -1, LANES)
    room = np.empty((1, size // LANES, LANES))
    for i in range(n):
        Z[:] = B
        for j in range(len(W)):
            Z += W[j] * X[i, j]
        jets(Z, jet[0, i], jet[1, i], jet[2, i])
        room.ravel()[:] = jet[0, i]
        outputs(units, C, room, 0, F)
        T[:] = Y[i, 0]
        losses(F, T, L, g[i], lam[i])


@pointer_kernel(types.void(Rows, Cube, Rows, Rows, Rows, float64, Flat))
def frobenius(A, jet, g, lam, K, output, norm):  # type: ignore[no-untyped-def]
    """Fill norm (LANES,) with |H|_F; K (n, n): inner products of inputs; `output`: 1 with an output bias."""
    n, size = jet.shape[1], jet.shape[2]
    m = size // LANES
    shape = (n, m, LANES)
    S, S1, D, E, SD, DD = (
        jet[0].reshape(shape),
        jet[1].reshape(shape),
        (jet[1] * A[0]).reshape(shape),
        (jet[2] * A[0]).reshape(shape),
        (jet[0] * jet[1] * A[0]).reshape(shape),
        ((jet[1] * A[0]) ** 2).reshape(shape),
    )
    sums = np.empty((8, LANES))
    norm[:] = 0.0
    for i in range(n):
        for j in range(i + 1):
            sums[:] = 0.0
            for k in range(m):
                for l in range(LANES):
                    sums[0, l] += S[i, k, l] * S[j, k, l]
                    sums[1, l] += D[i, k, l] * D[j, k, l]
                    sums[2, l] += S1[i, k, l] * S1[j, k, l]
                    sums[3, l] += E[i, k, l] * E[j, k, l]
                for l in range(LANES):
                    sums[4, l] += SD[i, k, l] * S1[j, k, l]
                    sums[5, l] += DD[i, k, l] * E[j, k, l]
                    sums[6, l] += SD[j, k, l] * S1[i, k, l]
                    sums[7, l] += DD[j, k, l] * E[i, k, l]
            twice, square, weight = 2.0 * K[i, j], K[i, j] ** 2, 1.0 if i == j else 2.0
            for l in range(LANES):
                inner = sums[0, l] + K[i, j] * sums[1, l] + output
                mixed = lam[i, l] * g[j, l] * (twice * sums[4, l] + square * sums[5, l])
                mixed += lam[j, l] * g[i, l] * (twice * sums[6, l] + square * sums[7, l])
                rest = g[i, l] * g[j, l] * (twice * sums[2, l] + square * sums[3, l])
                norm[l] += weight * (lam[i, l] * lam[j, l] * inner**2 + mixed + rest)
    norm[:] = np.sqrt(np.maximum(norm, 0.0)) / n


@pointer_kernel(types.void(Rows, Cube, Rows, Rows, Rows, float64, Flat))
def trace(A, jet, g, lam, K, output, total):  # type: ignore[no-untyped-def]
    """Fill total (LANES,) with tr H; arguments as for `frobenius`."""
    n = jet.shape[1]
    total[:] = 0.0
    for i in range(n):
        S, S1, S2 = jet[0, i].reshape(-1, LANES), jet[1, i].reshape(-1, LANES), jet[2, i].reshape(-1, LANES)
        a = A[0].reshape(-1, LANES)
        for k in range(len(S)):
            for l in range(LANES):
                gauss_newton = S[k, l] ** 2 + K[i, i] * (a[k, l] * S1[k, l]) ** 2
                total[l] += lam[i, l] * gauss_newton + g[i, l] * K[i, i] * a[k, l] * S2[k, l]
        for l in range(LANES):
            total[l] += lam[i, l] * output
    total /= n
