"""Kernels over many small networks at once, one network in each SIMD lane.

A block holds LANES networks, the lane innermost: A (q, m LANES), W (d, m LANES), B (m LANES,), C (q, LANES).
Samples are taken TILE at a time, so that each parameter and each gradient is read once for all of them, and
inputs two at a time: d is even, the last input zero where that of the data is odd. Loops over a tile stand
innermost, where the compiler unrolls them, so that loops over lanes become vectors. The activation and the
loss come as pointers to compiled kernels over flat arrays, so that one compiled function serves them all.
"""

import numpy as np
from numba import int64, types

from ..arrays import Array
from ..generated.losses import softmax
from ..jit import kernel, pointer_kernel, vector_kernel
from .signatures import LOSSES, SLOPES, Cube, Flat, Rows

LANES = 32
TILE = 5
POINTS = TILE * LANES
"""Outputs that a loss is called with at once, for each of q: (q POINTS,), the output slowest."""

ARRAYS = (Rows, Rows, Flat, Rows)
RISKS = types.void(SLOPES, LOSSES, *ARRAYS, Rows, Rows, Flat)
BLOCKS = types.void(SLOPES, LOSSES, Cube, Cube, Rows, Cube, Rows, Rows, Rows)
GRADIENTS = types.void(SLOPES, LOSSES, *ARRAYS, Rows, Rows, int64[::1], Flat, *ARRAYS)


@vector_kernel
def start(c, y, F, T):  # type: ignore[no-untyped-def]
    """Start a sample's outputs F (LANES,) with the biases c, and repeat its target y in T."""
    for l in range(LANES):
        F[l] = c[l]
        T[l] = y


@vector_kernel
def begin(W, B, x, Z):  # type: ignore[no-untyped-def]
    """Fill Z (TILE, m, LANES) with the biases B (m, LANES) and the first two inputs of x (TILE, d)."""
    for k in range(len(B)):
        for l in range(LANES):
            v, w, b = W[0, k, l], W[1, k, l], B[k, l]
            for t in range(TILE):
                Z[t, k, l] = b + v * x[t, 0] + w * x[t, 1]


@vector_kernel
def add_pair(v, w, x, j, Z):  # type: ignore[no-untyped-def]
    """Add to Z (TILE, m LANES) the inputs j and j + 1, with weights v and w (m LANES,)."""
    for u in range(len(v)):
        first, second = v[u], w[u]
        for t in range(TILE):
            Z[t, u] += first * x[t, j] + second * x[t, j + 1]


@vector_kernel
def output(a, S, F):  # type: ignore[no-untyped-def]
    """Add to F (TILE, LANES) the units' S (TILE, m, LANES) with weights a (m, LANES)."""
    for k in range(len(a)):
        for l in range(LANES):
            weight = a[k, l]
            for t in range(TILE):
                F[t, l] += weight * S[t, k, l]


@vector_kernel
def pull(a, g, S, S1, x, gA, gW, gB, V):  # type: ignore[no-untyped-def]
    """Add an output's gradients to gA, gB (m, LANES) and, for the first two inputs, to gW; V becomes dl/dz.

    a (m, LANES) are the output's weights, g (TILE, LANES) is dl/df.
    """
    for k in range(len(a)):
        for l in range(LANES):
            weight, outer, bias, first, second = a[k, l], 0.0, 0.0, 0.0, 0.0
            for t in range(TILE):
                v = weight * g[t, l] * S1[t, k, l]
                V[t, k, l] = v
                outer += g[t, l] * S[t, k, l]
                bias += v
                first += v * x[t, 0]
                second += v * x[t, 1]
            gA[k, l] += outer
            gB[k, l] += bias
            gW[0, k, l] += first
            gW[1, k, l] += second


@vector_kernel
def push_pair(V, x, j, gv, gw):  # type: ignore[no-untyped-def]
    """Add to gv, gw (m LANES,) the gradients of the inputs j and j + 1, V (TILE, m LANES) being dl/dz."""
    for u in range(len(gv)):
        first, second = 0.0, 0.0
        for t in range(TILE):
            first += V[t, u] * x[t, j]
            second += V[t, u] * x[t, j + 1]
        gv[u] += first
        gw[u] += second


