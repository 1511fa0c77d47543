"""sin: s(z) = sin(z).

Written by theory.emit from theory.expressions.activations; do not edit.
Rewrite: python -m theory.emit --update
"""

import numpy as np
from numpy.typing import NDArray

from ... import elementary
from ...jit import kernel, scalar_kernel

Array = NDArray[np.float64]

NAME = "sin"
EXPRESSION = "sin(z)"
LATEX = "\\sin{\\left(z \\right)}"
SUP0 = 1.0
SUP1 = 1.0
SUP2 = 1.0
SUP3 = 1.0
PARITY = "odd"
HOMOGENEITY = None
KINKS = ()


@scalar_kernel
def near_jet(z: float) -> tuple[float, float, float]:
    """Return s and its first two derivatives at z, |z| <= SIN_COS_BOUND.

    Operations: 1 sin_cos, 1 neg.
    """
    sin, cos = elementary.sin_cos(z)
    s = sin
    s1 = cos
    s2 = -sin
    return s, s1, s2


@scalar_kernel
def jet(z: float) -> tuple[float, float, float]:
    """Return s and its first two derivatives at z.

    Operations: 1 sin_cos, 1 neg.
    """
    sin, cos = elementary.sin_cos_far(z)
    s = sin
    s1 = cos
    s2 = -sin
    return s, s1, s2


@kernel
def jets(Z: Array, S: Array, S1: Array, S2: Array) -> None:
    """Fill S, S1, S2 with s and its first two derivatives at Z, flat contiguous arrays."""
    far = 0
    for i in range(Z.size):
        S[i], S1[i], S2[i] = near_jet(Z[i])
        far += not abs(Z[i]) <= elementary.SIN_COS_BOUND
    if far > 0:
        for i in range(Z.size):
            if not abs(Z[i]) <= elementary.SIN_COS_BOUND:
                S[i], S1[i], S2[i] = jet(Z[i])


@kernel
def slopes(Z: Array, S: Array, S1: Array) -> None:
    """Fill S, S1 with the same s and first derivative, where no second one is asked for."""
    far = 0
    for i in range(Z.size):
        S[i], S1[i], _ = near_jet(Z[i])
        far += not abs(Z[i]) <= elementary.SIN_COS_BOUND
    if far > 0:
        for i in range(Z.size):
            if not abs(Z[i]) <= elementary.SIN_COS_BOUND:
                S[i], S1[i], _ = jet(Z[i])


@kernel
def third(Z: Array, radius: Array, T: Array) -> None:
    """Fill T with a bound of the third derivative's absolute value on [Z - radius, Z + radius]."""
    for i in range(Z.size):
        T[i] = SUP3
