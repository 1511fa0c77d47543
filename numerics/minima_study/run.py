"""Good and bad minima: networks trained with and without attack sets, from the same random starts."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

import twolayer as tl
from numerics.files.datasets import Dataset, Scaling, centred, standardised, unscaled
from numerics.minima_study.arms import Arm, Task, reserve_size
from numerics.minima_study.endings import is_minimum
from numerics.minima_study.facts import Samples, describe, plain, theorem_checks
from numerics.training.attack_sets import AttackSet, Split, attack_set, split
from numerics.training.point import Trained
from numerics.training.trainers import gauss_newton, gradient_descent, lbfgs, random_network, sgd, to_minimum
from theory.quantities.network import Situation
from theory.quantities.registry import value

STEPS = 200
"""Most Gauss-Newton steps of each of the two trainings."""

NEWTON_WORK = 5e9
"""Newton steps after them: as many as keep steps times P^3 below this, and at least 3."""

DESCENTS: dict[str, Callable[..., Trained]] = {
    "gradient_descent": partial(gradient_descent, learning_rate=0.02, steps=3000),
    "sgd": partial(sgd, learning_rate=0.02, batch_size=20, epochs=150),
    "lbfgs": partial(lbfgs, steps=500),
}


@dataclass(frozen=True)
class Ground:
    """The data of one repeat: which samples are what, and how inputs are scaled."""

    data: Dataset
    part: Split
    scaling: Scaling
    loss: str

    def samples(self, chosen: np.ndarray, y: np.ndarray | None = None) -> Samples:
        """The samples `chosen`, with their own labels or the labels `y`.

        `chosen` has shape (k,), `y` (k,).
        """
        return Samples(self.scaling(self.data.X[chosen]), self.data.y[chosen] if y is None else y, self.loss)


def ground(task: Task, data: Dataset, seed: int, *, raw: bool = False) -> Ground:
    """Deal the samples of one repeat; the same for every attack size and every arm of equal `genuine`."""
    rng = np.random.default_rng([seed, task.repeat, 0])
    reserve = reserve_size(len(data.y), task.arm.genuine)
    part = split(len(data.y), genuine=task.arm.genuine, reserve=reserve, rng=rng)
    scaling = (unscaled if raw else standardised if data.standardise else centred)(data.X[part.pool])
    return Ground(data, part, scaling, task.arm.loss)


@dataclass(frozen=True)
class Found:
    """A minimum: the network, what is said about it, and how long that took.

    Parameters
    ----------
    net : TwoLayer
    facts : dict
        Plain data, the same whenever the task and the seed are.
    timing : dict of str to float
        Seconds of wall time.
    """

    net: tl.TwoLayer
    facts: dict[str, Any]
    timing: dict[str, float]


def minimum(task: Task, data: Dataset, seed: int, *, raw: bool = False) -> Found:
    """Train one network on genuine and attack samples, then on the genuine ones alone, and measure it.

    Parameters
    ----------
    task : Task
    data : Dataset
    seed : int
        With the number of the repeat it determines the split, the start and the flipped labels.
    raw : bool
        Whether inputs are used as they are instead of centred and scaled.

    Returns
    -------
    Found
    """
    arm, place = task.arm, ground(task, data, seed, raw=raw)
    start, chosen, rng = dealt(task, place, seed)
    genuine, test = place.samples(place.part.genuine), place.samples(place.part.test)
    attack = place.samples(chosen.chosen, chosen.labels(data.y))
    clock = time.perf_counter()
    trained = attacked(start, arm, genuine, attack, rng)
    training = time.perf_counter() - clock
    names = {"arm": arm.name, "repeat": task.repeat, "attack": task.attack}
    facts = {**names, **describe(trained, genuine, attack, test)}
    if task.attack == arm.attacks[0] and is_minimum(facts):  # all attack sizes of a repeat have one start
        facts["start"] = describe_start(start, genuine)
    timing = {"training": training, "measuring": time.perf_counter() - clock - training}
    return Found(trained.net, facts, timing)


def dealt(task: Task, place: Ground, seed: int) -> tuple[tl.TwoLayer, AttackSet, np.random.Generator]:
    """The start and the attack set of a task, and the generator that has drawn them."""
    arm, rng = task.arm, np.random.default_rng([seed, task.repeat, 1])
    start = random_network(place.data.X.shape[1], arm.units, activation=arm.activation, rng=rng)
    return start, attack_set(place.part.reserve, task.attack, flipped=arm.flipped, rng=rng), rng


def describe_start(start: tl.TwoLayer, genuine: Samples) -> dict[str, Any]:
    """Return the risk and both sides of T1 to T5 at a random start, where residuals are not zero."""
    at = Situation(start, genuine.X, genuine.targets, genuine.loss)
    return {"risk": plain(value("risk", at)), "theorems": theorem_checks(at)}


def attacked(
    start: tl.TwoLayer, arm: Arm, genuine: Samples, attack: Samples, rng: np.random.Generator
) -> Trained:
    """Train on genuine and attack samples together, then on the genuine samples alone.

    Only the second training need end at a minimum: the first is Gauss-Newton for as long as that gains.
    """
    both, net, steps = genuine.joined(attack), start, 0
    if arm.descent:
        source = {"rng": rng} if arm.descent == "sgd" else {}
        before = DESCENTS[arm.descent](net, both.X, both.targets, loss=arm.loss, **source)
        net, steps = before.net, before.steps
    common: dict[str, Any] = {"loss": arm.loss, "target": arm.target, "steps": STEPS}
    first = gauss_newton(net, both.X, both.targets, patience=10, **common)
    finish = max(3, min(200, int(NEWTON_WORK / start.n_parameters**3)))
    last = to_minimum(first.net, genuine.X, genuine.targets, finish=finish, **common)
    return replace(last, steps=steps + first.steps + last.steps)
