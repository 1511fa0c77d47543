"""Good and bad minima of classifiers: how often starts reach them, and the volumes about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

import twolayer as tl
from numerics import volume
from numerics.basin_study.problems import WAYS, Problem
from numerics.descents.flow import INTEGRATOR, flow
from numerics.descents.landing import CONVERGED, UNDECIDED, Landing
from numerics.descents.methods import METHODS
from numerics.landscape.landscape import NetworkLandscape
from numerics.landscape.pattern import has_kinks
from numerics.statistics.means import student_factor
from numerics.statistics.shares import share
from numerics.sweeps.store import Shard, fingerprint
from numerics.sweeps.workplace import Workplace, as_plain
from numerics.training.attack_sets import attack_set
from numerics.training.many import descend
from numerics.training.starts import starts
from numerics.training.trainers import to_minimum
from numerics.volume.estimate import REFUSED
from numerics.volume.priors import Gaussian
from twolayer.arrays import Array

STEPS = 150
"""Most steps of each stage of training."""

GOOD = 0.75
"""Minima of at least this test accuracy are called good."""

N_BETA, GAMMA = 1000.0, 100.0
"""Inverse temperature and localisation of the soft volumes."""

RAYS, BLOCK = 300, 10
DESCENT: dict[str, Any] = {"steps": 20_000, "learning_rate": 0.1}
STOCHASTIC: dict[str, Any] = {"steps": 40_000, "learning_rate": 0.05, "batch_size": 10}
FITTED = 1e-2
"""A risk below this, with every genuine sample on its side, counts as fitted."""


def empty(problem: Problem) -> tl.TwoLayer:
    """A network of the shape that the `problem` asks for."""
    m, d = problem.units, problem.genuine[0].shape[1]
    return tl.TwoLayer(np.zeros(m), np.zeros((m, d)), np.zeros(m), activation=problem.activation)


def begin(problem: Problem, seed: int, start: int) -> Array:
    """Parameters of the start number `start`: Xavier's, drawn by `seed`. Shape (P,)."""
    return np.asarray(starts(empty(problem), 1, kind="xavier", seed=seed, first=start)[0])


