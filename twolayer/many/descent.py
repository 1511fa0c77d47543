"""The kernel of gradient descent, over the gradients of `kernels_simd` or of `kernels_gemm`."""

import numpy as np
from numba import float64, int64, types

from ..jit import pointer_kernel, vector_kernel
from .kernels_simd import ARRAYS, GRADIENTS
from .signatures import LOSSES, SLOPES, Flat, Rows

GRADIENT = types.FunctionType(GRADIENTS)


@vector_kernel
def move(parameters, gradient, rate):  # type: ignore[no-untyped-def]
    """Subtract from `parameters` the `gradient` times the rate, flat arrays."""
    for i in range(parameters.size):
        parameters[i] -= rate * gradient[i]


@vector_kernel
def add_squares(gradient, total):  # type: ignore[no-untyped-def]
    """Add to `total` (lanes,) the squares of `gradient` (any number, lanes)."""
    for i in range(len(gradient)):
        for l in range(len(total)):
            total[l] += gradient[i, l] ** 2


@pointer_kernel(
    types.void(GRADIENT, SLOPES, LOSSES, *ARRAYS, Rows, Rows, int64[:, ::1], int64[::1], float64, Flat, Flat)
)
def descend(gradients, slopes, losses, A, W, B, C, X, Y, batches, sizes, rate, free, norms):  # type: ignore[no-untyped-def]
    """Take one step of every parameter by -rate times its gradient for each row of `batches`.

    The first `sizes` entries of a row are its samples; none means all. free (2,): what the steps of B and of
    C are multiplied by, 0 where they are absent. norms (lanes,) is filled with the gradients' norms at the
    last step.
    """
    gA, gW, gB, gC = np.empty_like(A), np.empty_like(W), np.empty_like(B), np.empty_like(C)
    risk, lanes = np.empty(len(norms)), len(norms)
    for step in range(len(sizes)):
        gradients(slopes, losses, A, W, B, C, X, Y, batches[step, : sizes[step]], risk, gA, gW, gB, gC)
        move(A.ravel(), gA.ravel(), rate)
        move(W.ravel(), gW.ravel(), rate)
        move(B, gB, rate * free[0])
        move(C.ravel(), gC.ravel(), rate * free[1])
    gB *= free[0]
    gC *= free[1]
    norms[:] = 0.0
    add_squares(gA.reshape(-1, lanes), norms)
    add_squares(gW.reshape(-1, lanes), norms)
    add_squares(gB.reshape(-1, lanes), norms)
    add_squares(gC.reshape(-1, lanes), norms)
    norms[:] = np.sqrt(norms)
