"""Rank correlations over minima, with intervals that know that minima of one repeat belong together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from numerics.minima_study.columns import BY_KEY, Column, Facts, values
from numerics.statistics.ranks import rank_correlations

DRAWS = 1000
LEVEL = 0.95
FEWEST = 4
"""Repeats below which no interval is given."""


@dataclass(frozen=True)
class Resampled:
    """A statistic, its 95 % interval by the percentile bootstrap over repeats, and how many there are.

    Parameters
    ----------
    value : float or None
        None where it is not defined.
    low, high : float or None
        None for fewer than four repeats.
    repeats : int
    """

    value: float | None
    low: float | None
    high: float | None
    repeats: int


def correlation(
    minima: Sequence[Facts], x: str, y: str, *, within: bool = False, columns: dict[str, Column] = BY_KEY
) -> Resampled:
    """Spearman's correlation of two columns, over all minima or as the mean `within` equal attack sizes.

    Minima of one repeat share a split and a start, so repeats are what is independent: they are drawn with
    replacement, whole, 1000 times.

    Parameters
    ----------
    minima : sequence of dict
    x, y : str
        Keys of `columns`.
    within : bool
        Correlate among the minima of one attack size, and average over sizes.
    columns : dict of str to Column
    """
    one, other = (values(list(minima), key, columns) for key in (x, y))
    attack = of(minima, "attack")
    repeats, of_repeat = np.unique(of(minima, "repeat"), return_inverse=True)
    parts = [attack == size for size in np.unique(attack)] if within else [slice(None)]

    def statistic(counts: np.ndarray) -> np.ndarray:
        found = [rank_correlations(one[part], other[part], counts[:, part]) for part in parts]
        return mean_of_known(np.array(found))

    value = float(statistic(np.ones((1, len(minima))))[0]) if len(minima) else float("nan")
    if not np.isfinite(value):
        return Resampled(None, None, None, len(repeats))
    if len(repeats) < FEWEST:
        return Resampled(value, None, None, len(repeats))
    chosen = np.random.default_rng(0).integers(len(repeats), size=(DRAWS, len(repeats)))
    often = np.stack([np.bincount(draw, minlength=len(repeats)) for draw in chosen])
    low, high = np.nanquantile(statistic(often[:, of_repeat]), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Resampled(value, float(low), float(high), len(repeats))


def of(minima: Sequence[Facts], key: str) -> np.ndarray:
    """What the facts of all `minima` say of `key`, shape (minima,)."""
    return np.array([facts[key] for facts in minima])


def mean_of_known(found: np.ndarray) -> np.ndarray:
    """Means over the first axis of what is finite, NaN where nothing is; shape (k, rows) to (rows,).

    Examples
    --------
    >>> mean_of_known(np.array([[1.0, np.nan], [np.nan, np.nan]]))
    array([ 1., nan])
    """
    known = np.isfinite(found)
    count = known.sum(axis=0)
    return np.where(count > 0, np.where(known, found, 0.0).sum(axis=0) / np.maximum(count, 1), np.nan)
