"""A bar on the terminal for what tells its progress as a share, 0 to 1."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

SHARES = 1000
SOON = 1.0
"""Seconds in which nothing has to be shown, nor a library loaded that could show it."""


@contextmanager
def share_bar(name: str) -> Iterator[Callable[[float, str], None]]:
    """A function of the share done and of what is being done, which shows both on stderr.

    The bar appears at the first call after a second, on a terminal alone, and is left there when it is done.
    """
    bars: list[Any] = []
    begun = time.monotonic()

    def show(share: float, doing: str) -> None:
        if not sys.stderr.isatty() or (not bars and time.monotonic() < begun + SOON):
            return
        if not bars:
            from tqdm import tqdm

            form = "{l_bar}{bar}| {elapsed}{postfix}"
            bars.append(tqdm(total=SHARES, desc=name, bar_format=form, file=sys.stderr))
        bars[0].set_postfix_str(doing, refresh=False)
        bars[0].update(round(share * SHARES) - bars[0].n)

    try:
        yield show
    finally:
        for bar in bars:
            bar.close()


@contextmanager
def claim_bar(count: int) -> Iterator[Callable[[int, str], None]]:
    """A function of how many of `count` claims are done and of which one is next, shown on stderr.

    Nobody knows how long a claim takes, so that the bar's clock goes on by itself, on a terminal alone.
    """
    ended, said = Event(), [(0, "")]

    def show() -> None:
        from tqdm import tqdm

        form = "{l_bar}{bar}| {n_fmt}/{total_fmt} {elapsed}{postfix}"
        with tqdm(total=count, leave=False, bar_format=form, file=sys.stderr) as bar:
            while not ended.wait(SOON):
                done, doing = said[0]
                bar.set_postfix_str(doing, refresh=False)
                bar.update(done - bar.n)
                bar.refresh()

    def tell(done: int, doing: str) -> None:
        said[0] = done, doing

    def wait() -> None:
        if not ended.wait(SOON):
            show()

    clock = Thread(target=wait, daemon=True)
    if sys.stderr.isatty():
        clock.start()
    try:
        yield tell
    finally:
        ended.set()
        if clock.is_alive():
            clock.join()
