"""The networks that the figures of this room show, each trained once for all of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

import twolayer as tl
from numerics.basin_study.classifiers import begin, empty
from numerics.basin_study.problems import Problem, spiral
from numerics.figures.script import Setting
from numerics.files.datasets import digits_task
from numerics.minima_study.arms import FULL, Arm
from numerics.minima_study.reproduce import reproduce
from numerics.training.attack_sets import attack_set
from numerics.training.trainers import to_minimum
from twolayer.arrays import Array

ARM = Arm("tanh", repeats=4)
ARMS = (ARM, Arm("relu", activation="relu", repeats=4))
"""What is trained on digits where no results are given, quickly."""

LOGISTIC_RISK = 1e-3
"""Where training by the logistic loss stops: its infimum is not attained."""


@dataclass(frozen=True)
class Pair:
    """A good and a bad minimum of one problem, reached from one start.

    Parameters
    ----------
    problem : Problem
    good, bad : TwoLayer
        Trained on the genuine samples alone, and after an attack set of as many wrong labels.
    attack : ndarray, shape (n, d)
        Inputs of the attack set.
    """

    problem: Problem
    good: tl.TwoLayer
    bad: tl.TwoLayer
    attack: Array


@cache
def spiral_pair(seed: int, start: int = 0, loss: str = "squared") -> Pair:
    """The pair of minima on the spiral from the start of this number; `loss` squared or logistic."""
    problem = spiral(seed)
    (X, y), (reserve, labels) = problem.genuine, problem.reserve
    order = np.random.default_rng([seed, 6, start]).permutation(len(labels))
    chosen = attack_set(order, len(y))
    both = np.concatenate([X, reserve[chosen.chosen]])
    targets = np.concatenate([y, chosen.labels(labels)])
    first = empty(problem).replace(begin(problem, seed, start))
    options: dict[str, Any] = {"steps": 300, "loss": loss, "finish": 50}
    if loss == "logistic":
        y, targets, options["target"] = (y + 1) / 2, (targets + 1) / 2, LOGISTIC_RISK
    good = to_minimum(first, X, y, **options).net
    attacked = to_minimum(first, both, targets, **options).net
    return Pair(problem, good, to_minimum(attacked, X, y, **options).net, reserve[chosen.chosen])


@cache
def digit_results(quick: bool, seed: int) -> dict[str, Any]:
    """Results of the study of minima on digits, two arms of it."""
    return reproduce(digits_task(), ARMS if quick else FULL[:2], seed)[0]


def digit_minima(setting: Setting, seed: int) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The minima of the first arm and its description: recorded ones, or found now."""
    results = setting.results("two-layer") or digit_results(setting.quick, seed)
    arm = results["arms"][0]
    return [facts for facts in results["minima"] if facts["arm"] == arm["name"]], results
