"""squared: l(f, y) = (f - y)**2/2.

Written by theory.emit from theory.expressions.losses; do not edit.
Rewrite: python -m theory.emit --update
"""

import numpy as np
from numpy.typing import NDArray

from ...jit import kernel, scalar_kernel

Array = NDArray[np.float64]

NAME = "squared"
EXPRESSION = "(f - y)**2/2"
LATEX = "\\frac{\\left(f - y\\right)^{2}}{2}"
CONVENTION = "l(f, y) = (f - y)^2/2, summed over outputs; the risk is its mean over samples"
SUP1 = np.inf
SUP2 = 1.0
SUP3 = 0.0
CONCORDANCE = 0.0
PEAK = None
FADED = np.inf
SEPARABLE = True
LABELS = "real"


@scalar_kernel
def jet(f: float, y: float) -> tuple[float, float, float]:
    """Return l(f, y), dl/df, d2l/df2.

    Operations: 3 add, 2 mul.
    """
    l = 0.5 * (f - y) * (f - y)
    g = f - y
    lam = 1.0
    return l, g, lam


@kernel
def losses(F: Array, Y: Array, L: Array, G: Array, LAM: Array) -> None:
    """Fill L, G, LAM with l, dl/df, d2l/df2 at outputs F and targets Y: flat contiguous arrays."""
    for i in range(F.size):
        L[i], G[i], LAM[i] = jet(F[i], Y[i])
