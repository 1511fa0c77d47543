"""The region whose volume is wanted: a sublevel set about a minimum, or a basin given by its membership."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from numerics.landscape.landscape import Landscape, NetworkLandscape, Points, checked_point, values_at
from numerics.landscape.symmetry import orbit_size
from numerics.statistics.shares import share
from numerics.volume.estimate import DOUBTFUL, LEBESGUE, TRUSTED, Refusal
from numerics.volume.priors import Prior, require_inside
from twolayer.arrays import Array

Membership = Callable[[Points], np.ndarray]

RELATIVE = 1e-10
"""How finely a crossing is located, relative to its distance."""

FARTHEST = 2.0**100

FLAT = 1e-12

SADDLE = 1e-8
"""Negative curvature beyond this share of the largest makes the point a saddle."""

BELOW = 0.01
"""How far below the minimum, in thresholds, the landscape may be seen."""

ROUGHLY = 0.02
"""How finely the extent along an axis is located: it is a unit of length, not a result."""

CHECKED = 2000
"""Most points of the prior that are tested for parts of the region that were missed."""


@dataclass
class Region:
    """A region about a minimum: {V < V(minimum) + T}, or where `inside` says so; cut to a prior's support.

    Attributes
    ----------
    evaluations : int
        How many points were tested so far.
    lowest : float
        The least value seen so far, where there is a threshold.
    """

    landscape: Landscape
    centre: Array
    threshold: float | None
    inside: Membership | None
    prior: Prior | None
    evaluations: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.bottom = self.lowest = self.landscape.value(self.centre)

    @property
    def dimension(self) -> int:
        """D."""
        return len(self.centre)

    @property
    def measure(self) -> str:
        """What the volume is relative to."""
        return LEBESGUE if self.prior is None else f"{self.prior}"

    def contains(self, points: Points) -> np.ndarray:
        """Whether each of the `points` (k, D) is inside; the prior's support is not asked."""
        self.evaluations += len(points)
        if self.inside is not None:
            return _as_membership(self.inside(points), len(points))
        height = np.inf if self.threshold is None else self.threshold
        values = values_at(self.landscape, points)
        self.lowest = min(self.lowest, float(values.min(initial=np.inf)))
        return np.asarray(values < self.bottom + height)

    def log_density(self, points: Points) -> Array:
        """Logarithm of the prior's density at `points`, 0 without a prior.

        `points` has shape (k, D); the logarithms (k,).
        """
        return np.zeros(len(points)) if self.prior is None else self.prior.log_density(points)

    def exits(self, directions: Points) -> Array:
        """Distance to the end of the prior's support, inf without a prior.

        `directions` has shape (k, D); the distances (k,).
        """
        if self.prior is None:
            return np.full(len(directions), np.inf)
        return self.prior.exits(self.centre, directions)

    def crossings(self, directions: Points, relative: float = RELATIVE) -> Array:
        """Distance r (k,) along each of `directions` (k, D) at which the ray leaves the region.

        In units of the direction's length, located to within `relative`; inf where it never does. Where a
        ray leaves more than once, one of its crossings is found.
        """
        ends = self.exits(directions)
        low, high = self._bracket(directions, ends)
        for _ in range(200):
            open_ = np.flatnonzero((high - low > relative * high) & np.isfinite(high))
            if not open_.size:
                break
            middle = (low[open_] + high[open_]) / 2
            within = self._at(directions[open_], middle)
            low[open_[within]], high[open_[~within]] = middle[within], middle[~within]
        return np.where(np.isfinite(high), (low + high) / 2, np.minimum(ends, np.inf))

    def _bracket(self, directions: Points, ends: Array) -> tuple[Array, Array]:
        """An inner and an outer distance; the outer is inf for rays that stay inside to their end."""
        low, high = np.zeros(len(ends)), np.full(len(ends), np.inf)
        trial = np.minimum(1.0, ends)
        todo = np.arange(len(ends))
        while todo.size:
            within = self._at(directions[todo], trial[todo])
            low[todo[within]] = np.maximum(low[todo[within]], trial[todo[within]])
            high[todo[~within]] = np.minimum(high[todo[~within]], trial[todo[~within]])
            ended = within & ((trial[todo] >= ends[todo]) | (trial[todo] > FARTHEST))
            sunk = ~within & (trial[todo] < 1 / FARTHEST)
            done = ended | sunk | ((low[todo] > 0) & np.isfinite(high[todo]))
            todo, within = todo[~done], within[~done]
            trial[todo] = np.where(within, np.minimum(2 * trial[todo], ends[todo]), trial[todo] / 2)
        return low, high

    def _at(self, directions: Points, distances: Array) -> np.ndarray:
        return self.contains(self.centre + distances[:, None] * directions)

    def not_star_shaped(
        self, directions: Points, crossings: Array, rng: np.random.Generator, relative: float = RELATIVE
    ) -> float:
        """Share of rays seen to leave the region before their crossing, or to be inside again beyond it.

        Rays have shape (k, D).
        """
        before = self._at(directions, crossings * rng.uniform(0, 1 - relative, len(crossings)))
        beyond = np.minimum(crossings * (1 + rng.exponential(1, len(crossings))), self.exits(directions))
        again = self._at(directions, beyond) & (beyond > crossings * (1 + 10 * relative))
        return float((~before | again).mean())

    def reservations(self, log_volume: float, error: float, rng: np.random.Generator) -> tuple[str, str]:
        """A verdict, and why, on what an estimate from within cannot see.

        The landscape may have been seen below its minimum; and points of the prior, where there is one, may
        hit the region more often than its estimated log-mass allows: then it has parts that were missed.
        """
        verdict, why = TRUSTED, ""
        if self.prior is not None:
            count = min(CHECKED, 1 + self.evaluations // 10)
            points = self.prior.sample(count, self.dimension, rng)
            least = share(int(self.contains(points).sum()), count, 0.999).low
            if least > 0 and np.log(least) > log_volume + error:
                verdict, why = DOUBTFUL, "; the prior meets the region more often: parts of it were missed"
        if self.threshold is not None and self.lowest < self.bottom - BELOW * self.threshold:
            depth = (self.bottom - self.lowest) / self.threshold
            verdict = DOUBTFUL
            why += f"; the landscape was seen {depth:.2g} T below the minimum given"
        if self.threshold is not None and isinstance(self.landscape, NetworkLandscape):
            count = orbit_size(self.landscape.net.replace(self.centre))
            if count > 1:
                why += f"; its e^{math.log(count):.4g} images under the network's symmetries are not counted"
        return verdict, why


def _as_membership(found: object, count: int) -> np.ndarray:
    answer = np.asarray(found)
    if answer.shape != (count,) or answer.dtype.kind not in "bui":
        raise ValueError(
            f"inside must return ({count},) of bool for {count} points; got {answer.dtype} {answer.shape}"
        )
    return answer.astype(bool)


def require_count(name: str, count: int, least: int, most: float) -> None:
    """Refuse a `count`, called `name`, that is no whole number from `least` to `most`.

    Raises
    ------
    ValueError
    """
    if isinstance(count, bool) or not isinstance(count, int | np.integer) or not least <= count <= most:
        raise ValueError(f"{name} must be a whole number from {least} to {most:.0e}; got {count!r}")


def region(
    landscape: Landscape,
    minimum: ArrayLike,
    threshold: float | None,
    inside: Membership | None,
    prior: Prior | None,
) -> Region:
    """Check the arguments that the volume estimators share and make the region of them.

    `minimum` has shape (D,).

    Raises
    ------
    ValueError
        Unless exactly one of `threshold` (positive) and `inside` is given, and the minimum is a point
        where the landscape is finite, inside the prior's support and inside the region.
    """
    centre = checked_point(landscape, "minimum", minimum)
    if (threshold is None) == (inside is None):
        raise ValueError(
            "threshold or inside must be given, and not both; got "
            + ("neither", "both")[threshold is not None]
        )
    if threshold is not None and not 0 < threshold < np.inf:
        raise ValueError(f"threshold must be a positive height above the minimum; got {threshold}")
    require_inside(prior, centre)
    found = Region(landscape, centre, threshold, inside, prior)
    if not found.contains(centre[None])[0]:
        raise ValueError("minimum must lie inside the region; got one that is outside")
    return found


def _probe(where: Region, directions: Points) -> Array:
    """Mean distance to the region's end both ways along each direction, roughly."""
    both = (where.crossings(directions, ROUGHLY) + where.crossings(-directions, ROUGHLY)) / 2
    if not np.isfinite(both).all():
        raise Refusal(
            "the region has no end along an axis of the Hessian: give a prior (Ball, Box or Gaussian)"
        )
    return both
