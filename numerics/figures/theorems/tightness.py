"""How tight every theorem is: one row for every inequality, over random and adversarial networks."""

from __future__ import annotations

import re

import numpy as np
import sympy as sp
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from tqdm import tqdm

from numerics.figures.script import Data, Script, Setting
from numerics.plotting import TWO_COLUMNS
from numerics.verify.tightness_figures import LEAST, attained, sampled
from theory import theorems
from theory.records.theorem import REFUTED, Theorem

SAMPLES = (25, 300)
MOST = 1e3
SHARES = (0.0, 0.1, 0.5, 0.9, 1.0)


def data(setting: Setting) -> Data:
    """Quantiles of left / right of every inequality, the largest at the record's examples, refuted or not."""
    names, quantiles, examples, refuted = [], [], [], []
    for theorem in tqdm(in_order(), unit="theorem", desc="tightness", disable=None, leave=False):
        found = sampled(theorem, SAMPLES[0 if setting.quick else 1], SCRIPT.seed)
        own = attained(theorem)
        for name, variant in theorem.variants.items():
            if isinstance(variant.relation, sp.Eq):
                continue
            values = np.array(found[name]) if found[name] else np.full(1, np.nan)
            best = [value for value in own[name] if not np.isnan(value)]
            names.append(f"{short(theorem)}: {name.replace('lmax', 'λmax').replace('_', ' ')}")
            quantiles.append(np.quantile(values, SHARES))
            examples.append(max(best, default=np.nan))
            refuted.append(theorem.status == REFUTED)
    return {
        "names": np.array(names),
        "quantiles": np.array(quantiles),
        "examples": np.array(examples),
        "refuted": np.array(refuted),
        "note": np.array(f"{SAMPLES[0 if setting.quick else 1]} networks for every row, seed {SCRIPT.seed}."),
    }


def in_order() -> list[Theorem]:
    """All theorems by their numbers, those without one last."""

    def place(theorem: Theorem) -> int:
        number = re.match(r"T(\d+)", theorem.name)
        return int(number[1]) if number else len(theorems)

    return sorted(theorems.values(), key=place)


def short(theorem: Theorem) -> str:
    """T-number of a theorem, or its id where it has none; with "refuted" where it is."""
    number = re.match(r"T\d+", theorem.name)
    return (number[0] if number else theorem.id) + (", refuted" if theorem.status == REFUTED else "")


def draw(data: Data) -> Figure:
    """Two columns of rows: the range as a thin line, the middle four fifths thick, examples as diamonds."""
    count = len(data["names"])
    half = -(-count // 2)
    figure = Figure(figsize=(TWO_COLUMNS, 0.9 + 0.125 * half))
    for axes, part in zip(
        figure.subplots(1, 2, sharex=True), (slice(0, half), slice(half, count)), strict=True
    ):
        _column(axes, {name: data[name][part] for name in ("names", "quantiles", "examples", "refuted")})
        axes.set_ylim(half - 0.5, -0.5)
    axes.plot([], [], color="C0", linewidth=3, alpha=0.5, label="middle 80 % of networks")
    axes.plot([], [], color="C0", linewidth=0.8, label="all of them")
    axes.plot([], [], "D", color="black", markersize=3, label="the record's own example")
    axes.plot([], [], "D", color="C1", markersize=3, label="counter-example of a refuted claim")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=4)
    figure.supxlabel("left side / right side", fontsize=7.5)
    return figure


def _column(axes: Axes, data: Data) -> None:
    heights = np.arange(len(data["names"]))
    bounds = np.clip(data["quantiles"], LEAST, MOST)
    axes.hlines(heights, bounds[:, 0], bounds[:, -1], color="C0", linewidth=0.8)
    axes.hlines(heights, bounds[:, 1], bounds[:, -2], color="C0", linewidth=3, alpha=0.5)
    axes.plot(bounds[:, 2], heights, "|", color="C0", markersize=5)
    examples = np.clip(data["examples"], LEAST, MOST)
    for refuted, colour in ((False, "black"), (True, "C1")):
        chosen = data["refuted"] == refuted
        axes.plot(examples[chosen], heights[chosen], "D", color=colour, markersize=2.6)
    axes.axvline(1.0, color="black", linewidth=0.8)
    axes.set(xscale="log", xlim=(LEAST / 2, MOST))
    axes.set_xticks([1e-8, 1e-4, 1.0])
    axes.set_yticks(heights, data["names"], fontsize=5.5)
    axes.grid(visible=False, axis="y")


SCRIPT = Script(
    name="tightness",
    title="How tight every inequality is",
    how_to_read="A proved bound holds where everything lies left of the black line, and is the tighter the "
    "closer it comes; "
    "diamonds on the line are networks at which it is an equality, coloured ones beyond it refute a claim.",
    caption="Every inequality among the theorem records (identities are left out), T-numbers where a "
    "theorem has one, with "
    "the name of its variant. For logarithms the ratio of exponentials is meant. Networks are random ones, "
    "some of "
    f"them adversarial, that meet the hypotheses; ratios are cut at {LEAST:g} and {MOST:g}.",
    data=data,
    draw=draw,
)
