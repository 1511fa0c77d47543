r"""Eigenvalues and singular values checked after the fact: LAPACK's answers are verified, not trusted.

All eigenvalues of a matrix are those of a tridiagonal one (:mod:`.tridiagonal.similarity`). For some of them:

Theorem. Let A (P, P) be symmetric, V (P, k), L = diag(L_1, ..., L_k), e >= |V^T V - I|_F with e < 1,
r >= |A V - V L|_F, and

    eta = (r + e (max L - min L) / (1 + sqrt(1 - e))) / sqrt(1 - e) .

Let V = U N^(1/2) be the polar decomposition, N = V^T V. Then
A U - U L = (A V - V L) N^(-1/2) + U [N^(1/2), L] N^(-1/2); the commutator of L with K = N^(1/2) - I has
entries K_ij (L_j - L_i), |K|_F <= e / (1 + sqrt(1 - e)) and |N^(-1/2)|_2 <= 1 / sqrt(1 - e). So
|A U - U L|_F <= eta with U orthonormal. With C the compression of A to the complement of span V, the
eigenvalues of A are in order within sqrt(2) eta of those of diag(L, C) (Weyl; the three blocks that differ
have norm at most sqrt(2) eta).

The product V^T V is evaluated by leading parts whose product is exact.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..arrays import Array
from ..errors.rounding import NOTHING, SLACK, SUBNORMAL, UNDERFLOW_NORM, UNIT, exponent_of, gamma, scaled_norm
from .extremes.watch import Watch
from .tridiagonal.leading import GRID, leading_part
from .tridiagonal.similarity import tridiagonal_eigenvalues

MODERATE = 100  # exponent up to which entries are taken as they are


def verified_eigenvalues(A: Array, sharp: bool = False, watch: Watch | None = None) -> tuple[Array, float]:
    """Eigenvalues of a symmetric array, descending, and a bound of the Euclidean norm of all their errors.

    Shape (k, k) -> (k,).

    The mean of A and its transpose is taken, so that A may be symmetric up to rounding. The `watch` is told
    how far it is. For the time and for `sharp`, see :func:`.tridiagonal.similarity.tridiagonal_eigenvalues`.

    Raises
    ------
    ArithmeticError
        If LAPACK's answer is too far from the truth to prove anything.
    TimeoutError
        If the `watch` says that time is out.

    Examples
    --------
    >>> values, error = verified_eigenvalues(np.array([[2.0, 1.0], [1.0, 2.0]]))
    >>> bool(np.all(np.abs(values - [3.0, 1.0]) <= error)) and error < 1e-13
    True
    """
    exponent = exponent_of(A)
    if exponent == NOTHING:
        return np.zeros(len(A)), 0.0
    exponent = exponent if MODERATE < abs(exponent) < -NOTHING else 0
    A = np.ldexp(A, -exponent) if exponent else A
    A = 0.5 * (A + A.T)
    values, error = tridiagonal_eigenvalues(A, sharp, watch)
    error += SLACK * UNIT * float(np.linalg.norm(A))
    return unscaled(values[::-1], error, exponent)


def verified_singular_values(A: Array) -> tuple[Array, float]:
    """Singular values, descending, and a bound of the error of each. Shape (k, l) -> (min(k, l),).

    With U and W orthonormal up to e_U and e_W and A W = U S + R, the singular values are within
    |R| + e_W |A|_F + e_U max S of S; W is square, A being transposed if it has more columns than rows.

    Examples
    --------
    >>> values, error = verified_singular_values(np.array([[3.0, 4.0]]))
    >>> abs(values[0] - 5.0) <= error < 1e-13
    True
    """
    A = A if A.shape[0] >= A.shape[1] else A.T
    if not A.any():
        return np.zeros(A.shape[1]), 0.0
    exponent = binary_exponent(A)
    A = np.ldexp(A, -exponent)
    U, values, Wt = np.linalg.svd(A, full_matrices=False)
    size = float(np.linalg.norm(A))
    residual = np.linalg.norm(A @ Wt.T - U * values) + gamma(A.shape[1] + 4) * (
        size * np.linalg.norm(Wt) + np.linalg.norm(U * values)
    )
    error = SLACK * (residual + skewness(Wt.T) * size + skewness(U) * values.max(initial=0.0))
    return unscaled(values, float(error + U.size * UNDERFLOW_NORM), exponent)


def rectangular_norm(block: Array, kind: Any, forming: float) -> tuple[float, float, str]:
    """Frobenius ("fro"), spectral (2) or nuclear ("nuc") norm of an off-diagonal block, error and method.

    `block` has shape (k, l).

    `forming` bounds the Frobenius norm of the error of its entries.
    """
    if kind == "fro":
        value = scaled_norm(block)
        return value, SLACK * forming + gamma(block.size + 4) * value, "dense"
    values, error = verified_singular_values(block)
    if kind == "nuc":
        error = len(values) * error + math.sqrt(len(values)) * forming + gamma(2) * math.fsum(values)
        return math.fsum(values), SLACK * error, "dense, verified"
    return float(values[0]), SLACK * (error + forming), "dense, verified"


def residual_bound(residual: float, skew: float, values: Array) -> float:
    """The number eta of the theorem; an ArithmeticError if the vectors are far from orthonormal.

    Shapes (k, k), (k,), (k, k).
    """
    if not skew < 0.5 or not math.isfinite(residual):
        raise ArithmeticError(f"eigenvectors must be orthonormal to be verified; they are off by {skew:.1g}")
    root = math.sqrt(1 - skew)
    spread = float(values.max(initial=0.0) - values.min(initial=0.0))
    return float(SLACK * (residual + skew * spread / (1 + root)) / root)


def skewness(V: Array) -> float:
    """Upper bound of |V^T V - I|_F; inf unless the columns are nearly of unit length.

    `V` has shape (k, l).
    """
    P, k = V.shape
    V1, V2 = leading_part(V, GRID)
    N = V1.T @ V1
    if not np.abs(N.diagonal()).max(initial=0.0) < 1.5:
        return math.inf
    N.flat[:: k + 1] -= 1.0
    M = V2.T @ (V1 + 0.5 * V2)
    mixed, lengths = float(np.linalg.norm(V2)), float(np.linalg.norm(V))
    rounding = 2 * gamma(P + 4) * mixed * lengths + 8 * UNIT * float(np.linalg.norm(M))
    N += M
    N += M.T
    return float(SLACK * (float(np.linalg.norm(N)) + rounding) + P * k * UNDERFLOW_NORM)


def binary_exponent(A: Array) -> int:
    """The exponent that brings the largest entry of A to 1/2 ... 1. `A` has any shape."""
    return math.frexp(float(np.abs(A).max(initial=0.0)))[1]


def unscaled(values: Array, error: float, exponent: int) -> tuple[Array, float]:
    """Undo the scaling by 2^-exponent. Arrays of any shape."""
    if not exponent:
        return values, error
    with np.errstate(over="ignore", under="ignore"):
        back = np.ldexp(values, exponent)
        bound = float(np.ldexp(error, exponent))
    return back, bound + math.sqrt(len(values)) * SUBNORMAL * (error > 0)
