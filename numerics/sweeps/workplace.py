"""Where an experiment's sweeps run, what is kept of them, and when they must end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from numerics.sweeps.halfway import Halfway
from numerics.sweeps.store import OURS, OtherSweep, Shard, Store, SweepError
from numerics.sweeps.sweep import Task, sweep

Report = Callable[[str, int, int], None]


@dataclass
class Workplace:
    """Where sweeps run and are kept; see :func:`numerics.sweeps.sweep.sweep`.

    A ValueError if the store is a folder that holds other things.

    Parameters
    ----------
    executor : Executor, optional
    store : Path, optional
        A folder with one folder of shards for every sweep.
    max_seconds : float, optional
        For all sweeps together, from now on: no piece begins later, and none is waited for.
    report : callable, optional
        ``report(name, done, total)`` after every piece.

    Attributes
    ----------
    stopped : list of str
        What was left undone, sweep by sweep, and why.
    failures : list of str
        Those of them that neither time nor Ctrl-C ended, but a worker, a scheduler or a disk.

    Examples
    --------
    >>> place = Workplace(max_seconds=0.0)
    >>> place.finished("squares", lambda x: {"square": x * x}, [1, 2], "key"), place.stopped
    ([], ['squares: max_seconds = 0.0 ran out; 0 of 2 pieces are finished and kept'])
    """

    executor: Executor | None = None
    store: Path | None = None
    max_seconds: float | None = None
    report: Report | None = None
    stopped: list[str] = field(default_factory=list, init=False)
    failures: list[str] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        self.begun = time.monotonic()
        self._check_store()

    def _check_store(self) -> None:
        """Refuse a folder of other things: sweeps would be strewn among them."""
        if self.store is None or not self.store.is_dir():
            return
        strangers = [
            entry.name
            for entry in sorted(self.store.iterdir())
            if not (entry.is_dir() and all(OURS.fullmatch(inner.name) for inner in entry.iterdir()))
        ]
        if strangers:
            raise ValueError(
                f"store must be a new folder, or one of sweeps; got {self.store}, which holds {strangers[0]}"
            )

    def finished(
        self, name: str, task: Task, pieces: Sequence[Any], key: str, resumable: bool = False
    ) -> list[tuple[Any, Shard]]:
        """The pieces of the sweep `name` and their shards: all, or what was finished when it stopped.

        Parameters
        ----------
        name : str
        task : callable
        pieces : sequence
        key : str
        resumable : bool
            As for :func:`numerics.sweeps.sweep.sweep`.

        Raises
        ------
        ValueError
            If the store holds the work of other settings, data or code; the message names the whole of it.
        """
        try:
            with self._refusing(name):
                found = sweep(task, pieces, key=key, resumable=resumable, **self._options(name))
                shards = dict(enumerate(found))
        except SweepError as reason:
            self.stopped.append(f"{name}: {reason}")
            self.failures += self.stopped[-1:] if reason.failed else []
            shards = reason.shards
        return [(pieces[index], shards[index]) for index in sorted(shards)]

    def halfway(self, name: str, pieces: Sequence[Any], key: str) -> Halfway:
        """Where long `pieces` of a sweep are kept on their way, under a `name` of its own.

        Parameters
        ----------
        name : str
        pieces : sequence
            Those of the sweep, in its order.
        key : str
            Of the sweep.

        Raises
        ------
        ValueError
            As :meth:`finished` does.
        """
        folder = self._folder(name)
        if folder is None:
            return Halfway()
        store = Store(folder, key, len(pieces))
        with self._refusing(name):
            store.open()
        return Halfway(store, tuple(pieces))

    @contextmanager
    def _refusing(self, name: str) -> Iterator[None]:
        """A block in which the folder of another sweep is refused in words that name the whole store."""
        try:
            yield
        except OtherSweep as reason:
            raise ValueError(
                f"store must be a new folder or that of the same sweeps; got {self.store}, where {name!r} "
                "was begun with other settings, data or another version of the code: delete the folder, or "
                "name another with --store"
            ) from reason

    def _folder(self, name: str) -> Path | None:
        return None if self.store is None else self.store / name.replace(" ", "-")

    def _options(self, name: str) -> dict[str, Any]:
        tell, left = self.report, self.max_seconds
        if left is not None:
            left = max(0.0, left - (time.monotonic() - self.begun))

        def report(done: int, total: int) -> None:
            if tell is not None:
                tell(name, done, total)

        return {"executor": self.executor, "store": self._folder(name), "max_seconds": left, "report": report}


def as_plain(shard: Shard) -> dict[str, Any]:
    """The scalars of a `shard` for JSON, where an infinite number or NaN is None.

    Examples
    --------
    >>> as_plain({"verdict": np.array("trusted"), "off": np.array(np.nan)})
    {'verdict': 'trusted', 'off': None}
    """
    items = {name: array.item() for name, array in shard.items()}
    return {
        name: None if isinstance(item, float) and not np.isfinite(item) else item
        for name, item in items.items()
    }
