"""Work on pieces of arrays by as many threads as there are cores: compiled kernels free the interpreter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from typing import TypeVar

from .blas_threads import begin_with_one_blas_thread, one_blas_thread
from .jit import SETTINGS

Piece = TypeVar("Piece")
Result = TypeVar("Result")

_ALONE = ContextVar("this thread shares its cores with others that do the same", default=False)


def begin_alone() -> None:
    """Hold BLAS, and :func:`in_threads`, to this thread, which is one of several that share the cores."""
    begin_with_one_blas_thread()
    _ALONE.set(True)


def in_threads(
    work: Callable[[Piece], Result],
    pieces: Sequence[Piece],
    tell: Callable[[int, int], None] = lambda done, count: None,
) -> list[Result]:
    """What `work` returns of every one of the `pieces`, in their order; BLAS keeps to one thread meanwhile.

    Parameters
    ----------
    work : callable
        What it does with one piece must not depend on any other.
    pieces : sequence
    tell : callable, optional
        Called on this thread with how many are done, and how many there are; if it raises, what has not begun
        is not done.

    Returns
    -------
    list

    Examples
    --------
    >>> in_threads(lambda rows: rows.stop - rows.start, [slice(0, 5), slice(5, 8)])
    [5, 3]
    """
    threads = 1 if _ALONE.get() else min(SETTINGS.NUMBA_NUM_THREADS, len(pieces))
    found = []
    with one_blas_thread():
        if threads <= 1:
            for done, piece in enumerate(pieces):
                tell(done, len(pieces))
                found.append(work(piece))
            return found
        with ThreadPoolExecutor(threads, initializer=begin_alone) as pool:
            try:
                for done, result in enumerate(pool.map(work, pieces)):
                    tell(done, len(pieces))
                    found.append(result)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    return found
