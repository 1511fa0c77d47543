"""The values of one forward pass: what every curvature quantity is computed from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arrays import Array
from ..jit import kernel
from ..model.loss import Loss
from ..model.network import TwoLayer


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
