"""The types of kernels that other kernels are given as pointers, and of the arrays they take."""

from __future__ import annotations

from typing import Any

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


class Pointer:
    """A compiled kernel as other kernels take it: by its address, looked up once and not at every call.

    Parameters
    ----------
    kernel : callable
        One that has been called with arrays of the pointer's own types.
    kind : numba type
        One of those above.
    """

    def __init__(self, kernel: Any, kind: Any) -> None:
        found = kernel.get_compile_result(kind.signature)
        self.kernel, self._numba_type_ = kernel, kind
        self.address = int(found.library.get_pointer_to_function(found.fndesc.llvm_cfunc_wrapper_name))

    def __wrapper_address__(self) -> int:
        return self.address

    def __reduce__(self) -> tuple[Any, ...]:
        return pointer, (self.kernel, self._numba_type_)  # the address means nothing to another process


def pointer(kernel: Any, kind: Any) -> Any:
    """The :class:`Pointer` to a `kernel`; where nothing is compiled, the function itself.

    `kind` is its type.
    """
    return Pointer(kernel, kind) if hasattr(kernel, "get_compile_result") else kernel
