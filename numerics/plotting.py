"""What all figures share: style, labels, colours, captions, files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

GREY = "#9a9a9a"

MARKERS = "osD^vPX<>*"

STYLE = "numerics.assets.twolayer"
"""The package's style, for ``matplotlib.pyplot.style.use``."""

ONE_COLUMN, TWO_COLUMNS = 3.4, 7.0
"""Widths of figures in inches."""


@dataclass(frozen=True)
class Drawn:
    """A figure on disk and what belongs under it.

    Parameters
    ----------
    name, title, caption, how_to_read : str
    path : Path
        The PNG; a PDF of the same name lies beside it.
    """

    name: str
    title: str
    caption: str
    how_to_read: str
    path: Path

    @property
    def heading(self) -> str:
        """The title as a sentence, with its full stop or question mark."""
        return self.title if self.title.endswith("?") else f"{self.title}."

    @property
    def text(self) -> str:
        """What belongs under the figure, as one paragraph."""
        return f"{self.name}: {self.heading} {self.caption} How to read: {self.how_to_read}"


def style() -> Any:
    """Return a context in which matplotlib uses the package's style sheet."""
    return mpl.style.context(STYLE)


def saved(figure: Figure, folder: Path, name: str) -> Path:
    """Save PNG and PDF without dates, so that equal results give equal files; return the PNG's path."""
    figure.savefig(folder / f"{name}.pdf", metadata={"CreationDate": None})
    figure.set_layout_engine("none")  # the first format has laid it out
    figure.savefig(folder / f"{name}.png", metadata={"Software": None})
    return folder / f"{name}.png"


def colours(count: int) -> list[Any]:
    """Return `count` colours that differ in lightness as well, dark to light."""
    return [mpl.colormaps["cividis"](place) for place in np.linspace(0.0, 0.92, max(count, 2))][:count]


def plain_ticks(axis: Axis) -> None:
    """Give a logarithmic axis of few decades ticks at 1, 2 and 5, written as plain numbers."""
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axis.set_minor_formatter(NullFormatter())


def level_line(axes: Axes, level: float, said: str, linestyle: str = ":") -> None:
    """Draw a line across the panel at a `level`, and say on its right, where no point lies, what it is."""
    axes.axhline(level, color="black", linestyle=linestyle, linewidth=0.8)
    axes.annotate(
        said,
        (1, level),
        (2, 0),
        xycoords=("axes fraction", "data"),
        textcoords="offset points",
        va="center",
        fontsize=6.0,
    )


def said_if_empty(axes: Axes, points: int, why: str) -> None:
    """Write into a panel of no `points` `why` it is empty."""
    if not points:
        axes.set_xticks([])
        axes.text(0.5, 0.5, why, ha="center", va="center", transform=axes.transAxes, fontsize=7.0)
