"""What is left of a symmetric array less a product K K^T: plainly, or by a leading part that is exact."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.linalg import blas

from ...arrays import Array
from ...errors.rounding import SLACK, UNIT, gamma
from ..tridiagonal.leading import GRID, leading_part

Subtract = Callable[[Array, Array, float], tuple[Array, float]]


def subtracted(E: Array, columns: Array, sign: float) -> tuple[Array, float]:
    """The lower triangle of E - sign K K^T for K = `columns` (p, j), and a bound of the rounding of K K^T.

    Shape (p, p). E is in column order and is overwritten. A unit of rounding of what E was is not counted.

    Examples
    --------
    >>> left, lost = subtracted(np.array([[9.0, 6.0], [6.0, 4.0]], order="F"), np.array([[3.0], [2.0]]), 1.0)
    >>> np.tril(left), lost < 1e-14
    (array([[0., 0.],
           [0., 0.]]), True)
    """
    left = blas.dsyrk(-sign, columns, beta=1.0, c=E, lower=1, overwrite_c=1)
    return left, gamma(len(E)) * float(np.einsum("ij,ij->", columns, columns))


def subtracted_sharply(E: Array, columns: Array, sign: float) -> tuple[Array, float]:
    """The same, (p, p), to a few units of rounding of what is left, at three times the cost.

    K is split into multiples of one power of two, whose product is exact, and a rest of 2^-26 of it.

    Examples
    --------
    >>> left, lost = subtracted_sharply(np.ones((1, 1)), np.full((1, 1), 1.0 + 2.0**-30), 1.0)
    >>> bool(left[0, 0] == -(2.0**-29) - 2.0**-60), lost < 1e-23
    (True, True)
    """
    rows = math.sqrt(float(np.einsum("ij,ij->i", columns, columns).max(initial=0.0)))
    K1, K2 = leading_part(columns, math.ldexp(GRID, math.frexp(SLACK * rows)[1]))
    both = K1 + 0.5 * K2
    mixed = float(np.linalg.norm(K2)) * float(np.linalg.norm(both))
    first = np.tril(E) - sign * blas.dsyrk(1.0, K1, lower=1)
    left = first - sign * blas.dsyr2k(1.0, K2, both, lower=1)
    rounding = UNIT * float(np.linalg.norm(first) + np.linalg.norm(left))
    return np.asfortranarray(left), SLACK * (2 * gamma(columns.shape[1] + 4) * mixed + 2 * rounding)
