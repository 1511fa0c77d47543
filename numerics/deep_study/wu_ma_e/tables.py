"""Ours beside theirs: the two tables as rows of text, and what they say in one sentence."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from numerics.deep_study.wu_ma_e import published
from numerics.deep_study.wu_ma_e.cells import settled
from numerics.deep_study.wu_ma_e.published import Published

Facts = dict[str, Any]
Rows = list[list[str]]

NONE = "–"


def of_table(runs: list[Facts], target: float) -> dict[float, list[Facts]]:
    """The `runs` to a `target`, by step for the first table and by attack size for the second."""
    key = "step" if target == published.STEP_TARGET else "wrong"
    found: dict[float, list[Facts]] = {}
    for facts in runs:
        if facts["target"] == target:
            found.setdefault(facts[key], []).append(facts)
    return dict(sorted(found.items()))


def step_table(runs: list[Facts]) -> tuple[list[str], Rows]:
    """Head and rows of the table by step: means and deviations over the runs that reached the loss."""
    head = [
        "step",
        "runs",
        "λmax, ours",
        "theirs",
        "deviation",
        "λmax·step/2, ours",
        "theirs",
        "test %, ours",
        "theirs",
        "deviation",
        "tr H",
        "|G|_F",
        "non-uniformity",
    ]
    rows = []
    for step, cells in of_table(runs, published.STEP_TARGET).items():
        theirs, kept = published.STEPS[step], [facts for facts in cells if settled(facts)]
        eigenvalue, accuracy = _mean(kept, _eigenvalue), _mean(kept, _accuracy)
        rows.append(
            [
                f"{step:g}",
                _counted(cells),
                _spread(kept, _eigenvalue),
                f"{theirs.largest_eigenvalue:g} ± {theirs.spread:g}",
                _relative(eigenvalue, theirs.largest_eigenvalue),
                _number(eigenvalue * step / 2),
                _number(theirs.largest_eigenvalue * step / 2),
                _spread(kept, _accuracy),
                f"{theirs.test_accuracy:.1f}",
                _points(accuracy, theirs.test_accuracy),
                _spread(kept, lambda facts: facts["trace"]),
                _spread(kept, lambda facts: facts["gauss_newton_norm"]),
                _spread(kept, _non_uniformity),
            ]
        )
    return head, rows


def attack_table(runs: list[Facts]) -> tuple[list[str], Rows]:
    """Head and rows of the table by size of the attack set; one run each."""
    head = [
        "wrong labels",
        "runs",
        "test %, ours",
        "theirs",
        "deviation",
        "λmax, ours",
        "theirs",
        "deviation",
        "non-uniformity, ours",
        "theirs",
        "deviation",
        "tr H",
        "|G|_F",
        "Σ ln of the top 10 eigenvalues",
    ]
    rows = []
    for wrong, cells in of_table(runs, published.ATTACK_TARGET).items():
        theirs, kept = published.ATTACKS[int(wrong)], [facts for facts in cells if settled(facts)]
        rows.append(
            [
                f"{wrong:g}",
                _counted(cells),
                *_beside(kept, _accuracy, theirs.test_accuracy, _points),
                *_beside(kept, _eigenvalue, theirs.largest_eigenvalue, _relative),
                *_beside(kept, _non_uniformity, _known(theirs), _relative),
                _number(_mean(kept, lambda facts: facts["trace"])),
                _number(_mean(kept, lambda facts: facts["gauss_newton_norm"])),
                _number(_mean(kept, lambda facts: _or_nan(facts["log_product"]))),
            ]
        )
    return head, rows


def answer(runs: list[Facts]) -> str:
    """What the finished `runs` say, in one sentence; every number in it is taken from them."""
    kept = [facts for facts in runs if settled(facts)]
    edge = [_eigenvalue(f) * f["step"] / 2 for f in kept if f["target"] == published.STEP_TARGET]
    if not edge:
        return "No run on genuine images alone has reached its loss yet."
    steps = len({f["step"] for f in kept if f["target"] == published.STEP_TARGET})
    said = (
        f"On genuine images alone, over {len(edge)} run{'s' * (len(edge) > 1)} of {steps} "
        f"step{'s' * (steps > 1)}, the largest eigenvalue times half the step ends between "
        f"{min(edge):.3g} and {max(edge):.3g}"
    )
    by_size = sorted((facts for facts in kept if facts["target"] == published.ATTACK_TARGET), key=_wrong)
    if len(by_size) < 2:
        return f"{said}."
    first, last = by_size[0], by_size[-1]
    return (
        f"{said}; from {first['wrong']} to {last['wrong']} wrong labels test accuracy goes from "
        f"{_accuracy(first):.1f} to {_accuracy(last):.1f} %, the largest eigenvalue from "
        f"{_eigenvalue(first):.3g} to {_eigenvalue(last):.3g}, the non-uniformity from "
        f"{_non_uniformity(first):.3g} to {_non_uniformity(last):.3g} and the trace from "
        f"{first['trace']:.3g} to {last['trace']:.3g}."
    )


def _known(theirs: Published) -> float:
    return math.nan if theirs.non_uniformity is None else theirs.non_uniformity


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value


def _wrong(facts: Facts) -> int:
    return int(facts["wrong"])


def _eigenvalue(facts: Facts) -> float:
    return float(facts["largest_eigenvalue"]["value"])


def _accuracy(facts: Facts) -> float:
    return 100 * float(facts["test_accuracy"])


def _non_uniformity(facts: Facts) -> float:
    return float(facts["non_uniformity"]["value"])


def _mean(kept: list[Facts], read: Callable[[Facts], float]) -> float:
    return float(np.mean([read(facts) for facts in kept])) if kept else math.nan


def _spread(kept: list[Facts], read: Callable[[Facts], float]) -> str:
    if len(kept) < 2:
        return _number(_mean(kept, read))
    return f"{_mean(kept, read):.4g} ± {np.std([read(facts) for facts in kept]):.2g}"


def _beside(
    kept: list[Facts], read: Callable[[Facts], float], theirs: float, deviation: Callable[[float, float], str]
) -> list[str]:
    return [_number(_mean(kept, read)), _number(theirs), deviation(_mean(kept, read), theirs)]


def _number(value: float) -> str:
    return NONE if math.isnan(value) else f"{value:.4g}"


def _relative(ours: float, theirs: float) -> str:
    return NONE if math.isnan(ours) else f"{100 * (ours / theirs - 1):+.1f} %"


def _points(ours: float, theirs: float) -> str:
    return NONE if math.isnan(ours) else f"{round(ours - theirs, 1) + 0.0:+.1f} points"


def _counted(cells: list[Facts]) -> str:
    """How many runs reached the loss, and why others did not."""
    others = [facts["why"] for facts in cells if not settled(facts)]
    said = [f"{others.count(why)} {why}" for why in sorted(set(others))]
    return "; ".join([str(len(cells) - len(others)), *said])
