"""A soft volume cell by cell: walkers about each well of the posterior, from its quadratic part on."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial

import numpy as np

from numerics.landscape.landscape import Points
from numerics.statistics.weights import average
from numerics.volume.by_tempering import judge_run, population
from numerics.volume.estimate import DOUBTFUL, REFUSED, TRUSTED, LearningCoefficient, worse
from numerics.volume.images import images_left_out
from numerics.volume.ladder import Climbed, climb, place_rungs
from numerics.volume.wells.posterior import Posterior
from numerics.volume.wells.search import BARRIER
from twolayer.arrays import Array

TOGETHER, HIGHEST = 16, float(np.finfo(float).max)
"""Half-axes that are looked along at once; what lowers no minimum."""

CHECKED = 2000
"""Points of the localising Gaussian that are tested for mass that was missed."""

NEGLIGIBLE = 10.0
"""Nats of log-density below the minimum's that are nothing."""

SIDES, LEAST_SIDE = 4000, 0.05
"""Points that measure how much of a well's Gaussian lies in its cell, and the least share that does."""

MINOR = 0.01
"""Share of the integral below which a well's verdict is none of the sum's: it is in the error."""

HELD = 0.5
"""Share of the integral that cells without a value may have before there is none of the sum."""

LEAST_STEPS, AT_ONCE = 50, 3.0
"""Recorded moves in a minor well's cell; moves in all cells, in runs of one."""


def in_cells(
    posterior: Posterior, count: int | None, steps: int, walkers: int, rng: np.random.Generator
) -> tuple[LearningCoefficient, Points | None, float]:
    """The soft volume as the sum over the cells of the wells that are known.

    Parameters
    ----------
    posterior : Posterior
    count : int or None
        How many of the wells' cells, the centre's first; all of them by default.
    steps, walkers : int
        Recorded moves in the cell of the largest well, and walkers.
    rng : numpy Generator

    Returns
    -------
    (LearningCoefficient, ndarray or None, float)
        With where walkers ended, in wide coordinates (walkers, D), and what share of the samples of a cell
        were independent, at the least.
    """
    masses = np.array([posterior.log_mass(well) for well in posterior.wells[:count]])
    weight = np.exp((masses - masses.max()) / 2)
    weight *= min(1.0, AT_ONCE / float(weight.sum()))
    moves = [max(min(LEAST_STEPS, steps), round(float(each) * steps)) for each in weight]
    runs = [_cell(posterior, j, each, walkers, rng) for j, each in enumerate(moves)]
    parts, lasts = [part for part, _ in runs], [last for _, last in runs]
    found, shares = (parts[0], np.ones(1)) if len(parts) == 1 else _sum(posterior, parts, masses)
    verdict, why = reservations(posterior, found.log_volume, found.error, rng)
    found = replace(found, verdict=worse(found.verdict, verdict), why=found.why + why)
    independent = min(
        part.effective_samples / (each * walkers)
        for part, each, share in zip(parts, moves, shares, strict=True)
        if share >= MINOR
    )
    chosen = rng.choice(len(parts), size=walkers, p=shares)
    if any(lasts[j] is None for j in chosen):
        return found, None, independent
    return found, np.array([lasts[j][k] for k, j in enumerate(chosen)]), independent


def _sum(
    posterior: Posterior, parts: list[LearningCoefficient], masses: Array
) -> tuple[LearningCoefficient, Array]:
    """The sum of the cells' integrals; and their shares. A cell without a value has its quadratic part's."""
    logs = np.array(
        [
            mass if part.verdict == REFUSED else part.log_volume
            for part, mass in zip(parts, masses, strict=True)
        ]
    )
    errors = np.array([part.error if math.isfinite(part.error) else 1.0 for part in parts])
    total = float(np.logaddexp.reduce(logs))
    shares = np.exp(logs - total)
    shares /= shares.sum()
    slopes = np.array([0.0 if math.isnan(part.coefficient) else part.coefficient for part in parts])
    slope_errors = np.array(
        [1.0 if not math.isfinite(p.coefficient_error) else p.coefficient_error for p in parts]
    )
    mean = float(shares @ slopes)
    verdict = worse(*(p.verdict for p, share in zip(parts, shares, strict=True) if share >= MINOR))
    worst = next(p for p, share in zip(parts, shares, strict=True) if share >= MINOR and p.verdict == verdict)
    error = float(np.linalg.norm(shares * errors))
    slope_error = float(
        np.hypot(np.linalg.norm(shares * slope_errors), np.linalg.norm(shares * (slopes - mean) * errors))
    )
    effective = min(p.effective_samples for p, share in zip(parts, shares, strict=True) if share >= MINOR)
    why = f"{len(parts)} wells, the centre's holds {shares[0]:.1%}; {worst.why}"
    if verdict == REFUSED and shares[[p.verdict == REFUSED for p in parts]].sum() < HELD:
        verdict = DOUBTFUL
    elif verdict == REFUSED:
        error = slope_error = math.inf
    found = LearningCoefficient(
        total, error, effective, verdict, why, measure(posterior), 0, mean, slope_error
    )
    return found, shares


