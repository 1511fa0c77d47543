"""Results of the study of basins: recorded ones, or one teacher-student problem done now."""

from __future__ import annotations

from functools import cache
from typing import Any

from numerics.basin_study.students import student
from numerics.figures.script import Setting
from numerics.sweeps.workplace import Workplace

PROBLEM, STARTS, STEPS = 1, (40, 300), 200


@cache
def one_student(quick: bool, seed: int) -> dict[str, Any]:
    """Where the starts of one problem lead."""
    return student(PROBLEM, seed, STARTS[0 if quick else 1], STEPS, Workplace())


def students(setting: Setting, seed: int) -> list[dict[str, Any]]:
    """All teacher-student problems that are known."""
    recorded = setting.results("basins")
    found = recorded["students"] if recorded else [one_student(setting.quick, seed)]
    return [each for each in found if each["starts"] and each["shares"].get("flow")]
