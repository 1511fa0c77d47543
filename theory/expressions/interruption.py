"""Work that is stopped on its way, between two steps of the interpreter, from another thread."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

AGAIN = 0.2
"""Seconds after which work that caught the interruption is interrupted again."""

LOOK = 0.002
"""Seconds between two looks at how much time is left, at the least."""

ARRIVAL = 10
"""Jumps back of a loop, at each of which the interpreter raises what is waiting; one would do."""


@contextmanager
def interrupted(raised: type[BaseException], left: Callable[[], float]) -> Iterator[None]:
    """A block in which an exception is raised when no time is left.

    Parameters
    ----------
    raised : type
        The exception; one that no `except Exception` catches.
    left : callable
        Returns the seconds left, maybe more than there are; it is asked again when they are over.

    Notes
    -----
    A watching thread raises it in the one that works, so that this works in any thread and on any system, and
    nested blocks end at the shorter time. A single operation of compiled code is not interrupted.

    Examples
    --------
    >>> class Over(BaseException): pass
    >>> try:
    ...     with interrupted(Over, lambda: 0.0):
    ...         while True:
    ...             pass
    ... except Over:
    ...     print("stopped")
    stopped
    """
    thread, done = threading.get_ident(), threading.Event()
    watcher = threading.Thread(target=_watch, args=(thread, done, raised, left), daemon=True)
    try:
        try:
            watcher.start()  # where there is hardly any time, the end may come in here
            yield
        finally:
            _end(done, watcher, raised)
    finally:
        _end(done, watcher, raised)  # again, for an interruption on the way into the first


def interrupt(thread: int, raised: type[BaseException]) -> None:
    """Raise an exception in the thread of this identity, if it still runs."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(raised))


def _watch(
    thread: int, done: threading.Event, raised: type[BaseException], left: Callable[[], float]
) -> None:
    wait = max(left(), 0.0)
    while not done.wait(min(wait, threading.TIMEOUT_MAX)):
        wait = left()
        if wait > 0:
            wait = max(wait, LOOK)
            continue
        interrupt(thread, raised)
        wait = AGAIN


def _end(done: threading.Event, watcher: threading.Thread, raised: type[BaseException]) -> None:
    """Stop watching; an interruption that is still under way arrives here.

    It must not be taken back by setting the exception to none: the interpreter would look for it forever, and
    a profiled or traced thread would do nothing else.
    """
    try:
        done.set()
        watcher.join()
        for _ in range(ARRIVAL):
            pass
    except raised:
        done.set()
        watcher.join()
