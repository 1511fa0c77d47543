"""The natural logarithm: k log(2) + 2 atanh(q / 2), the argument 2^k (2 + q) / (2 - q)."""

import math

import numpy as np

from ..jit import scalar_kernel
from .floats import bits, from_bits, horner
from .tables import ATANH, LN2

ONE = np.float64(1.0).view(np.int64)
ROOT_HALF = np.float64(math.sqrt(0.5)).view(np.int64)
FRACTION = np.int64((1 << 52) - 1)
HUGE_POWER = np.int64(1000)


@scalar_kernel
def twice_atanh(q: float) -> float:
    """Return 2 atanh(q / 2), the logarithm of (2 + q) / (2 - q), from sqrt(1/2) to sqrt(2).

    Examples
    --------
    >>> twice_atanh(1e-20)
    1e-20
    """
    v = q * q
    return q + q * (v * horner(v, ATANH))


@scalar_kernel
def log(x: float) -> float:
    """Return the natural logarithm of `x`: -inf at 0, nan below.

    Examples
    --------
    >>> log(1.0), log(0.0)
    (0.0, -inf)
    """
    small = x < 2.0**-1022
    pattern = bits(abs(x * 2.0**54 if small else x)) - ROOT_HALF
    k = float(pattern >> 52) - (54.0 if small else 0.0)
    f = from_bits((pattern & FRACTION) + ROOT_HALF) - 1.0
    value = k * LN2[0] + (twice_atanh((f + f) / (2.0 + f)) + k * LN2[1])
    value = value if x > 0.0 else (-math.inf if x == 0.0 else math.nan)
    return value if x < math.inf else x


@scalar_kernel
def log1p(x: float) -> float:
    """Return log(1 + x): -inf at -1, nan below.

    What 1 + x loses by rounding is put back after the power of two is taken off; above the
    power 1000 the loss no longer counts.

    Examples
    --------
    >>> log1p(1e-20), log1p(-1.0)
    (1e-20, -inf)
    """
    y = 1.0 + x
    back = y - 1.0
    lost = (1.0 - (y - back)) + (x - back)
    pattern = bits(abs(y)) - ROOT_HALF
    power = pattern >> 52
    k = float(power)
    power = power if power < HUGE_POWER else HUGE_POWER
    f = (from_bits((pattern & FRACTION) + ROOT_HALF) - 1.0) + lost * from_bits(ONE - (power << 52))
    value = k * LN2[0] + (twice_atanh((f + f) / (2.0 + f)) + k * LN2[1])
    value = value if y > 0.0 else (-math.inf if y == 0.0 else math.nan)
    return value if x < math.inf and x != 0.0 else x
