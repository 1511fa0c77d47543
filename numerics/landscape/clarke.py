"""Whether a point on kinks is stationary: zero lies among the gradients of the pieces that meet there."""

from __future__ import annotations

import numpy as np

from numerics.landscape.landscape import NetworkLandscape
from numerics.landscape.pattern import Pattern, Units, has_kinks
from numerics.landscape.sliding import margin, turned
from twolayer.arrays import Array

ON = 1e-10
"""A pre-activation below this share of |x~_i| |w~_k| is on its kink."""

LARGEST = 1000
"""Parameters up to which points on kinks are looked at: by Newton's iteration."""

FLAT, STEPS = 1e-9, 3
"""Curvature below this share of the largest is left alone by so many steps of it."""


def kinks_that_hold(landscape: NetworkLandscape, theta: Array) -> int:
    """At how many kinks `theta` is stationary in Clarke's sense, and the gradient flow does not leave it.

    Parameters
    ----------
    landscape : NetworkLandscape
    theta : ndarray, shape (P,)

    Returns
    -------
    int
        0 where it is on no kink, or is no such point; always for smooth activations.

    Notes
    -----
    Clarke's gradients are the convex hull of those of the neighbouring pieces. Slopes between c- and c+ take
    away what would part pre-activations from their kinks (:mod:`numerics.landscape.sliding`). The point is
    stationary if Newton's iteration along the kinks comes to rest within 1e-10 of its length, which is as
    near as it is to its kinks: there what is left of the gradient is zero within rounding. Kinks whose
    hull contains zero but from which both sides lead away, as on a ridge, do not hold the flow, and do not
    count.

    Clarke (1983), Optimization and Nonsmooth Analysis, section 2.3. O(P^3).

    Examples
    --------
    A unit with w = (0, 1) is on the kink of x = (1, 0). The second sample draws w_1 upwards with a slope of
    1/2, which the first answers with |y_1| times a slope between 0 and 1:

    >>> import twolayer as tl
    >>> net = tl.TwoLayer([1.0], [[0.0, 1.0]], activation="relu")
    >>> X = [[1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]
    >>> [kinks_that_hold(NetworkLandscape(net, X, [y, 1.5, 0.5]), net.theta) for y in (-1.0, -0.25)]
    [1, 0]
    """
    if not has_kinks(landscape) or len(theta) > LARGEST:
        return 0
    units = Units(landscape)
    Z = units.preactivations(theta)
    on = (np.abs(Z) <= ON * units.scales(theta)) & (units.norms > 0)[:, None]
    if not on.any():
        return 0
    pattern, there = turned(Pattern(units, Z > 0, np.zeros(Z.shape, dtype=bool)), theta, on)
    count = int(pattern.held.sum())
    return count if count and _at_rest(pattern, there) else 0


def _at_rest(pattern: Pattern, theta: Array) -> bool:
    """Whether Newton's iteration within a pattern ends next to `theta` (P,)."""
    end = theta
    for _ in range(STEPS):
        values, Q = np.linalg.eigh(pattern.hessian(end))
        curved = np.abs(values) > FLAT * np.abs(values).max()
        end = end - Q[:, curved] @ ((Q.T @ pattern.gradient(end))[curved] / values[curved])
    if not np.linalg.norm(end - theta) <= ON * np.linalg.norm(theta):
        return False
    still = float(np.linalg.norm(pattern.gradient(end))) <= pattern.gradient_rounding(end)
    return still and margin(pattern, end) >= 0
