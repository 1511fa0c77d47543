"""gaussian: s(z) = exp(-z**2).

Written by theory.emit from theory.expressions.activations; do not edit.
Rewrite: python -m theory.emit --update
"""

import numpy as np
from numpy.typing import NDArray

from ...elementary import scaled
from ...jit import kernel, scalar_kernel

Array = NDArray[np.float64]

NAME = "gaussian"
EXPRESSION = "exp(-z**2)"
LATEX = "e^{- z^{2}}"
SUP0 = 1.0000000000000002
SUP1 = 0.8577638849607069  # sqrt(2)*exp(-1/2)
SUP2 = 2.0
SUP3 = 3.9035661455399024  # 4*sqrt(9 - 3*sqrt(6))*exp(-3/2 + sqrt(6)/2)
VANISHING = 32.0
FADED = 96.0
PARITY = "even"
HOMOGENEITY = None
KINKS = ()


@scalar_kernel
def jet(z: float) -> tuple[float, float, float]:
    """Return s and its first two derivatives at z.

    Operations: 1 gauss_shifted, 1 add, 9 mul.
    """
    gauss = scaled.gauss_shifted(z)
    s = gauss * scaled.DOWN
    s1 = -2.0 * gauss * z * scaled.DOWN
    s2 = 2.0 * (2.0 * gauss * z * z - gauss) * scaled.DOWN
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
