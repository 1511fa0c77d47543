"""Elementary functions as scalar kernels without branches, for generated code to inline.

A loop over contiguous arrays that calls them becomes vector instructions. Each result is within 2^-50 of
the true value, relatively and up to one subnormal, for every float: small, huge, infinite or nan
(`sin_cos` up to `SIN_COS_BOUND`, and `sin_cos_far` beyond). A function in parts shares one exponential
and one division among them.
"""

from .exponential import exp, exp_neg_half_square, exp_neg_square, expm1
from .logarithm import log, log1p
from .normal import erf, erf_parts, erfc, normal_cdf, normal_parts
from .sigmoid import sigmoid_parts, sigmoid_tanh_parts, softplus, softplus_parts, tanh_parts
from .sine import SIN_COS_BOUND, sin_cos, sin_cos_far

__all__ = [
    "SIN_COS_BOUND",
    "erf",
    "erf_parts",
    "erfc",
    "exp",
    "exp_neg_half_square",
    "exp_neg_square",
    "expm1",
    "log",
    "log1p",
    "normal_cdf",
    "normal_parts",
    "sigmoid_parts",
    "sigmoid_tanh_parts",
    "sin_cos",
    "sin_cos_far",
    "softplus",
    "softplus_parts",
    "tanh_parts",
]