@vector_kernel
def add_rows(L, total):  # type: ignore[no-untyped-def]
    """Add the rows of L (TILE, LANES) to total (LANES,)."""
    for l in range(LANES):
        for t in range(TILE):
            total[l] += L[t, l]


@kernel
def room(q, m, d):  # type: ignore[no-untyped-def]
    """Arrays for a tile: its inputs x, Z, S, S1, and F, targets T, L, G, LAM."""
    sheet, each = (TILE, m, LANES), (q, TILE, LANES)
    Z, S, S1 = np.empty(sheet), np.empty(sheet), np.empty(sheet)
    F, T, L, G, LAM = np.empty(each), np.empty(each), np.empty(each), np.empty(each), np.empty(each)
    return np.empty((TILE, d)), Z, S, S1, F, T, L, G, LAM


@kernel
def tile(slopes, losses, A, W, B, C, X, Y, chosen, first, space):  # type: ignore[no-untyped-def]
    """Fill `space` with the samples from number `first` of `chosen` on, up to the loss and its derivatives.

    An empty `chosen` means all. A tile that is not full is filled up with the last sample, its L and G zero.
    """
    x, Z, S, S1, F, T, L, G, LAM = space
    total = len(chosen) if len(chosen) else len(X)
    for t in range(TILE):
        i = min(first + t, total - 1)
        i = chosen[i] if len(chosen) else i
        for j in range(len(W)):
            x[t, j] = X[i, j]
        for o in range(len(C)):
            start(C[o], Y[i, o], F[o, t], T[o, t])
    begin(W.reshape(len(W), -1, LANES), B.reshape(-1, LANES), x, Z)
    for j in range(2, len(W), 2):
        add_pair(W[j], W[j + 1], x, j, Z.reshape(TILE, -1))
    slopes(Z.ravel(), S.ravel(), S1.ravel())
    for o in range(len(C)):
        output(A[o].reshape(-1, LANES), S, F[o])
    losses(F.ravel(), T.ravel(), L.ravel(), G.ravel(), LAM.ravel())
    for t in range(total - first, TILE):
        L[:, t], G[:, t] = 0.0, 0.0


@pointer_kernel(RISKS)
def risks(slopes, losses, A, W, B, C, X, Y, risk):  # type: ignore[no-untyped-def]
    """Fill risk (LANES,) with means over the samples of X (n, d), Y (n, q)."""
    everything = np.empty(0, dtype=np.int64)
    space = room(len(C), len(B) // LANES, len(W))
    _, _, _, _, _, _, L, _, _ = space
    risk[:] = 0.0
    for first in range(0, len(X), TILE):
        tile(slopes, losses, A, W, B, C, X, Y, everything, first, space)
        for o in range(len(C)):
            add_rows(L[o], risk)
    risk /= len(X)


@pointer_kernel(BLOCKS)
def risks_of_blocks(slopes, losses, A, W, B, C, X, Y, risk):  # type: ignore[no-untyped-def]
    """Fill risk (blocks, LANES), one block after the other: to be called costs more than a small block."""
    for block in range(len(risk)):
        risks(slopes, losses, A[block], W[block], B[block], C[block], X, Y, risk[block])


@pointer_kernel(GRADIENTS)
def gradients(slopes, losses, A, W, B, C, X, Y, chosen, risk, gA, gW, gB, gC):  # type: ignore[no-untyped-def]
    """Fill risk (LANES,) and the gradients with means over the samples `chosen`, or over all."""
    space = room(len(C), len(B) // LANES, len(W))
    x, V, S, S1, _, _, L, G, _ = space
    gA[:], gW[:], gB[:], gC[:], risk[:] = 0.0, 0.0, 0.0, 0.0, 0.0
    total = len(chosen) if len(chosen) else len(X)
    units, pair = gB.reshape(-1, LANES), gW.reshape(len(W), -1, LANES)
    for first in range(0, total, TILE):
        tile(slopes, losses, A, W, B, C, X, Y, chosen, first, space)
        for o in range(len(C)):
            add_rows(L[o], risk)
            add_rows(G[o], gC[o])
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
    """The softmax cross-entropy in the form of a separable loss; all of it stands in the first output's L.

    Arrays of shape (q, lanes).
    """
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
