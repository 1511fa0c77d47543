"""The Hessian as blocks over hidden units plus a matrix of low rank.

    H = diag_k(R_k) + U U^T,    U = J^T L / sqrt n,    Lam_i = L_i L_i^T

R couples the weights (a_1k .. a_qk, w~_k) of one unit with themselves alone. U has n q columns; its rows
that belong to one unit are that unit's features. An output bias has a zero block of its own.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cached_property

import numpy as np

from ..arrays import Array
from ..errors.rounding import gamma
from ..forward.scope import unit_inputs
from .compressed import Matrix
from .tangent_kernel import loss_roots


class Units:
    """Blocks and features of a matrix, one unit after the other.

    Parameters
    ----------
    matrix : Matrix
    scale : float
        Blocks are divided by it and features by its root.
    """

    def __init__(self, matrix: Matrix, scale: float = 1.0) -> None:
        self.matrix, self.scale = matrix, scale
        self.inputs = unit_inputs(matrix.forward, matrix.scope)
        self.outputs = matrix.forward.net.n_outputs if matrix.scope.has("a") else 0

    @property
    def block_order(self) -> int:
        """Number of weights of one unit."""
        return int(self.outputs + self.inputs.shape[1])

    @property
    def forming_error(self) -> float:
        """Bound of the Frobenius norm of the rounding errors of all blocks together."""
        return gamma(self.matrix.forward.n + 12) * self.matrix.bound.residual / self.scale

    def __iter__(self) -> Iterator[tuple[Array, Array]]:
        """Pairs (R_k, U_k): (p, p) and (n q, p), a unit at a time; the output bias is last."""
        forward, scope = self.matrix.forward, self.matrix.scope
        for k in range(forward.S.shape[1] if self.block_order else 0):
            yield self.block(k), self.features(k)
        if scope.has("c"):
            yield np.zeros((forward.net.n_outputs,) * 2), self.bias_features()

    def block(self, k: int) -> Array:
        """R_k, zero if the residual part is not meant. Shape (q + d~, q + d~), d~ inputs with the bias."""
        forward, q = self.matrix.forward, self.outputs
        block = np.zeros((self.block_order, self.block_order))
        if self.matrix.scope.residual:
            slopes = forward.S1[:, k, None] * (forward.G[:, :q] / forward.n)
            block[:q, q:] = slopes.T @ self.inputs
            block[q:, :q] = block[:q, q:].T
            block[q:, q:] = self._curved(self._weights[:, k] * forward.S2[:, k] / forward.n)
        return block / self.scale

    def _curved(self, weights: Array) -> Array:
        """sum_i weights_i x~_i x~_i^T as a difference of two squares, so that it is symmetric."""
        total = np.zeros((self.inputs.shape[1],) * 2)
        for sign in (1.0, -1.0):
            chosen = sign * weights > 0
            rows = self.inputs[chosen] * np.sqrt(sign * weights[chosen])[:, None]
            total += sign * (rows.T @ rows)
        return total

    def features(self, k: int) -> Array:
        """U_k^T: L_i^T d f_i / d (weights of unit k) / sqrt n, zero if the Gauss-Newton part is not meant.

        Shape (q + d~, n q), d~ inputs with the bias.
        """
        forward, q, roots = self.matrix.forward, self.outputs, self._transposed_roots
        made = np.empty((forward.n, forward.net.n_outputs, self.block_order))
        made[:, :, :q] = roots[:, :, :q] * forward.S[:, k, None, None]
        slopes = (roots @ forward.net.A[:, k]) * forward.S1[:, k, None]
        np.multiply(slopes[:, :, None], self.inputs[:, None, :], out=made[:, :, q:])
        return made.reshape(-1, self.block_order) / math.sqrt(self.scale)

    def bias_features(self) -> Array:
        """The same for the output bias, shape (n q, q)."""
        return self._transposed_roots.reshape(-1, self.matrix.forward.net.n_outputs) / math.sqrt(self.scale)

    def outputs_along(self, weights: Array, biases: Array) -> Array:
        """U^T v for all units together: v is (m, p) and (q,) on the output bias; shape (n q,).

        O(n m (q + d)) time, and no features are formed.
        """
        forward, q = self.matrix.forward, self.outputs
        slopes = (self.inputs @ weights[:, q:].T) * forward.S1
        along = slopes @ forward.net.A.T + biases
        if q:
            along += forward.S @ weights[:, :q]
        return np.asarray(np.einsum("ipo,io->ip", self._transposed_roots, along).ravel())

    def pulled_back(self, values: Array) -> tuple[Array, Array]:
        """U w for w (n q,): (m, p), and (q,) on the output bias. O(n m (q + d)) time."""
        forward = self.matrix.forward
        roots = self._transposed_roots
        pulled = np.einsum("ipo,ip->io", roots, values.reshape(roots.shape[:2]))
        weights = ((pulled @ forward.net.A) * forward.S1).T @ self.inputs
        if self.outputs:
            weights = np.concatenate([forward.S.T @ pulled, weights], axis=1)
        return weights, pulled.sum(axis=0)

    @cached_property
    def _weights(self) -> Array:
        return self.matrix.forward.GA

    @cached_property
    def _transposed_roots(self) -> Array:
        roots = loss_roots(self.matrix.forward)[0].transpose(0, 2, 1)
        return np.ascontiguousarray(self.matrix.scope.gauss_newton * roots / math.sqrt(self.matrix.forward.n))

    @property
    def features_error(self) -> float:
        """Bound of the relative rounding error of U in Frobenius norm (up to |L|, |J| in place of |L J|)."""
        return gamma(self.matrix.forward.net.n_outputs + 8)
