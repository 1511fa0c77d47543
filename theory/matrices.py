"""Symmetric matrices that carry an error bound, and norms that inherit it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from theory.uncertain import SLACK, UNIT, Uncertain

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Matrix:
    """A symmetric matrix and a bound of the Frobenius norm of its error."""

    entries: Array
    error: float


def gamma(count: int) -> float:
    """Relative error bound of a sum of `count` rounded products, in any order."""
    return count * UNIT / (1 - count * UNIT)


def eigenvalues(matrix: Matrix) -> tuple[Array, float]:
    """Return ascending eigenvalues and one error bound for all of them.

    Notes
    -----
    With computed eigenvectors V, residual R = M V - V L and defect D = V^T V - I, the polar factor of V
    is within |D| of V, so by Weyl's inequality every eigenvalue is off by at most |R| + 2 |M| |D|.
    """
    M = matrix.entries
    values, V = np.linalg.eigh(M)
    m, size = len(values), float(np.linalg.norm(M))
    residual = float(np.linalg.norm(M @ V - V * values)) + gamma(m + 2) * size * 2 * m**0.5
    defect = float(np.linalg.norm(V.T @ V - np.eye(m))) + gamma(m + 2) * m
    return values, SLACK * (matrix.error + residual + 2.1 * size * defect)


def trace(matrix: Matrix) -> Uncertain:
    """Sum of the eigenvalues."""
    diagonal = np.diag(matrix.entries)
    m = len(diagonal)
    rounding = gamma(m) * float(np.abs(diagonal).sum())
    return Uncertain(float(diagonal.sum()), SLACK * (m**0.5 * matrix.error + rounding))


def frobenius(matrix: Matrix) -> Uncertain:
    """Root of the sum of squares."""
    value = float(np.linalg.norm(matrix.entries))
    return Uncertain(value, SLACK * (matrix.error + gamma(matrix.entries.size + 2) * value))


def largest(matrix: Matrix) -> Uncertain:
    """Largest eigenvalue."""
    values, error = eigenvalues(matrix)
    return Uncertain(float(values[-1]), error)


def spectral(matrix: Matrix) -> Uncertain:
    """Largest absolute eigenvalue."""
    values, error = eigenvalues(matrix)
    return Uncertain(float(np.abs(values).max()), error)


def nuclear(matrix: Matrix) -> Uncertain:
    """Sum of the absolute eigenvalues."""
    values, error = eigenvalues(matrix)
    value = float(np.abs(values).sum())
    return Uncertain(value, SLACK * (len(values) * error + gamma(len(values)) * value))
