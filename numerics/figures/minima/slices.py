"""The plane through a good and a bad minimum, and two paths between them: a straight and a curved one."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.optimize import minimize

import twolayer as tl
from numerics.figures.minima.trained import spiral_pair
from numerics.figures.script import Data, Script, Setting
from numerics.plotting import TWO_COLUMNS
from twolayer.arrays import Array

PLACES = np.linspace(0.0, 1.0, 61)
SIDE, MARGIN = 61, 0.35
LEAST = 1e-4
"""Risks below are drawn as this: the minima have none but rounding."""


def data(setting: Setting) -> Data:
    """Risks on a grid of the plane that holds both minima and the curve, and along both paths."""
    pair = spiral_pair(SCRIPT.seed)
    X, y = pair.problem.genuine
    ends = np.array([pair.good.theta, pair.bad.theta])
    bend = bent(pair.good, ends, X, y)
    paths = np.array([curve(ends, ends.mean(axis=0)), curve(ends, bend)])
    across = ends[1] - ends[0]
    first = across / np.linalg.norm(across)
    up = bend - ends[0] - first * (first @ (bend - ends[0]))
    axes = np.array([first, up / np.linalg.norm(up)])
    flat = (paths - ends[0]) @ axes.T
    low, high = flat.reshape(-1, 2).min(axis=0), flat.reshape(-1, 2).max(axis=0)
    room = MARGIN * (high - low).max()
    x, z = (np.linspace(low[i] - room, high[i] + room, SIDE) for i in (0, 1))
    grid = ends[0] + x[None, :, None] * axes[0] + z[:, None, None] * axes[1]
    return {
        "x": x,
        "z": z,
        "risks": risks(pair.good, grid.reshape(-1, ends.shape[1]), X, y).reshape(SIDE, SIDE),
        "flat": flat,
        "along": np.array([risks(pair.good, path, X, y) for path in paths]),
        "accuracy": np.array(
            [[pair.problem.accuracy(pair.good.replace(at)) for at in path] for path in paths]
        ),
    }


def curve(ends: Array, bend: Array) -> Array:
    """Points (places, P) of the Bezier curve between the rows of `ends` (2, P), drawn to `bend` (P,)."""
    t = PLACES[:, None]
    found: Array = (1 - t) ** 2 * ends[0] + 2 * t * (1 - t) * bend + t**2 * ends[1]
    return found


def bent(net: tl.TwoLayer, ends: Array, X: Array, y: Array) -> Array:
    """The point that draws the curve to where its mean risk is least; ends (2, P), X (n, d), y (n,), to (P,).

    After Garipov et al. (2018); by L-BFGS from the middle of the straight path.
    """
    weight = 2 * PLACES * (1 - PLACES)

    def height(bend: Array) -> tuple[float, Array]:
        nets = tl.Ensemble.of(net, curve(ends, bend))
        values, gradients = nets.risk(X, y), nets.gradient(X, y)
        return float(values.mean()), weight @ gradients / len(PLACES)

    found = minimize(height, ends.mean(axis=0), jac=True, method="L-BFGS-B", options={"maxiter": 500})
    return np.asarray(found.x)


def risks(net: tl.TwoLayer, thetas: Array, X: Array, y: Array) -> Array:
    """The risks (k,) at many parameters (k, P)."""
    return np.asarray(tl.Ensemble.of(net, thetas).risk(X, y))


def draw(data: Data) -> Figure:
    """The plane on the left, the risk and the accuracy along both paths on the right."""
    figure = Figure(figsize=(TWO_COLUMNS, 2.8))
    plane, *panels = figure.subplots(1, 3, width_ratios=(1.5, 1, 1))
    levels = np.log10(np.maximum(data["risks"], LEAST))
    shown = plane.contourf(data["x"], data["z"], levels, 20, cmap="cividis")
    figure.colorbar(shown, ax=plane, label=r"$\log_{10}$ risk", ticks=range(-4, 9))
    for path, dash in zip(data["flat"], ("--", "-"), strict=True):
        plane.plot(*path.T, dash, color="white")
    for place, name, where in ((data["flat"][0, 0], "good", "right"), (data["flat"][0, -1], "bad", "left")):
        plane.plot(*place, "o", color="white", markeredgecolor="black", markersize=5)
        plane.annotate(f" {name} ", place, color="white", ha=where, va="top", weight="bold")
    plane.set(xlabel="distance along the straight path", ylabel="distance from it", aspect="equal")
    plane.grid(visible=False)
    for axes, key, label in zip(panels, ("along", "accuracy"), ("risk", "test accuracy"), strict=True):
        _paths(axes, data[key], label)
    panels[0].set_yscale("log")
    panels[0].set_ylim(bottom=LEAST)
    panels[1].axhline(0.5, color="black", linestyle=":", linewidth=0.9, label="chance")
    figure.legend(*panels[1].get_legend_handles_labels(), loc="outside upper right", ncols=3)
    return figure


def _paths(axes: Axes, values: Array, label: str) -> None:
    for row, name, colour, dash in zip(
        values, ("straight", "curved"), ("C1", "C0"), ("--", "-"), strict=True
    ):
        axes.plot(PLACES, np.maximum(row, LEAST) if label == "risk" else row, dash, color=colour, label=name)
    axes.set(ylabel=label, xlabel="place on the path")
    axes.set_xticks([0.0, 1.0], ["good", "bad"])


SCRIPT = Script(
    name="slices",
    title="The plane through a good and a bad minimum, and two ways from one to the other",
    how_to_read="The straight path crosses a high ridge of risk; the curved one keeps far lower, while the "
    "test accuracy falls all the way: no high wall parts good from bad.",
    caption="The pair of the figure `regions` (spiral, n = 40, 24 tanh units, P = 96). The plane holds "
    "both minima and "
    "the point that bends the quadratic Bezier curve; that point makes the mean risk along the curve "
    "least. Risk "
    f"R = (1/2n) Σ (f − y)² of the genuine samples; below {LEAST:g} it is drawn as {LEAST:g}. Distances are "
    "Euclidean, between parameters as they are: units were not matched by permutations.",
    data=data,
    draw=draw,
)
