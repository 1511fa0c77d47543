r"""Eigenvalues and singular values checked after the fact: LAPACK's answers are verified, not trusted.

Theorem. Let A (P, P) be symmetric, V (P, k), L = diag(L_1, ..., L_k), e >= |V^T V - I|_F with e < 1,
r >= |A V - V L|_F, and

    eta = (r + e (max L - min L) / (1 + sqrt(1 - e))) / sqrt(1 - e) .

Let V = U N^(1/2) be the polar decomposition, N = V^T V. Then
A U - U L = (A V - V L) N^(-1/2) + U [N^(1/2), L] N^(-1/2); the commutator of L with K = N^(1/2) - I has
entries K_ij (L_j - L_i), |K|_F <= e / (1 + sqrt(1 - e)) and |N^(-1/2)|_2 <= 1 / sqrt(1 - e). So
|A U - U L|_F <= eta with U orthonormal. Hence

1. k = P: U^T A U, which has the eigenvalues of A, is within eta of L in Frobenius norm; in descending order
   sum_j (lambda_j - L_j)^2 <= eta^2 (Hoffman and Wielandt).
2. k < P: with C the compression of A to the complement of span V, the eigenvalues of A are in order within
   sqrt(2) eta of those of diag(L, C) (Weyl; the three blocks that differ have norm at most sqrt(2) eta).

The products A V and V^T V are evaluated by leading parts whose product is exact: every term is a multiple of
one power of two and every partial sum is below 2^53 of it, in any order. So eta is a few units of rounding of
|A|, not P^2 of them.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import linalg

from ..arrays import Array
from ..errors.rounding import SLACK, SUBNORMAL, UNDERFLOW_NORM, UNIT, gamma

GRID = 2.0**-26  # of the leading part of a matrix whose rows or columns have norm at most 1


def verified_eigenvalues(A: Array) -> tuple[Array, float]:
    """Eigenvalues of a symmetric array, descending, and a bound of the Euclidean norm of all their errors.

    Shape (k, k) -> (k,).

    The mean of A and its transpose is taken, so that A may be symmetric up to rounding. O(P^3) time: about
    20 P^3 operations for the eigenvectors and 9 P^3 for the proof.

    Raises
    ------
    ArithmeticError
        If LAPACK's answer is too far from an eigensystem to prove anything.

    Examples
    --------
    >>> values, error = verified_eigenvalues(np.array([[2.0, 1.0], [1.0, 2.0]]))
    >>> bool(np.all(np.abs(values - [3.0, 1.0]) <= error)) and error < 1e-14
    True
    """
    if not A.any():
        return np.zeros(len(A)), 0.0
    exponent = binary_exponent(A)
    A = np.ldexp(A, -exponent)
    A = 0.5 * (A + A.T)
    values, V = linalg.eigh(A, driver="evd", check_finite=False)
    error = residual_bound(residual_norm(A, V, values), skewness(V), values)
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
    U, values, Wt = linalg.svd(A, full_matrices=False, check_finite=False)
    size = float(np.linalg.norm(A))
    residual = np.linalg.norm(A @ Wt.T - U * values) + gamma(A.shape[1] + 4) * (
        size * np.linalg.norm(Wt) + np.linalg.norm(U * values)
    )
    error = SLACK * (residual + skewness(Wt.T) * size + skewness(U) * values.max(initial=0.0))
    return unscaled(values, float(error + U.size * UNDERFLOW_NORM), exponent)


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


def residual_norm(A: Array, V: Array, values: Array) -> float:
    """Upper bound of |A V - V diag(values)|_F, for entries of A up to 1 and unit columns of V.

    Shapes (k, k), (k,), (k, k).
    """
    P = len(A)
    rows = SLACK * math.sqrt(float(np.einsum("ij,ij->i", A, A).max(initial=0.0)))
    grid = math.ldexp(GRID, math.frexp(rows)[1])
    A1, A2 = leading_part(A, grid)
    V1, V2 = leading_part(V, GRID)
    sizes = [float(np.linalg.norm(M)) for M in (A1, A2, V, V2)]
    R = A1 @ V1
    R -= V * values
    R += A1 @ V2
    R += A2 @ V
    rounding = gamma(P + 4) * (sizes[0] * sizes[3] + sizes[1] * sizes[2])
    rounding += UNIT * SLACK * float(np.linalg.norm(values)) + 4 * UNIT * float(np.linalg.norm(R))
    return SLACK * (float(np.linalg.norm(R)) + rounding) + float(P * len(values) * UNDERFLOW_NORM)


def leading_part(M: Array, grid: float) -> tuple[Array, Array]:
    """M to the nearest multiples of `grid`, a power of two, and the exact rest.

    Arrays of any shape, as M has.
    """
    leading = np.rint(M / grid) * grid
    return leading, M - leading


def binary_exponent(A: Array) -> int:
    """The exponent that brings the largest entry of A to 1/2 ... 1. `A` has any shape."""
    return math.frexp(float(np.abs(A).max(initial=0.0)))[1]


def unscaled(values: Array, error: float, exponent: int) -> tuple[Array, float]:
    """Undo the scaling by 2^-exponent. Arrays of any shape."""
    with np.errstate(over="ignore", under="ignore"):
        back = np.ldexp(values, exponent)
        bound = float(np.ldexp(error, exponent))
    return back, bound + math.sqrt(len(values)) * SUBNORMAL * (error > 0)
