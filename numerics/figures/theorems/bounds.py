"""The input gradient of minima against their Hessian norm, with the theorems' bounds as lines."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from numerics.figures.minima.attack import described
from numerics.figures.minima.trained import digit_minima
from numerics.figures.script import Data, Script, Setting
from numerics.minima_study.columns import values
from numerics.minima_study.figures import LABELS
from numerics.plotting import MARKERS, TWO_COLUMNS, colours, plain_ticks
from theory import theorems

THEOREM = "input-gradient"


def data(setting: Setting) -> Data:
    """Norm and input gradient of every minimum, and the right sides of T2."""
    minima, results = digit_minima(setting, SCRIPT.seed)
    names = list(theorems[THEOREM].variants)
    sides = [
        [facts["theorems"][THEOREM]["variants"][name]["right"]["value"] for name in names] for facts in minima
    ]
    return {
        "attack": np.array([facts["attack"] for facts in minima]),
        "norm": values(minima, "frobenius_norm"),
        "input_gradient": values(minima, "input_gradient_train"),
        "variants": np.array(names),
        "right": np.array(sides),
        "note": np.array(described(results)),
    }


SHOWN = ("i", "ii", "iii", "v", "iii, G")
"""Variants that get a panel mark; the others are weaker forms of these."""


def draw(data: Data) -> Figure:
    """Input gradient against the norm on the left, against the bounds and the line of equality right."""
    figure = Figure(figsize=(TWO_COLUMNS, 3.0))
    left, right = figure.subplots(1, 2, sharey=True)
    sizes = np.unique(data["attack"])
    for size, colour, marker in zip(sizes, colours(len(sizes)), MARKERS, strict=False):
        chosen = data["attack"] == size
        left.plot(
            data["norm"][chosen],
            data["input_gradient"][chosen],
            marker,
            color=colour,
            markeredgewidth=0,
            label=str(size),
        )
    left.set(xscale="log", yscale="log", xlabel=f"{LABELS['frobenius_norm']} of a minimum")
    left.set_ylabel(LABELS["input_gradient_train"])
    left.legend(title="wrong labels", title_fontsize=6.5)
    for number, (name, marker) in enumerate(zip(SHOWN, MARKERS, strict=False)):
        if name in data["variants"]:
            side = data["right"][:, list(data["variants"]).index(name)]
            right.plot(
                side,
                data["input_gradient"],
                marker,
                color=f"C{number}",
                markersize=3,
                alpha=0.8,
                label=label(name),
            )
    ends = np.array([0.7 * data["input_gradient"].min(), 2 * data["right"].max()])
    right.plot(ends, ends, color="black", linewidth=0.9)
    right.fill_between(ends, ends, ends[1], color="0.9", zorder=0)
    right.set(xscale="log", xlim=ends, xlabel="right side of the bound")
    right.set_ylim(ends[0], 2 * data["input_gradient"].max())
    right.annotate("forbidden by T2", (0.03, 0.95), xycoords="axes fraction", va="top", fontsize=6.5)
    right.legend(loc="lower right")
    for axes in (left, right):
        plain_ticks(axes.yaxis)
    plain_ticks(left.xaxis)
    return figure


def label(name: str) -> str:
    """The right side of a variant of T2 as mathtext."""
    latex = theorems[THEOREM].variants[name].latex().split(r"\leq", 1)[1]
    return f"${latex.replace(chr(92) + 'top', 'T')}$"


SCRIPT = Script(
    name="bounds",
    title="The input gradient of minima, and what curvature allows it to be",
    how_to_read="On the left the two go together at the minima found; on the right every mark must lie "
    "below the line, "
    "and the nearer to it, the tighter is its bound.",
    caption="E|∇ₓf|² is the mean squared input gradient over genuine samples, G the Gauss-Newton matrix "
    "(at these "
    "minima the Hessian itself), G_bb its block of the hidden biases, W the hidden weights. All values are "
    "exact; T2 "
    "is proved for every network, and T3 says the same of H at zero residuals.",
    data=data,
    draw=draw,
)
