"""How long exact curvature takes, beside other tools, by size: from a recorded run of the benchmarks."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from numerics.figures.script import Data, Missing, Script, Setting
from numerics.plotting import MARKERS, TWO_COLUMNS

FILE = "benchmarks.json"

ADVICE = (
    f"the figure timing needs a recorded run, {FILE} in the folder of --data, since times belong to a "
    "machine; a checkout of the source has one: twolayer figures timing --data docs/measured; to make your "
    f"own there, on an idle machine: python -m benchmarks --json > FOLDER/{FILE}, then "
    "twolayer figures timing --data FOLDER"
)


def data(setting: Setting) -> Data:
    """Work, size, tool and seconds of every timing in the record.

    Raises
    ------
    Missing
        If there is no such record.
    """
    record = setting.read(FILE)
    if record is None:
        raise Missing(ADVICE)
    try:
        rows = [list(each) for each in timings(record)]
        where = f"{record['machine']['processor']}, {record['machine']['cores']} cores"
        when = f" on {record['day']}, by `{record['command']}`" if "day" in record else ""
    except (AttributeError, KeyError, TypeError, ValueError) as reason:
        raise Missing(f"{ADVICE}; got a file that is no such record ({type(reason).__name__})") from reason
    if not rows:
        raise Missing(f"{ADVICE}; got a record without timings")
    work, size, tool, seconds = zip(*rows, strict=True)
    return {
        "work": np.array(work),
        "size": np.array(size),
        "tool": np.array(tool),
        "seconds": np.array(seconds, dtype=float),
        "note": np.array(f"Measured on {where}{when}."),
    }


def timings(record: dict[str, Any]) -> list[tuple[str, str, str, float]]:
    """Work, size, tool and seconds of a `record`; tools that were not installed have none."""
    return [
        (str(row["work"]), str(row["size"]), str(each["name"]), float(each["seconds"]))
        for row in record["results"]
        for each in row.get("timings", [])
        if each["seconds"] is not None and float(each["seconds"]) > 0
    ]


def draw(data: Data) -> Figure:
    """A row for every work and size, a mark for every tool on a logarithmic axis of seconds."""
    rows = list(dict.fromkeys(zip(data["work"].tolist(), data["size"].tolist(), strict=True)))
    tools = list(dict.fromkeys(data["tool"].tolist()))
    figure = Figure(figsize=(TWO_COLUMNS, 0.8 + 0.17 * len(rows) + 0.16 * len(tools) / 3))
    axes = figure.subplots()
    heights = np.array(
        [rows.index(row) for row in zip(data["work"].tolist(), data["size"].tolist(), strict=True)]
    )
    for number, tool in enumerate(tools):
        chosen = data["tool"] == tool
        colour = "black" if number == 0 else f"C{(number - 1) % 6}"
        marker = MARKERS[number % len(MARKERS)]
        face = colour if number < len(MARKERS) else "white"
        axes.plot(
            data["seconds"][chosen],
            heights[chosen],
            marker,
            color=colour,
            markerfacecolor=face,
            markersize=4,
            label=tool,
        )
    axes.set(xscale="log", xlabel="seconds, the median of several runs")
    axes.set_yticks(range(len(rows)), [", ".join(part for part in row if part) for row in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=3)
    return figure


SCRIPT = Script(
    name="timing",
    title="How long exact curvature takes, beside other tools",
    how_to_read="In each row, further left is faster, by the factor between the marks; black circles are "
    "this package.",
    caption="Times after compilation, everything in float64, tools in turns in one process. Where a tool "
    "estimates what "
    "others compute exactly, the row says so.",
    data=data,
    draw=draw,
)
