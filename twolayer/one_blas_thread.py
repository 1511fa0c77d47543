"""BLAS on one thread for a while, whoever else asks for the same meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import Event, Lock, Thread

from threadpoolctl import ThreadpoolController


class _Holder:
    """Holds the whole process to one thread from the first block that wants it to the end of the last."""

    def __init__(self) -> None:
        self.lock, self.blocks = Lock(), 0
        self.begun, self.over = Event(), Event()
        self.thread: Thread | None = None

    def enter(self) -> None:
        """One block more."""
        with self.lock:
            self.blocks += 1
            if self.blocks > 1:
                return
            self.begun, self.over = Event(), Event()
            # A thread of its own: threadpoolctl heeds only the thread that set a limit when one is lifted,
            # and the block that ends last need not be on the thread of the one that began first.
            self.thread = Thread(target=self._hold, daemon=True)
            self.thread.start()
            self.begun.wait()

    def leave(self) -> None:
        """One block less."""
        with self.lock:
            self.blocks -= 1
            if not self.blocks and self.thread is not None:
                self.over.set()
                self.thread.join()

    def _hold(self) -> None:
        try:
            with _libraries().limit(limits=1, user_api="blas"):
                self.begun.set()
                self.over.wait()
        finally:
            self.begun.set()


_HOLDER = _Holder()


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Hold BLAS to one thread; when the last of the blocks that overlap ends, it has its threads again.

    The number of threads mostly belongs to the whole process. Were each block to restore what it found, one
    that begins inside another, on another thread, and ends after it would leave BLAS at one thread for ever.

    Examples
    --------
    >>> from threadpoolctl import threadpool_info
    >>> with one_blas_thread():
    ...     {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}
    {1}
    """
    _HOLDER.enter()
    try:
        with _libraries().limit(limits=1, user_api="blas"):  # where the number belongs to this thread alone
            yield
    finally:
        _HOLDER.leave()


def begin_with_one_blas_thread() -> None:
    """Hold BLAS to one thread for a thread that has just begun, where the number belongs to each."""
    _libraries().limit(limits=1, user_api="blas")


@cache
def _libraries() -> ThreadpoolController:
    """The thread pools of BLAS; looking for them takes milliseconds."""
    from scipy.linalg import cython_blas  # noqa: F401  the BLAS that kernels call

    return ThreadpoolController()
