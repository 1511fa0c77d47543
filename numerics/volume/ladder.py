"""Parallel tempering along a ladder of densities, and the ratios of their integrals.

Walkers move on every rung and swap between neighbours. Ratios of neighbouring integrals come from both
rungs' samples by Bennett's acceptance ratio, which has no discretisation error.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from numerics.landscape.landscape import Points
from numerics.statistics.bennett import effective, ratios, standard_error
from numerics.statistics.means import student_factor
from numerics.volume.walkers import Rungs, State, Walkers
from twolayer.arrays import Array

OVERLAP = 0.6
"""Effective share of the walkers that reweighting to the next rung leaves, when rungs are placed."""

MATTERS = 1e-4
"""Nats; a smaller standard error between parts of a run is taken for this."""

SETTLE = 15
"""Moves of the population on every rung while rungs are placed."""


@dataclass(frozen=True)
class Ladder:
    """Rungs that overlap, and where a population stood on each when they were placed.

    Attributes
    ----------
    rungs : Rungs
    stood : ndarray, shape (rungs, walkers, D)
    """

    rungs: Rungs
    stood: Points


@dataclass(frozen=True)
class Climbed:
    """What a run along the ladder found.

    Attributes
    ----------
    log_ratio : float
        ln of the last rung's integral over the first's.
    standard_error : float
        From the spread over independent walkers; `half_width` is its 95 % interval's by Student's t.
    effective : float
        Least number of independent samples of h on any rung, and of what was observed.
    drift : float
        Difference of the two halves of the run, in standard errors.
    memory : float
        Difference of the walkers that began on the first rung's samples and those that began spread over
        the ladder, in standard errors.
    swaps : float
        Least acceptance of swaps between neighbours.
    last : ndarray, shape (walkers, D)
        Where the last rung's walkers ended.
    observed : ndarray, shape (steps, walkers)
        What was observed on the last rung.
    """

    log_ratio: float
    standard_error: float
    walkers: int
    effective: float
    drift: float
    memory: float
    swaps: float
    last: Points
    observed: Array

    @property
    def half_width(self) -> float:
        """Half-width of the 95 % interval of `log_ratio`."""
        return float(student_factor(self.walkers) * self.standard_error)

    @property
    def mean(self) -> tuple[float, float]:
        """Mean of what was observed, and half the width of its 95 % interval."""
        each = self.observed.mean(axis=0)
        error = float(each.std(ddof=1)) / np.sqrt(len(each))
        return float(each.mean()), student_factor(len(each)) * error


def place_rungs(
    state: State,
    gaussian: bool,
    first: float,
    last: float,
    start: Points,
    rng: np.random.Generator,
    *,
    keep: int,
    most: int = 200,
    curvature: Array | None = None,
    directions: Array | None = None,
) -> Ladder | None:
    """Place rungs from `first` to `last` so that neighbours overlap, moving a population along.

    Parameters
    ----------
    state : callable
    gaussian : bool
        What levels are, as in :class:`numerics.volume.walkers.Rungs`.
    first, last : float
        The levels at both ends.
    start : ndarray, shape (N, D)
        Samples of the first rung.
    rng : numpy Generator
    keep : int
        How many of the population are kept on every rung.
    most : int
        The most rungs.
    curvature, directions : ndarray, optional
        For moves of more kinds, as in :class:`numerics.volume.walkers.Rungs`.

    Returns
    -------
    Ladder or None
        None if more than `most` rungs would be needed (the integral at `last` may not exist).
    """
    levels, z, stood = [first], start, [start[:keep]]
    while levels[-1] != last:
        if len(levels) >= most:
            return None
        now = Rungs(np.array([levels[-1]]), gaussian, curvature, directions)
        walkers = Walkers(state, now, z[None], rng)
        for _ in range(SETTLE):
            walkers.move(adapt=0.5)
        z, h = walkers.z[0], walkers.h[0]
        levels.append(_next_level(h, levels[-1], last))
        weights = np.exp(
            -(levels[-1] - levels[-2]) * (h - h.min() if levels[-1] > levels[-2] else h - h.max())
        )
        z = z[rng.choice(len(z), size=len(z), p=weights / weights.sum())]
        stood.append(z[:keep])
    return Ladder(Rungs(np.array(levels), gaussian, curvature, directions), np.array(stood))


def _next_level(h: Array, level: float, last: float) -> float:
    """The level nearest to `last` to which reweighting keeps a share OVERLAP of the walkers effective."""

    def excess(share: float) -> float:
        logs = -share * (last - level) * h
        weights = np.exp(logs - logs.max())
        return float(weights.sum() ** 2 / (weights**2).sum()) / len(h) - OVERLAP

    if excess(1.0) >= 0:
        return last
    share = float(brentq(excess, 0.0, 1.0, xtol=1e-12, rtol=1e-6))
    return level + max(share, 1e-9) * (last - level)


def climb(
    state: State,
    ladder: Ladder,
    *,
    steps: int,
    burn_in: int,
    observe: Callable[[Points], Array] | None = None,
    begun: Points | None = None,
    rng: np.random.Generator,
) -> Climbed:
    """Run walkers on all rungs and estimate the ratio of the last integral to the first.

    Every other walker begins on all rungs at a sample of the first, or at `begun` (rungs, walkers / 2, D);
    the others where the population stood when the rungs were placed: if the run forgets its beginning, both
    groups agree.

    Parameters
    ----------
    state : callable
    ladder : Ladder
    steps, burn_in : int
        Recorded moves, and moves before them, during which steps are tuned.
    observe : callable, optional
        ``observe(z) -> (walkers,)``, recorded on the last rung after every move.
    begun : ndarray, optional
        Where every other walker begins, from the first on.
    rng : numpy Generator

    Returns
    -------
    Climbed
    """
    rungs, start = ladder.rungs, ladder.stood.copy()
    start[:, ::2] = start[0, ::2] if begun is None else begun
    walkers = Walkers(state, rungs, start, rng)
    for done in range(burn_in):
        walkers.move(adapt=2.0 / (1 + done) ** 0.6)
    walkers.swapped[:], walkers.moves = 0, 0
    record, observed = np.empty((steps, *walkers.h.shape)), np.zeros((steps, start.shape[1]))
    for index in range(steps):
        walkers.move()
        record[index] = walkers.h
        if observe is not None:
            observed[index] = observe(walkers.z[-1])
    log_ratio, influence = ratios(record, rungs.levels)
    seen = record if observe is None else np.concatenate([record, observed[:, None]], axis=1)
    return Climbed(
        log_ratio,
        standard_error(influence),
        influence.size,
        effective(seen),
        _difference(np.array_split(record, 2), rungs.levels),
        _difference([record[:, :, ::2], record[:, :, 1::2]], rungs.levels),
        float((walkers.swapped / (steps / 2)).min()) if len(rungs.levels) > 1 else 1.0,
        walkers.z[-1].copy(),
        observed,
    )


def _difference(parts: list[Array], levels: Array) -> float:
    """How far two estimates of the log-ratio are apart, in standard errors of their difference.

    Differences that do not matter, those of rounding among them, count as small; without an error, inf.
    """
    (one, first), (two, second) = (ratios(part, levels) for part in parts)
    error = float(np.hypot(standard_error(first), standard_error(second)))
    return abs(one - two) / max(error, MATTERS) if np.isfinite(error) else float("inf")
