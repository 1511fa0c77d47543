"""Work on pieces of arrays by as many threads as there are cores: compiled kernels free the interpreter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from contextvars import ContextVar
from typing import Self, TypeVar

from .blas_threads import begin_with_one_blas_thread, one_blas_thread
from .jit import SETTINGS

Piece = TypeVar("Piece")
Result = TypeVar("Result")

_ALONE = ContextVar("this thread shares its cores with others that do the same", default=False)


def begin_alone() -> None:
    """Hold BLAS, and :func:`in_threads`, to this thread, which is one of several that share the cores."""
    begin_with_one_blas_thread()
    _ALONE.set(True)


class Threads:
    """As many threads as there are cores, for several rounds of pieces; BLAS keeps to one thread meanwhile.

    Parameters
    ----------
    most : int, optional
        No more threads than this.

    Examples
    --------
    >>> with Threads() as threads:
    ...     threads.run(lambda rows: rows.stop - rows.start, [slice(0, 5), slice(5, 8)])
    [5, 3]
    """

    def __init__(self, most: int | None = None) -> None:
        cores = int(SETTINGS.NUMBA_NUM_THREADS)
        self.count = 1 if _ALONE.get() else cores if most is None else min(cores, most)
        self._held = ExitStack()
        self._pool: ThreadPoolExecutor | None = None

    def __enter__(self) -> Self:
        self._held.enter_context(one_blas_thread())
        if self.count > 1:
            self._pool = ThreadPoolExecutor(self.count, initializer=begin_alone)
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        with self._held:
            if self._pool is not None:
                self._pool.shutdown(cancel_futures=kind is not None)

    def run(
        self,
        work: Callable[[Piece], Result],
        pieces: Sequence[Piece],
        tell: Callable[[int, int], None] = lambda done, count: None,
    ) -> list[Result]:
        """What `work` returns of every one of the `pieces`; see :func:`in_threads`."""
        found = []
        if self._pool is None or len(pieces) < 2:
            for done, piece in enumerate(pieces):
                tell(done, len(pieces))
                found.append(work(piece))
            return found
        for done, result in enumerate(self._pool.map(work, pieces)):
            tell(done, len(pieces))
            found.append(result)
        return found


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
    with Threads(len(pieces)) as threads:
        return threads.run(work, pieces, tell)
