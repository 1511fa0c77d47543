"""How good the minima are that random starts reach, and those that attacked starts reach."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from numerics.basin_study.classifiers import GOOD
from numerics.figures.basins.studied import problems
from numerics.figures.script import Data, Missing, Script, Setting
from numerics.plotting import TWO_COLUMNS, level_line
from numerics.statistics.shares import share


def data(setting: Setting) -> Data:
    """Problem, attack and test accuracy of every start that has fitted its samples.

    Raises
    ------
    Missing
        If none has.
    """
    known = problems(setting, SCRIPT.seed)
    rows = [
        [number, row["attack_percent"], row["test_accuracy"]]
        for number, problem in enumerate(known)
        for row in problem["minima"]
        if row["converged"]
    ]
    if not rows:
        raise Missing("the figure starts needs starts that have fitted; run twolayer basins to its end")
    return {
        "rows": np.array(rows, dtype=float),
        "problems": np.array([problem["name"] for problem in known]),
        "good": np.array(GOOD),
    }


def draw(data: Data) -> Figure:
    """A panel for each problem, a column of marks for each attack size, the share of good ones above."""
    count, good = len(data["problems"]), float(data["good"])
    figure = Figure(figsize=(TWO_COLUMNS, 2.8))
    rng = np.random.default_rng(0)
    for number, axes in enumerate(figure.subplots(1, count, sharey=True, squeeze=False)[0]):
        _, attack, accuracy = data["rows"][data["rows"][:, 0] == number].T
        sizes = np.unique(attack)
        for place, size in enumerate(sizes):
            reached = accuracy[attack == size]
            across = place + rng.uniform(-0.2, 0.2, len(reached))
            for above, marker, colour in ((True, "o", "C0"), (False, "s", "C1")):
                chosen = (reached >= good) == above
                axes.plot(across[chosen], reached[chosen], marker, color=colour, alpha=0.75)
            one = share(int((reached >= good).sum()), len(reached))
            axes.annotate(
                f"{one.count} of {one.total} good\n[{one.low:.2f}, {one.high:.2f}]",
                (place, 1.04),
                ha="center",
                va="bottom",
                fontsize=6.5,
            )
        level_line(axes, good, "good", "-")
        level_line(axes, 0.5, "chance")
        names = ["none" if size == 0 else f"{size:g} %" for size in sizes]
        axes.set_xticks(range(len(sizes)), names)
        axes.set(xlim=(-0.6, len(sizes) - 0.4), xlabel="wrong labels met on the way, of the genuine samples")
        axes.set_title(str(data["problems"][number]))
        axes.set_yticks(np.linspace(0, 1, 6))
        axes.grid(visible=False, axis="x")
        axes.set_ylim(0.0, 1.2)
    figure.axes[0].set_ylabel("test accuracy of the minimum")
    return figure


SCRIPT = Script(
    name="starts",
    title="How good the minima are that starts reach",
    how_to_read="In each column every mark is one start; above it stands how many ended at a good minimum, "
    "with the interval of that share: random starts are the column “none”.",
    caption="A minimum is called good if it has at least three quarters of the test samples right (black "
    "line). All starts shown fit every genuine sample. Intervals are Clopper and Pearson's, 95 %. Attacked "
    "starts were trained with wrongly labelled samples added before.",
    data=data,
    draw=draw,
)
