"""Functions of users' activations as scalar kernels: no overflow on the way, no cancellation.

Those of the built-in activations are in `twolayer.elementary`.
"""

import math

from .. import elementary
from ..jit import scalar_kernel

SQUARE_BOUND = 1e150
"""Beyond, 1 + u^2 is u^2, which may overflow."""

LOG_2 = math.log(2.0)


@scalar_kernel
def hypot_parts(u: float) -> tuple[float, float, float]:
    """Return (sqrt(1 + u^2) - 1, u / sqrt(1 + u^2), 1 / sqrt(1 + u^2)).

    Examples
    --------
    >>> hypot_parts(0.0), hypot_parts(1e200)
    ((0.0, 0.0, 1.0), (1e+200, 1.0, 1e-200))
    """
    size = abs(u)
    near = SQUARE_BOUND if size > SQUARE_BOUND else size
    root = math.sqrt(1.0 + near * near)
    root = size if size > SQUARE_BOUND else root
    return size * (size / (1.0 + root)), u / root, 1.0 / root


@scalar_kernel
def log_square(u: float) -> float:
    """Return log(1 + u^2).

    Examples
    --------
    >>> log_square(0.0), log_square(1e200) == 2.0 * elementary.log(1e200)
    (0.0, True)
    """
    size = abs(u)
    near = SQUARE_BOUND if size > SQUARE_BOUND else size
    return 2.0 * elementary.log(size) if size > SQUARE_BOUND else elementary.log1p(near * near)


@scalar_kernel
def log_cosh(u: float) -> float:
    """Return log cosh u; -log(1 - tanh^2 u) / 2 near 0, where the other form would cancel.

    Examples
    --------
    >>> log_cosh(0.0), log_cosh(1000.0) == 1000.0 - LOG_2
    (0.0, True)
    """
    size = abs(u)
    tanh, _ = elementary.tanh_parts(1.0 if size > 1.0 else size)
    near = -0.5 * elementary.log1p(-(tanh * tanh))
    far = (size - LOG_2) + elementary.log1p(elementary.exp(-2.0 * size))
    return far if size > 1.0 else near


@scalar_kernel
def sech(u: float) -> float:
    """Return 1 / cosh u.

    Examples
    --------
    >>> sech(0.0), sech(800.0)
    (1.0, 0.0)
    """
    fading = elementary.exp(-abs(u))
    return 2.0 * fading / (1.0 + fading * fading)


@scalar_kernel
def sinh_cosh(u: float) -> tuple[float, float]:
    """Return (sinh u, cosh u); from exp(u / 2), which overflows no earlier than they do.

    Examples
    --------
    >>> sinh_cosh(0.0)
    (0.0, 1.0)
    """
    size = abs(u)
    half = elementary.exp(0.5 * size)
    near = elementary.expm1(1.0 if size > 1.0 else size)
    fading = 0.5 / half / half
    sinh = (0.5 * half) * half - fading if size > 1.0 else 0.5 * (near + near / (1.0 + near))
    return math.copysign(sinh, u), (0.5 * half) * half + fading


@scalar_kernel
def asinh(u: float) -> float:
    """Return the inverse of sinh, log(|u| + sqrt(1 + u^2)) with the sign of u.

    Examples
    --------
    >>> asinh(0.0), asinh(1e300) == elementary.log(1e300) + LOG_2
    (0.0, True)
    """
    size = abs(u)
    excess, _, _ = hypot_parts(size)
    far = elementary.log(size) + LOG_2
    near = elementary.log1p(size + excess)
    return math.copysign(far if size > SQUARE_BOUND else near, u)


@scalar_kernel
def atan(u: float) -> float:
    """Return the arc tangent; a loop over it is not vectorised.

    Examples
    --------
    >>> atan(0.0), atan(1.0) * 4.0 == math.pi
    (0.0, True)
    """
    return math.atan(u)
