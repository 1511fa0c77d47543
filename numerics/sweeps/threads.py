"""Threads: one for sums, where results must repeat bit by bit, and one where processes share the cores."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import scipy.linalg  # noqa: F401 - only what is loaded is held, and scipy brings a BLAS of its own
from threadpoolctl import threadpool_limits

from twolayer.blas_threads import one_blas_thread
from twolayer.threads import begin_alone


@contextmanager
def one_thread() -> Iterator[None]:
    """Hold BLAS to one thread: sums then have one order, and results repeat bit by bit.

    No result depends on how many threads :func:`twolayer.threads.in_threads` uses.
    """
    with one_blas_thread():
        yield


def keep_to_one_thread() -> None:
    """Hold BLAS and ours to one thread from now on: what a worker process begins with."""
    begin_alone()
    threadpool_limits(limits=1)
