"""Landscapes: anything with a value, a gradient and a Hessian product.

Basins, volumes and spectra are written against :class:`Landscape`, once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

import twolayer as tl
from numerics.landscape.rounding import gradient_rounding
from twolayer import arrays
from twolayer.arrays import Array
from twolayer.many.plain_risk import PlainRisk

Points = NDArray[np.float64]

DIFFERENCE = float(np.finfo(float).eps ** (1 / 3))
"""Relative step of a central difference of the gradient: it balances truncation and rounding."""


@runtime_checkable
class Landscape(Protocol):
    """A function of theta, shape (D,), with its first two derivatives.

    Three more methods are used where a landscape has them: ``hessian(theta)``, the (D, D) matrix;
    ``values(points)``, the values (k,) at points (k, D) in one call; and ``value_and_gradient(theta)``, both
    by one evaluation.

    Notes
    -----
    A value of inf is a wall: theta lies outside the domain. NaN is an error of the function.
    """

    @property
    def dimension(self) -> int | None:
        """D, or None if the functions take any."""

    def value(self, theta: Array) -> float:
        """The function at `theta`. `theta` has shape (D,)."""

    def gradient(self, theta: Array) -> Array:
        """Its gradient at `theta`, shape (D,)."""

    def hessian_product(self, theta: Array, vector: Array) -> Array:
        """Its Hessian at `theta` times `vector`, shape (D,)."""


class FunctionLandscape:
    """A landscape made of functions.

    Parameters
    ----------
    value, gradient : callable
        ``value(theta) -> float`` and ``gradient(theta) -> (D,)``.
    hessian : callable, optional
        ``hessian(theta) -> (D, D)``.
    hessian_product : callable, optional
        ``hessian_product(theta, vector) -> (D,)``.
    values : callable, optional
        ``values(points) -> (k,)`` at points (k, D), for speed.
    dimension : int, optional
        D; without it the functions are taken to accept any.

    Attributes
    ----------
    exact_curvature : bool
        Whether Hessian products come from the functions given. If neither `hessian` nor
        `hessian_product` is, they are central differences of the gradient, of relative error about 1e-10,
        and results that depend on them say so.

    Examples
    --------
    >>> bowl = FunctionLandscape(lambda x: x @ x / 2, lambda x: x, lambda x: np.eye(len(x)))
    >>> bowl.value(np.array([3.0, 4.0])), bowl.hessian_product(np.zeros(2), np.array([1.0, 2.0]))
    (12.5, array([1., 2.]))
    """

    def __init__(
        self,
        value: Callable[[Array], float],
        gradient: Callable[[Array], Array],
        hessian: Callable[[Array], Array] | None = None,
        *,
        hessian_product: Callable[[Array, Array], Array] | None = None,
        values: Callable[[Points], Array] | None = None,
        dimension: int | None = None,
    ) -> None:
        for name, function in (("value", value), ("gradient", gradient)):
            if not callable(function):
                raise ValueError(f"{name} must be a function of theta; got {type(function).__name__}")
        self._value, self._gradient, self._product = value, gradient, hessian_product
        self._hessian, self._values, self.dimension = hessian, values, dimension

    @property
    def exact_curvature(self) -> bool:
        """Whether Hessian products come from the functions given."""
        return self._hessian is not None or self._product is not None

    def value(self, theta: Array) -> float:
        """The function at `theta`. `theta` has shape (D,)."""
        return float(self._value(theta))

    def values(self, points: Points) -> Array:
        """The function at each of the `points` (k, D), shape (k,)."""
        if self._values is not None:
            return np.asarray(self._values(points), dtype=float)
        return np.array([self._value(point) for point in points], dtype=float)

    def gradient(self, theta: Array) -> Array:
        """The gradient at `theta`, shape (D,)."""
        return np.asarray(self._gradient(theta), dtype=float)

    def hessian_product(self, theta: Array, vector: Array) -> Array:
        """The Hessian at `theta` times `vector`. Shape (D,)."""
        if self._product is not None:
            return np.asarray(self._product(theta, vector), dtype=float)
        if self._hessian is not None:
            return np.asarray(self._hessian(theta) @ vector, dtype=float)
        length = np.linalg.norm(vector)
        if length == 0:
            return np.zeros_like(theta)
        step = DIFFERENCE * (1 + np.linalg.norm(theta)) * vector / length
        both = self.gradient(theta + step) - self.gradient(theta - step)
        return np.asarray(both * (length / (2 * np.linalg.norm(step))))

    def hessian(self, theta: Array) -> Array:
        """The Hessian at `theta`, shape (D, D), symmetrised."""
        if self._hessian is not None:
            H = np.asarray(self._hessian(theta), dtype=float)
        else:
            H = np.array([self.hessian_product(theta, unit) for unit in np.eye(len(theta))])
        return np.asarray((H + H.T) / 2)


class NetworkLandscape:
    """The risk of two-layer networks of one shape, as a function of theta.

    Parameters
    ----------
    net : TwoLayer
        Gives the shape and the activation.
    X : array_like, shape (n, d)
    y : array_like
        Targets, as for ``twolayer.curvature.gradient``.
    loss : str or Loss

    Raises
    ------
    ValueError
        If the data does not fit the network or the loss.

    Notes
    -----
    Parameters so large that the risk overflows are a wall: the value there is inf.

    Examples
    --------
    >>> net = tl.TwoLayer(a=[2.0], W=[[1.0]], activation="identity")
    >>> valley = NetworkLandscape(net, [[1.0]], [2.0])
    >>> valley.dimension, valley.value(net.theta), valley.hessian(net.theta).tolist()
    (2, 0.0, [[1.0, 2.0], [2.0, 4.0]])
    """

    exact_curvature = True

    def __init__(self, net: tl.TwoLayer, X: ArrayLike, y: ArrayLike, loss: str | tl.Loss = "squared") -> None:
        self.net = net
        self.risk = PlainRisk(net, X, y, loss)

    @property
    def dimension(self) -> int:
        """P, the number of parameters."""
        return self.net.n_parameters

    def _at(self, given: Array, name: str = "theta", *rows: str) -> Array:
        """Parameters as kernels take them: a float64 array is passed on at once, for iterations' sake.

        It may be infinite, as iterations that diverge are; what needs converting has to be finite.
        """
        point = arrays.kept_array(name, given)
        if point.ndim != len(rows) + 1 or point.shape[-1] != self.dimension:
            arrays.require_shape(name, point, (*rows, self.dimension), " to match the network")
        return point

    @property
    def X(self) -> Array:
        """The inputs, shape (n, d)."""
        return self.risk.X

    def value(self, theta: Array) -> float:
        """The risk at `theta`. `theta` has shape (P,)."""
        found = self.risk.value(self._at(theta))
        return np.inf if np.isnan(found) else found

    def values(self, points: Points) -> Array:
        """The risk at each of the `points` (k, P), by the compiled kernels of :class:`twolayer.Ensemble`."""
        found = self.risk.values(self._at(points, "points", "k"))
        return np.where(np.isnan(found), np.inf, found)

    def gradient(self, theta: Array) -> Array:
        """Its gradient, shape (P,)."""
        return self.risk.gradient(self._at(theta))

    def value_and_gradient(self, theta: Array) -> tuple[float, Array]:
        """The risk and its gradient (P,) at `theta`, shape (P,), by one forward pass."""
        value, gradient = self.risk.value_and_gradient(self._at(theta))
        return np.inf if np.isnan(value) else value, gradient

    def hessian_product(self, theta: Array, vector: Array) -> Array:
        """Its Hessian times `vector`, shape (P,)."""
        return self.risk.product(self._at(theta), self._at(vector, "vector"))

    def hessian(self, theta: Array) -> Array:
        """Its Hessian, shape (P, P)."""
        return self.risk.hessian(self._at(theta))

    def gauss_newton(self, theta: Array) -> Array:
        """The Gauss-Newton part of its Hessian, shape (P, P): all of it where every residual is zero."""
        return self.risk.gauss_newton(self._at(theta))

    def conserved(self, theta: Array) -> Array:
        """What gradient flow keeps for each unit (theorem T11): ``|w_k|^2 + b_k^2 - p |a_k|^2``, shape (m,).

        Only for activations that are homogeneous of degree p >= 1; else empty.
        """
        net, degree = self.risk.network(self._at(theta)), self.net.activation.homogeneity
        if not degree:
            return np.empty(0)
        inner = (net.W**2).sum(axis=1) + (0.0 if net.b is None else net.b**2)
        return np.asarray(inner - degree * (net.A**2).sum(axis=0))

    def gradient_rounding(self, theta: Array) -> float:
        """How large the rounding error of the gradient at `theta`, shape (P,), is: an estimate, no bound."""
        return gradient_rounding(self.risk.forward(self._at(theta)))

    def symmetric_directions(self, theta: Array) -> Array:
        """Orthonormal directions (P, r) at `theta` (P,) along which rescaling units changes nothing."""
        theta, degree, net = self._at(theta), self.net.activation.homogeneity, self.net
        if not degree:
            return np.empty((len(theta), 0))
        outer = np.arange(net.A.size).reshape(net.A.shape)
        columns = net.layout["W"].start + np.arange(net.W.size).reshape(net.W.shape)
        if net.b is not None:
            columns = np.column_stack([columns, net.layout["b"].start + np.arange(len(net.b))])
        found = np.zeros((len(theta), len(net.W)))
        for k, place in enumerate(columns):
            found[outer[:, k], k], found[place, k] = -degree * theta[outer[:, k]], theta[place]
        lengths = np.linalg.norm(found, axis=0)
        return np.asarray(found[:, lengths > 0] / lengths[lengths > 0])

    def reach(self) -> float:
        """How large outputs have to be: the root mean square of real targets, 0 for labels."""
        return float(np.sqrt(np.mean(self.risk.y**2))) if self.risk.loss.labels == "real" else 0.0

    def outputs(self, theta: Array, X: ArrayLike) -> Array:
        """Outputs of the network with parameters `theta` at inputs `X`, (n,) or (n, q)."""
        return self.risk.outputs(self._at(theta), X)


def landscape_point(landscape: Landscape, name: str, theta: ArrayLike) -> Array:
    """Return `theta` as a finite vector of the landscape's dimension.

    Raises
    ------
    ValueError
        If its shape does not fit or an entry is not finite; `name` is what the message calls it.
    """
    point = arrays.real_array(name, theta)
    size: int | str = "D" if landscape.dimension is None else landscape.dimension
    arrays.require_shape(name, point, (size,), " to match the landscape")
    return point


def checked_point(landscape: Landscape, name: str, theta: ArrayLike) -> Array:
    """Return `theta` as a finite vector at which the landscape has a finite value.

    Raises
    ------
    ValueError
        If its shape does not fit, an entry is not finite, or the value there is NaN or infinite.
    """
    point = landscape_point(landscape, name, theta)
    found = landscape.value(point)
    if not np.isfinite(found):
        raise ValueError(f"{name} must be a point where the landscape is finite; got the value {found}")
    return point


def values_at(landscape: Landscape, points: Points) -> Array:
    """Values (k,) at points (k, D); inf is a wall.

    Raises
    ------
    ValueError
        If the landscape is NaN somewhere.
    """
    batch: Any = getattr(landscape, "values", None)
    found = batch(points) if batch is not None else np.array([landscape.value(point) for point in points])
    bad = np.flatnonzero(np.isnan(found))
    if bad.size:
        raise ValueError(f"the landscape must have a value or inf everywhere; got NaN at {points[bad[0]]}")
    return np.asarray(found, dtype=float)


def slope_at(landscape: Landscape, theta: Array) -> tuple[float, Array]:
    """The value and the gradient (D,) at `theta`, shape (D,)."""
    both: Any = getattr(landscape, "value_and_gradient", None)
    return both(theta) if both is not None else (landscape.value(theta), landscape.gradient(theta))


def hessian_at(landscape: Landscape, theta: Array) -> Array:
    """The (D, D) Hessian: the landscape's own, or assembled from D products.

    Raises
    ------
    ValueError
        If it is not finite.
    """
    own: Any = getattr(landscape, "hessian", None)
    if own is not None:
        H = np.asarray(own(theta), dtype=float)
    else:
        H = np.array([landscape.hessian_product(theta, unit) for unit in np.eye(len(theta))])
        H = (H + H.T) / 2
    if not np.isfinite(H).all():
        raise ValueError(
            "the landscape must have a finite Hessian at the minimum; got NaN or infinite entries"
        )
    return H
