"""Figures of the basin experiment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from numerics.basin_study.classifiers import GAMMA, N_BETA
from numerics.basin_study.students import NO_VOLUME, PREDICTORS
from numerics.basin_study.tables_drawn import LEAST, draw_known, draw_scrambled, known_rows, scrambled
from numerics.plotting import MARKERS, Drawn, plain_ticks, said_if_empty, saved, style
from numerics.statistics.words import with_interval

Results = dict[str, Any]


def draw(results: Results, folder: Path) -> list[Drawn]:
    """Draw the figures of the experiment's `results` into `folder`, as PNG and PDF."""
    with style():
        estimates = [row for row in results["known_volumes"] if row["off"] is not None]
        drawn = [known(estimates, folder)] if estimates else []
        if any(found["minima"] for found in results["students"]):
            drawn.append(frequency(results, folder))
        if any(found["confusion"] for found in results["students"]):
            drawn.append(scrambling(results, folder))
        if any(problem["minima"] for problem in results["problems"]):
            drawn.append(goodness(results, folder))
        rows = results["basins"]["estimates"] if results["basins"] else []
        if any(row["predicted"] is not None for row in rows):
            drawn.append(truth(results["basins"], folder))
    return drawn


def frequency(results: Results, folder: Path) -> Drawn:
    """Share of starts against two log-volumes, for every minimum of every teacher-student problem.

    Parameters
    ----------
    results : dict
        Of :func:`numerics.basin_study.run.experiment`.
    folder : Path

    Returns
    -------
    Drawn
    """
    shown = ("log_soft_volume", "log_ellipsoid")
    figure = Figure(figsize=(6.4, 3.3), layout="constrained")
    for axes, key in zip(figure.subplots(1, 2, sharey=True), shown, strict=True):
        points = 0
        for marker, found in zip(MARKERS, results["students"], strict=False):
            rows = [row for row in found["minima"] if row[key] is not None and row["starts"]]
            x = [row[key] for row in rows]
            points += len(x)
            one = [found["shares"]["flow"][str(found["minima"].index(row))] for row in rows]
            y = np.array([item["value"] for item in one])
            ends = np.array([[item["low"], item["high"]] for item in one]).reshape(-1, 2).T
            axes.errorbar(
                x,
                y,
                yerr=np.abs(ends - y),
                fmt=marker,
                markersize=4,
                linewidth=0.8,
                label=f"problem {found['problem']}: {_rank(found['prediction'][key])}",
            )
        said_if_empty(axes, points, NO_VOLUME)
        axes.set(xlabel=f"{PREDICTORS[key]}, all images", yscale="log")
        axes.legend(
            title="rank correlation", title_fontsize=6.5, loc="lower center", bbox_to_anchor=(0.5, 1.0)
        )
    figure.axes[0].set_ylabel("share of starts, by gradient flow")
    return Drawn(
        "frequency",
        "Does volume predict how often a minimum is reached?",
        f"Soft volume: {results['conventions']['student_volumes']}; starts with "
        f"{results['conventions']['student_starts']}; bars are Clopper and Pearson's 95 % "
        "intervals; minima that the flow reached.",
        "Points that rise to the right say that larger volumes catch more starts.",
        saved(figure, folder, "frequency"),
    )


def _rank(one: Results) -> str:
    if one["rank_correlation"] is None:
        return "none"
    return with_interval(one["rank_correlation"], one["low"], one["high"])


def scrambling(results: Results, folder: Path) -> Drawn:
    """Where other ways take the starts of each of the flow's basins.

    Parameters
    ----------
    results : dict
        Of :func:`numerics.basin_study.run.experiment`.
    folder : Path

    Returns
    -------
    Drawn
    """
    compared = [one for one in results["students"] if one["confusion"]]
    found = max(compared, key=lambda one: len(one["shares"].get("flow", {})))
    figure = draw_scrambled(scrambled(found))
    return Drawn(
        "scrambling",
        "How much other ways down scramble the basins",
        f"Teacher-student problem {found['problem']}, {found['starts']} starts, as counts; shades are what "
        "the counts make certain of the share of the row. The eight most frequent minima and all others; "
        "'none': no minimum, '?': undecided.",
        "A way that keeps to the flow's basins has everything on the diagonal.",
        saved(figure, folder, "scrambling"),
    )


