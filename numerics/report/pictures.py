"""Pictures within a page, for wide windows and for narrow ones."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from typing import TypeVar

from matplotlib.figure import Figure

from numerics.figures.narrow import narrowed
from numerics.plotting import style

Shown = TypeVar("Shown")

DOTS = 200
"""Pixels an inch of what narrow windows show: two for each of theirs."""


def embedded(png: bytes) -> str:
    """A picture as an address within the page."""
    return "data:image/png;base64," + base64.b64encode(png).decode()


def slim(draw: Callable[[Shown], Figure], data: Shown) -> str:
    """What `draw` makes of `data`, laid out for a narrow window, as an address within the page."""
    stream = io.BytesIO()
    with style():
        narrowed(draw(data)).savefig(stream, format="png", dpi=DOTS, metadata={"Software": None})
    return embedded(stream.getvalue())
