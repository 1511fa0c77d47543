"""Executors by name, as the command line takes them."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from importlib import import_module
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import Any

from numerics.sweeps.stopping import WORKER, ended_at_the_end, without_ctrl_c
from numerics.sweeps.threads import keep_to_one_thread

NAME = re.compile("here|(threads|processes):(?!0+$)([0-9]{1,4}|10000)|dask://.+")
WANTED = "here, threads:N, processes:N or dask://HOST:PORT"


def begin() -> None:
    """What a worker process begins with: one thread, and an end when the process that wants its work dies."""
    keep_to_one_thread()
    parent = parent_process()
    if parent is not None:
        Thread(target=_end_after, args=(parent,), daemon=True).start()


def _end_after(parent: Any) -> None:
    # A worker waits for work on a pipe that it holds open itself: it would wait for ever.
    parent.join()
    os._exit(1)


class Processes(ProcessPoolExecutor):
    """A pool of processes that leave Ctrl-C to this one, from their first moment on."""

    def submit(self, *arguments: Any, **named: Any) -> Future[Any]:
        """As for every executor; the first begins the processes."""
        with without_ctrl_c():
            return super().submit(*arguments, **named)


class Threads(ThreadPoolExecutor):
    """A pool of threads none of which Ctrl-C leaves half begun."""

    def submit(self, *arguments: Any, **named: Any) -> Future[Any]:
        """As for every executor; the first ones begin the threads."""
        with without_ctrl_c():
            return super().submit(*arguments, **named)


Each = Callable[[Callable[[Any], Any], Sequence[Any]], Iterable[Any]]
"""How tasks are done, in order: ``map``, one by one and here, or that of an executor."""


def at_hand(pool: Executor | None) -> Each:
    """How tasks that write files here are done: by the processes of this machine if the `pool` is of such.

    What a process that was killed has left is done here.

    Examples
    --------
    >>> list(at_hand(None)(abs, [-3, 2]))
    [3, 2]
    """
    if not isinstance(pool, Processes):
        return map

    def mapped(task: Callable[[Any], Any], pieces: Sequence[Any]) -> Iterator[Any]:
        begun = [_begun(pool, task, piece) for piece in pieces]
        return (_result(future, task, piece) for future, piece in zip(begun, pieces, strict=True))

    return mapped


def _begun(pool: Executor, task: Callable[[Any], Any], piece: Any) -> Future[Any] | None:
    try:
        return pool.submit(task, piece)
    except BrokenExecutor:
        return None


def _result(begun: Future[Any] | None, task: Callable[[Any], Any], piece: Any) -> Any:
    try:
        return task(piece) if begun is None else begun.result()
    except BrokenExecutor:
        return task(piece)


def require_executor(name: str) -> None:
    """Refuse a `name` that is that of no executor, before anything is begun.

    Raises
    ------
    ValueError
        If it is none.
    """
    if not NAME.fullmatch(name):
        raise ValueError(f"executor must be {WANTED}; got {name[:80]!r}")


@contextmanager
def executor(name: str | None, loads: str = "") -> Iterator[Executor | None]:
    """Open the executor called `name`, and end it after the block, with what it still works on.

    Parameters
    ----------
    name : str or None
        "threads:N"; "processes:N", each process of one thread, so that they do not fight for the cores;
        or "dask://HOST:PORT", the address of the scheduler of a dask.distributed cluster whose workers
        have this package (extra ``[cluster]``). None or "here": no executor, work is done here.
    loads : str, optional
        A module that processes are to load at once, while this one still prepares their work.

    Raises
    ------
    ValueError
        If the name is none of these, the extra is not installed, or the scheduler does not answer.

    Examples
    --------
    >>> with executor("threads:2") as pool:
    ...     pool.submit(abs, -3).result()
    3
    """
    if name is None or name == "here":
        yield None
        return
    require_executor(name)
    kind, _, rest = name.partition(":")
    if kind != "dask":
        # A fresh interpreter in each process: forking one that runs threads can hang.
        pools = {"threads": Threads, "processes": Processes}
        fresh = {"mp_context": get_context("spawn"), "initializer": begin}
        options: dict[str, Any] = {"thread_name_prefix": WORKER} if kind == "threads" else fresh
        pool = pools[kind](int(rest), **options)
        with ended_at_the_end(pool):
            if isinstance(pool, Processes) and loads:
                for _ in range(int(rest)):
                    pool.submit(_load, loads)
            yield pool
    else:
        with _dask(rest[2:]) as pool:
            yield pool


def _load(name: str) -> None:
    import_module(name)


@contextmanager
def _dask(address: str) -> Iterator[Executor]:
    try:
        distributed: Any = import_module("distributed")
    except ImportError as reason:
        raise ValueError("a dask executor needs the extra: pip install '.[cluster]' in a clone") from reason
    try:
        client = distributed.Client(f"tcp://{address}", timeout=5)
    except (OSError, ValueError) as reason:
        wanted = "executor must be the address of a running scheduler"
        raise ValueError(f"{wanted}; got dask://{address}: {reason}") from reason
    log = logging.getLogger("distributed.client")
    level = log.level
    log.setLevel(logging.CRITICAL)  # a scheduler that is gone is told by the sweep, in one line
    try:
        with client:
            yield client.get_executor(pure=False)
    finally:
        log.setLevel(level)
