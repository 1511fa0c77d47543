"""Everything that the report says about one minimum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

import twolayer as tl
from numerics.minima_study.endings import is_minimum
from numerics.statistics.shares import share
from numerics.training.point import Trained
from theory import theorems
from theory.quantities.network import Situation
from theory.quantities.registry import value
from twolayer.arrays import Array
from twolayer.curvature.gradient import mean_loss, norm_of_gradient
from twolayer.errors.rounding import SLACK, gamma
from twolayer.spectrum.methods import nearly_gauss_newton

PRODUCTS = (1, 10, 50)
"""Minus the sums of log top-k eigenvalues are given for these k, and for k = n q."""

LARGE = 2500
"""Order up to which all eigenvalues of a matrix may be sought at every minimum: seconds."""

REPORTED = ("input-gradient-identity", "input-gradient", "interpolation", "residuals", "wu-zhu-e")
"""The theorems T1 to T5, whose sides are evaluated at every minimum."""


@dataclass(frozen=True)
class Samples:
    """Inputs, two-class labels -1 and +1, and the loss they are used with."""

    X: Array
    y: Array
    loss: str = "squared"

    @property
    def targets(self) -> Array:
        """Labels as the loss wants them: 0 and 1 for the logistic loss. Shape (n,)."""
        return (self.y + 1) / 2 if self.loss == "logistic" else self.y

    def accuracy(self, net: tl.TwoLayer) -> float | None:
        """Share of samples whose output has the sign of the label; None if there are none."""
        return float(np.mean(np.where(net(self.X) > 0, 1.0, -1.0) == self.y)) if len(self.y) else None

    def joined(self, other: Samples) -> Samples:
        """These samples followed by the others."""
        return Samples(np.concatenate([self.X, other.X]), np.concatenate([self.y, other.y]), self.loss)


def plain(measurement: Any) -> dict[str, float]:
    """Return value and error of a measurement or uncertain number, for JSON."""
    return {"value": float(measurement.value), "error": float(measurement.error)}


def describe(trained: Trained, genuine: Samples, attack: Samples, test: Samples) -> dict[str, Any]:
    """Measure one minimum: accuracies, exact curvature, input gradients and both sides of T1 to T5.

    What is no minimum is left out of every statement, and its curvature is not looked for: away from
    interpolation its spectrum costs many times that of a minimum.

    Parameters
    ----------
    trained : Trained
        The network, trained on `genuine`.
    genuine, attack, test : Samples
        Curvature and theorems are those of the genuine samples alone.

    Returns
    -------
    dict
        Plain data for JSON; every exact number as its value and rounding error.
    """
    net = trained.net
    at = Situation(net, genuine.X, genuine.targets, genuine.loss)
    H = at.hessian
    ended = {
        "training": {"steps": trained.steps, "converged": trained.converged, "why": trained.why},
        "accuracy": {
            "train": genuine.accuracy(net),
            "attack": attack.accuracy(net),
            "test": test.accuracy(net),
        },
        "accuracy_interval": {"test": accuracy_interval(test.accuracy(net), len(test.y))},
        "risk": plain(mean_loss(H.forward)),
        "gradient_norm": plain(norm_of_gradient(H.forward)),
    }
    return {**ended, **curvature(at, genuine, test)} if is_minimum(ended) else ended


def curvature(at: Situation, genuine: Samples, test: Samples) -> dict[str, Any]:
    """Return what is measured of the network `at` its minimum: exact curvature, slopes, theorems.

    Parameters
    ----------
    at : Situation
        With the `genuine` samples.
    genuine, test : Samples
    """
    H = at.hessian
    at_test = Situation(at.net, test.X, test.targets, test.loss)
    return {
        "frobenius_norm": plain(H.frobenius_norm()),
        "trace": plain(H.trace()),
        **eigenvalue_facts(H, len(genuine.y)),
        "input_gradient": {
            "train": plain(value("input_gradient", at)),
            "test": plain(value("input_gradient", at_test)),
        },
        "theorems": theorem_checks(at),
    }


def accuracy_interval(accuracy: float | None, samples: int) -> list[float | None]:
    """Clopper and Pearson's 95 % interval of the accuracy on all samples like these; two None without any.

    Examples
    --------
    >>> [round(end, 3) for end in accuracy_interval(0.9, 100)]
    [0.824, 0.951]
    """
    if accuracy is None or not samples:
        return [None, None]
    found = share(round(accuracy * samples), samples)
    return [found.low, found.high]


def eigenvalue_facts(H: tl.Hessian, samples: int) -> dict[str, Any]:
    """Return what is derived from the eigenvalues: the largest of them, and how many are negative."""
    return spectrum_facts(leading_eigenvalues(H, samples), H.inertia(), samples)


def spectrum_facts(found: tl.Measurement, negative: tl.Measurement, samples: int) -> dict[str, Any]:
    """Return what is derived from the eigenvalues: the largest of them, and how many are negative.

    Parameters
    ----------
    found, negative : Measurement
        The largest eigenvalues, descending, and how many of all are below zero.
    samples : int
        n q, the most that are positive at interpolation.
    """
    counts = sorted({k for k in (*PRODUCTS, samples) if k <= samples})
    products = {str(k): log_product(found, k) for k in counts}
    return {
        "largest_eigenvalue": {"value": float(found.value[0]), "error": float(found.error[0])},
        "negative_eigenvalues": {
            "certain": negative.value,
            "zero_within_error": negative.error,
            "error": float(found.error.max()),
            "method": negative.method,
        },
        "log_products": {k: None if item is None else plain(-item) for k, item in products.items()},
        "eigenvalues": found.value.tolist(),
        "eigenvalue_errors": found.error.tolist(),
    }


def leading_eigenvalues(H: tl.Hessian, samples: int) -> tl.Measurement:
    """The largest eigenvalues, descending: `samples` of them, or as many as need no large eigensystem.

    A large matrix is left to Lanczos where it is not that of the tangent kernel; where it cannot be proved
    that none is missing, as in a cluster at zero, fewer are asked for. Shape (k,), k <= samples.
    """
    k = min(samples, H.shape[0])
    if H.shape[0] <= LARGE or nearly_gauss_newton(H.eigensystem.whole):
        return H.eigenvalues(k)
    for fewer in sorted({j for j in PRODUCTS if j <= k}, reverse=True):
        found = H.eigenvalues(fewer, method="lanczos")
        if found.exact:
            return found
    return H.eigenvalues(1)


def log_product(eigenvalues: tl.Measurement, k: int) -> tl.Measurement | None:
    """Sum of the logarithms of the `k` largest eigenvalues; None unless these are certainly positive.

    Examples
    --------
    >>> found = log_product(tl.Measurement(np.array([4.0, 2.0, 1.0]), np.zeros(3), True, "by hand"), 2)
    >>> round(found.value, 6)  # log 8
    2.079442
    """
    top, errors = eigenvalues.value[:k], eigenvalues.error[:k]
    if len(top) < k or not (top > errors).all():
        return None
    value = float(np.log(top).sum())
    spread = float(-np.log1p(-errors / top).sum())
    rounding = gamma(k + 4) * float(np.abs(np.log(top)).sum())
    return tl.Measurement(value, SLACK * (spread + rounding), True, eigenvalues.method)


def theorem_checks(at: Situation) -> dict[str, Any]:
    """Return both sides of T1 to T5, by id."""
    return {name: theorems[name].check_at(at).as_dict() for name in REPORTED}
