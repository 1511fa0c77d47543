"""Membership of a basin of attraction, by the gradient flow itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from numerics.descents.flow import flow
from numerics.descents.landing import CONVERGED, UNDECIDED
from numerics.landscape.landscape import Landscape, Points, checked_point
from twolayer.arrays import Array


class FlowBasin:
    """The basin of attraction of one minimum under gradient flow: ``inside`` for the volume estimators.

    Parameters
    ----------
    landscape : Landscape
    minimum : array_like, shape (D,)
    tolerance : float
        An end this near to the minimum, relative to 1 + its distance from the origin, is the minimum.
    symmetric : callable, optional
        ``symmetric(end) -> bool``: whether another end counts as the minimum too, an image of it under a
        symmetry for instance. Without it the basin is that of this one point.
    **options
        Of :func:`numerics.descents.flow.flow`, such as `rtol`.

    Attributes
    ----------
    asked, undecided : int
        How many points were followed, and of these how many came to no end; they count as outside.

    Raises
    ------
    ValueError
        If the point does not fit, or the flow does not stay there: then it has no basin.

    Notes
    -----
    A point costs a solution of the flow, thousands of times a value: some 10 ms for a small network. An
    estimate by a thousand points is what can be had in that time.

    Examples
    --------
    >>> from numerics import volume
    >>> from numerics.landscape.potentials import CosineLattice
    >>> lattice = CosineLattice(1)
    >>> basin = FlowBasin(lattice, [0.0])
    >>> basin(np.array([[0.1], [0.49], [0.51]])).tolist()
    [True, True, False]
    >>> rng = np.random.default_rng(0)
    >>> found = volume.radial(lattice, [0.0], inside=basin, directions=4, rng=rng)
    >>> bool(abs(found.log_volume) < 1e-4)  # the interval has length 1
    True
    """

    def __init__(
        self,
        landscape: Landscape,
        minimum: ArrayLike,
        *,
        tolerance: float = 1e-3,
        symmetric: Callable[[Array], bool] | None = None,
        **options: Any,
    ) -> None:
        self.landscape, self.options, self.symmetric = landscape, options, symmetric
        self.minimum = checked_point(landscape, "minimum", minimum)
        self.near = tolerance * (1 + float(np.linalg.norm(self.minimum)))
        self.asked = self.undecided = 0
        landing = flow(landscape, self.minimum, **options)
        if landing.status != CONVERGED or not self._here(landing.theta):
            raise ValueError(f"minimum must be a minimum of the landscape; got one that is {landing.status}")

    def __call__(self, points: Points) -> np.ndarray:
        """Whether the flow takes each of the `points` (k, D) to the minimum, (k,)."""
        return np.array([self._leads_here(point) for point in points], dtype=bool)

    def _leads_here(self, point: Array) -> bool:
        self.asked += 1
        if not np.isfinite(self.landscape.value(point)):
            return False
        landing = flow(self.landscape, point, **self.options)
        self.undecided += landing.status == UNDECIDED
        return landing.status == CONVERGED and self._here(landing.theta)

    def _here(self, end: Array) -> bool:
        if np.linalg.norm(end - self.minimum) <= self.near:
            return True
        return self.symmetric is not None and bool(self.symmetric(end))
