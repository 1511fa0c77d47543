"""The path between the ends of a step, and where it first meets a kink."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from twolayer.arrays import Array

SEARCH = 100
"""Most points tried to find where a kink is met."""


Sample = tuple[float, float]
"""A share of the step, and a value there."""


@dataclass(frozen=True)
class Segment:
    """A step of length h, and the path inside it by the method's own interpolation, of order three.

    Hermite's cubic through both ends would be far off where fast parts die out within the step.

    Parameters
    ----------
    begin, end : ndarray, shape (P,)
    inside : ndarray, shape (2, P)
        c and e of :data:`twolayer.many.rodas.D`.
    h : float

    Examples
    --------
    >>> one = Segment(np.zeros(1), np.ones(1), np.zeros((2, 1)), 1.0)
    >>> float(one(0.5)[0])
    0.5
    """

    begin: Array
    end: Array
    inside: Array
    h: float

    def __call__(self, share: float) -> Array:
        """Where the path is after a `share` of the step. Shape (P,)."""
        return self.end if share == 1 else self.between(self.begin, self.end, self.inside, share)

    @staticmethod
    def between(begin: Array, end: Array, inside: Array, share: float) -> Array:
        """The same of some parameters: those that shapes (...), (...) and (2, ...) are given of."""
        rest = 1 - share
        return np.asarray(rest * begin + share * (end + rest * (inside[0] + share * inside[1])))


def first_below(
    value: Callable[[float], float], begin: float, end: float, tolerance: float, width: float = 1e-15
) -> float:
    """A share of a step at which `value` is below zero, by `tolerance` at most if it is continuous.

    Parameters
    ----------
    value : callable
        Of a share between 0 and 1.
    begin, end : float
        Its values at 0, where it is positive, and at 1, where it is negative.
    tolerance : float
    width : float
        A bracket so narrow will do as well.

    Notes
    -----
    By inverse quadratic interpolation where three points bend little, and else by the middle (Chandrupatla
    1997, Advances in Engineering Software 28, 145).

    Examples
    --------
    >>> 0 <= first_below(lambda s: 0.25 - s, 0.25, -0.75, 1e-12) - 0.25 <= 1e-12
    True
    """
    aim, share = tolerance / 2, 0.5
    last, other = (1.0, end + aim), (0.0, begin + aim)  # with values of either sign; `last` was found last
    high = 1.0
    for _ in range(SEARCH):
        if end >= -tolerance or abs(last[0] - other[0]) <= width:
            break
        trial = last[0] + share * (other[0] - last[0])
        found = value(trial)
        if found < 0:
            high, end = trial, found
        if (found + aim < 0) == (last[1] < 0):
            third, last = last, (trial, found + aim)
        else:
            third, other, last = other, last, (trial, found + aim)
        share = _interpolated(last, other, third)
        least = min(0.5, width / abs(last[0] - other[0]))
        share = min(max(share, least), 1 - least)
    return high


def _interpolated(last: Sample, other: Sample, third: Sample) -> float:
    """The share of the way from `last` to `other` at which a root is looked for next."""
    (x1, f1), (x2, f2), (x3, f3) = last, other, third
    if f3 in (f1, f2):
        return 0.5
    xi, phi = (x1 - x2) / (x3 - x2), (f1 - f2) / (f3 - f2)
    if not (phi**2 < xi and (1 - phi) ** 2 < 1 - xi):
        return 0.5
    near, far = f1 / (f1 - f2), f1 / (f3 - f1)
    return near * f3 / (f3 - f2) + far * f2 / (f3 - f2) * (x3 - x1) / (x2 - x1)
