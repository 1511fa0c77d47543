"""The posterior that a Gaussian about a minimum localises, and the coordinates in which walkers see it."""

from __future__ import annotations

import math

import numpy as np

from numerics.landscape.landscape import Landscape, Points, hessian_at, values_at
from numerics.volume.images import images_of
from twolayer.arrays import Array


class Posterior:
    """The density exp(-n beta (V - V_0)) N(theta; theta_0, 1/gamma), images folded onto the centre's side.

    Near coordinates z make its quadratic part a standard Gaussian, wide ones the localising Gaussian.
    """

    def __init__(self, landscape: Landscape, centre: Array, n_beta: float, gamma: float) -> None:
        self.landscape, self.centre, self.n_beta, self.gamma = landscape, centre, n_beta, gamma
        self.bottom, self.evaluations, self.lowest = landscape.value(centre), 0, 0.0
        values, Q = np.linalg.eigh(hessian_at(landscape, centre))
        self.bent = -n_beta * float(values[0]) / gamma
        self.axes, self.curvature = Q, n_beta * np.maximum(values, 0.0) / gamma
        self.reach = 1 / math.sqrt(gamma)
        self.scales = 1 / np.sqrt(gamma * (1 + self.curvature))
        self.log_det = float(np.log(self.scales).sum())
        self.images = images_of(landscape, centre)

    @property
    def directions(self) -> Array:
        """The axes of the Hessian and those of the parameters, in wide coordinates. Shape (2 D, D)."""
        return np.concatenate([np.eye(len(self.centre)), self.axes])

    def energy(self, steps: Points) -> Array:
        """n beta (V - V_0) at theta_0 + `steps` (k, D)."""
        self.evaluations += len(steps)
        found = self.n_beta * (values_at(self.landscape, self.centre + steps) - self.bottom)
        self.lowest = min(self.lowest, float(found.min(initial=0.0)))
        return np.asarray(found)

    def pull(self, steps: Points) -> Array:
        """Minus the logarithm of the localising Gaussians of all images over that of theta_0 at its centre.

        At theta_0 + `steps` (k, D); inf on the sides of other images.
        """
        if self.images is None:
            return np.asarray(self.gamma / 2 * (steps**2).sum(axis=1))
        return self.images.energy(self.centre + steps, self.gamma)

    def near_steps(self, z: Points) -> Points:
        """theta - theta_0 at near coordinates `z` (k, D)."""
        return np.asarray((z * self.scales) @ self.axes.T)

    def near(self, z: Points) -> tuple[Array, Array]:
        """log w = 0 (-inf behind a wall) and h = the posterior's energy less |z|^2 / 2, at near `z` (k, D).

        Both have shape (k,).
        """
        steps = self.near_steps(z)
        h = self.energy(steps) + self.pull(steps) - (z**2).sum(axis=1) / 2
        wall = ~np.isfinite(h)
        return np.where(wall, -np.inf, 0.0), np.where(wall, 0.0, h)

    def near_energy(self, z: Points) -> Array:
        """n beta (V - V_0) at near coordinates `z` (k, D)."""
        return self.energy(self.near_steps(z))

    def wide_steps(self, z: Points) -> Points:
        """theta - theta_0 at wide coordinates `z` (k, D)."""
        return np.asarray(self.reach * z @ self.axes.T)

    def wide(self, z: Points) -> tuple[Array, Array]:
        """log w = the images' part (-inf behind a wall) and h = n beta (V - V_0), at wide `z` (k, D).

        Both have shape (k,).
        """
        steps = self.wide_steps(z)
        h, log_w = self.energy(steps), (z**2).sum(axis=1) / 2 - self.pull(steps)
        wall = ~np.isfinite(h) | ~np.isfinite(log_w)
        return np.where(wall, -np.inf, log_w), np.where(wall, 0.0, h)

    def wide_energy(self, z: Points) -> Array:
        """n beta (V - V_0) at wide coordinates `z` (k, D)."""
        return self.energy(self.wide_steps(z))

    def draws(self, count: int, rng: np.random.Generator) -> Points:
        """Points of the localising Gaussian in wide coordinates (`count`, D), each at its nearest image."""
        z = rng.normal(size=(count, len(self.centre)))
        if self.images is None:
            return z
        points = self.images.folded(self.centre + self.wide_steps(z))
        return np.asarray((points - self.centre) @ self.axes / self.reach)

    def far(self, z: Points) -> Array:
        """How far wide `z` (k, D) lie beyond the typical radius of the quadratic part, (k,)."""
        inner = z * self.reach / self.scales
        return np.asarray(np.linalg.norm(inner, axis=1) - math.sqrt(z.shape[1]))
