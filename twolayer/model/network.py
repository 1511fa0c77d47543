"""The two-layer network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .. import arrays
from ..arrays import Array
from .activation import activation as find_activation


@dataclass(frozen=True, eq=False)
class TwoLayer:
    r"""A network :math:`f(x) = \sum_k a_k\, s(w_k \cdot x + b_k) + c` with one hidden layer.

    Parameters
    ----------
    a : array_like, shape (m,) or (q, m)
        Output weights. A one-dimensional `a` makes a scalar output.
    W : array_like, shape (m, d)
        Hidden weights, one row per unit.
    b : array_like, shape (m,), optional
        Hidden biases. Without them there is no bias parameter (not a zero one).
    c : float or array_like, shape (q,), optional
        Output bias, likewise.
    activation : str or Activation
        A built-in name such as "tanh", or what ``theory.activation`` returns for an expression.

    Attributes
    ----------
    theta : ndarray, shape (P,)
        All parameters: a (row by row), W row by row, b, c; absent parts left out.
    layout : dict of str to slice
        Where each part stands in `theta`.

    Raises
    ------
    ValueError
        If a shape does not fit, an entry is not finite, or the activation is unknown.

    Notes
    -----
    Arrays are converted to float64, copied, and read-only afterwards.

    Examples
    --------
    >>> net = TwoLayer(a=[2.0], W=[[1.0, -1.0]], b=[0.5], activation="identity")
    >>> net([[3.0, 1.0]])
    array([5.])
    >>> net.theta
    array([ 2. ,  1. , -1. ,  0.5])
    """

    a: Any
    W: Any
    b: Any = None
    c: Any = None
    activation: Any = "tanh"

    def __post_init__(self) -> None:
        W = arrays.real_array("W", self.W)
        arrays.require_shape("W", W, ("m", "d"))
        m = W.shape[0]
        a = arrays.real_array("a", self.a)
        arrays.require_shape("a", a, (m,) if a.ndim == 1 else ("q", m), " to match W")
        self._store("a", a)
        self._store("W", W)
        if self.b is not None:
            b = arrays.real_array("b", self.b)
            arrays.require_shape("b", b, (m,), " to match W")
            self._store("b", b)
        if self.c is not None:
            c = arrays.real_array("c", self.c)
            if not (a.ndim == 1 and c.ndim == 0):
                arrays.require_shape("c", c, (1,) if a.ndim == 1 else (a.shape[0],), " to match a")
            self._store("c", c.reshape(() if a.ndim == 1 else (a.shape[0],)))
        object.__setattr__(self, "activation", find_activation(self.activation))

    def _store(self, name: str, array: Array) -> None:
        own = array.copy()
        own.setflags(write=False)
        object.__setattr__(self, name, own)

    @property
    def scalar(self) -> bool:
        """Whether the output is a scalar (`a` one-dimensional)."""
        return bool(self.a.ndim == 1)

    @property
    def A(self) -> Array:
        """Output weights as a (q, m) matrix, q = 1 for a scalar output."""
        return np.atleast_2d(self.a)

    @property
    def n_outputs(self) -> int:
        """Number of outputs q."""
        return int(self.A.shape[0])

    @property
    def parts(self) -> dict[str, Array]:
        """The parameter arrays that are present, in the order of `theta`.

        Shapes (m,) or (q, m), (m, d), (m,), () or (q,).
        """
        named = {"a": self.a, "W": self.W, "b": self.b, "c": self.c}
        return {name: array for name, array in named.items() if array is not None}

    @property
    def n_parameters(self) -> int:
        """Number of parameters P."""
        return sum(array.size for array in self.parts.values())

    @property
    def layout(self) -> dict[str, slice]:
        """Where each part stands in `theta`."""
        start, slices = 0, {}
        for name, array in self.parts.items():
            slices[name] = slice(start, start + array.size)
            start += array.size
        return slices

    @property
    def theta(self) -> Array:
        """All parameters as one vector, shape (P,): a, W row by row, b, c."""
        return np.concatenate([array.ravel() for array in self.parts.values()])

    def replace(self, theta: ArrayLike) -> TwoLayer:
        """Return the network of the same shape whose parameters are `theta`, shape (P,).

        Raises
        ------
        ValueError
            If `theta` is not a finite vector of length P.
        """
        vector = arrays.real_array("theta", theta)
        arrays.require_shape("theta", vector, (self.n_parameters,), f" = (P,), laid out {list(self.layout)}")
        new = {name: vector[where].reshape(self.parts[name].shape) for name, where in self.layout.items()}
        return TwoLayer(new["a"], new["W"], new.get("b"), new.get("c"), self.activation)

    def preactivations(self, X: ArrayLike) -> Array:
        """Z = X W^T + b, shape (n, m), for inputs `X` of shape (n, d)."""
        Z: Array = arrays.inputs(X, self.W.shape[1]) @ self.W.T
        if self.b is not None:
            Z += self.b
        return Z

    def jets(self, X: ArrayLike) -> tuple[Array, Array, Array]:
        """S, S1, S2: the activation and its first two derivatives at inputs `X` (n, d), each (n, m)."""
        Z = np.ascontiguousarray(self.preactivations(X))
        S, S1, S2 = np.empty_like(Z), np.empty_like(Z), np.empty_like(Z)
        self.activation.jets(Z.ravel(), S.ravel(), S1.ravel(), S2.ravel())
        return S, S1, S2

    def __call__(self, X: ArrayLike) -> Array:
        """Outputs, shape (n,) for a scalar network and (n, q) otherwise."""
        out = self.jets(X)[0] @ self.A.T
        if self.c is not None:
            out += self.c
        return out[:, 0] if self.scalar else out

    def input_gradient(self, X: ArrayLike) -> Array:
        r"""Gradient of the output by the input, :math:`W^\top u` with :math:`u_k = a_k s'(z_k)` (theorem T1).

        Parameters
        ----------
        X : array_like, shape (n, d)

        Returns
        -------
        ndarray, shape (n, d), or (n, q, d) with several outputs
        """
        S1 = self.jets(X)[1]
        if self.scalar:
            return np.asarray((S1 * self.a) @ self.W)
        return np.asarray(np.matmul(S1[:, None, :] * self.A, self.W))

    def __repr__(self) -> str:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in self.parts.items())
        return f"TwoLayer({shapes}; {self.activation.name}, P = {self.n_parameters})"
