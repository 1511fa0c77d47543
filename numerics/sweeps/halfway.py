"""What a long piece of work keeps on its way, so that it goes on there after its process was killed."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from numerics.sweeps.store import Shard, Store

EVERY = 5.0
"""Seconds between two writings: hardly more than these are lost."""


@dataclass(frozen=True)
class Halfway:
    """Where the pieces of a sweep are, as shards of a store of their own.

    Parameters
    ----------
    store : Store, optional
        Open; without one nothing is kept.
    pieces : tuple
        All pieces, in the order of the sweep.

    Examples
    --------
    >>> Halfway().read("a piece") is None
    True
    """

    store: Store | None = None
    pieces: tuple[Any, ...] = ()

    def read(self, piece: Any) -> Shard | None:
        """What was kept of a `piece` last, if it was whole."""
        return None if self.store is None else self.store.read(self.pieces.index(piece))

    def keeper(self, piece: Any, every: float = EVERY) -> Callable[[Callable[[], Shard]], None]:
        """A function to call at every step of a `piece`, with one that says where it is.

        Parameters
        ----------
        piece : object
            One of the pieces.
        every : float
            Seconds between two writings.
        """
        if self.store is None:
            return lambda _: None
        store, index, written = self.store, self.pieces.index(piece), time.monotonic()

        def keep(where: Callable[[], Shard]) -> None:
            nonlocal written
            if time.monotonic() - written < every:
                return
            # A worker elsewhere, or a full disk: the piece goes on, and would only have to begin anew.
            with suppress(OSError):
                store.write(index, where())
            written = time.monotonic()

        return keep

    def clear(self) -> None:
        """Forget all of it, when every piece is finished."""
        if self.store is not None:
            for index in range(self.store.count):
                self.store.path(index).unlink(missing_ok=True)
