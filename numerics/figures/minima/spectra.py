"""Spectra of a good and a bad minimum, with the Gauss-Newton and the residual part apart."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

import twolayer as tl
from numerics.figures.minima.trained import LOGISTIC_RISK, spiral_pair
from numerics.figures.script import Data, Script, Setting
from numerics.plotting import TWO_COLUMNS

COLOURS, MARKS = ("black", "C0", "C1"), ("o", "s", "^")


def data(setting: Setting) -> Data:
    """All eigenvalues of H, G and R at both networks, with their rounding bounds."""
    pair = spiral_pair(SCRIPT.seed, loss="logistic")
    X, y = pair.problem.genuine
    values, errors = [], []
    for net in (pair.good, pair.bad):
        H = tl.Hessian(net, X, (y + 1) / 2, "logistic")
        found = [part.eigenvalues() for part in (H, H.gauss_newton, H.residual)]
        values.append([each.value for each in found])
        errors.append([np.broadcast_to(each.error, each.value.shape) for each in found])
    accuracy = [pair.problem.accuracy(net) for net in (pair.good, pair.bad)]
    return {"values": np.array(values), "errors": np.array(errors), "accuracy": np.array(accuracy)}


def draw(data: Data) -> Figure:
    """A panel for each network: absolute eigenvalues by rank, negative ones hollow."""
    figure = Figure(figsize=(TWO_COLUMNS, 2.9))
    panels = figure.subplots(1, 2, sharex=True, sharey=True)
    for axes, name, number in zip(panels, ("Good", "Bad"), (0, 1), strict=True):
        for colour, mark, values, errors in zip(
            COLOURS, MARKS, data["values"][number], data["errors"][number], strict=True
        ):
            order = np.argsort(-np.abs(values))
            known = np.abs(values[order]) > errors[order]
            ranks, height = np.arange(1, len(values) + 1)[known], values[order][known]
            options = {"color": colour, "markersize": 3, "linestyle": ""}
            axes.plot(ranks[height > 0], height[height > 0], mark, **options)
            axes.plot(ranks[height < 0], -height[height < 0], mark, markerfacecolor="none", **options)
        axes.set(yscale="log", xlabel="rank by absolute value")
        axes.set_title(f"{name} minimum, test accuracy {data['accuracy'][number]:.2f}")
    panels[0].set_ylabel("|eigenvalue| (hollow: negative)")
    marks = [
        panels[0].plot([], [], mark, color=colour, markersize=3, label=label)[0]
        for colour, mark, label in zip(
            COLOURS, MARKS, ("Hessian, the sum of both", "Gauss-Newton part G", "residual part"), strict=True
        )
    ]
    figure.legend(handles=marks, loc="outside lower center", ncols=3)
    return figure


SCRIPT = Script(
    name="spectra",
    title="The spectrum of the Hessian and of its two parts",
    how_to_read="A higher curve is a sharper minimum: the few largest eigenvalues are those of the "
    "Gauss-Newton part, "
    "and the bad minimum's are far above the good one's; the long tail and every negative one come from "
    "the residual "
    "part.",
    caption="Two-class spiral, n = 40, one hidden layer of 24 tanh units with biases (P = 96), logistic "
    "loss averaged "
    f"over samples, training stopped at a risk of {LOGISTIC_RISK:g}, since its infimum is not attained. G "
    f"has rank 40 "
    "at most; the residual part is the mean of the loss's slope times the second derivatives of f, and "
    "would vanish "
    "at such solutions with the squared loss. Eigenvalues are exact; those within their rounding bound of "
    "zero are "
    "left out.",
    data=data,
    draw=draw,
)
