"""What the elementary functions are built of: bits of floats, exact differences, polynomials.

The compiler may fuse a product with the sum it enters, or not. So every product whose rounding would
matter is made exact, by factors of few enough bits, and fusing it changes nothing.
"""

import numpy as np

from ..jit import scalar_kernel

ROUND = 1.5 * 2.0**52
"""Adding it rounds a float below 2^51 to an integer, which then is the sum's lowest bits."""

LOW_27 = np.int64((1 << 27) - 1)


@scalar_kernel
def bits(x: float) -> np.int64:
    """Return the 64 bits of `x`.

    Examples
    --------
    >>> int(bits(1.0)) == 1023 << 52
    True
    """
    return np.float64(x).view(np.int64)


@scalar_kernel
def from_bits(pattern: np.int64) -> float:
    """Return the float of 64 bits.

    Examples
    --------
    >>> from_bits(np.int64(1024 << 52))
    2.0
    """
    return float(np.int64(pattern).view(np.float64))


@scalar_kernel
def leading(x: float) -> float:
    """Return `x` cut to 26 bits, so that its square is exact.

    Examples
    --------
    >>> leading(1.0 + 2.0**-25 + 2.0**-26) == 1.0 + 2.0**-25
    True
    """
    return from_bits(bits(x) & ~LOW_27)


@scalar_kernel
def exact_difference(a: float, b: float) -> tuple[float, float]:
    """Return (d, e): d = a - b rounded, and d + e = a - b exactly.

    Source: the TwoSum of Knuth, The Art of Computer Programming 2, 4.2.2.

    Examples
    --------
    >>> exact_difference(1.0, 2.0**-60) == (1.0, -(2.0**-60))
    True
    """
    d = a - b
    back = d - a
    return d, (a - (d - back)) - (b + back)


@scalar_kernel
def continued(value: float, x: float, coefficients: tuple[float, ...]) -> float:
    """Continue Horner's scheme from `value` through at most 16 coefficients.

    A longer loop is not unrolled by the compiler, and then the loop around it is not vectorised.

    Examples
    --------
    >>> continued(1.0, 10.0, (2.0, 3.0))
    123.0
    """
    for c in coefficients:
        value = value * x + c
    return value


@scalar_kernel
def horner(x: float, coefficients: tuple[float, ...]) -> float:
    """Evaluate the polynomial of at most 17 coefficients, highest power first.

    Examples
    --------
    >>> horner(10.0, (1.0, 2.0, 3.0))
    123.0
    """
    return continued(coefficients[0], x, coefficients[1:])


@scalar_kernel
def long_horner(x: float, coefficients: tuple[float, ...]) -> float:
    """As `horner`, for an even number of coefficients, from 10 to 40.

    The first ones go by even and odd powers, two chains at once; the last six stay in one chain, because
    even and odd powers would cancel there.

    Examples
    --------
    >>> long_horner(10.0, (0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0))
    123456789.0
    """
    first = coefficients[:-6]
    square = x * x
    start = horner(square, first[1::2]) + x * horner(square, first[::2])
    return continued(start, x, coefficients[-6:])
