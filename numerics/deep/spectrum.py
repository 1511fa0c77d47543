"""Eigenvalues of deep networks' curvature: all, by the tangent kernel or the matrix, or the extreme ones.

The eigenvalues of G are those of the n q x n q tangent kernel (theorem T10), at any depth. Those of H are
within |R|_F of them (Hoffman and Wielandt), which is nothing at interpolation. Elsewhere the k leading ones
are found by Lanczos, and the exact |H|_F proves that none is missing: outside the span of the vectors found,
H has no eigenvalue beyond c, c^2 = |H|_F^2 - (|values|_F - eta)^2.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import linalg
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh

from numerics.deep.bounds import Bounds
from numerics.deep.forward import Forward
from numerics.deep.matrices import dense, dense_error, tangent_kernel
from numerics.deep.norms import Scope
from twolayer.arrays import Array
from twolayer.errors.rounding import SLACK, gamma
from twolayer.spectrum.enclosed import Spectrum, semidefinite
from twolayer.spectrum.lapack import residual_bound, skewness, verified_eigenvalues

SPARE = 6  # pairs beyond those asked for
SEED = 0  # of the starting vector: the same matrix gives the same answer


def kernel_spectrum(run: Forward, layers: tuple[int, ...], bound: Bounds, order: int) -> Spectrum:
    """All `order` eigenvalues of G; O(n^2 q^2 m L + (n q)^3) time."""
    K, rounding = tangent_kernel(run, layers, bound)
    found, error = verified_eigenvalues(K)
    distance = SLACK * (error + rounding)
    values = np.zeros(order)
    count = min(order, len(found))
    values[:count] = np.maximum(found, 0.0)[:count]
    return semidefinite(Spectrum(values, np.full(order, distance), distance, "kernel"), count)


def with_residual(newton: Spectrum, residual: float) -> Spectrum:
    """Those of H, |R|_F being at most `residual`."""
    distance = SLACK * (newton.distance + residual)
    return Spectrum(newton.values, np.full(len(newton.values), distance), distance, f"{newton.method}, |R|")


def dense_spectrum(run: Forward, scope: Scope, bound: Bounds) -> Spectrum:
    """All eigenvalues of the formed matrix; O(n q P^2 + P^3) time."""
    values, error = verified_eigenvalues(dense(run, scope))
    distance = SLACK * (error + dense_error(run, bound))
    found = Spectrum(values, np.full(len(values), distance), distance, "dense, verified")
    return found if scope.residual else semidefinite(found, run.F.size)


@dataclass(frozen=True)
class Leading:
    """Extreme eigenvalues.

    Attributes
    ----------
    values : ndarray, shape (k,)
        Algebraically largest first, or largest by absolute value.
    vectors : ndarray, shape (P, k)
    error : float
        Each value is this near an eigenvalue, and the first `proved` values are this near the first
        `proved` eigenvalues.
    proved : int
    beyond : float
        No other eigenvalue is larger than this.
    """

    values: Array
    vectors: Array
    error: float
    proved: int
    beyond: float


def leading(
    apply: Callable[[Array], Array], order: int, k: int, norm: float, rounding: float, both: bool
) -> Leading:
    """The k largest eigenvalues of a symmetric matrix, by absolute value if `both`, and how many are proved.

    Parameters
    ----------
    apply : callable
        The product with a vector, shape (P,).
    order, k : int
        P and k; k + 6 < P.
    norm : float
        An upper bound of the Frobenius norm.
    rounding : float
        Bound of the relative error of a product: |computed - H v| <= rounding |v|.

    Raises
    ------
    ArithmeticError
        If Lanczos does not converge.
    """
    start = np.random.default_rng(SEED).standard_normal(order)
    operator = LinearOperator((order, order), matvec=apply, dtype=np.float64)
    try:
        V = eigsh(operator, k + SPARE, which="LM" if both else "LA", v0=start)[1]
    except ArpackNoConvergence as stopped:
        V = stopped.eigenvectors
        if V.shape[1] < k:
            raise ArithmeticError(f"lanczos must find {k} pairs; got {V.shape[1]}") from stopped
    basis = linalg.qr(V, mode="economic", check_finite=False)[0]
    images = np.stack([apply(column) for column in basis.T], axis=1)
    values, turn = linalg.eigh(basis.T @ images)
    rank = np.argsort(-(np.abs(values) if both else values))
    values, vectors, images = values[rank], basis @ turn[:, rank], images @ turn[:, rank]
    count = len(values)
    residual = float(np.linalg.norm(images - vectors * values))
    residual += math.sqrt(count) * (2 * rounding + gamma(count + 4) * norm)
    eta = math.sqrt(2) * residual_bound(residual, skewness(vectors), values)
    known = max(float(np.linalg.norm(values)) - eta, 0.0)
    beyond = SLACK * math.sqrt(max((norm - known) * (norm + known), 0.0)) + eta
    sizes = np.abs(values) if both else values
    proved = int((sizes[:k] - eta > beyond).sum())
    return Leading(values[:k], vectors[:, :k], SLACK * eta, proved, beyond)
