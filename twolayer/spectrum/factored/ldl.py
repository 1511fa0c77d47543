"""A factorization of a symmetric matrix that is verified after the fact.

B + E = M diag(t) M^T with M = P^T L O nonsingular: P a permutation, L unit lower triangular (Bunch and
Kaufman's, from LAPACK), O rotations of the pairs that LAPACK pivots together. Where B is positive definite it
is Cholesky's, which takes a third of the time, and P and O are the identity. |E| is bounded by evaluating
B - M diag(t) M^T, so nothing is taken from LAPACK on trust, and by Sylvester's law B + E has as many
negative eigenvalues as t has negative entries. What rounding does to a Cholesky factor K is bounded by
diagonal and rest apart, |K| |K|^T <= D^2 + |N| D + D |N|^T + |N| |N|^T: of K K^T only the last term has sums.
"""

from __future__ import annotations

import math
from functools import cached_property

import numpy as np
from scipy.linalg import blas, lapack

from ...arrays import Array
from ...blas_threads import scipy_on_one_thread
from ...errors.rounding import SLACK, UNDERFLOW_NORM, gamma, largest_size, without_tiny
from ..tridiagonal.panels import Heard, bunch_kaufman, cholesky, unheard
from .remainder import Subtract, cholesky_remainder, subtracted, subtracted_sharply

LEAST_PIVOT = 2.0**-20
"""Of the root of the largest diagonal entry: where Cholesky's factor has one below, pivots are chosen."""

POOR = 1e-6
"""Error, as a share of the largest entry, above which B is factored anew without its tiny entries."""


class Factorization:
    """M diag(t) M^T of a symmetric array B with entries of moderate size.

    Parameters
    ----------
    B : ndarray, shape (p, p)
    sharp : bool
        Whether |E| is evaluated to a few units of rounding of the factors, at some three times the cost,
        instead of p of them.
    heard : callable
        Called now and then, if B is large; it may raise.

    Attributes
    ----------
    pivots : ndarray, shape (p,)
        t.
    lengths : ndarray, shape (p,)
        Bounds of the squared Euclidean norms of the columns of |L| |O|.
    size : float
        Bound of the Frobenius norm of |M| diag|t| |M|^T.
    error : float
        Bound of |E|_F; infinite where nothing is known of it.

    Examples
    --------
    >>> F = Factorization(np.array([[0.0, 1.0], [1.0, 0.0]]))
    >>> sorted(F.pivots.round(12).tolist()), F.error < 1e-14
    ([-1.0, 1.0], True)
    """

    def __init__(self, B: Array, sharp: bool = False, heard: Heard = unheard) -> None:
        self.heard = heard
        self.pairs, self.turns = np.empty(0, dtype=np.intp), np.empty((0, 2))
        with scipy_on_one_thread(len(B)), np.errstate(over="ignore", invalid="ignore"):
            factor = _cholesky(B, heard)
            if factor is None:
                subtract = subtracted_sharply if sharp else subtracted
                self._indefinite(B)
                error = self._verified(B, subtract)
                if not error <= POOR * largest_size(B.ravel(order="K")):
                    (kept,) = without_tiny(B)
                    if (kept != B).any():
                        self._indefinite(kept)
                        error = self._verified(B, subtract)
            else:
                error = self._positive(B, factor)
                if sharp:
                    error = min(error, self._verified(B, subtracted_sharply))
        self.error = error if error < math.inf else math.inf  # factors may overflow

    @cached_property
    def L(self) -> Array:
        """The factor with a unit diagonal, (p, p), in column order."""
        return np.asfortranarray(self.factor / np.sqrt(self.pivots))

    def _positive(self, B: Array, factor: Array) -> float:
        """Take Cholesky's `factor` of B, both (p, p); |E|_F."""
        self.factor, self.order, self.lengths = factor, np.arange(len(B)), np.empty(len(B))
        self.pivots: Array = np.square(factor.diagonal())
        found, lost, self.size = cholesky_remainder(np.ascontiguousarray(B), factor, self.lengths, self.heard)
        return SLACK * (found * (1 + gamma(4)) + lost + gamma(12) * self.size) + len(B) * UNDERFLOW_NORM

    def _indefinite(self, B: Array) -> None:
        """Bunch and Kaufman's factors of B (p, p)."""
        packed, swaps = bunch_kaufman(B, self.heard)
        L, below, _ = lapack.dsyconv(packed, swaps, lower=1, overwrite_a=1)
        self.pairs = _pairs(swaps)
        self.order = _order(swaps, self.pairs)
        self.pivots, self.turns = _rotated(L.diagonal().copy(), below, self.pairs)
        self.L = np.asfortranarray(np.tril(L, -1))
        np.fill_diagonal(self.L, 1.0)
        self.lengths = np.einsum("ij,ij->j", self.L, self.L)
        both = self.lengths[self.pairs] + self.lengths[self.pairs + 1]
        self.lengths[self.pairs] = self.lengths[self.pairs + 1] = both
        self.size = float((np.abs(self.pivots) * self.lengths).sum())

    def _verified(self, B: Array, subtract: Subtract) -> float:
        """|E|_F from its lower triangle."""
        lost = 0.0
        M = self.L.copy(order="F")
        _turn(M.T, self.pairs, self.turns * [1.0, -1.0])
        kept = (np.diff(self.order) > 0).all()
        E = np.array(B if kept else B[np.ix_(self.order, self.order)], order="F")
        for sign in (1.0, -1.0):
            chosen = sign * self.pivots > 0
            if chosen.any():
                columns = M[:, chosen] * np.sqrt(np.abs(self.pivots[chosen]))
                E, rounding = subtract(E, columns, sign, self.heard)
                lost += rounding
        found = math.sqrt(2.0) * float(np.linalg.norm(np.tril(E)))
        return SLACK * (found * (1 + gamma(4)) + lost + gamma(16) * self.size) + len(B) * UNDERFLOW_NORM

    def solve(self, U: Array) -> tuple[Array, float]:
        """Y with M Y = U + (an error whose Frobenius norm is bounded by the second result); U is (p, c)."""
        Y = self.reduced(U)
        U = np.asfortranarray(U[self.order])
        with scipy_on_one_thread(len(U)):
            back = Y.copy(order="F")
            _turn(back, self.pairs, self.turns)
            back = blas.dtrmm(1.0, self.L, back, lower=1, diag=1, overwrite_b=1)
        back -= U
        rows = np.einsum("ij,ij->i", Y, Y)
        size = float(np.sqrt(self.lengths * rows).sum())
        missed = SLACK * (float(np.linalg.norm(back)) * (1 + gamma(4)) + gamma(len(U) + 16) * size)
        return Y, missed + np.sqrt(U.size) * UNDERFLOW_NORM

    def reduced(self, U: Array) -> Array:
        """M^(-1) U for U of shape (p, c), unverified."""
        with scipy_on_one_thread(len(U)):
            Y = blas.dtrsm(1.0, self.L, np.asfortranarray(U[self.order]), lower=1, diag=1)
        _turn(Y, self.pairs, self.turns * [1.0, -1.0])
        return np.asarray(Y)

    def divided(self, v: Array, pivots: Array) -> Array:
        """(M diag(pivots) M^T)^(-1) v for a vector (p,): a solution of B x = v if `pivots` are its own."""
        found, Y = np.empty_like(v), self.reduced(v[:, None])
        Y /= pivots[:, None]
        _turn(Y, self.pairs, self.turns)
        with scipy_on_one_thread(len(v)):
            found[self.order] = blas.dtrsm(1.0, self.L, Y, lower=1, diag=1, trans_a=1)[:, 0]
        return found


