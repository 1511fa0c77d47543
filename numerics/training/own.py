"""A network's landscape in units of its own: what is small against what, whatever the units of the user.

Inputs of 1e8 and inner weights of 1e-8 make the same functions as both of size one, but curvatures in the
outer weights are then 1e-16 of the others and look flat. Whether a path has come to rest is asked where
inputs, targets and parameters are of size one.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

import twolayer as tl
from numerics.landscape.landscape import Landscape, NetworkLandscape
from numerics.landscape.pattern import has_kinks
from numerics.training.point import labels
from numerics.training.units import Units, units_of
from twolayer.arrays import Array
from twolayer.errors.rounding import SUBNORMAL, scaled_norm

UNLIKE = 2.0**10
"""Sizes of parameters within this ratio are alike: curvatures differ by its square, far from rounding."""


class Own:
    """A landscape in units of its own, powers of two, and the way there and back.

    Parameters
    ----------
    landscape : Landscape
    start : ndarray, shape (D,)

    Attributes
    ----------
    sizes : ndarray, shape (D,)
        The unit of each parameter: 1 for landscapes that are no network's, for units with kinks, whose pieces
        are found in the user's, and where all are alike.
    inside : Landscape
        The landscape in these units.
    steepest : float
        No gradient in these units is longer than so many times the user's.
    rates : ndarray, shape (D,)
        Each parameter flows so many times as fast as down the landscape in these units.

    Examples
    --------
    >>> net = tl.TwoLayer([1.0], [[1e-8]], activation="tanh")
    >>> Own(NetworkLandscape(net, [[1e8], [1e8]], [1.0, -1.0]), net.theta).inner(net.theta)
    array([1.        , 0.67108864])
    """

    def __init__(self, landscape: Landscape, start: Array) -> None:
        self.inside, self.sizes, self.steepest = landscape, np.ones(len(start)), 1.0
        self.rates = self.sizes
        if not isinstance(landscape, NetworkLandscape) or has_kinks(landscape):
            return
        units = own_units(landscape.net.replace(start), landscape)
        sizes = units.outer(landscape.net.replace(self.sizes)).theta
        if sizes.max() > UNLIKE * sizes.min():
            places = units.data(landscape.X, labels(landscape.risk))
            self.inside = NetworkLandscape(units.inner(landscape.net), *places, landscape.risk.loss)
            self.sizes, self.steepest = sizes, float(sizes.max()) / units.targets**2
            self.rates = (units.targets / sizes) ** 2

    @property
    def plain(self) -> bool:
        """Whether the units are the user's."""
        return bool((self.sizes == 1).all())

    def inner(self, theta: Array) -> Array:
        """A point (D,) in the landscape's own units."""
        return theta / self.sizes

    def outer(self, theta: Array) -> Array:
        """A point (D,) in its own units in the user's."""
        return theta * self.sizes

    def piece(self, local: Landscape) -> Landscape:
        """`local`, a smooth piece of the landscape or itself, in its own units."""
        return local if self.plain else self.inside


def slope_left(landscape: NetworkLandscape, local: Landscape, begin: Array, end: Array) -> float:
    """The gradient's norm at `end` over that at `begin`, (D,), both in the landscape's own units.

    `local` is its smooth piece at `end`. Zero where parameters are alike, whose user's units are as good.
    """
    units = own_units(landscape.net.replace(begin), landscape)
    sizes = units.outer(landscape.net.replace(np.ones(len(begin)))).theta
    if not sizes.max() > UNLIKE * sizes.min():
        return 0.0
    first, last = (sizes * here.gradient(at) for here, at in ((landscape, begin), (local, end)))
    return scaled_norm(last) / max(scaled_norm(first), SUBNORMAL)


def own_units(net: tl.TwoLayer, landscape: NetworkLandscape) -> Units:
    """Units in which inputs and targets, and both layers of homogeneous units, are of one size.

    `net` is where a path begins.
    """
    units = units_of(net, landscape.X, labels(landscape.risk), landscape.risk.loss)
    if net.activation.homogeneity:
        rows = net.W * units.columns if net.b is None else np.column_stack([net.W * units.columns, net.b])
        inner, outer = (float(np.sqrt(np.mean(part**2))) for part in (rows, net.A))
        ratio = inner * units.targets / outer if inner > 0 and outer > 0 else units.targets
        units = replace(units, weights=ratio ** (1 / (1 + units.degree)))
    return units.powers()
