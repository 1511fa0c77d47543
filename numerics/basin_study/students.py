"""Which minima starts of a student reach by four ways down, and whether volumes predict how often."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

import twolayer as tl
from numerics import basins, volume
from numerics.basin_study.problems import WAYS, taught, teacher_student
from numerics.descents.flow import INTEGRATOR
from numerics.descents.landing import DIVERGED, Landing, as_arrays, from_arrays
from numerics.landscape.landscape import NetworkLandscape
from numerics.landscape.minima import described
from numerics.landscape.symmetry import balanced
from numerics.statistics.means import student_factor
from numerics.statistics.ranks import interval, rank_correlation
from numerics.statistics.shares import Share, share, shares
from numerics.sweeps.store import Shard, fingerprint
from numerics.sweeps.workplace import Workplace
from numerics.training.many import descend
from numerics.training.starts import starts
from numerics.volume.estimate import REFUSED
from twolayer.arrays import Array

OTHERS = tuple(WAYS)[1:]
"""What is compared with the flow."""

SPREAD = 1.0
"""Standard deviation of the Gaussian of the student's starts."""

BLOCK = 10
"""Starts of one piece of work."""

DESCENT: dict[str, Any] = {"steps": 4000, "learning_rate": 0.2}

STOCHASTIC: dict[str, Any] = {"steps": 8000, "learning_rate": 0.1, "batch_size": 10}

N_BETA, GAMMA = 1000.0, 1.0
"""Inverse temperature and localisation of the students' soft volumes."""

NOT_MEASURED = "not measured"
"""The verdict on volumes of minima that are too many to measure, and reached too rarely."""

NO_VOLUME = "none: no minimum that was reached has such a volume"
"""What a panel of volumes without points says."""

UNSEEN = 10_000
"""Further inputs at which a student is compared with its teacher."""


def landscape_of(seed: int, **shape: Any) -> NetworkLandscape:
    """The risk of the student of the teacher drawn by `seed`; `shape` as for the problem."""
    net, X, y = teacher_student(seed, **shape)
    return NetworkLandscape(net, X, y)


@dataclass(frozen=True)
class Descents:
    """The task of one block of starts: go down by every way, and say where each ends.

    Parameters
    ----------
    landscape : NetworkLandscape
    seed : int
        Draws the starts, and the batches.
    ways : tuple of str
    options : dict
        Of the flow.
    """

    landscape: NetworkLandscape
    seed: int
    ways: tuple[str, ...] = tuple(WAYS)
    options: tuple[tuple[str, Any], ...] = ()

    def __call__(self, first: int) -> Shard:
        begin = starts(self.landscape.net, BLOCK, seed=self.seed, scale=SPREAD, first=first)
        return {
            name: array
            for way in self.ways
            for name, array in as_arrays(self.down(way, begin, first), f"{way} ").items()
        }

    def down(self, way: str, begin: Array, first: int) -> list[Landing]:
        """Where each of the starts `begin`, the block from number `first`, ends by a `way`.

        `begin` has shape (starts, D).

        Descents hand over to the flow where they end: it leads on to the minimum whose basin they are in.
        """
        if way in ("flow", "l-bfgs"):
            basin = basins.BasinMap(self.landscape, WAYS[way])
            if way == "flow" and self.options:
                basin = basins.BasinMap(self.landscape, **dict(self.options))
            return [basin.land(theta) for theta in begin]
        basin = basins.BasinMap(self.landscape, confirm=False)
        return [
            _lost(theta) if end is None else basin.land(end)
            for theta, end in zip(begin, self._descended(way, begin, first), strict=True)
        ]

    def _descended(self, way: str, begin: Array, first: int) -> list[Array | None]:
        rng = np.random.default_rng([self.seed, 4, first])
        options = DESCENT if way == "gradient descent" else {**STOCHASTIC, "rng": rng}
        X, y = self.landscape.X, self.landscape.risk.y[:, 0]
        try:
            return list(descend(tl.Ensemble.of(self.landscape.net, begin), X, y, **options)[0].theta)
        except ValueError:  # some diverged: one by one, to know which
            if len(begin) == 1:
                return [None]
            return [self._descended(way, one[None], first)[0] for one in begin]


def _lost(theta: Array) -> Landing:
    return Landing(theta=theta, status=DIVERGED, why="descent diverged")


def landings(shards: Sequence[Shard], way: str) -> list[Landing]:
    """Where the starts of the `shards` ended by a `way`."""
    return [landing for shard in shards for landing in from_arrays(shard, f"{way} ")]


