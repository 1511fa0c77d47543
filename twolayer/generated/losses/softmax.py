"""softmax: l(f, y) = log(Sum(exp(f[t]), (t, 1, q))) - f[y].

Written by theory.emit from theory.derivation.loss_derivatives; do not edit.
Rewrite: python -m theory.emit --update
"""

import numpy as np
from numpy.typing import NDArray

from ... import elementary
from ...jit import kernel

Array = NDArray[np.float64]
Labels = NDArray[np.int64]

NAME = "softmax"
EXPRESSION = "log(Sum(exp(f[t]), (t, 1, q))) - f[y]"
LATEX = "\\log{\\left(\\sum_{t=1}^{q} e^{{f}_{t}} \\right)} - {f}_{y}"
CONVENTION = (
    "l(f, y) = log(Sum(exp(f[t]), (t, 1, q))) - f[y], in nats, y in 0..q-1; the risk is its mean over samples"
)
SUP1 = 1.4142135623730951  # sqrt(2)
SUP2 = 0.5
SUP3 = 0.2721655269759087  # sqrt(6)/9
CONCORDANCE = 1.4142135623730951  # sqrt(2)
PEAK = None
FADED = 8192.0
SEPARABLE = False
LABELS = "classes"


@kernel
def sample(f: Array, label: int, g: Array, lam: Array) -> float:
    """Fill g (q,) and lam (q, q) for one sample's outputs f (q,), and return l.

    Probabilities are shares of exp(f - max f); what an output lacks to 1 is the sum of the others.
    """
    top, value, slope, total = 0, 0.0, 0.0, 0.0
    for o in range(f.size):
        top = o if f[o] > f[top] else top
    for o in range(f.size):
        g[o] = elementary.exp(f[o] - f[top])
        total += g[o]
    for o in range(f.size):
        share, rest = g[o] / total, 0.0
        for r in range(f.size):
            if r != o:
                partner = g[r] / total
                rest += partner
                lam[o, r] = -partner * share
        lam[o, o] = rest * share
        if o == top:
            value = (f[top] - f[label]) + elementary.log1p(rest * total)
        if o == label:
            slope = -rest
    for o in range(f.size):
        share = g[o] / total
        g[o] = slope if o == label else share
    return value


@kernel
def losses(F: Array, Y: Labels, L: Array, G: Array, LAM: Array) -> None:
    """Fill L, G, LAM with l, dl/df, d2l/df2. F, G (n, q); Y (n,) labels; L (n,); LAM (n, q, q)."""
    for i in range(F.shape[0]):
        L[i] = sample(F[i], Y[i], G[i], LAM[i])
