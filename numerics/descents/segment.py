"""The path between the ends of a step, by Hermite's cubic, and where it first meets a kink."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from twolayer.arrays import Array

SEARCH = 100
"""Most points tried to find where a kink is met."""


@dataclass(frozen=True)
class Segment:
    """A step of length h as a cubic: to the order of the method's own embedded solution, it is the path.

    Parameters
    ----------
    begin, end : ndarray, shape (P,)
    begin_velocity, end_velocity : ndarray, shape (P,)
    h : float

    Examples
    --------
    >>> one = Segment(np.zeros(1), np.ones(1), np.ones(1), np.ones(1), 1.0)
    >>> float(one(0.5)[0])
    0.5
    """

    begin: Array
    end: Array
    begin_velocity: Array
    end_velocity: Array
    h: float

    def __call__(self, share: float) -> Array:
        """Where the path is after a `share` of the step. Shape (P,)."""
        return self.end if share == 1 else self.cubic(self.begin, self.end, self.velocities, share)

    @property
    def velocities(self) -> tuple[Array, Array]:
        """Those at both ends, shape (P,), times the length of the step."""
        return self.h * self.begin_velocity, self.h * self.end_velocity

    @staticmethod
    def cubic(begin: Array, end: Array, velocities: tuple[Array, Array], share: float) -> Array:
        """Hermite's cubic through values at both ends, all of one shape (...)."""
        s, rest = share, 1 - share
        first, last = velocities
        return np.asarray(begin + s * s * (3 - 2 * s) * (end - begin) + s * rest * (rest * first - s * last))


def first_below(value: Callable[[float], float], begin: float, end: float, tolerance: float) -> float:
    """A share of a step at which `value` is below zero, by `tolerance` at most if it is continuous.

    Parameters
    ----------
    value : callable
        Of a share between 0 and 1.
    begin, end : float
        Its values at 0, where it is positive, and at 1, where it is negative.
    tolerance : float

    Notes
    -----
    A bracketing secant iteration (Illinois), every third point the middle.

    Examples
    --------
    >>> 0 <= first_below(lambda s: 0.25 - s, 0.25, -0.75, 1e-12) - 0.25 <= 1e-12
    True
    """
    low, high, inside, beyond, side = 0.0, 1.0, begin, end, 0
    aim = tolerance / 2
    for tried in range(SEARCH):
        if end >= -tolerance or high - low <= 1e-15:
            break
        usual = tried % 3 < 2 and inside < np.inf
        share = (inside + aim) / (inside - beyond) if usual else 0.5
        trial = low + min(max(share, 1e-9), 1 - 1e-9) * (high - low)
        found = value(trial)
        if found < 0:
            high, end, beyond = trial, found, found
            inside, side = (inside / 2 if side < 0 else inside), -1
        else:
            low, inside = trial, found
            beyond, side = (beyond / 2 if side > 0 else beyond), 1
    return high
