"""The images of a point under the finite symmetries of a two-layer network, and their Gaussians' sum."""

from __future__ import annotations

import math

import numpy as np
from scipy.optimize import linear_sum_assignment

import twolayer as tl
from numerics.landscape.landscape import Landscape, NetworkLandscape, Points
from twolayer.arrays import Array

MOST_UNITS = 7
"""More units have too many images to be summed point by point: 2^m subsets for each."""

ROUNDING = 1e-12


class Images:
    r"""The group G of a network's permutations of units and flips of signs, acting on points about a centre.

    The risk V is the same at all images g theta. With a Gaussian N about theta_0,

    .. math:: \int e^{-n\beta V(\theta)} N(\theta; \theta_0)\,d\theta = \frac{1}{|\mathrm{Stab}|}
              \int_F e^{-n\beta V(\theta)} \sum_{g \in G} N(g\theta; \theta_0)\,d\theta ,

    F the points that are as near to theta_0 as to all of its images and Stab the g that leave theta_0:
    walkers in F count every image of what they see.

    Parameters
    ----------
    net : TwoLayer
        Of at most MOST_UNITS units. Sign flips belong to G for an odd or even activation. The scaling of
        homogeneous activations is continuous: it is no part of G, walkers move along it.
    centre : ndarray, shape (P,)
        theta_0.

    Attributes
    ----------
    log_stabiliser : float
        ln of the number of g that leave theta_0 as it is.
    """

    def __init__(self, net: tl.TwoLayer, centre: Array) -> None:
        m, at = len(net.W), net.layout
        columns = [at["a"].start + np.arange(net.A.size).reshape(net.A.shape).T]
        columns.append(at["W"].start + np.arange(net.W.size).reshape(net.W.shape))
        if net.b is not None:
            columns.append(at["b"].start + np.arange(m)[:, None])
        self.places = np.concatenate(columns, axis=1)
        self.rest = np.setdiff1d(np.arange(len(centre)), self.places)
        self.centre, self.units = centre, centre[self.places]
        self.sign = _sign(net, self.places.shape[1])
        same = [(abs(one).max(axis=3) == 0).astype(float) for one in self._differences(centre[None])]
        with np.errstate(divide="ignore"):
            self.log_stabiliser = float(_over_permutations(np.log(sum(same)), np.logaddexp)[0])

    def _differences(self, points: Points) -> list[Array]:
        """u_k - u0_l, and with the sign of u_k flipped where that is a symmetry: each (k, m, m, width)."""
        rows = points[:, self.places]
        found = [rows[:, :, None] - self.units]
        if self.sign is not None:
            found.append((self.sign * rows)[:, :, None] - self.units)
        return found

    def _squares(self, points: Points) -> list[Array]:
        return [(one**2).sum(axis=3) for one in self._differences(points)]

    def energy(self, points: Points, gamma: float) -> Array:
        """-ln of sum_g exp(-gamma |g theta - theta_0|^2 / 2) / |Stab| at `points` (k, P); inf outside F."""
        squares = self._squares(points)
        own = np.trace(squares[0], axis1=1, axis2=2)
        least = _over_permutations(np.minimum.reduce(squares), np.minimum)
        logs = np.logaddexp.reduce([-gamma / 2 * one for one in squares])
        total = _over_permutations(logs, np.logaddexp) - self.log_stabiliser
        rest = ((points[:, self.rest] - self.centre[self.rest]) ** 2).sum(axis=1)
        return np.where(own <= least + ROUNDING * (own + 1), gamma / 2 * rest - total, np.inf)

    def folded(self, points: Points) -> Points:
        """For each of the `points` (k, P) its image that is nearest to theta_0."""
        squares = self._squares(points)
        cost, found = np.minimum.reduce(squares), points.copy()
        for i, each in enumerate(cost):
            units, onto = linear_sum_assignment(each)
            rows = points[i, self.places[units]]
            if self.sign is not None:
                flipped = squares[1][i, units, onto] < squares[0][i, units, onto]
                rows = np.where(flipped[:, None], self.sign * rows, rows)
            found[i, self.places[onto]] = rows
        return found


def _sign(net: tl.TwoLayer, width: int) -> Array | None:
    q = net.n_outputs
    if net.activation.parity == "odd":
        return -np.ones(width)
    if net.activation.parity == "even":
        return np.concatenate([np.ones(q), -np.ones(width - q)])
    return None


def _over_permutations(entries: Array, join: np.ufunc) -> Array:
    """`join` over all permutations p of sum_k entries[k, p(k)], for entries (points, m, m), subset by subset.

    With logaddexp the logarithm of a permanent; with minimum the least cost of an assignment.
    """
    m = entries.shape[1]
    found = [np.zeros(len(entries))]
    for subset in range(1, 2**m):
        k = subset.bit_count() - 1
        ways = [found[subset & ~(1 << o)] + entries[:, k, o] for o in range(m) if subset >> o & 1]
        found.append(join.reduce(ways))
    return found[-1]


def images_of(landscape: Landscape, centre: Array) -> Images | None:
    """The images of `centre` (P,) where the landscape is a network's of few units and has any; else None."""
    if not isinstance(landscape, NetworkLandscape) or len(landscape.net.W) > MOST_UNITS:
        return None
    found = Images(landscape.net, centre)
    return found if len(landscape.net.W) > 1 or found.sign is not None else None


def images_left_out(landscape: Landscape, centre: Array, gamma: float) -> float:
    """A bound of the weight of all images beside the centre's own, where they are too many to be summed.

    At the centre (P,): the permanent of the units' Gaussians is at most the product of its row sums. 0 where
    :func:`images_of` counts them, or there are none.

    Examples
    --------
    >>> net = tl.TwoLayer(np.ones(8), 9.0 * np.arange(8)[:, None], activation="relu")
    >>> place = NetworkLandscape(net, [[1.0]], [1.0])
    >>> images_left_out(place, net.theta, 1.0) < 1e-15 < images_left_out(place, net.theta, 0.01)
    True
    """
    if not isinstance(landscape, NetworkLandscape) or len(landscape.net.W) <= MOST_UNITS:
        return 0.0
    rows = landscape.net.replace(centre)
    units = np.concatenate([rows.A.T, rows.W] + ([] if rows.b is None else [rows.b[:, None]]), axis=1)
    sign = _sign(rows, units.shape[1])
    total = 0.0
    for k, unit in enumerate(units):
        away = [((unit - units) ** 2).sum(axis=1)]
        away[0][k] = np.inf
        if sign is not None:
            away.append(((unit - sign * units) ** 2).sum(axis=1))
        total += math.log1p(float(np.exp(-gamma / 2 * np.concatenate(away)).sum()))
    return math.expm1(min(total, 700.0))