def _cell(
    posterior: Posterior, which: int, steps: int, walkers: int, rng: np.random.Generator
) -> tuple[LearningCoefficient, Points | None]:
    """The part of one cell, by walkers from the well's quadratic part on; and where they ended."""
    wanted = population(steps, walkers)
    state = partial(posterior.near, which=which)
    start = rng.normal(size=(wanted, len(posterior.centre)))
    free = np.isfinite(state(start)[0])
    if not free.all():
        more = rng.normal(size=(SIDES, len(posterior.centre)))
        start, free = np.concatenate([start, more]), np.append(free, np.isfinite(state(more)[0]))
    least = LEAST_SIDE if which else 0.5
    if free.sum() < max(least * len(start), walkers):
        return refused("the landscape has walls where its quadratic part is low", posterior), None
    ladder = place_rungs(state, False, 0.0, 1.0, start[free][:wanted], rng, keep=walkers)
    if ladder is None:
        return refused("the quadratic part is too far from the landscape: raise gamma", posterior), None
    observe = partial(posterior.near_energy, which=which)
    run = climb(state, ladder, steps=steps, burn_in=steps // 2, observe=observe, rng=rng)
    share, well = free.mean(), posterior.wells[which]
    value = posterior.log_mass(well) + run.log_ratio + math.log(share)
    found = judged(posterior, run, value, 1.96 * math.sqrt((1 - share) / (share * len(free))))
    return found, posterior.wide_coordinates(well.steps(run.last))


def judged(posterior: Posterior, run: Climbed, value: float, beside: float) -> LearningCoefficient:
    """What a `run` found, with its verdict and an error `beside` its own."""
    coefficient, half = run.mean
    verdict, why = judge_run(run)
    error = math.hypot(run.half_width, beside) + 2.0**-46 * (len(posterior.centre) + abs(value))
    found = LearningCoefficient(
        value, error, run.effective, verdict, why, measure(posterior), 0, coefficient, half
    )
    return found if verdict != REFUSED else replace(found, error=math.inf, coefficient_error=math.inf)


def reservations(
    posterior: Posterior, value: float, error: float, rng: np.random.Generator
) -> tuple[str, str]:
    """A verdict, and why, on what walkers in one well cannot see.

    Other wells show along the Hessian's axes, and where points of the localising Gaussian hold more mass than
    `value` and its `error` allow.
    """
    verdict, why = TRUSTED, ""
    noise = posterior.reach * rng.normal(size=(CHECKED, len(posterior.centre)))
    seen = average(-posterior.energy(noise))
    if seen.error < 1 and seen.log_mean - 2 * seen.error > value + error:
        verdict, why = DOUBTFUL, "; the Gaussian holds more mass than the walkers found"
    if _other_wells(posterior):
        verdict = DOUBTFUL
        why += "; along an axis of the Hessian there is another well within the Gaussian"
    if images_left_out(posterior.landscape, posterior.centre, posterior.gamma) > MINOR:
        verdict = DOUBTFUL
        why += "; images of the minimum, too many to be summed, lie within the Gaussian"
    return verdict, why


def _other_wells(posterior: Posterior) -> bool:
    """Whether the log-density, along an axis, falls and then rises by BARRIER to a height that matters.

    Beyond the middle between theta_0 and an image, and outside the centre's cell, a well was counted.
    """
    t, ways = np.linspace(0, 3 * posterior.reach, 16), np.concatenate([posterior.axes.T, -posterior.axes.T])
    for first in range(0, len(ways), TOGETHER):
        lines = ways[first : first + TOGETHER, None] * t[:, None]
        points = lines.reshape(-1, ways.shape[1])
        logs, cell = -posterior.energy(points) - posterior.pull(points), posterior.cell(points)
        seen = (np.isfinite(logs) & (cell == 0)).reshape(lines.shape[:2])
        logs = np.where(seen, logs.reshape(seen.shape), HIGHEST)
        rise = logs - np.minimum.accumulate(logs, axis=1)
        if (seen & (rise > BARRIER) & (logs > -NEGLIGIBLE)).any():
            return True
    return False


def measure(posterior: Posterior) -> str:
    """What a soft volume is relative to."""
    return f"the Gaussian of precision {posterior.gamma:g} about the minimum"


def refused(why: str, posterior: Posterior) -> LearningCoefficient:
    """No value, for the reason `why`."""
    return LearningCoefficient(math.nan, math.inf, 0.0, REFUSED, why, measure(posterior))
