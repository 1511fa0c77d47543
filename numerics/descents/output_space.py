"""The linear systems of the flow's steps in the space of outputs, where that is smaller than theta's.

H + s = B + J^T Lam J / n, where B, made of s and of the residual part, couples no two units. With R R^T = Lam
over n, B^-1 = C^T C by blocks, one for each unit, and T = R^T J C^T, Woodbury's identity makes of the inverse
C^T (1 - T^T (1 + T T^T)^-1 T) C. T has n q rows, and no matrix of P x P numbers is made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
from scipy.linalg import lapack

from numerics.landscape.landscape import NetworkLandscape
from twolayer.arrays import Array
from twolayer.forward.values import Values

NEGATIVE = 1e-12
"""Second derivatives of the loss below zero by this share of the largest are rounding."""

Solve = Callable[[Array], Array]


class OutputSpace:
    """What the systems need to know of a network and its samples.

    Parameters
    ----------
    landscape : NetworkLandscape

    Attributes
    ----------
    worth : bool
        Whether the space of outputs is so small that it is the cheaper one to solve in.
    """

    def __init__(self, landscape: NetworkLandscape) -> None:
        net, (n, d), layout = landscape.net, landscape.X.shape, landscape.net.layout
        m, q = len(net.W), net.n_outputs
        outer = np.arange(q * m).reshape(q, m).T
        inner = layout["W"].start + np.arange(m * d).reshape(m, d)
        self.X = landscape.X
        if net.b is not None:
            self.X = np.column_stack([self.X, np.ones(n)])
            inner = np.column_stack([inner, layout["b"].start + np.arange(m)])
        self.units = np.concatenate([outer, inner], axis=1)
        self.shifts = np.arange(net.n_parameters)[layout["c"]] if net.c is not None else np.arange(0)
        P, rows, block = net.n_parameters, n * q, self.units.shape[1]
        self.worth = rows * (block + rows) + block**2 < P * (P / 6 + rows) / 2

    def at(self, passed: Values, normals: Mapping[int, Array]) -> Curvature | None:
        """The Hessian at a forward pass, projected where `normals` (d~, r) of units hold weights.

        None where the loss is curved downwards, or nothing is finite.
        """
        root = _root(passed.Lam / passed.n)
        return None if root is None else Curvature(self, passed, normals, root)


class Curvature:
    """The Hessian at one point, by blocks of units and by what outputs couple.

    Parameters
    ----------
    space : OutputSpace
    passed : Values
        A forward pass, possibly inside a pattern of activations.
    normals : mapping
        For units whose inner weights are held, an orthonormal basis (d~, r) of where they cannot go.
    root : ndarray, shape (n, q, q)
        R, with R R^T the second derivatives of the losses over n.
    """

    def __init__(self, space: OutputSpace, passed: Values, normals: Mapping[int, Array], root: Array) -> None:
        self.space, n = space, passed.n
        (q, m), (_, d) = passed.net.A.shape, space.X.shape
        G, X = passed.G / n, space.X
        mixed = (passed.S1.T[:, None, :] * G.T) @ X
        turned = root.transpose(0, 2, 1)
        outer = (turned @ passed.net.A) * passed.S1[:, None]
        J = np.empty((n, q, m, q + d))
        np.multiply(turned[:, :, None, :], passed.S[:, None, :, None], out=J[..., :q])
        np.multiply(outer[..., None], X[:, None, None, :], out=J[..., q:])
        for k, normal in normals.items():
            mixed[k] -= (mixed[k] @ normal) @ normal.T
            J[:, :, k, q:] -= (J[:, :, k, q:] @ normal) @ normal.T
        self.mixed, self.bent = mixed, None
        if passed.S2.any():
            weights = np.ascontiguousarray((passed.GA * passed.S2).T) / n
            self.bent = (weights[:, None, :] * X.T) @ X
        self.J = J.reshape(n * q, m, q + d)
        self.shift = turned.reshape(n * q, q)[:, : len(space.shifts)]
        self.flat = self.J.reshape(n * q, -1)

    @property
    def residual_norm(self) -> float:
        """|R|_F of the residual part."""
        squares = 2 * float((self.mixed**2).sum())
        return float(np.sqrt(squares if self.bent is None else squares + float((self.bent**2).sum())))

    @property
    def trace(self) -> float:
        """The trace of J^T Lam J / n."""
        return float((self.flat**2).sum() + (self.shift**2).sum())

    def rows(self, P: int) -> Array:
        """E (n q, P) with E^T E = J^T Lam J / n, in theta's order."""
        found = np.zeros((len(self.flat), P))
        found[:, self.space.units.ravel()], found[:, self.space.shifts] = self.flat, self.shift
        return found

    def shifted(self, s: float) -> Solve | None:
        """What solves with H + `s`, or None where a block of B is not positive: then it may still be."""
        try:
            C = _straight(self.mixed, s) if self.bent is None else self._bent(s)
        except np.linalg.LinAlgError:
            return None
        rows = len(self.flat)
        blocks = np.empty((rows, len(C), C.shape[1]))
        np.matmul(self.J.transpose(1, 0, 2), C.transpose(0, 2, 1), out=blocks.transpose(1, 0, 2))
        T = blocks.reshape(rows, -1)
        K = T @ T.T
        if self.shift.shape[1]:
            K += self.shift @ self.shift.T / s
        K.flat[:: rows + 1] += 1
        factor, failed = lapack.dpotrf(K.T, lower=1, overwrite_a=1)  # symmetric: of K.T no copy is made
        return None if failed else partial(self._solved, s, C, T, factor)

    def _bent(self, s: float) -> Array:
        """C (m, q + d~, q + d~) with C^T C the inverse of B; an error if a block is not positive."""
        m, q, d = self.mixed.shape
        B = np.zeros((m, q + d, q + d))
        B[:, q:, :q], B[:, q:, q:] = self.mixed.transpose(0, 2, 1), self.bent  # the triangle that is read
        B.reshape(m, -1)[:, :: q + d + 1] += s
        return np.asarray(np.linalg.inv(np.linalg.cholesky(B)))

    def _solved(self, s: float, C: Array, T: Array, factor: Array, right: Array) -> Array:
        space = self.space
        inner = (C @ right[space.units][:, :, None]).ravel()
        outputs = T @ inner
        if len(space.shifts):
            outputs += self.shift @ right[space.shifts] / s
        outputs = lapack.dpotrs(factor, outputs, lower=1, overwrite_b=1)[0]
        inner -= outputs @ T
        found = np.empty_like(right)
        found[space.units] = (inner.reshape(len(C), 1, -1) @ C)[:, 0, :]
        found[space.shifts] = (right[space.shifts] - outputs @ self.shift) / s
        return found


def _straight(mixed: Array, s: float) -> Array:
    """C with C^T C the inverse of [[s, V], [V^T, s]], V in `mixed` (m, q, d~); an error if not positive."""
    m, q, d = mixed.shape
    found = np.zeros((m, q + d, q + d))
    found[:, :q, :q] = np.linalg.inv(np.linalg.cholesky(s * np.eye(q) - mixed @ mixed.transpose(0, 2, 1) / s))
    found[:, :q, q:] = -(found[:, :q, :q] @ mixed) / s
    found[:, range(q, q + d), range(q, q + d)] = 1 / np.sqrt(s)
    return found


def _root(Lam: Array) -> Array | None:
    """R (n, q, q) with R R^T = Lam, or None where Lam has no such root."""
    if not np.isfinite(Lam).all():
        return None
    if Lam.shape[1] == 1:
        return None if (Lam < 0).any() else np.sqrt(Lam)
    values, V = np.linalg.eigh(Lam)
    if values.min() < -NEGATIVE * values.max():
        return None
    return np.asarray(V * np.sqrt(np.maximum(values, 0.0))[:, None, :])
