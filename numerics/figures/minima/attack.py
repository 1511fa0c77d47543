"""Test accuracy, curvature and input gradient against the size of the attack set."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from numerics.figures.minima.trained import digit_minima
from numerics.figures.script import Data, Script, Setting
from numerics.minima_study.columns import values
from numerics.minima_study.figures import LABELS
from numerics.plotting import GREY, TWO_COLUMNS, level_line, plain_ticks

KEYS = ("test_accuracy", "frobenius_norm", "input_gradient_train")


def data(setting: Setting) -> Data:
    """The columns of all minima of the first arm."""
    minima, results = digit_minima(setting, SCRIPT.seed)
    return {
        "attack": np.array([facts["attack"] for facts in minima]),
        "repeat": np.array([facts["repeat"] for facts in minima]),
        **{key: values(minima, key) for key in KEYS},
        "note": np.array(described(results)),
    }


def described(results: dict) -> str:  # type: ignore[type-arg]
    """The setting of the first arm of the results of a study of minima, as a sentence."""
    arm, about = results["arms"][0], results["data"]
    return (
        f"{about['name']}: n = {arm['genuine']} genuine samples, d = {about['inputs']}, {arm['units']} "
        f"{arm['activation']} "
        f"units, {arm['loss'].replace('_', '-')} loss averaged over genuine samples, seed {results['seed']}."
    )


def draw(data: Data) -> Figure:
    """Three panels that share the sizes of the attack set."""
    figure = Figure(figsize=(TWO_COLUMNS, 2.3))
    panels = figure.subplots(1, 3, sharex=True)
    for axes, key in zip(panels, KEYS, strict=True):
        followed(axes, data, key)
    level_line(panels[0], 0.5, "chance")
    panels[0].set_ylim(0.0, 1.02)
    for axes in panels[1:]:
        axes.set_yscale("log")
        plain_ticks(axes.yaxis)
    figure.supxlabel("samples with wrong labels met on the way", fontsize=7.5)
    return figure


def followed(axes: Axes, data: Data, key: str) -> None:
    """Every start as a thin line, its minima as dots, their mean as a thick line."""
    sizes = np.unique(data["attack"])
    for each in np.unique(data["repeat"]):
        chosen = data["repeat"] == each
        order = np.argsort(data["attack"][chosen])
        axes.plot(
            data["attack"][chosen][order],
            data[key][chosen][order],
            ".-",
            color=GREY,
            linewidth=0.5,
            markersize=3,
        )
    axes.plot(sizes, [data[key][data["attack"] == size].mean() for size in sizes], "o-", color="C0")
    axes.set_title(LABELS[key])


SCRIPT = Script(
    name="attack",
    title="What wrong labels met on the way do to a minimum",
    how_to_read="Each thin line is one random start followed through growing attack sets, the thick line "
    "their mean; where the first panel falls while the others rise, worse minima are sharper.",
    caption="Every network is trained at last on its genuine samples alone; they differ only in the attack "
    "set, further samples with wrong labels, that they were trained on before. With more wrong than right "
    "labels a network learns the opposite of the classes first and keeps some of it, so accuracy can fall "
    "below chance. Norms and input gradients are exact, over genuine samples.",
    data=data,
    draw=draw,
)