def student(
    problem: int,
    seed: int,
    count: int,
    steps: int,
    place: Workplace,
    activation: str = "tanh",
    volumes: int = 1000,
) -> dict[str, Any]:
    """Where `count` starts of one teacher-student problem lead, and what the minima are.

    Parameters
    ----------
    problem : int
        Draws teacher and data.
    seed : int
        Draws the starts.
    count : int
    steps : int
        Of the walkers of a volume.
    place : Workplace
    activation : str
        Of teacher and student.
    volumes : int
        Most minima whose volumes are measured: those that the flow takes most starts to.

    Returns
    -------
    dict
        Plain data for JSON.
    """
    place_of = landscape_of(problem, activation=activation)
    task = (place_of.X, place_of.risk.y, activation, seed)
    key = fingerprint(INTEGRATOR, *task, tuple(WAYS), DESCENT, STOCHASTIC, BLOCK)
    pieces = list(range(0, count, BLOCK))
    done = [shard for _, shard in place.finished(f"student {problem}", Descents(place_of, seed), pieces, key)]
    basin = basins.BasinMap(place_of)
    ended = {way: landings(done, way) for way in WAYS}
    labels = {way: [basin.label(landing) for landing in ended[way]] for way in WAYS}
    starting = {index: labels["flow"].count(index) for index in range(len(basin.minima))}
    often = sorted(starting, key=lambda index: -starting[index])[:volumes]
    measured = Measured(place_of, problem, steps, seed, tuple(basin.minima), frozenset(often))
    rows = _rows(measured, starting, place if len(done) == len(pieces) else None)
    classes = functions(place_of, basin)
    return {
        "problem": problem,
        "parameters": place_of.dimension,
        "starts": len(labels["flow"]),
        "wanted": count,
        "minima": [{**row, "function": one} for row, one in zip(rows, classes, strict=True)],
        "shares": {way: by_label(labels[way]) for way in WAYS},
        "functions": {
            way: by_label([classes[one] if one >= 0 else one for one in found])
            for way, found in labels.items()
        },
        "confusion": {way: confusion(labels["flow"], labels[way]) for way in OTHERS},
        "agreement_with_flow": {way: agreement(labels["flow"], labels[way]).as_dict() for way in OTHERS},
        "prediction": {name: prediction(rows, name) for name in PREDICTORS},
        "undecided_because": _reasons(ended["flow"]),
    }


@dataclass(frozen=True)
class Measured:
    """The task of one minimum, by its number: its curvature, its volume and its risk beyond the samples.

    Parameters
    ----------
    landscape : NetworkLandscape
    problem, steps, seed : int
        As for :func:`student`.
    minima : tuple of Minimum
    often : frozenset of int
        Those whose volumes are measured.
    """

    landscape: NetworkLandscape
    problem: int
    steps: int
    seed: int
    minima: tuple[basins.Minimum, ...]
    often: frozenset[int]

    def __call__(self, index: int) -> Shard:
        minimum = self.minima[index]
        facts = {
            **_minimum(self.landscape, minimum, self.steps if index in self.often else 0, self.seed),
            **beyond(self.landscape.net.replace(minimum.theta), self.problem),
        }
        return {"facts": np.array(json.dumps(facts))}


def _rows(task: Measured, counts: dict[int, int], place: Workplace | None) -> list[dict[str, Any]]:
    """What is said about each minimum, with its count of starts.

    Of those left out by time, and of all while starts are missing (no `place`), no volume is measured.
    """
    kept: dict[int, Shard] = {}
    if place is not None:
        drawn = (task.landscape.X, task.landscape.risk.y, repr(task.landscape.net))
        thetas = [minimum.theta for minimum in task.minima]
        settings = (task.problem, task.steps, task.seed, sorted(task.often))
        key = fingerprint(INTEGRATOR, *drawn, *settings, *thetas)
        kept = dict(place.finished(f"student {task.problem} minima", task, list(counts), key))
    short = replace(task, often=frozenset())
    facts = {index: kept.get(index) or short(index) for index in counts}
    return [{"starts": counts[index], **json.loads(facts[index]["facts"].item())} for index in counts]


def functions(landscape: NetworkLandscape, basin: basins.BasinMap) -> list[int]:
    """The function of each of a basin map's minima: one for all whose outputs agree on a probe set.

    Parameters
    ----------
    landscape : NetworkLandscape
    basin : BasinMap
    """
    classify = basins.by_outputs(landscape)
    return [classify(minimum) for minimum in basin.minima]


