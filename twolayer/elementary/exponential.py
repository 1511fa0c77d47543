"""The exponential function, and exp(-x^2) without the loss of x^2's rounding."""

from ..jit import scalar_kernel
from .floats import ROUND, bits, from_bits, horner, leading
from .tables import EXP, LN2, LOG2_E

UP = 2.0**64
DOWN = 2.0**-64
"""Undoes a shift of 64, by which powers of two are kept normal: a result is rounded here, once."""


@scalar_kernel
def scaled_expm1(x: float, tail: float, shift: float) -> tuple[float, float]:
    """Return (m, s), s a power of two, with ``exp(x + tail) = (1 + m) s 2^-shift``.

    m is relatively accurate and |m| < 1/2; where |x| < log(2) / 2, m = exp(x) - 1 and s = 2^shift. The
    integer `shift` keeps s normal: ``-1022 <= x / log(2) + shift < 1023``. `tail` is below 2^-10.

    Examples
    --------
    >>> scaled_expm1(0.0, 0.0, 3.0)
    (0.0, 8.0)
    """
    rounded = x * LOG2_E + (ROUND + 1023.0 + shift)
    k = rounded - (ROUND + 1023.0 + shift)
    r = (x - k * LN2[0]) - k * LN2[1] + tail
    return r + r * r * horner(r, EXP), from_bits(bits(rounded) << 52)


@scalar_kernel
def exp(x: float) -> float:
    """Return e to the power `x`.

    Examples
    --------
    >>> exp(0.0), exp(1000.0), exp(-1000.0)
    (1.0, inf, 0.0)
    """
    x = -750.0 if x < -750.0 else x
    x = 710.0 if x > 710.0 else x
    m, s = scaled_expm1(x, 0.0, 64.0 if x < 0.0 else -64.0)
    return (s + s * m) * (DOWN if x < 0.0 else UP)


@scalar_kernel
def expm1(x: float) -> float:
    """Return exp(x) - 1.

    Examples
    --------
    >>> expm1(1e-20), expm1(-1000.0)
    (1e-20, -1.0)
    """
    bounded = -750.0 if x < -750.0 else x
    bounded = 710.0 if bounded > 710.0 else bounded
    huge = x > 600.0
    m, s = scaled_expm1(bounded, 0.0, -64.0 if huge else 64.0)
    value = (s * m + (s - (DOWN if huge else UP))) * (UP if huge else DOWN)
    return x if x == 0.0 else value


@scalar_kernel
def shifted_gaussian(a: float, half: float) -> float:
    """Return 2^64 exp(-half a^2), for 0 <= half a^2 <= 750 and half 1 or 1/2.

    The square of a's leading bits is exact; the rest of a^2, up to 2^-25 of it, goes into the reduced
    argument of exp. Rounding a^2 would cost a relative error of a^2 2^-53.

    Examples
    --------
    >>> shifted_gaussian(0.0, 1.0) == 2.0**64
    True
    """
    lead = leading(a)
    m, s = scaled_expm1(-half * (lead * lead), -half * ((a - lead) * (a + lead)), 64.0)
    return s + s * m


@scalar_kernel
def exp_neg_square(x: float) -> float:
    """Return exp(-x^2).

    Examples
    --------
    >>> exp_neg_square(0.0), exp_neg_square(30.0)
    (1.0, 0.0)
    """
    a = abs(x)
    return shifted_gaussian(27.38 if a > 27.38 else a, 1.0) * DOWN


@scalar_kernel
def exp_neg_half_square(x: float) -> float:
    """Return exp(-x^2 / 2).

    Examples
    --------
    >>> exp_neg_half_square(0.0), exp_neg_half_square(40.0)
    (1.0, 0.0)
    """
    a = abs(x)
    return shifted_gaussian(38.7 if a > 38.7 else a, 0.5) * DOWN
