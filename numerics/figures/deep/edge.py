"""The edge of stability: the Hessian's largest eigenvalue while gradient descent trains a deep network."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from tqdm import tqdm

from numerics.deep import Hessian
from numerics.deep.network import Network
from numerics.deep.training import gradient_descent
from numerics.deep_study.arms import DeepArm
from numerics.deep_study.run import begin, ground
from numerics.figures.script import Data, Script, Setting
from numerics.files.images import images
from numerics.plotting import TWO_COLUMNS, plain_ticks
from twolayer.arrays import Array

RATES = (0.1, 0.25, 0.4)
STEPS, EVERY = (600, 4000), (20, 40)
ARM = DeepArm("edge", hidden=(24, 24), genuine=30)


def data(setting: Setting) -> Data:
    """Largest eigenvalue with its error, and risk, along descents with several learning rates."""
    digits = images("digits", None)
    genuine = ground(digits, ARM.genuine, 0, SCRIPT.seed).genuine
    X, y = genuine.X, genuine.targets("squared")
    steps, every = ((both[0] if setting.quick else both[1]) for both in (STEPS, EVERY))
    marks = np.arange(0, steps + 1, every)
    rows = []
    with tqdm(total=len(RATES) * len(marks), unit="point", desc="edge", disable=None, leave=False) as bar:
        for rate in RATES:
            net, row = begin(ARM, digits, SCRIPT.seed, 0), []
            for mark in marks:
                if mark:
                    net = gradient_descent(net, X, y, learning_rate=rate, steps=every).net
                row.append(sharpness(net, X, y))
                bar.update()
            rows.append(row)
    values, errors, risks = np.moveaxis(np.array(rows), -1, 0)
    return {"steps": marks, "rates": np.array(RATES), "values": values, "errors": errors, "risks": risks}


def sharpness(net: Network, X: Array, y: Array) -> tuple[float, float, float]:
    """The largest eigenvalue of H, its error, and the risk; X (n, d), y (n, q)."""
    H = Hessian(net, X, y)
    found = H.eigenvalues(1, method="lanczos")
    return float(found.value[0]), float(found.error[0]), float(H.forward.L.mean())


def draw(data: Data) -> Figure:
    """The largest eigenvalue with 2 / rate as lines on the left, the risk on the right."""
    figure = Figure(figsize=(TWO_COLUMNS, 2.6))
    left, right = figure.subplots(1, 2, sharex=True)
    for number, rate in enumerate(data["rates"]):
        colour, dash = f"C{number}", ("-", "--", "-.")[number % 3]
        value, error = data["values"][number], data["errors"][number]
        left.plot(data["steps"], value, dash, color=colour, label=f"learning rate {rate:g}")
        left.fill_between(data["steps"], value - error, value + error, color=colour, alpha=0.3, linewidth=0)
        left.axhline(2 / rate, color=colour, linestyle=":", linewidth=0.9)
        left.annotate(
            f"2 / {rate:g}", (data["steps"][-1], 2 / rate), fontsize=6, ha="right", va="bottom", color=colour
        )
        right.plot(data["steps"], data["risks"][number], dash, color=colour)
    left.set(yscale="log", ylabel=r"$\lambda_{\max}(H)$", xlabel="steps of full-batch gradient descent")
    plain_ticks(left.yaxis)
    right.set(yscale="log", ylabel="training risk R", xlabel="steps of full-batch gradient descent")
    figure.legend(*left.get_legend_handles_labels(), loc="outside upper center", ncols=3)
    return figure


SCRIPT = Script(
    name="edge",
    title="Training at the edge of stability",
    how_to_read="Where the largest eigenvalue meets the dotted line 2 / rate of its colour it is held "
    "there, while "
    "the risk goes on falling: the learning rate sets how sharp the solution is; with the smallest rate "
    "the line is "
    "never reached.",
    caption="A tanh network of depth 3 (24-24) on 30 handwritten digits, squared loss with its factor 1/2 "
    "averaged over samples, "
    "one start. Eigenvalues of the exact Hessian by Lanczos, with their error as a band where it can be "
    "seen.",
    data=data,
    draw=draw,
)
