"""A limit of time for work on formulas that nobody vouches for."""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

AGAIN = 0.2
"""Seconds after which work that caught the interruption is interrupted again."""

BUSY = 6
"""How many times as long a block may take by the clock, on a machine that others use as well."""

LOOK = 0.002
"""Seconds between two looks at the processor's time, at the least."""

ARRIVAL = 10
"""Jumps back of a loop, at each of which the interpreter raises what is waiting; one would do."""


class OutOfTime(BaseException):
    """Raised in the thread whose time is over; no `except Exception` on the way stops it."""


class Allowance:
    """So many seconds of work that several blocks share; what is done between them does not count.

    Parameters
    ----------
    seconds : float

    Examples
    --------
    >>> allowance = Allowance(60)
    >>> with allowance.within("counting must end"):
    ...     made = sum(range(10))
    >>> 59 < allowance.left <= 60
    True
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = self.left = seconds

    @contextmanager
    def within(self, message: str) -> Iterator[None]:
        """A block that is stopped when nothing is left; parameters and errors as for :func:`within`."""
        start = time.thread_time()
        try:
            with within(max(self.left, 0.0), message, self.seconds):
                yield
        finally:
            self.left -= time.thread_time() - start


@contextmanager
def within(seconds: float, message: str, said: float | None = None) -> Iterator[None]:
    """A block that is stopped after so many `seconds` of its own work, between two steps of the interpreter.

    Parameters
    ----------
    seconds : float
    message : str
        What was wanted, for the error.
    said : float, optional
        The seconds that the error names, where they are not `seconds`.

    Raises
    ------
    ValueError
        If the time, or the memory, or the depth of recursion does not suffice.

    Notes
    -----
    A watching thread raises :class:`OutOfTime` in the one that works, so that it works in any thread, and
    nested blocks end at the shorter time. A single operation of compiled code is not interrupted. What counts
    is the time that the processor gives to the thread, where the system tells, and a sixth of the clock's.

    Examples
    --------
    >>> with within(0.01, "counting must end"):
    ...     while True:
    ...         pass
    Traceback (most recent call last):
    ...
    ValueError: counting must end within 0.01 s; got no end
    """
    thread, done = threading.get_ident(), threading.Event()
    watcher = threading.Thread(target=_watch, args=(thread, done, seconds), daemon=True)
    try:
        try:
            watcher.start()  # where there is hardly any time, the end may come in here
            yield
        finally:
            _end(done, watcher)
    except OutOfTime:
        raise ValueError(f"{message} within {said or seconds:g} s; got no end") from None
    except (MemoryError, RecursionError) as reason:
        raise ValueError(f"{message} in the memory there is; got {type(reason).__name__}") from None
    finally:
        _end(done, watcher)  # again, for an interruption on the way into the first


def _watch(thread: int, done: threading.Event, seconds: float) -> None:
    clock = _clock(thread)
    end, latest = clock() + seconds, time.monotonic() + BUSY * seconds
    wait = seconds
    while not done.wait(wait):
        left = min(end - clock(), latest - time.monotonic())
        if left > 0:
            wait = max(left, LOOK)
            continue
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(OutOfTime))
        wait = AGAIN


def _clock(thread: int) -> Callable[[], float]:
    """The processor's time of a thread; the clock on the wall where the system does not tell."""
    if not hasattr(time, "pthread_getcpuclockid"):
        return time.monotonic
    which = time.pthread_getcpuclockid(thread)
    return lambda: time.clock_gettime(which)


def _end(done: threading.Event, watcher: threading.Thread) -> None:
    """Stop watching; an interruption that is still under way arrives here.

    It must not be taken back by setting the exception to none: the interpreter would look for it forever, and
    a profiled or traced thread would do nothing else.
    """
    try:
        done.set()
        watcher.join()
        for _ in range(ARRIVAL):
            pass
    except OutOfTime:
        done.set()
        watcher.join()
