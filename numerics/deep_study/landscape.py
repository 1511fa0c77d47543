"""The risk of deep networks of one shape, as a landscape whose volumes can be measured."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from numerics.deep.hessian import Hessian
from numerics.deep.network import Network
from numerics.deep.tangents import tangent
from numerics.landscape.landscape import Points
from twolayer.arrays import Array
from twolayer.forward.values import loss_values

TOGETHER = 64
"""Points whose networks run at once."""


class DeepLandscape:
    """The risk as a function of theta; see :class:`numerics.landscape.landscape.Landscape`.

    Parameters
    ----------
    net : Network
        Gives the shape and the activation.
    X : array_like, shape (n, d)
    y : array_like
        Targets, as for :class:`numerics.deep.Hessian`.
    loss : str or Loss

    Notes
    -----
    Parameters so large that the risk overflows are a wall: the value there is inf.

    Examples
    --------
    >>> net = Network([[[1.0]], [2.0]], activation="identity")
    >>> valley = DeepLandscape(net, [[1.0]], [0.0])
    >>> valley.value(net.theta), valley.values(np.array([[1.0, 1.0], [0.0, 3.0]])).tolist()
    (2.0, [0.5, 0.0])
    """

    exact_curvature = True

    def __init__(self, net: Network, X: ArrayLike, y: ArrayLike, loss: str = "squared") -> None:
        at = tangent(net, X, y, loss)
        self.net, self.X, self.loss, self.targets = net, at.X, at.loss, at.y
        self.y = np.asarray(y)

    @property
    def dimension(self) -> int:
        """P, the number of parameters."""
        return self.net.n_parameters

    def value(self, theta: Array) -> float:
        """The risk at `theta`. `theta` has shape (P,)."""
        return float(self.values(theta[None])[0])

    def values(self, points: Points) -> Array:
        """The risk at each of the `points` (k, P), many networks in each matrix product."""
        with np.errstate(over="ignore", invalid="ignore"):
            blocks = [points[first : first + TOGETHER] for first in range(0, len(points), TOGETHER)]
            found = np.concatenate([np.empty(0), *(self._values(block) for block in blocks)])
        return np.where(np.isnan(found), np.inf, found)

    def _values(self, points: Points) -> Array:
        h, start = np.broadcast_to(self.X, (len(points), *self.X.shape)), 0
        for l, (W, b) in enumerate(self.net.layers, 1):
            rows, columns = W.shape
            weights = points[:, start : start + W.size].reshape(-1, rows, columns)
            start += W.size
            z = h @ weights.transpose(0, 2, 1)
            if b is not None:
                z += points[:, None, start : start + rows]
                start += rows
            if l < self.net.depth:
                h, slope = np.empty_like(z), np.empty_like(z)
                self.net.activation.slopes(z.ravel(), h.ravel(), slope.ravel())
            else:
                h = z
        k, n, q = h.shape
        repeated = np.concatenate([self.targets] * k)
        each = loss_values(self.loss, np.ascontiguousarray(h.reshape(k * n, q)), repeated)[0]
        return np.asarray(each.reshape(k, n).mean(axis=1))

    def gradient(self, theta: Array) -> Array:
        """Its gradient, shape (P,)."""
        return tangent(self.net.replace(theta), self.X, self.y, self.loss).gradient

    def hessian_product(self, theta: Array, vector: Array) -> Array:
        """Its Hessian times `vector`, shape (P,)."""
        return np.asarray(Hessian(self.net.replace(theta), self.X, self.y, self.loss) @ vector)

    def hessian(self, theta: Array) -> Array:
        """Its Hessian, shape (P, P)."""
        return Hessian(self.net.replace(theta), self.X, self.y, self.loss).toarray()
