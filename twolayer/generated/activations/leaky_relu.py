"""leaky_relu: s(z) = Max(z/100, z).

Written by theory.emit from theory.expressions.activations; do not edit.
Rewrite: python -m theory.emit --update
"""

import numpy as np
from numpy.typing import NDArray

from ...jit import kernel, scalar_kernel

Array = NDArray[np.float64]

NAME = "leaky_relu"
EXPRESSION = "Max(z/100, z)"
LATEX = "\\max\\left(\\frac{z}{100}, z\\right)"
SUP0 = np.inf
SUP1 = 1.0
SUP2 = 0.0
SUP3 = 0.0
PARITY = ""
HOMOGENEITY = 1
KINKS = ((0.0, 0.99, 0.0),)


@scalar_kernel
def jet(z: float) -> tuple[float, float, float]:
    """Return s and its first two derivatives at z.

    Operations: 1 mul, 2 select.
    """
    s = 0.01 * z if z <= 0.0 else z
    s1 = 0.01 if z <= 0.0 else 1.0
    s2 = 0.0
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
