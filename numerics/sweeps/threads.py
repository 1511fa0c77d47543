"""Threads of BLAS and numba: one, where results must repeat bit by bit or processes share the cores."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numba
import scipy.linalg  # noqa: F401 - only what is loaded is held, and scipy brings a BLAS of its own
from threadpoolctl import threadpool_limits

from twolayer.blas_threads import one_blas_thread


@contextmanager
def one_thread() -> Iterator[None]:
    """Hold BLAS and numba to one thread: sums then have one order, and results repeat bit by bit."""
    threads = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        with one_blas_thread():
            yield
    finally:
        numba.set_num_threads(threads)


def keep_to_one_thread() -> None:
    """Hold BLAS and numba to one thread from now on: what a worker process begins with."""
    numba.set_num_threads(1)
    threadpool_limits(limits=1)
