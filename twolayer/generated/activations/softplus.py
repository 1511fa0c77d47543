"""softplus: s(z) = log(exp(z) + 1).

Written by theory.emit from theory.expressions.activations; do not edit.
Rewrite: python -m theory.emit --update
"""

import numpy as np
from numpy.typing import NDArray

from ... import elementary
from ...jit import kernel, scalar_kernel

Array = NDArray[np.float64]

NAME = "softplus"
EXPRESSION = "log(exp(z) + 1)"
LATEX = "\\log{\\left(e^{z} + 1 \\right)}"
SUP0 = np.inf
SUP1 = 1.0
SUP2 = 0.25
SUP3 = 0.09622504486493763  # sqrt(3)/18
VANISHING = 768.0
FADED = 8192.0
PARITY = ""
HOMOGENEITY = None
KINKS = ()


@scalar_kernel
def jet(z: float) -> tuple[float, float, float]:
    """Return s and its first two derivatives at z.

    Operations: 1 softplus_parts, 1 mul.
    """
    softplus, plus, minus = elementary.softplus_parts(z)
    s = softplus
    s1 = plus
    s2 = minus * plus
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
