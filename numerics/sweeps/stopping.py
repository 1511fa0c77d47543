"""Pieces of work that are stopped on their way: at a time, or because nobody waits for them any more."""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from multiprocessing import active_children
from multiprocessing.process import BaseProcess

from theory.expressions.interruption import AGAIN, interrupt, interrupted

PATIENCE = 1.0
"""Seconds that a worker has to end by itself, and once more before it is killed."""


class GivenUp(SystemExit):
    """Raised in a thread whose piece of work nobody waits for; a thread that ends by it says nothing."""


@contextmanager
def until(end: float) -> Iterator[None]:
    """A block that is stopped at the time `end` of :func:`time.monotonic`, between two steps of Python.

    Parameters
    ----------
    end : float
        Infinite for no end.

    Raises
    ------
    TimeoutError
        If the block was stopped.

    Notes
    -----
    See :func:`theory.expressions.interruption.interrupted`, which raises :class:`GivenUp`.

    Examples
    --------
    >>> with until(time.monotonic() + 0.01):
    ...     while True:
    ...         pass
    Traceback (most recent call last):
    ...
    TimeoutError: the time is over
    """
    if math.isinf(end):
        yield
        return
    try:
        with interrupted(GivenUp, lambda: end - time.monotonic()):
            yield
    except GivenUp:
        raise TimeoutError("the time is over") from None


@contextmanager
def ended_at_the_end(pool: Executor) -> Iterator[None]:
    """A block after which what a `pool` of this machine still works on is stopped, not waited for.

    Threads are interrupted between two steps of Python; processes are told to end, and killed if they do not.

    Parameters
    ----------
    pool : Executor
        Of threads or processes, which begins its workers in the block.
    """
    before = {id(each) for each in (*threading.enumerate(), *active_children())}
    try:
        yield
    finally:
        workers = [each for each in active_children() if id(each) not in before]
        pool.shutdown(wait=False, cancel_futures=True)
        _end_processes(workers)
        begun = [each for each in threading.enumerate() if id(each) not in before and not each.daemon]
        _end_threads([each for each in begun if each.name.startswith(WORKER)])
        for each in begun:
            each.join(PATIENCE)


def _end_processes(workers: Sequence[BaseProcess]) -> None:
    for order in (BaseProcess.terminate, BaseProcess.kill):
        end = time.monotonic() + PATIENCE
        for worker in workers:
            worker.join(max(0.0, end - time.monotonic()))
        for worker in workers:
            if worker.is_alive():
                order(worker)


def _end_threads(workers: Sequence[threading.Thread]) -> None:
    """Interrupt them until they are gone; one in a long operation of compiled code is left."""
    end = time.monotonic() + PATIENCE
    while workers and time.monotonic() < end:
        for each in workers:
            each.join(AGAIN / len(workers))
        workers = [each for each in workers if each.is_alive()]
        for each in workers:
            interrupt(each.ident or 0, GivenUp)


WORKER = "piece of work"
"""How the names of the threads of a pool begin."""


@contextmanager
def without_ctrl_c() -> Iterator[None]:
    """A block whose new processes and threads do not get Ctrl-C: the terminal sends it to every process.

    One that comes in the block comes after it, where the system can hold it back. Blocking it in this thread
    is what others inherit; it may reach another thread all the same, so that the handler waits as well.
    """
    came: list[int] = []
    mine = threading.current_thread() is threading.main_thread()
    handler = signal.signal(signal.SIGINT, lambda number, _: came.append(number)) if mine else None
    masks = hasattr(signal, "pthread_sigmask")
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT}) if masks else set()
    try:
        yield
    finally:
        if masks:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        if mine:
            signal.signal(signal.SIGINT, handler or signal.SIG_DFL)
        if came:
            signal.raise_signal(signal.SIGINT)