@dataclass(frozen=True)
class Attacked:
    """The task of one start: train on genuine and attack samples, then on the genuine alone, and measure.

    Parameters
    ----------
    problem : Problem
    seed : int
    steps : int
        Of the walkers of a volume.
    """

    problem: Problem
    seed: int
    steps: int

    def __call__(self, piece: tuple[int, int]) -> Shard:
        attack, start = piece
        X, y = self.problem.genuine
        net = empty(self.problem).replace(begin(self.problem, self.seed, start))
        if attack:
            net = to_minimum(net, *self._with_attack(attack, start), steps=STEPS).net
        place, end = NetworkLandscape(net, X, y), down(net, X, y)
        facts = {
            "converged": end.status == CONVERGED,
            "risk": end.value,
            "test_accuracy": self.problem.accuracy(net.replace(end.theta)),
            "distance": float(np.linalg.norm(end.theta)),
            **self._volumes(place, end.theta),
        }
        return {name: np.array(value) for name, value in facts.items()}

    def _with_attack(self, attack: int, start: int) -> tuple[Array, Array]:
        (X, y), (reserve, labels) = self.problem.genuine, self.problem.reserve
        rng = np.random.default_rng([self.seed, 6, start])
        chosen = attack_set(rng.permutation(len(labels)), round(attack / 100 * len(y)))
        both = np.concatenate([X, reserve[chosen.chosen]])
        return both, np.concatenate([y, chosen.labels(labels)])

    def _volumes(self, landscape: NetworkLandscape, theta: Array) -> dict[str, Any]:
        rng = np.random.default_rng([self.seed, 5])
        product = volume.log_product(landscape, theta, k=min(len(landscape.X), len(theta)) // 2)
        soft = volume.learning_coefficient(
            landscape, theta, n_beta=N_BETA, gamma=GAMMA, steps=self.steps, walkers=16, rng=rng
        )
        prior = Gaussian(GAMMA**-0.5, theta)
        rays = volume.radial(landscape, theta, threshold=1 / N_BETA, prior=prior, directions=RAYS, rng=rng)
        return {
            "log_product": product.log_volume,
            "log_mass": soft.log_volume,
            "log_mass_error": soft.error,
            "learning_coefficient": soft.coefficient,
            "verdict": soft.verdict,
            "why": soft.why,
            "radial": rays.log_volume,
            "radial_verdict": rays.verdict,
        }


def down(net: tl.TwoLayer, X: Array, y: Array) -> Landing:
    """Where training from `net` ends; where kinks stop it, the gradient flow goes on from there.

    Shapes (n, d) and (n,).
    """
    trained, place = to_minimum(net, X, y, steps=STEPS), NetworkLandscape(net, X, y)
    if not trained.converged and has_kinks(place):
        return flow(place, trained.net.theta)
    status = CONVERGED if trained.converged else UNDECIDED
    return Landing(theta=trained.net.theta, status=status, why=trained.why, value=trained.risk)


@dataclass(frozen=True)
class Ways:
    """The task of a block of starts: go down to the genuine samples alone, by one way.

    Parameters
    ----------
    problem : Problem
    seed : int
    """

    problem: Problem
    seed: int

    def __call__(self, piece: tuple[str, int, int]) -> Shard:
        (X, y), net, (way, first, count) = self.problem.genuine, empty(self.problem), piece
        thetas = np.array([begin(self.problem, self.seed, first + i) for i in range(count)])
        nets = [net.replace(theta) for theta in self._ends(net, thetas, way, first)]
        return {
            "fitted": np.array([fits(each, X, y) for each in nets]),
            "test_accuracy": np.array([self.problem.accuracy(each) for each in nets]),
        }

    def _ends(self, net: tl.TwoLayer, thetas: Array, way: str, first: int) -> Array:
        """Where the `way` leads from `thetas` (k, P), those of the starts from `first` on: (k, P)."""
        (X, y), rng = self.problem.genuine, np.random.default_rng([self.seed, 7, first])
        descents = {"gradient descent": DESCENT, "sgd": STOCHASTIC | {"rng": rng}}
        if way in descents:
            return descend(tl.Ensemble.of(net, thetas), X, y, **descents[way])[0].theta
        place, options = NetworkLandscape(net, X, y), {"rtol": 1e-4} if way == "flow" else {}
        return np.array([METHODS[WAYS[way]](place, theta, rng=rng, **options).theta for theta in thetas])


def fits(net: tl.TwoLayer, X: Array, y: Array) -> bool:
    """Whether `net` has every sample (`X`, `y`) on its side, with a risk below FITTED.

    Shapes (n, d) and (n,).
    """
    outputs = net(X)
    return bool((outputs * y > 0).all() and ((outputs - y) ** 2).mean() / 2 < FITTED)


@dataclass(frozen=True)
class Classifiers:
    """The task of both kinds: of an attacked start, and of a block of starts by one way, of any problem.

    Parameters
    ----------
    problems : tuple of Problem
    seed : int
    steps : int
        Of the walkers of a volume.
    """

    problems: tuple[Problem, ...]
    seed: int
    steps: int

    def __call__(self, piece: tuple[int, Any]) -> Shard:
        index, rest = piece
        problem = self.problems[index]
        if rest[0] in WAYS:
            return Ways(problem, self.seed)(rest)
        return Attacked(problem, self.seed, self.steps)(rest)


def classes(
    problems: tuple[Problem, ...],
    seed: int,
    count: int,
    attacks: tuple[int, ...],
    steps: int,
    place: Workplace,
) -> list[dict[str, Any]]:
    """Good and bad minima of `problems`, from random and from attacked starts, and by four ways down.

    Parameters
    ----------
    problems : tuple of Problem
    seed : int
    count : int
        Starts for every attack size.
    attacks : tuple of int
        Attack sizes as percentages of the genuine samples.
    steps : int
        Of the walkers of a volume.
    place : Workplace

    Returns
    -------
    list of dict
        Plain data for JSON, for every problem.
    """
    drawn = [
        part for each in problems for part in (*each.genuine, *each.reserve, each.units, each.activation)
    ]
    key = fingerprint(INTEGRATOR, *drawn, seed, steps, count, attacks, RAYS, DESCENT, STOCHASTIC)
    attacked = [(attack, start) for start in range(count) for attack in attacks]
    blocks = [(way, first, min(BLOCK, count - first)) for first in range(0, count, BLOCK) for way in WAYS]
    # The long pieces first: then no process waits long for another.
    pieces = [
        (index, piece) for kind in (blocks, attacked) for index in range(len(problems)) for piece in kind
    ]
    done = dict(place.finished("classifiers", Classifiers(problems, seed, steps), pieces, key))
    return [
        described(
            problem,
            attacks,
            [
                {"attack_percent": attack, "start": start, **as_plain(done[index, (attack, start)])}
                for attack, start in attacked
                if (index, (attack, start)) in done
            ],
            {block: done[index, block] for block in blocks if (index, block) in done},
        )
        for index, problem in enumerate(problems)
    ]


def described(
    problem: Problem,
    attacks: tuple[int, ...],
    rows: list[dict[str, Any]],
    ways: dict[tuple[str, int, int], Shard],
) -> dict[str, Any]:
    """What is told of a `problem`: its `rows`, one a minimum, and where the `ways` have led."""
    return {
        "name": problem.name,
        "genuine": len(problem.genuine[1]),
        "units": problem.units,
        "parameters": empty(problem).n_parameters,
        "minima": rows,
        "good": {str(attack): _good(rows, attack) for attack in attacks},
        "ways": by_way(ways),
    }


def _good(rows: list[dict[str, Any]], attack: int) -> dict[str, Any]:
    """Share of good minima, and means of what was measured, among the rows of one attack size."""
    fitted = [row for row in rows if row["converged"] and row["attack_percent"] == attack]
    masses = [row["log_mass"] for row in fitted if row["verdict"] != REFUSED]
    said = [row["radial_verdict"] for row in fitted]
    return {
        "good": share(sum(row["test_accuracy"] >= GOOD for row in fitted), max(len(fitted), 1)).as_dict(),
        "starts": sum(row["attack_percent"] == attack for row in rows),
        "fitted": len(fitted),
        "test_accuracy": mean([row["test_accuracy"] for row in fitted]),
        "log_product": mean([row["log_product"] for row in fitted]),
        "log_mass": mean(masses),
        "quotable": len(masses),
        "radial_verdicts": {verdict: said.count(verdict) for verdict in sorted(set(said))},
    }


def by_way(shards: dict[tuple[str, int, int], Shard]) -> dict[str, dict[str, Any]]:
    """For every way down: how many fitted, the share of good minima among them, and their accuracy.

    Blocks of starts that not every way has finished are left out.
    """
    begun = {(first, count) for _, first, count in shards}
    blocks = [block for block in sorted(begun) if all((way, *block) in shards for way in WAYS)]
    if not blocks:
        return {}
    fitted, accuracy = (
        {way: np.concatenate([shards[way, *block][name] for block in blocks]) for way in WAYS}
        for name in ("fitted", "test_accuracy")
    )
    found = {}
    for way in WAYS:
        reached = accuracy[way][fitted[way]]
        both = fitted[way] & fitted["flow"]
        found[way] = {
            "starts": len(fitted[way]),
            "fitted": len(reached),
            "good": share(int((reached >= GOOD).sum()), max(len(reached), 1)).as_dict(),
            "test_accuracy": mean(reached.tolist()),
            "above_flow": mean((accuracy[way][both] - accuracy["flow"][both]).tolist()),
        }
    return found


def mean(values: list[float]) -> dict[str, Any] | None:
    """Mean of the `values` that are known and the half-width of its 95 % interval, by Student's t.

    Examples
    --------
    >>> mean([1.0, 1.0])
    {'value': 1.0, 'error': 0.0, 'count': 2}
    """
    known = np.array([value for value in values if value is not None])
    count, error = len(known), None
    if count > 1:
        error = student_factor(count) * float(known.std(ddof=1)) / float(np.sqrt(count))
    return {"value": float(known.mean()), "error": error, "count": count} if count else None
