"""Flat channels: two units that grow without bound against one another while their inner weights meet.

Martinelli et al. (2025): |a_i| + |a_j| grows, a_i a_j < 0 and w_i - w_j shrinks, so that both together become
a derivative of a unit by its weights; or both inner weights vanish, and the units become polynomials. The
loss falls ever more slowly along such a channel; its end lies at infinity, and is no minimum.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np

import twolayer as tl
from numerics.landscape.landscape import Landscape, NetworkLandscape
from twolayer.arrays import Array

GROWN, MET = 2.0, 0.5
"""Outer weights must have grown by this factor, and the inner weights' distance shrunk by that."""

CLOSE = 0.3
"""And the inner weights must be this near, relative to their lengths, or to longer ones at first."""


def channels(before: tl.TwoLayer, after: tl.TwoLayer) -> list[tuple[int, int]]:
    """Pairs of units that went along a flat channel from one network to the other.

    Parameters
    ----------
    before, after : TwoLayer
        Of one shape.

    Returns
    -------
    list of (int, int)
        For odd and even activations one unit of the pair may be turned by its sign.

    Examples
    --------
    >>> first = tl.TwoLayer([1.0, -1.0], [[1.0], [2.0]])
    >>> channels(first, tl.TwoLayer([9.0, -9.0], [[1.4], [1.5]])), channels(first, first)
    ([(0, 1)], [])
    """
    return [pair for pair in combinations(range(len(after.W)), 2) if _channel(before, after, *pair)]


def _channel(before: tl.TwoLayer, after: tl.TwoLayer, i: int, j: int) -> bool:
    parity = after.activation.parity
    outer, inner = {"odd": (-1.0, -1.0), "even": (1.0, -1.0)}.get(parity, (1.0, 1.0))
    for turn, sign in ((1.0, 1.0), (inner, outer)):
        opposed = sign * float(after.A[:, i] @ after.A[:, j]) < 0
        size = max(_size(before, i, j), _size(after, i, j))
        apart, were = (_apart(net, i, j, turn) / (size or 1.0) for net in (after, before))
        grown = _outer(after, i, j) > GROWN * _outer(before, i, j)
        if opposed and grown and apart < CLOSE and apart < MET * were:
            return True
    return False


def _outer(net: tl.TwoLayer, i: int, j: int) -> float:
    return float(np.linalg.norm(net.A[:, i]) + np.linalg.norm(net.A[:, j]))


def _rows(net: tl.TwoLayer) -> Array:
    return net.W if net.b is None else np.column_stack([net.W, net.b])


def _size(net: tl.TwoLayer, i: int, j: int) -> float:
    rows = _rows(net)
    return float(np.linalg.norm(rows[i]) + np.linalg.norm(rows[j]))


def _apart(net: tl.TwoLayer, i: int, j: int, turn: float) -> float:
    """The distance of two units' inner weights, one multiplied by `turn`."""
    rows = _rows(net)
    return float(np.linalg.norm(rows[i] - turn * rows[j]))


def channels_said(landscape: Landscape, before: Array, after: Array) -> str:
    """The flat channels between two points of a network's `landscape`, in words; "" if there are none.

    `before` and `after` have shape (P,).
    """
    if not isinstance(landscape, NetworkLandscape):
        return ""
    pairs = channels(landscape.net.replace(before), landscape.net.replace(after))
    named = ", ".join(f"{i} and {j}" for i, j in pairs)
    return f"; in a flat channel of units {named}" if pairs else ""
