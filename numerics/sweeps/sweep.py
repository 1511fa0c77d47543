"""Sweeps: many pieces of work, each finished once, on any executor, resumed where they stopped.

The result of a piece is a shard, a dictionary of arrays. In a store, a folder, every shard is an npz file
written whole or not at all, with a checksum of its contents inside; one that is truncated or altered is
detected and done again. A piece's result must depend on the piece alone (seeds included): then a sweep that
was killed at any point and taken up again gives the same bits as one that was not.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Executor, Future, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from threading import TIMEOUT_MAX
from typing import Any

import numpy as np

from numerics.sweeps.halfway import EVERY
from numerics.sweeps.stopping import until
from numerics.sweeps.store import Shard, Store, SweepError

Task = Callable[[Any], Mapping[str, np.ndarray]]

AHEAD = 64
"""Most pieces handed to an executor and not yet back."""


def sweep(
    task: Task,
    pieces: Sequence[Any],
    *,
    key: str = "",
    executor: Executor | None = None,
    store: str | Path | None = None,
    max_seconds: float | None = None,
    report: Callable[[int, int], None] | None = None,
    resumable: bool = False,
) -> list[Shard]:
    """Do every piece of work, or what is left of it.

    Parameters
    ----------
    task : callable
        ``task(piece) -> {name: array}``, depending on the piece alone.
    pieces : sequence
    key : str
        Names the sweep in its store; make it of everything the results depend on (`fingerprint`).
    executor : concurrent.futures.Executor, optional
        Where to work; here and now, one piece after the other, by default. With an executor of processes
        or of a cluster, the task and the pieces must be picklable.
    store : path, optional
        A folder that keeps finished shards.
    max_seconds : float, optional
        Start no piece after this time, and wait for none: what is on its way is given up (here between two
        steps of Python; on an executor it is no longer waited for).
    report : callable, optional
        ``report(done, total)`` after every piece.
    resumable : bool
        Whether a piece that was given up goes on where it was, see :mod:`numerics.sweeps.halfway`.

    Returns
    -------
    list of dict
        One shard a piece, in the order of the pieces.

    Raises
    ------
    SweepError
        If time ran out, a worker or the scheduler died, or the disk is full. What was finished is in the
        store; the same call goes on from there. A time too short for one piece would never get on: the
        message says so, and how long that piece had been at work.
    ValueError
        If the store holds another sweep.

    Examples
    --------
    >>> [int(shard["square"]) for shard in sweep(lambda x: {"square": np.array(x * x)}, [1, 2, 3])]
    [1, 4, 9]
    """
    run = _Run(task, pieces, key, store, max_seconds, report, resumable)
    if executor is None:
        run.here()
    else:
        run.on(executor)
    if run.done < len(pieces):
        said = f"max_seconds = {max_seconds and round(max_seconds, 1)} ran out{run.in_vain()}"
        raise run.stopped(said, failed=False)
    return [run.shards[index] for index in range(len(pieces))]


class _Run:
    """A sweep on its way."""

    def __init__(
        self,
        task: Task,
        pieces: Sequence[Any],
        key: str,
        store: str | Path | None,
        max_seconds: float | None,
        report: Callable[[int, int], None] | None,
        resumable: bool,
    ) -> None:
        self.task, self.pieces, self.report, self.resumable = task, pieces, report, resumable
        self.end = np.inf if max_seconds is None else time.monotonic() + max_seconds
        self.store = None if store is None else Store(Path(store), key, len(pieces))
        self.shards: dict[int, Shard] = {}
        if self.store is not None:
            self.store.open()
            for index in range(len(pieces)):
                found = self.store.read(index)
                if found is not None:
                    self.shards[index] = found
        self.found, self.begun = self.done, math.inf

    @property
    def done(self) -> int:
        return len(self.shards)

    def left(self) -> Iterator[int]:
        """Pieces not yet done, until time runs out."""
        for index in [index for index in range(len(self.pieces)) if index not in self.shards]:
            if time.monotonic() >= self.end:
                return
            yield index

    def keep(self, index: int, shard: Mapping[str, np.ndarray]) -> None:
        arrays = {name: np.asarray(array) for name, array in shard.items()}
        if self.store is not None:
            try:
                self.store.write(index, arrays)
            except OSError as reason:
                said = f"{self.store.path(index)} could not be written: {reason.strerror or reason}"
                raise self.stopped(said) from reason
        self.shards[index] = arrays
        if self.report is not None:
            self.report(self.done, len(self.pieces))

    def stopped(self, why: str, failed: bool = True) -> SweepError:
        return SweepError(why, self.done, len(self.pieces), self.shards, failed)

    def in_vain(self) -> str:
        """What to say of a time in which pieces were begun and none was finished, as none ever will be."""
        spent = time.monotonic() - self.begun
        if self.done > self.found or spent < 0 or (self.resumable and spent > 2 * EVERY):
            return ""
        return f" before one piece was finished: one takes more than {spent:.2g} s, and begins anew each time"

    def here(self) -> None:
        for index in self.left():
            self.begun = time.monotonic()
            try:
                with until(self.end):
                    shard = self.task(self.pieces[index])
            except TimeoutError:
                if time.monotonic() < self.end:
                    raise  # the task's own
                return
            self.keep(index, shard)

    def on(self, executor: Executor) -> None:
        """Keep the executor supplied, a bounded number of pieces ahead, and keep what comes back."""
        waiting: dict[Future[Any], int] = {}
        try:
            for index in self.left():
                self.begun = min(self.begun, time.monotonic())
                waiting[self._submitted(executor, index)] = index
                while len(waiting) >= AHEAD and time.monotonic() < self.end:
                    self._collect(waiting)
            while waiting and time.monotonic() < self.end:
                self._collect(waiting)
            if waiting:
                self._collect(waiting)  # out of time: what came back meanwhile
        finally:
            for future in waiting:
                future.cancel()

    def _submitted(self, executor: Executor, index: int) -> Future[Any]:
        try:
            return executor.submit(self.task, self.pieces[index])
        except Exception as reason:
            if not (isinstance(reason, RuntimeError | OSError) or _gone(reason)):
                raise
            raise self.stopped(_ending(reason, "takes no more work")) from reason

    def _collect(self, waiting: dict[Future[Any], int]) -> None:
        """Keep what is finished. All that came back is kept before a failure among it is told."""
        left = min(self.end - time.monotonic(), TIMEOUT_MAX)
        finished, _ = wait(waiting, timeout=max(0.0, left), return_when=FIRST_COMPLETED)
        failure: Exception | None = None
        for future in finished:
            index = waiting.pop(future)
            try:
                shard = future.result()
            except Exception as reason:
                failure = reason
            else:
                self.keep(index, shard)
        if failure is not None and _gone(failure):
            raise self.stopped(_ending(failure, "died")) from failure
        if failure is not None:
            raise failure


def _gone(reason: Exception) -> bool:
    """Whether it says that the executor, its workers or its scheduler are there no more."""
    known = isinstance(reason, BrokenExecutor | CancelledError | ConnectionError)
    return known or type(reason).__module__.startswith("distributed")


def _ending(reason: Exception, what: str) -> str:
    """How an executor ended; of processes that ended without a word, what may have ended them."""
    if isinstance(reason, BrokenProcessPool):
        return (
            "a worker process died without a word (killed, out of memory, or unable to start the program "
            "that started it)"
        )
    return f"the executor {what}: {_said(reason)}"


def _said(reason: BaseException) -> str:
    return f"{type(reason).__name__}: {reason}" if str(reason) else type(reason).__name__
