"""What the elementary functions are built of: bits of floats, polynomials, the reduction of exp.

A product may or may not be fused with the sum it enters. So every product whose rounding would matter
is exact, by factors of few enough bits, and fusing it changes nothing.
"""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

import numpy as np

from .elementary_tables import EXP, LN2
from .jit import kernel

P = ParamSpec("P")
T = TypeVar("T")

ROUND = 1.5 * 2.0**52
"""Adding it rounds a float below 2^51 to an integer, which then is the sum's lowest bits."""

LOG2_E = 1.4426950408889634
LOW_27 = np.int64((1 << 27) - 1)


def scalar_kernel(function: Callable[P, T]) -> Callable[P, T]:
    """Compile `function` so that it is always inlined: only then do loops over it become vectors."""
    compiled = kernel(function)
    if compiled is not function:
        compiled.targetoptions["forceinline"] = True  # type: ignore[attr-defined]
    return compiled


@scalar_kernel
def bits(x: float) -> np.int64:
    """Return the 64 bits of `x`."""
    return np.float64(x).view(np.int64)


@scalar_kernel
def from_bits(pattern: np.int64) -> float:
    """Return the float of 64 bits."""
    return float(np.int64(pattern).view(np.float64))


@scalar_kernel
def leading(x: float) -> float:
    """Return `x` cut to 26 bits, so that its square is exact."""
    return from_bits(bits(x) & ~LOW_27)


@scalar_kernel
def extended(value: float, x: float, coefficients: tuple[float, ...]) -> float:
    """Continue Horner's scheme from `value` through the coefficients.

    At most 16: a longer loop is not unrolled by the compiler, and the loop around it not vectorised.
    """
    for c in coefficients:
        value = value * x + c
    return value


@scalar_kernel
def horner(x: float, coefficients: tuple[float, ...]) -> float:
    """Evaluate the polynomial of at most 17 coefficients, highest power first."""
    return extended(coefficients[0], x, coefficients[1:])


@scalar_kernel
def long_horner(x: float, coefficients: tuple[float, ...]) -> float:
    """As `horner`, for an even number of coefficients up to 40: the first ones by even and odd powers.

    The last six stay in one chain: by even and odd powers they would cancel.
    """
    first = coefficients[:-6]
    square = x * x
    start = horner(square, first[1::2]) + x * horner(square, first[::2])
    return extended(start, x, coefficients[-6:])


@scalar_kernel
def scaled_expm1(x: float, tail: float, shift: float) -> tuple[float, float]:
    """Return (m, s), s a power of two, with ``exp(x + tail) = (1 + m) s 2^-shift``.

    |m| < 1/2 to full relative accuracy; m = exp(x) - 1 where |x| < 0.34. The integer `shift` keeps s a
    normal number: ``-1022 <= x / log(2) + shift < 1023``. `tail` is far smaller than log 2.
    """
    rounded = x * LOG2_E + (ROUND + 1023.0 + shift)
    k = rounded - (ROUND + 1023.0 + shift)
    r = (x - k * LN2[0]) - k * LN2[1] + tail
    return r + r * r * horner(r, EXP), from_bits(bits(rounded) << 52)
