"""Minima that starts led to, and when two of them are one."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from numerics.landscape import symmetry
from numerics.landscape.landscape import Landscape, NetworkLandscape, hessian_at
from twolayer import arrays
from twolayer.arrays import Array

PROBES, SPREAD = 64, 2.0
"""Inputs beside the samples at which functions are compared, and how much wider they lie."""


LEAST = 1e-3
"""Minima so near the origin, where targets are of size 1, are one with it."""


@dataclass(frozen=True)
class Minimum:
    """A minimum that a start led to.

    Parameters
    ----------
    theta : ndarray, shape (D,)
        As the first start reached it; other starts may reach its images under symmetries.
    value, gradient_norm : float
    lowest, highest : float
        Least and largest Hessian eigenvalue.
    flat : int
        Eigenvalues below 1e-9 of the largest.
    orbit : int or None
        Number of its images under permutations and sign flips; None for landscapes without symmetries.
    """

    theta: Array = field(repr=False)
    value: float
    gradient_norm: float
    lowest: float
    highest: float
    flat: int
    orbit: int | None


def described(landscape: Landscape, theta: Array) -> Minimum:
    """Describe the minimum at `theta` of a `landscape`. `theta` has shape (D,)."""
    values = np.linalg.eigvalsh(hessian_at(landscape, theta))
    orbit = None
    if isinstance(landscape, NetworkLandscape):
        orbit = symmetry.orbit_size(landscape.net.replace(theta))
    return Minimum(
        theta,
        float(landscape.value(theta)),
        float(np.linalg.norm(landscape.gradient(theta))),
        float(values[0]),
        float(values[-1]),
        int((np.abs(values) <= 1e-9 * np.abs(values).max()).sum()),
        orbit,
    )


def probe_set(landscape: Landscape, probe: ArrayLike | None) -> Array | None:
    """Inputs at which the functions of two minima are compared; None for landscapes that are no network's.

    Parameters
    ----------
    landscape : Landscape
    probe : array_like, shape (k, d), or None
        None: the samples, where minima that interpolate all agree, and 64 Gaussian points about them, twice
        as wide, the same on every call.

    Raises
    ------
    ValueError
        If inputs do not fit, or are given for a landscape without any.
    """
    if not isinstance(landscape, NetworkLandscape):
        if probe is not None:
            raise ValueError(f"probe must be None for a {type(landscape).__name__}, which has no inputs")
        return None
    if probe is not None:
        return arrays.inputs(probe, landscape.net.W.shape[1])
    X = landscape.X
    wide = np.random.default_rng(0).normal(size=(PROBES, X.shape[1])) * SPREAD
    return np.concatenate([X, X.mean(axis=0) + wide * np.where(X.std(axis=0) > 0, X.std(axis=0), 1.0)])


def same_minimum(
    landscape: Landscape, first: Array, second: Array, *, tolerance: float, probe: Array | None
) -> bool:
    """Whether two points are one minimum, modulo the symmetries of a network.

    Parameters
    ----------
    landscape : Landscape
    first, second : ndarray, shape (D,)
    tolerance : float
        Of the distance, relative to 1 + |first|; to |first| for networks with real targets, whose length
        of 1 means nothing.
    probe : ndarray or None
        As :func:`probe_set` gives it. Outputs there may differ by ten times the tolerance, relative to the
        largest plus the size of the targets (1 for labels, and for targets of zeros).
    """
    reach = landscape.reach() if isinstance(landscape, NetworkLandscape) else 0.0
    least = LEAST * min(1.0, reach) if reach > 0 else 1.0
    near = tolerance * (least + float(np.linalg.norm(first)))
    if not isinstance(landscape, NetworkLandscape) or probe is None:
        return bool(np.linalg.norm(first - second) <= near)
    one, two = (landscape.net.replace(theta) for theta in (first, second))
    if symmetry.distance(one, two) > near:
        return False
    outputs, others = one(probe), two(probe)
    apart = float(np.abs(outputs - others).max())
    return apart <= 10 * tolerance * ((reach or 1.0) + float(np.abs(outputs).max()))
