"""How many threads BLAS may use for a while, whoever else asks for the same meanwhile.

The wheels of numpy and of scipy each bring an OpenBLAS with threads of its own, which wait for more work in a
loop, a tenth of a second by default, before they sleep. Work in one library that begins while the threads of
the other still wait shares its cores with them, and takes as long as they do. So what is small asks scipy's
LAPACK on one thread, and numpy's keeps its own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

import scipy
from threadpoolctl import ThreadpoolController

LARGE = 1500  # order of a matrix from which two threads gain more than the wait of the others costs
SHORT_WAIT = 22  # binary logarithm of the cycles that OpenBLAS waits, up to which nobody is in its way


class _Held:
    """Holds libraries to one thread from the first block that wants it to the end of the last."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.blocks: dict[str, int] = {}
        self.before: dict[str, int] = {}

    def enter(self, libraries: list[Any]) -> None:
        """One block more."""
        with self.lock:
            for library in libraries:
                path = library.filepath
                self.blocks[path] = self.blocks.get(path, 0) + 1
                if self.blocks[path] == 1:
                    self.before[path] = library.num_threads
                    _set(library, 1)

    def leave(self, libraries: list[Any]) -> None:
        """One block less."""
        with self.lock:
            for library in libraries:
                path = library.filepath
                self.blocks[path] -= 1
                if not self.blocks[path]:
                    _set(library, self.before[path])


_HELD = _Held()


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
    shared = _shared()
    _HELD.enter(shared)
    try:
        with _own().limit(limits=1):
            yield
    finally:
        _HELD.leave(shared)


@contextmanager
def scipy_on_one_thread(order: int) -> Iterator[None]:
    """Hold scipy's BLAS to one thread for matrices up to `LARGE`, where numpy has one of its own.

    Nothing is held where OpenBLAS was told to wait for a short time only (``OPENBLAS_THREAD_TIMEOUT``).

    Examples
    --------
    >>> with scipy_on_one_thread(10):
    ...     scipy.linalg.lapack.dpotrf([[4.0]])[0]
    array([[2.]])
    """
    held = _scipys_own() if order < LARGE and not _waits_are_short() else []
    _HELD.enter(held)
    try:
        yield
    finally:
        _HELD.leave(held)


@contextmanager
def short_waits() -> Iterator[None]:
    """What is loaded inside has threads that wait for work a millisecond, if it is an OpenBLAS; see above.

    Examples
    --------
    >>> with short_waits():
    ...     "OPENBLAS_THREAD_TIMEOUT" in os.environ
    True
    """
    name = "OPENBLAS_THREAD_TIMEOUT"
    if name in os.environ:
        yield
        return
    os.environ[name] = "20"
    try:
        yield
    finally:
        del os.environ[name]


def begin_with_one_blas_thread() -> None:
    """Hold BLAS to one thread for a thread that has just begun, where the number belongs to each."""
    _own().limit(limits=1)


@cache
def _libraries() -> ThreadpoolController:
    """The thread pools of BLAS; looking for them takes milliseconds."""
    from scipy.linalg import cython_blas  # noqa: F401  the BLAS that kernels call

    return ThreadpoolController().select(user_api="blas")


@cache
def _shared() -> list[Any]:
    """Libraries whose number of threads belongs to the whole process."""
    return [library for library in _libraries().lib_controllers if not _per_thread(library)]


@cache
def _own() -> ThreadpoolController:
    """Those whose number belongs to each thread of the program."""
    paths = [library.filepath for library in _libraries().lib_controllers if _per_thread(library)]
    return _libraries().select(filepath=paths)


def _set(library: Any, threads: int) -> None:
    """Set the number for the process, from whichever thread; that none undoes another's is up to `_Held`."""
    # from version 3.8 on threadpoolctl heeds none but the first thread that sets it, until that is forgotten
    free = getattr(library, "clear_controlling_thread", lambda force: None)
    free(force=True)
    library.set_num_threads(threads)
    free(force=True)


def _per_thread(library: Any) -> bool:
    return getattr(library, "threading_layer", "") == "openmp"


@cache
def _scipys_own() -> list[Any]:
    """The OpenBLAS of scipy's wheel, if numpy has another, and both have threads."""
    home = str(Path(scipy.__file__).parent)  # libraries are inside, or beside in scipy.libs
    theirs = [library for library in _shared() if library.filepath.startswith(home)]
    waiting = [library for library in _shared() if library.internal_api == "openblas"]
    return [library for library in theirs if library in waiting and len(waiting) > 1]


@cache
def _waits_are_short() -> bool:
    said = os.environ.get("OPENBLAS_THREAD_TIMEOUT", "")
    return said.isascii() and said.isdecimal() and int(said) <= SHORT_WAIT
