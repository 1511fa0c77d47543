"""Results of the study of basins: recorded ones, or one teacher-student problem done now."""

from __future__ import annotations

from functools import cache
from typing import Any

from numerics.basin_study.classifiers import Ways, by_way, fits
from numerics.basin_study.problems import WAYS, spiral
from numerics.basin_study.students import student
from numerics.figures.minima.trained import spiral_pair
from numerics.figures.script import Setting
from numerics.sweeps.workplace import Workplace

PROBLEM, STARTS, STEPS = 1, (40, 300), 200
SPIRAL = (4, 20)
"""Starts on the spiral, quick and not."""


@cache
def one_student(quick: bool, seed: int) -> dict[str, Any]:
    """Where the starts of one problem lead."""
    return student(PROBLEM, seed, STARTS[0 if quick else 1], STEPS, Workplace())


def students(setting: Setting, seed: int) -> list[dict[str, Any]]:
    """All teacher-student problems that are known."""
    recorded = setting.results("basins")
    found = recorded["students"] if recorded else [one_student(setting.quick, seed)]
    return [each for each in found if each["starts"] and each["shares"].get("flow")]


@cache
def spiral_starts(quick: bool, seed: int) -> dict[str, Any]:
    """What random and attacked starts on the spiral reach, and the random ones by other ways down."""
    count, problem = SPIRAL[0 if quick else 1], spiral(seed)
    pairs = [spiral_pair(seed, start) for start in range(count)]
    rows = [
        {
            "attack_percent": attack,
            "converged": fits(net, *problem.genuine),
            "test_accuracy": problem.accuracy(net),
        }
        for pair in pairs
        for attack, net in ((0, pair.good), (100, pair.bad))
    ]
    task, pieces = Ways(problem, seed), [(way, 0, count) for way in WAYS]
    return {"name": problem.name, "minima": rows, "ways": by_way({piece: task(piece) for piece in pieces})}


def problems(setting: Setting, seed: int) -> list[dict[str, Any]]:
    """All classification problems that are known."""
    recorded = setting.results("basins")
    return recorded["problems"] if recorded else [spiral_starts(setting.quick, seed)]
