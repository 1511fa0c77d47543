"""How far Ritz pairs may be from eigenpairs, from their images, whatever the search that found them."""

from __future__ import annotations

import numpy as np

from ...arrays import Array
from ...errors.rounding import SLACK, UNDERFLOW_NORM, UNIT, gamma
from ..lapack import skewness


def residual_bounds(values: Array, V: Array, images: Array, product_error: float) -> tuple[Array, float]:
    """Bounds of |H v - value v| for each Ritz vector, (p,), and of |D|_F, V^T H V = diag(values) + D.

    Parameters
    ----------
    values : ndarray, shape (p,)
    V, images : ndarray, shape (P, p)
        Vectors that are orthonormal but for rounding, and H times them, turned from products as they were.
    product_error : float
        Bound of |computed product - H v| for a unit vector v.

    Raises
    ------
    ArithmeticError
        If the vectors are not nearly orthonormal.

    Examples
    --------
    >>> v, image = np.array([[1.0], [0.0]]), np.array([[2.0], [0.5]])
    >>> residuals, mixed = residual_bounds(np.array([2.0]), v, image, 0.0)
    >>> round(float(residuals[0]), 2), mixed < 1e-14
    (0.5, True)
    """
    p = len(values)
    size, skew = float(np.abs(values).max(initial=0.0)), skewness(V)
    if not skew < 0.5:
        raise ArithmeticError(f"vectors must be orthonormal to be verified; they are off by {skew:.1g}")
    root = np.sqrt(1 - skew)
    R = images - V * values
    # products, the turns of vectors and images, and the difference itself
    rounding = product_error + (gamma(p + 2) * np.sqrt(p) + 2 * UNIT) * 2 * size
    commutator = skew * 2 * size / (1 + root) / root
    each = SLACK * (np.linalg.norm(R, axis=0) * (1 + gamma(8)) + rounding)
    each += UNDERFLOW_NORM * np.sqrt(len(V))
    together = float(np.linalg.norm(each))
    residuals = each + SLACK * (together * (1 / root - 1) + commutator)
    inner = float(np.linalg.norm(V.T @ R)) + np.sqrt(p) * rounding * 1.5 + gamma(len(V)) * together
    return residuals, float(SLACK * (inner / root**2 + commutator))
