"""Shares of starts with exact binomial intervals."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from scipy.stats import beta


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
    low = 0.0 if count == 0 else float(beta.ppf(tail, count, total - count + 1))
    high = 1.0 if count == total else float(beta.isf(tail, count + 1, total - count))
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
        Whether all intervals, and that of one more label that did not occur, hold together with the
        confidence (Bonferroni), rather than each for itself.

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
    each = 1 - (1 - confidence) / (len(counts) + 1) if simultaneous else confidence
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1; got {confidence}")
    ordered = sorted(counts, key=lambda label: (-counts[label], str(label)))
    return {label: share(counts[label], len(labels), each) for label in ordered}
