"""The paper's central claim made testable: do good minima own the larger basins?

Three parts: which minima random starts of a student reach, by four ways down; how often random starts reach
good minima on a spiral and on digits, and what attacked starts reach; volumes of the regions about them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import spearmanr

import twolayer as tl
from numerics import basins, volume
from numerics.attack import attack_set
from numerics.basin_problems import Problem, digits, spiral, teacher_student
from numerics.descend import descend
from numerics.estimate import VolumeEstimate
from numerics.flow import Landing
from numerics.initialisations import starts
from numerics.landscape import Array, NetworkLandscape
from numerics.potentials import CosineLattice, ellipsoid, powers
from numerics.shards import Shard, fingerprint, sweep
from numerics.shares import Share, share, shares
from numerics.training import to_minimum

STEPS = 150
"""Most steps of each stage of training."""

GOOD = 0.75
"""Minima of at least this test accuracy are called good."""

SPREAD = 1.0
"""Standard deviation of the Gaussian of the student's starts."""

N_BETA, GAMMA = 1000.0, 100.0
"""Inverse temperature and localisation of the soft volumes."""


@dataclass(frozen=True)
class Size:
    """How much is done.

    Parameters
    ----------
    student_starts : int
        Starts of the teacher-student problem.
    starts : int
        Starts of the spiral and the digits, for every attack size.
    attacks : tuple of int
        Attack sizes as percentages of the genuine samples.
    steps : int
        Of the walkers of a volume.
    """

    student_starts: int
    starts: int
    attacks: tuple[int, ...]
    steps: int


QUICK = Size(student_starts=24, starts=4, attacks=(0, 100), steps=200)
FULL = Size(student_starts=400, starts=40, attacks=(0, 25, 50, 100), steps=1000)


@dataclass(frozen=True)
class Workplace:
    """Where sweeps run and are kept; see :func:`numerics.shards.sweep`."""

    executor: Executor | None = None
    store: Path | None = None
    max_seconds: float | None = None
    report: Callable[[str, int, int], None] | None = None

    def options(self, name: str) -> dict[str, Any]:
        """The options of the sweep called `name`."""
        report = None
        if self.report is not None:
            tell = self.report

            def report(done: int, total: int) -> None:
                tell(name, done, total)

        store = None if self.store is None else self.store / name
        return {"executor": self.executor, "store": store, "max_seconds": self.max_seconds, "report": report}


def experiment(seed: int, size: Size, place: Workplace | None = None) -> dict[str, Any]:
    """Run all parts.

    Parameters
    ----------
    seed : int
        Determines every number.
    size : Size
    place : Workplace, optional
        Here, by default.

    Returns
    -------
    dict
        Plain data for JSON.

    Raises
    ------
    SweepError
        If it was stopped; what is finished is in the store, if there is one.
    """
    place = place or Workplace()
    clock = time.perf_counter()
    results: dict[str, Any] = {
        "seed": seed,
        "size": asdict(size),
        "conventions": CONVENTIONS,
        "student": student(seed, size, place),
        "problems": [classes(problem(seed), seed, size, place) for problem in (spiral, digits)],
        "known_volumes": known_volumes(seed),
    }
    return {**results, "seconds": time.perf_counter() - clock}


CONVENTIONS = {
    "risk": "R = (1/n) sum_i (f(x_i) - y_i)^2 / 2",
    "intervals": "shares carry Clopper and Pearson's intervals at 95 %, each for itself",
    "basins": "labels by gradient flow, confirmed at a tenth of the tolerance; minima that are equal after "
    "permutation and sign flips of units are one",
    "volumes": f"ln of the mean of exp(-{N_BETA:g} (R - R(minimum))) under the Gaussian of precision "
    f"{GAMMA:g} about the minimum: a soft sublevel set, not the basin of attraction",
    "log_product": "minus the sum of logs of the n / 2 largest Hessian eigenvalues",
    "good": f"test accuracy of at least {GOOD:g}",
}


