"""pseudo_huber: l(f, y) = sqrt((f - y)**2 + 1) - 1.

Written by theory.emit from theory.expressions.losses; do not edit.
Rewrite: python -m theory.emit --update
"""

import numpy as np
from numpy.typing import NDArray

from ...elementary import algebraic
from ...jit import kernel, scalar_kernel

Array = NDArray[np.float64]

NAME = "pseudo_huber"
EXPRESSION = "sqrt((f - y)**2 + 1) - 1"
LATEX = "\\sqrt{\\left(f - y\\right)^{2} + 1} - 1"
CONVENTION = (
    "l(f, y) = sqrt((f - y)^2 + 1) - 1 (delta = 1), summed over outputs; the risk is its mean over samples"
)
SUP1 = 1.0
SUP2 = 1.0
SUP3 = 0.8586501033599193  # 48*sqrt(5)/125
CONCORDANCE = 1.5
PEAK = (0.0, 1.0)
FADED = np.inf
SEPARABLE = True
LABELS = "real"


@scalar_kernel
def jet(f: float, y: float) -> tuple[float, float, float]:
    """Return l(f, y), dl/df, d2l/df2.

    Operations: 1 hypot_parts, 1 add, 2 mul.
    """
    u = f - y
    excess, sine, cosine = algebraic.hypot_parts(u)
    l = excess
    g = sine
    lam = cosine * cosine * cosine
    return l, g, lam


@kernel
def losses(F: Array, Y: Array, L: Array, G: Array, LAM: Array) -> None:
    """Fill L, G, LAM with l, dl/df, d2l/df2 at outputs F and targets Y: flat contiguous arrays."""
    for i in range(F.size):
        L[i], G[i], LAM[i] = jet(F[i], Y[i])
