"""Figures of a study of minima, each drawn from its results alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from numerics.minima_study.columns import BY_KEY, values
from numerics.minima_study.findings import of_arm, sizes
from numerics.plotting import GREY, MARKERS, TWO_COLUMNS, Drawn, colours, level_line, plain_ticks, saved
from numerics.statistics.words import with_interval

Results = dict[str, Any]

LABELS = {
    "test_accuracy": "test accuracy",
    "frobenius_norm": r"$\|H\|_F$",
    "trace": r"tr $H$",
    "largest_eigenvalue": r"$\lambda_{\max}(H)$",
    "input_gradient_train": r"$\mathbf{E}|\nabla_x f|^2$",
    "non_uniformity": r"$\lambda_{\max}(\mathbf{E}H_i^2 - H^2)^{1/2}$",
    "input_gradient_test": r"$\mathbf{E}|\nabla_x f|^2$, test",
    "log_volume": r"$\log$ soft volume",
    "log_product_10": r"$-\log\,\lambda_1\cdots\lambda_{10}$",
    "log_product_50": r"$-\log\,\lambda_1\cdots\lambda_{50}$",
    "log_product_all": r"$-\log\,\lambda_1\cdots\lambda_n$",
}


def first_arm(results: Results) -> tuple[list[dict[str, Any]], str]:
    """Return the minima of the first arm, and its conventions in one sentence."""
    arm = results["arms"][0]
    minima = of_arm(results["minima"], arm["name"])
    repeats = len({facts["repeat"] for facts in minima})
    shape = f"m = {arm['units']}"
    if arm.get("hidden"):
        shape = f"depth {len(arm['hidden']) + 1} with {'-'.join(map(str, arm['hidden']))}"
    return minima, (
        f"{results['data']['name']}, n = {arm['genuine']} genuine samples, d = {results['data']['inputs']}, "
        f"{shape} {arm['activation']} units, {arm['loss'].replace('_', '-')} loss averaged over "
        f"the genuine samples, {repeats} random splits and starts, seed {results['seed']}; every value "
        "exact up to rounding."
    )


def fitting(minima: list[dict[str, Any]]) -> str:
    """Return how many minima fit their genuine samples, as the beginning of a sentence."""
    fits = sum(facts["accuracy"]["train"] == 1.0 for facts in minima)
    return f"{fits} of {len(minima)} networks fit their genuine samples to 100 %"


def trends(results: Results, folder: Path, product: str = "log_product_all") -> Drawn:
    """Draw test accuracy, curvature and input gradient against the size of the attack set.

    `product` is the key of the log-product that is shown.
    """
    minima, conventions = first_arm(results)
    figure = Figure(figsize=(3.4, 3.3))
    for axes, key in zip(
        np.ravel(figure.subplots(2, 2, sharex=True)),
        ("test_accuracy", "frobenius_norm", "input_gradient_train", product),
        strict=True,
    ):
        _trend(axes, minima, key)
    _chance(figure.axes[0], results)
    figure.supxlabel("attack samples", fontsize=7.5)
    return Drawn(
        "attack",
        "Accuracy, curvature and input gradient by size of the attack set",
        f"{conventions} {fitting(minima)}; only the attack set met on the way differs.",
        "each thin line is one random start followed through growing attack sets, dots are minima, "
        "the thick line is their mean.",
        saved(figure, folder, "attack"),
    )


def _trend(axes: Axes, minima: list[dict[str, Any]], key: str) -> None:
    found = values(minima, key)
    attack = np.array([facts["attack"] for facts in minima])
    repeat = np.array([facts["repeat"] for facts in minima])
    for each in np.unique(repeat):
        chosen = repeat == each
        axes.plot(attack[chosen], found[chosen], "-", color=GREY, linewidth=0.4)
    axes.plot(attack, found, ".", color=GREY, markersize=2.2)
    means = [found[attack == size].mean() for size in np.unique(attack)]
    axes.plot(np.unique(attack), means, "o-", color="C0")
    if key in ("frobenius_norm", "input_gradient_train") and (found > 0).all():
        axes.set_yscale("log")
        plain_ticks(axes.yaxis)
    axes.set_title(LABELS[key])


def _chance(axes: Axes, results: Results, said: str = "chance") -> None:
    """A line at the accuracy of guessing, and an axis from zero."""
    level_line(axes, 1 / results["data"].get("classes", 2), said)
    axes.set_ylim(0.0, 1.02)


def alike(results: Results) -> list[str]:
    """Names of up to four arms with the loss of the first that has minima."""
    arms = [arm for arm in results["arms"] if of_arm(results["minima"], arm["name"])]
    return [arm["name"] for arm in arms if arm["loss"] == arms[0]["loss"]][:4]


def flatness(results: Results, folder: Path, product: str = "log_product_all") -> Drawn:
    """Draw test accuracy against two measures of flatness, |H|_F and the log-product with that key."""
    conventions, names = first_arm(results)[1], alike(results)
    figure = Figure(figsize=(3.4, 2.6 + 0.12 * len(names)))
    panels = figure.subplots(1, 2, sharey=True)
    for axes, key in zip(panels, ("frobenius_norm", product), strict=True):
        for name, colour, marker in zip(names, colours(len(names)), MARKERS, strict=False):
            of_it = of_arm(results["minima"], name)
            for size, face in zip(sizes(of_it), ("none", *[colour] * 99), strict=False):
                cell = [facts for facts in of_it if facts["attack"] == size]
                style = {"markerfacecolor": face, "markersize": 3.0, "markeredgewidth": 0.6}
                said = name if size == sizes(of_it)[-1] else None
                axes.plot(
                    values(cell, key),
                    values(cell, "test_accuracy"),
                    marker,
                    color=colour,
                    label=said,
                    **style,
                )
        axes.set_xlabel(LABELS[key])
        _chance(axes, results, "chance" if axes is panels[-1] else "")
    panels[0].set_ylabel("test accuracy")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=2)
    return Drawn(
        "flatness",
        "Test accuracy against flatness",
        f"First arm: {conventions} Hollow marks met no wrong labels. {_ranked(results, names[0], product)}",
        "every marker is a minimum; flat is to the left in the left panel, to the right in the right one.",
        saved(figure, folder, "flatness"),
    )


def _ranked(results: Results, arm: str, product: str) -> str:
    """The rank correlations of the first arm with their intervals, as a sentence."""
    rows = {row["predictor"]: row for row in results["correlations"] if row["arm"] == arm}
    said = []
    for key in ("frobenius_norm", product):
        row = rows[key]
        low, high = row.get("all_interval") or (None, None)
        if row["all"] is not None:
            said.append(f"{with_interval(row['all'], low, high)} for {BY_KEY[key].title}")
    return f"Rank correlations over its minima: {', '.join(said)}." if said else ""


DASHES = ("-", "--", "-.", ":", (0, (6, 1, 1, 1, 1, 1)))
"""Lines that differ where colours are near each other."""


def spectra(results: Results, folder: Path) -> Drawn:
    """Draw the sorted eigenvalues, geometric means over repeats, by attack size."""
    minima, conventions = first_arm(results)
    figure = Figure(figsize=(3.4, 2.7))
    axes = figure.subplots()
    found = sizes(minima)
    for number, (size, colour) in enumerate(zip(found, colours(len(found)), strict=True)):
        lists = [facts["eigenvalues"] for facts in minima if facts["attack"] == size]
        rows = np.array([each[: min(map(len, lists))] for each in lists])
        kept = np.all(rows > 0, axis=0)
        mean = np.exp(np.log(rows[:, kept]).mean(axis=0))
        axes.plot(np.flatnonzero(kept) + 1, mean, linestyle=DASHES[number % 5], color=colour, label=str(size))
    axes.set_yscale("log")
    axes.set_xlabel("rank of the eigenvalue")
    axes.set_ylabel(r"$\lambda_k(H)$")
    handles = axes.get_legend_handles_labels()
    figure.legend(*handles, title="attack samples", loc="outside upper center", ncols=5)
    return Drawn(
        "spectra",
        "The spectrum of the Hessian by size of the attack set",
        f"{conventions} Geometric means over repeats; at interpolation H has at most n q non-zero "
        "eigenvalues, q outputs.",
        "a higher curve is a sharper minimum; the sum of the logarithms of its first k points is the "
        "top-k log-product.",
        saved(figure, folder, "spectra"),
    )


def arms(results: Results, folder: Path) -> Drawn | None:
    """Draw how every measure of sharpness goes with test accuracy, by arm."""
    names = list(dict.fromkeys(row["arm"] for row in results["correlations"]))
    if len(names) < 3:
        return None
    keys = list(dict.fromkeys(row["predictor"] for row in results["correlations"]))
    figure = Figure(figsize=(TWO_COLUMNS, 0.9 + 0.1 * len(keys) * (len(names) + 1)))
    panels = figure.subplots(1, 2, sharey=True)
    for axes, which, title in zip(
        panels, ("all", "within"), ("over all minima", "among equally many wrong labels"), strict=True
    ):
        _ranks(axes, results["correlations"], names, which)
        axes.set_title(title)
    panels[0].set_yticks(range(len(keys)), [LABELS[key].replace("$-", "$", 1) for key in keys])
    panels[0].set_ylim(len(keys) - 0.5, -0.5)
    figure.supxlabel("rank correlation of sharpness with test accuracy", fontsize=7.5)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=4)
    return Drawn(
        "arms",
        "Does sharpness go with bad test accuracy, arm by arm",
        "Spearman's rank correlation of test accuracy and each measure of sharpness, with 95 % intervals: "
        "over all minima of an arm, and among the minima of one arm and one attack size.",
        "intervals on the left of the black line mean that sharper minima are worse; intervals that hold it, "
        "that sharpness says nothing.",
        saved(figure, folder, "arms"),
    )


def _ranks(axes: Axes, correlations: list[dict[str, Any]], names: list[str], which: str) -> None:
    keys = list(dict.fromkeys(row["predictor"] for row in correlations))
    for place, (name, colour) in enumerate(zip(names, colours(len(names)), strict=True)):
        rows = [row for row in correlations if row["arm"] == name and row[which] is not None]
        signs = [-1 if row["predictor"].startswith("log_") else 1 for row in rows]
        shift = (place + 1) / (len(names) + 1) - 0.5
        heights = [keys.index(row["predictor"]) + shift for row in rows]
        ranks = [sign * row[which] for sign, row in zip(signs, rows, strict=True)]
        marker = MARKERS[place % len(MARKERS)]
        axes.plot(ranks, heights, marker, color=colour, label=name, markersize=3.5)
        for sign, row, height in zip(signs, rows, heights, strict=True):
            low, high = row.get(f"{which}_interval") or (None, None)
            if low is not None and high is not None:
                axes.plot([sign * low, sign * high], [height] * 2, color=colour, linewidth=1.0)
    for line in range(1, len(keys)):
        axes.axhline(line - 0.5, color="0.8", linewidth=0.6)
    axes.axvline(0.0, color="black", linewidth=0.6)
    axes.set_xlim(-1.1, 1.1)
    axes.grid(visible=False, axis="y")
