"""Conditions that theorems put on a network, its data and its loss."""

from __future__ import annotations

import math

import numpy as np

from theory.situation import Situation
from theory.theorem import Hypothesis


def _other_loss(at: Situation) -> str:
    name = at.forward.loss.name
    return "" if name == "squared" else f"the {name} loss"


def _residuals(at: Situation) -> str:
    run = at.forward
    excess = np.sqrt((run.G**2).sum(axis=1)) - run.G_error
    count = int((excess > 0).sum())
    return f"{count} of {len(excess)} that are not, the largest {np.abs(run.G).max():.3g}" if count else ""


def _kinks(at: Situation) -> str:
    count = at.forward.n_kinks
    return f"{count} that do" if count else ""


def _infinite_sup2(at: Situation) -> str:
    return "" if math.isfinite(at.net.activation.sup2) else f"sup |s''| = inf for {at.net.activation.name}"


def _no_biases(at: Situation) -> str:
    return "a network without them" if at.net.b is None else ""


SQUARED_LOSS = Hypothesis("the squared loss", _other_loss)
INTERPOLATION = Hypothesis("every residual to be zero within its rounding error", _residuals)
NO_KINK = Hypothesis("no pre-activation to sit at a kink of the activation", _kinks)
BOUNDED_SECOND_DERIVATIVE = Hypothesis("a bounded second derivative of the activation", _infinite_sup2)
HIDDEN_BIASES = Hypothesis("hidden biases, so that G_bb is a block of G", _no_biases)
