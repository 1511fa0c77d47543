"""Regions whose volume is known: what every volume estimator is compared on."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.integrate import quad
from scipy.special import chndtr

import twolayer as tl
from numerics import volume
from numerics.descents.flow import INTEGRATOR
from numerics.landscape import potentials
from numerics.landscape.landscape import NetworkLandscape
from numerics.landscape.potentials import CosineLattice
from numerics.sweeps.store import Shard, fingerprint
from numerics.sweeps.workplace import Workplace, as_plain
from numerics.volume.estimate import VolumeEstimate
from numerics.volume.priors import Box, Gaussian
from twolayer.arrays import Array

N_BETA, GAMMA = 100.0, 1.0
"""Inverse temperature and localisation of the soft volumes that the learning coefficient belongs to."""


@dataclass(frozen=True)
class Known:
    """A region about a minimum whose log-volume is known.

    Parameters
    ----------
    name : str
    landscape : Landscape
    minimum : ndarray, shape (D,)
    region : dict
        `threshold` or `inside`, and `prior`, as the estimators take them.
    log_volume : float
    soft : float or None
        ln of the integral of exp(-N_BETA (V - V(minimum))) over the Gaussian of precision GAMMA about the
        minimum, where it is known; with a prior, no such number is asked for.
    height : float
        What the ellipsoid is cut at; the threshold where there is one.
    """

    name: str
    landscape: Any
    minimum: Array
    region: dict[str, Any]
    log_volume: float
    soft: float | None = None
    height: float = field(default=1.0)

    @property
    def dimension(self) -> int:
        """D."""
        return len(self.minimum)


def soft_coordinate(potential: Callable[[float], float]) -> float:
    """The factor of one coordinate in a soft volume, by quadrature of exp(-N_BETA v - GAMMA x^2 / 2).

    `potential` is v, of one variable, zero at zero.

    Examples
    --------
    >>> bool(np.isclose(soft_coordinate(lambda x: x * x / 2), (1 + N_BETA / GAMMA) ** -0.5))
    True
    """

    def density(x: float) -> float:
        return math.exp(-N_BETA * potential(x) - GAMMA * x * x / 2)

    edges = [0.0, *np.geomspace(1e-6, 10.0, 60)]
    total = math.fsum(quad(density, one, two)[0] for one, two in pairwise(edges))
    return 2 * total * math.sqrt(GAMMA / (2 * math.pi))


def bowl(dimension: int, condition: float) -> Known:
    """The ellipsoid {sum_i lam_i x_i^2 / 2 < 1} with eigenvalues from 1 to `condition`."""
    values = np.geomspace(1, condition, dimension)
    place = potentials.ellipsoid(values)
    soft = -float(np.log1p(N_BETA * values / GAMMA).sum()) / 2
    name = f"ellipsoid, D = {dimension:,}, condition {condition:.0e}".replace("e+0", "e")
    return Known(name, place, np.zeros(dimension), {"threshold": 1.0}, place.log_volume(1.0), soft)


def star(dimension: int, exponents: Any, name: str) -> Known:
    """The star-shaped {sum_i c_i |x_i|^p_i < 1} with coefficients from 1 to 10, called `name`.

    `exponents` is one number or (`dimension`,) of them.
    """
    place = potentials.powers(np.geomspace(1, 10, dimension), exponents)
    parts = [
        soft_coordinate(lambda x, c=c, p=p: c * abs(x) ** p)  # type: ignore[misc]
        for c, p in zip(place.coefficients, place.exponents, strict=True)
    ]
    soft = float(np.log(parts).sum())
    return Known(
        f"{name}, D = {dimension}",
        place,
        np.zeros(dimension),
        {"threshold": 1.0},
        place.log_volume(1.0),
        soft,
    )


def lattice(dimension: int) -> Known:
    """The basin of attraction of the origin of the cosine lattice: the unit cube."""
    place = CosineLattice(dimension)
    x = np.linspace(-10, 10, 400_001)  # every well within the Gaussian
    density = np.exp(-N_BETA * (1 - np.cos(2 * math.pi * x)) - GAMMA * x**2 / 2)
    one = float(density.sum()) * (x[1] - x[0]) * math.sqrt(GAMMA / (2 * math.pi))
    return Known(
        f"cosine basin, D = {dimension}",
        place,
        np.zeros(dimension),
        {"inside": place.in_basin},
        place.log_basin_volume(),
        dimension * math.log(one),
        height=2.0,
    )


def student_at_teacher() -> Known:
    """A tanh network at its own teacher, so low that its sublevel set is the ellipsoid of its Hessian.

    21 parameters, the dense Hessian of the network; what is not quadratic changes the log-volume by
    less than 1e-4.
    """
    rng = np.random.default_rng(5)
    X = rng.normal(size=(300, 3))
    net = tl.TwoLayer(rng.choice([-1.0, 1.0], size=4), rng.normal(size=(4, 3)), rng.normal(size=4), 0.5)
    place, height = NetworkLandscape(net, X, net(X)), 1e-10
    values = np.linalg.eigvalsh(place.hessian(net.theta))
    truth = potentials.ellipsoid(values).log_volume(height)
    region = {"threshold": height}
    return Known("tanh student at its teacher, P = 21", place, net.theta, region, truth, height=height)


def product_valley() -> Known:
    """The linear unit f = a w x at (1, 1) in the square 0 < a, w < 2: {|a w - 1| < 1/2}, a bent valley.

    The area below a w = c is c (1 + ln(4 / c)).
    """
    net = tl.TwoLayer([1.0], [[1.0]], activation="identity")
    place = NetworkLandscape(net, [[1.0]], [1.0])
    below = [c * (1 + math.log(4 / c)) for c in (0.5, 1.5)]
    region = {"threshold": 0.125, "prior": Box(0.0, 2.0)}
    truth = math.log((below[1] - below[0]) / 4)
    return Known("linear unit a w in a box, P = 2", place, net.theta, region, truth, height=0.125)


def linear_network() -> Known:
    """The linear network f = (W^T a) . x, two units in the plane, under the standard Gaussian law.

    With X^T X / n = 1 the risk is |v - v0|^2 / 2, v = W^T a. Given a, v is Gaussian of variance |a|^2, so the
    mass of {|v - v0| < rho} is the mean over |a|^2, chi-squared, of a non-central chi-squared probability.
    """
    X, target, height = math.sqrt(2) * np.eye(2), np.array([1.0, 0.5]), 0.02
    net = tl.TwoLayer([1.0, 0.0], np.array([target, [0.0, 0.0]]), activation="identity")
    place = NetworkLandscape(net, X, X @ target)

    def density(s: float) -> float:
        return math.exp(-s / 2) / 2 * float(chndtr(2 * height / s, 2, target @ target / s))

    mass = quad(density, 0, 60, points=[0.05, 0.3, 1, 5], limit=500)[0]
    region = {"threshold": height, "prior": Gaussian(1.0)}
    return Known("linear network, P = 6", place, net.theta, region, math.log(mass), height=height)


@cache
def known_regions(*, large: bool = True) -> tuple[Known, ...]:
    """All of them; those of 1,000 dimensions only with `large`. Their truths are integrals: found once."""
    bowls = [(2, 1e6), (100, 1e3), (100, 1e6), *([(1000, 1e6)] if large else [])]
    return (
        *(bowl(D, condition) for D, condition in bowls),
        star(5, 4.0, "quartic"),
        star(20, 4.0, "quartic"),
        star(30, np.tile([2.0, 4.0, 6.0], 10), "powers 2, 4, 6"),
        *(lattice(D) for D in ((2, 10, 50) if large else (2, 10))),
        student_at_teacher(),
        product_valley(),
        linear_network(),
    )


def _radial(known: Known, rng: np.random.Generator, **options: Any) -> VolumeEstimate:
    return volume.radial(known.landscape, known.minimum, **known.region, rng=rng, **options)


def _tempering(known: Known, rng: np.random.Generator, steps: int) -> VolumeEstimate:
    size: dict[str, Any] = (
        {"steps": 200, "walkers": 16} if known.dimension > MOST_HEATED else {"steps": steps}
    )
    return volume.tempering(known.landscape, known.minimum, **known.region, **size, rng=rng)


def _ellipsoid(known: Known) -> VolumeEstimate:
    return volume.ellipsoid(known.landscape, known.minimum, threshold=known.height)


def _product(known: Known) -> VolumeEstimate:
    return volume.log_product(known.landscape, known.minimum)


def _soft(known: Known, rng: np.random.Generator, steps: int) -> VolumeEstimate:
    place, centre = known.landscape, known.minimum
    return volume.learning_coefficient(place, centre, n_beta=N_BETA, gamma=GAMMA, steps=steps, rng=rng)


MOST_HEATED = 200
"""In more dimensions tempering is shown with fewer moves: its cost grows with their square."""

STEPS, FEWER_STEPS = 1000, 400
"""Recorded moves of walkers, in the large comparison and in the other: their verdicts need no more."""

ESTIMATORS: dict[str, Callable[[Known, np.random.Generator, int], VolumeEstimate]] = {
    "log product": lambda known, rng, steps: _product(known),
    "ellipsoid": lambda known, rng, steps: _ellipsoid(known),
    "radial, isotropic": lambda known, rng, steps: _radial(known, rng, preconditioner=None),
    "radial": lambda known, rng, steps: _radial(known, rng),
    "tempering": _tempering,
    "soft volume": _soft,
}
"""Each takes a region, a generator and the number of recorded moves."""


@dataclass(frozen=True)
class Compared:
    """The task of one region: every estimator on it, beside the truth.

    Parameters
    ----------
    seed : int
    large : bool
        As for :func:`known_regions`.
    """

    seed: int
    large: bool

    def __call__(self, piece: tuple[int, str]) -> Shard:
        index, kind = piece
        known = known_regions(large=self.large)[index]
        truth = known.soft if kind == "soft volume" else known.log_volume
        found = ESTIMATORS[kind](known, np.random.default_rng([self.seed, 7]), steps_of(self.large))
        off = np.nan if truth is None else found.log_volume - truth
        facts = {"region": known.name, "truth": truth, "off": off, **found.as_dict()}
        return {name: np.array(np.nan if item is None else item) for name, item in facts.items()}


def steps_of(large: bool) -> int:
    """How many moves are recorded."""
    return STEPS if large else FEWER_STEPS


def compared(seed: int, large: bool, place: Workplace) -> list[dict[str, Any]]:
    """Every estimator on every known region, as rows of plain data.

    The soft volume, which the learning coefficient is the slope of, is compared with its own truth; where
    that is not known, it has no row.

    Parameters
    ----------
    seed : int
    large : bool
        Whether with the regions of up to 1,000 dimensions.
    place : Workplace
    """
    regions = known_regions(large=large)
    pieces = [
        (index, kind)
        for index, known in enumerate(regions)
        for kind in ESTIMATORS
        if kind != "soft volume" or known.soft is not None
    ]
    key = fingerprint(
        INTEGRATOR, seed, tuple(known.name for known in regions), tuple(ESTIMATORS), steps_of(large)
    )
    found = place.finished("known volumes", Compared(seed, large), pieces, key)
    return [{"estimator": kind, **as_plain(shard)} for (_, kind), shard in found]
