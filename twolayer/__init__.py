"""Exact curvature of two-layer networks.

    f(x) = sum_k a_k s(w_k . x + b_k) + c,      H = d2/dtheta2 (1/n) sum_i l(f(x_i), y_i)

>>> import twolayer as tl
>>> net = tl.TwoLayer(a=[2.0], W=[[1.0]], activation="identity")
>>> tl.Hessian(net, [[1.0]], [2.0]).frobenius_norm().value
5.0
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .blas_threads import short_waits
from .curvature.gradient import gradient, gradient_norm, risk
from .errors.measurement import Measurement
from .forward.weights import class_weights
from .model.activation import Activation
from .model.loss import Loss
from .model.network import TwoLayer

if TYPE_CHECKING:
    from .many.ensemble import Ensemble
    from .operators.hessian import Hessian

__version__ = "0.1.0"
__all__ = [
    "Activation",
    "Ensemble",
    "Hessian",
    "Loss",
    "Measurement",
    "TwoLayer",
    "class_weights",
    "gradient",
    "gradient_norm",
    "risk",
]

LATER = {"Ensemble": "many.ensemble", "Hessian": "operators.hessian"}


def __getattr__(name: str) -> Any:
    # scipy.sparse.linalg takes as long to import as numba: only those who ask for curvature wait for it.
    if name in LATER:
        with short_waits():  # of scipy's BLAS, unless it was loaded before
            globals()[name] = getattr(import_module(f".{LATER[name]}", __name__), name)
        return globals()[name]
    raise AttributeError(f"module 'twolayer' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
