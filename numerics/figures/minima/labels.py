"""What the samples of an attack set look like, beside genuine ones."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from numerics.figures.minima.trained import ARM
from numerics.figures.script import Data, Script, Setting
from numerics.files.datasets import digits_task
from numerics.minima_study.arms import Task
from numerics.minima_study.run import dealt, ground
from numerics.plotting import TWO_COLUMNS

SHOWN, SIDE = 8, 8
"""Images in a row, and pixels along an edge."""

CLASSES = {-1.0: "0 to 4", 1.0: "5 to 9"}


def data(setting: Setting) -> Data:
    """The first genuine samples and the first of the largest attack set, with the labels trained on."""
    digits, task = digits_task(), Task(ARM, 0, max(ARM.attacks))
    place = ground(task, digits, SCRIPT.seed)
    attack = dealt(task, place, SCRIPT.seed)[1]
    rows = (place.part.genuine[:SHOWN], attack.chosen[:SHOWN])
    told = (digits.y[rows[0]], attack.labels(digits.y)[:SHOWN])
    return {
        "images": np.array([digits.X[row].reshape(-1, SIDE, SIDE) for row in rows]),
        "told": np.array(told),
        "true": np.array([digits.y[row] for row in rows]),
    }


def draw(data: Data) -> Figure:
    """Genuine samples above, attack samples below, each with the label it is trained with."""
    count = data["images"].shape[1]
    figure = Figure(figsize=(TWO_COLUMNS, 2.5))
    panels = figure.subplots(2, count)
    for row, name in enumerate(("genuine\nsamples", "attack\nset")):
        for axes, image, told, true in zip(
            panels[row], data["images"][row], data["told"][row], data["true"][row], strict=True
        ):
            wrong = told != true
            axes.imshow(image, cmap="gray_r", interpolation="nearest")
            axes.set(xticks=[], yticks=[])
            axes.grid(visible=False)
            for spine in axes.spines.values():
                spine.set(visible=True, color="C1" if wrong else "C0", linewidth=1.2)
            text = f"“{CLASSES[float(told)]}”\n{'wrong' if wrong else 'right'}"
            axes.set_xlabel(text, color="C1" if wrong else "C0", fontsize=7)
        panels[row, 0].set_ylabel(name, rotation=0, ha="right", va="center", labelpad=6)
    return figure


SCRIPT = Script(
    name="labels",
    title="What a wrong label looks like",
    how_to_read="Below each image stands the class that the network is told it belongs to: right for genuine "
    "samples, wrong for those of the attack set, whose images are as clear as any.",
    caption="Digits of 8 by 8 pixels; the task is to tell 0 to 4 from 5 to 9. A network is first trained on "
    "genuine samples and attack set together until it fits both, then on the genuine samples alone.",
    data=data,
    draw=draw,
)
