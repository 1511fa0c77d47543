"""Eigenvalues and what follows from them, each with a bound that was verified after the fact.

LAPACK's eigenpairs (values L, vectors V) of a symmetric H are checked, not trusted: with
e = |V^T V - I| < 1 and r = |H V - V L|, every sorted eigenvalue of H is within
(r + 2 e max|L|) / (1 - e) of its computed partner (Weyl's inequality, V replaced by its polar factor).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import linalg

from .measurement import Measurement
from .rounding import SLACK, UNIT, gamma
from .validate import Array

if TYPE_CHECKING:
    from .hessian import Curvature


def verified_eigenvalues(H: Array) -> tuple[Array, float]:
    """Eigenvalues of a symmetric array, descending, and a bound of the error of each."""
    P, scale = len(H), _power_of_two(H)
    H = H / scale
    values, V = linalg.eigh(H, check_finite=False)
    residual = np.linalg.norm(H @ V - V * values)
    skew = np.linalg.norm(V.T @ V - np.eye(P))
    size, columns = np.linalg.norm(H), np.linalg.norm(V)
    skew += gamma(P + 4) * columns**2
    residual += gamma(P + 4) * (size + np.abs(values).max()) * columns
    error = SLACK * (residual + 2 * skew * np.abs(values).max()) / (1 - skew)
    return scale * values[::-1], float(scale * error)


def _power_of_two(array: Array) -> float:
    """What to divide by, exactly, so that squares of entries neither overflow nor vanish."""
    return math.ldexp(1.0, max(math.frexp(float(np.abs(array).max()))[1], -1000) - 1)


def _dense_spectrum(operator: Curvature) -> tuple[Array, float]:
    values, error = verified_eigenvalues(operator.toarray())
    return values, error + operator.rounding_error()


def _shifted_spectrum(operator: Curvature, shift: float) -> tuple[Array, float]:
    """Eigenvalues of H + shift I and a bound of the error of each."""
    if not np.isfinite(shift):
        raise ValueError(f"shift must be a finite number; got {shift}")
    values, error = _dense_spectrum(operator)
    moved = values + shift
    return moved, error + 2 * UNIT * float(np.abs(moved).max())


def eigenvalues(operator: Curvature, k: int | None) -> Measurement:
    """All eigenvalues, or the k algebraically largest, descending."""
    P = operator.shape[0]
    if k is not None and not 1 <= k <= P:
        raise ValueError(f"k must be None or in 1..{P}; got {k}")
    values, error = _dense_spectrum(operator)
    kept = values[:k]
    return _measured(operator, kept, np.full(len(kept), error))


def spectral_norm(operator: Curvature) -> Measurement:
    """Largest absolute eigenvalue."""
    values, error = _dense_spectrum(operator)
    return _measured(operator, float(np.abs(values).max()), error)


def nuclear_norm(operator: Curvature) -> Measurement:
    """Sum of the absolute eigenvalues."""
    values, error = _dense_spectrum(operator)
    return _measured(operator, math.fsum(np.abs(values)), error * len(values))


def rank(operator: Curvature) -> Measurement:
    """Number of eigenvalues certainly not zero; the error counts the undecided."""
    values, error = _dense_spectrum(operator)
    certain = int((np.abs(values) > error).sum())
    return _measured(operator, certain, len(values) - certain)


def inertia(operator: Curvature, shift: float) -> Measurement:
    """Number of eigenvalues of H + shift I below zero; the error counts the undecided."""
    moved, error = _shifted_spectrum(operator, shift)
    return _measured(operator, int((moved < -error).sum()), int((np.abs(moved) <= error).sum()))


def logdet(operator: Curvature, shift: float) -> Measurement:
    """log det(H + shift I), H + shift I positive definite."""
    moved, error = _shifted_spectrum(operator, shift)
    if moved.min() <= error:
        least = shift - moved.min()
        raise ValueError(f"shift must make H + shift I positive definite, above {least:.3g}; got {shift}")
    value = math.fsum(np.log(moved))
    return _measured(operator, value, SLACK * float(-np.log1p(-error / moved).sum()) + gamma(8) * abs(value))


def rectangular_norm(block: Array, kind: Any, whole: Curvature) -> Measurement:
    """Frobenius ("fro"), spectral (2) or nuclear ("nuc") norm of an off-diagonal block of `whole`."""
    scale = _power_of_two(block)
    value = scale * float(np.linalg.norm(block / scale, kind))
    factor = math.sqrt(min(block.shape)) if kind == "nuc" else 1.0
    rounding = scale * gamma(8 * sum(block.shape)) * float(np.linalg.norm(block / scale))
    return Measurement(
        value, SLACK * factor * (whole.rounding_error() + rounding), True, "dense", whole.convention
    )


def _measured(operator: Curvature, value: Any, error: Any) -> Measurement:
    return Measurement(value, error, True, "dense, verified", operator.convention)
