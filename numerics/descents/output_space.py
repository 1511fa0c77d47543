"""The linear systems of the flow's steps in the space of outputs, where that is smaller than theta's.

H + s = B + J^T Lam J / n, where B, made of s and of the residual part, couples no two units. With R R^T = Lam
over n and K = R^T J, Woodbury's identity solves with H + s by the inverses of the blocks of B, one for each
unit, and by a factor of 1 + K B^-1 K^T, which has n q rows: no matrix of P x P numbers is made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

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
        J = np.zeros((m, n, q, q + d))
        J[:, :, np.arange(q), np.arange(q)] = passed.S.T[:, :, None]
        J[:, :, :, q:] = (passed.S1.T[:, :, None] * passed.net.A.T[:, None, :])[..., None] * X[:, None, :]
        for k, normal in normals.items():
            mixed[k] -= (mixed[k] @ normal) @ normal.T
            J[k, :, :, q:] -= (J[k, :, :, q:] @ normal) @ normal.T
        self.mixed, self.bent = mixed, None
        if passed.S2.any():
            weights = np.ascontiguousarray((passed.GA * passed.S2).T) / n
            self.bent = (weights[:, None, :] * X.T) @ X
        self.J = (root * J if q == 1 else np.einsum("iop,kioj->kipj", root, J)).reshape(m, n * q, q + d)
        self.shift = root.transpose(0, 2, 1).reshape(n * q, q)[:, : len(space.shifts)]
        self.flat = np.ascontiguousarray(self.J.transpose(1, 0, 2)).reshape(n * q, -1)

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
            inverse = _straight(self.mixed, s) if self.bent is None else self._inverse(s)
            through = np.ascontiguousarray((self.J @ inverse).transpose(1, 0, 2)).reshape(len(self.flat), -1)
            K = through @ self.flat.T + self.shift @ self.shift.T / s
            K[np.diag_indices_from(K)] += 1
            inside = np.linalg.inv(np.linalg.cholesky(K))
        except np.linalg.LinAlgError:
            return None
        return partial(self._solved, s, inverse, through, inside)

    def _inverse(self, s: float) -> Array:
        """The inverses (m, q + d~, q + d~) of the blocks of B; an error where one is not positive."""
        m, q, d = self.mixed.shape
        B = np.zeros((m, q + d, q + d))
        B[:, :q, q:], B[:, q:, :q], B[:, q:, q:] = self.mixed, self.mixed.transpose(0, 2, 1), self.bent
        B += s * np.eye(q + d)
        np.linalg.cholesky(B)
        return np.asarray(np.linalg.inv(B))

    def _solved(self, s: float, inverse: Array, through: Array, inside: Array, right: Array) -> Array:
        units, shifts = right[self.space.units], right[self.space.shifts]
        outputs = through @ units.ravel() + self.shift @ shifts / s
        outputs = inside.T @ (inside @ outputs)
        found = np.empty_like(right)
        alone = (inverse @ units[:, :, None])[:, :, 0]
        found[self.space.units] = alone - (outputs @ through).reshape(units.shape)
        found[self.space.shifts] = (shifts - outputs @ self.shift) / s
        return found


def _straight(mixed: Array, s: float) -> Array:
    """The inverses of blocks [[s, V], [V^T, s]], V in `mixed` (m, q, d~); an error if one is not positive."""
    m, q, d = mixed.shape
    C = s * np.eye(q) - mixed @ mixed.transpose(0, 2, 1) / s
    np.linalg.cholesky(C)
    found = np.empty((m, q + d, q + d))
    found[:, :q, :q] = np.linalg.inv(C)
    found[:, :q, q:] = -(found[:, :q, :q] @ mixed) / s
    found[:, q:, :q] = found[:, :q, q:].transpose(0, 2, 1)
    found[:, q:, q:] = np.eye(d) / s - mixed.transpose(0, 2, 1) @ found[:, :q, q:] / s
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
