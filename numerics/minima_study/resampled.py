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
    repeats = sorted({facts["repeat"] for facts in minima})
    table = laid_out(minima, [x, y], columns, repeats)
    statistic = mean_within if within else whole
    value = float(statistic(table.reshape(1, -1, 3))[0]) if repeats else float("nan")
    if not np.isfinite(value):
        return Resampled(None, None, None, len(repeats))
    if len(repeats) < FEWEST:
        return Resampled(value, None, None, len(repeats))
    chosen = np.random.default_rng(0).integers(len(repeats), size=(DRAWS, len(repeats)))
    drawn = statistic(table[chosen].reshape(DRAWS, -1, 3))
    low, high = np.nanquantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Resampled(value, float(low), float(high), len(repeats))


def laid_out(
    minima: Sequence[Facts], keys: Sequence[str], columns: dict[str, Column], repeats: Sequence[int]
) -> np.ndarray:
    """The columns `keys` and the attack size, shape (repeats, most minima of one, keys + 1); NaN for none."""
    numbers = np.stack(
        [
            *(values(list(minima), key, columns) for key in keys),
            np.array([facts["attack"] for facts in minima], dtype=float),
        ],
        axis=-1,
    )
    of_repeat = np.array([facts["repeat"] for facts in minima])
    groups = [numbers[of_repeat == repeat] for repeat in repeats]
    table = np.full((len(groups), max(map(len, groups), default=0), len(keys) + 1), np.nan)
    for row, group in zip(table, groups, strict=True):
        row[: len(group)] = group
    return table


def whole(drawn: np.ndarray) -> np.ndarray:
    """Correlations over all minima of every draw, shape (draws, minima, 3) to (draws,)."""
    return rank_correlations(drawn[..., 0], drawn[..., 1])


def mean_within(drawn: np.ndarray) -> np.ndarray:
    """Means over attack sizes of the correlations among minima of one size, shapes as of :func:`whole`."""
    sizes = np.unique(drawn[..., 2])
    found = np.array(
        [
            rank_correlations(np.where(drawn[..., 2] == size, drawn[..., 0], np.nan), drawn[..., 1])
            for size in sizes[np.isfinite(sizes)]
        ]
    )
    known = np.isfinite(found)
    count = known.sum(axis=0)
    return np.where(count > 0, np.where(known, found, 0.0).sum(axis=0) / np.maximum(count, 1), np.nan)
