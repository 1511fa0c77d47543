"""The values of one forward pass: what every curvature quantity is computed from.

The units go a block of rows at a time, which stays in cache. What bounds of their errors need is kept, so
that these can be found when they are asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..arrays import Array, require_representable
from ..jit import kernel
from ..model.loss import Loss
from ..model.network import TwoLayer
from . import kinks
from .inputs import Inputs
from .kinks import biases, preactivations, rounding
from .pieces import LinearUnits, linear_units

ROWS_PER_BLOCK = 256  # at least, for the sake of the matrix products
TILE = 2**13  # values of units, at which temporaries stay in the nearest cache


@dataclass(frozen=True)
class Values:
    """Activations and loss derivatives at every sample.

    Attributes
    ----------
    X : ndarray, shape (n, d)
    S, S1, S2 : ndarray, shape (n, m)
        Activation and derivatives at the pre-activations.
    F : ndarray, shape (n, q)
        Outputs.
    L, G, Lam : ndarray, shapes (n,), (n, q), (n, q, q)
        Loss, its gradient and its Hessian by the outputs.
    """

    net: TwoLayer
    loss: Loss
    X: Array
    y: NDArray[Any]
    S: Array
    S1: Array
    S2: Array
    F: Array
    L: Array
    G: Array
    Lam: Array

    @property
    def n(self) -> int:
        """Number of samples."""
        return int(self.X.shape[0])

    @property
    def GA(self) -> Array:
        """(A^T g_i)_k, shape (n, m): what multiplies s and its derivatives in the residual part."""
        A = self.net.A
        return np.asarray(self.G @ A if len(A) > 1 else self.G * A)  # one product is no matter for BLAS


class Block(NamedTuple):
    """What bounds of errors need of some rows; nothing of units that are linear beside zero.

    Z (rows, m) are the pre-activations, and radius (rows, m) bounds their errors where kinks were looked for.
    """

    rows: slice
    Z: Array | None = None
    radius: Array | None = None


@dataclass(frozen=True)
class Units:
    """Activations and their derivatives, each (n, m), and how many pre-activations sit exactly at a kink.

    `linear` is what makes them, where they are linear on either side of zero.
    """

    S: Array
    S1: Array
    S2: Array
    blocks: tuple[Block, ...]
    n_kinks: int
    linear: LinearUnits | None


def evaluated(net: TwoLayer, inputs: Inputs) -> Units:
    """The units at checked inputs, shape (n, d).

    Raises
    ------
    ValueError
        If a value overflows.
    """
    (n, m), linear = (len(inputs.X), len(net.W)), linear_units(net)
    S, S1, S2 = np.empty((n, m)), np.empty((n, m)), np.zeros((n, m)) if linear else np.empty((n, m))
    blocks, n_kinks, count = [], 0, max(ROWS_PER_BLOCK, TILE // m)
    for start in range(0, n, count):
        rows = slice(start, min(start + count, n))
        X, lengths = inputs.at(rows)
        Z = X @ net.W.T
        if linear and linear.filled(Z, lengths, S[rows], S1[rows]):
            blocks.append(Block(rows))
            continue
        radius, exactly = resolved(net, X, lengths, Z)
        net.activation.jets(Z.ravel(), S[rows].ravel(), S1[rows].ravel(), S2[rows].ravel())
        blocks.append(Block(rows, Z, radius))
        n_kinks += exactly
    for name, values, largest in (("s'", S1, net.activation.sup1), ("s''", S2, net.activation.sup2)):
        if largest == np.inf:  # else no value overflows, whatever the pre-activation
            require_representable(f"activation values {name}(z)", values)
    return Units(S, S1, S2, tuple(blocks), n_kinks, linear)


def resolved(net: TwoLayer, X: Array, lengths: Array, Z: Array) -> tuple[Array | None, int]:
    """Make pre-activations, on the right side of every kink, of products Z (rows, m) of X (rows, d).

    Returns bounds of their errors, (rows, m), where there are kinks, and how many are exactly at one.
    """
    b = biases(net)
    if not net.activation.kinks:
        if not shift(Z, b):
            require_representable("pre-activations", Z)
        return None, 0
    radius = np.empty_like(Z)
    if not preactivations(Z, b, lengths, net.weight_norms[0], *rounding(net), radius):
        require_representable("pre-activations", Z)
    return radius, kinks.resolve(net, X, Z, radius)


@kernel
def shift(Z, b):  # type: ignore[no-untyped-def]
    """Add the biases b (m,) to the products Z (rows, m); whether all is finite."""
    strange = 0
    for i in range(Z.shape[0]):
        for k in range(Z.shape[1]):
            Z[i, k] += b[k]
            strange += 0 if abs(Z[i, k]) < np.inf else 1
    return strange == 0


def loss_values(rule: Loss, F: Array, y: NDArray[Any]) -> tuple[Array, Array, Array]:
    """Loss, gradient and Hessian by the outputs `F`, (n,), (n, q) and (n, q, q), for targets `y`."""
    L, G, curvature = loss_parts(rule, F, y)
    if not rule.separable:
        return L, G, curvature
    n, q = F.shape
    Lam = np.zeros((n, q * q))
    Lam[:, :: q + 1] = curvature
    return L, G, Lam.reshape(n, q, q)


def loss_parts(rule: Loss, F: Array, y: NDArray[Any]) -> tuple[Array, Array, Array]:
    """The same, of the Hessian no more than its diagonal, (n, q), where there is nothing beside it."""
    n, q = F.shape
    G = np.empty((n, q))
    if not rule.separable:
        L, Lam = np.empty(n), np.empty((n, q, q))
        rule.losses(np.ascontiguousarray(F), y, L, G, Lam)
        return L, G, Lam
    each, curvature = np.empty((n, q)), np.empty((n, q))
    flat = [np.ascontiguousarray(array).ravel() for array in (F, y)]
    rule.losses(*flat, each.ravel(), G.ravel(), curvature.ravel())
    L = np.empty(n)
    add_rows(each, L)
    return L, G, curvature


@kernel
def add_rows(each, L):  # type: ignore[no-untyped-def]
    """Fill L (n,) with the sums of the rows of `each` (n, q)."""
    for i in range(L.size):
        L[i] = 0.0
        for o in range(each.shape[1]):
            L[i] += each[i, o]


def diagonals(curvature: Array) -> Array:
    """The diagonals (n, q) of a loss's curvature, which may be no more than these."""
    return curvature if curvature.ndim == 2 else np.asarray(np.einsum("ioo->io", curvature))
