"""Averages under importance weights, and how far they may be trusted."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from twolayer.arrays import Array


@dataclass(frozen=True)
class Weights:
    """The mean of positive weights known by their logarithms.

    Attributes
    ----------
    log_mean : float
        Logarithm of the mean weight.
    error : float
        Half-width of its 95 % interval, by the delta method.
    effective : float
        Effective sample size (sum w)^2 / sum w^2.
    tail : float
        Index k of the generalised Pareto law fitted to the largest weights: their moments of order above
        1/k do not exist. Above 1/2 the variance is infinite and `error` means little.
    count : int
        How many weights there are.
    """

    log_mean: float
    error: float
    effective: float
    tail: float
    count: int


def average(log_weights: Array) -> Weights:
    """Summarise weights (k,) by the logarithm of their mean.

    Examples
    --------
    >>> average(np.zeros(50)).log_mean, average(np.zeros(50)).effective
    (0.0, 50.0)
    """
    count, top = len(log_weights), log_weights.max()
    weights = np.exp(log_weights - top)
    mean = weights.mean()
    spread = float(np.std(weights / mean, ddof=1)) / math.sqrt(count)
    effective = float(weights.sum() ** 2 / (weights**2).sum())
    return Weights(float(top + np.log(mean)), 1.96 * spread, effective, pareto_index(weights), count)


def pareto_index(weights: Array) -> float:
    """Tail index k of the largest weights, by Zhang and Stephens' (2009) estimator with a weak prior at 1/2.

    The use as a diagnostic of importance sampling is that of Vehtari, Simpson, Gelman, Yao and Gabry
    (2024, Pareto smoothed importance sampling). Equal weights give minus infinity. `weights` is (k,).
    """
    ordered = np.sort(weights)
    count = int(min(len(ordered) / 5, 3 * math.sqrt(len(ordered))))
    if count < 5 or ordered[-1] - ordered[-count - 1] <= 1e-9 * ordered[-1]:
        return -math.inf
    excess = ordered[-count:] - ordered[-count - 1]
    excess = excess[excess > 1e-300]
    n = len(excess)
    if n < 5:
        return math.inf
    excess = excess / excess[-1]  # the index does not depend on scale
    quartile = max(excess[int(n / 4 + 0.5) - 1], 1e-200)
    trials = 30 + int(math.sqrt(n))
    theta = 1 / excess[-1] + (1 - np.sqrt(trials / (np.arange(1, trials + 1) - 0.5))) / (3 * quartile)
    shapes = np.log1p(-np.multiply.outer(theta, excess)).mean(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        likelihood = n * (np.log(-theta / shapes) - shapes - 1)
    likelihood = np.where(np.isfinite(likelihood), likelihood, -np.inf)
    posterior = np.exp(likelihood - likelihood.max())
    best = float((theta * posterior).sum() / posterior.sum())
    shape = float(np.log1p(-best * excess).mean())
    return (n * shape + 10 * 0.5) / (n + 10)
