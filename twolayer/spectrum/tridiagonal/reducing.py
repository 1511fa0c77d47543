"""LAPACK's reduction of a symmetric matrix to a tridiagonal one, panel by panel.

LAPACK's own dsytrd takes minutes for a large matrix, in which no clock is looked at, no progress told, no
interruption heard and no other thread run. So its loop is written here; what each panel takes is LAPACK's.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numba.extending import get_cython_function_address
from scipy.linalg import lapack

from ...arrays import Array
from ..extremes.watch import Watch

WIDTH = 32  # columns of a panel, as in LAPACK
SHORT = 512  # order up to which dsytrd itself takes no time worth a look at the clock


def reduction(A: Array, watch: Watch | None = None) -> tuple[Array, Array, Array, Array]:
    """The diagonal (P,) of T, what is beside it (P - 1,), and the reflections, of a symmetric A (P, P).

    These are columns below the diagonal of an array (P, P), with factors (P - 1,).

    Raises
    ------
    TimeoutError
        If the `watch` says that time is out.

    Examples
    --------
    >>> diagonal, beside, reduced, factors = reduction(np.array([[2.0, 1.0], [1.0, 3.0]]))
    >>> diagonal, abs(beside)
    (array([2., 3.]), array([1.]))
    """
    P = len(A)
    if P <= SHORT:
        reduced, diagonal, beside, factors, _ = lapack.dsytrd(A.T, lower=1, lwork=64 * P)
        return diagonal, beside, reduced, factors
    watch, reduced = watch or Watch(), np.array(A.T, order="F")
    diagonal, beside, factors = np.empty(P), np.empty(P - 1), np.empty(P - 1)
    at = 0
    while P - at > SHORT:
        watch.stage(0.1 + 0.5 * (1 - (1 - at / P) ** 3), f"reducing a matrix of order {P}")
        _panel(reduced, at, beside, factors)
        columns = np.arange(at, at + WIDTH)
        diagonal[columns], reduced[columns + 1, columns] = reduced[columns, columns], beside[columns]
        at += WIDTH
    last = lapack.dsytrd(reduced[at:, at:], lower=1, lwork=64 * (P - at))
    reduced[at:, at:], diagonal[at:], beside[at:], factors[at:] = last[:4]
    return diagonal, beside, reduced, factors


def _panel(reduced: Array, at: int, beside: Array, factors: Array) -> None:
    """Reduce `WIDTH` columns from `at` on of an array (P, P), (P - 1,) each, and apply them to the rest."""
    P, rest = len(reduced), len(reduced) - at
    other = np.empty((rest, WIDTH), order="F")
    dlatrd, dsyr2k = routine("cython_lapack", "dlatrd"), routine("cython_blas", "dsyr2k")
    columns, ahead = reduced[at:, at:], at + WIDTH
    dlatrd("L", rest, WIDTH, columns, P, beside[at:], factors[at:], other, rest)
    beyond, right = reduced[ahead:, ahead:], other[WIDTH:]
    dsyr2k("L", "N", rest - WIDTH, WIDTH, -1.0, reduced[ahead:, at:], P, right, rest, 1.0, beyond, P)


@cache
def routine(module: str, name: str) -> Callable[..., None]:
    """A routine of scipy's LAPACK or BLAS: arrays go by their address, all else by that of its value.

    What it writes to a number is found in a ``ctypes.c_int64`` that was given for it.
    """
    address = get_cython_function_address(f"scipy.linalg.{module}", name)

    def call(*given: Any) -> None:
        passed = [_by_address(each) for each in given]
        kind = ctypes.CFUNCTYPE(None, *(ctypes.c_void_p for _ in passed))
        kind(address)(*(ctypes.addressof(each) if isinstance(each, KINDS) else each for each in passed))

    return call


KINDS = (ctypes.c_char, ctypes.c_int64, ctypes.c_double)


def _by_address(given: Any) -> Any:
    """What a Fortran routine is given the address of; whole numbers of 8 bytes serve as such of 4, too."""
    if isinstance(given, np.ndarray):
        return given.ctypes.data
    if isinstance(given, KINDS):
        return given
    if isinstance(given, str):
        return ctypes.c_char(given.encode())
    return ctypes.c_int64(given) if isinstance(given, int) else ctypes.c_double(given)
