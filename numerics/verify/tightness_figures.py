"""How tight every theorem is, a figure for each.

``python -m numerics.verify.tightness_figures docs/theorems`` draws them.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import Any

import numpy as np
import sympy as sp
from tqdm import tqdm

from numerics.verify.cases import case
from theory import theorems
from theory.quantities.check import Check
from theory.quantities.network import Situation
from theory.records.theorem import Theorem, Variant

LOGARITHMS = ("logdet", "diagonal_logs", "mean_log")
LEAST = 1e-8  # what is smaller is drawn here
RESOLVED = 1e-6  # relative error of a side above which its ratio says nothing
WIDTH, ROW, MARGIN = 7.0, 0.34, 0.7  # inches: of the figure, of a variant, around a panel
BLUE, ORANGE = "#0072B2", "#D55E00"
RATIO = "left / right (1: equality)"
GAP = "|left - right| / rounding bound (at most 1)"


def closeness(variant: Variant, check: Check) -> float:
    """Where a relation stands at a network, NaN where nothing can be said.

    Of an identity, its gap over its rounding bound; of an inequality left / right, of the exponentials if
    the sides are logarithms, and right / left if both are negative.
    """
    if not check.applicable:
        return math.nan
    left, right = check.left, check.right
    if isinstance(variant.relation, sp.Eq):
        bound = left.error + right.error
        return abs(left.value - right.value) / bound if bound else math.nan
    if any(item.name.startswith(LOGARITHMS) for item in variant.relation.free_symbols):
        return math.exp(min(left.value - right.value, 100.0))
    if left.value > 0 == right.value:
        return math.inf
    if (
        any(side.error > RESOLVED * abs(side.value) for side in (left, right))
        or left.value * right.value <= 0
    ):
        return math.nan
    return float(left.value / right.value if right.value > 0 else right.value / left.value)


def sampled(theorem: Theorem, samples: int, seed: int) -> dict[str, list[float]]:
    """The closeness of every variant at random and adversarial networks.

    Parameters
    ----------
    theorem : Theorem
    samples, seed : int
        Networks drawn for every variant, and what determines them.
    """
    rng, found = np.random.default_rng(seed), {}
    for name, variant in theorem.variants.items():
        wanted = (*theorem.hypotheses, *variant.hypotheses)
        networks = (case(rng, wanted) for _ in range(samples))
        found[name] = [each for each in (_at(theorem, name, at) for at in networks) if math.isfinite(each)]
    return found


def attained(theorem: Theorem) -> dict[str, list[float]]:
    """The closeness at the examples that a record holds, by variant."""
    found: dict[str, list[float]] = {name: [] for name in theorem.variants}
    for example in (*theorem.equalities, *([theorem.refutation] if theorem.refutation else [])):
        for name in example.variants:
            found[name].append(_at(theorem, name, example.situation()))
    return found


def _at(theorem: Theorem, name: str, at: Situation) -> float:
    try:
        check = theorem.check_at(at).variants.get(name)
    except ValueError:  # a value beyond the floating-point range
        return math.nan
    return math.nan if check is None else closeness(theorem.variants[name], check)


def figure(theorem: Theorem, found: dict[str, list[float]]) -> Any:
    """One row for every variant: each network a tick, the record's own examples as diamonds."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    equal = {name: isinstance(variant.relation, sp.Eq) for name, variant in theorem.variants.items()}
    groups = [[name for name in equal if equal[name] == kind] for kind in (False, True)]
    panels = [(names, label) for names, label in zip(groups, (RATIO, GAP), strict=True) if names]
    bottom = height = sum(ROW * len(names) + MARGIN for names, _ in panels)
    shape, examples = pyplot.figure(figsize=(WIDTH, height)), attained(theorem)
    left = 0.3 + 0.08 * max(map(len, theorem.variants))  # inches, by the longest label
    for names, label in panels:
        bottom -= ROW * len(names) + MARGIN
        frame = (left / WIDTH, (bottom + 0.8 * MARGIN) / height, 1 - (left + 0.2) / WIDTH)
        axes = shape.add_axes((*frame, ROW * len(names) / height))
        _panel(axes, names, found, examples, label)
    return shape


def _panel(axes: Any, names: list[str], found: Any, examples: Any, label: str) -> None:
    greatest = 2.0
    for row, name in enumerate(names):
        values = np.maximum(found[name], LEAST)
        axes.plot(values, np.full(len(values), row), "|", color=BLUE, alpha=0.35, markersize=9)
        marks = np.maximum([value for value in examples[name] if math.isfinite(value)], LEAST)
        axes.plot(marks, np.full(len(marks), row), "D", color=ORANGE, markersize=6, zorder=3)
        greatest = max([greatest, *(2 * values), *(2 * marks)])
    infinite = [row for row, name in enumerate(names) if math.inf in examples[name]]
    axes.plot(np.full(len(infinite), greatest), infinite, ">", color=ORANGE, markersize=8, clip_on=False)
    axes.axvline(1.0, color="black", linewidth=0.9)
    axes.set(xscale="log", xlim=(LEAST / 2, greatest), xlabel=label)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.tick_params(labelsize=9)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def main(words: list[str] | None = None) -> None:
    """Draw the figures into a folder."""
    parser = argparse.ArgumentParser(prog="python -m numerics.verify.tightness_figures", description=__doc__)
    parser.add_argument("folder", type=Path, help="where ID.png goes for every theorem")
    parser.add_argument("ids", nargs="*", metavar="ID", help="which theorems; all by default")
    parser.add_argument("--samples", type=int, default=300, help="networks for every variant")
    chosen = parser.parse_args(words)
    unknown = set(chosen.ids) - set(theorems)
    if unknown:
        parser.error(f"ID must be among {', '.join(theorems)}; got {', '.join(sorted(unknown))}")
    from matplotlib import pyplot

    chosen.folder.mkdir(parents=True, exist_ok=True)
    for name in tqdm(chosen.ids or list(theorems), unit="figure", leave=False, disable=None):
        drawn = figure(theorems[name], sampled(theorems[name], chosen.samples, 0))
        drawn.savefig(chosen.folder / f"{name}.png", dpi=110)
        pyplot.close(drawn)


if __name__ == "__main__":
    main()
