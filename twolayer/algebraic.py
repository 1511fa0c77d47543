"""Algebraic functions as scalar kernels, for generated code: no overflow, no cancellation."""

import math

from .jit import kernel

SQUARE_BOUND = 1e150


@kernel
def hypot_parts(u: float) -> tuple[float, float, float]:
    """Return (sqrt(1 + u^2) - 1, u / sqrt(1 + u^2), 1 / sqrt(1 + u^2))."""
    size = abs(u)
    near = size if size < SQUARE_BOUND else SQUARE_BOUND
    root = math.sqrt(1.0 + near * near)
    root = root if size < SQUARE_BOUND else size
    return size * (size / (1.0 + root)), u / root, 1.0 / root
