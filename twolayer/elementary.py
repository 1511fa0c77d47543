"""Elementary functions as scalar kernels, for generated activation code."""

import math

from .jit import kernel

SIN_COS_BOUND = 2.0**20


@kernel
def exp(x: float) -> float:
    """Return e to the power `x`."""
    return math.exp(x)


@kernel
def exp_neg_square(x: float) -> float:
    """Return exp(-x^2)."""
    return math.exp(-x * x)


@kernel
def exp_neg_half_square(x: float) -> float:
    """Return exp(-x^2 / 2)."""
    return math.exp(-0.5 * x * x)


@kernel
def expm1(x: float) -> float:
    """Return exp(x) - 1."""
    return math.expm1(x)


@kernel
def log(x: float) -> float:
    """Return the natural logarithm of `x`."""
    return math.log(x)


@kernel
def log1p(x: float) -> float:
    """Return log(1 + x)."""
    return math.log1p(x)


@kernel
def tanh_parts(x: float) -> tuple[float, float]:
    """Return (tanh x, sech^2 x)."""
    e = math.exp(-2.0 * abs(x))
    return math.tanh(x), 4.0 * e / (1.0 + e) ** 2


@kernel
def sigmoid_parts(x: float) -> tuple[float, float]:
    """Return (s(x), s(-x)) of the logistic sigmoid s."""
    e = math.exp(-abs(x))
    large, small = 1.0 / (1.0 + e), e / (1.0 + e)
    return (large, small) if x > 0.0 else (small, large)


@kernel
def sigmoid_tanh_parts(x: float) -> tuple[float, float, float]:
    """Return (s(x), s(-x), s(x) - s(-x)); the last is tanh(x / 2)."""
    plus, minus = sigmoid_parts(x)
    return plus, minus, math.tanh(0.5 * x)


@kernel
def softplus(x: float) -> float:
    """Return log(1 + exp(x))."""
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


@kernel
def softplus_parts(x: float) -> tuple[float, float, float]:
    """Return (log(1 + exp(x)), s(x), s(-x)), s the logistic sigmoid."""
    plus, minus = sigmoid_parts(x)
    return softplus(x), plus, minus


@kernel
def erf(x: float) -> float:
    """Return the error function of `x`."""
    return math.erf(x)


@kernel
def erfc(x: float) -> float:
    """Return 1 - erf(x)."""
    return math.erfc(x)


@kernel
def erf_parts(x: float) -> tuple[float, float]:
    """Return (erf(x), 2 / sqrt(pi) exp(-x^2))."""
    return math.erf(x), 2.0 / math.sqrt(math.pi) * exp_neg_square(x)


@kernel
def normal_cdf(x: float) -> float:
    """Return the probability that a standard normal variable is at most `x`."""
    return 0.5 * math.erfc(-x * math.sqrt(0.5))


@kernel
def normal_parts(x: float) -> tuple[float, float]:
    """Return (Phi(x), phi(x)): the standard normal's distribution function and density."""
    return normal_cdf(x), exp_neg_half_square(x) / math.sqrt(2.0 * math.pi)


@kernel
def sin_cos(x: float) -> tuple[float, float]:
    """Return (sin x, cos x), for ``abs(x) <= SIN_COS_BOUND``."""
    return math.sin(x), math.cos(x)


@kernel
def sin_cos_far(x: float) -> tuple[float, float]:
    """Return (sin x, cos x), for any x; a loop over it is not vectorised."""
    return math.sin(x), math.cos(x)
