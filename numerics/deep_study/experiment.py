"""The main job of `twolayer deep`: all minima and controls, and a folder that tells about them."""

from __future__ import annotations

import csv
import hashlib
import io
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from numerics.deep_study import figures, report
from numerics.deep_study.arms import FEWEST, FULL, QUICK, DeepArm, fitted
from numerics.deep_study.columns import BY_KEY
from numerics.deep_study.controls import CONTROLS, Control
from numerics.deep_study.facts import GAMMA, N_BETA
from numerics.deep_study.findings import conclusions, correlations, known
from numerics.deep_study.run import Minimum, as_facts, ground
from numerics.files.folders import write_json, write_text
from numerics.files.images import Images
from numerics.files.provenance import versions
from numerics.files.seals import sealed
from numerics.minima_study.arms import as_plain
from numerics.minima_study.findings import table
from numerics.sweeps.store import fingerprint
from numerics.sweeps.workplace import Workplace

CONVENTIONS = {
    "network": "h_l = s(W_l h_(l-1) + b_l), f = W_L h_(L-1) + b_L, one output for every class",
    "risk": "R = (1/n) sum_i l(f(x_i), y_i) over the genuine samples alone; squared loss l = |f - y|^2 / "
    "2 on one-hot targets, softmax loss -log of the probability of the class",
    "H": "Hessian of R by theta = (W_1 row by row, b_1, W_2, ...), float64",
    "start": "W_l ~ N(0, 2 / m_(l-1)), the last N(0, 1 / m_(L-1)), biases 0; the same for every attack size "
    "of a repeat",
    "training": "first on genuine and attack samples to a risk of 1e-3 or 2,000 steps of L-BFGS unless "
    "the arm says otherwise, then damped Gauss-Newton on the samples that the arm says, to residuals zero "
    "within rounding",
    "errors": "|H|_F, tr H and eigenvalues are exact: 'error' bounds the rounding of the value beside it",
    "eigenvalues": "through the n q x n q tangent kernel, |R|_F being part of their error; with the softmax "
    "loss the ten largest and the least are those of H itself, by Lanczos",
    "non-uniformity": "square root of the largest eigenvalue of E[H_i^2] - H^2, with G_i for H_i",
    "soft volume": f"ln of the mean of exp(-{N_BETA:g} (R - R(minimum))) under the Gaussian of precision "
    f"{GAMMA:g} about the minimum; in tables for the quadratic part, all of it but the sampling exact",
    "input gradient": "E sum over outputs of |grad_x f_o|^2, over genuine samples, or 500 test samples "
    "where said",
    "log products": "minus the sum of natural logarithms of the k largest eigenvalues of H; more is flatter",
    "intervals": "rank correlations carry Bonett and Wright's 95 % intervals",
}


@dataclass(frozen=True)
class Size:
    """How much is done: the arms, and the repeats of every control."""

    arms: tuple[DeepArm, ...]
    repeats: int


LEAST, SMALL, LARGE = Size(FEWEST, 1), Size(QUICK, 2), Size(FULL, 5)


def experiment(data: Images, size: Size, seed: int, place: Workplace | None = None) -> dict[str, Any]:
    """Find and measure all minima, or what time allows.

    Parameters
    ----------
    data : Images
    size : Size
    seed : int
        Determines every number but the time.
    place : Workplace, optional
        Here, by default.

    Returns
    -------
    dict
        Plain data for JSON; "stopped" says what was left undone, and is empty if nothing was.
    """
    place, clock = place or Workplace(), time.perf_counter()
    arms = fitted(size.arms, len(data.labels) - data.tests, data.tests)
    pieces = in_turns(arms)
    content = hashlib.sha256(np.ascontiguousarray(data.X).tobytes() + data.labels.tobytes()).hexdigest()
    key = fingerprint(content, seed, pieces, versions()["twolayer"])
    shown = controls(data, size.repeats, seed, place, key)
    found = place.finished("minima", Minimum(data, seed), pieces, key)
    minima = [as_facts(shard) for _, shard in sorted(found, key=lambda each: arms.index(each[0][0]))]
    results: dict[str, Any] = {
        "made_by": "twolayer deep",
        "seed": seed,
        "data": describe_data(data, arms[0], seed, content),
        "conventions": CONVENTIONS,
        "versions": versions(),
        "arms": [as_plain(arm) for arm in arms],
        "summary": table(known(minima), BY_KEY),
        "correlations": correlations(minima),
        "minima": minima,
        "controls": shown,
    }
    results["conclusions"] = conclusions(results)
    return {**results, "stopped": place.stopped, "seconds": time.perf_counter() - clock}


