"""The symmetries of a two-layer network, and minima compared modulo them.

Permutations of units leave the function as it is; so do sign flips of (a_k, w_k, b_k) for an odd and of
(w_k, b_k) for an even activation, and for one homogeneous of degree p the scaling
(a_k, w_k, b_k) -> (t^-p a_k, t w_k, t b_k).
"""

from __future__ import annotations

import math

import numpy as np
from scipy.optimize import linear_sum_assignment

import twolayer as tl
from twolayer.arrays import Array

SAME = 1e-6
ZERO = 1e-9


def units(net: tl.TwoLayer) -> Array:
    """One row (a_.k, w_k, b_k) for each hidden unit, shape (m, q + d + 1), without b if there is none.

    `net` is a TwoLayer.
    """
    columns = [net.A.T, net.W] + ([] if net.b is None else [net.b[:, None]])
    return np.concatenate(columns, axis=1)


def _network(net: tl.TwoLayer, rows: Array) -> tl.TwoLayer:
    q, d = net.n_outputs, net.W.shape[1]
    a = rows[:, 0] if net.scalar else rows[:, :q].T
    b = None if net.b is None else rows[:, -1]
    return tl.TwoLayer(a, rows[:, q : q + d], b, net.c, net.activation)


def balanced(net: tl.TwoLayer) -> tl.TwoLayer:
    """The rescaled network of the same function with |(w_k, b_k)|^2 = p |a_k|^2 for every unit.

    Parameters
    ----------
    net : TwoLayer
        Returned as it is unless its activation is homogeneous of a degree p >= 1. A unit with a zero part
        does nothing and becomes zero altogether.

    Examples
    --------
    >>> net = balanced(tl.TwoLayer([8.0], [[2.0]], activation="relu"))
    >>> net.a, net.W
    (array([4.]), array([[4.]]))
    """
    p, q = net.activation.homogeneity, net.n_outputs
    if not p:
        return net
    rows = units(net)
    outer, inner = np.linalg.norm(rows[:, :q], axis=1), np.linalg.norm(rows[:, q:], axis=1)
    alive = (outer > 0) & (inner > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(alive, (math.sqrt(p) * outer / inner) ** (1 / (p + 1)), 0.0)
        shrink = np.where(alive, t ** float(-p), 0.0)
    rows[:, :q] *= shrink[:, None]
    rows[:, q:] *= t[:, None]
    return _network(net, rows)


def _sign(net: tl.TwoLayer) -> Array | None:
    """What a sign flip multiplies a unit's row by, or None if there is no such symmetry."""
    q, width = net.n_outputs, units(net).shape[1]
    if net.activation.parity == "odd":
        return -np.ones(width)
    if net.activation.parity == "even":
        return np.concatenate([np.ones(q), -np.ones(width - q)])
    return None


def canonical(net: tl.TwoLayer) -> tl.TwoLayer:
    """A representative of all networks that symmetry makes equal to `net`.

    Balanced where scaling is a symmetry; the largest entry of (w_k, b_k) positive where a sign flip is one
    (the first of equals, within rounding); units sorted by their rows.

    Parameters
    ----------
    net : TwoLayer

    Examples
    --------
    >>> canonical(tl.TwoLayer([1.0, 2.0], [[-1.0], [-3.0]])).theta
    array([-2., -1.,  3.,  1.])
    """
    steady = balanced(net)
    rows, sign, q = units(steady), _sign(net), net.n_outputs
    if sign is not None:
        sizes = np.abs(rows[:, q:])
        first = (sizes >= sizes.max(axis=1, keepdims=True) * (1 - ZERO)).argmax(axis=1)
        negative = rows[np.arange(len(rows)), q + first] < 0
        rows[negative] *= sign
    rows = rows + 0.0  # no negative zeros
    return _network(net, rows[np.lexsort(rows.T[::-1])])


def distance(first: tl.TwoLayer, second: tl.TwoLayer) -> float:
    """Least distance between the parameters of two networks over permutations and sign flips of units.

    Both are balanced before, where scaling is a symmetry. Exact: an assignment problem.

    Parameters
    ----------
    first, second : TwoLayer
        Of the same shape and activation.

    Raises
    ------
    ValueError
        If the shapes differ.

    Examples
    --------
    >>> distance(tl.TwoLayer([1.0, 2.0], [[3.0], [4.0]]), tl.TwoLayer([-2.0, 1.0], [[-4.0], [3.5]]))
    0.5
    """
    if {name: part.shape for name, part in first.parts.items()} != {
        name: part.shape for name, part in second.parts.items()
    }:
        raise ValueError(f"second must have the shapes of first; got {second!r} and {first!r}")
    one, two, sign = units(balanced(first)), units(balanced(second)), _sign(first)
    cost = ((one[:, None] - two) ** 2).sum(axis=2)
    if sign is not None:
        cost = np.minimum(cost, ((one[:, None] - sign * two) ** 2).sum(axis=2))
    total = float(cost[linear_sum_assignment(cost)].sum())
    if first.c is not None:
        total += float(((first.c - second.c) ** 2).sum())
    return math.sqrt(total)


def orbit_size(net: tl.TwoLayer) -> int:
    """How many different networks permutations and sign flips make of this one.

    m! over the permutations of equal units, times 2 for each unit that a sign flip changes. Scaling, a
    continuous symmetry, does not count: the images are those of the balanced network.

    Parameters
    ----------
    net : TwoLayer
        Units are equal if they are within 1e-6 of the network's size, up to a sign flip.

    Examples
    --------
    >>> orbit_size(tl.TwoLayer([1.0, 2.0], [[3.0], [4.0]]))  # 2! permutations, 2^2 signs
    8
    """
    rows, sign = units(balanced(net)), _sign(net)
    near = SAME * (1 + float(np.abs(rows).max()))
    images, left, count = 1, list(range(len(rows))), math.factorial(len(rows))
    if sign is not None:
        images = 2 ** int((np.abs(rows - sign * rows).max(axis=1) > near).sum())
    while left:
        reference = rows[left[0]]
        turned = reference if sign is None else sign * reference
        equal = [k for k in left if np.abs(rows[k] - reference).max() <= near]
        flipped = [k for k in left if k not in equal and np.abs(rows[k] - turned).max() <= near]
        count //= math.factorial(len(equal) + len(flipped))
        left = [k for k in left if k not in equal and k not in flipped]
    return count * images
