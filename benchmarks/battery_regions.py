"""Regions of low value under a prior, bent, crossing or in several parts, whose masses are known."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr
from scipy.stats import chi2, ncx2

import twolayer as tl
from numerics import volume
from numerics.landscape import potentials
from numerics.landscape.landscape import NetworkLandscape
from numerics.volume.estimate import VolumeEstimate
from numerics.volume.priors import Gaussian

from .battery_cases import by_differences, function
from .battery_truths import ACTIVATIONS, graded, integrated

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Place:
    """{V < V(centre) + threshold} under the standard Gaussian law, and ln of its mass.

    Parameters
    ----------
    kind, name : str
    landscape : Landscape
    centre : ndarray, shape (D,)
    threshold : float
    truth : float
    short : bool
        Whether the short run has it.
    images : float
        ln of how many parts of the same mass symmetry makes of the one about the centre.
    """

    kind: str
    name: str
    landscape: Any
    centre: Array
    threshold: float
    truth: float
    short: bool = False
    images: float = 0.0


def over_a_line(share: Callable[[Array], Array], special: list[float]) -> float:
    """ln of the mean of `share` (k,) over a standard Gaussian coordinate (k,)."""
    line = graded(0.0, 1.0, special, 1e-4, 8)

    def logs(points: Array) -> Array:
        y = points[:, 0]
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(share(y)) - y**2 / 2 - math.log(2 * math.pi) / 2)

    return integrated(logs, [line])


def products(a: int, b: int, threshold: float) -> Place:
    """x^a y^b below the `threshold`, even exponents: |x| is below an edge given y."""

    def share(y: Array) -> Array:
        with np.errstate(divide="ignore"):
            edge = (threshold / np.abs(y) ** b) ** (1 / a)
        return np.asarray(2 * ndtr(edge) - 1)

    def values(p: Array) -> Array:
        return np.asarray(p[:, 0] ** a * p[:, 1] ** b)

    place = function(values, by_differences(values), 2)
    truth = over_a_line(share, [0.0, threshold ** (1 / b)])
    name = f"x^{a} y^{b} < {threshold:g} about (0, 1)"
    return Place("product of powers", name, place, np.array([0.0, 1.0]), threshold, truth, True)


def wells(dimension: int, distance: float) -> Place:
    """Two balls, apart: the squared distance to the nearer of two points."""
    radius = 0.3 if dimension <= 2 else 0.3 * math.sqrt(dimension)
    at = np.full(dimension, distance / 2 / math.sqrt(dimension))

    def values(p: Array) -> Array:
        return np.asarray(np.minimum(((p - at) ** 2).sum(axis=1), ((p + at) ** 2).sum(axis=1)) / 2)

    place = function(values, lambda x: np.eye(dimension), dimension)
    truth = math.log(2) + float(ncx2.logcdf(radius**2, dimension, distance**2 / 4))
    name = f"two balls of radius {radius:.2g}, {distance:g} apart, D = {dimension}"
    return Place("two parts", name, place, at, radius**2 / 2, truth, dimension <= 2)


def one_ball(dimension: int) -> Place:
    """A ball about the prior's centre."""
    place, height = potentials.ellipsoid(np.ones(dimension)), 0.3 * dimension
    truth = float(chi2.logcdf(2 * height, dimension))
    return Place(
        "one part", f"ball, D = {dimension}", place, np.zeros(dimension), height, truth, dimension <= 5
    )


def unit(activation: str, teacher: str, threshold: float) -> Place:
    """f = a s(w x) of one unit and one input; given w, the risk is quadratic in a."""
    X = np.random.default_rng(0).normal(size=(20, 1))
    centre = np.array([0.0, 2.0]) if teacher == "zero" else np.array([1.0, 0.8])
    y = centre[0] * ACTIVATIONS[activation](X[:, 0] * centre[1])

    def share(w: Array) -> Array:
        F = ACTIVATIONS[activation](X[:, :1] * w)
        s, t = (F**2).mean(axis=0), F.T @ y / len(y)
        with np.errstate(divide="ignore", invalid="ignore"):
            middle = np.where(s > 0, t / s, 0.0)
            room = 2 * threshold - float(y @ y) / len(y) + np.where(s > 0, t**2 / s, 0.0)
            half = np.where(s > 0, np.sqrt(np.maximum(room, 0) / s), np.where(room > 0, np.inf, 0.0))
        return np.asarray(ndtr(middle + half) - ndtr(middle - half))

    net = tl.TwoLayer(centre[:1], [[centre[1]]], activation=activation)
    truth = over_a_line(share, [0.0, centre[1], -centre[1]])
    name = f"{activation}, teacher {teacher}, risk < {threshold:g}"
    images = math.log(2) if activation in ("tanh", "identity") else 0.0
    return Place("student", name, NetworkLandscape(net, X, y), net.theta, threshold, truth, True, images)


def regions(short: bool = False) -> list[Place]:
    """All of them, or the `short` part."""
    found = [
        *(products(a, b, t) for a, b in ((2, 2), (2, 4), (4, 4)) for t in (1e-2, 1e-4)),
        *(wells(D, distance) for D in (1, 2, 5, 10) for distance in (1.0, 2.0, 4.0)),
        *(one_ball(D) for D in (1, 2, 5, 20, 50)),
        *(
            unit(activation, teacher, t)
            for activation in ("tanh", "relu", "gelu", "identity")
            for teacher in ("zero", "own")
            for t in (1e-2, 1e-4)
        ),
    ]
    return [place for place in found if place.short or not short]


def _radial(where: Place, rng: np.random.Generator) -> VolumeEstimate:
    law = Gaussian(1.0)
    return volume.radial(where.landscape, where.centre, threshold=where.threshold, prior=law, rng=rng)


def _tempering(where: Place, rng: np.random.Generator) -> VolumeEstimate:
    law = Gaussian(1.0)
    return volume.tempering(where.landscape, where.centre, threshold=where.threshold, prior=law, rng=rng)


RUNS: dict[str, Callable[[Place, np.random.Generator], VolumeEstimate]] = {
    "radial": _radial,
    "tempering": _tempering,
}
