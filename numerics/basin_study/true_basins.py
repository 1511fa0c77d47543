"""True basins of attraction: their mass under the law of the starts, and the share of starts they catch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from numerics import basins, volume
from numerics.basin_study.students import BLOCK, SPREAD, Descents, landings, landscape_of
from numerics.descents.flow import INTEGRATOR
from numerics.descents.membership import FlowBasin
from numerics.landscape.landscape import NetworkLandscape
from numerics.statistics.shares import shares
from numerics.sweeps.store import Shard, fingerprint
from numerics.sweeps.workplace import Workplace, as_plain
from numerics.volume.priors import Gaussian
from twolayer.arrays import Array

SMALL = {"inputs": 1, "teachers": 4, "students": 1}
"""A student of one unit on the line, P = 3, with two minima: small enough for thousands of flows."""

PROBLEM = 2
RTOL = 1e-2
"""Tolerance of the flow here: labels are those at 1e-5, see the tests."""

ESTIMATORS: dict[str, Any] = {
    "radial": (volume.radial, {"directions": 100, "resolution": 1e-3}),
    "tempering": (volume.tempering, {"steps": 100, "walkers": 8}),
}


@dataclass(frozen=True)
class Masses:
    """The task of one minimum: its basin's log-mass under the law of the starts, by every estimator.

    Parameters
    ----------
    landscape : NetworkLandscape
    minima : ndarray, shape (k, P)
    seed : int
    """

    landscape: NetworkLandscape
    minima: Array
    seed: int

    def __call__(self, piece: tuple[int, str]) -> Shard:
        index, kind = piece
        estimator, options = ESTIMATORS[kind]
        inside = FlowBasin(self.landscape, self.minima[index], rtol=RTOL)
        rng = np.random.default_rng([self.seed, 9, index])
        prior = Gaussian(SPREAD)
        found = estimator(self.landscape, inside.minimum, inside=inside, prior=prior, rng=rng, **options)
        facts = {**found.as_dict(), "undecided": inside.undecided, "followed": inside.asked}
        return {name: np.array(np.nan if item is None else item) for name, item in facts.items()}


def true_basins(seed: int, count: int, place: Workplace, activation: str = "tanh") -> dict[str, Any]:
    """Masses of the basins of a small student, and the shares of `count` starts that the flow takes there.

    By symmetry all images of a minimum have basins of one mass; the share of starts that reach any of them is
    the size of the orbit times that mass. Both sides are measured, by flows that share nothing but the rule.

    Parameters
    ----------
    seed : int
    count : int
    place : Workplace
    activation : str
        Of teacher and student.

    Returns
    -------
    dict
        Plain data for JSON.
    """
    landscape = landscape_of(PROBLEM, **SMALL, activation=activation)
    flow = (("confirm", False), ("rtol", RTOL))
    task = Descents(landscape, seed, ("flow",), flow)
    key = fingerprint(INTEGRATOR, landscape.X, landscape.risk.y, activation, seed, flow, BLOCK)
    pieces = list(range(0, count, BLOCK))
    done = [shard for _, shard in place.finished("small student", task, pieces, key)]
    basin = basins.BasinMap(landscape)
    labels = [basin.label(landing) for landing in landings(done, "flow")]
    caught = shares(labels) if labels else {}
    order = [label for label in caught if isinstance(label, int) and label >= 0]
    whole = len(done) == len(pieces)  # else there are minima to come, and the work on all is another
    known = [(index, kind) for index in order for kind in ESTIMATORS] if whole else []
    minima = np.array([minimum.theta for minimum in basin.minima])
    options = {kind: item[1] for kind, item in ESTIMATORS.items()}
    key = fingerprint(INTEGRATOR, landscape.X, landscape.risk.y, activation, minima, seed, RTOL, options)
    found = place.finished("basin", Masses(landscape, minima, seed), known, key) if known else []
    rows = [_row(basin.minima[index], caught[index], kind, shard) for (index, kind), shard in found]
    return {
        "parameters": landscape.dimension,
        "starts": len(labels),
        "no_minimum": sum(label < 0 for label in labels),
        "estimates": rows,
    }


def _row(minimum: basins.Minimum, caught: Any, kind: str, shard: Shard) -> dict[str, Any]:
    """The share of starts, and what the estimate says it is, with its interval."""
    facts = as_plain(shard)
    mass, error, orbit = facts["log_volume"], facts["error"], minimum.orbit or 1
    quoted = mass is not None and error is not None
    ends = [orbit * float(np.exp(mass + sign * error)) for sign in (0, -1, 1)] if quoted else [None] * 3
    return {
        "risk": minimum.value,
        "orbit": orbit,
        "starts": caught.count,
        "share": caught.value,
        "share_low": caught.low,
        "share_high": caught.high,
        "estimator": kind,
        **dict(zip(("predicted", "predicted_low", "predicted_high"), ends, strict=True)),
        **facts,
    }
