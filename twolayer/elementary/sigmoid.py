"""Hyperbolic tangent, logistic sigmoid and softplus, each with its slope's factors.

All come from e = exp(-|x|) or its square. Results that fade with e keep the shift of `scaled_expm1` to
the end; 1 - e comes from exp(x) - 1, so that a small x loses nothing.
"""

import math

from ..jit import scalar_kernel
from .exponential import DOWN, scaled_expm1
from .logarithm import twice_atanh
from .tables import LN2


@scalar_kernel
def _fading(a: float) -> tuple[float, float, float]:
    """Return (2^64 e, 1 - e, 1 + e) for e = exp(-a), 0 <= a."""
    m, s = scaled_expm1(-(750.0 if a > 750.0 else a), 0.0, 64.0)
    shifted = s + s * m
    power = s * DOWN
    return shifted, (1.0 - power) - power * m, 1.0 + shifted * DOWN


@scalar_kernel
def tanh_parts(x: float) -> tuple[float, float]:
    """Return (tanh x, sech^2 x).

    Examples
    --------
    >>> tanh_parts(0.0), tanh_parts(400.0)
    ((0.0, 1.0), (1.0, 0.0))
    """
    shifted, less, more = _fading(2.0 * abs(x))
    inverse = 1.0 / more
    return math.copysign(less * inverse, x), (shifted * inverse * inverse) * (4.0 * DOWN)


@scalar_kernel
def sigmoid_tanh_parts(x: float) -> tuple[float, float, float]:
    """Return (s(x), s(-x), s(x) - s(-x)), s the logistic sigmoid; the last is tanh(x / 2).

    Examples
    --------
    >>> sigmoid_tanh_parts(0.0), sigmoid_tanh_parts(-800.0)
    ((0.5, 0.5, 0.0), (0.0, 1.0, -1.0))
    """
    shifted, less, more = _fading(abs(x))
    large = 1.0 / more
    small = (shifted * large) * DOWN
    half = math.copysign(less * large, x)
    return large if x > 0.0 else small, small if x > 0.0 else large, half


@scalar_kernel
def sigmoid_parts(x: float) -> tuple[float, float]:
    """Return (s(x), s(-x)), s the logistic sigmoid 1 / (1 + exp(-x)).

    Examples
    --------
    >>> sigmoid_parts(0.0), sigmoid_parts(800.0)
    ((0.5, 0.5), (1.0, 0.0))
    """
    plus, minus, _ = sigmoid_tanh_parts(x)
    return plus, minus


@scalar_kernel
def softplus_parts(x: float) -> tuple[float, float, float]:
    """Return (log(1 + exp x), s(x), s(-x)), s the logistic sigmoid.

    log(1 + e) = log(1 + f) or log(2) + log(1 + f), whichever f is nearer 0; 1 / ((1 + e) (2 + f)) is the
    one division.

    Examples
    --------
    >>> softplus_parts(800.0), softplus_parts(-800.0)
    ((800.0, 1.0, 0.0), (0.0, 0.0, 1.0))
    """
    shifted, _, more = _fading(abs(x))
    e = shifted * DOWN
    upper = e > math.sqrt(2.0) - 1.0
    f = 0.5 * e - 0.5 if upper else e
    common = 1.0 / (more * (2.0 + f))
    large = (2.0 + f) * common
    small = (shifted * large) * DOWN
    soft = twice_atanh((f + f) * (more * common)) + (LN2[0] + LN2[1] if upper else 0.0)
    soft = (x if x > 0.0 else 0.0) + soft
    return soft, large if x > 0.0 else small, small if x > 0.0 else large


@scalar_kernel
def softplus(x: float) -> float:
    """Return log(1 + exp x).

    Examples
    --------
    >>> softplus(800.0), softplus(-800.0)
    (800.0, 0.0)
    """
    return softplus_parts(x)[0]
