"""softmax: l(f, y) = log sum_o exp(f_o) - f_y.

Written by theory.emit from theory.losses; do not edit. Rewrite: python -m theory.emit --update
"""

import numpy as np
from numpy.typing import NDArray

from ... import elementary
from ...jit import kernel

Array = NDArray[np.float64]
Labels = NDArray[np.int64]

NAME = "softmax"
EXPRESSION = "log_sum_exp(f) - f[y]"
LATEX = "\\log \\sum_{o} e^{f_{o}} - f_{y}"
CONVENTION = (
    "l(f, y) = log sum_o exp f_o - f_y in nats, labels y in 0..q-1; the risk is its mean over samples"
)
SUP3 = 0.2721655269759089
SEPARABLE = False
LABELS = "classes"


@kernel
def losses(F: Array, Y: Labels, L: Array, G: Array, LAM: Array) -> None:
    """Fill L, G, LAM with l, dl/df, d2l/df2. F, G (n, q); Y (n,) labels; L (n,); LAM (n, q, q)."""
    for i in range(F.shape[0]):
        L[i] = _sample(F[i], Y[i], G[i], LAM[i])


@kernel
def _sample(f: Array, label: int, g: Array, lam: Array) -> float:
    top, value, away = 0, 0.0, 0.0
    for o in range(f.size):
        top = o if f[o] > f[top] else top
    total = 0.0
    for o in range(f.size):
        g[o] = elementary.exp(f[o] - f[top])
        total += g[o]
    for o in range(f.size):
        rest = 0.0
        for j in range(f.size):
            if j != o:
                rest += g[j]
                lam[o, j] = -(g[o] / total) * (g[j] / total)
        lam[o, o] = (g[o] / total) * (rest / total)
        if o == top:
            value = float(f[top] - f[label]) + elementary.log1p(rest)
        if o == label:
            away = rest
    for o in range(f.size):
        g[o] = -away / total if o == label else g[o] / total
    return value
