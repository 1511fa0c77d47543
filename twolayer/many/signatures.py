"""The types of kernels that other kernels are given as pointers, and of the arrays they take."""

from numba import float64, types

Flat = float64[::1]
Rows = float64[:, ::1]
Cube = float64[:, :, ::1]

SLOPES = types.FunctionType(types.void(Flat, Flat, Flat))
"""slopes(Z, S, S1), as in a generated activation."""

JETS = types.FunctionType(types.void(Flat, Flat, Flat, Flat))
"""jets(Z, S, S1, S2), as in a generated activation."""

LOSSES = types.FunctionType(types.void(Flat, Flat, Flat, Flat, Flat))
"""losses(F, Y, L, G, LAM), as in a generated separable loss, of flat arrays of one size."""
