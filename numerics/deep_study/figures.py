"""The figures of the experiment with deep networks."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from numerics.files.folders import write_text
from numerics.minima_study import figures as two_layer
from numerics.plotting import MARKERS, Drawn, saved, style

Results = dict[str, Any]


def draw_all(results: Results, folder: Path) -> list[Drawn]:
    """Draw every figure that the results allow, as PNG and PDF, and their captions as text.

    Parameters
    ----------
    results : dict
        The content of results.json.
    folder : Path
        Is created, if it is not there.
    """
    folder.mkdir(exist_ok=True)
    # The products of all n q eigenvalues are often zero here: see the findings.
    first = [partial(draw, product="log_product_50") for draw in (two_layer.trends, two_layer.flatness)]
    makers: tuple[Callable[[Results, Path], Drawn | None], ...] = (
        *first,
        two_layer.spectra,
        two_layer.arms,
        controls,
    )
    with style():
        made = [make(results, folder) for make in makers if results["minima"]]
    drawn = [each for each in made if each]
    write_text(folder / "captions.txt", "\n\n".join(each.text for each in drawn) + "\n")
    return drawn


def controls(results: Results, folder: Path) -> Drawn | None:
    """Draw what flatness does not show."""
    rows = {
        name: [row for each in cells for row in each["rows"]] for name, cells in results["controls"].items()
    }
    if len(rows) < len(PANELS) or not all(rows.values()):
        return None
    figure = Figure(figsize=(3.4, 3.5))
    for axes, (name, draw) in zip(np.ravel(figure.subplots(2, 2)), PANELS.items(), strict=True):
        draw(axes, rows[name])
        axes.set_title(name.replace("confidence of the ", "confident "))
    return Drawn(
        "controls",
        "What flatness does not show",
        "Means over repeats. Edge of stability: largest eigenvalue against the learning rate, without "
        "(circles) and with (squares) an attack set, and 2 / rate. Numbers of samples: Frobenius norm of "
        "the Hessian of a minimum's own samples (circles) and of the fewest samples (squares). Rescaled "
        "layers: the same function, the first layer multiplied and the last divided by a factor. Softmax: "
        "the same network on its way to smaller risks.",
        "test accuracy follows none of these curves, so none of these comparisons tells good from bad.",
        saved(figure, folder, "controls"),
    )


def _edge(axes: Axes, rows: list[dict[str, Any]]) -> None:
    rates = sorted({row["rate"] for row in rows})
    for size, marker in zip(sorted({row["attack"] for row in rows}), MARKERS, strict=False):
        _line(axes, [row for row in rows if row["attack"] == size], "rate", "largest_eigenvalue", marker)
    axes.plot(rates, [2 / rate for rate in rates], "k:", linewidth=0.8)
    axes.set_ylabel(r"$\lambda_{\max}(H)$")
    axes.set_xlabel("learning rate")


def _sizes(axes: Axes, rows: list[dict[str, Any]]) -> None:
    _line(axes, rows, "samples", "frobenius_norm", "o")
    _line(axes, rows, "samples", "frobenius_norm_on_fewest", "s")
    axes.set_xlabel("samples")
    axes.set_ylabel(r"$\|H\|_F$")


def _rescaled(axes: Axes, rows: list[dict[str, Any]]) -> None:
    _line(axes, rows, "factor", "frobenius_norm", "o")
    axes.set_xlabel("factor")
    axes.set_ylabel(r"$\|H\|_F$")


def _confidence(axes: Axes, rows: list[dict[str, Any]]) -> None:
    _line(axes, rows, "target", "frobenius_norm", "o")
    axes.set_xlabel("risk")
    axes.set_ylabel(r"$\|H\|_F$")


def _line(axes: Axes, rows: list[dict[str, Any]], across: str, up: str, marker: str) -> None:
    rows = [row for row in rows if row[up] is not None]
    places = sorted({row[across] for row in rows})
    if not places:
        return
    means = [np.mean([row[up] for row in rows if row[across] == place]) for place in places]
    axes.plot(places, means, f"{marker}-", markersize=3)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks([places[0], places[-1]], [f"{place:g}" for place in (places[0], places[-1])])
    axes.xaxis.minorticks_off()
    drawn = np.concatenate([line.get_ydata() for line in axes.get_lines()])
    if drawn.max() < 10 * drawn.min():  # without a power of ten in between, both ends are marked
        ends = [float(drawn.min()), float(drawn.max())]
        axes.set_yticks(ends, [f"{end:.3g}" for end in ends])
        axes.yaxis.minorticks_off()


PANELS = {
    "edge of stability": _edge,
    "numbers of samples": _sizes,
    "rescaled layers": _rescaled,
    "confidence of the softmax": _confidence,
}
