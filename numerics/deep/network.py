"""Fully connected networks of any depth."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

import twolayer as tl
from twolayer import arrays
from twolayer.arrays import Array
from twolayer.memory import available
from twolayer.model.activation import activation as find_activation
from twolayer.model.parameters import Parameters

COPIES = 4  # of the weights, while they are drawn, scaled and made a network's own


@dataclass(frozen=True, eq=False)
class Network(Parameters):
    r"""A network :math:`h_l = s(W_l h_{l-1} + b_l)`, :math:`f = W_L h_{L-1} + b_L`, of any depth L >= 1.

    Parameters
    ----------
    weights : sequence of array_like
        W_1 (m_1, d), ..., W_L (q, m_{L-1}). A one-dimensional W_L (m_{L-1},) makes a scalar output.
    biases : sequence of array_like or None, optional
        b_l (m_l,), or None for a layer without a bias parameter; None for a network without any.
    activation : str or Activation
        That of every layer but the last: a built-in name such as "tanh", or what ``theory.activation``
        returns for an expression.

    Attributes
    ----------
    theta : ndarray, shape (P,)
        W_1 row by row, b_1, W_2, b_2, ...: the order of torch's ``parameters()``.
    layout : dict of str to slice
        Where each part, ``"W1"``, ``"b1"``, ``"W2"``, ..., stands in `theta`.

    Raises
    ------
    ValueError
        If there are no layers, they do not fit each other, an entry is not finite, or the activation is
        unknown.
    TypeError
        If `weights` or `biases` is not a sequence of arrays.

    Notes
    -----
    Arrays are converted to float64, copied, and read-only afterwards.

    Examples
    --------
    >>> net = Network([[[1.0, -1.0]], [[3.0]], [2.0]], [[0.5], None, None], activation="identity")
    >>> net([[3.0, 1.0]])
    array([15.])
    >>> net.theta
    array([ 1. , -1. ,  0.5,  3. ,  2. ])
    """

    weights: Any
    biases: Any = None
    activation: Any = "tanh"

    def __post_init__(self) -> None:
        weights = _weights(self.weights)
        object.__setattr__(self, "weights", weights)
        object.__setattr__(self, "biases", _biases(self.biases, weights))
        object.__setattr__(self, "activation", find_activation(self.activation))

    @classmethod
    def of(cls, two_layer: tl.TwoLayer) -> Network:
        """The same function as `two_layer`, whose parameters stand in another order in its ``theta``.

        Examples
        --------
        >>> Network.of(tl.TwoLayer(a=[2.0], W=[[3.0]])).theta
        array([3., 2.])
        """
        if not isinstance(two_layer, tl.TwoLayer):
            raise TypeError(f"two_layer must be a TwoLayer; got {type(two_layer).__name__}")
        c = None if two_layer.c is None else np.reshape(two_layer.c, -1)
        return cls([two_layer.W, two_layer.a], [two_layer.b, c], two_layer.activation)

    @property
    def depth(self) -> int:
        """Number of layers L."""
        return len(self.weights)

    @property
    def scalar(self) -> bool:
        """Whether the output is a scalar (the last weights one-dimensional)."""
        return bool(self.weights[-1].ndim == 1)

    @cached_property
    def layers(self) -> tuple[tuple[Array, Array | None], ...]:
        """W_l (m_l, m_{l-1}) and b_l (m_l,) or None of every layer."""
        pairs = zip(self.weights, self.biases, strict=True)
        return tuple((np.atleast_2d(W), None if b is None else np.atleast_1d(b)) for W, b in pairs)

    @property
    def sizes(self) -> tuple[int, ...]:
        """d, m_1, ..., m_{L-1}, q."""
        return (self.layers[0][0].shape[1], *(len(W) for W, _ in self.layers))

    @property
    def n_outputs(self) -> int:
        """Number of outputs q."""
        return self.sizes[-1]

    @property
    def parts(self) -> dict[str, Array]:
        """The parameter arrays that are present, in the order of `theta`: (m_l, m_(l-1)) and (m_l,)."""
        named: dict[str, Array] = {}
        for l, (W, b) in enumerate(zip(self.weights, self.biases, strict=True), 1):
            named |= {f"W{l}": W} | ({} if b is None else {f"b{l}": b})
        return named

    def replace(self, theta: ArrayLike) -> Network:
        """Return the network of the same shape whose parameters are `theta`, shape (P,).

        Raises
        ------
        ValueError
            If `theta` is not a finite vector of length P.
        """
        new, depths = self._parts_of(theta), range(1, self.depth + 1)
        weights, biases = (tuple(new.get(f"{kind}{l}") for l in depths) for kind in "Wb")
        return Network._made_of(weights=weights, biases=biases, activation=self.activation)

    def __call__(self, X: ArrayLike) -> Array:
        """Outputs at the inputs `X` (n, d): (n,) for a scalar network and (n, q) otherwise.

        Raises
        ------
        ValueError
            If a value overflows, or `X` does not fit.
        """
        out = self._signals(X)[0]
        return out[:, 0] if self.scalar else out

    def input_gradient(self, X: ArrayLike) -> Array:
        """Gradient of the output by the input: the first layer's weights times that by its biases.

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
        out, slopes = self._signals(X)
        gradient = self._pulled_back(out, slopes)
        refuse_overflow("input gradients", gradient)
        return gradient[:, 0] if self.scalar else gradient

    @np.errstate(over="ignore", invalid="ignore")
    def _pulled_back(self, out: Array, slopes: list[Array]) -> Array:
        """Derivatives of the outputs by the inputs, (n, q, d)."""
        back = np.broadcast_to(np.eye(self.n_outputs), (len(out), self.n_outputs, self.n_outputs))
        for (W, _), slope in zip(self.layers[:0:-1], slopes[::-1], strict=True):
            back = (back @ W) * slope[:, None, :]
        return np.asarray(back @ self.layers[0][0])

    def _signals(self, X: ArrayLike) -> tuple[Array, list[Array]]:
        """Outputs (n, q), and s' of every hidden layer."""
        h, slopes = arrays.inputs(X, self.sizes[0], "W1"), []
        for l, (W, b) in enumerate(self.layers, 1):
            with np.errstate(over="ignore", invalid="ignore"):
                h = np.ascontiguousarray(h @ W.T if b is None else h @ W.T + b)
            refuse_overflow(f"pre-activations of layer {l}" if l < self.depth else "outputs", h)
            if l < self.depth:
                s, slope = np.empty_like(h), np.empty_like(h)
                self.activation.slopes(h.ravel(), s.ravel(), slope.ravel())
                refuse_overflow(f"activation values of layer {l}", s)
                h = s
                slopes.append(slope)
        return h, slopes

    def __repr__(self) -> str:
        return f"Network({'-'.join(map(str, self.sizes))}; {self.activation.name}, P = {self.n_parameters})"


