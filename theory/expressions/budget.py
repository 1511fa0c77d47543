"""A limit of time for work on formulas that nobody vouches for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from theory.expressions.interruption import interrupted

BUSY = 6
"""How many times as long a block may take by the clock, on a machine that others use as well."""


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
    See :func:`theory.expressions.interruption.interrupted`. What counts is the time that the processor gives
    to the thread, where the system tells, and a sixth of the clock's.

    Examples
    --------
    >>> with within(0.01, "counting must end"):
    ...     while True:
    ...         pass
    Traceback (most recent call last):
    ...
    ValueError: counting must end within 0.01 s; got no end
    """
    clock = _clock(threading.get_ident())
    end, latest = clock() + seconds, time.monotonic() + BUSY * seconds
    try:
        with interrupted(OutOfTime, lambda: min(end - clock(), latest - time.monotonic())):
            yield
    except OutOfTime:
        raise ValueError(f"{message} within {said or seconds:g} s; got no end") from None
    except (MemoryError, RecursionError) as reason:
        raise ValueError(f"{message} in the memory there is; got {type(reason).__name__}") from None


def _clock(thread: int) -> Callable[[], float]:
    """The processor's time of a thread; the clock on the wall where the system does not tell."""
    if not hasattr(time, "pthread_getcpuclockid"):
        return time.monotonic
    which = time.pthread_getcpuclockid(thread)
    return lambda: time.clock_gettime(which)
