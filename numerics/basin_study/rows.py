"""Every minimum of the basin experiment as one line of a csv file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

from numerics.basin_study.classifiers import GOOD
from numerics.statistics.shares import share
from numerics.volume.estimate import REFUSED

Results = dict[str, Any]

COLUMNS = (
    "problem",
    "label",
    "attack_percent",
    "count",
    "starts",
    "share",
    "share_low",
    "share_high",
    "risk",
    "test_accuracy",
    "test_risk",
    "test_risk_error",
    "log_volume",
    "log_volume_error",
    "verdict",
)


def as_csv(results: Results) -> str:
    """One line per minimum; a cell is empty where there is no such number.

    Minima of students are distinct ones, `label` is their number, and `count` of the `starts` are taken there
    by the gradient flow. Minima of classifiers are the ends of single starts, because they are not isolated:
    `label` is good, bad or not fitted, and `count` of the `starts` of its attack size have it, of those that
    fitted if it is good or bad. The share is `count` by `starts`, with Clopper and Pearson's 95 % interval. A
    volume that was refused is not given, its verdict is.

    Parameters
    ----------
    results : dict
        Of :func:`numerics.basin_study.run.experiment`.
    """
    stream = io.StringIO()
    writer = csv.DictWriter(stream, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(row for found in results["students"] for row in students(found))
    writer.writerows(row for problem in results["problems"] for row in ends(problem))
    return stream.getvalue()


def students(found: Results) -> Iterator[Results]:
    """The distinct minima of one teacher-student problem, as rows, in the order of their labels."""
    for label, minimum in enumerate(found["minima"]):
        soft = minimum["soft"]
        yield {
            "problem": f"student {found['problem']}",
            "label": label,
            **_share(minimum["starts"], found["starts"]),
            "risk": minimum["value"],
            "test_risk": minimum["test_risk"],
            "test_risk_error": minimum["test_risk_error"],
            "log_volume": minimum["log_soft_volume"],
            "log_volume_error": None if minimum["log_soft_volume"] is None else soft["error"],
            "verdict": soft["verdict"],
        }


def ends(problem: Results) -> Iterator[Results]:
    """The ends of all starts of a classifier's problem, as rows."""
    for row in problem["minima"]:
        group = problem["good"][str(row["attack_percent"])]
        label = "not fitted"
        if row["converged"]:
            label = "good" if row["test_accuracy"] >= GOOD else "bad"
        quoted = row["verdict"] != REFUSED
        yield {
            "problem": problem["name"],
            "label": label,
            "attack_percent": row["attack_percent"],
            **_share(*_with_label(group, label)),
            "risk": row["risk"],
            "test_accuracy": row["test_accuracy"],
            "log_volume": row["log_mass"] if quoted else None,
            "log_volume_error": row["log_mass_error"] if quoted else None,
            "verdict": row["verdict"],
        }


def _with_label(group: Results, label: str) -> tuple[int, int]:
    """How many starts of an attack size have the `label`, and of how many."""
    good, fitted, starts = group["good"]["count"], group["fitted"], group["starts"]
    if label == "not fitted":
        return starts - fitted, starts
    return (good if label == "good" else fitted - good), fitted


def _share(count: int, total: int) -> Results:
    one = share(count, total)
    return {
        "count": count,
        "starts": total,
        "share": one.value,
        "share_low": one.low,
        "share_high": one.high,
    }
