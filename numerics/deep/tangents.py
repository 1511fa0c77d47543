"""What training needs at every step: outputs, gradients and the tangent kernel, without bounds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

import twolayer as tl
from numerics.deep.forward import targets
from numerics.deep.network import Network, refuse_overflow
from twolayer import arrays
from twolayer.arrays import Array
from twolayer.forward.values import loss_values
from twolayer.model.loss import loss as find_loss


@dataclass(frozen=True, eq=False)
class Tangent:
    """A network on data, with what one forward and a few backward passes give.

    Parameters
    ----------
    net : Network
    X : ndarray, shape (n, d)
    y : ndarray
        Checked targets: (n, q), or (n,) of classes.
    loss : Loss

    Notes
    -----
    Plain double precision; curvature with rounding bounds is that of :class:`numerics.deep.Hessian`.
    """

    net: Network
    X: Array
    y: NDArray[Any]
    loss: tl.Loss

    @cached_property
    def _signals(self) -> tuple[list[Array], list[Array]]:
        """h_0 .. h_(L-1) and the outputs; s' of every hidden layer."""
        signals, slopes = [self.X], []
        for l, (W, b) in enumerate(self.net.layers, 1):
            z = signals[-1] @ W.T
            if b is not None:
                z += b
            if l < self.net.depth:
                h, slope = np.empty_like(z), np.empty_like(z)
                self.net.activation.slopes(z.ravel(), h.ravel(), slope.ravel())
                slopes.append(slope)
                z = h
            signals.append(z)
        return signals, slopes

    @property
    def outputs(self) -> Array:
        """F, shape (n, q)."""
        return self._signals[0][-1]

    @cached_property
    def losses(self) -> tuple[Array, Array, Array]:
        """Loss, its gradient and its Hessian by the outputs: (n,), (n, q), (n, q, q)."""
        return loss_values(self.loss, self.outputs, self.y)

    @property
    def risk(self) -> float:
        """Mean loss."""
        return float(self.losses[0].mean())

    def pulled_back(self, weights: Array) -> Array:
        """J^T times `weights` (n, q): the gradient by theta of the outputs' sum so weighted. Shape (P,)."""
        (signals, slopes), back = self._signals, weights
        parts: list[Array] = []
        for l in range(self.net.depth, 0, -1):
            W, b = self.net.layers[l - 1]
            if b is not None:
                parts.append(back.sum(axis=0))
            parts.append((back.T @ signals[l - 1]).ravel())
            if l > 1:
                back = (back @ W) * slopes[l - 2]
        return np.concatenate(parts[::-1])

    @cached_property
    def gradient(self) -> Array:
        """Gradient of the risk, shape (P,)."""
        return self.pulled_back(self.losses[1] / len(self.X))

    @cached_property
    def sensitivities(self) -> list[Array]:
        """df_o / dz_l for every layer l = 1 .. L, each of shape (n, q, m_l)."""
        n, q = self.outputs.shape
        back = np.broadcast_to(np.eye(q), (n, q, q))
        found = [back]
        for (W, _), slope in zip(self.net.layers[:0:-1], self._signals[1][::-1], strict=True):
            back = (back @ W) * slope[:, None, :]
            found.append(back)
        return found[::-1]

    @cached_property
    def kernel(self) -> Array:
        """The tangent kernel J J^T, shape (n q, n q), sample by sample; O(n^2 q^2 sum m_l) time.

        The sum over layers of h_i . h_j, plus 1 for a bias, times the products of the outputs' derivatives.
        """
        n, q = self.outputs.shape
        found = np.zeros((n, q, n, q))
        for (_, b), h, D in zip(self.net.layers, self._signals[0], self.sensitivities, strict=False):
            flat = D.reshape(n * q, -1)
            gram = h @ h.T + (b is not None)
            found += (flat @ flat.T).reshape(n, q, n, q) * gram[:, None, :, None]
        return found.reshape(n * q, n * q)

    def moved(self, step: Array) -> Tangent | None:
        """The network at theta + `step` (P,) on the same data, or None where a value overflows."""
        theta = self.net.theta + step
        if not np.isfinite(theta).all():
            return None
        there = Tangent(self.net.replace(theta), self.X, self.y, self.loss)
        with np.errstate(over="ignore", invalid="ignore"):
            return there if np.isfinite(there.outputs).all() and np.isfinite(there.risk) else None


def tangent(net: Network, X: ArrayLike, y: ArrayLike, loss: str | tl.Loss = "squared") -> Tangent:
    """The network `net` on the data `X` (n, d), `y`, checked.

    Parameters
    ----------
    net : Network
    X : array_like, shape (n, d)
    y : array_like
        (n, q); (n,) for a scalar network, or of classes for the softmax loss.
    loss : str or Loss

    Raises
    ------
    ValueError
        If the data does not fit the network or the loss, or an output is not finite.

    Examples
    --------
    >>> at = tangent(Network([[[1.0]], [2.0]], activation="identity"), [[3.0]], [4.0])
    >>> at.risk, at.gradient, at.kernel
    (2.0, array([12.,  6.]), array([[45.]]))
    """
    rule = find_loss(loss)
    inputs = np.ascontiguousarray(arrays.inputs(X, net.sizes[0], "W1"))
    labels = targets(net, rule, y, len(inputs))
    with np.errstate(over="ignore", invalid="ignore"):
        found = Tangent(net, inputs, labels, rule)
        refuse_overflow("outputs", found.outputs)
        return found
