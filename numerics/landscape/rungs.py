"""What is known of a point where a way down ended: the rungs, best first, and the proof of a minimum."""

from __future__ import annotations

from typing import Any

import numpy as np

from numerics.landscape.landscape import Landscape, hessian_at
from twolayer.arrays import Array

INTERPOLATES, MINIMUM, STATIONARY, NO_MINIMUM, STOPPED = (
    "interpolates",
    "minimum",
    "stationary",
    "no minimum",
    "stopped",
)

RUNGS = (INTERPOLATES, MINIMUM, STATIONARY, NO_MINIMUM, STOPPED)
"""What is known of an end, best first."""

PROVED = 1e-13
"""Eigenvalues above this share of the largest, times D, are positive whatever the rounding."""


def proved_minimum(landscape: Landscape, end: Array) -> bool:
    """Whether the Hessian is positive beyond rounding at `end` (D,), but along directions of symmetry.

    Parameters
    ----------
    landscape : Landscape
    end : ndarray, shape (D,)
        A stationary point.

    Notes
    -----
    O(D^3). False proves nothing: a minimum may have directions without curvature.

    Examples
    --------
    >>> from numerics.landscape.potentials import ellipsoid
    >>> proved_minimum(ellipsoid([1.0, 2.0]), np.zeros(2))
    True
    """
    H = hessian_at(landscape, end)
    own: Any = getattr(landscape, "symmetric_directions", None)
    largest = float(np.linalg.norm(H))
    T = np.empty((len(end), 0)) if own is None else own(end)
    values = np.linalg.eigvalsh(H + largest * (T @ T.T))
    return bool(values[0] > PROVED * len(end) * largest)
