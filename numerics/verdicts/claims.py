"""The claims of the paper's abstract, and what a verdict on one of them says."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from numerics.statistics.words import decimals, written

SUPPORTED, IN_PART = "supported", "supported in part"
NOT_SUPPORTED, UNDECIDED = "not supported", "not decided by this run"
LEVELS = (SUPPORTED, IN_PART, NOT_SUPPORTED, UNDECIDED)


@dataclass(frozen=True)
class Effect:
    """A measured number with its 95 % interval.

    Parameters
    ----------
    value, low, high : float
    count : int
        How many minima, starts or repeats it is made of.
    """

    value: float
    low: float
    high: float
    count: int

    def __str__(self) -> str:
        value, low, high = (written(number, self.places) for number in (self.value, self.low, self.high))
        return f"{value} [{low}, {high}]"

    @property
    def places(self) -> int:
        """Decimals that the width of the interval lets one quote: its first digit, at least two, at most 3.

        More where an end would be taken for zero.


        Examples
        --------
        >>> Effect(0.0041, -0.0025, 0.0107, 4).places
        3
        """
        half = (self.high - self.low) / 2
        by_width = 2 if half <= 0 else min(3, max(2, -math.floor(math.log10(half))))
        return max(by_width, decimals(self.low, self.high))


@dataclass(frozen=True)
class Claim:
    """A claim of Wu, Zhu and E (2017), in our words.

    Parameters
    ----------
    key : str
    text : str
        What is claimed.
    measured : str
        What is measured to decide it.
    rule : str
        When it counts as supported, in part, or not.
    """

    key: str
    text: str
    measured: str
    rule: str


@dataclass(frozen=True)
class Verdict:
    """What a run says of a claim.

    Parameters
    ----------
    claim : Claim
    level : str
        One of `LEVELS`.
    found : str
        A sentence with the numbers.
    effects : dict of str to Effect
        What the rule was applied to.
    """

    claim: Claim
    level: str
    found: str
    effects: dict[str, Effect]

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        effects = {name: asdict(effect) for name, effect in self.effects.items()}
        return {"claim": self.claim.key, "verdict": self.level, "found": self.found, "effects": effects}


CLAIMS = {
    claim.key: claim
    for claim in (
        Claim(
            "differ",
            "Minima with the same, perfect training accuracy differ in how they generalise.",
            "The difference in mean test accuracy between minima reached without wrong labels and with "
            "the most of them, paired by split and start; all of them fit every genuine training sample.",
            "Supported if the interval of the difference lies above 0.05, not supported if it lies below.",
        ),
        Claim(
            "volume",
            "The basins of good minima have the larger volume.",
            "The rank correlation of test accuracy with the paper's volume proxy (minus the sum of the "
            "logarithms of Hessian eigenvalues), over all minima and among those with equally many wrong "
            "labels; and the rank correlation of how often starts reach a minimum with its soft volume.",
            "Supported if all three intervals lie above 0, in part if the first does; not supported if "
            "the first lies below 0.",
        ),
        Claim(
            "random",
            "Random initialisation finds the good minima.",
            "The share of random starts that training takes to a minimum with at least three "
            "quarters of the test samples right, and the share of attacked starts that do.",
            "Supported if the interval of the first share lies above one half and that of the second "
            "below it, in part if only the first does, not supported if the first lies below one half.",
        ),
        Claim(
            "noise",
            "It is not the noise of stochastic gradient descent that finds them.",
            "How much better SGD does on test samples than the gradient flow from the same starts.",
            "Supported if the intervals of the gain lie below 0.05 in every problem, not supported if one "
            "lies above it.",
        ),
        Claim(
            "complexity",
            "In two-layer networks solutions of low complexity have a Hessian of small norm.",
            "The theorem's direction (a small Hessian forces a small input gradient), by comparisons of "
            "the two sides of each relation of T1 to T5 at each network, rounding errors counted in; and "
            "the rank correlation of the input gradient with the Hessian's Frobenius norm at the minima.",
            "Supported if no comparison goes against a theorem, the interval lies above 0 and the converse "
            "holds as well; in part if the converse is refuted for arbitrary parameters (T8); not "
            "supported if a comparison goes against a theorem or the interval lies below 0.",
        ),
        Claim(
            "deep",
            "Deeper networks show the same.",
            "For deep networks, the difference in test accuracy without and with the most wrong labels, and "
            "the rank correlations of test accuracy with the proxy, here of the ten largest eigenvalues.",
            "Supported if the interval of the difference lies above 0.05 and those of both correlations "
            "above 0, in part if the correlation among equals is left open or lies below; not supported if "
            "the difference lies below 0.05 or the correlation over all minima below 0.",
        ),
    )
}
"""By key, in the order of the abstract."""
