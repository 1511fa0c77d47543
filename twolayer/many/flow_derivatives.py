"""Gradient and Hessian of the risk of one small network, compiled, for the steps of its gradient flow.

Data: x (d~, n), the inputs and, with hidden biases, a row of ones; y (q, n). `columns` (m, d~) says where the
inner weights stand in theta; outer weights come first, output by output, and output biases, if there are any,
last. `sigma` (m, n), unless it is empty, holds the slopes of piecewise linear units: each pre-activation is
kept on its side of the kink. `normals` (r, P) are orthonormal directions in which theta is held.

Room: sheets (5, m, n), flat (5, q, n), J (2, R, n), R being the parameters that one output depends on.
"""

import numpy as np
from numba import boolean, int64, types

from ..generated.losses import softmax
from ..jit import kernel, pointer_kernel, reduction_kernel
from .signatures import JETS, LOSSES, SLOPES, Cube, Flat, Rows

DATA = (LOSSES, boolean, boolean, int64[:, ::1], Rows, Rows, Rows, Rows)
"""losses, coupled, biased, columns, x, y, sigma, normals; `coupled` losses are the softmax cross-entropy."""


@reduction_kernel
def dot(u, v):  # type: ignore[no-untyped-def]
    """The sum of the products of u and v (n,)."""
    total = 0.0
    for i in range(len(u)):
        total += u[i] * v[i]
    return total


@kernel
def inner(theta, columns, x, Z):  # type: ignore[no-untyped-def]
    """Fill Z (m, n) with the pre-activations."""
    for k in range(len(Z)):
        weight, row = theta[columns[k, 0]], Z[k]
        for i in range(len(row)):
            row[i] = weight * x[0, i]
        for j in range(1, len(x)):
            weight = theta[columns[k, j]]
            for i in range(len(row)):
                row[i] += weight * x[j, i]


@kernel
def bend(sigma, Z, S, S1):  # type: ignore[no-untyped-def]
    """Fill S and S1 with values and slopes of linear units; all are flat."""
    for t in range(len(Z)):
        S[t] = sigma[t] * Z[t]
        S1[t] = sigma[t]


@kernel
def soft(F, y, G, P):  # type: ignore[no-untyped-def]
    """Fill G (q, n) with the slopes of the softmax cross-entropy at outputs F, P with the probabilities."""
    q = len(F)
    f, g, lam = np.empty(q), np.empty(q), np.empty((q, q))
    for i in range(F.shape[1]):
        label = int(y[0, i])
        for o in range(q):
            f[o] = F[o, i]
        softmax.sample(f, label, g, lam)
        for o in range(q):
            G[o, i] = g[o]
            P[o, i] = g[o] + 1.0 if o == label else g[o]


@kernel
def outer(losses, coupled, biased, theta, y, S, flat):  # type: ignore[no-untyped-def]
    """Fill `flat` (5, q, n): outputs, losses, their first and second derivatives over n; the last is room."""
    (q, n), m = y.shape, len(S)
    F, G, LAM = flat[0], flat[2], flat[3]
    for o in range(q):
        start = theta[len(theta) - q + o] if biased else 0.0
        for i in range(n):
            F[o, i] = start
        for k in range(m):
            weight = theta[o * m + k]
            for i in range(n):
                F[o, i] += weight * S[k, i]
    if coupled:
        soft(F, y, G, LAM)
    else:
        losses(F.reshape(-1), y.reshape(-1), flat[1].reshape(-1), G.reshape(-1), LAM.reshape(-1))
    for o in range(q):
        for i in range(n):
            G[o, i] /= n
            LAM[o, i] /= n


@kernel
def slope(theta, biased, columns, x, sheets, flat, normals, out):  # type: ignore[no-untyped-def]
    """Fill `out` (P,) with the gradient; sheets[4] becomes dl/ds over n, unit by unit."""
    S, S1, GA, G, V = sheets[1], sheets[2], sheets[4], flat[2], flat[4, 0]
    q, m = len(G), len(S)
    for k in range(m):
        row = GA[k]
        row[:] = 0.0
        for o in range(q):
            out[o * m + k] = dot(G[o], S[k])
            weight = theta[o * m + k]
            for i in range(len(row)):
                row[i] += weight * G[o, i]
        for i in range(len(row)):
            V[i] = row[i] * S1[k, i]
        for j in range(len(x)):
            out[columns[k, j]] = dot(V, x[j])
    if biased:
        for o in range(q):
            total = 0.0
            for i in range(len(V)):
                total += G[o, i]
            out[len(out) - q + o] = total
    hold(normals, out)


@kernel
def hold(normals, v):  # type: ignore[no-untyped-def]
    """Take away from v (P,) its part along the orthonormal `normals` (r, P)."""
    for s in range(len(normals)):
        part, normal = dot(normals[s], v), normals[s]
        for p in range(len(v)):
            v[p] -= part * normal[p]


