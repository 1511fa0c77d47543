"""logistic: l(f, y) = -f*y + log(exp(f) + 1).

Written by theory.emit from theory.expressions.losses; do not edit.
Rewrite: python -m theory.emit --update
"""

import numpy as np
from numpy.typing import NDArray

from ... import elementary
from ...jit import kernel, scalar_kernel

Array = NDArray[np.float64]

NAME = "logistic"
EXPRESSION = "-f*y + log(exp(f) + 1)"
LATEX = "- f y + \\log{\\left(e^{f} + 1 \\right)}"
CONVENTION = "l(f, y) = -f*y + log(exp(f) + 1), in nats, y in {0, 1}; the risk is its mean over samples"
SUP1 = 1.0
SUP2 = 0.25
SUP3 = 0.09622504486493763  # sqrt(3)/18
CONCORDANCE = 1.0
PEAK = (0.0, 0.0)
FADED = 8192.0
SEPARABLE = True
LABELS = "binary"


@scalar_kernel
def jet(f: float, y: float) -> tuple[float, float, float]:
    """Return l(f, y), dl/df, d2l/df2.

    Operations: 1 softplus, 1 softplus_parts, 4 add, 5 mul, 1 neg.
    """
    softplus, plus, minus = elementary.softplus_parts(f)
    softplus2 = elementary.softplus(-f)
    l = softplus * (1.0 - y) + softplus2 * y
    g = plus * (1.0 - y) - minus * y
    lam = minus * plus
    return l, g, lam


@kernel
def losses(F: Array, Y: Array, L: Array, G: Array, LAM: Array) -> None:
    """Fill L, G, LAM with l, dl/df, d2l/df2 at outputs F and targets Y: flat contiguous arrays."""
    for i in range(F.size):
        L[i], G[i], LAM[i] = jet(F[i], Y[i])
