"""Lanczos with full orthogonalisation and thick restarts: Ritz pairs in the memory of a few dozen vectors.

K. Wu and H. Simon, Thick-restart Lanczos method for large symmetric eigenvalue problems, SIAM J. Matrix
Anal. Appl. 22 (2000). When the basis is full, the best Ritz vectors are kept and the last Lanczos vector goes
on from them. Nothing here is proved: what is found are candidates.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...arrays import Array

ROWS = 2**14
"""Rows of the basis that are rotated at once."""

INVARIANT = 2.0**-48
"""Length of a new direction, over that of the product it comes from, that is taken for rounding."""


class Basis:
    """Orthonormal columns Q, and T = Q^T H Q, that grow by products with H in the complement of `locked`.

    Parameters
    ----------
    product : callable
        The symmetric operator H times a vector (P,).
    locked : ndarray, shape (P, l)
        Orthonormal columns that the search stays orthogonal to.
    room : int
        Columns of Q at most.
    seed : int
        Of the start, and of the directions taken where a subspace closes.

    Attributes
    ----------
    filled : int
        Columns of Q so far.
    first : tuple of (ndarray, float)
        The random vector it began with, and the squared length of its image; None before the first product.
    last : float
        Length of the part of the latest product that points out of the basis.

    Examples
    --------
    >>> basis = Basis(lambda v: np.array([3.0, 2.0, 1.0]) * v, np.zeros((3, 0)), 3, 0)
    >>> for _ in range(3):
    ...     basis.step()
    >>> basis.ritz()[0].round(12)
    array([1., 2., 3.])
    """

    def __init__(self, product: Callable[[Array], Array], locked: Array, room: int, seed: int) -> None:
        order = len(locked)
        self.product, self.locked = product, locked
        self.room = min(room, order - locked.shape[1])
        self.Q = np.zeros((order, self.room + 1), order="F")
        self.T = np.zeros((self.room, self.room))
        self.filled, self.last, self.products = 0, 0.0, 0
        self.random = np.random.default_rng(seed)
        self.first: tuple[Array, float] | None = None
        self._fresh(0)

    def step(self) -> None:
        """One product; the basis grows by one column."""
        at = self.filled
        image = np.array(self.product(np.ascontiguousarray(self.Q[:, at])), dtype=np.float64)
        self.products += 1
        length = float(np.linalg.norm(image))
        self.first = self.first or (self.Q[:, at].copy(), length**2)
        inner = self._orthogonalise(image, at + 1)
        self.T[: at + 1, at] = self.T[at, : at + 1] = inner
        self.filled, self.last = at + 1, float(np.linalg.norm(image))
        if self.filled == self.room == len(self.Q) - self.locked.shape[1]:
            self.last = 0.0
        elif self.last <= INVARIANT * length:
            self._fresh(self.filled)
        else:
            self.Q[:, self.filled] = image / self.last

    def ritz(self) -> tuple[Array, Array, Array]:
        """Ritz values (f,), ascending, their coordinates (f, f) in Q, and their residuals (f,), estimated."""
        values, Y = np.linalg.eigh(self.T[: self.filled, : self.filled])
        return values, Y, self.last * np.abs(Y[-1])

    def vectors(self, Y: Array) -> Array:
        """The vectors of coordinates Y, (P, number of columns of Y)."""
        return np.asarray(self.Q[:, : self.filled] @ Y)

    def restart(self, values: Array, Y: Array) -> None:
        """Keep the Ritz vectors of coordinates Y (f, kept) and values (kept,), and the latest direction."""
        kept, filled = len(values), self.filled
        for first in range(0, len(self.Q), ROWS):
            rows = slice(first, first + ROWS)
            self.Q[rows, :kept] = self.Q[rows, :filled] @ Y
        self.Q[:, kept] = self.Q[:, filled]
        self.T[:] = 0.0
        self.T[range(kept), range(kept)] = values
        self.filled = kept

    def _orthogonalise(self, vector: Array, count: int) -> Array:
        """Take the first columns out of the vector, twice, in place; returns its coordinates in them."""
        total, Q = np.zeros(count), self.Q[:, :count]
        for _ in range(2):
            if self.locked.shape[1]:
                vector -= self.locked @ (self.locked.T @ vector)
            inner = Q.T @ vector
            vector -= Q @ inner
            total += inner
        return total

    def _fresh(self, at: int) -> None:
        """A random direction as the next column: the subspace is invariant, or there is none yet."""
        self.last = 0.0
        for _ in range(2):
            vector = self.random.standard_normal(len(self.Q))
            self._orthogonalise(vector, at)
            length = float(np.linalg.norm(vector))
            if length > 0:
                self.Q[:, at] = vector / length
                self._orthogonalise(self.Q[:, at], at)
                self.Q[:, at] /= np.linalg.norm(self.Q[:, at])
                return
