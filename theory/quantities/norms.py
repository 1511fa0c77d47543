"""Symmetric matrices that carry an error bound, and norms that inherit it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from theory.bridge import network
from theory.bridge.network import SLACK, Array, Spectrum, Uncertain
from theory.bridge.network import gamma as gamma


@dataclass(frozen=True)
class Matrix:
    """A symmetric matrix and a bound of the Frobenius norm of its error."""

    entries: Array
    error: float

    @cached_property
    def spectrum(self) -> Spectrum:
        """All eigenvalues, each with its error."""
        return network.spectrum(self.entries, self.error)


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
    found = matrix.spectrum
    return Uncertain(float(found.values[0]), float(found.errors[0]))


def least(matrix: Matrix) -> Uncertain:
    """Smallest eigenvalue."""
    found = matrix.spectrum
    return Uncertain(float(found.values[-1]), float(found.errors[-1]))


def spectral(matrix: Matrix) -> Uncertain:
    """Largest absolute eigenvalue."""
    return Uncertain(*matrix.spectrum.spectral_norm())


def nuclear(matrix: Matrix) -> Uncertain:
    """Sum of the absolute eigenvalues."""
    return Uncertain(*matrix.spectrum.nuclear_norm())


def rank(matrix: Matrix) -> Uncertain:
    """Number of eigenvalues that are certainly not zero; the error counts the undecided."""
    return Uncertain(*map(float, matrix.spectrum.rank()))


def negative(matrix: Matrix) -> Uncertain:
    """Number of eigenvalues that are certainly negative; the error counts the undecided."""
    return Uncertain(*map(float, matrix.spectrum.inertia(0.0)))


def logdet(matrix: Matrix) -> Uncertain:
    """Logarithm of the determinant of a positive definite matrix, else an infinite error."""
    found = matrix.spectrum
    definite = (found.values > found.errors).all()
    return Uncertain(*found.logdet(0.0)) if definite else Uncertain(0.0, math.inf)


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
