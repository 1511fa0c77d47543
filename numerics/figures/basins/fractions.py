"""The share of random starts that each minimum gets, by four ways down."""

from __future__ import annotations

import numpy as np
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from numerics.basin_study.problems import LABELS
from numerics.figures.basins.studied import students
from numerics.figures.script import Data, Missing, Script, Setting
from numerics.plotting import MARKERS, TWO_COLUMNS

MOST = 12


def data(setting: Setting) -> Data:
    """Shares with their intervals, by way and minimum, of the problem with most minima.

    Raises
    ------
    Missing
        If no start has landed.
    """
    known = students(setting, SCRIPT.seed)
    if not known:
        raise Missing("the figure fractions needs starts that have landed; run twolayer basins to its end")
    found = max(known, key=lambda each: len(each["shares"]["flow"]))
    flow = found["shares"]["flow"]
    minima = sorted((label for label in flow if int(label) >= 0), key=lambda label: -flow[label]["value"])[
        :MOST
    ]
    labels, ways = [*minima, "-1", "-2"], list(found["shares"])
    none = {"value": 0.0, "low": np.nan, "high": np.nan}
    table = [[found["shares"][way].get(label, none) for label in labels] for way in ways]
    risks = [found["minima"][int(label)]["value"] for label in minima]
    return {
        "ways": np.array(ways),
        "labels": np.array(labels),
        "risks": np.array(risks),
        **{key: np.array([[cell[key] for cell in row] for row in table]) for key in ("value", "low", "high")},
        "note": np.array(f"{found['starts']} starts, P = {found['parameters']}, seed {SCRIPT.seed}."),
    }


def draw(data: Data) -> Figure:
    """Minima across, the most frequent first; a mark with its interval for every way down."""
    figure = Figure(figsize=(TWO_COLUMNS, 2.6))
    axes, ways = figure.subplots(), data["ways"]
    places = np.arange(len(data["labels"]))
    marks: list[Artist] = []
    for number, marker in enumerate(MARKERS[: len(ways)]):
        value, low, high = (data[key][number] for key in ("value", "low", "high"))
        known = np.isfinite(low)
        bars = axes.errorbar(
            (places + 0.16 * (number - (len(ways) - 1) / 2))[known],
            value[known],
            yerr=np.abs(np.array([low, high]) - value)[:, known],
            fmt=marker,
            markersize=4,
            linewidth=0.9,
        )
        marks.append(bars.lines[0])
    names = [LABELS.get(str(way), str(way)) for way in ways]
    axes.set_xticks(places, [*(f"{risk:.2g}" for risk in data["risks"]), "no\nminimum", "un-\ndecided"])
    axes.set(
        xlabel="risk R of the minimum, the most frequent by gradient flow first", ylabel="share of starts"
    )
    axes.set_ylim(bottom=0.0)
    axes.grid(visible=False, axis="x")
    figure.legend(handles=marks, labels=names, loc="outside upper center", ncols=4)
    return figure


SCRIPT = Script(
    name="fractions",
    title="How often random starts reach each minimum, by four ways down",
    how_to_read="Where the intervals of another way lie off those of the gradient flow, that way takes "
    "starts out of "
    "the basins of the flow.",
    caption="A student of 4 tanh units with biases learns from a teacher of 8, 3 inputs, n = 100, squared "
    "loss; starts "
    "from a standard normal law of all parameters. Minima equal up to permutations and sign flips of units "
    "are one. "
    "Bars are Clopper and Pearson's 95 % intervals, each for itself; minima that a way did not reach have "
    "no mark. "
    "Undecided: the label changes at a tenth of the flow's tolerance.",
    data=data,
    draw=draw,
)
