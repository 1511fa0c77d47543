"""The dense matrix of a scalar network at half the operations of J^T J.

The block coupling the input weights w~_k of unit k and w~_l of unit l is

    sum_i (Lam_i / n) D_ik D_il x~_i x~_i^T   [+ sum_i (g_i / n) E2_ik x~_i x~_i^T  if k = l],

symmetric both in (k, l) and in x~ x~^T. All of them together are one product of a matrix of pairs of
units by a matrix of pairs of inputs, each pair taken once.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg.blas import dgemm

from ..arrays import Array
from ..forward.scope import Scope
from ..forward.values import Values
from ..jit import kernel

SAMPLES_PER_BLOCK = 96
UNITS = 16  # number of units from which this road beats J^T J
INPUTS = (4, 64)  # numbers of inputs (with the bias) between which this road beats J^T J


def suits(forward: Values, inputs: Array) -> bool:
    """Whether this road applies and pays. `inputs` has shape (n, d~), d~ inputs with the bias."""
    few = INPUTS[0] <= inputs.shape[1] <= INPUTS[1]
    return few and forward.net.n_outputs == 1 and forward.S.shape[1] >= UNITS


def fill_input_blocks(forward: Values, scope: Scope, inputs: Array, columns: np.ndarray, H: Array) -> None:
    """Write all blocks between input weights into `H`.

    Parameters
    ----------
    inputs : ndarray, shape (n, d~)
        x~.
    columns : ndarray of int, shape (m, d~)
        Where w~_k stands in `H`.
    """
    (n, d), m = inputs.shape, forward.S.shape[1]
    upper = np.triu_indices(d)
    C = np.zeros((len(upper[0]), m * (m + 1) // 2))
    diagonal = np.zeros((len(upper[0]), m))
    D = forward.S1 * forward.net.A[0]
    V = forward.GA / n * forward.S2
    pairs = np.empty((SAMPLES_PER_BLOCK, C.shape[1]))
    for start in range(0, n, SAMPLES_PER_BLOCK):
        rows = slice(start, start + SAMPLES_PER_BLOCK)
        x = inputs[rows]
        xx = x[:, upper[0]] * x[:, upper[1]]
        if scope.gauss_newton:
            multiply_pairs(D[rows], pairs)
            weighted = xx * (forward.Lam[rows, 0] / n)
            # C += weighted^T pairs; BLAS sees the transposes, which are in its column order
            dgemm(1.0, pairs[: len(x)].T, weighted.T, 1.0, C.T, trans_b=True, overwrite_c=True)
        if scope.residual:
            diagonal += xx.T @ V[rows]
    scatter(C, diagonal, columns, H)


@kernel
def multiply_pairs(D, pairs):  # type: ignore[no-untyped-def]
    """Row i of `pairs` becomes all D_ik D_il with k <= l, l running fastest; D is (samples, m)."""
    m = D.shape[1]
    for i in range(D.shape[0]):
        start = 0
        for k in range(m):
            out, others = pairs[i, start : start + m - k], D[i, k:]
            for l in range(m - k):
                out[l] = D[i, k] * others[l]
            start += m - k


@kernel
def scatter(C, diagonal, columns, H):  # type: ignore[no-untyped-def]
    """Write C (pairs of inputs, pairs of units) into both triangles of H, and `diagonal` onto equal units."""
    m, d = columns.shape
    row = 0
    for k in range(m):
        for l in range(k, m):
            at = 0
            for p in range(d):
                for r in range(p, d):
                    value = C[at, row]
                    if k == l:
                        value += diagonal[at, k]
                    H[columns[k, p], columns[l, r]] = value
                    H[columns[l, r], columns[k, p]] = value
                    H[columns[k, r], columns[l, p]] = value
                    H[columns[l, p], columns[k, r]] = value
                    at += 1
            row += 1
