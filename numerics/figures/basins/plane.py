"""All basins of a network of two parameters, as a coloured map of its plane."""

from __future__ import annotations

import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from tqdm import tqdm

import twolayer as tl
from numerics.basins import BasinMap
from numerics.figures.script import Data, Script, Setting
from numerics.landscape.landscape import NetworkLandscape
from numerics.plotting import ONE_COLUMN, colours

SIDES, REACH = (61, 201), (3.0, 8.0)
"""Starts along an axis, quick and not; where the axes of a and w end."""

SAMPLES, TEACHER = 12, (1.0, 2.0)


def problem(seed: int) -> NetworkLandscape:
    """f(x) = a sin(w x) on samples of sin(2 x), x uniform on [-3, 3] drawn by `seed`."""
    X = np.sort(np.random.default_rng(seed).uniform(-3, 3, size=SAMPLES))[:, None]
    a, w = TEACHER
    return NetworkLandscape(tl.TwoLayer([1.0], [[1.0]], activation="sin"), X, a * np.sin(w * X[:, 0]))


def data(setting: Setting) -> Data:
    """The label of every start on a grid, the minima, and the risk on the grid."""
    place, side = problem(SCRIPT.seed), SIDES[0 if setting.quick else 1]
    a, w = (np.linspace(-reach, reach, side) for reach in REACH)
    grid = np.stack(np.meshgrid(a, w), axis=-1).reshape(-1, 2)
    basin = BasinMap(place, confirm=not setting.quick)
    bar = tqdm(grid, unit="start", desc="plane", disable=None, leave=False)
    labels = [basin(start) for start in bar]
    risks = tl.Ensemble.of(place.net, grid).risk(place.X, place.risk.y[:, 0])
    return {
        "a": a,
        "w": w,
        "labels": np.array(labels).reshape(side, side),
        "minima": np.array([minimum.theta for minimum in basin.minima]),
        "values": np.array([minimum.value for minimum in basin.minima]),
        "risks": np.asarray(risks).reshape(side, side),
    }


def draw(data: Data) -> Figure:
    """Basins by colour, the deepest minimum darkest, with lines of equal risk and both images of minima."""
    figure = Figure(figsize=(ONE_COLUMN, 3.3))
    axes, order = figure.subplots(), np.argsort(data["values"], kind="stable")
    rank = {int(label): place for place, label in enumerate(order)} | {-1: len(order), -2: len(order)}
    shade = np.vectorize(lambda label: rank[int(label)])(data["labels"])
    palette = ListedColormap([*colours(len(order)), "white"])
    axes.pcolormesh(
        data["a"], data["w"], shade, cmap=palette, vmin=-0.5, vmax=len(order) + 0.5, rasterized=True
    )
    axes.contour(
        data["a"],
        data["w"],
        data["risks"],
        np.geomspace(0.02, 3, 9),
        colors="white",
        linewidths=0.4,
        alpha=0.7,
    )
    for theta, value in zip(data["minima"], data["values"], strict=True):
        inside = abs(theta[1]) < data["w"][-1]
        for sign in (1, -1) if inside else ():
            axes.plot(
                *(sign * theta),
                "o" if value > 1e-12 else "*",
                color="white",
                markeredgecolor="black",
                markersize=4 if value > 1e-12 else 8,
                markeredgewidth=0.6,
            )
    axes.set(xlabel="output weight a", ylabel="hidden weight w")
    axes.grid(visible=False)
    return figure


SCRIPT = Script(
    name="plane",
    title="The basins of attraction of a network of two parameters",
    how_to_read="Every point is a start, its colour the minimum to which gradient flow leads from there, "
    "darker for a "
    "lower risk: stars are the minima of zero risk, dots the others, thin lines equal risk.",
    caption="f(x) = a sin(w x) learns sin(2 x) from 12 samples, squared loss with its factor 1/2. (a, w) "
    "and (−a, −w) are one "
    "minimum, so they share a colour. White: starts that lead to no minimum.",
    data=data,
    draw=draw,
)
