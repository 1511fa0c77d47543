"""How much the samples' Hessians differ: the matrix E[H_i^2] - H^2, by products with vectors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.sparse.linalg import LinearOperator

from numerics.deep.hessian import Hessian
from twolayer.arrays import Array

Term = Callable[[int], Array]


class Spread(LinearOperator):  # type: ignore[misc]
    """E[H_i^2] - H^2, H_i the Hessian of one sample's loss; symmetric and positive semidefinite.

    Its largest eigenvalue is the square of the non-uniformity of Wu, Ma and E (2018). Any depth, activation
    and loss; a product costs three of H and no more memory, since H_i v has rank two in every layer.

    Parameters
    ----------
    hessian : Hessian

    Examples
    --------
    Two samples of curvatures 1 and 9 along one parameter: mean square 41, squared mean 25.

    >>> from numerics.deep.network import Network
    >>> H = Hessian(Network([[1.0]]), [[1.0], [3.0]], [0.0, 0.0])
    >>> Spread(H) @ np.ones(1)
    array([16.])
    """

    def __init__(self, hessian: Hessian) -> None:
        self.hessian = hessian
        super().__init__(np.dtype(np.float64), hessian.shape)

    def _matvec(self, vector: Any) -> Array:
        run = self.hessian.forward
        whole = run.net.replace(np.asarray(vector, dtype=float).ravel()).layers

        def by_input(l: int) -> Array:
            W, b = whole[l]
            return np.asarray(run.h[l] @ W.T + (0.0 if b is None else b))

        a, c = self._signals(by_input, lambda l: run.delta[l] @ whole[l][0])
        mean = self._mean(a, c)

        # H_i v is a h^T + delta c^T by the weights of a layer, and a by its bias
        def by_input_again(l: int) -> Array:
            one = run.net.layers[l][1] is not None
            along, across = _dot(run.h[l], run.h[l]) + one, _dot(c[l], run.h[l])
            return np.asarray(a[l] * along + run.delta[l] * across)

        def by_output_again(l: int) -> Array:
            along, across = _dot(a[l], run.delta[l]), _dot(run.delta[l], run.delta[l])
            return np.asarray(run.h[l] * along + c[l] * across)

        square = self._mean(*self._signals(by_input_again, by_output_again))
        return np.asarray(square - self.hessian @ mean)

    def _signals(self, by_input: Term, by_output: Term) -> tuple[list[Array], list[Array]]:
        """How delta_l and h_(l-1) move, of every layer, when every sample's weights V_l move its own way.

        `by_input` gives V_l h^_(l-1), (n, m_l), and `by_output` V_l^T delta_l, (n, m_(l-1)).
        """
        run = self.hessian.forward
        moved_h, moved_z = [np.zeros_like(run.h[0])], []
        for l, (W, _) in enumerate(run.net.layers):
            moved_z.append(moved_h[l] @ W.T + by_input(l))
            if l < run.net.depth - 1:
                moved_h.append(moved_z[l] * run.S1[l])
        found = [np.einsum("iop,ip->io", run.Lam, moved_z[-1])]
        for l in range(run.net.depth - 1, 0, -1):
            back = found[0] @ run.net.layers[l][0] + by_output(l)
            found.insert(0, back * run.S1[l - 1] + moved_z[l - 1] * run.v[l - 1])
        return found, moved_h

    def _mean(self, a: list[Array], c: list[Array]) -> Array:
        """The mean over samples of a h^T + delta c^T and a, shape (P,)."""
        run, parts = self.hessian.forward, []
        for l, (_, b) in enumerate(run.net.layers):
            parts.append((a[l].T @ run.h[l] + run.delta[l].T @ c[l]).ravel())
            parts += [] if b is None else [a[l].sum(axis=0)]
        return np.asarray(np.concatenate(parts) / run.n)

    def _adjoint(self) -> Spread:
        return self

    _transpose = _adjoint


def _dot(x: Array, y: Array) -> Array:
    return np.asarray(np.einsum("ij,ij->i", x, y)[:, None])
