"""What a volume is relative to: a box, a ball or a Gaussian, each of mass one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln

from numerics.landscape.landscape import Points
from twolayer.arrays import Array

GAUSSIAN_REACH = 12.0
"""A Gaussian is cut this many standard deviations beyond its typical shell, or beyond the minimum where that
lies farther out: the mass beyond is below 1e-30 of the mass up to there."""


class Prior(Protocol):
    """A density of mass one over theta, shape (D,)."""

    def exits(self, centre: Array, directions: Points) -> Array:
        """How far one can go from `centre` along each of `directions` (k, D) inside the support, (k,)."""

    def log_density(self, points: Points) -> Array:
        """Logarithm of the density at `points` (k, D); -inf outside the support."""

    def reach(self, dimension: int) -> float:
        """An upper bound of the half-width of most of the mass along a line."""

    def sample(self, count: int, dimension: int, rng: np.random.Generator) -> Points:
        """Independent points (`count`, `dimension`)."""


@dataclass(frozen=True)
class Ball:
    """The uniform law on a ball.

    Parameters
    ----------
    radius : float
    centre : array_like, optional
        The origin by default.

    Examples
    --------
    >>> Ball(2.0).exits(np.zeros(2), np.array([[0.0, 1.0]]))
    array([2.])
    """

    radius: float
    centre: Any = 0.0

    def __post_init__(self) -> None:
        _require_positive("radius", self.radius)

    def __str__(self) -> str:
        return f"the uniform law on a ball of radius {self.radius:g}"

    def exits(self, centre: Array, directions: Points) -> Array:
        """Distances, in lengths of each of `directions`, from `centre` to the sphere.

        `directions` has shape (k, D); the distances (k,).
        """
        return _to_sphere(centre - self.centre, directions, self.radius)

    def log_density(self, points: Points) -> Array:
        """Minus the log-volume of the ball at the `points` inside.

        `points` has shape (k, D); the densities (k,).
        """
        D = points.shape[1]
        volume = D / 2 * np.log(np.pi) - gammaln(D / 2 + 1) + D * np.log(self.radius)
        inside = ((points - self.centre) ** 2).sum(axis=1) <= self.radius**2
        return np.where(inside, -volume, -np.inf)

    def reach(self, dimension: int) -> float:
        """The radius, whatever the `dimension`."""
        return self.radius

    def sample(self, count: int, dimension: int, rng: np.random.Generator) -> Points:
        """Independent points (`count`, `dimension`): the radius to the power D is uniform."""
        points = rng.normal(size=(count, dimension))
        radii = self.radius * rng.uniform(size=(count, 1)) ** (1 / dimension)
        return np.asarray(self.centre + points * radii / np.linalg.norm(points, axis=1, keepdims=True))


@dataclass(frozen=True)
class Box:
    """The uniform law on a box.

    Parameters
    ----------
    low, high : float or array_like, shape (D,)

    Examples
    --------
    >>> Box(-1.0, 3.0).exits(np.zeros(2), np.array([[0.5, 1.0]]))
    array([3.])
    """

    low: Any
    high: Any

    def __post_init__(self) -> None:
        _require_positive("high - low", np.min(np.subtract(self.high, self.low)))

    def __str__(self) -> str:
        return f"the uniform law on a box of sides {np.max(np.subtract(self.high, self.low)):g} and less"

    def exits(self, centre: Array, directions: Points) -> Array:
        """Distances, in lengths of each of `directions`, from `centre` to the first face.

        `directions` has shape (k, D); the distances (k,).
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            faces = np.where(directions > 0, self.high - centre, self.low - centre) / directions
        return np.asarray(np.where(directions == 0, np.inf, faces).min(axis=1))

    def log_density(self, points: Points) -> Array:
        """Minus the log-volume of the box at the `points` inside.

        `points` has shape (k, D); the densities (k,).
        """
        volume = np.log(np.broadcast_to(np.subtract(self.high, self.low), points.shape[1:])).sum()
        inside = ((points >= self.low) & (points <= self.high)).all(axis=1)
        return np.where(inside, -volume, -np.inf)

    def reach(self, dimension: int) -> float:
        """Half the diagonal, in `dimension` dimensions."""
        sides = np.broadcast_to(np.subtract(self.high, self.low), (dimension,))
        return float(np.linalg.norm(sides)) / 2

    def sample(self, count: int, dimension: int, rng: np.random.Generator) -> Points:
        """Independent points (`count`, `dimension`)."""
        return rng.uniform(self.low, self.high, size=(count, dimension))


@dataclass(frozen=True)
class Gaussian:
    """The isotropic Gaussian law.

    Parameters
    ----------
    scale : float
        Standard deviation of every coordinate.
    centre : array_like, optional
        The origin by default.

    Examples
    --------
    >>> bool(np.isclose(Gaussian(1.0).log_density(np.zeros((1, 2)))[0], -np.log(2 * np.pi)))
    True
    """

    scale: float
    centre: Any = 0.0

    def __post_init__(self) -> None:
        _require_positive("scale", self.scale)

    def __str__(self) -> str:
        return f"the Gaussian law of standard deviation {self.scale:g}"

    def exits(self, centre: Array, directions: Points) -> Array:
        """Distances, in lengths of each of `directions`, from `centre` to where no mass is left.

        `directions` has shape (k, D); the distances (k,). What is left is compared with what lies about the
        centre, which may itself be far beyond the typical shell.
        """
        radius = max(self.reach(directions.shape[1]), float(np.linalg.norm(centre - self.centre)))
        return _to_sphere(centre - self.centre, directions, radius + GAUSSIAN_REACH * self.scale)

    def log_density(self, points: Points) -> Array:
        """The log-density at `points`. `points` has shape (k, D); the densities (k,)."""
        squares = ((points - self.centre) ** 2).sum(axis=1) / self.scale**2
        return np.asarray(-squares / 2 - points.shape[1] / 2 * np.log(2 * np.pi * self.scale**2))

    def reach(self, dimension: int) -> float:
        """The radius of the typical shell in `dimension` dimensions."""
        return float(self.scale * np.sqrt(dimension))

    def sample(self, count: int, dimension: int, rng: np.random.Generator) -> Points:
        """Independent points (`count`, `dimension`)."""
        return np.asarray(self.centre + self.scale * rng.normal(size=(count, dimension)))


def _to_sphere(offset: ArrayLike, directions: Points, radius: float) -> Array:
    """The positive root t of |offset + t v| = radius for each v; negative if there is none."""
    start = np.broadcast_to(offset, directions.shape[1:])
    squares = (directions**2).sum(axis=1)
    along = directions @ start / squares
    inside = along**2 + (radius**2 - start @ start) / squares
    return np.where(inside >= 0, np.sqrt(np.maximum(inside, 0)) - along, -1.0)


def _require_positive(name: str, value: float) -> None:
    if not 0 < value < np.inf:
        raise ValueError(f"{name} must be positive; got {value}")


def require_inside(prior: Prior | None, centre: Array) -> None:
    """Refuse a minimum that the prior excludes. `centre` has shape (D,).

    Raises
    ------
    ValueError
        If `centre` is outside the support of `prior`.
    """
    if prior is not None and not np.isfinite(prior.log_density(centre[None])[0]):
        raise ValueError(f"minimum must lie inside the prior's support; got one outside {prior}")