def in_turns(arms: tuple[DeepArm, ...]) -> list[tuple[DeepArm, int, int]]:
    """Arm, repeat and attack size of every minimum, in such an order that no arm is left behind.

    Examples
    --------
    >>> small = DeepArm("small", repeats=2, attacks=(0,)), DeepArm("once", repeats=1, attacks=(0, 9))
    >>> [(arm.name, repeat, attack) for arm, repeat, attack in in_turns(small)]
    [('small', 0, 0), ('once', 0, 0), ('once', 0, 9), ('small', 1, 0)]
    """
    return [
        (arm, repeat, attack)
        for repeat in range(max(arm.repeats for arm in arms))
        for arm in arms
        if repeat < arm.repeats
        for attack in arm.attacks
    ]


def controls(
    data: Images, repeats: int, seed: int, place: Workplace, key: str
) -> dict[str, list[dict[str, Any]]]:
    """The repeats of every control, by name.

    Parameters
    ----------
    data : Images
    repeats, seed : int
    place : Workplace
    key : str
        Of the sweep's store.
    """
    pieces = [(name, repeat) for name in CONTROLS for repeat in range(repeats)]
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in CONTROLS}
    for _, shard in place.finished("controls", Control(data, seed), pieces, fingerprint(key, repeats)):
        facts = as_facts(shard)
        found[facts["control"]].append(facts)
    return found


def describe_data(data: Images, arm: DeepArm, seed: int, content: str) -> dict[str, Any]:
    """Return what the data is and how it was used; `content` is its fingerprint."""
    part = ground(data, arm.genuine, 0, seed)
    return {
        "name": data.name,
        "samples": len(data.labels),
        "inputs": data.X.shape[1],
        "classes": data.classes,
        "scaling": part.scaling.rule,
        "reserve": len(part.reserve.labels),
        "test": len(part.test.labels),
        "credit": data.credit,
        "sha256": content,
    }


def write(folder: Path, results: dict[str, Any]) -> None:
    """Write results.json, results.csv, figures and the report into `folder`."""
    write_numbers(folder, results)
    write_pictures(folder, results)


def write_numbers(folder: Path, results: dict[str, Any]) -> None:
    """Write results.json and results.csv."""
    write_json(folder / "results.json", sealed(results))
    write_text(folder / "results.csv", as_csv(results["minima"]))


def write_pictures(folder: Path, results: dict[str, Any]) -> None:
    """Write the figures and the report."""
    drawn = figures.draw_all({**results, "minima": known(results["minima"])}, folder / "figures")
    write_text(folder / "report.html", report.page(results, drawn))


def as_csv(minima: list[dict[str, Any]]) -> str:
    """Return one line per minimum: names, every column, and the bound of the error of |H|_F."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    names = ("arm", "repeat", "attack")
    writer.writerow([*names, *BY_KEY, "frobenius_norm_error", "negative_eigenvalues"])
    for facts in minima:
        numbers = [column.read(facts) for column in BY_KEY.values()]
        extra = [facts["frobenius_norm"]["error"], facts["negative_eigenvalues"]["certain"]]
        writer.writerow([*(facts[name] for name in names), *numbers, *extra])
    return stream.getvalue()
