"""Kernels over many small networks at once, one network in each SIMD lane.

A block holds LANES networks, the lane innermost: A (q, m LANES), W (d, m LANES), B (m LANES,), C (q, LANES),
so that the inner loops run over units and lanes together. Samples are taken TILE at a time, so that each
parameter and each gradient is read once for all of them. The activation and the loss come as pointers to
compiled kernels over flat arrays, so that one compiled function serves them all.
"""

import numpy as np
from numba import float64, int64, types

from .generated.losses import softmax
from .jit import kernel, pointer_kernel, scalar_kernel
from .validate import Array

LANES = 16
TILE = 4

Flat = float64[::1]
Rows = float64[:, ::1]
ARRAYS = (Rows, Rows, Flat, Rows)
JETS = types.FunctionType(types.void(Flat, Flat, Flat, Flat))
"""jets(Z, S, S1, S2), as in a generated activation."""

LOSSES = types.FunctionType(types.void(Flat, Flat, Flat, Flat, Flat))
"""losses(F, Y, L, G, LAM), as in a generated separable loss; all are (q LANES,), the output slowest."""


@scalar_kernel
def preactivations(W, B, x, Z):  # type: ignore[no-untyped-def]
    """Fill Z (TILE, m LANES) at the inputs x (TILE, d)."""
    z0, z1, z2, z3 = Z[0], Z[1], Z[2], Z[3]
    for u in range(len(B)):
        z0[u], z1[u], z2[u], z3[u] = B[u], B[u], B[u], B[u]
    d = len(W)
    for j in range(0, d - 1, 2):
        v, w = W[j], W[j + 1]
        p0, p1, p2, p3 = x[0, j], x[1, j], x[2, j], x[3, j]
        q0, q1, q2, q3 = x[0, j + 1], x[1, j + 1], x[2, j + 1], x[3, j + 1]
        for u in range(len(B)):
            z0[u] += v[u] * p0 + w[u] * q0
            z1[u] += v[u] * p1 + w[u] * q1
            z2[u] += v[u] * p2 + w[u] * q2
            z3[u] += v[u] * p3 + w[u] * q3
    if d % 2:
        v = W[d - 1]
        p0, p1, p2, p3 = x[0, d - 1], x[1, d - 1], x[2, d - 1], x[3, d - 1]
        for u in range(len(B)):
            z0[u] += v[u] * p0
            z1[u] += v[u] * p1
            z2[u] += v[u] * p2
            z3[u] += v[u] * p3


@scalar_kernel
def outputs(A, C, S, t, F):  # type: ignore[no-untyped-def]
    """Fill F (q LANES,) at sample t of the tile; A is (q, m, LANES) and S (TILE, m, LANES)."""
    m = S.shape[1]
    for o in range(len(C)):
        for l in range(LANES):
            F[o * LANES + l] = C[o, l]
        for k in range(0, m - 3, 4):
            for l in range(LANES):
                F[o * LANES + l] += (A[o, k, l] * S[t, k, l] + A[o, k + 1, l] * S[t, k + 1, l]) + (
                    A[o, k + 2, l] * S[t, k + 2, l] + A[o, k + 3, l] * S[t, k + 3, l]
                )
        for k in range(m - m % 4, m):
            for l in range(LANES):
                F[o * LANES + l] += A[o, k, l] * S[t, k, l]


@scalar_kernel
def pull_back(A, G, S, S1, wide, V, gA, gC):  # type: ignore[no-untyped-def]
    """Add a tile's gradients to gA, gC, G (TILE, q LANES) being dl/df, and fill V (TILE, m LANES) with dl/dz.

    `wide` (TILE, m, LANES) is room for G repeated over the units.
    """
    s0, s1, s2, s3 = S[0], S[1], S[2], S[3]
    flat = wide.reshape(TILE, -1)
    g0, g1, g2, g3 = flat[0], flat[1], flat[2], flat[3]
    for o in range(len(A)):
        for t in range(TILE):
            for l in range(LANES):
                gC[o, l] += G[t, o * LANES + l]
            for k in range(wide.shape[1]):
                for l in range(LANES):
                    wide[t, k, l] = G[t, o * LANES + l]
        a, h = A[o], gA[o]
        for u in range(len(h)):
            h[u] += (g0[u] * s0[u] + g1[u] * s1[u]) + (g2[u] * s2[u] + g3[u] * s3[u])
        for t in range(TILE):
            g, slope, v = flat[t], S1[t], V[t]
            if o == 0:
                for u in range(len(v)):
                    v[u] = a[u] * g[u] * slope[u]
            else:
                for u in range(len(v)):
                    v[u] += a[u] * g[u] * slope[u]


@scalar_kernel
def push_inputs(V, x, gW, gB):  # type: ignore[no-untyped-def]
    """Add to gW, gB the gradients of a tile, V (TILE, m LANES) being dl/dz."""
    v0, v1, v2, v3 = V[0], V[1], V[2], V[3]
    for u in range(len(gB)):
        gB[u] += (v0[u] + v1[u]) + (v2[u] + v3[u])
    d = len(gW)
    for j in range(0, d - 1, 2):
        p0, p1, p2, p3 = x[0, j], x[1, j], x[2, j], x[3, j]
        q0, q1, q2, q3 = x[0, j + 1], x[1, j + 1], x[2, j + 1], x[3, j + 1]
        g, h = gW[j], gW[j + 1]
        for u in range(len(g)):
            g[u] += (v0[u] * p0 + v1[u] * p1) + (v2[u] * p2 + v3[u] * p3)
            h[u] += (v0[u] * q0 + v1[u] * q1) + (v2[u] * q2 + v3[u] * q3)
    if d % 2:
        p0, p1, p2, p3 = x[0, d - 1], x[1, d - 1], x[2, d - 1], x[3, d - 1]
        g = gW[d - 1]
        for u in range(len(g)):
            g[u] += (v0[u] * p0 + v1[u] * p1) + (v2[u] * p2 + v3[u] * p3)


