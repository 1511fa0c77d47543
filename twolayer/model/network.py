"""The two-layer network."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .. import arrays
from ..arrays import Array
from ..errors.rounding import scaled_norm, scaled_norms
from .activation import activation as find_activation
from .parameters import Parameters


@dataclass(frozen=True, eq=False)
class TwoLayer(Parameters):
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
        A built-in name such as "tanh", a formula in z such as "z*sigmoid(2*z)", or what
        ``theory.activation`` returns for one.

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
        if m not in a.shape and a.ndim in (1, 2) and W.shape[1] in a.shape:
            raise ValueError(
                f"W must be (m, d), one row per unit, to match a {a.shape}; got {W.shape}: pass W.T (weights "
                "of scikit-learn and Keras are (inputs, units))"
            )
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

    @cached_property
    def A(self) -> Array:
        """Output weights as a (q, m) matrix, q = 1 for a scalar output."""
        return np.atleast_2d(self.a)

    @cached_property
    def output_norms(self) -> tuple[float, float]:
        """The Frobenius norm of A and the norm of c, 0 if there is none."""
        return scaled_norm(self.A), 0.0 if self.c is None else scaled_norm(self.c)

    @cached_property
    def weight_norms(self) -> tuple[Array, Array]:
        """Bounds of the norms of the rows of W and of the columns of A, each (m,)."""
        return scaled_norms(self.W), scaled_norms(self.A.T)

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

    @cached_property
    def part_sizes(self) -> dict[str, int]:
        """How many numbers each of the `parts` has."""
        return {name: part.size for name, part in self.parts.items()}

    @property
    def torch_order(self) -> np.ndarray:
        """Where each parameter of torch's order (W, b, a, c) stands in `theta`: integers (P,).

        With ``p = net.torch_order``, ``net.theta[p]`` is what ``parameters_to_vector(module.parameters())``
        of ``Sequential(Linear, activation, Linear)`` gives, and ``H.toarray()[p][:, p]`` its Hessian.

        Examples
        --------
        >>> net = TwoLayer(a=[2.0], W=[[1.0, -1.0]], b=[0.5], activation="identity")
        >>> net.theta[net.torch_order].tolist()
        [1.0, -1.0, 0.5, 2.0]
        """
        from .conversion import torch_order

        return torch_order(self)

    @classmethod
    def from_torch(cls, module: Any, activation: Any = None) -> TwoLayer:
        """The network that ``torch.nn.Sequential(Linear, activation, Linear)`` or its like computes.

        Parameters
        ----------
        module : torch.nn.Module
            Its submodules must be a linear layer, an activation and a linear layer, with or without biases;
            dropout and flattening are skipped. One output makes a scalar network.
        activation : str or Activation, optional
            What stands between the layers, for a module that applies it in ``forward``.

        Returns
        -------
        TwoLayer
            Of the module's numbers in float64, exactly. Weight decay is an optimizer's in torch, not the
            module's: see ``Hessian.with_ridge``.

        Raises
        ------
        ValueError
            If the module is anything else, with the reason; it is run on five inputs, in evaluation mode,
            and must give the outputs of the network returned.
        TypeError
            If it is no torch module.

        Notes
        -----
        torch is not imported.
        """
        from .conversion import from_torch

        return from_torch(module, activation)

    @classmethod
    def from_sklearn(cls, estimator: Any) -> TwoLayer:
        """The network of a fitted ``MLPRegressor`` or ``MLPClassifier`` with one hidden layer.

        Parameters
        ----------
        estimator : MLPRegressor or MLPClassifier
            Outputs of a classifier are those before the sigmoid (two classes, loss "logistic") or the
            softmax (more, "softmax").

        Returns
        -------
        TwoLayer
            Weights of scikit-learn are (inputs, units); here they are transposed.

        Raises
        ------
        ValueError
            If it is not fitted, or has not one hidden layer.
        TypeError
            If `estimator` is anything else, such as a Pipeline (pass its last step).

        Notes
        -----
        scikit-learn is not imported. What it minimises has weight decay ``alpha`` (1e-4 unless told), which
        ``Hessian.from_sklearn`` adds.
        """
        from .conversion import from_sklearn

        return from_sklearn(estimator)

    def replace(self, theta: ArrayLike) -> TwoLayer:
        """Return the network of the same shape whose parameters are `theta`, shape (P,).

        Raises
        ------
        ValueError
            If `theta` is not a finite vector of length P.
        """
        absent: dict[str, Array | None] = {"b": None, "c": None}
        return TwoLayer._made_of(**absent | self._parts_of(theta), activation=self.activation)

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
        """Outputs at inputs `X` (n, d): shape (n,) for a scalar network and (n, q) otherwise.

        Raises
        ------
        ValueError
            If an output overflows, or `X` does not fit.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            out = self.jets(X)[0] @ self.A.T
            if self.c is not None:
                out += self.c
        arrays.require_representable("outputs", out, "a, W, b, c and X")
        return out[:, 0] if self.scalar else out

    def input_gradient(self, X: ArrayLike) -> Array:
        r"""Gradient of the output by the input, :math:`W^\top u` with :math:`u_k = a_k s'(z_k)` (theorem T1).

        Parameters
        ----------
        X : array_like, shape (n, d)

        Returns
        -------
        ndarray, shape (n, d), or (n, q, d) with several outputs

        Raises
        ------
        ValueError
            If an entry overflows, or `X` does not fit.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            found: Array = np.matmul(self.jets(X)[1][:, None, :] * self.A, self.W)
        arrays.require_representable("input gradients", found, "a, W, b and X")
        return found[:, 0] if self.scalar else found

    def __repr__(self) -> str:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in self.parts.items())
        return f"TwoLayer({shapes}; {self.activation.name}, P = {self.n_parameters})"
