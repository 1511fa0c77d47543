"""gelu: s(z) = z*(erf(sqrt(2)*z/2) + 1)/2.

Written by theory.emit from theory.expressions.activations; do not edit.
Rewrite: python -m theory.emit --update
"""

import numpy as np
from numpy.typing import NDArray

from ...elementary import scaled
from ...jit import kernel, scalar_kernel

Array = NDArray[np.float64]

NAME = "gelu"
EXPRESSION = "z*(erf(sqrt(2)*z/2) + 1)/2"
LATEX = "\\frac{z \\left(\\operatorname{erf}{\\left(\\frac{\\sqrt{2} z}{2} \\right)} + 1\\right)}{2}"
SUP0 = np.inf
SUP1 = 1.128904145185155  # exp(-1)/sqrt(pi) + erf(1)/2 + 1/2
SUP2 = 0.7978845608028654  # sqrt(2)/sqrt(pi)
SUP3 = 0.7787696350557324  # (1 + sqrt(33))*sqrt(7 - sqrt(33))*exp(-7/4 + sqrt(33)/4)/(4*sqrt(pi))
VANISHING = 48.0
FADED = 128.0
PARITY = ""
HOMOGENEITY = None
KINKS = ()


@scalar_kernel
def jet(z: float) -> tuple[float, float, float]:
    """Return s and its first two derivatives at z.

    Operations: 1 normal_shifted, 2 add, 9 mul.
    """
    cdf, power, density = scaled.normal_shifted(z)
    s = cdf * z * power
    s1 = cdf * power + density * z * scaled.DOWN
    s2 = (2.0 * density - density * z * z) * scaled.DOWN
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
