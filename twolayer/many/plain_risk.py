"""A forward pass without error bounds, for iterations that ask for millions of them.

:func:`twolayer.forward.errors.forward` bounds every rounding error, which costs more than the pass itself on
small networks. What this module returns may be handed to the same gradient, product and dense assembly.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .. import arrays
from ..arrays import Array
from ..curvature.dense import dense
from ..curvature.gradient import from_forward
from ..curvature.product import product
from ..forward.scope import Scope
from ..forward.values import Values, loss_values
from ..model.loss import Loss
from ..model.loss import loss as find_loss
from ..model.network import TwoLayer
from .packing import Packing, risks


class PlainRisk:
    """The risk of networks of one shape on fixed data: value, gradient, Hessian product, Hessian.

    Parameters
    ----------
    net : TwoLayer
        Gives the shape and the activation; its parameters are not used.
    X : array_like, shape (n, d)
    y : array_like
        Targets, as for :func:`twolayer.curvature.gradient`.
    loss : str or Loss

    Raises
    ------
    ValueError
        If the data does not fit the network or the loss.

    Notes
    -----
    The data is validated once, here. Parameters are not: where they overflow, values are inf or nan. A call
    at the parameters of the previous call reuses its forward pass.

    Examples
    --------
    >>> net = TwoLayer(a=[2.0], W=[[1.0]], activation="identity")
    >>> risk = PlainRisk(net, [[1.0]], [0.0])
    >>> risk.value(net.theta), risk.gradient(net.theta)
    (2.0, array([2., 4.]))
    """

    def __init__(self, net: TwoLayer, X: ArrayLike, y: ArrayLike, loss: str | Loss = "squared") -> None:
        self.net, self.loss = net, find_loss(loss)
        self.X = arrays.inputs(X, net.W.shape[1])
        self.y = arrays.targets(y, self.loss.labels, len(self.X), net.n_outputs, net.scalar)
        self.scope = Scope(tuple(net.parts))
        self._layout = [(name, where, net.parts[name].shape) for name, where in net.layout.items()]
        self.layout = net.layout
        self._last: tuple[bytes, Values] | None = None

    def network(self, theta: Array) -> TwoLayer:
        """The network with parameters `theta`, not validated and not copied. `theta` has shape (P,)."""
        absent: dict[str, Array | None] = {"b": None, "c": None}
        parts = absent | {name: theta[where].reshape(shape) for name, where, shape in self._layout}
        return TwoLayer._made_of(**parts, activation=self.net.activation)

    def forward(self, theta: Array) -> Values:
        """The forward pass at `theta`. `theta` has shape (P,)."""
        key = theta.tobytes()
        if self._last is None or self._last[0] != key:
            with np.errstate(all="ignore"):
                self._last = key, self._pass(theta.copy())
        return self._last[1]

    def _pass(self, theta: Array) -> Values:
        net = self.network(theta)
        Z = self.X @ net.W.T
        if net.b is not None:
            Z += net.b
        S, S1, S2 = (np.empty_like(Z) for _ in range(3))
        net.activation.jets(Z.ravel(), S.ravel(), S1.ravel(), S2.ravel())
        F = S @ net.A.T + (0.0 if net.c is None else net.c)
        L, G, Lam = loss_values(self.loss, F, self.y)
        return Values(net, self.loss, self.X, self.y, S, S1, S2, F, L, G, Lam)

    def value(self, theta: Array) -> float:
        """The risk at `theta`, shape (P,)."""
        return float(self.forward(theta).L.mean())

    def values(self, points: Array) -> Array:
        """The risk at each of the `points` (k, P), by the kernels over many networks."""
        return risks(self.simd, points)

    @cached_property
    def simd(self) -> Packing:
        """The data for the kernels over many networks."""
        return Packing(self.net, self.X, self._targets, self.loss)

    @cached_property
    def gemm(self) -> Packing:
        """The data for the kernels that take networks one by one."""
        return Packing(self.net, self.X, self._targets, self.loss, "gemm")

    @property
    def _targets(self) -> Array:
        return self.y[:, 0] if self.net.scalar and self.y.ndim == 2 else self.y

    def gradient(self, theta: Array) -> Array:
        """Gradient at `theta`, shape (P,)."""
        return self.value_and_gradient(theta)[1]

    def value_and_gradient(self, theta: Array) -> tuple[float, Array]:
        """The risk and its gradient (P,) at `theta`, shape (P,).

        Examples
        --------
        >>> net = TwoLayer(a=[2.0], W=[[1.0]], activation="identity")
        >>> PlainRisk(net, [[1.0]], [0.0]).value_and_gradient(net.theta)
        (2.0, array([2., 4.]))
        """
        with np.errstate(all="ignore"):
            if self.net.n_outputs == 1 and self.loss.separable:
                return self._of_one_output(theta)
            return self.value(theta), from_forward(self.forward(theta))

    def _of_one_output(self, theta: Array) -> tuple[float, Array]:
        """Risk and gradient with no more than they need: what iterations spend their time on."""
        found, layout = np.empty_like(theta), self.layout
        a, W = theta[layout["a"]], theta[layout["W"]].reshape(self.net.W.shape)
        Z = self.X @ W.T
        if "b" in layout:
            Z += theta[layout["b"]]
        S, S1 = np.empty_like(Z), np.empty_like(Z)
        self.net.activation.slopes(Z.reshape(-1), S.reshape(-1), S1.reshape(-1))
        f = S @ a
        if "c" in layout:
            f += theta[layout["c"]]
        L, g = np.empty_like(f), np.empty_like(f)
        self.loss.losses(f, self._column, L, g, np.empty_like(f))
        g /= len(f)
        found[layout["a"]] = g @ S
        S1 *= a
        S1 *= g[:, None]
        found[layout["W"]] = (S1.T @ self.X).reshape(-1)
        if "b" in layout:
            found[layout["b"]] = S1.sum(axis=0)
        if "c" in layout:
            found[layout["c"]] = g.sum()
        return float(L.mean()), found

    @cached_property
    def _column(self) -> Array:
        """Targets of one output, shape (n,)."""
        return np.ascontiguousarray(self.y.reshape(len(self.X)), dtype=np.float64)

    def product(self, theta: Array, vector: Array) -> Array:
        """Hessian at `theta` times `vector`, shape (P,)."""
        return product(self.forward(theta), self.scope, vector)

    def hessian(self, theta: Array) -> Array:
        """Hessian at `theta`, shape (P, P)."""
        with np.errstate(all="ignore"):
            return dense(self.forward(theta), self.scope)

    def gauss_newton(self, theta: Array) -> Array:
        """Gauss-Newton part of the Hessian at `theta`, shape (P, P)."""
        with np.errstate(all="ignore"):
            return dense(self.forward(theta), self.scope.only(gauss_newton=True, residual=False))

    def outputs(self, theta: Array, X: Any) -> Array:
        """Outputs of the network with parameters `theta` at other inputs, (n,) or (n, q)."""
        return self.network(theta)(X)
