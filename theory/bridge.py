"""The one file of ``theory`` that imports ``twolayer``."""

from typing import Any

import twolayer
from twolayer.forward import forward as forward
from twolayer.measurement import Measurement


def hessian(net: Any, X: Any, y: Any, loss: Any) -> Any:
    """Return the Hessian as an operator."""
    return twolayer.Hessian(net, X, y, loss=loss)


def measurement(value: Any) -> Measurement:
    """Return an uncertain number as a measurement."""
    return Measurement(value.value, value.error, True, "from u = S1 * a over the hidden biases")
