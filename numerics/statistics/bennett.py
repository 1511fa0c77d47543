"""Ratios of integrals from samples of neighbouring densities, and how many samples they are worth."""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit

from twolayer.arrays import Array


def ratios(record: Array, levels: Array) -> tuple[float, Array]:
    """ln of the last rung's integral over the first's, and the influence of each walker on it.

    Parameters
    ----------
    record : ndarray, shape (steps, rungs, walkers)
        h along the run.
    levels : ndarray, shape (rungs,)
        Log-densities of neighbouring rungs differ by (levels[s] - levels[s + 1]) h.

    Returns
    -------
    (float, ndarray)
        The sum of the influences (walkers,) is zero; walkers are independent of each other, and a walker's
        influence is summed over the rungs, whose errors are not independent.

    Examples
    --------
    >>> ratios(np.full((5, 2, 3), 2.0), np.array([0.0, 0.5]))[0]  # h is 2 on both
    -1.0
    """
    total, influence = 0.0, np.zeros(record.shape[2])
    for s in range(len(levels) - 1):
        value, part = bennett(record[:, s], record[:, s + 1], levels[s + 1] - levels[s])
        total += value
        influence += part
    return total, influence


def bennett(below: Array, above: Array, difference: float) -> tuple[float, Array]:
    """Bennett's (1976) estimate of ln Z_above / Z_below, and each walker's influence (inf: too far apart).

    Parameters
    ----------
    below, above : ndarray, shape (steps, walkers)
        h on both rungs.
    difference : float
        Of their levels.
    """
    up, down = difference * below, difference * above

    def excess(c: float) -> float:
        return float(expit(-(up + c)).sum() - expit(down + c).sum())

    centre = -float(np.mean([up.mean(), down.mean()]))
    width = 1.0 + float(max(np.ptp(up), np.ptp(down)))
    while excess(centre - width) < 0 or excess(centre + width) > 0:
        width *= 2
    c = brentq(excess, centre - width, centre + width, xtol=1e-12)
    p, q = expit(-(up + c)), expit(down + c)
    slope = (p * (1 - p)).sum() + (q * (1 - q)).sum()
    if slope == 0:  # the rungs' samples do not overlap at all: nothing is known of the ratio
        return float(c), np.full(below.shape[1], np.inf)
    return float(c), np.asarray((p.sum(axis=0) - q.sum(axis=0)) / slope)


def effective(record: Array) -> float:
    """Least number of independent samples on a rung, from the spread of the walkers' means.

    `record` is (steps, rungs, walkers).
    """
    count = record.shape[2]
    spread = record.mean(axis=0).var(axis=1, ddof=1) / count
    total = record.var(axis=(0, 2))
    samples = np.where(spread > 0, total / np.maximum(spread, 1e-300), np.inf)
    return float(min(samples.min(), record.shape[0] * count))


def standard_error(influence: Array) -> float:
    """Standard error of a sum of independent walkers' `influence` (walkers,): inf where that is not known."""
    if not np.isfinite(influence).all():
        return float("inf")
    return float(np.sqrt(len(influence) * influence.var(ddof=1)))
