"""Kernels over many small networks at once, one network in each SIMD lane.

A block holds LANES networks, the lane innermost: A (q, m LANES), W (d, m LANES), B (m LANES,), C (q, LANES).
Samples are taken TILE at a time, so that each parameter and each gradient is read once for all of them, and
inputs two at a time: d is even, the last input zero where that of the data is odd. The activation and the
loss come as pointers to compiled kernels over flat arrays, so that one compiled function serves them all.
"""

import numpy as np
from numba import float64, int64, types

from .generated.losses import softmax
from .jit import kernel, pointer_kernel, vector_kernel
from .validate import Array

LANES = 32
TILE = 4
POINTS = TILE * LANES
"""Outputs that a loss is called with at once, for each of q."""

Flat = float64[::1]
Rows = float64[:, ::1]
Cube = float64[:, :, ::1]
ARRAYS = (Rows, Rows, Flat, Rows)
JETS = types.FunctionType(types.void(Flat, Flat, Flat, Flat))
"""jets(Z, S, S1, S2), as in a generated activation."""

LOSSES = types.FunctionType(types.void(Flat, Flat, Flat, Flat, Flat))
"""losses(F, Y, L, G, LAM), as in a generated separable loss; all are (q POINTS,), the output slowest."""

RISKS = types.void(JETS, LOSSES, *ARRAYS, Rows, Rows, Flat)
GRADIENTS = types.void(JETS, LOSSES, *ARRAYS, Rows, Rows, int64[::1], Flat, *ARRAYS)


@vector_kernel
def begin(W, B, x, Z):  # type: ignore[no-untyped-def]
    """Fill Z (TILE, m, LANES) with the biases B (m, LANES) and the first two inputs of x (TILE, d)."""
    for k in range(len(B)):
        for l in range(LANES):
            v, w, b = W[0, k, l], W[1, k, l], B[k, l]
            Z[0, k, l] = b + v * x[0, 0] + w * x[0, 1]
            Z[1, k, l] = b + v * x[1, 0] + w * x[1, 1]
            Z[2, k, l] = b + v * x[2, 0] + w * x[2, 1]
            Z[3, k, l] = b + v * x[3, 0] + w * x[3, 1]


@vector_kernel
def add_pair(v, w, x, j, Z):  # type: ignore[no-untyped-def]
    """Add to Z (TILE, m LANES) the inputs j and j + 1, with weights v and w (m LANES,)."""
    for u in range(len(v)):
        Z[0, u] += v[u] * x[0, j] + w[u] * x[0, j + 1]
        Z[1, u] += v[u] * x[1, j] + w[u] * x[1, j + 1]
        Z[2, u] += v[u] * x[2, j] + w[u] * x[2, j + 1]
        Z[3, u] += v[u] * x[3, j] + w[u] * x[3, j + 1]


@vector_kernel
def output(a, S, F):  # type: ignore[no-untyped-def]
    """Add to F (TILE, LANES) the units' S (TILE, m, LANES) with weights a (m, LANES)."""
    for k in range(len(a)):
        for l in range(LANES):
            F[0, l] += a[k, l] * S[0, k, l]
            F[1, l] += a[k, l] * S[1, k, l]
            F[2, l] += a[k, l] * S[2, k, l]
            F[3, l] += a[k, l] * S[3, k, l]


@vector_kernel
def pull(a, g, S, S1, x, gA, gW, gB, V):  # type: ignore[no-untyped-def]
    """Add an output's gradients to gA, gB (m, LANES) and, for the first two inputs, to gW; V becomes dl/dz.

    a (m, LANES) are the output's weights, g (TILE, LANES) is dl/df.
    """
    for k in range(len(a)):
        for l in range(LANES):
            g0, g1, g2, g3 = g[0, l], g[1, l], g[2, l], g[3, l]
            gA[k, l] += (g0 * S[0, k, l] + g1 * S[1, k, l]) + (g2 * S[2, k, l] + g3 * S[3, k, l])
            v0, v1 = a[k, l] * g0 * S1[0, k, l], a[k, l] * g1 * S1[1, k, l]
            v2, v3 = a[k, l] * g2 * S1[2, k, l], a[k, l] * g3 * S1[3, k, l]
            V[0, k, l], V[1, k, l], V[2, k, l], V[3, k, l] = v0, v1, v2, v3
            gB[k, l] += (v0 + v1) + (v2 + v3)
            gW[0, k, l] += (v0 * x[0, 0] + v1 * x[1, 0]) + (v2 * x[2, 0] + v3 * x[3, 0])
            gW[1, k, l] += (v0 * x[0, 1] + v1 * x[1, 1]) + (v2 * x[2, 1] + v3 * x[3, 1])


@vector_kernel
def push_pair(V, x, j, gv, gw):  # type: ignore[no-untyped-def]
    """Add to gv, gw (m LANES,) the gradients of the inputs j and j + 1, V (TILE, m LANES) being dl/dz."""
    for u in range(len(gv)):
        v0, v1, v2, v3 = V[0, u], V[1, u], V[2, u], V[3, u]
        gv[u] += (v0 * x[0, j] + v1 * x[1, j]) + (v2 * x[2, j] + v3 * x[3, j])
        gw[u] += (v0 * x[0, j + 1] + v1 * x[1, j + 1]) + (v2 * x[2, j + 1] + v3 * x[3, j + 1])


