"""Parallel tempering along a ladder of densities, and the ratios of their integrals.

The densities are pi_s(z) = w(z) exp(-kappa_s |z|^2 / 2 - tilt_s h(z)), one for each rung s. Walkers move by
a proposal that leaves the Gaussian of precision kappa_s invariant (preconditioned Crank-Nicolson; a random
walk where kappa_s = 0) and swap between neighbouring rungs. Ratios of neighbouring integrals come from both
rungs' samples by Bennett's acceptance ratio, which has no discretisation error.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit
from scipy.stats import t as student

from numerics.landscape import Array, Points

State = Callable[[Points], tuple[Array, Array]]
"""z (N, D) -> log w(z), h(z), each (N,); log w = -inf outside."""

TARGET_ACCEPTANCE = 0.3
OVERLAP = 0.6
"""Effective share of the walkers that reweighting to the next rung leaves, when rungs are placed."""


@dataclass(frozen=True)
class Rungs:
    """The ladder: one level for every rung.

    Neighbouring log-densities differ by (levels[s] - levels[s + 1]) h. With `gaussian` the levels are the
    precisions kappa, and h is |z|^2 / 2; else they are the tilts, and every kappa is 1.
    """

    levels: Array
    gaussian: bool

    @property
    def precision(self) -> Array:
        """kappa of every rung."""
        return self.levels if self.gaussian else np.ones_like(self.levels)

    @property
    def tilt(self) -> Array:
        """What multiplies h on every rung, beyond the Gaussian."""
        return np.zeros_like(self.levels) if self.gaussian else self.levels


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
        Least number of independent samples of h on any rung.
    drift : float
        Difference of the two halves of the run, in standard errors.
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
        error = float(each.std(ddof=1)) / math.sqrt(len(each))
        return float(each.mean()), student_factor(len(each)) * error


def student_factor(walkers: int) -> float:
    """Standard errors in the half-width of a 95 % interval, for the mean of independent `walkers`."""
    return float(student.ppf(0.975, walkers - 1))


class Walkers:
    """Walkers on all rungs at once: positions (rungs, walkers, D)."""

    def __init__(self, state: State, rungs: Rungs, start: Points, rng: np.random.Generator) -> None:
        self.state, self.rungs, self.rng = state, rungs, rng
        self.z = start.copy()
        self.kappa, self.tilt = rungs.precision, rungs.tilt[:, None]
        self.step = 0.5 / np.sqrt(np.maximum(self.kappa, 1.0 / np.mean(np.sum(start**2, axis=-1) + 1e-300)))
        self.log_w, self.h = self._evaluate(self.z)
        self.swapped = np.zeros(len(rungs.levels) - 1)
        self.moves = 0

    def _evaluate(self, z: Points) -> tuple[Array, Array]:
        log_w, h = self.state(z.reshape(-1, z.shape[-1]))
        return log_w.reshape(z.shape[:-1]), h.reshape(z.shape[:-1])

    def move(self, adapt: float = 0.0) -> None:
        """One proposal for every walker and one round of swaps; `adapt` > 0 tunes the step on the way."""
        self._propose(adapt)
        self._swap(self.moves % 2)
        self.moves += 1

    def _propose(self, adapt: float) -> None:
        shrink = np.sqrt(np.maximum(0.0, 1 - self.kappa * self.step**2))
        z = shrink[:, None, None] * self.z + self.step[:, None, None] * self.rng.normal(size=self.z.shape)
        log_w, h = self._evaluate(z)
        gain = log_w - self.log_w - self.tilt * (h - self.h)
        accepted = np.log(self.rng.uniform(size=gain.shape)) < gain
        self.z[accepted], self.log_w[accepted], self.h[accepted] = z[accepted], log_w[accepted], h[accepted]
        if adapt:
            self.step *= np.exp(adapt * (accepted.mean(axis=1) - TARGET_ACCEPTANCE))
            self.step = np.minimum(self.step, 1 / np.sqrt(np.maximum(self.kappa, 1e-300)))

    def _swap(self, parity: int) -> None:
        lower = np.arange(parity, len(self.rungs.levels) - 1, 2)
        difference = self.rungs.levels[lower] - self.rungs.levels[lower + 1]
        gain = difference[:, None] * (self.h[lower] - self.h[lower + 1])
        accepted = np.log(self.rng.uniform(size=gain.shape)) < gain
        self.swapped[lower] += accepted.mean(axis=1)
        pair, walker = np.nonzero(accepted)
        below, above = lower[pair], lower[pair] + 1
        for field in (self.z, self.log_w, self.h):
            field[below, walker], field[above, walker] = field[above, walker], field[below, walker].copy()


def place_rungs(
    state: State,
    gaussian: bool,
    first: float,
    last: float,
    start: Points,
    rng: np.random.Generator,
    most: int = 200,
) -> Array | None:
    """Place rungs from `first` to `last` so that neighbours overlap, moving a population along.

    Parameters
    ----------
    state : callable
    gaussian : bool
        What levels are, as in :class:`Rungs`.
    first, last : float
        The levels at both ends.
    start : ndarray, shape (N, D)
        Samples of the first rung.
    rng : numpy Generator
    most : int
        The most rungs.

    Returns
    -------
    ndarray or None
        The levels; None if more than `most` would be needed (the integral at `last` may not exist).
    """
    levels, z = [first], start
    while levels[-1] != last:
        if len(levels) >= most:
            return None
        walkers = Walkers(state, Rungs(np.array([levels[-1]]), gaussian), z[None], rng)
        for _ in range(15):
            walkers.move(adapt=0.5)
        z, h = walkers.z[0], walkers.h[0]
        levels.append(_next_level(h, levels[-1], last))
        weights = np.exp(
            -(levels[-1] - levels[-2]) * (h - h.min() if levels[-1] > levels[-2] else h - h.max())
        )
        z = z[rng.choice(len(z), size=len(z), p=weights / weights.sum())]
    return np.array(levels)


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
    rungs: Rungs,
    start: Points,
    *,
    steps: int,
    burn_in: int,
    observe: Callable[[Points], Array] | None = None,
    rng: np.random.Generator,
) -> Climbed:
    """Run walkers on all rungs and estimate the ratio of the last integral to the first.

    Parameters
    ----------
    state : callable
    rungs : Rungs
    start : ndarray, shape (walkers, D)
        Samples of the first rung; every rung starts there.
    steps, burn_in : int
        Recorded moves, and moves before them, during which steps are tuned.
    observe : callable, optional
        ``observe(z) -> (walkers,)``, recorded on the last rung after every move.
    rng : numpy Generator

    Returns
    -------
    Climbed
    """
    walkers = Walkers(state, rungs, np.repeat(start[None], len(rungs.levels), axis=0), rng)
    for done in range(burn_in):
        walkers.move(adapt=2.0 / (1 + done) ** 0.6)
    walkers.swapped[:], walkers.moves = 0, 0
    record, observed = np.empty((steps, *walkers.h.shape)), np.empty((steps, len(start)))
    for index in range(steps):
        walkers.move()
        record[index] = walkers.h
        observed[index] = 0.0 if observe is None else observe(walkers.z[-1])
    halves = [_ratios(part, rungs.levels) for part in np.array_split(record, 2)]
    log_ratio, influence = _ratios(record, rungs.levels)
    count = influence.size
    error = float(np.sqrt(count * influence.var(ddof=1)))
    drift = abs(halves[0][0] - halves[1][0]) / (2 * error) if error > 0 else 0.0
    swaps = float((walkers.swapped / (steps / 2)).min()) if len(rungs.levels) > 1 else 1.0
    return Climbed(log_ratio, error, count, _effective(record), drift, swaps, walkers.z[-1].copy(), observed)


def _ratios(record: Array, levels: Array) -> tuple[float, Array]:
    """ln of the last integral over the first, and the influence of each walker on it."""
    total, influence = 0.0, np.zeros(record.shape[2])
    for s in range(len(levels) - 1):
        value, part = _bennett(record[:, s], record[:, s + 1], levels[s + 1] - levels[s])
        total += value
        influence += part
    return total, influence


def _bennett(below: Array, above: Array, difference: float) -> tuple[float, Array]:
    """Bennett's (1976) estimate of ln Z_above / Z_below from h on both, and each walker's influence on it."""
    up, down = difference * below, difference * above

    def excess(c: float) -> float:
        return float(expit(-(up + c)).sum() - expit(down + c).sum())

    centre = -float(np.mean([up.mean(), down.mean()]))
    width = 1.0 + float(max(np.ptp(up), np.ptp(down)))
    while excess(centre - width) < 0 or excess(centre + width) > 0:
        width *= 2
    c = brentq(excess, centre - width, centre + width, xtol=1e-12)
    p, q = expit(-(up + c)), expit(down + c)
    slope = (p * (1 - p)).sum() + (q * (1 - q)).sum()
    return float(c), np.asarray((p.sum(axis=0) - q.sum(axis=0)) / slope)


def _effective(record: Array) -> float:
    """Least number of independent samples on a rung, from the spread of the walkers' means."""
    count = record.shape[2]
    spread = record.mean(axis=0).var(axis=1, ddof=1) / count
    total = record.var(axis=(0, 2))
    samples = np.where(spread > 0, total / np.maximum(spread, 1e-300), np.inf)
    return float(min(samples.min(), record.shape[0] * count))
