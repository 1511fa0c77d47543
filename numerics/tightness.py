"""How tight every inequality is: ``python -m numerics.tightness docs/figures/tightness.png``."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import sympy as sp

from numerics.cases import case
from numerics.verify import tightness
from theory import theorems
from theory.theorem import PROVED


def ratios(samples: int, seed: int) -> dict[str, list[float]]:
    """left / right of every proved inequality at random networks, by theorem and relation.

    Parameters
    ----------
    samples, seed : int
        Networks drawn for every relation, and what determines them.
    """
    rng, found = np.random.default_rng(seed), {}
    for theorem in theorems.values():
        for name, variant in theorem.variants.items():
            if theorem.status != PROVED or isinstance(variant.relation, sp.Eq):
                continue
            wanted = (*theorem.hypotheses, *variant.hypotheses)
            checks = (theorem.check_at(case(rng, wanted)).variants.get(name) for _ in range(samples))
            each = [tightness(variant, check) for check in checks if check is not None]
            found[f"{theorem.id} ({name})"] = [ratio for ratio in each if np.isfinite(ratio)]
    return found


def figure(found: dict[str, list[float]]) -> Any:
    """One row per relation in `found`: every network a tick, on a logarithmic axis that ends at equality."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    shape, axes = pyplot.subplots(figsize=(8, 0.17 * len(found) + 1), layout="constrained")
    for row, values in enumerate(found.values()):
        shown = np.clip(values, 1e-8, None)
        axes.plot(shown, np.full(len(shown), row), "|", color="#1f5c99", alpha=0.35, markersize=6)
    axes.axvline(1.0, color="black", linewidth=0.8)
    axes.set(
        xscale="log", xlim=(1e-8, 2), xlabel="left / right at random and adversarial networks (1: equality)"
    )
    axes.set_yticks(range(len(found)), list(found), fontsize=6)
    axes.set_ylim(len(found) - 0.5, -0.5)
    return shape


if __name__ == "__main__":
    figure(ratios(120, 0)).savefig(sys.argv[1], dpi=150)