def refuse_overflow(what: str, values: Any) -> None:
    """Refuse an overflow, naming what overflowed."""
    arrays.require_representable(what, values, "weights, biases, X and y")


def random_network(
    sizes: Sequence[int],
    activation: Any = "tanh",
    *,
    seed: int,
    kind: str = "kaiming",
    biases: bool = True,
    scale: float = 1.0,
) -> Network:
    """A network with random weights, and biases that are zero unless the kind says otherwise.

    Parameters
    ----------
    sizes : sequence of int
        d, m_1, ..., m_{L-1}, q.
    activation : str or Activation
    seed : int
    kind : {"kaiming", "xavier", "torch", "gaussian"}
        "kaiming": W_l ~ N(0, 2 / m_{l-1}), but for the last layer N(0, 1 / m_{L-1}); "xavier": uniform of
        variance 2 / (m_{l-1} + m_l); "torch": weights and biases uniform in +-1 / sqrt(m_{l-1}), as
        ``torch.nn.Linear`` draws them; "gaussian": weights N(0, 1 / m_{l-1}), biases N(0, 1).
    biases : bool
        Whether there are any.
    scale : float
        What everything is multiplied by.

    Returns
    -------
    Network

    Raises
    ------
    ValueError
        If `sizes` are not two positive integers or more, the kind is unknown or the scale not positive.
    TypeError
        If `biases` is neither True nor False.
    MemoryError
        If the weights would not fit into this machine's memory.

    Examples
    --------
    >>> random_network([3, 5, 5, 2], "relu", seed=0)
    Network(3-5-5-2; relu, P = 62)
    """
    widths = _sizes(sizes)
    if not isinstance(kind, str) or kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}; got {kind!r}")
    if not 0 < arrays.real_number("scale", scale, "a positive number") < np.inf:
        raise ValueError(f"scale must be a positive number; got {scale!r}")
    if not isinstance(biases, (bool, np.bool_)):
        raise TypeError(f"biases must be True or False; got {biases!r}")
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise ValueError(f"seed must be an integer of at least 0; got {seed!r}")
    needed, there = COPIES * 8 * sum(inner * outer for inner, outer in pairwise(widths)), available()
    if needed > there:
        raise MemoryError(
            f"sizes must make weights that fit into memory ({there / 2**30:.0f} GiB); "
            f"got {needed / 2**30:.0f} GiB with those of which they are made"
        )
    rng = np.random.default_rng(seed)
    drawn = [
        KINDS[kind](rng, inner, outer, l == len(widths) - 2)
        for l, (inner, outer) in enumerate(pairwise(widths))
    ]
    offsets = [scale * b if biases else None for _, b in drawn]
    return Network([scale * W for W, _ in drawn], offsets, activation)


