"""Kernels over one network at a time, by matrix products: the same functions as in `kernels_simd`.

The layout is that of a block of one lane: A (q, m), W (d, m), B (m,), C (q, 1). Samples are taken POINTS at a
time. BLAS must be held to one thread: networks are what is done in parallel.
"""

import numpy as np

from ..jit import kernel, pointer_kernel, vector_kernel
from .kernels_simd import GRADIENTS, RISKS

LANES = FEWEST = 1

POINTS = 160
"""Samples that are taken at once."""


@kernel
def room(q, m, d, columns):  # type: ignore[no-untyped-def]
    """Arrays for a tile: its inputs x, Z, S, S1, and F, targets T of so many `columns`, L, G, LAM."""
    sheet, each = (POINTS, m), (q, POINTS)
    Z, S, S1, T = np.empty(sheet), np.empty(sheet), np.empty(sheet), np.zeros((columns, POINTS))
    F, L, G, LAM = np.zeros(each), np.empty(each), np.empty(each), np.empty(each)
    return np.empty((POINTS, d)), Z, S, S1, F, T, L, G, LAM


@kernel
def inputs(X, chosen, first, count, x):  # type: ignore[no-untyped-def]
    """The `count` samples of X from number `first` of `chosen` on, or of all; x is room for them."""
    if len(chosen) == 0:
        return X[first : first + count]
    for t in range(count):
        x[t] = X[chosen[first + t]]
    return x[:count]


@kernel
def targets(Y, chosen, first, count, T):  # type: ignore[no-untyped-def]
    """Fill T (q or 1, POINTS) with the targets of the same samples."""
    for t in range(count):
        i = first + t if len(chosen) == 0 else chosen[first + t]
        for o in range(len(T)):
            T[o, t] = Y[i, o]


@vector_kernel
def add_row(B, Z):  # type: ignore[no-untyped-def]
    """Add B (m,) to every row of Z (count, m)."""
    for t in range(len(Z)):
        for k in range(len(B)):
            Z[t, k] += B[k]


@kernel
def tile(slopes, losses, A, W, B, C, x, space):  # type: ignore[no-untyped-def]
    """Fill `space` at inputs x (count, d), up to the loss and its derivatives; beyond L and G are zero."""
    _, Z, S, S1, F, T, L, G, LAM = space
    count = len(x)
    np.dot(x, W, Z[:count])
    add_row(B, Z[:count])
    slopes(Z[:count].ravel(), S[:count].ravel(), S1[:count].ravel())
    outputs = np.dot(S[:count], A.T)
    for o in range(len(C)):
        for t in range(count):
            F[o, t] = C[o, 0] + outputs[t, o]
    losses(F.ravel(), T.ravel(), L.ravel(), G.ravel(), LAM.ravel())
    L[:, count:] = 0.0
    G[:, count:] = 0.0


@vector_kernel
def pull(A, G, S, S1, gA, gB, V):  # type: ignore[no-untyped-def]
    """Add to gA (q, m), gB (m,) the gradients of samples S, S1 (count, m); fill V (count, m) with dl/dz."""
    for o in range(len(A)):
        for t in range(len(S)):
            g = G[o, t]
            for k in range(len(gB)):
                v = g * A[o, k] * S1[t, k]
                gA[o, k] += g * S[t, k]
                gB[k] += v
                V[t, k] = v if o == 0 else V[t, k] + v


@pointer_kernel(RISKS)
def risks(slopes, losses, A, W, B, C, X, Y, risk):  # type: ignore[no-untyped-def]
    """Fill risk (1,) with the mean over the samples of X (n, d), Y (n, q)."""
    space, everything = room(len(C), len(B), len(W), Y.shape[1]), np.empty(0, dtype=np.int64)
    _, _, _, _, _, T, L, _, _ = space
    risk[:] = 0.0
    for first in range(0, len(X), POINTS):
        count = min(POINTS, len(X) - first)
        targets(Y, everything, first, count, T)
        tile(slopes, losses, A, W, B, C, X[first : first + count], space)
        risk += L.sum()
    risk /= len(X)


@pointer_kernel(GRADIENTS)
def gradients(slopes, losses, A, W, B, C, X, Y, chosen, risk, gA, gW, gB, gC):  # type: ignore[no-untyped-def]
    """Fill risk (1,) and the gradients with means over the samples `chosen`, or over all."""
    space, part = room(len(C), len(B), len(W), Y.shape[1]), np.empty_like(gW)
    room_of_x, V, S, S1, _, T, L, G, _ = space
    gA[:], gW[:], gB[:], gC[:], risk[:] = 0.0, 0.0, 0.0, 0.0, 0.0
    total = len(chosen) if len(chosen) else len(X)
    for first in range(0, total, POINTS):
        count = min(POINTS, total - first)
        x = inputs(X, chosen, first, count, room_of_x)
        targets(Y, chosen, first, count, T)
        tile(slopes, losses, A, W, B, C, x, space)
        pull(A, G, S[:count], S1[:count], gA, gB, V[:count])
        np.dot(x.T, V[:count], part)
        gW += part
        risk += L.sum()
        for o in range(len(C)):
            gC[o] += G[o].sum()
    share = 1.0 / total
    gA *= share
    gW *= share
    gB *= share
    gC *= share
    risk *= share
