"""cube: s(z) = z**3.

Written by theory.emit from theory.expressions.activations; do not edit.
Rewrite: python -m theory.emit --update
"""

import numpy as np
from numpy.typing import NDArray

from ...jit import kernel, scalar_kernel

Array = NDArray[np.float64]

NAME = "cube"
EXPRESSION = "z**3"
LATEX = "z^{3}"
SUP0 = np.inf
SUP1 = np.inf
SUP2 = np.inf
SUP3 = 6.0
PARITY = "odd"
HOMOGENEITY = 3
KINKS = ()


@scalar_kernel
def jet(z: float) -> tuple[float, float, float]:
    """Return s and its first two derivatives at z.

    Operations: 5 mul.
    """
    s = z * z * z
    s1 = 3.0 * z * z
    s2 = 6.0 * z
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
