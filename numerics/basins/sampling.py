"""How often starts lead to which minimum, with intervals."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from numerics.basins.map import NO_MINIMUM, NOT_DECIDED, BasinMap, land_piece
from numerics.descents.flow import INTEGRATOR
from numerics.descents.landing import UNDECIDED, Landing, from_arrays
from numerics.landscape.landscape import Landscape, NetworkLandscape
from numerics.landscape.minima import Minimum
from numerics.statistics.shares import Share, shares
from numerics.sweeps.store import fingerprint
from numerics.sweeps.sweep import sweep
from twolayer import arrays
from twolayer.arrays import Array

NAMES = {NO_MINIMUM: "no minimum", NOT_DECIDED: UNDECIDED}

PIECE, WIDE_PIECE = 16, 256
"""Starts in a piece of work, and where they descend together."""


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
    method : {"flow", "gradient_descent", "sgd", "lbfgs"}
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
    >>> from numerics.landscape.potentials import CosineLattice
    >>> starts = np.linspace(-0.45, 0.45, 20)[:, None]
    >>> found = sample(CosineLattice(1), starts, rng=np.random.default_rng(0))
    >>> found.fractions()[0].count, round(found.fractions()[0].low, 3)
    (20, 0.832)
    """
    points = arrays.real_array("starts", starts)
    arrays.require_shape("starts", points, ("k", landscape.dimension or "D"), " to match the landscape")
    basin = BasinMap(landscape, method, **options)
    seeds = rng.integers(2**63, size=len(points))
    piece = WIDE_PIECE if basin.together else PIECE
    pieces = [
        (points[first : first + piece], seeds[first : first + piece])
        for first in range(0, len(points), piece)
    ]
    given = [(name, _said(option)) for name, option in sorted(options.items())]
    key = fingerprint(INTEGRATOR, points, seeds, method, given, *_mark(landscape, points))
    shards = sweep(
        partial(land_piece, basin),
        pieces,
        key=key,
        executor=executor,
        store=store,
        max_seconds=max_seconds,
        report=report,
    )
    landings = [landing for shard in shards for landing in from_arrays(shard)]
    labels = np.array([basin.label(landing) for landing in landings], dtype=np.int64)
    return BasinSample(labels, basin.minima, landings, method)


def _said(option: Any) -> Any:
    """An option as the key of a store names it: the text of a long array leaves entries out."""
    return fingerprint(np.asarray(option)) if isinstance(option, np.ndarray | list) else option


def _mark(landscape: Landscape, starts: Array) -> Sequence[Any]:
    """What tells one landscape from another in a store.

    A network's is its data, shape, activation and loss: where units are dead, or all on one side of their
    kinks, values and gradients are those of other networks too. Of other landscapes nothing is known but
    their values and gradients at the `starts` (k, D), all of them.
    """
    if isinstance(landscape, NetworkLandscape):
        risk, net = landscape.risk, landscape.net
        named = (net.activation.name, net.activation.expression, risk.loss.name, risk.loss.expression)
        return repr(net), *named, risk.X, risk.y
    values = [float(landscape.value(theta)) for theta in starts]
    return np.array(values), np.array([landscape.gradient(theta) for theta in starts])
