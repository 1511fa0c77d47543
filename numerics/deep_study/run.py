"""One minimum of a deep network: data dealt out, training with and without an attack set, measurement."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from numerics.deep import training
from numerics.deep.network import Network, random_network
from numerics.deep_study.arms import TOGETHER, DeepArm, reserve
from numerics.deep_study.facts import Labelled, describe, sampled_volumes
from numerics.files.datasets import Scaling, centred
from numerics.files.images import Images
from numerics.sweeps.store import Shard
from numerics.training.attack_sets import attack_set, split

MOST_TESTS = 2000

STEPS, ENOUGH = 2000, 1e-3
"""Most steps of the first training, and the risk at which it ends."""

DESCENTS: dict[str, dict[str, Any]] = {
    "lbfgs": {"steps": STEPS},
    "gradient_descent": {"learning_rate": 0.1, "steps": 4 * STEPS},
    "sgd": {"learning_rate": 0.05, "batch_size": 10, "epochs": 400},
}


@dataclass(frozen=True)
class Ground:
    """The samples of one repeat: genuine, those that may attack, those that test, and the inputs' scaling."""

    genuine: Labelled
    reserve: Labelled
    test: Labelled
    scaling: Scaling


def ground(data: Images, genuine: int, repeat: int, seed: int) -> Ground:
    """Deal the samples of the repeat number `repeat`; the same for every arm of equal `genuine`.

    Parameters
    ----------
    data : Images
    genuine, repeat, seed : int
    """
    may_train = len(data.labels) - data.tests
    rng = np.random.default_rng([seed, repeat, 0])
    part = split(may_train, genuine=genuine, reserve=reserve(may_train, data.tests, genuine), rng=rng)
    test = may_train + rng.permutation(data.tests) if data.tests else part.test
    scaling = centred(data.X[part.pool].astype(float))

    def labelled(chosen: np.ndarray) -> Labelled:
        return Labelled(scaling(data.X[chosen].astype(float)), data.labels[chosen], data.classes)

    tests = labelled(test[:MOST_TESTS])
    return Ground(labelled(part.genuine), labelled(part.reserve), tests, scaling)


@dataclass(frozen=True)
class Minimum:
    """The task of one minimum, for a sweep.

    Parameters
    ----------
    data : Images
    seed : int
    """

    data: Images
    seed: int

    def __call__(self, piece: tuple[DeepArm, int, int]) -> Shard:
        arm, repeat, attack = piece
        return as_shard(minimum(arm, repeat, attack, self.data, self.seed))


def as_shard(facts: dict[str, Any]) -> Shard:
    """Plain data as a shard of one text."""
    return {"facts": np.array(json.dumps(facts, allow_nan=False))}


def as_facts(shard: Shard) -> dict[str, Any]:
    """The plain data of a `shard`."""
    found: dict[str, Any] = json.loads(str(shard["facts"]))
    return found


def minimum(arm: DeepArm, repeat: int, attack: int, data: Images, seed: int) -> dict[str, Any]:
    """Train one network and measure where it ends.

    Parameters
    ----------
    arm : DeepArm
    repeat, attack : int
        Number of the split and the start, and size of the attack set.
    data : Images
    seed : int
        With `repeat` it determines the split, the start and the attack labels.

    Returns
    -------
    dict
        Plain data for JSON.
    """
    place = ground(data, arm.genuine, repeat, seed)
    extra = attacking(place.reserve, attack, arm, np.random.default_rng([seed, repeat, 1]))
    trained = attacked(begin(arm, data, seed, repeat), arm, place.genuine, extra, [seed, repeat, 2])
    names = {"arm": arm.name, "repeat": repeat, "attack": attack, "loss": arm.loss}
    facts = {**names, **describe(trained, place.genuine, extra, place.test, arm.loss)}
    if arm.volumes:
        rng = np.random.default_rng([seed, repeat, 3])
        facts["volumes"] = sampled_volumes(trained.net, place.genuine, arm.loss, rng)
    return facts


def begin(arm: DeepArm, data: Images, seed: int, repeat: int) -> Network:
    """The random start of a repeat, the same for every attack size."""
    sizes = (data.X.shape[1], *arm.hidden, data.classes)
    drawn = int(np.random.default_rng([seed, repeat, 4]).integers(2**31))
    return random_network(sizes, arm.activation, seed=drawn)


def attacking(pool: Labelled, size: int, arm: DeepArm, rng: np.random.Generator) -> Labelled:
    """The first `size` samples of the `pool`, a share of them with wrong or random labels.

    Sets of growing size are nested, and so are their labels if all are wrong.
    """
    if arm.wrong:
        drawn = (pool.labels + rng.integers(1, pool.classes, len(pool.labels))) % pool.classes
    else:
        drawn = below_the_last(pool.labels, pool.classes, rng)
    found = attack_set(np.arange(len(pool.labels)), size, flipped=arm.flipped, rng=rng)
    labels = np.where(found.flipped, drawn[found.chosen], pool.labels[found.chosen])
    return Labelled(pool.X[found.chosen], labels, pool.classes)


def below_the_last(labels: np.ndarray, classes: int, rng: np.random.Generator) -> np.ndarray:
    """Wrong labels (k,), uniform over all classes but the last and the true one.

    Examples
    --------
    >>> below_the_last(np.array([0, 1, 0]), 3, np.random.default_rng(0)).tolist()
    [1, 0, 1]
    """
    last = classes - 1
    others = (labels + rng.integers(1, max(last, 2), len(labels))) % max(last, 1)
    return np.asarray(np.where(labels == last, rng.integers(0, last, len(labels)), others))


def attacked(
    start: Network, arm: DeepArm, genuine: Labelled, attack: Labelled, seed: list[int]
) -> training.Trained:
    """Train on genuine and attack samples, then, by the arm's recipe, to the end on which of them."""
    both = genuine.joined(attack)
    options = {"loss": arm.loss, "target": max(ENOUGH, arm.target), **DESCENTS[arm.descent]}
    if arm.descent == "sgd":
        options["rng"] = np.random.default_rng(seed)
    first = getattr(training, arm.descent)(start, both.X, both.targets(arm.loss), **options)
    last_on = both if arm.recipe == TOGETHER else genuine
    last = training.gauss_newton(
        first.net, last_on.X, last_on.targets(arm.loss), loss=arm.loss, target=arm.target
    )
    return replace(last, steps=first.steps + last.steps)
