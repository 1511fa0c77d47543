"""The one figure of the report: every effect with its interval, beside what it must exceed."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence

from matplotlib.figure import Figure

from numerics.plotting import style
from numerics.verdicts.claims import IN_PART, NOT_SUPPORTED, SUPPORTED, UNDECIDED, Verdict
from numerics.verdicts.said import label

COLOURS = {SUPPORTED: "#009E73", IN_PART: "#0072B2", NOT_SUPPORTED: "#D55E00", UNDECIDED: "#777777"}
MARKERS = {SUPPORTED: "o", IN_PART: "s", NOT_SUPPORTED: "X", UNDECIDED: "D"}

THRESHOLDS = {"accuracy gap": 0.05, "gain of SGD": 0.05, "deep accuracy gap": 0.05, "starts, good": 0.5}
"""What an effect is compared with where it is not zero, by a part of its name."""

TITLES = {
    "differ": "minima differ",
    "volume": "good ones have volume",
    "random": "random starts find them",
    "noise": "not the noise of SGD",
    "complexity": "simple means flat",
    "deep": "deep networks too",
}


def threshold(name: str) -> float:
    """What the effect of this name is compared with.

    Examples
    --------
    >>> threshold("random starts, good"), threshold("proxy, all minima")
    (0.5, 0.0)
    """
    return next((least for part, least in THRESHOLDS.items() if part in name), 0.0)


def figure(verdicts: Sequence[Verdict]) -> Figure:
    """A group of rows for every claim, a row for each of its effects; the shape of a mark is the verdict."""
    rows = [(verdict, name) for verdict in verdicts for name in verdict.effects or ("nothing measured",)]
    made = Figure(figsize=(7.0, 0.8 + 0.2 * len(rows)))
    axes = made.subplots()
    for height, (verdict, name) in enumerate(rows):
        colour, effect = COLOURS[verdict.level], verdict.effects.get(name)
        if effect is None:
            continue
        axes.plot([threshold(name)] * 2, [height - 0.4, height + 0.4], color="black", linewidth=1.0)
        axes.plot([effect.low, effect.high], [height] * 2, color=colour, linewidth=2.5, alpha=0.6)
        axes.plot(effect.value, height, MARKERS[verdict.level], color=colour, markersize=5)
    firsts = [0, *(place for place in range(1, len(rows)) if rows[place][0] is not rows[place - 1][0])]
    for place in firsts:
        axes.axhline(place - 0.5, color="0.8", linewidth=0.6)
        axes.annotate(
            TITLES[rows[place][0].claim.key],
            (1.02, place),
            xycoords=("axes fraction", "data"),
            va="center",
            weight="bold",
            color=COLOURS[rows[place][0].level],
        )
    axes.set_yticks(range(len(rows)), [label(name) for _, name in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set(
        xlim=(-1.05, 1.05), xlabel="difference of accuracies, rank correlation or share, with 95 % interval"
    )
    axes.grid(visible=False, axis="y")
    for level in dict.fromkeys(verdict.level for verdict in verdicts):
        axes.plot([], [], MARKERS[level], color=COLOURS[level], label=level, linestyle="")
    made.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=4)
    return made


def embedded(verdicts: Sequence[Verdict]) -> str:
    """The figure as the address of an image within a page."""
    stream = io.BytesIO()
    with style():
        figure(verdicts).savefig(stream, format="png", dpi=200, metadata={"Software": None})
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode()


def described(verdicts: Sequence[Verdict]) -> str:
    """The figure in words, for who cannot see it."""
    parts = [
        f"{label(name)} {effect}, compared with {threshold(name):g}"
        for each in verdicts
        for name, effect in each.effects.items()
    ]
    return "Effects with 95 % intervals: " + "; ".join(parts) + "." if parts else "Nothing was measured."
