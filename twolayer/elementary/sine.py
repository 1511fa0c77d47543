"""Sine and cosine."""

import math

import numpy as np

from ..jit import scalar_kernel
from .floats import ROUND, bits, exact_difference, from_bits, horner
from .tables import COS, HALF_PI, SIN, TWO_OVER_PI

SIN_COS_BOUND = 2.0**20
"""Where `sin_cos` ends: here x is below 2^20 times pi / 2, whose parts of 33 bits times that are exact."""


@scalar_kernel
def quarter_turns(x: float) -> tuple[float, float, np.int64]:
    """Return (r, tail, k) with x = (r + tail) + k pi / 2 and |r| <= pi / 4; k counts modulo 4.

    r is relatively accurate even where x is as near to k pi / 2 as a float can be, about 2^-60.

    Examples
    --------
    >>> r, tail, k = quarter_turns(3.0)
    >>> round(r, 12) == round(3.0 - math.pi, 12), int(k) % 4
    (True, 2)
    """
    rounded = x * TWO_OVER_PI + ROUND
    k = rounded - ROUND
    first, lost = exact_difference(x - k * HALF_PI[0], k * HALF_PI[1])
    second, more = exact_difference(first, k * HALF_PI[2])
    lost = (lost + more) - k * HALF_PI[3]
    r = second + lost
    return r, (second - r) + lost, bits(rounded)


@scalar_kernel
def sin_cos(x: float) -> tuple[float, float]:
    """Return (sin x, cos x), for ``abs(x) <= SIN_COS_BOUND`` only: the caller has to look.

    Examples
    --------
    >>> sin_cos(0.0)
    (0.0, 1.0)
    """
    r, tail, k = quarter_turns(x)
    w = r * r
    half = 0.5 * w
    rest = 1.0 - half
    sine = r + (r * (w * horner(w, SIN)) + tail * rest)
    cosine = rest + (((1.0 - rest) - half) + (w * w * horner(w, COS) - r * tail))
    odd = (k & 1) != 0
    first, second = cosine if odd else sine, sine if odd else cosine
    return from_bits(bits(first) ^ ((k & 2) << 62)), from_bits(bits(second) ^ (((k + 1) & 2) << 62))


@scalar_kernel
def sin_cos_far(x: float) -> tuple[float, float]:
    """Return (sin x, cos x) for every x; a loop over it is not vectorised.

    Examples
    --------
    >>> sin_cos_far(0.0)
    (0.0, 1.0)
    """
    return math.sin(x), math.cos(x)
