"""What a volume estimator returns, and when it may be quoted."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from numerics.landscape import Array

TRUSTED, DOUBTFUL, REFUSED = "trusted", "doubtful", "refused"
LEBESGUE = "Lebesgue measure"
ENOUGH, TOO_FEW = 100.0, 20.0
TAIL_GOOD, TAIL_BAD = 0.5, 0.7
NEARLY_EQUAL = 0.99


@dataclass(frozen=True)
class VolumeEstimate:
    """The logarithm of a volume and how far it may be believed.

    Parameters
    ----------
    log_volume : float
        Natural logarithm of the volume; of the prior mass where there is a prior.
    error : float
        Half-width of the 95 % interval, or a bound; inf if refused.
    effective_samples : float
        Number of independent samples that would have the same spread; inf where nothing was sampled.
    verdict : {"trusted", "doubtful", "refused"}
        Whether it may be quoted, quoted with its reservation, or not quoted.
    why : str
        The reason for the verdict.
    relative_to : str
        The measure: Lebesgue's, or the prior.
    evaluations : int
        How many points the landscape (or the membership) was evaluated at.

    Raises
    ------
    ValueError
        By ``float(estimate)``, if the verdict is "refused".

    Examples
    --------
    >>> float(VolumeEstimate(1.5, 0.1, 400.0, "trusted", ""))
    1.5
    """

    log_volume: float
    error: float
    effective_samples: float
    verdict: str
    why: str
    relative_to: str = LEBESGUE
    evaluations: int = 0

    def __float__(self) -> float:
        if self.verdict == REFUSED:
            raise ValueError(f"this volume must not be quoted: {self.why}")
        return self.log_volume

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the log-volume."""
        return self.log_volume - self.error, self.log_volume + self.error

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON, where an infinite number is None."""
        return {
            key: None if isinstance(item, float) and not math.isfinite(item) else item
            for key, item in vars(self).items()
        }


class Refusal(Exception):
    """There is no volume to state, for the reason given in words."""

    def __init__(self, why: str) -> None:
        super().__init__(why)


def refused(why: str, relative_to: str = LEBESGUE, evaluations: int = 0) -> VolumeEstimate:
    """An estimate without a value."""
    return VolumeEstimate(math.nan, math.inf, 0.0, REFUSED, why, relative_to, evaluations)


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


def judge(summary: Weights) -> tuple[str, str]:
    """Verdict on an average of weights, and why."""
    said = f"effective sample size {summary.effective:.3g}, tail index {summary.tail:.2f}"
    if summary.effective > NEARLY_EQUAL * summary.count:
        return TRUSTED, said
    if summary.effective < TOO_FEW or summary.tail > TAIL_BAD:
        return REFUSED, f"a few samples carry the average: {said}"
    if summary.effective < ENOUGH or summary.tail > TAIL_GOOD:
        return DOUBTFUL, f"few samples carry much of the average: {said}"
    return TRUSTED, said


def worse(*verdicts: str) -> str:
    """The least favourable of several verdicts.

    Examples
    --------
    >>> worse("trusted", "doubtful")
    'doubtful'
    """
    order = (TRUSTED, DOUBTFUL, REFUSED)
    return order[max(order.index(verdict) for verdict in verdicts)]
