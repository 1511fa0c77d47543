"""How much better other ways down do than the gradient flow from the same starts."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from numerics.basin_study.problems import LABELS
from numerics.figures.basins.studied import problems
from numerics.figures.script import Data, Missing, Script, Setting
from numerics.plotting import MARKERS, TWO_COLUMNS

COUNTS = 0.05
"""A gain in accuracy that counts."""


def data(setting: Setting) -> Data:
    """Gain over the flow with its interval, by problem and way.

    Raises
    ------
    Missing
        If no gain is known.
    """
    rows = [
        (problem["name"], way, gain["value"], gain["error"], gain["count"])
        for problem in problems(setting, SCRIPT.seed)
        for way, facts in problem["ways"].items()
        if way != "flow" and (gain := facts["above_flow"]) and gain["error"] is not None
    ]
    if not rows:
        raise Missing(
            "the figure ways needs starts that went down by two ways; run twolayer basins to its end"
        )
    names, ways, value, error, count = zip(*rows, strict=True)
    return {
        "problem": np.array(names),
        "way": np.array(ways),
        "value": np.array(value),
        "error": np.array(error),
        "count": np.array(count),
    }


def draw(data: Data) -> Figure:
    """A row for each problem and way."""
    figure = Figure(figsize=(TWO_COLUMNS, 0.8 + 0.2 * len(data["value"])))
    axes, kinds = figure.subplots(), list(dict.fromkeys(data["way"].tolist()))
    names = []
    for height, (problem, way, value, error, count) in enumerate(
        zip(*(data[key] for key in ("problem", "way", "value", "error", "count")), strict=True)
    ):
        number = kinds.index(way)
        axes.errorbar(
            value, height, xerr=error, fmt=MARKERS[number], color=f"C{number}", markersize=4, capsize=2
        )
        names.append(f"{problem}, {LABELS.get(str(way), str(way))}, {count} starts")
    axes.axvline(0.0, color="black", linewidth=0.8)
    axes.axvline(COUNTS, color="black", linestyle=":", linewidth=0.8)
    axes.annotate(
        " counts from here", (COUNTS, 0), xycoords=("data", "axes fraction"), va="bottom", fontsize=6.5
    )
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    reach = 1.15 * float(np.max(np.abs(data["value"]) + data["error"]))
    axes.set_xlim(-max(reach, 0.1), max(reach, 0.1))
    axes.set_xlabel("test accuracy above that of the gradient flow from the same start")
    axes.grid(visible=False, axis="y")
    return figure


SCRIPT = Script(
    name="ways",
    title="What noise gains over the gradient flow",
    how_to_read="If the noise of SGD found the good minima, its marks would lie right of the dotted line; "
    "an interval about zero says that the way down makes no difference.",
    caption="Differences of test accuracy, paired by start, where both ways fit every genuine sample; bars "
    "are Student's 95 % intervals. Gradient descent and L-BFGS have no noise, SGD has.",
    data=data,
    draw=draw,
)
