"""Training in units of the problem's own: inputs, targets and weights of size about one.

Networks, inputs and targets are multiplied by factors under which the risk only changes its unit:

    X / t,   y / v,   (W t, b) / w,   a w^p / v,   c / v

with a t for every column of X; v other than 1 only for the squared loss, w only for units that are
homogeneous of degree p, s(w z) = w^p s(z). Powers of two commit no rounding: what begins in other units that
are powers of two takes the same steps, bit for bit, and real factors take what begins in any units to the
same start but for rounding.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

import twolayer as tl
from numerics.training.point import Trained, start
from twolayer.arrays import Array

LARGEST_POWER = 300
"""Exponents beyond which factors would leave the floats along with what they multiply."""

EXTREMES = (2.0**-LARGEST_POWER, 2.0**LARGEST_POWER)


@dataclass(frozen=True)
class Units:
    """The factors between a problem in a user's units and in its own.

    Parameters
    ----------
    columns : ndarray, shape (d,)
        t, one for every input.
    targets, weights : float
        v and w.
    degree : float
        p; any number where w is 1.
    """

    columns: Array
    targets: float = 1.0
    weights: float = 1.0
    degree: float = 1.0

    def inner(self, net: tl.TwoLayer) -> tl.TwoLayer:
        """A network of the user's in the problem's own units."""
        return self._turned(net, self.columns / self.weights, self.weights)

    def outer(self, net: tl.TwoLayer) -> tl.TwoLayer:
        """A network in the problem's own units in the user's."""
        back = Units(1 / self.columns, 1 / self.targets, 1 / self.weights, self.degree)
        return back.inner(net)

    def _turned(self, net: tl.TwoLayer, rows: Array, w: float) -> tl.TwoLayer:
        A = net.A * (w**self.degree / self.targets)
        b = None if net.b is None else net.b / w
        c = None if net.c is None else net.c / self.targets
        return tl.TwoLayer(A[0] if net.scalar else A, net.W * rows, b, c, net.activation)

    def data(self, X: Array, y: Array) -> tuple[Array, Array]:
        """Inputs `X` (n, d) and targets `y`, (n,) or (n, q), in the problem's own units."""
        return X / self.columns, y if self.targets == 1 else y / self.targets

    def powers(self) -> Units:
        """The same rounded to powers of two."""
        v, w = (float(_power(np.array([size]))[0]) for size in (self.targets, self.weights))
        return replace(self, columns=_power(self.columns), targets=v, weights=w)

    def reported(self, inner: Trained, X: Array, y: Array, loss: str | tl.Loss) -> Trained:
        """The end of training in the problem's own units as the user's; its rung is that of the `inner`.

        `X` (n, d), `y` (n,) or (n, q) and the `loss` are the user's.
        """
        if self.plain:
            return inner
        point = start(self.outer(inner.net), X, y, loss)
        return replace(
            inner,
            net=point.net,
            risk=point.risk,
            gradient_norm=point.gradient_norm,
            gradient_error=point.gradient_error,
        )

    @property
    def plain(self) -> bool:
        """Whether the units are the user's."""
        return self.targets == self.weights == 1 and bool((self.columns == 1).all())


def units_of(net: tl.TwoLayer, X: Array, y: Array, loss: tl.Loss) -> Units:
    """The units in which inputs, targets and pre-activations have root mean squares of one.

    Parameters
    ----------
    net : TwoLayer
        Where training starts.
    X : ndarray, shape (n, d)
    y : ndarray, shape (n,) or (n, q)
    loss : Loss

    Examples
    --------
    >>> from twolayer.model.loss import loss
    >>> net = tl.TwoLayer([1.0], [[3.0]], activation="tanh")
    >>> own = units_of(net, np.array([[4.0], [4.0]]), np.array([8.0, 8.0]), loss("squared"))
    >>> own.columns.tolist(), own.targets, own.weights
    ([4.0], 8.0, 1.0)
    """
    columns = np.array([_size(column) for column in X.T])
    squared = loss.name == "squared"
    targets = _size(np.asarray(y, dtype=float)) if squared else 1.0
    degree = net.activation.homogeneity
    if not degree:
        return Units(columns, targets)
    W = net.W * columns
    weights = _size(W if net.b is None else np.column_stack([W, net.b]))
    limit = LARGEST_POWER / max(1.0, float(degree))
    fits = abs(np.log2(weights)) <= limit
    return Units(columns, targets, weights if fits else 1.0, float(degree))


def _size(values: Array) -> float:
    """The root mean square, without overflow on the way; 1 where it is zero, a bound where it is extreme."""
    largest = float(np.abs(values).max(initial=0.0))
    if largest == 0:
        return 1.0
    power = float(_power(np.array([largest]))[0])
    if power in EXTREMES:
        return power
    return power * float(np.sqrt(np.mean((values / power) ** 2)))


def _power(sizes: Array) -> Array:
    """The powers of two below `sizes` (k,), within the range whose inverses are floats."""
    exponents = np.frexp(sizes)[1] - 1
    return np.asarray(np.ldexp(1.0, np.clip(exponents, -LARGEST_POWER, LARGEST_POWER)))
