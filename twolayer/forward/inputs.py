"""Inputs as a pass takes them: checked, copied and measured while they are read once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from .. import arrays
from ..arrays import Array
from ..errors.rounding import norms_of_squares, plain_norms, scaled_norms
from ..jit import reduction_kernel


class Inputs(NamedTuple):
    """Inputs X, shape (n, d), and bounds of the Euclidean norms of their rows, shape (n,)."""

    X: Array
    lengths: Array

    def at(self, rows: slice) -> Inputs:
        """Those of some samples."""
        return Inputs(self.X[rows], self.lengths[rows])


def taken(X: ArrayLike, d: int, kept: bool) -> Inputs:
    """Validated inputs of shape (n, d); a copy of the caller's if they are to be `kept`.

    An array that is already as we want it is checked by its norms: where an entry is infinite or NaN, a
    square leaves the floats.

    Raises
    ------
    ValueError
        As :func:`twolayer.arrays.inputs` does.
    """
    if isinstance(X, np.ndarray) and arrays.is_ready(X) and X.ndim == 2 and X.shape[1] == d and len(X) > 0:
        made, lengths = np.empty_like(X) if kept else X, np.empty(len(X))
        if measured_copy(X, made, lengths) if kept else plain_norms(X, lengths):
            return Inputs(made, lengths)
    checked = arrays.inputs(X, d)
    return Inputs(checked.copy() if kept else checked, scaled_norms(checked))


@reduction_kernel
def measured_copy(X, made, lengths):  # type: ignore[no-untyped-def]
    """Copy X to `made`, both (n, d), and bound its rows' norms, (n,); whether no square left the floats."""
    for i in range(X.shape[0]):
        total = 0.0
        for j in range(X.shape[1]):
            made[i, j] = X[i, j]
            total += X[i, j] * X[i, j]
        lengths[i] = total
    return norms_of_squares(X, lengths)
