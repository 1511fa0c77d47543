"""Elementary functions as scalar kernels without branches, for generated code to inline.

A loop over contiguous arrays that calls them is compiled to vector instructions. All but `sin_cos` take
every float. Functions that come in parts share their exponential and their one division.
"""

import math

import numpy as np

from .elementary_core import ROUND, bits, from_bits, horner, leading, long_horner, scalar_kernel, scaled_expm1
from .elementary_tables import ATANH, COS, ERF, ERFCX, HALF_PI, LN2, SIN
from .jit import kernel

DOWN = 2.0**-64
"""Undoes the shift of 64 by which a power of two is kept normal; results are rounded here, once."""


@scalar_kernel
def exp(x: float) -> float:
    """Return e to the power `x`, 0 or subnormal and infinite where that is so."""
    x = -750.0 if x < -750.0 else x
    x = 710.0 if x > 710.0 else x
    m, s = scaled_expm1(x, 0.0, 64.0 if x < 0.0 else -64.0)
    return (s + s * m) * (DOWN if x < 0.0 else 1.0 / DOWN)


@scalar_kernel
def expm1(x: float) -> float:
    """Return exp(x) - 1, accurate for small `x`."""
    bounded = -750.0 if x < -750.0 else x
    bounded = 710.0 if bounded > 710.0 else bounded
    low = x < 600.0
    m, s = scaled_expm1(bounded, 0.0, 64.0 if low else -64.0)
    unit, back = (1.0 / DOWN, DOWN) if low else (DOWN, 1.0 / DOWN)
    return x if x == 0.0 else (s * m + (s - unit)) * back


@scalar_kernel
def _exp_minus_square(a: float, half: float) -> float:
    """Return 2^64 exp(-half a^2), for 0 <= half a^2 <= 750 and half a power of two.

    The square's leading part is exact; the rest, relative to it up to 2^-26, enters the reduced argument.
    """
    lead = leading(a)
    m, s = scaled_expm1(-half * (lead * lead), -half * ((a - lead) * (a + lead)), 64.0)
    return s + s * m


@scalar_kernel
def exp_neg_square(x: float) -> float:
    """Return exp(-x^2), with full relative accuracy however large `x`."""
    a = abs(x)
    return _exp_minus_square(27.38 if a > 27.38 else a, 1.0) * DOWN


@scalar_kernel
def exp_neg_half_square(x: float) -> float:
    """Return exp(-x^2 / 2), with full relative accuracy however large `x`."""
    a = abs(x)
    return _exp_minus_square(38.7 if a > 38.7 else a, 0.5) * DOWN


@scalar_kernel
def _log(f: float) -> float:
    """Return log(1 + f), for sqrt(1/2) <= 1 + f <= sqrt(2): 2 atanh(q / 2)."""
    q = (f + f) / (2.0 + f)
    v = q * q
    return q + q * (v * horner(v, ATANH))


ONE = np.float64(1.0).view(np.int64)
SQRT_HALF = np.float64(math.sqrt(0.5)).view(np.int64)
FRACTION = np.int64((1 << 52) - 1)


@scalar_kernel
def log(x: float) -> float:
    """Return the natural logarithm of `x`: -inf at 0, nan below."""
    small = x < 2.0**-1022
    pattern = bits(x * 2.0**54 if small else x) - SQRT_HALF
    k = float(pattern >> 52)
    f = from_bits((pattern & FRACTION) + SQRT_HALF) - 1.0
    k = k - 54.0 if small else k
    value = k * LN2[0] + (_log(f) + k * LN2[1])
    value = value if x > 0.0 else (-math.inf if x == 0.0 else math.nan)
    return value if x < math.inf else x


@scalar_kernel
def log1p(x: float) -> float:
    """Return log(1 + x), accurate for small `x`: -inf at -1, nan below."""
    y = 1.0 + x
    back = y - 1.0
    lost = (1.0 - (y - back)) + (x - back)
    pattern = bits(y) - SQRT_HALF
    power = pattern >> 52
    k = float(power)
    f = (from_bits((pattern & FRACTION) + SQRT_HALF) - 1.0) + lost * from_bits(ONE - (power << 52))
    value = k * LN2[0] + (_log(f) + k * LN2[1])
    value = value if y > 0.0 else (-math.inf if y == 0.0 else math.nan)
    return value if x < math.inf and x != 0.0 else x


@scalar_kernel
def tanh_parts(x: float) -> tuple[float, float]:
    """Return (tanh x, sech^2 x), each relatively accurate, sech^2 also where tanh is 1."""
    a = abs(x)
    m, s = scaled_expm1(-2.0 * (375.0 if a > 375.0 else a), 0.0, 64.0)
    e = s + s * m
    inverse = 1.0 / (1.0 + e * DOWN)
    unit = s * DOWN
    t = ((1.0 - unit) - unit * m) * inverse
    return math.copysign(t, x), (e * inverse * inverse) * (4.0 * DOWN)


@scalar_kernel
def sigmoid_tanh_parts(x: float) -> tuple[float, float, float]:
    """Return (s(x), s(-x), tanh(x / 2)), s the logistic sigmoid; tanh(x / 2) = s(x) - s(-x)."""
    a = abs(x)
    m, s = scaled_expm1(-(750.0 if a > 750.0 else a), 0.0, 64.0)
    e = s + s * m
    inverse = 1.0 / (1.0 + e * DOWN)
    unit = s * DOWN
    t = ((1.0 - unit) - unit * m) * inverse
    small = (e * inverse) * DOWN
    return inverse if x > 0.0 else small, small if x > 0.0 else inverse, math.copysign(t, x)


