"""Whether sharper minima are worse: rank correlations with their intervals, arm by arm."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from numerics.figures.minima.trained import digit_results
from numerics.figures.script import Data, Script, Setting
from numerics.minima_study import resampled
from numerics.minima_study.columns import BY_KEY
from numerics.minima_study.figures import LABELS
from numerics.minima_study.findings import of_arm
from numerics.plotting import MARKERS, TWO_COLUMNS

KEYS = ("frobenius_norm", "trace", "largest_eigenvalue", "log_product_all", "input_gradient_train")
PANELS = ("over all minima", "among minima with equally many wrong labels")


def data(setting: Setting) -> Data:
    """Correlation and interval by panel, arm and predictor; sharper counts as more."""
    results = setting.results("two-layer") or digit_results(setting.quick, SCRIPT.seed)
    arms = [arm["name"] for arm in results["arms"]]
    arms = [name for name in arms if of_arm(results["minima"], name)]
    found = [
        [[of_sharpness(of_arm(results["minima"], name), key, within=within) for key in KEYS] for name in arms]
        for within in (False, True)
    ]
    return {"arms": np.array(arms), "keys": np.array(KEYS), "found": np.array(found)}


def of_sharpness(minima: list[dict], key: str, *, within: bool) -> tuple[float, float, float]:  # type: ignore[type-arg]
    """Correlation of accuracy with sharpness by the column `key`, and its interval; NaN for none."""
    one = resampled.correlation(minima, key, "test_accuracy", within=within)
    value, low, high = (np.nan if each is None else each for each in (one.value, one.low, one.high))
    return (value, low, high) if BY_KEY[key].sharp > 0 else (-value, -high, -low)


def draw(data: Data) -> Figure:
    """A panel for each way to compare, a row for each arm, a mark for each measure."""
    names = data["arms"]
    figure = Figure(figsize=(TWO_COLUMNS, 1.0 + 0.42 * len(names)))
    panels = figure.subplots(1, 2, sharex=True, sharey=True)
    for axes, title, found in zip(panels, PANELS, data["found"], strict=True):
        for number, (key, marker) in enumerate(zip(data["keys"], MARKERS, strict=False)):
            heights = np.arange(len(names)) + 0.15 * (number - (len(data["keys"]) - 1) / 2)
            value, low, high = found[:, number].T
            axes.hlines(heights, low, high, color=f"C{number}", linewidth=0.9)
            axes.plot(
                value, heights, marker, color=f"C{number}", label=LABELS[str(key)].replace("$-", "$", 1)
            )
        axes.axvline(0.0, color="black", linewidth=0.8)
        axes.set_title(title)
        axes.grid(visible=False, axis="y")
    panels[0].set(xlim=(-1.05, 1.05))
    panels[0].set_yticks(range(len(names)), names)
    panels[0].set_ylim(len(names) - 0.4, -0.6)
    figure.supxlabel("rank correlation of sharpness with test accuracy", fontsize=7.5)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=len(data["keys"]))
    return figure


SCRIPT = Script(
    name="ranks",
    title="Do sharper minima do worse on new samples?",
    how_to_read="Intervals left of the black line say that sharper minima are worse, intervals that hold it "
    "say nothing; in the right panel no difference between attack sizes can produce a correlation.",
    caption="Spearman's rank correlation of test accuracy with five measures of sharpness, by arm, that is "
    "setting of the experiment; right, the mean over attack sizes. Lines are 95 % intervals by the bootstrap "
    "over repeats, since minima of one repeat share split and start; below four repeats there are none.",
    data=data,
    draw=draw,
)
