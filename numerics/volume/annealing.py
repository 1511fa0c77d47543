"""Integrals in thousands of dimensions: walkers annealed from a Gaussian to a posterior, and back.

From the Gaussian the mean of exp(work) is the ratio of the integrals (Neal 2001, Annealed importance
sampling), so that its logarithm, estimated, tends to lie below the truth; from the posterior the same holds
of the inverse ratio, and the result tends to lie above (Grosse, Ghahramani and Adams 2015). Between levels
walkers make Hamiltonian moves in which the Gaussian part is followed exactly (a rotation) and only the rest
by kicks: on the Gaussian itself every move is accepted, in any dimension.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from numerics.landscape.landscape import Points
from twolayer.arrays import Array

Slopes = Callable[[Points], tuple[Array, Points]]
"""z (k, D) -> h (k,) and its gradients (k, D)."""

WANTED, LEAST_STEP, MOST_STEP = 0.8, 1e-4, 0.7
"""Share of moves to be accepted while steps are tuned, and the angles a step may have."""


@dataclass(frozen=True)
class Annealing:
    """A path of densities exp(-|z|^2 / 2 - level h(z)) and its moves.

    Parameters
    ----------
    slopes : callable
        ``slopes(z) -> h (k,), gradients (k, D)`` at walkers z (k, D).
    levels : ndarray, shape (K,)
        Ascending from 0 to 1.
    steps : ndarray, shape (K,)
        Angle of a step on every level.
    leaps : int
        Steps of one move.
    """

    slopes: Slopes
    levels: Array
    steps: Array
    leaps: int = 5

    def move(self, z: Points, index: int, rng: np.random.Generator) -> tuple[Points, Array, Array]:
        """One move of walkers `z` (k, D) on the level `index`.

        Returns where they are, h there, and their chances of having been accepted.
        """
        level, step = self.levels[index], self.steps[index] * rng.uniform(0.7, 1.0)
        h, slope = self.slopes(z)
        p, at = rng.normal(size=z.shape), z
        before, old = _energy(z, p) + level * h, h
        for _ in range(self.leaps):
            p = p - step / 2 * level * slope
            at, p = np.cos(step) * at + np.sin(step) * p, np.cos(step) * p - np.sin(step) * at
            h, slope = self.slopes(at)
            p = p - step / 2 * level * slope
        gain = before - _energy(at, p) - level * h
        chance = np.where(np.isfinite(gain), np.exp(np.minimum(gain, 0.0)), 0.0)
        taken = rng.uniform(size=len(z)) < chance
        return np.where(taken[:, None], at, z), np.where(taken, h, old), chance

    def settle(
        self, z: Points, index: int, moves: int, rng: np.random.Generator, observe: Slopes | None = None
    ) -> tuple[Points, Array]:
        """`moves` on one level from `z` (k, D): where they end, and what was seen after each, (k, moves).

        h is seen, or the first that `observe` returns.
        """
        seen = np.empty((len(z), moves))
        for done in range(moves):
            z, h, _ = self.move(z, index, rng)
            seen[:, done] = h if observe is None else observe(z)[0]
        return z, seen

    def down(self, z: Points, rng: np.random.Generator) -> tuple[Points, Array]:
        """From the first level to the last: where walkers `z` (k, D) end, and the logs of weights (k,)."""
        work, h = np.zeros(len(z)), self.slopes(z)[0]
        for index in range(1, len(self.levels)):
            work -= (self.levels[index] - self.levels[index - 1]) * h
            z, h, _ = self.move(z, index, rng)
        return z, work

    def up(self, z: Points, rng: np.random.Generator) -> tuple[Points, Array]:
        """From the last level to the first: where walkers `z` (k, D) end, and the logs of weights (k,)."""
        work = np.zeros(len(z))
        for index in range(len(self.levels) - 1, 0, -1):
            z, h, _ = self.move(z, index, rng)
            work += (self.levels[index] - self.levels[index - 1]) * h
        return z, work


def _energy(z: Points, p: Points) -> Array:
    return np.asarray((z**2).sum(axis=1) / 2 + (p**2).sum(axis=1) / 2)


def tuned(path: Annealing, z: Points, rng: np.random.Generator, moves: int = 2) -> Annealing:
    """The `path` with steps at which about four moves in five are accepted, tuned from `z` (k, D) on.

    `z` are samples of the first level, and no part of any estimate.
    """
    steps = np.full(len(path.levels), MOST_STEP)
    for index in range(1, len(steps)):
        steps[index] = steps[index - 1]
        for _ in range(moves):
            z, _, chance = Annealing(path.slopes, path.levels, steps, path.leaps).move(z, index, rng)
            wider = float(np.exp(0.5 * (chance.mean() - WANTED)))
            steps[index] = np.clip(steps[index] * wider, LEAST_STEP, MOST_STEP)
    return Annealing(path.slopes, path.levels, steps, path.leaps)


def log_mean(logs: Array) -> tuple[float, float]:
    """Logarithm of the mean of exp(`logs`), shape (k,), and its standard error by leaving one out.

    The error is inf where the mean stands on one of them alone.

    Examples
    --------
    >>> log_mean(np.zeros(4))
    (0.0, 0.0)
    """
    count = len(logs)
    left = [np.logaddexp.reduce(np.delete(logs, i)) - np.log(count - 1) for i in range(count)]
    spread = float(np.sqrt((count - 1) * np.var(left))) if np.isfinite(left).all() else float("inf")
    return float(np.logaddexp.reduce(logs) - np.log(count)), spread
