"""Everything that the report says about one minimum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

import twolayer as tl
from numerics.minima_study.spectrum import Spectrum, spectrum
from numerics.training.point import Trained
from theory import theorems
from theory.quantities.network import Situation
from theory.quantities.registry import value
from twolayer.arrays import Array

PRODUCTS = (1, 10, 50)
"""Sums of log top-k eigenvalues are given for these k, and for k = n q."""


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
    net, H = trained.net, tl.Hessian(trained.net, genuine.X, genuine.targets, genuine.loss)
    found = spectrum(H)
    at = Situation(net, genuine.X, genuine.targets, genuine.loss)
    at_test = Situation(net, test.X, test.targets, test.loss)
    return {
        "training": {"steps": trained.steps, "converged": trained.converged, "why": trained.why},
        "accuracy": {
            "train": genuine.accuracy(net),
            "attack": attack.accuracy(net),
            "test": test.accuracy(net),
        },
        "risk": plain(tl.risk(net, genuine.X, genuine.targets, genuine.loss)),
        "gradient_norm": plain(tl.gradient_norm(net, genuine.X, genuine.targets, genuine.loss)),
        "frobenius_norm": plain(H.frobenius_norm()),
        "trace": plain(H.trace()),
        **eigenvalue_facts(found, len(genuine.y)),
        "input_gradient": {
            "train": plain(value("input_gradient", at)),
            "test": plain(value("input_gradient", at_test)),
        },
        "theorems": theorem_checks(at),
    }


def eigenvalue_facts(found: Spectrum, samples: int) -> dict[str, Any]:
    """Return what is derived from the eigenvalues, and the largest `samples` of them."""
    counts = sorted({k for k in (*PRODUCTS, samples) if k <= samples})
    products = {str(k): found.log_product(k) for k in counts}
    return {
        "largest_eigenvalue": {"value": float(found.values[0]), "error": found.error},
        "negative_eigenvalues": {
            "certain": found.negative,
            "zero_within_error": found.undecided,
            "error": found.error,
            "method": found.method,
        },
        "log_products": {k: None if item is None else plain(item) for k, item in products.items()},
        "eigenvalues": [float(item) for item in found.values[:samples]],
    }


def theorem_checks(at: Situation) -> dict[str, Any]:
    """Return both sides of T1 to T5, by id."""
    return {name: theorems[name].check_at(at).as_dict() for name in REPORTED}
