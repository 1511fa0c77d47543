"""Repeats of a volume estimate where the answer is known: how far off, and how often inside its error."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from numerics import volume
from numerics.estimate import TRUSTED, VolumeEstimate
from numerics.known_volumes import GAMMA, N_BETA, Known, bowl, lattice, star
from numerics.shares import share

Run = Callable[[Known, np.random.Generator], VolumeEstimate]


def radial(known: Known, rng: np.random.Generator, **options: Any) -> VolumeEstimate:
    return volume.radial(known.landscape, known.minimum, **known.region, rng=rng, **options)


def tempering(known: Known, rng: np.random.Generator, **options: Any) -> VolumeEstimate:
    return volume.tempering(known.landscape, known.minimum, **known.region, rng=rng, **options)


def soft(known: Known, rng: np.random.Generator, **options: Any) -> VolumeEstimate:
    place, centre = known.landscape, known.minimum
    return volume.learning_coefficient(place, centre, n_beta=N_BETA, gamma=GAMMA, rng=rng, **options)


def coefficient(known: Known, rng: np.random.Generator, **options: Any) -> VolumeEstimate:
    """The learning coefficient in the place of the log-volume."""
    found = soft(known, rng, **options)
    assert isinstance(found, volume.LearningCoefficient)
    stated = {**vars(found), "log_volume": found.coefficient, "error": found.coefficient_error}
    return volume.LearningCoefficient(**stated)


@dataclass(frozen=True)
class Row:
    """One estimator with its options on one region, to be repeated."""

    part: str
    estimator: str
    known: str
    run: Run
    repeats: int


REGIONS: dict[str, Callable[[], Known]] = {
    "ellipsoid, D = 100, condition 1e3": partial(bowl, 100, 1e3),
    "ellipsoid, D = 20, condition 1e6": partial(bowl, 20, 1e6),
    "ellipsoid, D = 1,000, condition 1e6": partial(bowl, 1000, 1e6),
    "quartic, D = 6": partial(star, 6, 4.0, "quartic"),
    "quartic, D = 20": partial(star, 20, 4.0, "quartic"),
    "cosine basin, D = 5": partial(lattice, 5),
    "cosine basin, D = 20": partial(lattice, 20),
}
TARGET, SHORT, LARGE = REGIONS, list(REGIONS)[1], list(REGIONS)[2]
SHORTEST = 10
"""Recorded moves of runs that are meant to be too short."""


def rows(repeats: int) -> list[Row]:
    """Every row; `repeats` of each, and a quarter as many of the slow ones."""
    hundred = next(iter(REGIONS))
    alone = {"preconditioner": None}
    target = [
        Row(
            "target",
            "radial, isotropic, 100 rays",
            hundred,
            partial(radial, directions=100, **alone),
            repeats,
        ),
        Row(
            "target",
            "radial, isotropic, 6,000 rays",
            hundred,
            partial(radial, directions=6000, **alone),
            repeats,
        ),
        Row("target", "radial, 100 rays", hundred, partial(radial, directions=100), repeats),
        Row("target", "tempering", hundred, tempering, repeats),
        Row("target", "soft volume", hundred, soft, repeats),
        Row("target", "learning coefficient", hundred, coefficient, repeats),
    ]
    others = [
        Row("others", name, known, run, repeats)
        for known in list(REGIONS)[3:]
        for name, run in (("radial, 1,000 rays", radial), ("tempering", tempering))
    ]
    short = [
        Row("short", f"tempering, {steps} moves", known, partial(tempering, steps=steps, walkers=16), repeats)
        for known in (SHORT, *list(REGIONS)[3:])
        for steps in (SHORTEST, 5 * SHORTEST)
    ]
    large = [
        Row("large", "tempering, 200 moves", LARGE, partial(tempering, steps=200, walkers=16), repeats // 4)
    ]
    return [*target, *others, *short, *large]


def truth(row: Row) -> float:
    """What the row's estimate should be."""
    known = REGIONS[row.known]()
    if row.run is soft:
        assert known.soft is not None
        return known.soft
    if row.run is coefficient:
        h = np.geomspace(1, 1e3, 100)
        return float((N_BETA * h / (N_BETA * h + GAMMA)).sum() / 2)
    return known.log_volume


def repeated(row: Row, first: int, count: int) -> list[dict[str, Any]]:
    """`count` estimates from seed `first` on."""
    known, found = REGIONS[row.known](), []
    for seed in range(first, first + count):
        clock = time.perf_counter()
        one = row.run(known, np.random.default_rng([1, seed]))
        found.append({**one.as_dict(), "seconds": time.perf_counter() - clock})
    return found


def measured(row: Row, pool: Executor, piece: int = 10) -> dict[str, Any]:
    """Repeat a row on `pool`, a `piece` of seeds at a time, and summarise."""
    firsts = range(0, row.repeats, piece)
    futures = [pool.submit(repeated, row, first, min(piece, row.repeats - first)) for first in firsts]
    return summary(row, [one for future in futures for one in future.result()])


def summary(row: Row, found: list[dict[str, Any]]) -> dict[str, Any]:
    """Errors and coverage of what was `found` by a row."""
    exact = truth(row)
    stated = [one for one in found if one["log_volume"] is not None]
    off = np.array([one["log_volume"] - exact for one in stated] or [np.nan])
    trusted = [one for one in found if one["verdict"] == TRUSTED]
    held = share(sum(abs(one["log_volume"] - exact) <= one["error"] for one in trusted), max(len(trusted), 1))
    verdicts = [one["verdict"] for one in found]
    return {
        "part": row.part,
        "estimator": row.estimator,
        "region": row.known,
        "repeats": len(found),
        "mean_off": float(off.mean()),
        "deviation": float(off.std()),
        "within_a_tenth": int((np.abs(off) < 0.1).sum()),
        "trusted": len(trusted),
        "doubtful": verdicts.count("doubtful"),
        "refused": verdicts.count("refused"),
        "held": held.count,
        "held_low": held.low,
        "held_high": held.high,
        "evaluations": float(np.mean([one["evaluations"] for one in found])),
        "seconds": float(np.median([one["seconds"] for one in found])),
    }
