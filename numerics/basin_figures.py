"""Figures of the basin experiment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from numerics.drawing import MARKERS, Drawn, saved, style

Results = dict[str, Any]


def draw(results: Results, folder: Path) -> list[Drawn]:
    """Draw the figures of the experiment's `results` into `folder`, as PNG and PDF."""
    with style():
        return [goodness(results, folder), known(results, folder)]


def goodness(results: Results, folder: Path) -> Drawn:
    """Soft volume against test accuracy of every minimum, by problem and attack size.

    Parameters
    ----------
    results : dict
        Of :func:`numerics.basin_experiment.experiment`.
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
        f"{results['conventions']['volumes']}; bars are 95 % intervals; refused estimates are not shown.",
        "If good minima are flat, points rise to the right.",
        saved(figure, folder, "goodness"),
    )


def known(results: Results, folder: Path) -> Drawn:
    """How far each estimator is off on potentials whose volume is known.

    Parameters
    ----------
    results : dict
        Of :func:`numerics.basin_experiment.experiment`.
    folder : Path

    Returns
    -------
    Drawn
    """
    rows = results["known_volumes"]
    names = list(dict.fromkeys(row["potential"] for row in rows))
    figure = Figure(figsize=(6.4, 3.0), layout="constrained")
    axes = figure.subplots()
    for marker, kind in zip(MARKERS, dict.fromkeys(row["estimator"] for row in rows), strict=False):
        shown = [row for row in rows if row["estimator"] == kind and row["off"] is not None]
        axes.plot(
            [max(abs(row["off"]), 1e-12) for row in shown],
            [names.index(row["potential"]) for row in shown],
            marker,
            label=kind,
        )
    axes.axvline(0.1, linewidth=0.8, linestyle=":", color="0.5")
    axes.set(xscale="log", xlabel="nats off the known log-volume", yticks=np.arange(len(names)))
    axes.set_yticklabels(names)
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return Drawn(
        "known_volumes",
        "Volume estimators where the answer is known",
        "Each point is one run; 1e-12 stands for less. The isotropic radial estimate has 100 rays.",
        "Left of the dotted line is within a tenth of a nat; what is far right refused to be quoted.",
        saved(figure, folder, "known_volumes"),
    )
