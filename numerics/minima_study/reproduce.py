"""The main job: good and bad minima, their exact curvature, and a folder that tells about them."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import twolayer as tl
from numerics.files.datasets import Dataset
from numerics.files.folders import write_json, write_text
from numerics.files.provenance import versions
from numerics.files.seals import sealed
from numerics.minima_study.arms import Arm, Task, as_plain, fitted, tasks
from numerics.minima_study.columns import COLUMNS
from numerics.minima_study.endings import at_minima, cause, left_out
from numerics.minima_study.findings import correlations, table, theorem_counts
from numerics.minima_study.run import Found, ground, minimum
from numerics.minima_study.sentences import conclusions
from numerics.sweeps.store import Shard, fingerprint
from numerics.sweeps.threads import one_thread
from numerics.sweeps.workplace import Workplace

CONVENTIONS = {
    "network": "f(x) = sum_k a_k s(w_k . x + b_k), scalar output, hidden biases, no output bias",
    "risk": "R = (1/n) sum_i l(f(x_i), y_i) over the genuine samples alone; squared loss l = (f - y)^2 / 2",
    "H": "Hessian of R by theta = (a, W row by row, b), float64; G its Gauss-Newton part",
    "labels": "-1 and +1; 0 and 1 for the logistic loss; accuracy compares signs",
    "start": "a ~ N(0, 1/m), W ~ N(0, 1/d), b = 0; the same start for every attack size of a repeat",
    "training": "damped Gauss-Newton (Newton where it does not interpolate), on genuine and attack samples, "
    "then on genuine samples alone, until residuals or gradient are zero within rounding",
    "errors": "every curvature is exact: 'error' bounds the rounding of the value beside it, 'ratio_error' "
    "and 'ratio_errors' that of a quotient, null where its divisor may be zero",
    "intervals": "95 %: Student's of a mean over repeats, whose deviation over repeats is '_sd'; percentiles "
    "of 1000 draws of whole repeats, from 4 repeats on, for rank correlations; Clopper and Pearson's for the "
    "accuracy on unseen samples",
    "accuracy": "a share of samples that were counted, exact for them",
    "input gradient": "E|grad_x f|^2 is a mean over genuine samples, or test samples where said",
    "log products": "minus the sum of the natural logarithms of the k largest eigenvalues of H, k as stated",
    "negative eigenvalues": "'certain' are below zero beyond rounding, 'zero_within_error' are undecided",
}


def reproduce(
    data: Dataset,
    arms: Iterable[Arm],
    seed: int,
    *,
    raw: bool = False,
    progress: Callable[[list[Task]], Iterable[Task]] = iter,
    place: Workplace | None = None,
) -> tuple[dict[str, Any], list[Found]]:
    """Find and measure all minima of the arms.

    Parameters
    ----------
    data : Dataset
    arms : iterable of Arm
        Sizes that the data does not allow are cut down, see :func:`numerics.minima_study.run.fitted`.
    seed : int
        Determines every number of the results but those under "timing".
    raw : bool
        Whether inputs are used as they are.
    progress : callable
        Wraps the list of tasks in an iterable that may show progress; not used with a `place`.
    place : Workplace, optional
        Where the search runs and what is finished is kept; here and nowhere by default.

    Returns
    -------
    results : dict
        Plain data, the content of results.json.
    found : list of Found
        The minima, with their networks.

    Raises
    ------
    ValueError
        If no network ended at a minimum; the message names the likely cause.

    Notes
    -----
    An interrupt (Ctrl-C) ends the work: the minima found so far are reported, and "partial" is true. One
    thread is used, because the order of a sum, and with it the last digit, depends on the number of threads.
    """
    clock = time.perf_counter()
    chosen = fitted(tuple(arms), *data.X.shape)
    about_data = describe_data(data, chosen[0], seed, raw)
    found: list[Found] = []
    with one_thread(), suppress(KeyboardInterrupt):
        for task in () if place else progress(tasks(chosen)):
            found.append(minimum(task, data, seed, raw=raw))
    if place:
        key = fingerprint(about_data["sha256"], seed, raw, data.standardise, chosen)
        found = searched(Search(data, seed, raw), tasks(chosen), key, place)
    minima, unfinished = at_minima(each.facts for each in found)
    if found and not minima:
        raise ValueError(
            f"training must end at minima; got none of {len(found)} networks there: {cause(data)}"
        )
    results = {
        "made_by": "twolayer reproduce",
        "seed": seed,
        "partial": len(found) < len(tasks(chosen)),
        "data": about_data,
        "conventions": CONVENTIONS,
        "versions": versions(),
        "arms": [as_plain(arm) for arm in chosen],
        "summary": table(minima),
        "correlations": correlations(minima),
        "theorems": theorem_counts(minima, "minimum") + theorem_counts(minima, "start"),
        "minima": minima,
        "unfinished": unfinished,
        "left_out": left_out(len(found), len(unfinished), cause(data)),
    }
    results["conclusions"] = conclusions(results)
    results["timing"] = {
        "note": "the only part that differs between runs with the same seed on the same machine",
        "seconds": time.perf_counter() - clock,
        "minima": [each.timing for each in found],
    }
    return results, found


@dataclass(frozen=True)
class Search:
    """The task of one minimum, for a sweep.

    Parameters
    ----------
    data : Dataset
    seed : int
    raw : bool
    """

    data: Dataset
    seed: int
    raw: bool

    def __call__(self, task: Task) -> Shard:
        found = minimum(task, self.data, self.seed, raw=self.raw)
        net = found.net
        facts = json.dumps(found.facts, allow_nan=False)
        parts = {"a": net.a, "W": net.W, "b": net.parts["b"]}
        return {**parts, "facts": np.array(facts), "timing": np.array(json.dumps(found.timing))}


def searched(search: Search, pieces: list[Task], key: str, place: Workplace) -> list[Found]:
    """All minima of the tasks `pieces`, or those that were finished when time ran out or Ctrl-C came.

    Parameters
    ----------
    search : Search
    pieces : list of Task
    key : str
        Of the sweep.
    place : Workplace
    """
    try:
        done = place.finished("two-layer minima", search, pieces, key)
    except KeyboardInterrupt:
        if place.store is None:
            raise
        kept = Workplace(store=place.store, max_seconds=0.0)
        done = kept.finished("two-layer minima", search, pieces, key)
        place.stopped.append(
            f"two-layer minima: interrupted; {len(done)} of {len(pieces)} are finished and kept"
        )
    return [as_found(task, shard) for task, shard in done]


def as_found(task: Task, shard: Shard) -> Found:
    """The minimum that a `shard` of the `task` holds."""
    net = tl.TwoLayer(shard["a"], shard["W"], shard["b"], activation=task.arm.activation)
    return Found(net, json.loads(str(shard["facts"])), json.loads(str(shard["timing"])))


def describe_data(data: Dataset, arm: Arm, seed: int, raw: bool) -> dict[str, Any]:
    """Return what the data is and how it was used, with a fingerprint of its content."""
    content = hashlib.sha256(data.X.tobytes() + data.y.tobytes()).hexdigest()
    place = ground(Task(arm, 0, 0), data, seed, raw=raw)
    return {
        "name": data.name,
        "samples": len(data.y),
        "inputs": data.X.shape[1],
        "labels": data.labelling,
        "scaling": place.scaling.rule,
        "reserve": len(place.part.reserve),
        "test": len(place.part.test),
        "credit": data.credit,
        "sha256": content,
    }


def write(
    folder: Path,
    results: dict[str, Any],
    found: list[Found],
    data: Dataset,
    raw: bool = False,
) -> None:
    """Write results.json, results.csv and example networks into `folder`."""
    write_json(folder / "results.json", sealed(results))
    write_text(folder / "results.csv", as_csv(results["minima"]))
    if found:
        write_examples(folder / "networks", results, found, data, raw)


def as_csv(minima: list[dict[str, Any]]) -> str:
    """Return one line per minimum: names, the columns of the summary, and the error bound of |H|_F."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    names = ("arm", "repeat", "attack")
    writer.writerow(
        [*names, *(column.key for column in COLUMNS), "frobenius_norm_error", "negative_eigenvalues"]
    )
    for facts in minima:
        numbers = [column.read(facts) for column in COLUMNS]
        extra = [facts["frobenius_norm"]["error"], facts["negative_eigenvalues"]["certain"]]
        writer.writerow([*(facts[name] for name in names), *numbers, *extra])
    return stream.getvalue()


def write_examples(
    folder: Path, results: dict[str, Any], found: list[Found], data: Dataset, raw: bool
) -> None:
    """Save the networks of the first repeat of the first arm and their data, for ``twolayer norms``."""
    folder.mkdir()
    arm = Arm(**{**results["arms"][0], "attacks": tuple(results["arms"][0]["attacks"])})
    place = ground(Task(arm, 0, 0), data, results["seed"], raw=raw)
    genuine = place.samples(place.part.genuine)
    np.savez(folder / "data.npz", X=genuine.X, y=genuine.targets)
    kept = {id(facts) for facts in results["minima"]}
    for each in found:
        if id(each.facts) in kept and (each.facts["arm"], each.facts["repeat"]) == (arm.name, 0):
            net = each.net
            path = folder / f"attack-{each.facts['attack']}.npz"
            np.savez(path, a=net.a, W=net.W, b=net.b, activation=np.array(net.activation.name))