@pointer_kernel(types.void(SLOPES, *DATA, Flat, Cube, Cube, Flat))
def gradient(slopes, losses, coupled, biased, columns, x, y, sigma, normals, theta, sheets, flat, out):  # type: ignore[no-untyped-def]
    """Fill `out` (P,) with the gradient at theta."""
    Z, S, S1 = sheets[0], sheets[1], sheets[2]
    inner(theta, columns, x, Z)
    if len(sigma):
        bend(sigma.reshape(-1), Z.reshape(-1), S.reshape(-1), S1.reshape(-1))
    else:
        slopes(Z.reshape(-1), S.reshape(-1), S1.reshape(-1))
    outer(losses, coupled, biased, theta, y, S, flat)
    slope(theta, biased, columns, x, sheets, flat, normals, out)


@kernel
def gauss_newton(theta, coupled, biased, columns, x, sheets, flat, J, H):  # type: ignore[no-untyped-def]
    """Fill H (P, P) with its Gauss-Newton part, output by output."""
    S, S1, LAM = sheets[1], sheets[2], flat[3]
    q, m, d = len(LAM), len(S), len(x)
    rows, weighted = J[0], J[1]
    R, n = rows.shape
    where = np.empty(R, dtype=np.int64)
    H[:] = 0.0
    for k in range(m):
        rows[k] = S[k]
        for j in range(d):
            where[m + k * d + j] = columns[k, j]
    if biased:
        rows[R - 1] = 1.0
    square = np.empty((R, R))
    for o in range(q):
        for k in range(m):
            where[k] = o * m + k
            weight = theta[o * m + k]
            for j in range(d):
                row = rows[m + k * d + j]
                for i in range(n):
                    row[i] = weight * S1[k, i] * x[j, i]
        if biased:
            where[R - 1] = len(H) - q + o
        for p in range(R):
            for i in range(n):
                weighted[p, i] = LAM[o, i] * rows[p, i]
        np.dot(weighted, rows.T, square)
        for p in range(R):
            for r in range(R):
                H[where[p], where[r]] += square[p, r]
    if coupled:
        centre(theta, biased, columns, x, sheets, flat, H)


@kernel
def centre(theta, biased, columns, x, sheets, flat, H):  # type: ignore[no-untyped-def]
    """Take from H (P, P) the products of the mean slopes: the part of softmax that couples outputs."""
    S, S1, LAM = sheets[1], sheets[2], flat[3]
    (q, n), m = LAM.shape, len(S)
    mean, square = np.empty((len(H), n)), np.empty((len(H), len(H)))
    for k in range(m):
        for i in range(n):
            mixed = 0.0
            for o in range(q):
                mixed += LAM[o, i] * theta[o * m + k]
                mean[o * m + k, i] = LAM[o, i] * S[k, i]
            for j in range(len(x)):
                mean[columns[k, j], i] = mixed * S1[k, i] * x[j, i]
    for o in range(q if biased else 0):
        for i in range(n):
            mean[len(H) - q + o, i] = LAM[o, i]
    np.dot(mean, mean.T, square)
    for p in range(len(H)):
        for r in range(len(H)):
            H[p, r] -= n * square[p, r]


@kernel
def residual(columns, x, sheets, flat, H):  # type: ignore[no-untyped-def]
    """Add the residual part to H (P, P)."""
    S1, S2, GA, G, V = sheets[2], sheets[3], sheets[4], flat[2], flat[4, 0]
    m = len(S1)
    for k in range(m):
        for o in range(len(G)):
            for i in range(len(V)):
                V[i] = G[o, i] * S1[k, i]
            for j in range(len(x)):
                found = dot(V, x[j])
                H[columns[k, j], o * m + k] += found
                H[o * m + k, columns[k, j]] += found
        for j in range(len(x)):
            for i in range(len(V)):
                V[i] = GA[k, i] * S2[k, i] * x[j, i]
            for l in range(len(x)):
                H[columns[k, j], columns[k, l]] += dot(V, x[l])


@pointer_kernel(types.void(JETS, *DATA, Flat, Cube, Cube, Cube, Flat, Rows))
def curvature(jets, losses, coupled, biased, columns, x, y, sigma, normals, theta, sheets, flat, J, out, H):  # type: ignore[no-untyped-def]
    """Fill `out` (P,) with the gradient and H (P, P) with the Hessian at theta, both where theta is held."""
    Z, S, S1, S2 = sheets[0], sheets[1], sheets[2], sheets[3]
    inner(theta, columns, x, Z)
    if len(sigma):
        bend(sigma.reshape(-1), Z.reshape(-1), S.reshape(-1), S1.reshape(-1))
        S2[:] = 0.0
    else:
        jets(Z.reshape(-1), S.reshape(-1), S1.reshape(-1), S2.reshape(-1))
    outer(losses, coupled, biased, theta, y, S, flat)
    slope(theta, biased, columns, x, sheets, flat, normals, out)
    gauss_newton(theta, coupled, biased, columns, x, sheets, flat, J, H)
    residual(columns, x, sheets, flat, H)
    for p in range(len(H) if len(normals) else 0):
        hold(normals, H[p])
    for s in range(len(normals)):
        normal = normals[s]
        for r in range(len(H)):
            part = 0.0
            for p in range(len(H)):
                part += normal[p] * H[p, r]
            for p in range(len(H)):
                H[p, r] -= normal[p] * part