@kernel
def room(q, m, d):  # type: ignore[no-untyped-def]
    """Arrays for a tile: its inputs x, Z, S, S1, S2, and F, targets T, L, G, LAM."""
    sheet, each = (TILE, m, LANES), (q, TILE, LANES)
    Z, S, S1, S2 = np.empty(sheet), np.empty(sheet), np.empty(sheet), np.empty(sheet)
    F, T, L, G, LAM = np.empty(each), np.empty(each), np.empty(each), np.empty(each), np.empty(each)
    return np.empty((TILE, d)), Z, S, S1, S2, F, T, L, G, LAM


@kernel
def tile(jets, losses, A, W, B, C, X, Y, chosen, first, space):  # type: ignore[no-untyped-def]
    """Fill `space` with the samples from number `first` of `chosen` on, up to the loss and its derivatives.

    An empty `chosen` means all. A tile that is not full is filled up with the last sample, its L and G zero.
    """
    x, Z, S, S1, S2, F, T, L, G, LAM = space
    total = len(chosen) if len(chosen) else len(X)
    for t in range(TILE):
        i = min(first + t, total - 1)
        i = chosen[i] if len(chosen) else i
        x[t] = X[i]
        for o in range(len(C)):
            F[o, t], T[o, t] = C[o], Y[i, o]
    begin(W.reshape(len(W), -1, LANES), B.reshape(-1, LANES), x, Z)
    for j in range(2, len(W), 2):
        add_pair(W[j], W[j + 1], x, j, Z.reshape(TILE, -1))
    jets(Z.ravel(), S.ravel(), S1.ravel(), S2.ravel())
    for o in range(len(C)):
        output(A[o].reshape(-1, LANES), S, F[o])
    losses(F.ravel(), T.ravel(), L.ravel(), G.ravel(), LAM.ravel())
    for t in range(total - first, TILE):
        L[:, t], G[:, t] = 0.0, 0.0


@kernel
def add_risks(L, risk):  # type: ignore[no-untyped-def]
    """Add the losses L (q, TILE, LANES) of a tile to risk (LANES,)."""
    for o in range(len(L)):
        for t in range(TILE):
            for l in range(LANES):
                risk[l] += L[o, t, l]


@pointer_kernel(RISKS)
def risks(jets, losses, A, W, B, C, X, Y, risk):  # type: ignore[no-untyped-def]
    """Fill risk (LANES,) with means over the samples of X (n, d), Y (n, q)."""
    everything = np.empty(0, dtype=np.int64)
    space = room(len(C), len(B) // LANES, len(W))
    risk[:] = 0.0
    for first in range(0, len(X), TILE):
        tile(jets, losses, A, W, B, C, X, Y, everything, first, space)
        add_risks(space[7], risk)
    risk /= len(X)


@pointer_kernel(GRADIENTS)
def gradients(jets, losses, A, W, B, C, X, Y, chosen, risk, gA, gW, gB, gC):  # type: ignore[no-untyped-def]
    """Fill risk (LANES,) and the gradients with means over the samples `chosen`, or over all."""
    space = room(len(C), len(B) // LANES, len(W))
    x, V, S, S1, _, _, _, L, G, _ = space
    gA[:], gW[:], gB[:], gC[:], risk[:] = 0.0, 0.0, 0.0, 0.0, 0.0
    total = len(chosen) if len(chosen) else len(X)
    units, pair = gB.reshape(-1, LANES), gW.reshape(len(W), -1, LANES)
    for first in range(0, total, TILE):
        tile(jets, losses, A, W, B, C, X, Y, chosen, first, space)
        add_risks(L, risk)
        for o in range(len(C)):
            for t in range(TILE):
                gC[o] += G[o, t]
            pull(A[o].reshape(-1, LANES), G[o], S, S1, x, gA[o].reshape(-1, LANES), pair, units, V)
            for j in range(2, len(W), 2):
                push_pair(V.reshape(TILE, -1), x, j, gW[j], gW[j + 1])
    share = 1.0 / total
    gA *= share
    gW *= share
    gB *= share
    gC *= share
    risk *= share


@kernel
def softmax_losses(F: Array, Y: Array, L: Array, G: Array, LAM: Array) -> None:
    """The softmax cross-entropy in the form of a separable loss; all of it stands in the first output's L."""
    q = F.size // POINTS
    f, g, lam = np.empty((POINTS, q)), np.empty((POINTS, q)), np.empty((POINTS, q, q))
    labels, l = np.empty(POINTS, dtype=np.int64), np.empty(POINTS)
    for point in range(POINTS):
        labels[point] = int(Y[point])
        for o in range(q):
            f[point, o] = F[o * POINTS + point]
    softmax.losses(f, labels, l, g, lam)
    for o in range(q):
        for point in range(POINTS):
            G[o * POINTS + point] = g[point, o]
            LAM[o * POINTS + point] = lam[point, o, o]
            L[o * POINTS + point] = l[point] if o == 0 else 0.0
