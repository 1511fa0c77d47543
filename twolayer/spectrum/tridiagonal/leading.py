"""Leading parts of arrays: multiples of a power of two so short that their products are exact."""

from __future__ import annotations

import numpy as np

from ...arrays import Array

GRID = 2.0**-26
"""For a matrix whose rows or columns have norm at most 1."""


def leading_part(M: Array, grid: float) -> tuple[Array, Array]:
    """M to the nearest multiples of `grid`, a power of two, and the exact rest.

    Arrays of any shape, as M has.

    Examples
    --------
    >>> leading_part(np.array([2.625]), 0.5)
    (array([2.5]), array([0.125]))
    """
    leading = np.rint(M / grid) * grid
    return leading, M - leading
