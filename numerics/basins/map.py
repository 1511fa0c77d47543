"""Basins of attraction: which minimum a start leads to, and how often starts lead where.

A basin is a property of the gradient flow, so that is the method by default; the basins of gradient descent,
SGD and L-BFGS are offered under their own names.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from numerics.descents.landing import CONVERGED, DIVERGED, DRIFTED, UNDECIDED, Landing, as_arrays
from numerics.descents.methods import METHODS, gradient_descents
from numerics.landscape.landscape import Landscape, NetworkLandscape, landscape_point, values_at
from numerics.landscape.minima import Minimum, described, probe_set, same_minimum
from numerics.sweeps.store import Shard
from twolayer.arrays import Array

NO_MINIMUM, NOT_DECIDED = -1, -2
"""Labels of a start that leads to no minimum (diverged, or held at a saddle), and of one undecided."""

CONFIRM = 10.0


class BasinMap:
    """A map from starts to labels of minima.

    Parameters
    ----------
    landscape : Landscape
    method : {"flow", "gradient_descent", "sgd", "lbfgs"}
        What takes a start to its end.
    tolerance : float
        Two ends are the same minimum if they are this near, relative to 1 + their distance from the
        origin; for networks after permutations, sign flips and scalings.
    confirm : bool
        For the flow: follow it again at a tenth of the tolerance, and call the start undecided unless
        both ends are the same minimum.
    probe : array_like, shape (k, d), optional
        For networks: inputs at which the outputs of two ends must agree as well; by default the samples and
        64 points about them, because minima that interpolate all agree on the samples.
    **options
        Of the method, such as `rtol` or `learning_rate`.

    Attributes
    ----------
    minima : list of Minimum
        In the order of discovery; a label is an index into it.
    together : bool
        Whether starts are taken many at a time, in compiled kernels: gradient descent of networks.

    Raises
    ------
    ValueError
        If the method is unknown.

    Notes
    -----
    Labels -1: diverged, held at a saddle, or begun where the landscape is inf. -2: undecided.

    Examples
    --------
    >>> from numerics.landscape.potentials import CosineLattice
    >>> basin = BasinMap(CosineLattice(1))
    >>> [basin([x]) for x in (0.1, 0.4, 0.6, -0.3, 1.2)]
    [0, 0, 1, 0, 1]
    >>> [round(abs(float(minimum.theta[0])), 9) for minimum in basin.minima]
    [0.0, 1.0]
    """

    def __init__(
        self,
        landscape: Landscape,
        method: str = "flow",
        *,
        tolerance: float = 1e-3,
        confirm: bool = True,
        probe: ArrayLike | None = None,
        **options: Any,
    ) -> None:
        if method not in METHODS:
            raise ValueError(f"method must be one of {', '.join(METHODS)}; got {method!r}")
        self.landscape, self.method, self.options = landscape, method, options
        self.tolerance, self.confirm = tolerance, confirm and method == "flow"
        self.together = method == "gradient_descent" and isinstance(landscape, NetworkLandscape)
        self.probe = probe_set(landscape, probe)
        self.minima: list[Minimum] = []

    def __call__(self, theta0: ArrayLike, *, seed: int = 0) -> int:
        """The label of the start `theta0`; `seed` is for methods that draw."""
        return self.label(self.land(theta0, seed))

    def land(self, theta0: ArrayLike, seed: int = 0) -> Landing:
        """Where the start `theta0` comes to rest; nothing is remembered. `theta0` has shape (D,).

        `seed` is for methods that draw.
        """
        outside = self._outside(theta0)
        if outside is not None:
            return outside
        run = METHODS[self.method]
        landing = run(self.landscape, theta0, rng=np.random.default_rng(seed), **self.options)
        if not self.confirm or landing.status != CONVERGED:
            return landing
        finer = {**self.options, "rtol": self.options.get("rtol", 1e-5) / CONFIRM}
        again = run(self.landscape, theta0, rng=np.random.default_rng(seed), **finer)
        if again.status == CONVERGED and self.same(landing.theta, again.theta):
            return again
        why = (
            f"at a tenth of the tolerance: {again.status if again.status != CONVERGED else 'another minimum'}"
        )
        return again.called(UNDECIDED, why)

    def _outside(self, theta0: ArrayLike) -> Landing | None:
        """What there is to say of a start at which the landscape is not finite."""
        theta = landscape_point(self.landscape, "theta0", theta0)
        value = float(self.landscape.value(theta))
        if np.isfinite(value):
            return None
        status = UNDECIDED if np.isnan(value) else DIVERGED
        why = f"the landscape is {value} at the start"
        return Landing(theta=theta, status=status, why=why, value=value, steps=0, finish=0.0)

    def land_many(self, starts: Array, seeds: NDArray[np.int64]) -> list[Landing]:
        """Where `starts` (k, D) come to rest, each with its seed of `seeds`: the same as one by one."""
        if (
            self.together
            and isinstance(self.landscape, NetworkLandscape)
            and np.isfinite(values_at(self.landscape, starts)).all()
        ):
            return gradient_descents(self.landscape, starts, **self.options)
        return [self.land(theta, int(seed)) for theta, seed in zip(starts, seeds, strict=True)]

    def label(self, landing: Landing) -> int:
        """The label of a `landing`; a new minimum is remembered."""
        if landing.status in (UNDECIDED, DRIFTED):
            return NOT_DECIDED
        if landing.status != CONVERGED:
            return NO_MINIMUM
        for index, known in enumerate(self.minima):
            if self.same(known.theta, landing.theta):
                return index
        self.minima.append(described(self.landscape, landing.theta))
        return len(self.minima) - 1

    def same(self, first: Array, second: Array) -> bool:
        """Whether the points `first` and `second` are one minimum, modulo symmetries.

        Both have shape (D,).
        """
        return same_minimum(self.landscape, first, second, tolerance=self.tolerance, probe=self.probe)


def land_piece(basin: BasinMap, piece: tuple[Array, NDArray[np.int64]]) -> Shard:
    """Land a `piece` of starts (points, seeds) by the map `basin`, as arrays that can be stored."""
    return as_arrays(basin.land_many(*piece))