def by_label(labels: list[int]) -> dict[str, dict[str, float]]:
    """Shares per label for JSON."""
    return {str(label): one.as_dict() for label, one in shares(labels).items()} if labels else {}


def agreement(flow: list[int], other: list[int]) -> Share:
    """How often another way down ends in the minimum of the flow, among starts whose flow ends in one.

    Examples
    --------
    >>> agreement([0, 1, -1], [0, 0, 0]).value
    0.5
    """
    decided = [(one, two) for one, two in zip(flow, other, strict=True) if one >= 0]
    return share(sum(one == two for one, two in decided), max(len(decided), 1))


def confusion(flow: list[int], other: list[int]) -> dict[str, dict[str, int]]:
    """How many starts the flow takes to a label and the `other` way to another.

    Examples
    --------
    >>> confusion([0, 0, 1], [0, 1, 1])
    {'0': {'0': 1, '1': 1}, '1': {'1': 1}}
    """
    counts: dict[str, dict[str, int]] = {}
    for one, two in sorted(zip(flow, other, strict=True)):
        row = counts.setdefault(str(one), {})
        row[str(two)] = row.get(str(two), 0) + 1
    return counts


def beyond(net: tl.TwoLayer, problem: int) -> dict[str, float]:
    """The risk of the student `net` on inputs that it has not seen, and its error.

    Parameters
    ----------
    net : TwoLayer
    problem : int
        Draws the teacher, and `UNSEEN` inputs of the law of the samples.

    Returns
    -------
    dict
        The mean, half the squares, with the half-width of its 95 % interval; and its negative, as predictor.
    """
    teacher, X = taught(problem, unseen=UNSEEN, activation=net.activation.name)
    losses = (net(X) - teacher(X)) ** 2 / 2
    value, error = float(losses.mean()), student_factor(UNSEEN) * float(losses.std(ddof=1)) / UNSEEN**0.5
    return {"test_risk": value, "test_risk_error": error, "minus_test_risk": -value}


def _reasons(ended: list[Landing]) -> dict[str, int]:
    said = [landing.why for landing in ended if landing.status != "converged"]
    return {why: said.count(why) for why in sorted(set(said))}


def _minimum(landscape: NetworkLandscape, minimum: basins.Minimum, steps: int, seed: int) -> dict[str, Any]:
    """What is said about a minimum. Volumes are those of all its images: times the size of its orbit.

    Where units can be rescaled, it stands for a family; what is said is about the balanced one of them, which
    is nearest to the origin and the same whichever of them a start has reached. Without steps of walkers
    there is no soft volume.
    """
    orbit = float(np.log(float(minimum.orbit or 1)))
    theta = balanced(landscape.net.replace(minimum.theta)).theta
    facts = {key: item for key, item in vars(described(landscape, theta)).items() if key != "theta"}
    rng = np.random.default_rng([seed, 5])
    soft: dict[str, Any] = {"verdict": NOT_MEASURED}
    if steps:
        soft = volume.learning_coefficient(
            landscape, theta, n_beta=N_BETA, gamma=GAMMA, steps=steps, walkers=16, rng=rng
        ).as_dict()
    known = soft["verdict"] != REFUSED and soft.get("log_volume") is not None
    product = volume.log_product(landscape, theta)
    return {
        **facts,
        "distance": float(np.linalg.norm(theta)),
        "soft": soft,
        "log_soft_volume": soft["log_volume"] + orbit if known else None,
        "log_ellipsoid": None if product.verdict == REFUSED else product.log_volume / 2 + orbit,
        "minus_risk": -minimum.value,
        "minus_distance": -float(np.linalg.norm(theta)),
    }


PREDICTORS = {
    "log_soft_volume": "ln soft volume",
    "log_ellipsoid": "-1/2 sum of ln of eigenvalues",
    "minus_risk": "minus the risk",
    "minus_test_risk": "minus the test risk",
    "minus_distance": "minus the distance from the origin",
}


def prediction(rows: list[dict[str, Any]], predictor: str) -> dict[str, Any]:
    """Rank correlation of the number of starts with a `predictor`, over those of `rows` the flow reached."""
    known = [row for row in rows if row["starts"] and row[predictor] is not None]
    counts, values = ([float(row[key]) for row in known] for key in ("starts", predictor))
    rank = rank_correlation(np.array(values), np.array(counts))
    low, high = interval(rank, len(known))
    return {"minima": len(known), "rank_correlation": rank, "low": low, "high": high}