def student(seed: int, size: Size, place: Workplace) -> dict[str, Any]:
    """Where starts of the teacher-student problem lead: by flow, large steps, SGD and L-BFGS.

    `seed`, `size` and `place` as for :func:`experiment`.
    """
    net, X, y = teacher_student(seed)
    landscape = NetworkLandscape(net, X, y)
    first = starts(net, size.student_starts, seed=seed, scale=SPREAD)
    many, rng = tl.Ensemble.of(net, first), np.random.default_rng([seed, 4])
    by_descent, _ = descend(many, X, y, steps=2000, learning_rate=0.5)
    by_sgd, _ = descend(many, X, y, steps=4000, learning_rate=0.2, batch_size=10, rng=rng)
    ways: dict[str, tuple[Array, str, dict[str, Any]]] = {
        "flow": (first, "flow", {}),
        "gradient descent": (by_descent.theta, "flow", {"confirm": False}),
        "sgd": (by_sgd.theta, "flow", {"confirm": False}),
        "l-bfgs": (first, "lbfgs", {}),
    }
    landings = {
        name: basins.sample(
            landscape, begin, rng=rng, method=method, **place.options(f"student-{name}"), **options
        ).landings
        for name, (begin, method, options) in ways.items()
    }
    basin = basins.BasinMap(landscape)
    labels = {name: [basin.label(landing) for landing in found] for name, found in landings.items()}
    return {
        "starts": len(first),
        "minima": [_minimum(landscape, minimum, size, seed) for minimum in basin.minima],
        "shares": {name: _shares(shares(found)) for name, found in labels.items()},
        "agreement_with_flow": {
            name: _share(_agreement(labels["flow"], found))
            for name, found in labels.items()
            if name != "flow"
        },
        "volume_predicts_frequency": _prediction(landscape, basin.minima, labels["flow"], size, seed),
        "undecided_because": _reasons(landings["flow"]),
    }


def _reasons(landings: list[Landing]) -> dict[str, int]:
    said = [landing.why for landing in landings if landing.status != "converged"]
    return {why: said.count(why) for why in sorted(set(said))}


def _agreement(flow: list[int], other: list[int]) -> Share:
    """How often another way down ends in the minimum of the flow, among starts whose flow ends in one."""
    decided = [(one, two) for one, two in zip(flow, other, strict=True) if one >= 0]
    return share(sum(one == two for one, two in decided), max(len(decided), 1))


def _minimum(landscape: NetworkLandscape, minimum: basins.Minimum, size: Size, seed: int) -> dict[str, Any]:
    facts = {key: item for key, item in vars(minimum).items() if key != "theta"}
    return {**facts, "log_mass": _mass(landscape, minimum.theta, size.steps, seed).as_dict()}


def _mass(landscape: NetworkLandscape, theta: Array, steps: int, seed: int) -> volume.LearningCoefficient:
    return volume.learning_coefficient(
        landscape,
        theta,
        n_beta=N_BETA,
        gamma=GAMMA,
        steps=steps,
        walkers=16,
        rng=np.random.default_rng([seed, 5]),
    )


def _prediction(
    landscape: NetworkLandscape, minima: list[basins.Minimum], labels: list[int], size: Size, seed: int
) -> dict[str, Any]:
    """Rank correlation of frequency and log-mass (times orbit size), over the minima the flow reached."""
    reached = [index for index in range(len(minima)) if index in labels]
    masses, counts = [], []
    for index in reached:
        found = _mass(landscape, minima[index].theta, size.steps, seed)
        if found.verdict != "refused":
            masses.append(found.log_volume + np.log(float(minima[index].orbit or 1)))
            counts.append(labels.count(index))
    rank = (
        float(spearmanr(masses, counts).statistic) if len(set(masses)) > 2 and len(set(counts)) > 1 else None
    )
    return {"minima": len(masses), "log_orbit_mass": masses, "counts": counts, "rank_correlation": rank}


def classes(problem: Problem, seed: int, size: Size, place: Workplace) -> dict[str, Any]:
    """Good and bad minima of a `problem`, from random and from attacked starts.

    `seed`, `size` and `place` as for :func:`experiment`.
    """
    pieces = [(attack, start) for attack in size.attacks for start in range(size.starts)]
    task = _Attacked(problem, seed, size.steps)
    key = fingerprint(*problem.genuine, *problem.reserve, problem.units, seed, size.steps, tuple(pieces))
    found = sweep(task, pieces, key=key, **place.options(problem.name))
    rows = [
        {"attack_percent": attack, "start": start, **{name: _plain(value) for name, value in shard.items()}}
        for (attack, start), shard in zip(pieces, found, strict=True)
    ]
    return {
        "name": problem.name,
        "genuine": len(problem.genuine[1]),
        "units": problem.units,
        "minima": rows,
        "good": {str(attack): _good(rows, attack) for attack in size.attacks},
    }


def _plain(value: np.ndarray) -> Any:
    item = value.item()
    return None if isinstance(item, float) and not np.isfinite(item) else item


def _good(rows: list[dict[str, Any]], attack: int) -> dict[str, Any]:
    """Share of good minima, and means of what was measured, among the rows of one attack size."""
    fitted = [row for row in rows if row["converged"] and row["attack_percent"] == attack]
    masses = [row["log_mass"] for row in fitted if row["verdict"] != "refused"]
    return {
        "good": _share(share(sum(row["test_accuracy"] >= GOOD for row in fitted), max(len(fitted), 1))),
        "fitted": len(fitted),
        "test_accuracy": _mean([row["test_accuracy"] for row in fitted]),
        "log_product": _mean([row["log_product"] for row in fitted]),
        "log_mass": _mean(masses),
        "quotable": len(masses),
    }