def _cholesky(B: Array, heard: Heard) -> Array | None:
    """Cholesky's factor of B (p, p), if it has one and no entry is so small that its column grows large."""
    diagonal = B.diagonal()
    if not diagonal.min(initial=1.0) > 0:
        return None
    factor = cholesky(B, heard)
    least = LEAST_PIVOT * math.sqrt(diagonal.max(initial=0.0))
    return None if factor is None or not factor.diagonal().min(initial=1.0) >= least else factor


def _pairs(swaps: np.ndarray) -> np.ndarray:
    """First positions of the 2 x 2 pivots: LAPACK marks both of their positions by one negative number."""
    found, at = [], 0
    while at < len(swaps):
        if swaps[at] < 0:
            found.append(at)
            at += 1
        at += 1
    return np.array(found, dtype=np.intp)


def _order(swaps: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """The permutation as an index: row i of P B is row order[i] of B."""
    order = np.arange(len(swaps))
    seconds = set((pairs + 1).tolist())
    for at, target in enumerate(swaps.tolist()):
        other = abs(target) - 1
        if target > 0 or at in seconds:
            order[[at, other]] = order[[other, at]]
    return order


def _rotated(diagonal: Array, below: Array, pairs: np.ndarray) -> tuple[Array, Array]:
    """Eigenvalues of the pivots, and (cos, sin) of the rotation of each pair."""
    blocks = np.empty((len(pairs), 2, 2))
    blocks[:, 0, 0], blocks[:, 1, 1] = diagonal[pairs], diagonal[pairs + 1]
    blocks[:, 0, 1] = blocks[:, 1, 0] = below[pairs]
    values, vectors = np.linalg.eigh(blocks)
    # either column may carry a sign of its own: rebuild the second from the first
    diagonal[pairs], diagonal[pairs + 1] = values[:, 0], values[:, 1]
    return diagonal, np.ascontiguousarray(vectors[:, :, 0])


def _turn(rows: Array, pairs: np.ndarray, turns: Array) -> None:
    """Rotate the rows (i, i + 1) of each pair in place: (x, y) -> (c x - s y, s x + c y)."""
    if len(pairs):
        c, s = turns[:, 0, None], turns[:, 1, None]
        first, second = rows[pairs], rows[pairs + 1]
        rows[pairs], rows[pairs + 1] = c * first - s * second, s * first + c * second
