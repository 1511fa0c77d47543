"""A network with data as exact numbers: what a certificate speaks of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from theory.bridge import network
from theory.bridge.network import Array
from theory.certify.balls.activation import name_of
from theory.certify.balls.balls import fmpq, fmpq_mat
from theory.quantities.network import Situation


@dataclass(frozen=True, eq=False)
class Subject:
    """The float64 numbers of a network and its data, each taken as the exact number it is.

    Parameters
    ----------
    a, W, b, c : ndarray or None
        As for ``twolayer.TwoLayer``.
    X : ndarray, shape (n, d)
    y : ndarray or None
        (n, q), or (n,) classes for softmax; None for targets that equal the network's own outputs, so that
        every residual is exactly zero.
    activation : str
        A name or a formula.
    loss : str
    """

    a: Array
    W: Array
    b: Array | None
    c: Array | None
    X: Array
    y: NDArray[Any] | None
    activation: str
    loss: str

    @property
    def A(self) -> Array:
        """Output weights as a (q, m) matrix."""
        return np.atleast_2d(self.a)

    @property
    def parts(self) -> dict[str, Array]:
        """The parameter arrays that are present, in the order of theta.

        Shapes (m,) or (q, m), (m, d), (m,), () or (q,).
        """
        named = {"a": self.a, "W": self.W, "b": self.b, "c": self.c}
        return {name: part for name, part in named.items() if part is not None}

    def weight_rank(self) -> int:
        """The rank of W, exactly, in rational arithmetic."""
        rows = [[fmpq(*number.as_integer_ratio()) for number in row] for row in self.W.tolist()]
        return int(fmpq_mat(rows).rank())

    @property
    def n_parameters(self) -> int:
        """P."""
        return sum(part.size for part in self.parts.values())


def subject(net: Any, X: Any, y: Any, loss: Any = "squared") -> Subject:
    """The exact numbers of a network and its data.

    Parameters
    ----------
    net, X, loss
        As for ``twolayer.Hessian``.
    y : array_like or None
        Targets; None for the network's own outputs, taken without their rounding.

    Raises
    ------
    ValueError
        If the data does not fit the network or the loss.

    Examples
    --------
    >>> import twolayer as tl
    >>> subject(tl.TwoLayer([1.0], [[2.0]]), [[1.0]], [0.5]).y
    array([[0.5]])
    """
    inputs, targets, rule = network.data(net, X, net(X) if y is None else y, loss)
    return Subject(
        net.a, net.W, net.b, net.c, inputs, None if y is None else targets, name_of(net.activation), rule
    )


def of_situation(at: Situation, interpolating: bool = False) -> Subject:
    """The exact numbers of the situation `at`; `interpolating` replaces the targets by the outputs."""
    return subject(at.net, at.X, None if interpolating else at.y, at.loss)
