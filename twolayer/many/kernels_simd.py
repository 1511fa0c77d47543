"""Kernels over many small networks at once, one network in each SIMD lane.

A block holds so many networks as there are lanes, the lane innermost: A (q, m lanes), W (d, m lanes), B (m
lanes,), C (q, lanes). A lane's numbers do not depend on how many there are. Samples are taken TILE at a time,
so that each parameter and each gradient is read once for all of them, and inputs two at a time: d is even,
the last input zero where that of the data is odd. Loops over a tile stand innermost, where the compiler
unrolls them, so that loops over lanes become vectors. The activation and the loss come as pointers to
compiled kernels over flat arrays, so that one compiled function serves them all.
"""

import numpy as np
from numba import int64, types

from ..arrays import Array
from ..generated.losses import softmax
from ..jit import kernel, pointer_kernel, vector_kernel
from .signatures import LOSSES, SLOPES, Cube, Flat, Rows

LANES, FEWEST = 32, 8
"""Networks in a block: the most, and what the number is a multiple of."""

TILE = 5

ARRAYS = (Rows, Rows, Flat, Rows)
RISKS = types.void(SLOPES, LOSSES, *ARRAYS, Rows, Rows, Flat)
BLOCKS = types.void(SLOPES, LOSSES, Cube, Cube, Rows, Cube, Rows, Rows, Rows)
GRADIENTS = types.void(SLOPES, LOSSES, *ARRAYS, Rows, Rows, int64[::1], Flat, *ARRAYS)


@vector_kernel
def start(c, F):  # type: ignore[no-untyped-def]
    """Start the outputs F (TILE, lanes) of a tile with the biases c (lanes,)."""
    for t in range(TILE):
        for l in range(len(c)):
            F[t, l] = c[l]


@vector_kernel
def begin(v, w, B, x, Z):  # type: ignore[no-untyped-def]
    """Fill Z (TILE, m lanes) with the biases B and the first two inputs of x (TILE, d).

    B and the weights v and w have shape (m lanes,).
    """
    for u in range(len(B)):
        first, second, bias = v[u], w[u], B[u]
        for t in range(TILE):
            Z[t, u] = bias + first * x[t, 0] + second * x[t, 1]


@vector_kernel
def add_pair(v, w, x, j, Z):  # type: ignore[no-untyped-def]
    """Add to Z (TILE, m lanes) the inputs j and j + 1, with weights v and w (m lanes,)."""
    for u in range(len(v)):
        first, second = v[u], w[u]
        for t in range(TILE):
            Z[t, u] += first * x[t, j] + second * x[t, j + 1]


@vector_kernel
def output(a, S, F):  # type: ignore[no-untyped-def]
    """Add to F (TILE, lanes) the units' S (TILE, m, lanes) with weights a (m, lanes)."""
    for k in range(len(a)):
        for l in range(F.shape[1]):
            weight = a[k, l]
            for t in range(TILE):
                F[t, l] += weight * S[t, k, l]


@vector_kernel
def pull(a, g, S, S1, x, gA, gW, gB, V):  # type: ignore[no-untyped-def]
    """Add an output's gradients to gA, gB (m, lanes) and, for the first two inputs, to gW; V becomes dl/dz.

    a (m, lanes) are the output's weights, g (TILE, lanes) is dl/df.
    """
    for k in range(len(a)):
        for l in range(g.shape[1]):
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
    """Add to gv, gw (m lanes,) the gradients of the inputs j and j + 1, V (TILE, m lanes) being dl/dz."""
    for u in range(len(gv)):
        first, second = 0.0, 0.0
        for t in range(TILE):
            first += V[t, u] * x[t, j]
            second += V[t, u] * x[t, j + 1]
        gv[u] += first
        gw[u] += second


@vector_kernel
def add_rows(L, total):  # type: ignore[no-untyped-def]
    """Add the rows of L (TILE, lanes) to total (lanes,)."""
    for l in range(len(total)):
        for t in range(TILE):
            total[l] += L[t, l]


