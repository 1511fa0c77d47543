"""Two tables as figures: where other ways take the starts of a basin, and how far off estimators are."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from numerics.basin_study.problems import LABELS
from numerics.plotting import TWO_COLUMNS
from numerics.statistics.shares import share

Data = dict[str, np.ndarray]

LEAST, MOST = 1e-6, 1e4
"""Nats that are drawn for less, and where the axes end."""

STATES = {
    "trusted": ("C0", "o", "C0"),
    "doubtful": ("C1", "s", "white"),
    "refused": ("#777777", "x", "#777777"),
}
"""Colour, marker and face by verdict."""

SHOWN = 8
"""Minima that have a row of their own."""

NAMES = {"-1": "none", "-2": "?"}


def known_rows(rows: list[dict[str, Any]]) -> Data:
    """Regions, estimators, nats off, half-width of the interval and verdict of every estimate in `rows`."""
    found = [row for row in rows if row["off"] is not None]
    return {
        "region": np.array([row["region"] for row in found]),
        "estimator": np.array([row["estimator"] for row in found]),
        "off": np.array([abs(row["off"]) for row in found]),
        "error": np.array([np.nan if row["error"] is None else row["error"] for row in found]),
        "verdict": np.array([row["verdict"] for row in found]),
    }


def draw_known(data: Data) -> Figure:
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


def scrambled(found: dict[str, Any]) -> Data:
    """Counts by way, minimum of the flow and minimum of the way, and how many starts agree."""
    flow = found["shares"]["flow"]
    reached = sorted((label for label in flow if int(label) >= 0), key=lambda label: -flow[label]["value"])
    labels = [*sorted(reached[:SHOWN], key=int), "other", "-1", "-2"]
    ways = list(found["confusion"])
    agreed = [[found["agreement_with_flow"][way][key] for key in ("value", "low", "high")] for way in ways]
    return {
        "ways": np.array(ways),
        "labels": np.array([NAMES.get(label, label) for label in labels]),
        "counts": np.array([counted(found["confusion"][way], labels) for way in ways]),
        "agreed": np.array(agreed),
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


def draw_scrambled(data: Data) -> Figure:
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
