"""tanh: s(z) = tanh(z).

Written by theory.emit from theory.expressions.activations; do not edit.
Rewrite: python -m theory.emit --update
"""

import numpy as np
from numpy.typing import NDArray

from ... import elementary
from ...jit import kernel, scalar_kernel

Array = NDArray[np.float64]

NAME = "tanh"
EXPRESSION = "tanh(z)"
LATEX = "\\tanh{\\left(z \\right)}"
SUP0 = 1.0
SUP1 = 1.0
SUP2 = 0.769800358919501  # 4*sqrt(3)/9
SUP3 = 2.0
VANISHING = 384.0
FADED = 4096.0
PARITY = "odd"
HOMOGENEITY = None
KINKS = ()


@scalar_kernel
def jet(z: float) -> tuple[float, float, float]:
    """Return s and its first two derivatives at z.

    Operations: 1 tanh_parts, 2 mul.
    """
    tanh, sech2 = elementary.tanh_parts(z)
    s = tanh
    s1 = sech2
    s2 = -2.0 * sech2 * tanh
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
