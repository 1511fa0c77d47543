"""The one decorator that compiles kernels, and the one place that says how."""

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

import numba

P = ParamSpec("P")
T = TypeVar("T")

# error_model="numpy": the check for a zero divisor would stop vectorisation.
# fastmath contract alone: reassociation would silently break compensated arithmetic.
OPTIONS: dict[str, Any] = {"error_model": "numpy", "fastmath": {"contract"}, "cache": False}


def kernel(function: Callable[P, T]) -> Callable[P, T]:
    """Compile `function`, on one thread."""
    return cast(Callable[P, T], numba.njit(**OPTIONS)(function))


def parallel_kernel(function: Callable[P, T]) -> Callable[P, T]:
    """Compile `function`, its ``prange`` loops on all threads."""
    return cast(Callable[P, T], numba.njit(parallel=True, **OPTIONS)(function))


def reduction_kernel(function: Callable[..., Any]) -> Any:
    """Compile `function`, whose sums may be evaluated in any order (so that they vectorise).

    Only for sums whose error bound holds in every order.
    """
    return numba.njit(**OPTIONS | {"fastmath": {"contract", "reassoc", "nsz"}})(function)
