"""Repeats of a volume estimate where the answer is known: how far off, and how often inside its error."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from numerics import volume
from numerics.basin_study.known_volumes import GAMMA, N_BETA, Known, bowl, lattice, star
from numerics.statistics.shares import share
from numerics.sweeps.store import Shard, fingerprint
from numerics.sweeps.workplace import Workplace
from numerics.volume.estimate import DOUBTFUL, REFUSED, TRUSTED, VolumeEstimate

Run = Callable[[Known, np.random.Generator], VolumeEstimate]
PIECE = 10
"""Repeats of one piece of work."""


def radial(known: Known, rng: np.random.Generator, **options: Any) -> VolumeEstimate:
    return volume.radial(known.landscape, known.minimum, **known.region, rng=rng, **options)


def tempering(known: Known, rng: np.random.Generator, **options: Any) -> VolumeEstimate:
    return volume.tempering(known.landscape, known.minimum, **known.region, rng=rng, **options)


def coefficient(known: Known, rng: np.random.Generator, **options: Any) -> VolumeEstimate:
    """The learning coefficient and its error in the place of the log-volume and its own."""
    place, centre = known.landscape, known.minimum
    found = volume.learning_coefficient(place, centre, n_beta=N_BETA, gamma=GAMMA, rng=rng, **options)
    stated = {**vars(found), "log_volume": found.coefficient, "error": found.coefficient_error}
    return volume.LearningCoefficient(**stated)


REGIONS: dict[str, Callable[[], Known]] = {
    "ellipsoid, D = 100, condition 1e3": partial(bowl, 100, 1e3),
    "ellipsoid, D = 20, condition 1e6": partial(bowl, 20, 1e6),
    "ellipsoid, D = 1,000, condition 1e6": partial(bowl, 1000, 1e6),
    "quartic, D = 6": partial(star, 6, 4.0, "quartic"),
    "quartic, D = 20": partial(star, 20, 4.0, "quartic"),
    "cosine basin, D = 5": partial(lattice, 5),
    "cosine basin, D = 10": partial(lattice, 10),
}
HUNDRED, SHORT, LARGE, *OTHERS = REGIONS


ALONE: dict[str, Any] = {"preconditioner": None}
TARGETS: dict[str, Run] = {
    "radial, isotropic, 100 rays": partial(radial, directions=100, **ALONE),
    "radial, isotropic, 6,000 rays": partial(radial, directions=6000, **ALONE),
    "radial, 100 rays": partial(radial, directions=100),
    "tempering": tempering,
    "learning coefficient": partial(coefficient, steps=500),
}
"""What has a target, on the region HUNDRED."""


@dataclass(frozen=True)
class Row:
    """One estimator with its options on one region, repeated.

    Parameters
    ----------
    part, estimator, known : str
    run : callable
    repeats : int
    """

    part: str
    estimator: str
    known: str
    run: Run
    repeats: int


def rows(repeats: int) -> list[Row]:
    """Every row: `repeats` of what has a target and of short runs, fewer of the others."""
    some = max(1, repeats // 2)
    others: dict[str, Run] = {"radial, 1,000 rays": radial, "tempering": tempering}
    few = partial(tempering, steps=200, walkers=16)
    return [
        *(Row("target", name, HUNDRED, run, repeats) for name, run in TARGETS.items()),
        *(Row("others", name, known, run, some) for known in OTHERS for name, run in others.items()),
        *(
            Row(
                "short",
                f"tempering, {n} moves of 16",
                known,
                partial(tempering, steps=n, walkers=16),
                repeats,
            )
            for known in (SHORT, *OTHERS)
            for n in (10, 40)
        ),
        Row("large", "tempering, 200 moves of 16", LARGE, few, max(1, repeats // 16)),
    ]


def truth(row: Row) -> float:
    """What the row's estimate should be."""
    if row.estimator == "learning coefficient":
        h = np.geomspace(1, 1e3, 100)
        return float((N_BETA * h / (N_BETA * h + GAMMA)).sum() / 2)
    return REGIONS[row.known]().log_volume


@dataclass(frozen=True)
class Repeated:
    """The task of some repeats: estimates of a row from the seed `first` on.

    Parameters
    ----------
    repeats : int
        As for :func:`rows`.
    """

    repeats: int

    def __call__(self, piece: tuple[int, int]) -> Shard:
        index, first = piece
        row = rows(self.repeats)[index]
        known, found = REGIONS[row.known](), []
        for seed in range(first, min(first + PIECE, row.repeats)):
            found.append(vars(row.run(known, np.random.default_rng([1, seed]))))
        names = ("log_volume", "error", "verdict", "evaluations")
        return {name: np.array([one[name] for one in found]) for name in names}


def measured(repeats: int, place: Workplace, only: str | None = None) -> list[dict[str, Any]]:
    """Repeat every row `repeats` times at a `place`, or `only` those of an estimator that has a target."""
    table = rows(repeats)
    wanted = [
        i for i, row in enumerate(table) if only is None or (row.part, row.estimator) == ("target", only)
    ]
    pieces = [(i, first) for i in wanted for first in range(0, table[i].repeats, PIECE)]
    key = fingerprint(repeats, [(table[i].estimator, table[i].known, table[i].repeats) for i in wanted])
    found = place.finished("coverage", Repeated(repeats), pieces, key)
    mine = [[shard for (i, _), shard in found if i == index] for index in range(len(table))]
    return [summary(row, shards) for row, shards in zip(table, mine, strict=True) if shards]


def summary(row: Row, shards: list[Shard]) -> dict[str, Any]:
    """Errors and coverage of what was found by a `row`, its `shards` joined."""
    all_of = {name: np.concatenate([shard[name] for shard in shards]) for name in shards[0]}
    off, verdict = all_of["log_volume"] - truth(row), all_of["verdict"]
    trusted, stated = verdict == TRUSTED, off[np.isfinite(off)]
    inside = np.abs(off) <= all_of["error"]
    held = share(int(inside[trusted].sum()), max(int(trusted.sum()), 1))
    return {
        "part": row.part,
        "estimator": row.estimator,
        "region": row.known,
        "repeats": len(off),
        "mean_off": float(stated.mean()) if stated.size else None,
        "deviation": float(stated.std()) if stated.size else None,
        "within_a_tenth": int((np.abs(stated) < 0.1).sum()),
        "trusted": int(trusted.sum()),
        "doubtful": int((verdict == DOUBTFUL).sum()),
        "refused": int((verdict == REFUSED).sum()),
        "held": held.count,
        "held_low": held.low,
        "held_high": held.high,
        "doubtful_held": int(inside[verdict == DOUBTFUL].sum()),
        "evaluations": float(all_of["evaluations"].mean()),
    }
