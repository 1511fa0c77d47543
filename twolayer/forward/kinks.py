"""Pre-activations at or within rounding of a kink of the activation, decided exactly.

On one side of a kink a piecewise activation is smooth, so a rounding error of z is harmless unless it
changes the side. The few pre-activations where it might are recomputed in rational arithmetic.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from ..arrays import Array
from ..errors.rounding import SLACK, SUBNORMAL, UNIT, gamma
from ..model.network import TwoLayer


def resolve(net: TwoLayer, X: Array, Z: Array, radius: Array) -> int:
    """Correct `Z` and `radius` in place wherever a kink lies within `radius`.

    Parameters
    ----------
    X, Z, radius : ndarray, shapes (n, d), (n, m), (n, m)
        Inputs, computed pre-activations, bounds of their errors.

    Returns
    -------
    int
        How many pre-activations sit exactly on a kink.

    Notes
    -----
    The value used at a kink is the limit from the left (relu'(0) = 0).
    """
    count = 0
    for kink in net.activation.kinks:
        at = float(kink[0])
        for i, k in np.argwhere(np.abs(Z - at) <= radius):
            exact = _exact_preactivation(net, X[i], int(k))
            count += exact == Fraction(at)
            Z[i, k] = _same_side(exact, at)
            radius[i, k] = 2 * UNIT * abs(Z[i, k]) + SUBNORMAL * (exact != Fraction(at))
    return int(count)


def _exact_preactivation(net: TwoLayer, x: Array, k: int) -> Fraction:
    products = (Fraction(float(w)) * Fraction(float(v)) for w, v in zip(net.W[k], x, strict=True) if w and v)
    return sum(products, Fraction(0 if net.b is None else float(net.b[k])))


def _same_side(exact: Fraction, kink: float) -> float:
    """The float nearest to `exact` that lies on the same side of `kink`."""
    nearest = float(exact)
    if nearest == kink and exact != Fraction(kink):
        return float(np.nextafter(kink, np.inf if exact > Fraction(kink) else -np.inf))
    return nearest


def preactivation_error(net: TwoLayer, x_norms: Array, w_norms: Array) -> Array:
    """Bound of |computed z - z|, shape (rows, m): gamma_{d+1} (|x_i| |w_k| + |b_k|)."""
    d = net.W.shape[1]
    product = np.multiply.outer(x_norms, w_norms)
    error = SLACK * gamma(d + 1) * (product + (0.0 if net.b is None else np.abs(net.b)))
    error += (d + 1) * SUBNORMAL
    error[x_norms == 0.0] = 0.0  # then z = b without rounding
    error[:, w_norms == 0.0] = 0.0
    return np.asarray(error)
