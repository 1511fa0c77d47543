"""relu_squared: s(z) = Max(0, z)**2.

Written by theory.emit from theory.expressions.activations; do not edit.
Rewrite: python -m theory.emit --update
"""

import numpy as np
from numpy.typing import NDArray

from ...jit import kernel, scalar_kernel

Array = NDArray[np.float64]

NAME = "relu_squared"
EXPRESSION = "Max(0, z)**2"
LATEX = "\\max\\left(0, z\\right)^{2}"
SUP0 = np.inf
SUP1 = np.inf
SUP2 = 2.0
SUP3 = 0.0
PARITY = ""
HOMOGENEITY = 2
KINKS = ((0.0, 0.0, 2.0),)


@scalar_kernel
def jet(z: float) -> tuple[float, float, float]:
    """Return s and its first two derivatives at z.

    Operations: 2 mul, 3 select.
    """
    s = 0.0 if z <= 0.0 else z * z
    s1 = 0.0 if z <= 0.0 else 2.0 * z
    s2 = 0.0 if z <= 0.0 else 2.0
    return s, s1, s2


@kernel
def jets(Z: Array, S: Array, S1: Array, S2: Array) -> None:
    """Fill S, S1, S2 with s and its first two derivatives at Z, flat contiguous arrays."""
    for i in range(Z.size):
        S[i], S1[i], S2[i] = jet(Z[i])


@kernel
def slopes(Z: Array, S: Array, S1: Array) -> None:
    """Fill S, S1 with the same s and first derivative, where no second one is asked for."""
    for i in range(Z.size):
        S[i], S1[i], _ = jet(Z[i])


@kernel
def third(Z: Array, radius: Array, T: Array) -> None:
    """Fill T with a bound of the third derivative's absolute value on [Z - radius, Z + radius]."""
    for i in range(Z.size):
        T[i] = SUP3
