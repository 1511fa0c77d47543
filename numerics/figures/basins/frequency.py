"""How often minima are reached against the volume about them."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from numerics.basin_study.students import NO_VOLUME
from numerics.figures.basins.studied import students
from numerics.figures.script import Data, Missing, Script, Setting
from numerics.plotting import MARKERS, TWO_COLUMNS, said_if_empty
from numerics.statistics.words import with_interval

KEYS = {
    "log_soft_volume": "ln soft volume of all images",
    "log_ellipsoid": r"$-\frac{1}{2}\sum_i \ln\lambda_i$, plus ln of the number of images",
}


def data(setting: Setting) -> Data:
    """Share of starts and both volumes of every minimum that the flow reached, and rank correlations.

    Raises
    ------
    Missing
        If no start has landed.
    """
    known = students(setting, SCRIPT.seed)
    rows = []
    for number, found in enumerate(known):
        for index, minimum in enumerate(found["minima"]):
            share = found["shares"]["flow"].get(str(index))
            if share is not None:
                volumes = [np.nan if minimum[key] is None else minimum[key] for key in KEYS]
                rows.append([number, share["value"], share["low"], share["high"], *volumes])
    if not rows:
        raise Missing("the figure frequency needs starts that have landed; run twolayer basins to its end")
    ranks = [[said(found["prediction"][key]) for key in KEYS] for found in known]
    starts = ", ".join(str(found["starts"]) for found in known)
    return {
        "rows": np.array(rows, dtype=float),
        "problems": np.array([found["problem"] for found in known]),
        "ranks": np.array(ranks),
        "note": np.array(f"Starts: {starts}; seed {SCRIPT.seed}."),
    }


def said(one: dict) -> str:  # type: ignore[type-arg]
    """A rank correlation with its interval, as text."""
    if one["rank_correlation"] is None:
        return "none"
    return with_interval(one["rank_correlation"], one["low"], one["high"])


def draw(data: Data) -> Figure:
    """A panel for each volume; problems by marker."""
    figure = Figure(figsize=(TWO_COLUMNS, 3.0))
    panels = figure.subplots(1, 2, sharey=True)
    for number, (axes, label) in enumerate(zip(panels, KEYS.values(), strict=True)):
        for problem, (name, ranks, marker) in enumerate(
            zip(data["problems"], data["ranks"], MARKERS, strict=False)
        ):
            chosen = (data["rows"][:, 0] == problem) & np.isfinite(data["rows"][:, 4 + number])
            _, share, low, high = data["rows"][chosen, :4].T
            axes.errorbar(
                data["rows"][chosen, 4 + number],
                share,
                yerr=np.abs(np.array([low, high]) - share),
                fmt=marker,
                markersize=4,
                linewidth=0.8,
                label=f"problem {name}, rank correlation {ranks[number]}",
            )
        points = int(np.isfinite(data["rows"][:, 4 + number]).sum())
        said_if_empty(axes, points, NO_VOLUME)
        axes.set(yscale="log", xlabel=label)
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0))
    panels[0].set_ylabel("share of starts, by gradient flow")
    return figure


SCRIPT = Script(
    name="frequency",
    title="Does the volume about a minimum predict how often it is reached?",
    how_to_read="Marks that rise to the right say that larger volumes catch more starts.",
    caption="Students of 4 tanh units that learn from a teacher of 8, starts from a standard normal law of "
    "all "
    "parameters. One mark for every minimum that the gradient flow reached, with Clopper and Pearson's 95 % "
    "interval; rank correlations with Bonett and Wright's. Left, ln of the mean of exp(−1000 (R − R_min)) "
    "under "
    "the Gaussian of precision 1 about the minimum, plus ln of how many images it has under permutations and "
    "sign flips; right, the same for the quadratic part of the risk, without cutting.",
    data=data,
    draw=draw,
)
