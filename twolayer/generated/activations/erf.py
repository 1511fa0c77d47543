"""erf: s(z) = erf(z).

Written by theory.emit from theory.expressions.activations; do not edit.
Rewrite: python -m theory.emit --update
"""

import numpy as np
from numpy.typing import NDArray

from ...elementary import scaled
from ...jit import kernel, scalar_kernel

Array = NDArray[np.float64]

NAME = "erf"
EXPRESSION = "erf(z)"
LATEX = "\\operatorname{erf}{\\left(z \\right)}"
SUP0 = 1.0000000000000002
SUP1 = 1.1283791670955128  # 2/sqrt(pi)
SUP2 = 0.9678828980765735  # 2*sqrt(2)*exp(-1/2)/sqrt(pi)
SUP3 = 2.2567583341910256  # 4/sqrt(pi)
VANISHING = 32.0
FADED = 96.0
PARITY = "odd"
HOMOGENEITY = None
KINKS = ()


@scalar_kernel
def jet(z: float) -> tuple[float, float, float]:
    """Return s and its first two derivatives at z.

    Operations: 1 erf_shifted, 4 mul.
    """
    erf, slope = scaled.erf_shifted(z)
    s = erf
    s1 = slope * scaled.DOWN
    s2 = -2.0 * slope * z * scaled.DOWN
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
