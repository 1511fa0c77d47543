"""Functions that fade exponentially, times 2^96, for products with what grows.

z s(z) at z = -745 is some 700 times the smallest float, but s(z) is one or two of them: rounded there, the
product would be wrong by hundreds. So a fading factor comes times 2^96, or with its own power of two, and
the finished product is taken back by `DOWN`, once. Where the function is far below any float the factor
is 0, so that it also meets the largest z without harm.
"""

import math

from ..jit import scalar_kernel
from .exponential import expm1, scaled_expm1
from .floats import horner, leading
from .normal import ERF_SLOPE, PEAK, ROOT_TWO, tail_ratio
from .tables import ERF

SHIFT = 96.0
UP = 2.0**96
DOWN = 2.0**-96
REACH = 770.0
"""Beyond exp(-REACH) a fading factor is 0: any polynomial of use leaves it below the smallest float."""


@scalar_kernel
def _shifted_exp(lead: float, rest: float) -> float:
    """Return 2^96 exp(-(lead + rest)), for 0 <= lead and rest below 2^-10; 0 for lead > REACH."""
    m, s = scaled_expm1(-(REACH if lead > REACH else lead), -rest, SHIFT)
    return 0.0 if lead > REACH else s + s * m


@scalar_kernel
def _shifted_gaussian(a: float, half: float) -> float:
    """Return 2^96 exp(-half a^2), half 1 or 1/2."""
    a = 60.0 if a > 60.0 else a
    lead = leading(a)
    return _shifted_exp(half * (lead * lead), half * ((a - lead) * (a + lead)))


@scalar_kernel
def exp_shifted(x: float) -> tuple[float, float]:
    """Return (e, p) with exp(x) = e p, p a power of two, and e far from both ends of the floats.

    Examples
    --------
    >>> exp_shifted(0.0)
    (7.922816251426434e+28, 1.262177448353619e-29)
    """
    bounded = -REACH if x < -REACH else x
    bounded = 760.0 if bounded > 760.0 else bounded
    m, s = scaled_expm1(bounded, 0.0, SHIFT if x <= 0.0 else -SHIFT)
    return 0.0 if x < -REACH else s + s * m, DOWN if x <= 0.0 else UP


@scalar_kernel
def expm1_shifted(x: float) -> tuple[float, float]:
    """Return (e, p) with exp(x) - 1 = e p, p a power of two, and e far from the largest floats.

    Examples
    --------
    >>> expm1_shifted(-800.0), expm1_shifted(700.0)[1] == UP
    ((-1.0, 1.0), True)
    """
    power, up = exp_shifted(x)
    return (power, up) if x > 40.0 else (expm1(x), 1.0)


@scalar_kernel
def gauss_shifted(x: float) -> float:
    """Return 2^96 exp(-x^2).

    Examples
    --------
    >>> gauss_shifted(0.0) * DOWN, gauss_shifted(1e200)
    (1.0, 0.0)
    """
    return _shifted_gaussian(abs(x), 1.0)


@scalar_kernel
def erf_shifted(x: float) -> tuple[float, float]:
    """Return (erf x, 2^96 erf'(x)).

    Examples
    --------
    >>> erf_shifted(30.0)
    (1.0, 0.0)
    """
    a = abs(x)
    bell = _shifted_gaussian(a, 1.0)
    far = 1.0 - bell * DOWN * tail_ratio(30.0 if a > 30.0 else a, 2.5 * ROOT_TWO)
    near = a + a * horner(a * a, ERF)
    return math.copysign(far if a > 0.75 else near, x), bell * ERF_SLOPE


@scalar_kernel
def erfc_shifted(x: float) -> tuple[float, float]:
    """Return (E, p) with 1 - erf(x) = E p.

    Examples
    --------
    >>> erfc_shifted(-30.0), erfc_shifted(40.0)[0]
    ((2.0, 1.0), 0.0)
    """
    a = abs(x)
    beyond = _shifted_gaussian(a, 1.0) * tail_ratio(30.0 if a > 30.0 else a, 2.5 * ROOT_TWO)
    return 2.0 - beyond * DOWN if x < 0.0 else beyond, 1.0 if x < 0.0 else DOWN


@scalar_kernel
def normal_shifted(x: float) -> tuple[float, float, float]:
    """Return (P, p, D): the normal distribution function is P p and its density 2^-96 D.

    Examples
    --------
    >>> normal_shifted(40.0), normal_shifted(-40.0)
    ((1.0, 1.0, 0.0), (0.0, 1.262177448353619e-29, 0.0))
    """
    a = abs(x)
    bell = _shifted_gaussian(a, 0.5)
    below = bell * (0.5 * ROOT_TWO) * tail_ratio(40.0 if a > 40.0 else a, 5.0)
    above = 1.0 - below * DOWN
    return above if x > 0.0 else below, 1.0 if x > 0.0 else DOWN, bell * PEAK


@scalar_kernel
def _fading(a: float) -> tuple[float, float, float]:
    """Return (2^96 e, 1 - e, 1 / (1 + e)) for e = exp(-a), 0 <= a."""
    m, s = scaled_expm1(-(REACH if a > REACH else a), 0.0, SHIFT)
    shifted = 0.0 if a > REACH else s + s * m
    power = s * DOWN
    return shifted, (1.0 - power) - power * m, 1.0 / (1.0 + shifted * DOWN)


@scalar_kernel
def sigmoid_shifted(x: float) -> tuple[float, float, float, float]:
    """Return (S, p, D, t): the sigmoid is S p, its slope 2^-96 D, and t = tanh(x / 2).

    Examples
    --------
    >>> sigmoid_shifted(800.0)
    (1.0, 1.0, 0.0, 1.0)
    """
    shifted, less, inverse = _fading(abs(x))
    small = shifted * inverse
    half = math.copysign(less * inverse, x)
    return inverse if x > 0.0 else small, 1.0 if x > 0.0 else DOWN, small * inverse, half


@scalar_kernel
def tanh_shifted(x: float) -> tuple[float, float]:
    """Return (tanh x, 2^96 sech^2 x).

    Examples
    --------
    >>> tanh_shifted(400.0)
    (1.0, 0.0)
    """
    shifted, less, inverse = _fading(2.0 * abs(x))
    return math.copysign(less * inverse, x), 4.0 * (shifted * inverse) * inverse
