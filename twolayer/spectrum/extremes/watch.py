"""Progress, a limit of time, and interruption: what a long search shows and obeys."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

PER_MINUTE = 1e12
"""Multiplications in matrix products on two ordinary cores."""

Progress = Callable[[float, str], None]
"""Called with the share done, 0 to 1, and what is being done."""


@dataclass
class Watch:
    """Looks at the clock for a search, and tells its progress.

    Parameters
    ----------
    progress : callable, optional
    max_seconds : float, optional
        From when the watch is made.

    Attributes
    ----------
    stopped : str
        Why the search was broken off; empty if it was not.

    Examples
    --------
    >>> told = []
    >>> watch = Watch(lambda share, doing: told.append((share, doing)), 0.0)
    >>> watch.tell(0.5, "products")
    >>> watch.over(), watch.stopped, told
    (True, 'max_seconds = 0', [(0.5, 'products')])
    """

    progress: Progress | None = None
    max_seconds: float | None = None
    stopped: str = ""
    began: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        if self.progress is not None and not callable(self.progress):
            raise TypeError(f"progress must be callable or None; got {self.progress!r}")
        if self.max_seconds is not None:
            self.max_seconds = _seconds(self.max_seconds)

    def tell(self, share: float, doing: str) -> None:
        """Report progress."""
        if self.progress is not None:
            self.progress(min(max(share, 0.0), 1.0), doing)

    def announce(self, doing: str, multiplications: float) -> None:
        """Say beforehand what a method will cost, if that is more than a minute."""
        minutes = multiplications / PER_MINUTE
        if minutes > 1:
            self.tell(
                0.0, f"{doing}: about {minutes:.0f} minutes or more ({multiplications:.0e} multiplications)"
            )

    def stage(self, share: float, doing: str) -> None:
        """Begin a step that cannot be broken off; a TimeoutError if time is out."""
        self.require_time(doing)
        self.tell(share, doing)

    def step(self, done: int, steps: int) -> Watch:
        """What watches one of so many steps, `done` of which are; within the time that is left.

        Examples
        --------
        >>> Watch(lambda share, doing: print(share, doing)).step(1, 2).tell(0.5, "products")
        0.75 products
        """
        if self.progress is None:
            return Watch(None, self.left())
        return Watch(lambda share, doing: self.tell((done + share) / steps, doing), self.left())

    def over(self) -> bool:
        """Whether time is out, or the search was broken off before."""
        limit = self.max_seconds
        if not self.stopped and limit is not None and time.monotonic() - self.began >= limit:
            self.stopped = f"max_seconds = {limit:g}"
        return bool(self.stopped)

    def left(self) -> float | None:
        """Seconds that are left, if there is a limit."""
        if self.max_seconds is None:
            return None
        return max(self.max_seconds - (time.monotonic() - self.began), 0.0)

    def require_time(self, what: str) -> None:
        """A TimeoutError if time is out, for what is of no use unfinished."""
        if self.over():
            raise TimeoutError(f"max_seconds must be enough for {what}; got {self.max_seconds!r}")


def _seconds(value: Any) -> float:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or value != value or value < 0:
        raise ValueError(f"max_seconds must be None or a number of seconds; got {value!r}")
    return float(min(value, sys.float_info.max))
