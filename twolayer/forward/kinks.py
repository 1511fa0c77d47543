"""Pre-activations at or within rounding of a kink of the activation, decided exactly.

On one side of a kink a piecewise activation is smooth, so a rounding error of z is harmless unless it
changes the side. The few pre-activations where it might are recomputed in rational arithmetic.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from ..arrays import Array
from ..errors.rounding import JET_ERROR, SLACK, SUBNORMAL, UNIT, gamma
from ..jit import error_kernel, kernel, scalar_error_kernel
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
        if not any_near(Z, radius, at):
            continue
        for i, k in np.argwhere(np.abs(Z - at) <= radius):
            exact = _exact_preactivation(net, X[i], int(k))
            count += exact == Fraction(at)
            Z[i, k] = _same_side(exact, at)
            radius[i, k] = (2 * UNIT + JET_ERROR) * abs(Z[i, k]) + SUBNORMAL * (exact != Fraction(at))
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


def rounding(net: TwoLayer) -> tuple[float, float]:
    """What a pre-activation loses relative to its terms, and beside that by underflow."""
    count = net.W.shape[1] + 1
    return SLACK * gamma(count), count * SUBNORMAL


def biases(net: TwoLayer) -> Array:
    """The hidden biases (m,), zeros where there are none."""
    return np.zeros(len(net.W)) if net.b is None else np.asarray(net.b)


@kernel
def any_near(Z, radius, at):  # type: ignore[no-untyped-def]
    """Whether an entry of Z (rows, m) lies within its radius of `at`."""
    near = 0
    for i in range(Z.shape[0]):
        for k in range(Z.shape[1]):
            near += 1 if abs(Z[i, k] - at) <= radius[i, k] else 0
    return near > 0


@scalar_error_kernel
def radius_of(x, w, b, relative, absolute):  # type: ignore[no-untyped-def]
    """By how much rounding changes w . x + b, from bounds of |x| and |w|; nothing where there is no product.

    The computed number is off by gamma_{d+1} (|x| |w| + |b|), `relative`, and by what underflows, `absolute`.
    """
    return relative * (x * w + abs(b)) + absolute if x > 0.0 and w > 0.0 else 0.0


@error_kernel
def preactivations(Z, b, x_norms, w_norms, relative, absolute, radius):  # type: ignore[no-untyped-def]
    """Add the biases b (m,) to the products Z (rows, m), fill `radius` with bounds; whether all is finite.

    The activation's own error in z is part of the radius.
    """
    strange = 0
    for i in range(Z.shape[0]):
        for k in range(Z.shape[1]):
            z = Z[i, k] + b[k]
            strange += 0 if abs(z) < np.inf else 1
            Z[i, k] = z
            radius[i, k] = radius_of(x_norms[i], w_norms[k], b[k], relative, absolute) + JET_ERROR * abs(z)
    return strange == 0


@error_kernel
def radii(Z, b, x_norms, w_norms, relative, absolute, radius):  # type: ignore[no-untyped-def]
    """Fill `radius` (rows, m) with the same bounds for pre-activations Z (rows, m)."""
    for i in range(Z.shape[0]):
        for k in range(Z.shape[1]):
            own = JET_ERROR * abs(Z[i, k])
            radius[i, k] = radius_of(x_norms[i], w_norms[k], b[k], relative, absolute) + own
