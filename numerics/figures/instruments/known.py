"""How far each volume estimator is off where the answer is known."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from numerics.basin_study.known_volumes import compared
from numerics.figures.script import Data, Missing, Script, Setting
from numerics.plotting import TWO_COLUMNS
from numerics.sweeps.workplace import Workplace

LEAST, MOST = 1e-6, 1e4
"""Nats that are drawn for less, and where the axes end."""

STATES = {
    "trusted": ("C0", "o", "C0"),
    "doubtful": ("C1", "s", "white"),
    "refused": ("#777777", "x", "#777777"),
}
"""Colour, marker and face by verdict."""


@cache
def rows(quick: bool, seed: int) -> list[dict[str, Any]]:
    """Every estimator on every region; 1,000 dimensions as well unless `quick`."""
    return compared(seed, not quick, Workplace())


def data(setting: Setting) -> Data:
    """Regions, estimators, nats off, half-width of the interval and verdict of every run.

    Raises
    ------
    Missing
        If recorded results hold no estimate.
    """
    recorded = setting.results("basins")
    found = recorded["known_volumes"] if recorded else rows(setting.quick, SCRIPT.seed)
    found = [row for row in found if row["off"] is not None]
    if not found:
        raise Missing("the figure known-volumes needs estimates; run twolayer basins to its end")
    return {
        "region": np.array([row["region"] for row in found]),
        "estimator": np.array([row["estimator"] for row in found]),
        "off": np.array([abs(row["off"]) for row in found]),
        "error": np.array([np.nan if row["error"] is None else row["error"] for row in found]),
        "verdict": np.array([row["verdict"] for row in found]),
    }


def draw(data: Data) -> Figure:
    """A panel for every estimator, a row for every region: the error a mark, its stated bound a line."""
    regions = list(dict.fromkeys(data["region"].tolist()))
    kinds = list(dict.fromkeys(data["estimator"].tolist()))
    figure = Figure(figsize=(TWO_COLUMNS, 1.0 + 0.2 * len(regions)))
    panels = figure.subplots(1, len(kinds), sharex=True, sharey=True, squeeze=False)[0]
    for axes, kind in zip(panels, kinds, strict=True):
        for verdict, (colour, marker, face) in STATES.items():
            chosen = (data["estimator"] == kind) & (data["verdict"] == verdict)
            heights = np.array([regions.index(region) for region in data["region"][chosen]], dtype=float)
            stated = np.nan_to_num(data["error"][chosen], nan=0.0, posinf=0.0)
            axes.hlines(heights, LEAST, np.clip(stated, LEAST, MOST), color=colour, linewidth=3, alpha=0.35)
            axes.plot(
                np.clip(data["off"][chosen], LEAST, MOST),
                heights,
                marker,
                color=colour,
                markerfacecolor=face,
                markersize=3.5,
            )
        axes.axvline(0.1, linewidth=0.8, linestyle=":", color="black")
        axes.set(xscale="log", title=kind, xlim=(LEAST / 2, MOST), xticks=[1e-6, 1e-3, 1, 1e3])
        axes.tick_params(axis="x", labelsize=5.5)
        axes.grid(visible=False, axis="x")
    panels[0].set_yticks(range(len(regions)), regions)
    panels[0].set_ylim(len(regions) - 0.5, -0.5)
    marks = [
        panels[0].plot([], [], marker, color=colour, markerfacecolor=face, markersize=3.5, label=verdict)[0]
        for verdict, (colour, marker, face) in STATES.items()
    ]
    figure.supxlabel("nats off the known log-volume", fontsize=7.5)
    figure.legend(handles=marks, loc="outside upper right", ncols=3)
    return figure


SCRIPT = Script(
    name="known-volumes",
    title="Volume estimators where the answer is known",
    how_to_read="A mark within its coloured line is as near to the truth as the estimator said; filled "
    "circles are what "
    "it would stand by, and should be within; crosses it refused itself.",
    caption="Each mark is one run on a region of known log-volume; the line reaches to the half-width of "
    "its 95 % "
    f"interval. {LEAST:g} nats stand for less, {MOST:g} for more; the dotted line is a tenth of a nat. D "
    f"is the dimension, "
    "condition the ratio of extreme eigenvalues. The log product is taken for a log-volume here, which it "
    "is not.",
    data=data,
    draw=draw,
)
