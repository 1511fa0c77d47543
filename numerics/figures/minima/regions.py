"""Decision regions of a good and a bad minimum on the two-class spiral."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

import twolayer as tl
from numerics.figures.minima.trained import spiral_pair
from numerics.figures.script import Data, Script, Setting
from numerics.plotting import TWO_COLUMNS

SIDE, REACH = 121, 2.3


def data(setting: Setting) -> Data:
    """Outputs of both networks on a grid, the samples, and accuracy and norm of each."""
    pair = spiral_pair(SCRIPT.seed)
    X, y = pair.problem.genuine
    axis = np.linspace(-REACH, REACH, SIDE)
    grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    nets = (pair.good, pair.bad)
    return {
        "axis": axis,
        "outputs": np.array([net(grid).reshape(SIDE, SIDE) for net in nets]),
        "X": X,
        "y": y,
        "attack": pair.attack,
        "accuracy": np.array([pair.problem.accuracy(net) for net in nets]),
        "norm": np.array([tl.Hessian(net, X, y).frobenius_norm().value for net in nets]),
    }


def draw(data: Data) -> Figure:
    """A panel for each network: regions by shade, genuine samples by marker, attack samples as crosses."""
    figure = Figure(figsize=(TWO_COLUMNS, 3.5))
    panels = figure.subplots(1, 2, sharex=True, sharey=True)
    y, (good, bad) = data["y"], panels
    for axes, name, number in ((good, "Good minimum", 0), (bad, "Bad minimum", 1)):
        output = data["outputs"][number]
        axes.contourf(data["axis"], data["axis"], output, [-np.inf, 0, np.inf], colors=["#f6d9c7", "#cfe3f1"])
        axes.contour(data["axis"], data["axis"], output, [0], colors="black", linewidths=0.7)
        for side, colour, marker in ((1.0, "C0", "o"), (-1.0, "C1", "s")):
            axes.scatter(
                *data["X"][y == side].T, c=colour, marker=marker, s=14, edgecolors="white", linewidths=0.4
            )
        axes.set(aspect="equal", xlabel="first input")
        axes.grid(visible=False)
        axes.set_title(
            f"{name}: test accuracy {data['accuracy'][number]:.2f}, $\\|H\\|_F$ = {data['norm'][number]:.3g}"
        )
    bad.scatter(
        *data["attack"].T, c="#444444", marker="x", s=12, linewidths=0.7, label="met with a wrong label"
    )
    good.set_ylabel("second input")
    marks = [
        good.scatter([], [], c=colour, marker=marker, s=14, label=f"genuine, class {side}")
        for colour, marker, side in (("C0", "o", "+1"), ("C1", "s", "−1"))
    ]
    figure.legend(handles=[*marks, bad.collections[-1]], loc="outside lower center", ncols=3)
    return figure


SCRIPT = Script(
    name="regions",
    title="What a good and a bad minimum say between the samples",
    how_to_read="Both networks have every genuine sample (coloured marks) on its right side; the shade is "
    "the class "
    "that each gives to every other point, and only on the left does it follow the two arms.",
    caption="Two-class spiral, n = 40 genuine samples, one hidden layer of 24 tanh units with biases, "
    "squared loss "
    "with its factor 1/2, averaged over genuine samples; both from one random start. Before the end, the "
    "right one "
    "was trained on 40 further points with wrong labels as well (crosses). Test accuracy over 2,000 "
    "points; chance "
    "is 0.5. Norms are exact up to rounding.",
    data=data,
    draw=draw,
)
