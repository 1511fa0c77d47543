"""silu: s(z) = z/(1 + exp(-z)).

Written by theory.emit from theory.expressions.activations; do not edit.
Rewrite: python -m theory.emit --update
"""

import numpy as np
from numpy.typing import NDArray

from ...elementary import scaled
from ...jit import kernel, scalar_kernel

Array = NDArray[np.float64]

NAME = "silu"
EXPRESSION = "z/(1 + exp(-z))"
LATEX = "\\frac{z}{1 + e^{- z}}"
SUP0 = np.inf
SUP1 = 1.09983932012895
SUP2 = 0.5
SUP3 = 0.30818151579650577
VANISHING = 1024.0
FADED = 8192.0
PARITY = ""
HOMOGENEITY = None
KINKS = ()


@scalar_kernel
def jet(z: float) -> tuple[float, float, float]:
    """Return s and its first two derivatives at z.

    Operations: 1 sigmoid_shifted, 2 add, 9 mul.
    """
    plus, power, slope, half_tanh = scaled.sigmoid_shifted(z)
    s = plus * z * power
    s1 = plus * power + slope * z * scaled.DOWN
    s2 = (2.0 * slope - slope * half_tanh * z) * scaled.DOWN
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
    """Fill T with a bound of the third derivative on [Z - radius, Z + radius]; -1 where s is straight.

    It is -2 where s is straight so far that no product with floats tells.
    """
    for i in range(Z.size):
        least = abs(Z[i]) - radius[i]
        straight = -2.0 if least >= FADED else -1.0
        T[i] = straight if least >= VANISHING else SUP3
