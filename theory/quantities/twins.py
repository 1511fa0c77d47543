"""Units that are copies of each other, and the directions between them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from theory.bridge.network import Array, Uncertain, known
from theory.quantities.matrices import applied, gradient_size, of_operator
from theory.quantities.network import Situation


def unit_gradient(at: Situation) -> Uncertain:
    """Norm of the gradient by all weights but the output bias."""
    net = at.net
    return gradient_size(at, slice(0, net.n_parameters - (0 if net.c is None else net.c.size)))


def twins(at: Situation) -> tuple[int, int] | None:
    """The first two units with equal input weights and a non-zero output weight of the first, or None."""
    net = at.net
    rows = net.W if net.b is None else np.column_stack([net.W, net.b])
    for k in range(len(rows)):
        same = np.flatnonzero((rows[k + 1 :] == rows[k]).all(axis=1))
        if len(same) and net.A[:, k].any():
            return k, k + 1 + int(same[0])
    return None


def exchange(at: Situation) -> Array:
    """The direction that moves output weight from one twin to the other, (P, 1)."""
    k, twin = at.once("twins", twins)
    V = np.zeros((at.net.n_parameters, 1))
    V[k], V[twin] = 1.0, -1.0
    return V


def curvature_along_exchange(name: str) -> Callable[[Situation], Uncertain]:
    """How to evaluate |M v|, M the matrix `name` and v the exchange between twins."""
    return lambda at: applied(at.once(name, of_operator(name)), exchange(at))


def twin_weight(at: Situation) -> Uncertain:
    """|a_k| of the first of the twins."""
    return known(abs(float(at.net.A[0, at.once("twins", twins)[0]])))


def twin_gradient(at: Situation) -> Uncertain:
    """Norm of the gradient by the input weights of the first of the twins."""
    net, k = at.net, at.once("twins", twins)[0]
    d = net.W.shape[1]
    where = net.layout["W"].start + k * d + np.arange(d)
    if net.b is not None:
        where = np.append(where, net.layout["b"].start + k)
    return gradient_size(at, where)