@scalar_kernel
def sigmoid_parts(x: float) -> tuple[float, float]:
    """Return (s(x), s(-x)) of the logistic sigmoid s, each relatively accurate."""
    plus, minus, _ = sigmoid_tanh_parts(x)
    return plus, minus


@scalar_kernel
def softplus_parts(x: float) -> tuple[float, float, float]:
    """Return (log(1 + exp(x)), s(x), s(-x)), s the logistic sigmoid, each relatively accurate."""
    a = abs(x)
    m, s = scaled_expm1(-(750.0 if a > 750.0 else a), 0.0, 64.0)
    scaled = s + s * m
    e = scaled * DOWN
    halved = e > 0.41421356
    f = 0.5 * e - 0.5 if halved else e
    common = 1.0 / ((1.0 + e) * (2.0 + f))
    inverse = (2.0 + f) * common
    q = (f + f) * ((1.0 + e) * common)
    v = q * q
    log_part = q + q * (v * horner(v, ATANH))
    log_part = log_part + (LN2[0] + LN2[1] if halved else 0.0)
    small = (scaled * inverse) * DOWN
    value = (x if x > 0.0 else 0.0) + log_part
    return value, inverse if x > 0.0 else small, small if x > 0.0 else inverse


@scalar_kernel
def softplus(x: float) -> float:
    """Return log(1 + exp(x)), relatively accurate."""
    return softplus_parts(x)[0]


@scalar_kernel
def _tail_ratio(a: float, centre: float) -> float:
    """Return c exp(b^2) erfc(b) with b = c a and c = 3.5 / `centre`, for 0 <= b <= 27.4."""
    inverse = 1.0 / (a + centre)
    return long_horner((a - centre) * inverse, ERFCX) * inverse


ROOT_TWO = math.sqrt(2.0)
TWO_OVER_ROOT_PI = 2.0 / math.sqrt(math.pi)


@scalar_kernel
def erf_parts(x: float) -> tuple[float, float]:
    """Return (erf(x), 2 / sqrt(pi) exp(-x^2)): the error function and its derivative."""
    a = abs(x)
    a = 27.38 if a > 27.38 else a
    density = _exp_minus_square(a, 1.0)
    far = 1.0 - density * DOWN * _tail_ratio(a, 2.5 * ROOT_TWO)
    near = a + a * horner(a * a, ERF)
    return math.copysign(far if a > 0.75 else near, x), density * TWO_OVER_ROOT_PI * DOWN


@scalar_kernel
def erf(x: float) -> float:
    """Return the error function of `x`."""
    return erf_parts(x)[0]


@scalar_kernel
def erfc(x: float) -> float:
    """Return 1 - erf(x), relatively accurate down to the smallest float."""
    a = abs(x)
    a = 27.38 if a > 27.38 else a
    value = (_exp_minus_square(a, 1.0) * _tail_ratio(a, 2.5 * ROOT_TWO)) * DOWN
    return 2.0 - value if x < 0.0 else value


DENSITY_AT_ZERO = 1.0 / math.sqrt(2.0 * math.pi)


@scalar_kernel
def normal_parts(x: float) -> tuple[float, float]:
    """Return (Phi(x), phi(x)): the standard normal's distribution function and density."""
    a = abs(x)
    a = 38.7 if a > 38.7 else a
    density = _exp_minus_square(a, 0.5)
    below = (density * _tail_ratio(a, 5.0)) * (0.5 * ROOT_TWO * DOWN)
    return 1.0 - below if x > 0.0 else below, density * DENSITY_AT_ZERO * DOWN


@scalar_kernel
def normal_cdf(x: float) -> float:
    """Return the probability that a standard normal variable is at most `x`, relatively accurate."""
    return normal_parts(x)[0]


SIN_COS_BOUND = 2.0**20
"""Where `sin_cos` ends: the multiple of pi / 2 is below 2^20, and its parts of 33 bits are exact."""

TWO_OVER_PI = 2.0 / math.pi


@scalar_kernel
def _two_difference(a: float, b: float) -> tuple[float, float]:
    """Return (d, e), d = a - b rounded and e the error: d + e = a - b exactly."""
    d = a - b
    back = d - a
    return d, (a - (d - back)) - (b + back)


@scalar_kernel
def _quarter_turns(x: float) -> tuple[float, float, np.int64]:
    """Return (r, tail, k): x = (r + tail) + k pi / 2, |r| <= pi / 4, k in its two lowest bits.

    The products are exact, so r is relatively accurate even if x is as near k pi / 2 as a float can be.
    """
    rounded = x * TWO_OVER_PI + ROUND
    k = rounded - ROUND
    first, lost = _two_difference(x - k * HALF_PI[0], k * HALF_PI[1])
    second, more = _two_difference(first, k * HALF_PI[2])
    lost = (lost + more) - k * HALF_PI[3]
    r = second + lost
    return r, (second - r) + lost, bits(rounded)


@scalar_kernel
def sin_cos(x: float) -> tuple[float, float]:
    """Return (sin x, cos x), for ``abs(x) <= SIN_COS_BOUND``; see `within` and `sin_cos_far`."""
    r, tail, k = _quarter_turns(x)
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
    """Return (sin x, cos x) for every x; loops over it are not vectorised."""
    return math.sin(x), math.cos(x)


@kernel
def within(Z: np.ndarray, bound: float) -> bool:
    """Whether every entry of a flat array is at most `bound` in magnitude (nan is not)."""
    outside = 0
    for i in range(Z.size):
        outside += not abs(Z[i]) <= bound
    return outside == 0
