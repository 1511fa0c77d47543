"""Symmetric matrices that carry an error bound, and norms that inherit it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from theory.bridge.network import SLACK, UNIT, Array, Uncertain


@dataclass(frozen=True)
class Matrix:
    """A symmetric matrix and a bound of the Frobenius norm of its error."""

    entries: Array
    error: float

    @cached_property
    def spectrum(self) -> tuple[Array, float]:
        """Eigenvalues, ascending, and one error bound for all of them. Shape (k,)."""
        return eigenvalues(self)


def gamma(count: int) -> float:
    """Relative error bound of a sum of `count` rounded products, in any order."""
    return count * UNIT / (1 - count * UNIT)


def power_of_two(array: Array) -> float:
    """What to divide by, exactly, so that squares of entries neither overflow nor vanish.

    Arrays of any shape, (k, k) mostly.

    Examples
    --------
    >>> power_of_two(np.array([3.0, -5.0]))
    4.0
    """
    return math.ldexp(1.0, max(math.frexp(float(np.abs(array).max(initial=0.0)))[1], -1000) - 1)


def size(array: Array) -> float:
    """Frobenius norm, without overflow or underflow of the squares. Arrays of any shape."""
    scale = power_of_two(array)
    return scale * float(np.linalg.norm(array / scale))


def eigenvalues(matrix: Matrix) -> tuple[Array, float]:
    """Return ascending eigenvalues and one error bound for all of them. Shape (k, k) -> (k,).

    Notes
    -----
    With computed eigenvectors V, residual R = M V - V L and defect D = V^T V - I, the polar factor of V
    is within |D| of V, so by Weyl's inequality every eigenvalue is off by at most |R| + 2 |M| |D|.
    """
    scale = power_of_two(matrix.entries)
    M = matrix.entries / scale
    values, V = np.linalg.eigh(M)
    m, length = len(values), float(np.linalg.norm(M))
    residual = float(np.linalg.norm(M @ V - V * values)) + gamma(m + 2) * length * 2 * m**0.5
    defect = float(np.linalg.norm(V.T @ V - np.eye(m))) + gamma(m + 2) * m
    return scale * values, SLACK * (matrix.error + scale * (residual + 2.1 * length * defect))


def trace(matrix: Matrix) -> Uncertain:
    """Sum of the eigenvalues."""
    diagonal = np.diag(matrix.entries)
    m = len(diagonal)
    rounding = gamma(m) * float(np.abs(diagonal).sum())
    return Uncertain(float(diagonal.sum()), SLACK * (m**0.5 * matrix.error + rounding))


def frobenius(matrix: Matrix) -> Uncertain:
    """Root of the sum of squares."""
    value = size(matrix.entries)
    return Uncertain(value, SLACK * (matrix.error + gamma(matrix.entries.size + 2) * value))


def largest(matrix: Matrix) -> Uncertain:
    """Largest eigenvalue."""
    values, error = matrix.spectrum
    return Uncertain(float(values[-1]), error)


def least(matrix: Matrix) -> Uncertain:
    """Smallest eigenvalue."""
    values, error = matrix.spectrum
    return Uncertain(float(values[0]), error)


def spectral(matrix: Matrix) -> Uncertain:
    """Largest absolute eigenvalue."""
    values, error = matrix.spectrum
    return Uncertain(float(np.abs(values).max()), error)


def nuclear(matrix: Matrix) -> Uncertain:
    """Sum of the absolute eigenvalues."""
    values, error = matrix.spectrum
    value = float(np.abs(values).sum())
    return Uncertain(value, SLACK * (len(values) * error + gamma(len(values)) * value))


def rank(matrix: Matrix) -> Uncertain:
    """Number of eigenvalues that are certainly not zero; the error counts the undecided."""
    values, error = matrix.spectrum
    certain = int((np.abs(values) > error).sum())
    return Uncertain(certain, len(values) - certain)


def negative(matrix: Matrix) -> Uncertain:
    """Number of eigenvalues that are certainly negative; the error counts the undecided."""
    values, error = matrix.spectrum
    return Uncertain(int((values < -error).sum()), int((np.abs(values) <= error).sum()))


def logdet(matrix: Matrix) -> Uncertain:
    """Logarithm of the determinant of a positive definite matrix, else an infinite error."""
    values, error = matrix.spectrum
    return sum_of_logs(values, error)


def diagonal_logs(matrix: Matrix) -> Uncertain:
    """Sum of the logarithms of the diagonal, which must be positive, else an infinite error."""
    return sum_of_logs(np.diag(matrix.entries), matrix.error)


def sum_of_logs(values: Array, error: float) -> Uncertain:
    """Sum of logarithms of numbers that are each off by at most `error`. `values` has shape (k,)."""
    if not values.min() > error:
        return Uncertain(0.0, math.inf)
    logs = np.log(values)
    spread = float(-np.log1p(-error / values).sum())
    return Uncertain(math.fsum(logs), SLACK * (spread + gamma(len(logs) + 8) * float(np.abs(logs).sum())))
