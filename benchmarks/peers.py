"""The same risk in jax and in torch, float64, as their users would write it.

Nothing here is imported until a comparison asks for it; a library that is absent raises ImportError.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

import twolayer as tl

from . import THREADS


def jax_risk(net: tl.TwoLayer, X: np.ndarray, y: np.ndarray) -> tuple[Any, Callable[[Any], Any], Any]:
    """The module jax, the risk as a function of theta, and theta."""
    import jax

    jax.config.update("jax_enable_x64", True)
    inputs, targets = jax.numpy.asarray(X), jax.numpy.asarray(y)
    layout, shape = net.layout, net.W.shape

    def risk(theta: Any) -> Any:
        W = theta[layout["W"]].reshape(shape)
        hidden = jax.numpy.tanh(inputs @ W.T + (theta[layout["b"]] if "b" in layout else 0.0))
        residual = hidden @ theta[layout["a"]] + (theta[layout["c"]] if "c" in layout else 0.0) - targets
        return jax.numpy.mean(residual**2) / 2

    return jax, risk, jax.numpy.asarray(net.theta)


def torch_risk(net: tl.TwoLayer, X: np.ndarray, y: np.ndarray) -> tuple[Any, Callable[[Any], Any], Any]:
    """The module torch, the risk as a function of theta, and theta."""
    import torch

    torch.set_num_threads(THREADS)
    inputs, targets, theta = (torch.from_numpy(np.array(v)) for v in (X, y, net.theta))
    layout, shape = net.layout, net.W.shape

    def risk(theta: Any) -> Any:
        W = theta[layout["W"]].reshape(shape)
        hidden = torch.tanh(inputs @ W.T + theta[layout["b"]])
        residual = hidden @ theta[layout["a"]] + theta[layout["c"]] - targets
        return (residual**2).mean() / 2

    return torch, risk, theta


def curvlinops_hessian(net: tl.TwoLayer, X: np.ndarray, y: np.ndarray) -> tuple[Any, Any, Any]:
    """The modules torch and curvlinops, and the latter's operator, of twice our risk (torch's convention)."""
    import curvlinops
    import torch

    torch.set_num_threads(THREADS)
    m, d = net.W.shape
    model = torch.nn.Sequential(torch.nn.Linear(d, m), torch.nn.Tanh(), torch.nn.Linear(m, 1)).double()
    values = (net.W, net.b, net.a[None], net.c[None])
    with torch.no_grad():
        for parameter, value in zip(model.parameters(), values, strict=True):
            parameter.copy_(torch.from_numpy(np.array(value)))
    data = [(torch.from_numpy(X), torch.from_numpy(y)[:, None])]
    loss = torch.nn.MSELoss()
    operator = curvlinops.HessianLinearOperator(
        model, loss, list(model.parameters()), data, check_deterministic=False
    )
    return torch, curvlinops, operator
