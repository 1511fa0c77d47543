"""The error function and the standard normal distribution.

Near 0 all come from a polynomial for erf(x) / x, elsewhere from one for exp(a^2) erfc(a), a >= 0. Each
bound between the two is where the first begins to lose by a subtraction from 1, or the second by one.
"""

import math

from ..jit import scalar_kernel
from .exponential import DOWN, shifted_gaussian
from .floats import horner, long_horner
from .tables import ERF, ERFCX

ROOT_TWO = math.sqrt(2.0)
ERF_SLOPE = 2.0 / math.sqrt(math.pi)
PEAK = 1.0 / math.sqrt(2.0 * math.pi)


@scalar_kernel
def tail_ratio(a: float, centre: float) -> float:
    """Return c exp(b^2) erfc(b), for c = 5 / (sqrt(2) centre), b = c a and 0 <= b <= 27.4.

    With the centre 5 no argument is rounded on the normal distribution's way to erfc(a / sqrt 2).

    Examples
    --------
    >>> round(tail_ratio(0.0, 5.0) * 2.0**0.5, 14)
    1.0
    """
    inverse = 1.0 / (a + centre)
    return long_horner((a - centre) * inverse, ERFCX) * inverse


@scalar_kernel
def near_erf(a: float) -> float:
    """Return erf(a), for |a| <= 3/4.

    Examples
    --------
    >>> near_erf(0.0)
    0.0
    """
    return a + a * horner(a * a, ERF)


@scalar_kernel
def erf_parts(x: float) -> tuple[float, float]:
    """Return (erf x, 2 / sqrt(pi) exp(-x^2)): the error function and its derivative.

    Examples
    --------
    >>> erf_parts(30.0), erf_parts(-30.0)
    ((1.0, 0.0), (-1.0, 0.0))
    """
    a = abs(x)
    a = 27.38 if a > 27.38 else a
    shifted = shifted_gaussian(a, 1.0)
    far = 1.0 - shifted * DOWN * tail_ratio(a, 2.5 * ROOT_TWO)
    return math.copysign(far if a > 0.75 else near_erf(a), x), shifted * ERF_SLOPE * DOWN


@scalar_kernel
def erf(x: float) -> float:
    """Return the error function, 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x.

    Examples
    --------
    >>> erf(0.0), erf(30.0)
    (0.0, 1.0)
    """
    return erf_parts(x)[0]


@scalar_kernel
def erfc(x: float) -> float:
    """Return 1 - erf(x).

    Examples
    --------
    >>> erfc(-30.0), erfc(30.0)
    (2.0, 0.0)
    """
    a = abs(x)
    a = 27.38 if a > 27.38 else a
    far = (shifted_gaussian(a, 1.0) * tail_ratio(a, 2.5 * ROOT_TWO)) * DOWN
    value = far if a > 0.5 else 1.0 - near_erf(a)
    return 2.0 - value if x < 0.0 else value


@scalar_kernel
def normal_parts(x: float) -> tuple[float, float]:
    """Return (Phi(x), phi(x)): distribution function and density of the standard normal.

    Examples
    --------
    >>> normal_parts(40.0), normal_parts(-40.0)
    ((1.0, 0.0), (0.0, 0.0))
    """
    a = abs(x)
    a = 38.7 if a > 38.7 else a
    shifted = shifted_gaussian(a, 0.5)
    far = (shifted * tail_ratio(a, 5.0)) * (0.5 * ROOT_TWO * DOWN)
    below = far if a > 0.75 else 0.5 - 0.5 * near_erf(a * (0.5 * ROOT_TWO))
    return 1.0 - below if x > 0.0 else below, shifted * PEAK * DOWN


@scalar_kernel
def normal_cdf(x: float) -> float:
    """Return the probability that a standard normal variable is at most x.

    Examples
    --------
    >>> normal_cdf(40.0), normal_cdf(-40.0)
    (1.0, 0.0)
    """
    return normal_parts(x)[0]
