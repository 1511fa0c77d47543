r"""The spectrum of the Gauss-Newton part through the tangent kernel (theorem T10).

With Lam_i = L_i L_i^T and U = J^T L / sqrt n, G = U U^T and K = U^T U = (1/n) L^T J J^T L (n q x n q) have
the same eigenvalues apart from zeros. J J^T is made of inner products of the features S and S1 over the
units and of the inputs; J is never formed.
"""

from __future__ import annotations

import math

import numpy as np

from ..arrays import Array
from ..errors.rounding import SLACK, gamma
from ..forward.errors import Forward
from ..forward.scope import input_gram
from .compressed import Matrix


def loss_roots(forward: Forward) -> tuple[Array, Array]:
    """L_i (n, q, q) with Lam_i = L_i L_i^T, and bounds (n,) of the Frobenius norm of what is missing.

    Every loss offered is convex in the outputs, so that Lam_i is positive semidefinite.
    """
    q = forward.F.shape[1]
    if q == 1:
        return np.sqrt(forward.Lam), SLACK * gamma(3) * forward.Lam[:, 0, 0]
    values, O = np.linalg.eigh(forward.Lam)
    roots = O * np.sqrt(np.maximum(values, 0.0))[:, None, :]
    missing = np.sqrt(((np.matmul(roots, roots.transpose(0, 2, 1)) - forward.Lam) ** 2).sum(axis=(1, 2)))
    return roots, SLACK * (missing + gamma(q + 2) * (roots**2).sum(axis=(1, 2)))


def tangent_kernel(matrix: Matrix) -> tuple[Array, float]:
    """K, rows and columns sample by sample, and a bound of its distance in spectrum from G.

    The bound is of the Euclidean norm of the differences of the sorted eigenvalues (Hoffman and Wielandt).
    Time O(n^2 q^2 (m + d)), memory O((n q)^2).

    Examples
    --------
    >>> from twolayer import Hessian, TwoLayer
    >>> net = TwoLayer(a=[2.0], W=[[1.0]], activation="identity")
    >>> H = Hessian(net, [[1.0]], [2.0])  # J = (1, 2)
    >>> tangent_kernel(Matrix(H.forward, H.scope, H.bound))[0]
    array([[5.]])
    """
    forward, scope = matrix.forward, matrix.scope
    n, q = forward.F.shape
    whole, A = slice(0, n), forward.net.A
    gram = input_gram(forward, scope, whole, whole)
    same = np.full((n, n), scope.has("c"))
    if scope.has("a"):
        same += forward.S @ forward.S.T
    M = np.empty((n, q, n, q))
    for o in range(q):
        for p in range(o, q):
            D = (forward.S1 * A[o]) @ (forward.S1 * A[p]).T if scope.has("W") or scope.has("b") else 0.0
            M[:, o, :, p] = gram * D + (same if o == p else 0.0)
            M[:, p, :, o] = M[:, o, :, p].T
    return _weighted(M, matrix)


def _weighted(M: Array, matrix: Matrix) -> tuple[Array, float]:
    """(1/n) L^T M L and the error bound."""
    forward = matrix.forward
    n, q = forward.F.shape
    roots, missing = loss_roots(forward)
    roots = (roots / math.sqrt(n)).transpose(0, 2, 1)
    half = np.matmul(roots, M.reshape(n, q, n * q)).reshape(n * q, n * q)
    K = np.matmul(roots, half.T.reshape(n, q, n * q)).reshape(n * q, n * q)
    bound = matrix.bound
    steps = gamma(forward.S.shape[1] + forward.X.shape[1] + 2 * q + 16)
    error = steps * math.sqrt(q) * bound.gauss_newton + float((missing * bound.jacobian**2).mean())
    return K, SLACK * error + 1e-300 * (bound.gauss_newton > 0)
