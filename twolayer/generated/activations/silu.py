"""silu: s(z) = z/(1 + exp(-z)).

Written by theory.emit from theory.activations; do not edit. Rewrite: python -m theory.emit --update
"""

import numpy as np
from numpy.typing import NDArray

from ... import elementary
from ...jit import kernel, scalar_kernel

Array = NDArray[np.float64]

NAME = "silu"
EXPRESSION = "z/(1 + exp(-z))"
LATEX = "\\frac{z}{1 + e^{- z}}"
SUP1 = 1.099839320128867
SUP2 = 0.5000000000000001
SUP3 = 0.3081815157964792
PARITY = ""
HOMOGENEITY = None
KINKS = ()


@scalar_kernel
def jet(z: float) -> tuple[float, float, float]:
    """Return s and its first two derivatives at z.

    Operations: 1 sigmoid_tanh_parts, 2 add, 6 mul.
    """
    plus, minus, half_tanh = elementary.sigmoid_tanh_parts(z)
    s = plus * z
    s1 = plus + minus * plus * z
    s2 = minus * plus * (2.0 - half_tanh * z)
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
