"""Hessians of many small networks and all their eigenvalues, one network at a time; scalar outputs.

A network is its row of parameters theta = (a, W row by row, b, c); its Hessian is formed and given to LAPACK.
"""

import numpy as np
from numba import int64, types

from ..jit import kernel, pointer_kernel
from .norms import sample_jets
from .signatures import JETS, LOSSES, Flat, Rows

SPECTRA = types.void(JETS, LOSSES, Rows, int64, types.boolean, types.boolean, Rows, Flat, Rows)


@kernel
def fill_jacobian(a, S, S1, X, hidden, output, J):  # type: ignore[no-untyped-def]
    """Fill J (n, P) with the derivatives of the output by the parameters; S, S1 (n, m), X (n, d)."""
    n, m = S.shape
    d = X.shape[1]
    for i in range(n):
        for k in range(m):
            J[i, k] = S[i, k]
            slope = a[k] * S1[i, k]
            for j in range(d):
                J[i, m + k * d + j] = slope * X[i, j]
            if hidden:
                J[i, m + m * d + k] = slope
        if output:
            J[i, -1] = 1.0


@kernel
def add_residual(a, g, S1, S2, X, hidden, H):  # type: ignore[no-untyped-def]
    """Add the residual part to the lower triangle of H (P, P); g (n,), S1, S2 (n, m), X (n, d)."""
    n, m = S1.shape
    d = X.shape[1]
    for k in range(m):
        first, bias = m + k * d, m + m * d + k
        for i in range(n):
            slope, curved = g[i] * S1[i, k], g[i] * a[k] * S2[i, k]
            for j in range(d):
                H[first + j, k] += slope * X[i, j]
                bend = curved * X[i, j]
                for l in range(j + 1):
                    H[first + j, first + l] += bend * X[i, l]
                if hidden:
                    H[bias, first + j] += bend
            if hidden:
                H[bias, k] += slope
                H[bias, bias] += curved


@pointer_kernel(SPECTRA)
def eigenvalues(jets, losses, thetas, m, hidden, output, X, y, values):  # type: ignore[no-untyped-def]
    """Fill values (E, P), ascending, with the eigenvalues of the networks `thetas` (E, P) of `m` units.

    hidden, output: whether they have biases b, c. X (n, d), y (n,).
    """
    n, P = len(X), thetas.shape[1]
    J, weighted = np.empty((n, P)), np.empty((n, P))
    for e in range(len(thetas)):
        S, S1, S2, g, lam = sample_jets(jets, losses, thetas[e], m, hidden, output, X, y)
        fill_jacobian(thetas[e, :m], S, S1, X, hidden, output, J)
        for i in range(n):
            weighted[i] = (lam[i] / n) * J[i]
            g[i] /= n
        H = np.dot(weighted.T, J)
        add_residual(thetas[e, :m], g, S1, S2, X, hidden, H)
        values[e] = np.linalg.eigvalsh(H)
