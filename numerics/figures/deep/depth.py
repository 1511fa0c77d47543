"""Good and bad minima of networks of growing depth: accuracy, curvature and input gradient."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from tqdm import tqdm

from numerics.deep_study.arms import DeepArm
from numerics.deep_study.columns import BY_KEY
from numerics.deep_study.run import Minimum, as_facts
from numerics.figures.script import Data, Missing, Script, Setting
from numerics.files.images import images
from numerics.minima_study.arms import as_plain
from numerics.minima_study.columns import values
from numerics.minima_study.figures import LABELS
from numerics.plotting import TWO_COLUMNS, plain_ticks

KEYS = ("test_accuracy", "frobenius_norm", "largest_eigenvalue", "input_gradient_train")
REPEATS = (2, 10)
ARMS = tuple(
    DeepArm(f"tanh, depth {depth}", hidden=hidden, genuine=40, attacks=(0, 80))
    for depth, hidden in ((2, (48,)), (3, (32,) * 2), (4, (32,) * 3), (6, (32,) * 5))
)


@cache
def minima(quick: bool, seed: int) -> list[dict[str, Any]]:
    """Facts of the minima of every arm, with and without an attack set."""
    task = Minimum(images("digits", None), seed)
    pieces = [
        (arm, i, attack) for arm in ARMS for i in range(REPEATS[0 if quick else 1]) for attack in arm.attacks
    ]
    bar = tqdm(pieces, unit="minimum", desc="depth", disable=None, leave=False)
    return [as_facts(task(piece)) for piece in bar]


def data(setting: Setting) -> Data:
    """Depth, attack and the columns of all tanh minima with the squared loss and the first arm's recipe.

    Raises
    ------
    Missing
        If recorded results hold no such minimum.
    """
    recorded = setting.results("deep")
    found = recorded["minima"] if recorded else minima(setting.quick, SCRIPT.seed)
    arms = recorded["arms"] if recorded else [as_plain(arm) for arm in ARMS]
    depths = {
        arm["name"]: len(arm["hidden"]) + 1
        for arm in arms
        if (arm["activation"], arm["loss"], arm["recipe"]) == ("tanh", "squared", arms[0]["recipe"])
        and arm["name"].startswith("tanh, depth")
    }
    chosen = [facts for facts in found if facts["arm"] in depths]
    if not chosen:
        raise Missing("the figure depth needs minima of deep networks; run twolayer deep to its end")
    most = {name: max(facts["attack"] for facts in chosen if facts["arm"] == name) for name in depths}
    chosen = [facts for facts in chosen if facts["attack"] in (0, most[facts["arm"]])]
    return {
        "depth": np.array([depths[facts["arm"]] for facts in chosen]),
        "attacked": np.array([facts["attack"] > 0 for facts in chosen]),
        **{key: values(chosen, key, BY_KEY) for key in KEYS},
    }


def draw(data: Data) -> Figure:
    """A panel for every column: minima as marks, their means joined."""
    figure = Figure(figsize=(TWO_COLUMNS, 2.3))
    panels = figure.subplots(1, len(KEYS), sharex=True)
    depths = np.unique(data["depth"])
    for axes, key in zip(panels, KEYS, strict=True):
        for attacked, colour, marker, label in (
            (False, "C0", "o", "without wrong labels"),
            (True, "C1", "s", "with the most wrong labels"),
        ):
            chosen = data["attacked"] == attacked
            axes.plot(
                data["depth"][chosen] + (0.1 if attacked else -0.1),
                data[key][chosen],
                marker,
                color=colour,
                markersize=2.5,
                alpha=0.5,
            )
            means = [np.mean(data[key][chosen & (data["depth"] == depth)]) for depth in depths]
            axes.plot(depths, means, f"{marker}-", color=colour, label=label)
        axes.set_title(LABELS[key])
        axes.set_xticks(depths)
    panels[0].axhline(0.1, color="black", linestyle=":", linewidth=0.9, label="chance")
    panels[0].set_ylim(0.0, 1.02)
    for axes in panels[1:]:
        axes.set_yscale("log")
        plain_ticks(axes.yaxis)
    figure.supxlabel("depth, in layers of weights", fontsize=7.5)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=3)
    return figure


SCRIPT = Script(
    name="depth",
    title="Good and bad minima of deep networks",
    how_to_read="Squares were reached after wrong labels, circles without: where squares lie lower in the "
    "first panel and higher in the others, bad minima are the sharper ones; compare within a depth, since "
    "widths and parameters change between depths.",
    caption="Fully connected tanh networks on handwritten digits, 10 classes, squared loss on one-hot "
    "targets, "
    "averaged over genuine samples, trained to residuals of zero within rounding; norms, eigenvalues and "
    "input "
    "gradients are exact. Chance is 0.1.",
    data=data,
    draw=draw,
)