def goodness(results: Results, folder: Path) -> Drawn:
    """Soft volume against test accuracy of every minimum, by problem and attack size.

    Parameters
    ----------
    results : dict
        Of :func:`numerics.basin_study.run.experiment`.
    folder : Path

    Returns
    -------
    Drawn
    """
    problems = results["problems"]
    figure = Figure(figsize=(3.4 * len(problems), 2.8), layout="constrained")
    panels = figure.subplots(1, len(problems), squeeze=False)[0]
    for axes, problem in zip(panels, problems, strict=True):
        for marker, attack in zip(MARKERS, sorted(map(int, problem["good"])), strict=False):
            shown = [
                row
                for row in problem["minima"]
                if row["attack_percent"] == attack and row["converged"] and row["verdict"] != "refused"
            ]
            axes.errorbar(
                [row["test_accuracy"] for row in shown],
                [row["log_mass"] for row in shown],
                yerr=[row["log_mass_error"] for row in shown],
                fmt=marker,
                markersize=3.5,
                linewidth=0.8,
                label=f"{attack} % attack",
            )
        axes.set(title=problem["name"], xlabel="test accuracy", ylabel="ln soft volume")
        axes.legend()
    return Drawn(
        "goodness",
        "Soft volume and test accuracy",
        f"The soft volume is ln of the mean of exp(-{N_BETA:g} (R - R(minimum))) under the Gaussian of "
        f"precision {GAMMA:g} about the minimum, not the volume of its basin. Bars are 95 % intervals, "
        "smaller than the marks where they cannot be seen; refused estimates and starts that did not fit "
        "are not shown.",
        "If good minima are flat, points rise to the right.",
        saved(figure, folder, "goodness"),
    )


def truth(found: Results, folder: Path) -> Drawn:
    """Shares of starts against the masses of the basins by the volume estimators.

    Parameters
    ----------
    found : dict
        Of :func:`numerics.basin_study.true_basins.true_basins`.
    folder : Path

    Returns
    -------
    Drawn
    """
    figure = Figure(figsize=(3.4, 3.0), layout="constrained")
    axes = figure.subplots()
    rows = [row for row in found["estimates"] if row["predicted"] is not None]
    for marker, kind in zip(MARKERS, dict.fromkeys(row["estimator"] for row in rows), strict=False):
        for verdict in ("trusted", "doubtful"):
            shown = [row for row in rows if row["estimator"] == kind and row["verdict"] == verdict]
            if not shown:
                continue
            x, y = (np.array([row[key] for row in shown]) for key in ("share", "predicted"))
            across, along = (
                np.abs(np.array([[row[f"{key}_low"], row[f"{key}_high"]] for row in shown]).T - middle)
                for key, middle in (("share", x), ("predicted", y))
            )
            face = None if verdict == "trusted" else "white"
            axes.errorbar(
                x,
                y,
                xerr=across,
                yerr=along,
                fmt=marker,
                linewidth=0.8,
                label=f"{kind}, {verdict}",
                markerfacecolor=face,
            )
    ends = [min(row["share_low"] for row in found["estimates"]) / 1.5, 1.0]
    axes.plot(ends, ends, color="0.6", linewidth=0.8, linestyle=":")
    axes.set(xscale="log", yscale="log", xlabel="share of starts that the flow takes there")
    axes.set_ylabel("orbit times mass of the basin")
    plain_ticks(axes.xaxis)
    plain_ticks(axes.yaxis)
    axes.legend(loc="lower right")
    return Drawn(
        "basins",
        "Volumes of true basins, and the shares of starts they catch",
        f"A student of one unit, P = {found['parameters']}, {found['starts']} starts; membership by "
        "gradient flow; bars are 95 % intervals; refused estimates are not shown.",
        "An estimator that is right lies on the dotted line.",
        saved(figure, folder, "basins"),
    )


def known(rows: list[Results], folder: Path) -> Drawn:
    """How far each estimator is off on regions whose volume is known.

    Parameters
    ----------
    rows : list of dict
        Of :func:`numerics.basin_study.known_volumes.compared`.
    folder : Path

    Returns
    -------
    Drawn
    """
    figure = draw_known(known_rows(rows))
    return Drawn(
        "known_volumes",
        "Volume estimators where the answer is known",
        f"Each mark is one run, its line the half-width of the 95 % interval; {LEAST:g} stands for less. "
        "Filled: trusted; hollow: doubtful; crosses: "
        "refused, with the value that would not be quoted, where there is one. The log product is taken for "
        "a log-volume, which it is not.",
        "Filled marks should be within their line; the dotted line is a tenth of a nat.",
        saved(figure, folder, "known_volumes"),
    )
