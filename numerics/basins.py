"""Basins of attraction: which minimum a start leads to, and how often starts lead where.

A basin is a property of the gradient flow, so that is the method by default; the basins of gradient descent,
SGD and L-BFGS are offered under their own names.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from numerics.descents import METHODS, gradient_descents
from numerics.flow import CONVERGED, DIVERGED, SADDLE, UNDECIDED, Landing
from numerics.landscape import Array, Landscape, NetworkLandscape, landscape_point, values_at
from numerics.minima import Minimum, described, probe_set, same_minimum
from numerics.shards import Shard, fingerprint, sweep
from numerics.shares import Share, shares
from twolayer import validate

__all__ = ["BasinMap", "BasinSample", "Minimum", "described", "land_piece", "sample"]

NO_MINIMUM, NOT_DECIDED = -1, -2
"""Labels of a start that leads to no minimum (diverged, or held at a saddle), and of one undecided."""

NAMES = {NO_MINIMUM: "no minimum", NOT_DECIDED: UNDECIDED}
PIECE, WIDE_PIECE = 16, 256
"""Starts in a piece of work, and where they descend together."""

CONFIRM = 10.0
STATUSES = (CONVERGED, SADDLE, DIVERGED, UNDECIDED)


class BasinMap:
    """A map from starts to labels of minima.

    Parameters
    ----------
    landscape : Landscape
    method : {"flow", "gd", "sgd", "lbfgs"}
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
    >>> from numerics.potentials import CosineLattice
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
        self.together = method == "gd" and isinstance(landscape, NetworkLandscape)
        self.probe = probe_set(landscape, probe)
        self.minima: list[Minimum] = []

    def __call__(self, theta0: ArrayLike, *, seed: int = 0) -> int:
        """The label of the start `theta0`; `seed` is for methods that draw."""
        return self.label(self.land(theta0, seed))

    def land(self, theta0: ArrayLike, seed: int = 0) -> Landing:
        """Where the start `theta0` comes to rest; nothing is remembered.

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
        return Landing(**{**vars(again), "status": UNDECIDED, "why": why})

    def _outside(self, theta0: ArrayLike) -> Landing | None:
        """What there is to say of a start at which the landscape is not finite."""
        theta = landscape_point(self.landscape, "theta0", theta0)
        value = float(self.landscape.value(theta))
        if np.isfinite(value):
            return None
        status = UNDECIDED if np.isnan(value) else DIVERGED
        why = f"the landscape is {value} at the start"
        return Landing(theta, status, why, value, np.nan, np.nan, 0, 0.0, np.nan)

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
        if landing.status == UNDECIDED:
            return NOT_DECIDED
        if landing.status != CONVERGED:
            return NO_MINIMUM
        for index, known in enumerate(self.minima):
            if self.same(known.theta, landing.theta):
                return index
        self.minima.append(described(self.landscape, landing.theta))
        return len(self.minima) - 1

    def same(self, first: Array, second: Array) -> bool:
        """Whether the points `first` and `second` are one minimum, modulo symmetries."""
        return same_minimum(self.landscape, first, second, tolerance=self.tolerance, probe=self.probe)


@dataclass(frozen=True)
class BasinSample:
    """Labels of many starts.

    Parameters
    ----------
    labels : ndarray of int, shape (k,)
        Indices into `minima`; -1 no minimum, -2 undecided.
    minima : list of Minimum
    landings : list of Landing
        Where each start came to rest, and why.
    method : str
    """

    labels: NDArray[np.int64]
    minima: list[Minimum]
    landings: list[Landing] = field(repr=False)
    method: str

    def fractions(
        self,
        confidence: float = 0.95,
        *,
        classify: Callable[[Minimum], Hashable] | None = None,
        simultaneous: bool = False,
    ) -> dict[Hashable, Share]:
        """Shares of starts per label, or per class, with exact binomial intervals.

        Parameters
        ----------
        confidence : float
        classify : callable, optional
            ``classify(minimum) -> class``. Starts that lead to no minimum and undecided ones stay classes
            of their own, "no minimum" and "undecided".
        simultaneous : bool
            Whether all intervals hold together with the confidence.

        Raises
        ------
        ValueError
            If the confidence does not lie between 0 and 1.
        """
        if classify is None:
            return shares(self.labels.tolist(), confidence, simultaneous=simultaneous)
        classes = [classify(minimum) for minimum in self.minima]
        named = [NAMES[label] if label < 0 else classes[label] for label in self.labels.tolist()]
        return shares(named, confidence, simultaneous=simultaneous)


def sample(
    landscape: Landscape,
    starts: ArrayLike,
    *,
    rng: np.random.Generator,
    method: str = "flow",
    executor: Executor | None = None,
    store: str | Path | None = None,
    max_seconds: float | None = None,
    report: Callable[[int, int], None] | None = None,
    **options: Any,
) -> BasinSample:
    """Label many starts.

    Parameters
    ----------
    landscape : Landscape
    starts : array_like, shape (k, D)
    rng : numpy Generator
        Gives every start a seed of its own, for methods that draw.
    method : {"flow", "gd", "sgd", "lbfgs"}
    executor : concurrent.futures.Executor, optional
        Where to work; here by default. One of processes needs a landscape that can be pickled.
    store : path, optional
        A folder that keeps what is finished, so that a sweep that was killed goes on.
    max_seconds : float, optional
        Begin no piece of work after this time.
    report : callable, optional
        ``report(done, total)`` in pieces of 16 starts; of 256 where they descend together.
    **options
        Of :class:`BasinMap` and of the method.

    Returns
    -------
    BasinSample
        The same bits whatever the executor and however often it was interrupted.

    Raises
    ------
    ValueError
        If starts do not fit, an option is unknown, or the store holds another sweep.
    SweepError
        If it was stopped; what is finished is in the store.

    Examples
    --------
    >>> from numerics.potentials import CosineLattice
    >>> starts = np.linspace(-0.45, 0.45, 20)[:, None]
    >>> found = sample(CosineLattice(1), starts, rng=np.random.default_rng(0))
    >>> found.fractions()[0].count, round(found.fractions()[0].low, 3)
    (20, 0.832)
    """
    points = validate.real_array("starts", starts)
    validate.require_shape("starts", points, ("k", landscape.dimension or "D"), " to match the landscape")
    basin = BasinMap(landscape, method, **options)
    seeds = rng.integers(2**63, size=len(points))
    piece = WIDE_PIECE if basin.together else PIECE
    pieces = [
        (points[first : first + piece], seeds[first : first + piece])
        for first in range(0, len(points), piece)
    ]
    given = [(name, _said(option)) for name, option in sorted(options.items())]
    key = fingerprint(points, seeds, method, given, _mark(landscape, points[0]))
    shards = sweep(
        partial(land_piece, basin),
        pieces,
        key=key,
        executor=executor,
        store=store,
        max_seconds=max_seconds,
        report=report,
    )
    landings = [landing for shard in shards for landing in _landings(shard)]
    labels = np.array([basin.label(landing) for landing in landings], dtype=np.int64)
    return BasinSample(labels, basin.minima, landings, method)


def land_piece(basin: BasinMap, piece: tuple[Array, NDArray[np.int64]]) -> Shard:
    """Land a `piece` of starts (points, seeds) by the map `basin`, as arrays that can be stored."""
    landings = basin.land_many(*piece)
    names = ("value", "gradient_norm", "time", "steps", "finish", "drift")
    return {
        "theta": np.array([landing.theta for landing in landings]),
        "status": np.array([STATUSES.index(landing.status) for landing in landings]),
        "why": np.array([landing.why for landing in landings]),
        **{name: np.array([getattr(landing, name) for landing in landings], dtype=float) for name in names},
    }


def _landings(shard: Shard) -> list[Landing]:
    def number(name: str, index: int) -> float:
        return float(shard[name][index])

    return [
        Landing(
            theta=shard["theta"][index],
            status=STATUSES[int(shard["status"][index])],
            why=str(shard["why"][index]),
            value=number("value", index),
            gradient_norm=number("gradient_norm", index),
            time=number("time", index),
            steps=int(shard["steps"][index]),
            finish=number("finish", index),
            drift=number("drift", index),
        )
        for index in range(len(shard["status"]))
    ]


def _said(option: Any) -> Any:
    """An option as the key of a store names it: the text of a long array leaves entries out."""
    return fingerprint(np.asarray(option)) if isinstance(option, np.ndarray | list) else option


def _mark(landscape: Landscape, theta: Array) -> tuple[float, Sequence[float]]:
    """What tells one landscape from another in a store: its value and gradient at a point."""
    return landscape.value(theta), landscape.gradient(theta).tolist()
