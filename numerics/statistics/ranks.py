"""Rank correlations and their intervals."""

from __future__ import annotations

import numpy as np


def ranked(values: np.ndarray, axis: int | None = None) -> np.ndarray:
    """Ranks from 1 on, equal values sharing their mean; of any shape, along an `axis`."""
    from scipy.stats import rankdata  # slow to load, and few processes need it

    return np.asarray(rankdata(values, axis=axis))


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


def rank_correlations(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Spearman's rank correlation of each row of `x` with that of `y`, as :func:`rank_correlation` gives it.

    Parameters
    ----------
    x, y : ndarray, shape (rows, k)
        Pairs that are not finite do not count.

    Returns
    -------
    ndarray, shape (rows,)
        NaN where it is not defined.

    Examples
    --------
    >>> rank_correlations(np.array([[1.0, 2.0, 4.0], [1.0, 1.0, 1.0]]), np.array([[3.0, 2.0, -9.0]] * 2))
    array([-1., nan])
    """
    good = np.isfinite(x) & np.isfinite(y)
    count = good.sum(axis=1, keepdims=True)
    centred = []
    for side in (x, y):
        ranks = ranked(np.where(good, side, np.inf), axis=1)  # what does not count comes last
        centred.append(np.where(good, ranks - (count + 1) / 2, 0.0))
    left, right = centred
    size = np.sqrt((left**2).sum(axis=1) * (right**2).sum(axis=1))
    known = (count[:, 0] >= 3) & (size > 0)
    found = (left * right).sum(axis=1) / np.where(known, size, 1.0)
    return np.where(known, np.clip(found, -1.0, 1.0), np.nan)
