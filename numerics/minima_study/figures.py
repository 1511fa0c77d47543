"""The figures of the report, each drawn from the results alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from numerics.files.folders import write_text
from numerics.minima_study.columns import BY_KEY, values
from numerics.minima_study.findings import of_arm, sizes
from numerics.plotting import GREY, MARKERS, Drawn, colours, saved, style

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


def draw_all(results: Results, folder: Path) -> list[Drawn]:
    """Draw every figure that the results allow, as PNG and PDF, and their captions as text.

    Parameters
    ----------
    results : dict
        The content of results.json.
    folder : Path
        Is created.

    Returns
    -------
    list of Drawn
    """
    folder.mkdir()
    with style():
        drawn = [make(results, folder) for make in FIGURES if results["minima"]]
    shown = [each for each in drawn if each]
    write_text(
        folder / "captions.txt",
        "\n\n".join(
            f"{each.name}: {each.title}. {each.caption} How to read: {each.how_to_read}" for each in shown
        )
        + "\n",
    )
    return shown


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
    axes.set_title(LABELS[key])


def flatness(results: Results, folder: Path, product: str = "log_product_all") -> Drawn:
    """Draw test accuracy against two measures of flatness, |H|_F and the log-product with that key."""
    minima, conventions = first_arm(results)
    figure = Figure(figsize=(3.4, 2.3))
    panels = figure.subplots(1, 2, sharey=True)
    for axes, key in zip(panels, ("frobenius_norm", product), strict=True):
        palette = colours(len(sizes(minima)))
        for size, colour, marker in zip(sizes(minima), palette, MARKERS, strict=False):
            cell = [facts for facts in minima if facts["attack"] == size]
            across, up = values(cell, key), values(cell, "test_accuracy")
            axes.plot(across, up, marker, color=colour, label=str(size), markeredgewidth=0)
        axes.set_xlabel(LABELS[key])
    panels[0].set_ylabel("test accuracy")
    figure.legend(
        *panels[0].get_legend_handles_labels(), title="attack samples", loc="outside upper center", ncols=5
    )
    within = {row["predictor"]: row for row in results["correlations"] if row["arm"] == minima[0]["arm"]}
    rank = ", ".join(
        f"{within[key]['all']:+.2f} for {BY_KEY[key].title}"
        for key in ("frobenius_norm", product)
        if within[key]["all"] is not None
    )
    return Drawn(
        "flatness",
        "Test accuracy against flatness",
        f"{conventions} Rank correlations over all points: {rank}.",
        "every marker is a minimum; flat is to the left in the left panel, to the right in the right one.",
        saved(figure, folder, "flatness"),
    )


def spectra(results: Results, folder: Path) -> Drawn:
    """Draw the sorted eigenvalues, geometric means over repeats, by attack size."""
    minima, conventions = first_arm(results)
    figure = Figure(figsize=(3.4, 2.7))
    axes = figure.subplots()
    found = sizes(minima)
    for size, colour in zip(found, colours(len(found)), strict=True):
        lists = [facts["eigenvalues"] for facts in minima if facts["attack"] == size]
        rows = np.array([each[: min(map(len, lists))] for each in lists])
        kept = np.all(rows > 0, axis=0)
        mean = np.exp(np.log(rows[:, kept]).mean(axis=0))
        axes.plot(np.flatnonzero(kept) + 1, mean, color=colour, label=str(size))
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


def bounds(results: Results, folder: Path) -> Drawn | None:
    """Draw how tight every inequality is, at the minima and at the random starts."""
    rows = [row for row in results["theorems"] if row["ratios"] and min(row["ratios"]) < 1 - 1e-6]
    if not rows:
        return None
    names = list(dict.fromkeys((row["theorem"], row["variant"]) for row in rows))
    figure = Figure(figsize=(3.4, 0.6 + 0.135 * len(names)))
    axes = figure.subplots()
    for row in rows:
        at = names.index((row["theorem"], row["variant"]))
        start = row["where"] == "start"
        ratios = np.array(row["ratios"])
        heights = np.full(len(ratios), at + (0.18 if start else -0.18))
        marker, colour = ("D", "C1") if start else ("o", "C0")
        axes.plot(ratios, heights, marker, color=colour, markersize=2.6, alpha=0.5, markeredgewidth=0)
    axes.axvline(1.0, color="black", linewidth=0.8)
    marks = [
        Line2D([], [], marker="o", color="C0", linestyle=""),
        Line2D([], [], marker="D", color="C1", linestyle=""),
    ]
    figure.legend(marks, ["at the minima", "at the random starts"], loc="outside upper center", ncols=2)
    axes.set_xscale("log")
    axes.set_yticks(range(len(names)), [f"{theorem}: {variant}" for theorem, variant in names])
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlabel("left side / right side")
    return Drawn(
        "bounds",
        "Both sides of the inequalities T2 to T5",
        "All arms; at the random starts residuals are not zero. "
        "Variants are those of the theorem records; equalities (T1, H = G) are left out.",
        "a bound holds where its marks lie left of the black line, and is the tighter the closer they "
        "are to it.",
        saved(figure, folder, "bounds"),
    )


def arms(results: Results, folder: Path) -> Drawn | None:
    """Draw how every measure of sharpness goes with test accuracy, by arm."""
    names = list(dict.fromkeys(row["arm"] for row in results["correlations"]))
    if len(names) < 3:
        return None
    figure = Figure(figsize=(3.4, 0.9 + 0.16 * len(names)))
    panels = figure.subplots(1, 2, sharey=True)
    for axes, which, title in zip(
        panels, ("all", "within"), ("all minima", "equal attack size"), strict=True
    ):
        _ranks(axes, results["correlations"], names, which)
        axes.set_title(title)
    panels[0].set_yticks(range(len(names)), names)
    panels[0].set_ylim(len(names) - 0.5, -0.5)
    figure.supxlabel("rank correlation with test accuracy", fontsize=7.5)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=3)
    return Drawn(
        "arms",
        "Does sharpness go with bad test accuracy, arm by arm",
        "Spearman's rank correlation of test accuracy and sharpness: over all minima of an arm, and the "
        "mean over attack sizes of that among the minima of one size.",
        "marks on the left of a panel mean that sharper minima are worse; marks near zero, that sharpness "
        "says nothing.",
        saved(figure, folder, "arms"),
    )


def _ranks(axes: Axes, correlations: list[dict[str, Any]], names: list[str], which: str) -> None:
    keys = list(dict.fromkeys(row["predictor"] for row in correlations))
    for place, (key, marker) in enumerate(zip(keys, MARKERS, strict=False)):
        rows = [row for row in correlations if row["predictor"] == key and row[which] is not None]
        sign = -1 if key.startswith("log_") else 1
        ranks, heights = [sign * row[which] for row in rows], [names.index(row["arm"]) for row in rows]
        axes.plot(
            ranks, heights, marker, color=f"C{place}", label=LABELS[key].replace("$-", "$", 1), alpha=0.8
        )
    axes.axvline(0.0, color="black", linewidth=0.6)
    axes.set_xlim(-1.1, 1.1)


FIGURES: tuple[Callable[[Results, Path], Drawn | None], ...] = (trends, flatness, spectra, bounds, arms)
