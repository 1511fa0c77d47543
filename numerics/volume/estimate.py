"""What a volume estimator returns, and when it may be quoted."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from numerics.statistics.weights import Weights

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


@dataclass(frozen=True)
class LearningCoefficient(VolumeEstimate):
    """The coefficient, and the log-volume it is the slope of.

    Parameters
    ----------
    coefficient : float
        n beta (E[V] - V(minimum)) under the localised posterior.
    coefficient_error : float
        Half-width of its 95 % interval; inf if refused.
    log_volume, error, effective_samples, verdict, why, relative_to, evaluations
        As for :class:`VolumeEstimate`.
    """

    coefficient: float = math.nan
    coefficient_error: float = math.inf


class Refusal(Exception):
    """There is no volume to state, for the reason given in words."""

    def __init__(self, why: str) -> None:
        super().__init__(why)


def refused(why: str, relative_to: str = LEBESGUE, evaluations: int = 0) -> VolumeEstimate:
    """An estimate without a value."""
    return VolumeEstimate(math.nan, math.inf, 0.0, REFUSED, why, relative_to, evaluations)


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
