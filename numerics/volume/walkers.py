"""Walkers on all rungs of a ladder of densities at once, and the moves that leave each density unchanged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from numerics.landscape.landscape import Points
from twolayer.arrays import Array

State = Callable[[Points], tuple[Array, Array]]
"""z (N, D) -> log w(z), h(z), each (N,); log w = -inf outside."""

TARGET_ACCEPTANCE = 0.3


@dataclass(frozen=True)
class Rungs:
    """The ladder: one level for every rung.

    The densities are w(z) exp(-kappa_s |z|^2 / 2 - tilt_s h(z)). Neighbouring log-densities differ by
    (levels[s] - levels[s + 1]) h. With `gaussian` the levels are the precisions kappa, and h is |z|^2 / 2;
    else they are the tilts, and every kappa is 1.
    """

    levels: Array
    gaussian: bool

    @property
    def precision(self) -> Array:
        """kappa of every rung. Shape (rungs,)."""
        return self.levels if self.gaussian else np.ones_like(self.levels)

    @property
    def tilt(self) -> Array:
        """What multiplies h on every rung, beyond the Gaussian. Shape (rungs,)."""
        return np.zeros_like(self.levels) if self.gaussian else self.levels


class Walkers:
    """Walkers on all rungs at once: positions (rungs, walkers, D).

    They move by a proposal that leaves the Gaussian of precision kappa_s unchanged (preconditioned
    Crank-Nicolson; a random walk where kappa_s = 0) and swap between neighbouring rungs.
    """

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
