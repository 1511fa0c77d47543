"""A figure of two columns laid out anew for one: its panels below each other, its words in shorter lines."""

from __future__ import annotations

from textwrap import fill

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec
from matplotlib.legend import Legend

from numerics.plotting import ONE_COLUMN

LONG = 24
"""Letters of a label beside an axis that stay in one line."""

WHOLE = 46
"""Letters that fit below a panel as wide as the figure."""

LETTER, MARK, SYMBOL = 0.055, 0.4, 8
"""Inches of a letter in a legend, of the mark before a label and the space behind; letters of a formula."""


def narrowed(figure: Figure) -> Figure:
    """Lay `figure` out one column wide, and return it.

    Panels that stood in a row stand in half as many columns; each keeps its height. Labels longer than `LONG`
    letters are broken, legends have half as many columns. A figure that is no wider than a column is left as
    it is.
    """
    width, height = figure.get_size_inches()
    panels = [axes for axes in figure.axes if axes.get_subplotspec() is not None]
    if width <= ONE_COLUMN or not panels:
        return figure
    factor = rearranged(figure, panels) * max(broken(axes) for axes in panels)
    for legend in list(figure.legends):
        again(figure, legend)
    if figure.get_supxlabel():
        figure.supxlabel(wrapped(figure.get_supxlabel(), WHOLE), fontsize=7.5)
    figure.set_size_inches(ONE_COLUMN, 0.5 + (height - 0.3) * factor)
    return figure


def rearranged(figure: Figure, panels: list[Axes]) -> float:
    """Put the `panels` into half as many columns; return how many times as many rows they have."""
    spec = panels[0].get_subplotspec()
    assert spec is not None
    rows, columns = spec.get_gridspec().get_geometry()
    across = max(1, columns // 2)
    parts = -(-columns // across)
    grid = GridSpec(rows * parts, across, figure=figure)
    firsts: dict[int, Axes] = {}
    thinned: list[Axes] = []
    for axes in panels:
        spec = axes.get_subplotspec()
        assert spec is not None
        row, column = divmod(spec.num1, columns)
        first = firsts.setdefault(row, axes)
        axes.set_subplotspec(grid[row * parts + column // across, column % across])
        if column and column % across == 0:
            relabelled(axes, first, alike=rows > 1)
        shortened(axes, across)
        if across > 2 and not any(axes.get_shared_x_axes().joined(axes, other) for other in thinned):
            axes.set_xticks(axes.get_xticks()[::2])
            thinned.append(axes)
    return float(parts)


def relabelled(axes: Axes, first: Axes, *, alike: bool) -> None:
    """Show beside a panel that now begins a row what stood beside the `first` of its old row.

    Its label is that of all if panels share an axis, or if there were several rows of panels `alike`.
    """
    shared = axes.get_shared_y_axes().joined(axes, first)
    if shared:
        axes.tick_params(labelleft=True)
    if not axes.get_ylabel() and (alike or shared or axes.get_shared_x_axes().joined(axes, first)):
        axes.set_ylabel(first.get_ylabel())


def shortened(axes: Axes, across: int) -> None:
    """Break the title and label of a panel, one of so many `across`; ticks of two lines become smaller."""
    axes.set_xlabel(wrapped(axes.get_xlabel(), WHOLE // across))
    if across > 2:
        axes.set_title(wrapped(axes.get_title(), 10))
    if any("\n" in tick.get_text() for tick in axes.get_xticklabels()):
        axes.tick_params(axis="x", labelsize=5.0)


def wrapped(text: str, letters: int) -> str:
    """`text` in lines of at most so many `letters`; lines that are there and formulas stay as they are."""
    return text if "$" in text or "\n" in text else fill(text, letters, break_long_words=False)


def again(figure: Figure, legend: Legend) -> None:
    """Put a `legend` of the whole figure there anew, in as many columns as there is room for."""
    labels = [text.get_text() for text in legend.get_texts()]
    letters = max((SYMBOL if "$" in label else len(label) for label in labels), default=SYMBOL)
    across = int((ONE_COLUMN - 0.1) / (MARK + LETTER * letters))
    place = "lower" if getattr(legend, "_outside_loc", None) == "lower" else "upper"
    handles = legend.legend_handles
    legend.remove()
    figure.legend(handles, labels, loc=f"outside {place} center", ncols=max(1, across))  # type: ignore[call-overload]


def broken(axes: Axes) -> float:
    """Break long labels of the rows of a panel; return how much more height they take."""
    labels = [label.get_text() for label in axes.get_yticklabels()]
    texts = [text for text in axes.texts if text.get_text() and text.get_position()[0] >= 1.0]
    for text in texts:
        text.set_text(wrapped(text.get_text(), LONG // 2))
    if not any(len(label) > LONG for label in labels):
        return 1.0
    axes.set_yticks(axes.get_yticks(), [wrapped(label, LONG) for label in labels])
    return 1.35
