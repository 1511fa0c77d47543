"""gaussian: s(z) = exp(-z**2).

Written by theory.emit from theory.activations; do not edit. Rewrite: python -m theory.emit --update
"""

import numpy as np
from numpy.typing import NDArray

from ... import elementary
from ...jit import kernel, scalar_kernel

Array = NDArray[np.float64]

NAME = "gaussian"
EXPRESSION = "exp(-z**2)"
LATEX = "e^{- z^{2}}"
SUP1 = 0.8577638849607067
SUP2 = 2.0000000000000004
SUP3 = 3.9035661455399024
PARITY = "even"
HOMOGENEITY = None
KINKS = ()


@scalar_kernel
def jet(z: float) -> tuple[float, float, float]:
    """Return s and its first two derivatives at z.

    Operations: 1 exp_neg_square, 1 add, 6 mul.
    """
    gauss = elementary.exp_neg_square(z)
    s = gauss
    s1 = -2.0 * gauss * z
    s2 = 2.0 * gauss * (2.0 * z * z - 1.0)
    return s, s1, s2


@scalar_kernel
def jets(Z: Array, S: Array, S1: Array, S2: Array) -> None:
    """Fill S, S1, S2 with s and its first two derivatives at Z, flat contiguous arrays."""
    for i in range(Z.size):
        S[i], S1[i], S2[i] = jet(Z[i])


@kernel
def third(Z: Array, radius: Array, T: Array) -> None:
    """Fill T with a bound of the third derivative's absolute value on [Z - radius, Z + radius]."""
    for i in range(Z.size):
        T[i] = SUP3
