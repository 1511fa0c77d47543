"""Where other ways down take the starts of each basin of the gradient flow."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from numerics.basin_study.ways import LABELS
from numerics.figures.basins.studied import students
from numerics.figures.script import Data, Missing, Script, Setting
from numerics.plotting import TWO_COLUMNS
from numerics.statistics.shares import share

MOST = 8
"""Minima that have a row of their own."""

NAMES = {"-1": "none", "-2": "?"}


def data(setting: Setting) -> Data:
    """Counts by way, minimum of the flow and minimum of the way, and how many starts agree.

    Raises
    ------
    Missing
        If no start went down by two ways.
    """
    known = [found for found in students(setting, SCRIPT.seed) if found["confusion"]]
    if not known:
        raise Missing("the figure scrambling needs starts that have landed; run twolayer basins to its end")
    found = max(known, key=lambda one: len(one["shares"]["flow"]))
    flow = found["shares"]["flow"]
    reached = sorted((label for label in flow if int(label) >= 0), key=lambda label: -flow[label]["value"])
    labels = [*reached[:MOST], "other", "-1", "-2"]
    ways = list(found["confusion"])
    agreed = [[found["agreement_with_flow"][way][key] for key in ("value", "low", "high")] for way in ways]
    return {
        "ways": np.array(ways),
        "labels": np.array([NAMES.get(label, label) for label in labels]),
        "counts": np.array([counted(found["confusion"][way], labels) for way in ways]),
        "agreed": np.array(agreed),
        "note": np.array(f"Problem {found['problem']}, {found['starts']} starts, P = {found['parameters']}."),
    }


def counted(confusion: dict[str, Any], labels: list[str]) -> np.ndarray:
    """The table of counts: minima of the flow down, of the other way across; shape (labels, labels)."""
    table, other = np.zeros((len(labels), len(labels)), dtype=int), labels.index("other")
    place = {label: number for number, label in enumerate(labels)}
    for one, row in confusion.items():
        for two, count in row.items():
            table[place.get(one, other), place.get(two, other)] += count
    return table


def least(table: np.ndarray) -> np.ndarray:
    """The lower end of the 95 % interval of every cell's share of its row, shape of `table`."""
    total = table.sum(axis=1)
    return np.array(
        [
            [share(int(count), int(whole)).low if count else 0.0 for count in row]
            for row, whole in zip(table, total, strict=True)
        ]
    )


def draw(data: Data) -> Figure:
    """A table of counts for each way, shaded by the share that is certain at least."""
    figure = Figure(figsize=(TWO_COLUMNS, 2.9))
    panels = figure.subplots(1, len(data["ways"]), sharey=True, squeeze=False)[0]
    for axes, way, table, agreed in zip(panels, data["ways"], data["counts"], data["agreed"], strict=True):
        shade = least(table)
        image = axes.imshow(shade, cmap="cividis", vmin=0, vmax=1)
        for (row, column), count in np.ndenumerate(table):
            if count:
                colour = "black" if shade[row, column] > 0.5 else "white"
                axes.text(column, row, str(count), ha="center", va="center", fontsize=5.5, color=colour)
        dressed(axes, data["labels"].tolist())
        value, low, high = agreed
        name = LABELS.get(str(way), str(way))
        axes.set_title(f"{name}: {value:.0%} [{low:.0%}, {high:.0%}]\nend where the flow does")
        axes.set_xlabel(f"minimum by {name}")
    panels[0].set_ylabel("minimum by gradient flow")
    figure.colorbar(image, ax=panels, label="share of the row, at least", shrink=0.8)
    return figure


def dressed(axes: Axes, labels: list[str]) -> None:
    """Ticks at all labels, and no grid."""
    axes.set_xticks(range(len(labels)), labels, rotation=90)
    axes.set_yticks(range(len(labels)), labels)
    axes.grid(visible=False)


SCRIPT = Script(
    name="scrambling",
    title="How much other ways down scramble the basins of the flow",
    how_to_read="A way that keeps to the flow's basins has everything on the diagonal; the shade is what the "
    "counts make certain, so that 1 of 1 is dark and 11 of 11 bright.",
    caption="Counts of starts by the minimum that the gradient flow reaches and the one that another way "
    "reaches; the shade is the lower end of the 95 % interval (Clopper and Pearson) of the share of the row. "
    "The eight most frequent minima by number, then all others; none: no minimum; ?: undecided.",
    data=data,
    draw=draw,
)
