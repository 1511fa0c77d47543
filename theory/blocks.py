"""The m x m matrices that theorems speak of, with bounds of their errors.

They are formed from u = S1 * a, the derivative of the output by the hidden biases, which needs no hidden
biases to be present, and start from the error bounds of the forward pass:

    G_bb = E[u^T Lam u],    H_bb = G_bb + diag_k(E[g a_k s''(z_k)]).

With several outputs a_k is the k-th column of A, |a_k| its norm, and u (q, m) per sample.
"""

from __future__ import annotations

import numpy as np

from theory.matrices import Array, Matrix, gamma
from theory.situation import Situation
from theory.uncertain import SLACK, UNIT


def sample_mean(values: Array) -> float:
    """Upper bound of the mean of non-negative values."""
    return float(SLACK * values.mean())


def bias_block(at: Situation) -> Matrix:
    """G_bb."""
    run, norms = at.forward, at.forward.norms
    A, S1 = run.net.A, run.S1
    n, q = run.F.shape
    if q == 1:
        U = S1 * A * np.sqrt(run.Lam[:, 0])
        entries = U.T @ U / n
    else:
        U = S1[:, None, :] * A
        entries = np.tensordot(U, np.matmul(run.Lam, U), axes=([0, 1], [0, 1])) / n
    Lam = np.sqrt((run.Lam**2).sum(axis=(1, 2)))
    each = Lam * (2 * norms.D + norms.dD) * norms.dD + run.Lam_error * (norms.D + norms.dD) ** 2
    arithmetic = gamma(n * q + q + 8) * sample_mean(Lam * norms.D**2)
    return Matrix((entries + entries.T) / 2, sample_mean(each) + arithmetic)


def curvature_block(at: Situation) -> Matrix:
    """H_bb."""
    run, norms, G_bb = at.forward, at.forward.norms, at.once("G_bb", bias_block)
    n, q = run.F.shape
    diagonal = (run.GA * run.S2).mean(axis=0)
    g = np.sqrt((run.G**2).sum(axis=1))
    each = run.G_error * (norms.E + norms.dE) + g * norms.dE
    arithmetic = gamma(n + q + 4) * sample_mean(g * norms.E) + UNIT * float(np.linalg.norm(G_bb.entries))
    error = SLACK * (G_bb.error + sample_mean(each) + arithmetic)
    return Matrix(G_bb.entries + np.diag(diagonal), error)


def weight_gram(at: Situation) -> Matrix:
    """W W^T, (m, m)."""
    W = at.net.W
    return Matrix(W @ W.T, SLACK * gamma(W.shape[1]) * float((W**2).sum()))
