"""Networks, forward passes and numbers with bounds, as theorems ask them of ``twolayer``."""

from typing import Any

import twolayer
from twolayer import arrays
from twolayer.arrays import Array as Array
from twolayer.curvature.gradient import from_forward, gradient_error
from twolayer.errors.measurement import Measurement
from twolayer.errors.rounding import SLACK as SLACK
from twolayer.errors.rounding import UNIT as UNIT
from twolayer.errors.uncertain import Uncertain as Uncertain
from twolayer.errors.uncertain import known as known
from twolayer.forward.errors import forward as forward
from twolayer.model.loss import loss as find_loss


def hessian(net: Any, X: Any, y: Any, loss: Any) -> Any:
    """Return the Hessian as an operator."""
    return twolayer.Hessian(net, X, y, loss=loss)


def network(**parts: Any) -> Any:
    """Return the network with these weights and this activation."""
    return twolayer.TwoLayer(**parts)


def data(net: Any, X: Any, y: Any, loss: Any) -> tuple[Any, Any, str]:
    """Return validated inputs (n, d), targets (n, q) or classes (n,), and the name of the loss."""
    rule = find_loss(loss)
    inputs = arrays.inputs(X, net.W.shape[1])
    return inputs, arrays.targets(y, rule.labels, len(inputs), net.n_outputs, net.scalar), rule.name


def gradient(passed: Any) -> tuple[Any, float]:
    """Return the gradient of the risk, (P,), and a bound of the norm of its error."""
    return from_forward(passed), gradient_error(passed)


def measurement(value: Any) -> Measurement:
    """Return an uncertain number as a measurement."""
    return Measurement(value.value, value.error, True, "from the forward pass, error-aware")


__all__ = ["SLACK", "UNIT", "Uncertain", "known"]
