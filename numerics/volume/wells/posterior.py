"""The posterior that a Gaussian about a minimum localises, and the coordinates in which walkers see it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from numerics.landscape.landscape import Landscape, Points, hessian_at, slope_at, values_at
from numerics.volume.images import images_of
from twolayer.arrays import Array


@dataclass(frozen=True)
class Well:
    """A minimum of the posterior's energy, and the Gaussian of its quadratic part.

    Parameters
    ----------
    at : ndarray, shape (D,)
        theta - theta_0.
    height : float
        n beta (V - V_0), and what the localising Gaussian adds.
    axes : ndarray, shape (D, D)
        Of the Hessian, as columns.
    scales : ndarray, shape (D,)
        Standard deviations along them.
    """

    at: Array
    height: float
    axes: Array
    scales: Array

    @property
    def log_det(self) -> float:
        """ln of the product of the scales."""
        return float(np.log(self.scales).sum())

    def steps(self, z: Points) -> Points:
        """theta - theta_0 at coordinates `z` (k, D), in which the Gaussian is a standard one."""
        return np.asarray(self.at + (z * self.scales) @ self.axes.T)

    def coordinates(self, steps: Points) -> Points:
        """z at theta_0 + `steps`, both (k, D)."""
        return np.asarray((steps - self.at) @ self.axes / self.scales)

    def model(self, steps: Points) -> Array:
        """The quadratic part's energy at theta_0 + `steps` (k, D), (k,)."""
        return np.asarray(self.height + (self.coordinates(steps) ** 2).sum(axis=1) / 2)


class Posterior:
    """The density exp(-n beta (V - V_0)) N(theta; theta_0, 1/gamma), images folded onto the centre's side.

    Near coordinates z make a well's quadratic part a standard Gaussian, wide ones the localising Gaussian.
    The first of the `wells` is the centre's; others are those that were found. Each has a cell, the points
    where its quadratic part is lower than those of the others: the integral is the sum over the cells,
    wherever their walls are.
    """

    def __init__(self, landscape: Landscape, centre: Array, n_beta: float, gamma: float) -> None:
        self.landscape, self.centre, self.n_beta, self.gamma = landscape, centre, n_beta, gamma
        self.bottom, self.evaluations, self.lowest = landscape.value(centre), 0, 0.0
        values, Q = np.linalg.eigh(hessian_at(landscape, centre))
        self.bent = -n_beta * float(values[0]) / gamma
        self.axes, self.curvature = Q, n_beta * np.maximum(values, 0.0) / gamma
        self.reach = 1 / math.sqrt(gamma)
        self.images = images_of(landscape, centre)
        self.wells = [Well(np.zeros(len(centre)), 0.0, Q, 1 / np.sqrt(gamma * (1 + self.curvature)))]

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

    def slope(self, steps: Array) -> tuple[float, Array]:
        """The energy and its gradient (D,) at theta_0 + `steps` (D,), the centre's Gaussian with it."""
        self.evaluations += 1
        value, slope = slope_at(self.landscape, self.centre + steps)
        energy = self.n_beta * (value - self.bottom) + self.gamma / 2 * float(steps @ steps)
        return energy, np.asarray(self.n_beta * slope + self.gamma * steps)

    def folded(self, steps: Points) -> Points:
        """Of the images of theta_0 + `steps` (k, D) those that are nearest to theta_0, less theta_0."""
        if self.images is None:
            return steps
        return np.asarray(self.images.folded(self.centre + steps) - self.centre)

    def well(self, at: Array) -> Well:
        """The quadratic part at theta_0 + `at` (D,); negative curvature of V counts as none."""
        values, Q = np.linalg.eigh(hessian_at(self.landscape, self.centre + at))
        height = float((self.energy(at[None]) + self.pull(at[None]))[0])
        return Well(at, height, Q, 1 / np.sqrt(self.gamma + self.n_beta * np.maximum(values, 0.0)))

    def log_mass(self, well: Well) -> float:
        """ln of the integral of the Gaussian of a `well`."""
        return len(self.centre) / 2 * math.log(self.gamma) + well.log_det - well.height

    def cell(self, steps: Points) -> np.ndarray:
        """The number of the well in whose cell each of theta_0 + `steps` (k, D) lies, (k,)."""
        if len(self.wells) == 1:
            return np.zeros(len(steps), dtype=np.int64)
        return np.asarray(np.argmin([well.model(steps) for well in self.wells], axis=0))

    def near(self, z: Points, which: int = 0) -> tuple[Array, Array]:
        """log w = 0 and h = the posterior's energy less the quadratic part's, at near `z` (k, D) of a well.

        Both have shape (k,); log w is -inf behind a wall and outside the cell of the well number `which`.
        """
        well = self.wells[which]
        steps = well.steps(z)
        h = self.energy(steps) + self.pull(steps) - well.height - (z**2).sum(axis=1) / 2
        wall = ~np.isfinite(h) | (self.cell(steps) != which)
        return np.where(wall, -np.inf, 0.0), np.where(wall, 0.0, h)

    def near_energy(self, z: Points, which: int = 0) -> Array:
        """n beta (V - V_0) at near coordinates `z` (k, D) of the well number `which`."""
        return self.energy(self.wells[which].steps(z))

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
        return z if self.images is None else self.wide_coordinates(self.folded(self.wide_steps(z)))

    def wide_coordinates(self, steps: Points) -> Points:
        """Wide coordinates of theta_0 + `steps`, both (k, D)."""
        return np.asarray(steps @ self.axes / self.reach)

    def far(self, steps: Points) -> Array:
        """How far theta_0 + `steps` (k, D) lie beyond the typical radius of the nearest well, (k,)."""
        away = [np.linalg.norm(well.coordinates(steps), axis=1) for well in self.wells]
        return np.asarray(np.min(away, axis=0) - math.sqrt(steps.shape[1]))
