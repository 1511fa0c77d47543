r"""The spectrum of the Gauss-Newton part through the tangent kernel (theorem T10).

With Lam_i = L_i L_i^T and U = J^T L / sqrt n, G = U U^T and K = U^T U = (1/n) L^T J J^T L (n q x n q) have
the same eigenvalues apart from zeros. J J^T is made of inner products of the features S and S1 over the
units and of the inputs; J is never formed.
"""

from __future__ import annotations

import math

import numpy as np

from ..arrays import Array
from ..errors.rounding import SLACK, SUBNORMAL, gamma, scaled_norms
from ..forward.errors import Forward
from ..forward.scope import Scope, input_gram
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
    gaps = np.matmul(roots, roots.transpose(0, 2, 1)) - forward.Lam
    rounding = gamma(q + 2) * (roots**2).sum(axis=(1, 2)) + 4 * q * q * SUBNORMAL
    return roots, SLACK * (scaled_norms(gaps.reshape(-1, q * q)) + rounding)


def jacobian_gram(forward: Forward, scope: Scope) -> Array:
    """J J^T, shape (n q, n q), rows and columns sample by sample; symmetric up to rounding.

    Time O(n^2 q^2 m + n^2 d).

    Examples
    --------
    >>> from twolayer import Hessian, TwoLayer
    >>> net = TwoLayer(a=[2.0], W=[[1.0]], activation="identity")
    >>> H = Hessian(net, [[1.0]], [2.0])  # J = (1, 2)
    >>> jacobian_gram(H.forward, H.scope)
    array([[5.]])
    """
    (n, q), A, S1 = forward.F.shape, forward.net.A, forward.S1
    everything = slice(0, n)
    gram = input_gram(forward, scope, everything, everything)
    same = forward.S @ forward.S.T if scope.has("a") else np.zeros((n, n))
    if scope.has("c"):
        same += 1.0
    hidden = scope.has("W") or scope.has("b")
    products = np.empty((n, q, n, q))
    for o in range(q):
        for p in range(o, q):
            products[:, o, :, p] = gram * ((S1 * A[o] * A[p]) @ S1.T) if hidden else 0.0
            if o == p:
                products[:, o, :, p] += same
            products[:, p, :, o] = products[:, o, :, p].T
    return products.reshape(n * q, n * q)


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
    forward, M = matrix.forward, jacobian_gram(matrix.forward, matrix.scope)
    n, q = forward.F.shape
    roots, missing = loss_roots(forward)
    roots = (roots / math.sqrt(n)).transpose(0, 2, 1)
    half = np.matmul(roots, M.reshape(n, q, n * q)).reshape(n * q, n * q)
    K = np.matmul(roots, half.T.reshape(n, q, n * q)).reshape(n * q, n * q)
    bound = matrix.bound
    steps = gamma(forward.S.shape[1] + forward.X.shape[1] + 2 * q + 16)
    error = steps * math.sqrt(q) * bound.gauss_newton + float((missing * bound.jacobian**2).mean())
    return K, SLACK * error + bound.underflow
