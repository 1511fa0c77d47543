"""A bar on the terminal for what tells its progress as a share, 0 to 1."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

SHARES = 1000


@contextmanager
def share_bar(name: str) -> Iterator[Callable[[float, str], None]]:
    """A function of the share done and of what is being done, which shows both on stderr.

    The bar appears at the first call, on a terminal alone, and is left there when it is done.
    """
    bars: list[Any] = []

    def show(share: float, doing: str) -> None:
        if not bars:
            from tqdm import tqdm

            form = "{l_bar}{bar}| {elapsed}{postfix}"
            bars.append(tqdm(total=SHARES, desc=name, bar_format=form, disable=None, file=sys.stderr))
        bars[0].set_postfix_str(doing, refresh=False)
        bars[0].update(round(share * SHARES) - bars[0].n)

    try:
        yield show
    finally:
        for bar in bars:
            bar.close()