@pointer_kernel(types.void(JETS, LOSSES, *ARRAYS, Rows, Rows, int64[::1], Flat, *ARRAYS))
def gradients(jets, losses, A, W, B, C, X, Y, chosen, risk, gA, gW, gB, gC):  # type: ignore[no-untyped-def]
    """Fill risk (LANES,) and the gradients with means over the samples `chosen` of X (n, d), Y (n, q).

    A last tile that is not full is filled up with its last sample, at weight zero.
    """
    q, size, count = len(C), len(B), len(chosen)
    Z, S, S1, S2 = np.empty((TILE, size)), np.empty((TILE, size)), np.empty((TILE, size)), np.empty(size)
    F, T, L, G = np.empty(q * LANES), np.empty(q * LANES), np.empty(q * LANES), np.empty((TILE, q * LANES))
    LAM, wide, x = np.empty(q * LANES), np.empty((TILE, size // LANES, LANES)), np.empty((TILE, len(W)))
    units_of_A, units_of_S = A.reshape(q, -1, LANES), S.reshape(TILE, -1, LANES)
    gA[:], gW[:], gB[:], gC[:], risk[:] = 0.0, 0.0, 0.0, 0.0, 0.0
    for first in range(0, count, TILE):
        for t in range(TILE):
            i = chosen[min(first + t, count - 1)]
            for j in range(len(W)):
                x[t, j] = X[i, j]
        preactivations(W, B, x, Z)
        for t in range(TILE):
            jets(Z[t], S[t], S1[t], S2)
            outputs(units_of_A, C, units_of_S, t, F)
            i = chosen[min(first + t, count - 1)]
            for o in range(q):
                for l in range(LANES):
                    T[o * LANES + l] = Y[i, o]
            losses(F, T, L, G[t], LAM)
            if first + t >= count:
                G[t], L[:] = 0.0, 0.0
            for o in range(q):
                for l in range(LANES):
                    risk[l] += L[o * LANES + l]
        pull_back(A, G, S, S1, wide, Z, gA, gC)
        push_inputs(Z, x, gW, gB)
    share = 1.0 / count
    gA *= share
    gW *= share
    gB *= share
    gC *= share
    risk *= share


@scalar_kernel
def add_squares(values, total):  # type: ignore[no-untyped-def]
    """Add to `total` (LANES,) the squares of `values`, whose last axis is units and lanes."""
    for row in range(values.shape[0]):
        for start in range(0, values.shape[1], LANES):
            part = values[row, start : start + LANES]
            for l in range(LANES):
                total[l] += part[l] ** 2


@pointer_kernel(types.void(JETS, LOSSES, *ARRAYS, Rows, Rows, int64[:, ::1], int64[::1], float64, Flat, Flat))
def descend(jets, losses, A, W, B, C, X, Y, batches, sizes, rate, free, norms):  # type: ignore[no-untyped-def]
    """Take one step of every parameter by -rate times its gradient for each row of `batches`.

    The first `sizes` entries of a row are its samples. free (2,): what the steps of B and of C are multiplied
    by, 0 where they are absent. norms (LANES,) is filled with the gradients' norms at the last step.
    """
    gA, gW, gB, gC = np.empty_like(A), np.empty_like(W), np.empty_like(B), np.empty_like(C)
    risk = np.empty(LANES)
    for step in range(len(sizes)):
        gradients(jets, losses, A, W, B, C, X, Y, batches[step, : sizes[step]], risk, gA, gW, gB, gC)
        gB *= free[0]
        gC *= free[1]
        A -= rate * gA
        W -= rate * gW
        B -= rate * gB
        C -= rate * gC
    norms[:] = 0.0
    add_squares(gA, norms)
    add_squares(gW, norms)
    add_squares(gB.reshape(1, gB.size), norms)
    add_squares(gC, norms)
    norms[:] = np.sqrt(norms)


@kernel
def softmax_losses(F: Array, Y: Array, L: Array, G: Array, LAM: Array) -> None:
    """The softmax cross-entropy in the form of a separable loss; all of it stands in the first output's L."""
    q = F.size // LANES
    f, g, lam = np.empty((LANES, q)), np.empty((LANES, q)), np.empty((LANES, q, q))
    labels, l = np.empty(LANES, dtype=np.int64), np.empty(LANES)
    for lane in range(LANES):
        labels[lane] = int(Y[lane])
        for o in range(q):
            f[lane, o] = F[o * LANES + lane]
    softmax.losses(f, labels, l, g, lam)
    for o in range(q):
        for lane in range(LANES):
            G[o * LANES + lane] = g[lane, o]
            LAM[o * LANES + lane] = lam[lane, o, o]
            L[o * LANES + lane] = l[lane] if o == 0 else 0.0
