"""Conditions that theorems put on a network, its data and its loss."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from theory.quantities.matrices import weight_gram
from theory.quantities.network import Situation
from theory.quantities.norms import least
from theory.quantities.numbers import MATRICES
from theory.quantities.rescaling import column_norms, row_norms
from theory.quantities.twins import twins


@dataclass(frozen=True)
class Hypothesis:
    """A condition on (network, data, loss).

    Parameters
    ----------
    statement : str
        The condition in words.
    failure : callable
        Situation -> "" if it holds there, else what was found instead.
    """

    statement: str
    failure: Callable[[Situation], str]


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


def _several_outputs(at: Situation) -> str:
    return "" if at.net.n_outputs == 1 else f"{at.net.n_outputs}"


def _biases(at: Situation) -> str:
    return "" if at.net.b is None else "a network with them"


def _output_bias(at: Situation) -> str:
    return "" if at.net.c is None else "a network with one"


def _no_output_bias(at: Situation) -> str:
    return "a network without one" if at.net.c is None else ""


def _more_units(at: Situation) -> str:
    m, d = at.net.W.shape
    return "" if m <= d else f"m = {m}, d = {d}"


def _dependent_rows(at: Situation) -> str:
    found = least(at.once("W*W'", weight_gram))
    return "" if found.lower > 0 else f"a least eigenvalue of W W^T of {found.value:.3g} +- {found.error:.2g}"


def _not_first_degree(at: Situation) -> str:
    s = at.net.activation
    return "" if s.homogeneity == 1 and s.sup1 <= 1 else s.name


def _not_homogeneous(at: Situation) -> str:
    s = at.net.activation
    return s.name if s.homogeneity is None else ""


def _not_relu(at: Situation) -> str:
    return "" if at.net.activation.name == "relu" else at.net.activation.name


def _not_quadratic(at: Situation) -> str:
    return "" if at.net.activation.name == "square" else at.net.activation.name


def _unbalanced(at: Situation) -> str:
    count = int(((column_norms(at) == 0) | (row_norms(at) == 0)).sum())
    return f"{count} without" if count else ""


def _zero_output_weights(at: Situation) -> str:
    return "" if at.net.a.any() else "a = 0"


def _zero_parameters(at: Situation) -> str:
    return "" if at.net.theta.any() else "theta = 0"


def _zero_input(at: Situation) -> str:
    count = int((~at.forward.X.any(axis=1)).sum())
    return f"{count} that are" if count else ""


def _indefinite(name: str) -> Callable[[Situation], str]:
    def failure(at: Situation) -> str:
        found = least(at.once(name, MATRICES[name]))
        return "" if found.lower > 0 else f"a least eigenvalue of {found.value:.3g} +- {found.error:.2g}"

    return failure


def _no_twins(at: Situation) -> str:
    return "none" if at.once("twins", twins) is None else ""


def _dead(at: Situation) -> str:
    net = at.net
    silent = ~net.A.any(axis=0) & ~net.W.any(axis=1) & (True if net.b is None else net.b == 0)
    return "" if silent.any() else "none"


def _not_zero_at_zero(at: Situation) -> str:
    value = at.net.activation.jet(0.0)[0]
    return "" if value == 0 else f"s(0) = {value:.3g}"


def _no_silent_input(at: Situation) -> str:
    return "none" if at.net.W.any(axis=1).all() else ""


def _wide(at: Situation) -> str:
    d = at.net.W.shape[1]
    return "" if d == 1 else f"d = {d}"


def _infinite_sup1(at: Situation) -> str:
    return "" if math.isfinite(at.net.activation.sup1) else f"sup |s'| = inf for {at.net.activation.name}"


def loss_is(name: str) -> Hypothesis:
    """The condition that the loss is the one called `name`.

    Examples
    --------
    >>> loss_is("squared").statement
    'the squared loss'
    """

    def failure(at: Situation) -> str:
        found = at.forward.loss.name
        return "" if found == name else f"the {found} loss"

    return Hypothesis(f"the {name} loss", failure)


SQUARED_LOSS = loss_is("squared")
LOGISTIC_LOSS = loss_is("logistic")
SOFTMAX_LOSS = loss_is("softmax")
PSEUDO_HUBER_LOSS = loss_is("pseudo_huber")
INTERPOLATION = Hypothesis("every residual to be zero within its rounding error", _residuals)
NO_KINK = Hypothesis("no pre-activation to sit at a kink of the activation", _kinks)
BOUNDED_SECOND_DERIVATIVE = Hypothesis("a bounded second derivative of the activation", _infinite_sup2)
HIDDEN_BIASES = Hypothesis("hidden biases, so that G_bb is a block of G", _no_biases)

ONE_OUTPUT = Hypothesis("one output", _several_outputs)
NO_HIDDEN_BIASES = Hypothesis("no hidden biases", _biases)
NO_OUTPUT_BIAS = Hypothesis("no output bias", _output_bias)
OUTPUT_BIAS = Hypothesis("an output bias", _no_output_bias)
FEW_UNITS = Hypothesis("m <= d", _more_units)
INDEPENDENT_ROWS = Hypothesis("a least singular value of W that is certainly positive", _dependent_rows)
FIRST_DEGREE = Hypothesis("s(t z) = t s(z) for t > 0, and |s'| <= 1", _not_first_degree)
HOMOGENEOUS = Hypothesis("a homogeneous activation", _not_homogeneous)
RELU = Hypothesis("the activation relu", _not_relu)
QUADRATIC = Hypothesis("the activation square", _not_quadratic)
BALANCEABLE = Hypothesis("every unit to have input and output weights", _unbalanced)
OUTPUT_WEIGHTS = Hypothesis("an output weight that is not zero", _zero_output_weights)
PARAMETERS = Hypothesis("a parameter that is not zero", _zero_parameters)
INPUTS = Hypothesis("no input to be zero", _zero_input)
ONE_INPUT = Hypothesis("one input", _wide)
POSITIVE_DEFINITE = Hypothesis("H to be certainly positive definite", _indefinite("H"))
POSITIVE_DEFINITE_BLOCK = Hypothesis("H_bb to be certainly positive definite", _indefinite("H_bb"))
TWINS = Hypothesis("two units with equal input weights, the first with an output weight", _no_twins)
DEAD_UNIT = Hypothesis("a unit whose weights are all zero", _dead)
ZERO_AT_ZERO = Hypothesis("s(0) = 0", _not_zero_at_zero)
SILENT_INPUT = Hypothesis("a unit with w_k = 0", _no_silent_input)
BOUNDED_SLOPE = Hypothesis("a bounded first derivative of the activation", _infinite_sup1)