def _sizes(sizes: Any) -> list[int]:
    try:
        widths = [0 if isinstance(size, bool) else operator.index(size) for size in sizes]
    except TypeError:
        widths = []
    if len(widths) < 2 or min(widths) < 1:
        raise ValueError(f"sizes must be two positive integers or more, d, m_1, ..., q; got {sizes!r}")
    return widths


def _kaiming(rng: np.random.Generator, inner: int, outer: int, last: bool) -> tuple[Array, Array]:
    return np.sqrt((1 if last else 2) / inner) * rng.normal(size=(outer, inner)), np.zeros(outer)


def _xavier(rng: np.random.Generator, inner: int, outer: int, last: bool) -> tuple[Array, Array]:
    reach = np.sqrt(6 / (inner + outer))
    return rng.uniform(-reach, reach, (outer, inner)), np.zeros(outer)


def _torch(rng: np.random.Generator, inner: int, outer: int, last: bool) -> tuple[Array, Array]:
    reach = 1 / np.sqrt(inner)
    return rng.uniform(-reach, reach, (outer, inner)), rng.uniform(-reach, reach, outer)


def _gaussian(rng: np.random.Generator, inner: int, outer: int, last: bool) -> tuple[Array, Array]:
    return rng.normal(size=(outer, inner)) / np.sqrt(inner), rng.normal(size=outer)


KINDS = {"kaiming": _kaiming, "xavier": _xavier, "torch": _torch, "gaussian": _gaussian}


def _own(array: Array) -> Array:
    own = array.copy()
    own.setflags(write=False)
    return own


def _listed(name: str, values: Any) -> list[Any]:
    if isinstance(values, (str, bytes, dict)) or not hasattr(values, "__len__"):
        raise TypeError(f"{name} must be a sequence of arrays, one a layer; got {type(values).__name__}")
    return list(values)


def _weights(values: Any) -> tuple[Array, ...]:
    found: list[Array] = []
    listed = _listed("weights", values)
    if not listed:
        raise ValueError("weights must be those of one layer at least; got none")
    inner: int | str = "d"
    for l, value in enumerate(listed, 1):
        W = arrays.real_array(f"W{l}", value)
        last = l == len(listed)
        outer = ("q",) if last else (f"m{l}",)
        why = "" if l == 1 else f" to match W{l - 1}"
        arrays.require_shape(f"W{l}", W, (() if last and W.ndim == 1 else outer) + (inner,), why)
        inner = len(W)
        found.append(_own(W))
    return tuple(found)


def _biases(values: Any, weights: tuple[Array, ...]) -> tuple[Array | None, ...]:
    listed = [None] * len(weights) if values is None else _listed("biases", values)
    if len(listed) != len(weights):
        raise ValueError(f"biases must be one a layer, {len(weights)} arrays or None; got {len(listed)}")
    found: list[Array | None] = []
    for l, (value, W) in enumerate(zip(listed, weights, strict=True), 1):
        if value is None:
            found.append(None)
            continue
        b = arrays.real_array(f"b{l}", value)
        if W.ndim == 2 or b.ndim:
            arrays.require_shape(f"b{l}", b, (len(W) if W.ndim == 2 else 1,), f" to match W{l}")
        found.append(_own(b.reshape(() if W.ndim == 1 else -1)))
    return tuple(found)
