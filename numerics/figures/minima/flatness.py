"""Test accuracy of minima against two measures of flatness, by activation."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from numerics.figures.minima.attack import described
from numerics.figures.minima.trained import digit_results
from numerics.figures.script import Data, Script, Setting
from numerics.minima_study.columns import values
from numerics.minima_study.figures import LABELS
from numerics.minima_study.findings import of_arm
from numerics.plotting import MARKERS, TWO_COLUMNS, colours, level_line, plain_ticks

KEYS = ("frobenius_norm", "log_product_all")
MOST = 4
"""Activations that are shown."""


def data(setting: Setting) -> Data:
    """Accuracy, flatness, attack and arm of all minima of the first arm of every activation."""
    results = setting.results("two-layer") or digit_results(setting.quick, SCRIPT.seed)
    arms = shown(results["arms"])
    minima = [facts for name in arms for facts in of_arm(results["minima"], name)]
    return {
        "arms": np.array(arms),
        "arm": np.array([arms.index(facts["arm"]) for facts in minima]),
        "attack": np.array([facts["attack"] for facts in minima]),
        "test_accuracy": values(minima, "test_accuracy"),
        **{key: values(minima, key) for key in KEYS},
        "note": np.array(described(results)),
    }


def shown(arms: list[dict[str, Any]]) -> list[str]:
    """Names of the first arm of every activation, with the loss of the first arm of all."""
    first: dict[str, str] = {}
    for arm in arms:
        if (arm["loss"], arm["descent"]) == (arms[0]["loss"], arms[0]["descent"]):
            first.setdefault(arm["activation"], arm["name"])
    return list(first.values())[:MOST]


def draw(data: Data) -> Figure:
    """A panel for each measure; attack sizes by colour, activations by marker."""
    figure = Figure(figsize=(TWO_COLUMNS, 2.9))
    panels = figure.subplots(1, 2, sharey=True)
    for axes, key in zip(panels, KEYS, strict=True):
        scatter(axes, data, key)
        level_line(axes, 0.5, "chance" if axes is panels[-1] else "")
        axes.set_xlabel(LABELS[key])
    panels[0].set_xscale("log")
    plain_ticks(panels[0].xaxis)
    panels[0].set(ylabel="test accuracy", ylim=(0.0, 1.02))
    sizes = np.unique(data["attack"])
    marks = [
        Line2D([], [], color="0.3", marker=marker, linestyle="", label=name)
        for name, marker in zip(data["arms"], MARKERS, strict=False)
    ]
    marks += [
        Line2D([], [], color=colour, marker="s", markersize=6, linestyle="", label=f"{size} wrong labels")
        for size, colour in zip(sizes, colours(len(sizes)), strict=True)
    ]
    figure.legend(handles=marks, loc="outside upper center", ncols=7)
    return figure


def scatter(axes: Axes, data: Data, key: str) -> None:
    """All minima in one panel."""
    sizes = np.unique(data["attack"])
    for size, colour in zip(sizes, colours(len(sizes)), strict=True):
        for number, marker in zip(range(len(data["arms"])), MARKERS, strict=False):
            chosen = (data["attack"] == size) & (data["arm"] == number)
            face = colour if number == 0 else "none"
            axes.plot(
                data[key][chosen],
                data["test_accuracy"][chosen],
                marker,
                color=colour,
                markerfacecolor=face,
                markersize=3.6,
                markeredgewidth=0.7,
            )


SCRIPT = Script(
    name="flatness",
    title="Test accuracy of minima against two measures of flatness",
    how_to_read="Every mark is a minimum, and flat is to the left in the left panel, to the right in the "
    "right one; look also among marks of one colour, which met equally many wrong labels: there a slope is "
    "not made by the attack.",
    caption="Right: the paper's proxy for volume, minus the sum of the logarithms of the n largest "
    "eigenvalues of the Hessian H of the training risk. Filled marks are the first activation of the legend, "
    "hollow ones the others. All values are exact up to rounding.",
    data=data,
    draw=draw,
)
