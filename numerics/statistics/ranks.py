"""Rank correlations and their intervals."""

from __future__ import annotations

import numpy as np


def ranked(values: np.ndarray) -> np.ndarray:
    """Ranks from 1 on, equal values sharing their mean, shape (k,).

    Examples
    --------
    >>> ranked(np.array([7.0, 2.0, 7.0, 9.0]))
    array([2.5, 1. , 2.5, 4. ])
    """
    _, which, often = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(often)
    return np.asarray((last - (often - 1) / 2)[which])


def interval(rank: float | None, count: int) -> tuple[float | None, float | None]:
    """Bonett and Wright's (2000) 95 % interval of a rank correlation over `count` pairs; None below five.

    Fisher's z of the `rank` correlation with variance (1 + rank^2 / 2) / (count - 3). It takes the pairs
    for a sample of independent ones, which the minima of one landscape are only in a manner of speaking.
    A perfect order is given the lower end of one with two neighbours exchanged.

    Examples
    --------
    >>> [round(end, 2) for end in interval(0.5, 103)]
    [0.33, 0.64]
    """
    if rank is None or count < 5:
        return None, None
    nearest = 1 - 12 / (count * (count**2 - 1))
    inner = float(np.clip(rank, -nearest, nearest))
    half = 1.96 * np.sqrt((1 + inner**2 / 2) / (count - 3))
    low, high = np.tanh(np.arctanh(inner) - half), np.tanh(np.arctanh(inner) + half)
    return (-1.0 if rank == -1 else float(low)), (1.0 if rank == 1 else float(high))


def rank_correlation(x: np.ndarray, y: np.ndarray) -> float | None:
    """Spearman's rank correlation over the pairs that are finite; None for fewer than 3, or a constant.

    Sequences of one length, shape (k,).

    Examples
    --------
    >>> rank_correlation(np.array([1.0, 2.0, 4.0]), np.array([3.0, 2.0, -9.0]))
    -1.0
    """
    good = np.isfinite(x) & np.isfinite(y)
    left, right = ranked(x[good]), ranked(y[good])
    if good.sum() < 3 or np.ptp(left) == 0 or np.ptp(right) == 0:
        return None
    left, right = left - left.mean(), right - right.mean()
    value = float(left @ right / np.sqrt((left @ left) * (right @ right)))
    return min(1.0, max(-1.0, value))


def rank_correlation_within(x: np.ndarray, y: np.ndarray, groups: np.ndarray) -> tuple[float | None, int]:
    """Rank correlation within groups, pooled: no difference between groups can produce it.

    Ranks are taken inside each group and centred there; the correlation is that of all centred ranks
    together.

    Parameters
    ----------
    x, y : ndarray, shape (k,)
    groups : ndarray, shape (k,)
        Equal entries belong together. Groups of one tell nothing.

    Returns
    -------
    rank : float or None
        None where nothing varies.
    count : int
        The number of pairs less that of groups, plus one: what :func:`interval` is to be given.

    Examples
    --------
    >>> apart = np.array([1.0, 2.0, 11.0, 12.0])
    >>> rank_correlation_within(apart, np.array([2.0, 1.0, 12.0, 11.0]), np.array([0, 0, 1, 1]))
    (-1.0, 3)
    """
    good = np.isfinite(x) & np.isfinite(y)
    lefts, rights = [np.zeros(0)], [np.zeros(0)]
    for group in np.unique(groups[good]):
        inside = good & (groups == group)
        for ranks, values in ((lefts, x[inside]), (rights, y[inside])):
            ranks.append(ranked(values) - (len(values) + 1) / 2)
    left, right = np.concatenate(lefts), np.concatenate(rights)
    count = len(left) - (len(lefts) - 1) + 1
    size = float(np.sqrt((left @ left) * (right @ right)))
    return (min(1.0, max(-1.0, float(left @ right) / size)) if size else None), count


def rank_correlations(x: np.ndarray, y: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Spearman's rank correlations of samples in which pairs occur so many times. O(rows k^2) time.

    Parameters
    ----------
    x, y : ndarray, shape (k,)
        Pairs that are not finite do not count.
    counts : ndarray, shape (rows, k)
        How often each pair occurs in each sample.

    Returns
    -------
    ndarray, shape (rows,)
        NaN where it is not defined: for fewer than 3 pairs, or a constant.

    Examples
    --------
    >>> once_and_thrice = np.array([[1, 1, 1], [3, 0, 0]])
    >>> rank_correlations(np.array([1.0, 2.0, 4.0]), np.array([3.0, 2.0, -9.0]), once_and_thrice)
    array([-1., nan])
    """
    good = np.isfinite(x) & np.isfinite(y)
    often = counts[:, good].astype(float)
    total = often.sum(axis=1, keepdims=True)
    left, right = (often @ _before(side[good]).T - total / 2 for side in (x, y))  # ranks less their mean
    size = np.sqrt((often * left**2).sum(axis=1) * (often * right**2).sum(axis=1))
    known = (total[:, 0] >= 3) & (size > 0)
    found = (often * left * right).sum(axis=1) / np.where(known, size, 1.0)
    return np.where(known, np.clip(found, -1.0, 1.0), np.nan)


def _before(values: np.ndarray) -> np.ndarray:
    """1 where the value of the row is above that of the column, 1/2 where they are equal; (k,) to (k, k)."""
    return np.asarray((values[:, None] > values) + 0.5 * (values[:, None] == values))
