"""Five points and two networks that pass through all of them, after the opening figure of the paper."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

import twolayer as tl
from numerics.figures.script import Data, Script, Setting
from numerics.plotting import TWO_COLUMNS
from numerics.training.starts import starts
from numerics.training.trainers import to_minimum

POINTS = np.array([-2.0, -0.5, 1.0, 2.5, 4.0])
VALUES = POINTS**3 - 3 * POINTS**2 - POINTS + 1
UNITS, SCALE = 40, 0.5
"""Width, and the standard deviation of the starting parameters."""

DETOUR = np.array([[-1.25, 20.0], [0.25, -20.0], [1.75, 20.0], [3.25, -20.0]])
"""Points that the wild network met first: between the five, above and below."""

NAMES = ("tame", "wild")


def data(setting: Setting) -> Data:
    """Two interpolants from a small and from a large start, and the exact norms of their Hessians."""
    X, line = POINTS[:, None], np.linspace(-2.6, 4.6, 600)
    shape = tl.TwoLayer(np.zeros(UNITS), np.zeros((UNITS, 1)), np.zeros(UNITS))
    outputs, norms, errors, risks = [], [], [], []
    start = shape.replace(starts(shape, 1, seed=SCRIPT.seed, scale=SCALE)[0])
    both, wild = np.concatenate([POINTS, DETOUR[:, 0]])[:, None], np.concatenate([VALUES, DETOUR[:, 1]])
    for begin in (start, to_minimum(start, both, wild).net):
        net = to_minimum(begin, X, VALUES).net
        H = tl.Hessian(net, X, VALUES)
        found = (H.frobenius_norm(), H.trace(), H.spectral_norm(), tl.risk(net, X, VALUES))
        outputs.append(net(line[:, None]))
        norms.append([each.value for each in found[:3]])
        errors.append([each.error for each in found[:3]])
        risks.append(found[3].value)
    return {
        "x": line,
        "outputs": np.array(outputs),
        "norms": np.array(norms),
        "errors": np.array(errors),
        "risks": np.array(risks),
    }


def draw(data: Data) -> Figure:
    """The interpolants on the left, three norms of their Hessians on the right."""
    figure = Figure(figsize=(TWO_COLUMNS, 2.6))
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    for name, output, colour, dash in zip(NAMES, data["outputs"], ("C0", "C1"), ("-", "--"), strict=True):
        left.plot(data["x"], output, dash, color=colour, label=name)
    left.plot(POINTS, VALUES, "o", color="black", label="the five points", markersize=4)
    left.set(xlabel="input x", ylabel="output f(x)", title="Two networks of 40 tanh units, both of zero risk")
    left.set_ylim(-32, 42)
    left.legend(loc="upper center", ncols=3)
    places = np.arange(3)
    for number, (name, colour) in enumerate(zip(NAMES, ("C0", "C1"), strict=True)):
        bars = right.bar(
            places + 0.4 * number - 0.2,
            data["norms"][number],
            0.36,
            color=colour,
            label=name,
            hatch="" if number == 0 else "//",
            edgecolor="white",
        )
        right.bar_label(bars, [f"{value:.3g}" for value in data["norms"][number]], fontsize=6.5, padding=1)
    right.set_yscale("log")
    right.set_xticks(places, [r"$\|H\|_F$", r"tr $H$", r"$\lambda_{\max}(H)$"])
    right.set(title="Curvature of the risk, exact")
    right.set_ylim(10, 10 * float(data["norms"].max()))
    right.grid(visible=False, axis="x")
    right.legend(loc="upper right")
    return figure


SCRIPT = Script(
    name="opening",
    title="Two solutions with zero training error, one tame and one wild",
    how_to_read="Both curves pass through all five points, so nothing on the training data tells them "
    "apart; the "
    "bars show that the curvature of the risk does.",
    caption="The five points of the opening figure of Wu, Zhu and E (2017), y = x³ − 3x² − x + 1. One "
    "hidden layer of "
    "40 tanh units with biases, trained from one random start to residuals of zero within rounding; the "
    "wild one had "
    "to pass through four further points first, at heights of ±20. H is the Hessian of R = (1/2n) Σ (f − "
    "y)² by all parameters; its "
    "values are exact up to rounding.",
    data=data,
    draw=draw,
)
