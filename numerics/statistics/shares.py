"""Shares of starts with exact binomial intervals."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

from scipy.optimize import brentq
from scipy.special import betainc, betaincc, betainccinv, betaincinv


@dataclass(frozen=True)
class Share:
    """How often a class occurred, and the interval of its probability.

    Parameters
    ----------
    count, total : int
    low, high : float
        Clopper and Pearson's interval.
    """

    count: int
    total: int
    low: float
    high: float

    @property
    def value(self) -> float:
        """The share itself."""
        return self.count / self.total

    def as_dict(self) -> dict[str, float]:
        """Plain data for JSON, the value among it."""
        return {**vars(self), "value": self.value}


def share(count: int, total: int, confidence: float = 0.95) -> Share:
    """Clopper and Pearson's (1934) interval of a binomial probability: it covers at least as often as stated.

    Parameters
    ----------
    count, total : int
        0 <= count <= total, total >= 1.
    confidence : float
        Between 0 and 1.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Examples
    --------
    >>> round(share(0, 3, 0.95).high, 6), round(1 - 0.025 ** (1 / 3), 6)
    (0.707598, 0.707598)
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1; got {confidence}")
    if total < 1 or not 0 <= count <= total:
        raise ValueError(f"count must lie in 0..total, total at least 1; got {count} of {total}")
    tail = (1 - confidence) / 2
    low = 0.0 if count == 0 else float(betaincinv(count, total - count + 1, tail))
    high = 1.0 if count == total else float(betainccinv(count + 1, total - count, tail))
    return Share(count, total, low, high)


def shares(
    labels: Sequence[Hashable], confidence: float = 0.95, *, simultaneous: bool = False
) -> dict[Hashable, Share]:
    """The share of every label that occurs, most frequent first.

    Parameters
    ----------
    labels : sequence
    confidence : float
    simultaneous : bool
        Whether the intervals of all classes, those that did not occur included, hold together with the
        confidence, rather than each for itself; however many classes there are.

    Raises
    ------
    ValueError
        If there are no labels or the confidence is out of range.

    Examples
    --------
    >>> found = shares(["good", "good", "bad"])
    >>> [(name, one.count) for name, one in found.items()]
    [('good', 2), ('bad', 1)]
    """
    counts: dict[Hashable, int] = {}
    for label in labels:
        counts[label] = counts.get(label, 0) + 1
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1; got {confidence}")
    interval = together if simultaneous else share
    ordered = sorted(counts, key=lambda label: (-counts[label], str(label)))
    return {label: interval(counts[label], len(labels), confidence) for label in ordered}


def together(count: int, total: int, confidence: float = 0.95) -> Share:
    """The interval of one class such that those of all classes hold together, however many there are.

    Parameters
    ----------
    count, total : int
        0 <= count <= total, total >= 1.
    confidence : float
        Between 0 and 1.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    A probability p is excluded if a count as large, or as small, has probability at most p (1 - confidence)
    / 2. The chance to exclude a class's true p is then at most its share of 1 - confidence, and the true
    shares sum to one. A correction by the number of classes that were seen would not do: with many rare
    classes, each seen once, it fails. A class seen once has the lower end 0.

    Examples
    --------
    >>> together(1, 10).low, together(10, 10).high
    (0.0, 1.0)
    >>> share(5, 10).low > together(5, 10).low
    True
    """
    share(count, total, confidence)
    tail = (1 - confidence) / 2
    low, high, rest = 0.0, 1.0, total - count
    if count > 1:  # at least count, at most count: by the incomplete beta function
        low = _root(lambda p: _log(betainc(count, rest + 1, p)) - math.log(tail * p), count / total)
    if count < total:
        high = _root(lambda p: _log(betaincc(count + 1, rest, p)) - math.log(tail * p), 1.0, count / total)
    return Share(count, total, low, high)


def _log(probability: float) -> float:
    return math.log(probability) if probability else -math.inf


def _root(function: Callable[[float], float], upper: float, lower: float = 0.0) -> float:
    """The root between `lower`, or just above 0, and `upper`, or just below 1."""
    return float(
        brentq(function, max(lower, 1e-300), min(upper, 1 - 1e-16), xtol=1e-20, rtol=1e-12, maxiter=500)
    )