@kernel
def room(C, B, d, columns):  # type: ignore[no-untyped-def]
    """Arrays for a tile: its inputs x, Z, S, S1, and F, targets T of so many `columns`, L, G, LAM."""
    q, lanes = C.shape
    sheet, each = (TILE, len(B) // lanes, lanes), (q, TILE, lanes)
    Z, S, S1, T = np.empty(sheet), np.empty(sheet), np.empty(sheet), np.empty((columns, TILE, lanes))
    F, L, G, LAM = np.empty(each), np.empty(each), np.empty(each), np.empty(each)
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
        x[t] = X[i]
        for o in range(len(T)):
            T[o, t] = Y[i, o]
    begin(W[0], W[1], B, x, Z.reshape(TILE, -1))
    for j in range(2, len(W), 2):
        add_pair(W[j], W[j + 1], x, j, Z.reshape(TILE, -1))
    slopes(Z.ravel(), S.ravel(), S1.ravel())
    for o in range(len(C)):
        start(C[o], F[o])
        output(A[o].reshape(-1, C.shape[1]), S, F[o])
    losses(F.ravel(), T.ravel(), L.ravel(), G.ravel(), LAM.ravel())
    for t in range(total - first, TILE):
        L[:, t], G[:, t] = 0.0, 0.0


@pointer_kernel(RISKS)
def risks(slopes, losses, A, W, B, C, X, Y, risk):  # type: ignore[no-untyped-def]
    """Fill risk (lanes,) with means over the samples of X (n, d), Y (n, q or 1)."""
    everything = np.empty(0, dtype=np.int64)
    space = room(C, B, len(W), Y.shape[1])
    _, _, _, _, _, _, L, _, _ = space
    risk[:] = 0.0
    for first in range(0, len(X), TILE):
        tile(slopes, losses, A, W, B, C, X, Y, everything, first, space)
        for o in range(len(C)):
            add_rows(L[o], risk)
    risk /= len(X)


@pointer_kernel(BLOCKS)
def risks_of_blocks(slopes, losses, A, W, B, C, X, Y, risk):  # type: ignore[no-untyped-def]
    """Fill risk (blocks, lanes), one block after the other: to be called costs more than a small block."""
    for block in range(len(risk)):
        risks(slopes, losses, A[block], W[block], B[block], C[block], X, Y, risk[block])


@pointer_kernel(GRADIENTS)
def gradients(slopes, losses, A, W, B, C, X, Y, chosen, risk, gA, gW, gB, gC):  # type: ignore[no-untyped-def]
    """Fill risk (lanes,) and the gradients with means over the samples `chosen`, or over all."""
    lanes, space = C.shape[1], room(C, B, len(W), Y.shape[1])
    x, V, S, S1, _, _, L, G, _ = space
    gA[:], gW[:], gB[:], gC[:], risk[:] = 0.0, 0.0, 0.0, 0.0, 0.0
    total = len(chosen) if len(chosen) else len(X)
    units, pair = gB.reshape(-1, lanes), gW.reshape(len(W), -1, lanes)
    for first in range(0, total, TILE):
        tile(slopes, losses, A, W, B, C, X, Y, chosen, first, space)
        for o in range(len(C)):
            add_rows(L[o], risk)
            add_rows(G[o], gC[o])
            pull(A[o].reshape(-1, lanes), G[o], S, S1, x, gA[o].reshape(-1, lanes), pair, units, V)
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

    F, L, G and LAM have shape (q points,), the output slowest; Y (points,) are labels of all outputs.
    """
    points = Y.size
    q = F.size // points
    f, g, lam = np.empty((points, q)), np.empty((points, q)), np.empty((points, q, q))
    labels, l = np.empty(points, dtype=np.int64), np.empty(points)
    for point in range(points):
        labels[point] = int(Y[point])
        for o in range(q):
            f[point, o] = F[o * points + point]
    softmax.losses(f, labels, l, g, lam)
    for o in range(q):
        for point in range(points):
            G[o * points + point] = g[point, o]
            LAM[o * points + point] = lam[point, o, o]
            L[o * points + point] = l[point] if o == 0 else 0.0