def _mean(values: list[float]) -> float | None:
    return float(np.mean(values)) if values else None


@dataclass(frozen=True)
class _Attacked:
    """The task of one start: train on genuine and attack samples, then on the genuine alone, and measure."""

    problem: Problem
    seed: int
    steps: int

    def __call__(self, piece: tuple[int, int]) -> Shard:
        attack, start = piece
        (X, y), (reserve, labels) = self.problem.genuine, self.problem.reserve
        count = round(attack / 100 * len(y))
        rng = np.random.default_rng([self.seed, 6, start])
        chosen = attack_set(rng.permutation(len(labels)), count)
        m, d = self.problem.units, X.shape[1]
        empty = tl.TwoLayer(np.zeros(m), np.zeros((m, d)), np.zeros(m))
        net = empty.replace(starts(empty, 1, kind="xavier", seed=self.seed, first=start)[0])
        both = np.concatenate([X, reserve[chosen.chosen]]), np.concatenate([y, chosen.labels(labels)])
        trained = to_minimum(to_minimum(net, *both, steps=STEPS).net if count else net, X, y, steps=STEPS)
        landscape, theta = NetworkLandscape(net, X, y), trained.net.theta
        product = volume.log_product(landscape, theta, k=min(len(y), len(theta)) // 2)
        mass = _mass(landscape, theta, self.steps, self.seed)
        facts = {
            "converged": trained.converged,
            "risk": trained.risk,
            "test_accuracy": self.problem.accuracy(trained.net),
            "log_product": product.log_volume,
            "log_mass": mass.log_volume,
            "log_mass_error": mass.error,
            "learning_coefficient": mass.coefficient,
            "verdict": mass.verdict,
            "why": mass.why,
        }
        return {name: np.array(value) for name, value in facts.items()}


def known_volumes(seed: int) -> list[dict[str, Any]]:
    """Every estimator on potentials whose volumes are known, and how far off it is; `seed` seeds them."""
    bowls = {f"ellipsoid, D = {D}, condition {c:g}": ellipsoid(np.geomspace(1, c, D)) for D, c in BOWLS}
    quartics = {f"quartic, D = {D}": powers(np.geomspace(1, 10, D), 4.0) for D in (5, 20)}
    rows = []
    for name, potential in {**bowls, **quartics}.items():
        for kind, run in SUBLEVEL.items():
            if kind == "tempering" and potential.dimension > MOST_HEATED:
                continue
            found = run(potential, np.zeros(potential.dimension), np.random.default_rng([seed, 7]))
            rows.append(_row(name, kind, potential.log_volume(1.0), found))
    for D in (2, 10):
        lattice, rng = CosineLattice(D), np.random.default_rng([seed, 8])
        for kind, estimator in (("radial", volume.radial), ("tempering", volume.tempering)):
            found = estimator(lattice, np.zeros(D), inside=lattice.in_basin, rng=rng)
            rows.append(_row(f"cosine basin, D = {D}", kind, lattice.log_basin_volume(), found))
    return rows


MOST_HEATED = 100
"""Most dimensions in which tempering is shown: its cost grows with their number."""

BOWLS = ((2, 1e6), (100, 1e3), (1000, 1e6))

SUBLEVEL: dict[str, Callable[[Any, Array, np.random.Generator], VolumeEstimate]] = {
    "ellipsoid": lambda bowl, x, rng: volume.ellipsoid(bowl, x, threshold=1.0),
    "radial, isotropic": lambda bowl, x, rng: volume.radial(
        bowl, x, threshold=1.0, directions=100, preconditioner=None, rng=rng
    ),
    "radial": lambda bowl, x, rng: volume.radial(bowl, x, threshold=1.0, directions=400, rng=rng),
    "tempering": lambda bowl, x, rng: volume.tempering(
        bowl, x, threshold=1.0, steps=300, walkers=16, rng=rng
    ),
}


def _row(name: str, estimator: str, truth: float, found: VolumeEstimate) -> dict[str, Any]:
    off = found.log_volume - truth
    return {
        "potential": name,
        "estimator": estimator,
        "truth": truth,
        "off": off if np.isfinite(off) else None,
        **found.as_dict(),
    }


def _share(one: Share) -> dict[str, float]:
    return {**vars(one), "value": one.value}


def _shares(found: dict[Any, Share]) -> dict[str, dict[str, float]]:
    return {str(label): _share(one) for label, one in found.items()}
