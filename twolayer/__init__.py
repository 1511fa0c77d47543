"""Exact curvature of two-layer networks.

    f(x) = sum_k a_k s(w_k . x + b_k) + c,      H = d2/dtheta2 (1/n) sum_i l(f(x_i), y_i)

>>> import twolayer as tl
>>> net = tl.TwoLayer(a=[2.0], W=[[1.0]], activation="identity")
>>> tl.Hessian(net, [[1.0]], [2.0]).frobenius_norm().value
5.0
"""

from .activations import Activation
from .hessian import Hessian
from .losses import Loss
from .measurement import Measurement
from .network import TwoLayer
from .risk import gradient, gradient_norm, risk

__version__ = "0.1.0"
__all__ = ["Activation", "Hessian", "Loss", "Measurement", "TwoLayer", "gradient", "gradient_norm", "risk"]
