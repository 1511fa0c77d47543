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

OWN_DIRECTIONS = 2 / 3
"""Share of strides along the rungs' own directions; the others go anywhere."""

SHORTEST, LONGEST = 0.1, 4.0
"""Lengths of strides: in standard deviations of the stiffest direction, and of the Gaussian at the top."""


@dataclass(frozen=True)
class Rungs:
    """The ladder: one level for every rung.

    The densities are w(z) exp(-kappa_s |z|^2 / 2 - tilt_s h(z)). Neighbouring log-densities differ by
    (levels[s] - levels[s + 1]) h. With `gaussian` the levels are the precisions kappa, and h is |z|^2 / 2;
    else they are the tilts, and every kappa is 1. With a `curvature` (D,) of h along the coordinates, and
    `directions` (k, D), walkers propose by the Gaussian of precision kappa_s + tilt_s curvature, and between
    such moves stride along a direction, over lengths of all sizes: along arms that are wide in one place and
    narrow in another.
    """

    levels: Array
    gaussian: bool
    curvature: Array | None = None
    directions: Array | None = None

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
        if rungs.curvature is not None:
            self.step = np.full(len(rungs.levels), 1.0)

    def _evaluate(self, z: Points) -> tuple[Array, Array]:
        log_w, h = self.state(z.reshape(-1, z.shape[-1]))
        return log_w.reshape(z.shape[:-1]), h.reshape(z.shape[:-1])

    def move(self, adapt: float = 0.0) -> None:
        """One proposal for every walker and one round of swaps; `adapt` > 0 tunes the step on the way."""
        self._propose(adapt)
        self._swap(self.moves % 2)
        self.moves += 1

    def _propose(self, adapt: float) -> None:
        if self.rungs.curvature is None:
            self._drift(adapt)
        elif self.moves % 2:
            self._stride()
        else:
            self._drift_by(self.rungs.curvature, adapt)

    def _accept(self, z: Points, extra: Array | float) -> np.ndarray:
        """Go to `z` with the chance of Metropolis and Hastings; `extra` is what the proposal adds."""
        log_w, h = self._evaluate(z)
        gain = log_w - self.log_w - self.tilt * (h - self.h) + extra
        accepted = np.log(self.rng.uniform(size=gain.shape)) < gain
        self.z[accepted], self.log_w[accepted], self.h[accepted] = z[accepted], log_w[accepted], h[accepted]
        return accepted

    def _drift_by(self, curvature: Array, adapt: float) -> None:
        """A proposal that leaves the Gaussian of precision kappa_s + tilt_s `curvature` unchanged."""
        precision = (self.kappa[:, None] + self.tilt * curvature)[:, None]
        share = np.minimum(self.step, 1.0)[:, None, None]
        z = np.sqrt(1 - share**2) * self.z + share * self.rng.normal(size=self.z.shape) / np.sqrt(precision)
        bent = ((precision - self.kappa[:, None, None]) * (z**2 - self.z**2)).sum(axis=2) / 2
        accepted = self._accept(z, bent)
        if adapt:
            self.step *= np.exp(adapt * (accepted.mean(axis=1) - TARGET_ACCEPTANCE))
            self.step = np.minimum(self.step, 1.0)

    def _stride(self) -> None:
        """A step along a random direction, or one of the rungs' own, of a length of any size."""
        rungs, count = self.z.shape[:2]
        way = self.rng.normal(size=self.z.shape)
        way /= np.linalg.norm(way, axis=2, keepdims=True)
        own = self.rungs.directions
        if own is not None:
            chosen = self.rng.uniform(size=(rungs, count)) < OWN_DIRECTIONS
            way[chosen] = own[self.rng.integers(len(own), size=int(chosen.sum()))]
        stiffest = np.max(self.rungs.curvature, initial=0.0) if self.rungs.curvature is not None else 0.0
        finest = np.log(SHORTEST / np.sqrt(self.kappa + self.rungs.tilt * stiffest))[:, None]
        length = np.exp(finest + (np.log(LONGEST) - finest) * self.rng.uniform(size=(rungs, count)))
        z = self.z + (length * self.rng.choice([-1.0, 1.0], size=length.shape))[:, :, None] * way
        self._accept(z, -self.kappa[:, None] * ((z**2).sum(axis=2) - (self.z**2).sum(axis=2)) / 2)

    def _drift(self, adapt: float) -> None:
        shrink = np.sqrt(np.maximum(0.0, 1 - self.kappa * self.step**2))
        z = shrink[:, None, None] * self.z + self.step[:, None, None] * self.rng.normal(size=self.z.shape)
        accepted = self._accept(z, 0.0)
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
