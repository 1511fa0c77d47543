r"""The capacitance matrix C = I + sum_k Y_k^T diag(1 / t) Y_k, and the pivots t that are kept out of it.

A pivot near zero would fill C with large entries and their rounding errors. The few that would do most harm
are kept as a border instead: with the pivots t_s and rows Y_s of the border,

    [[ -C, Y_s^T ], [ Y_s, diag(t_s) ]]

has as many negative eigenvalues as H + shift I has, less those of the other pivots, plus n q (Haynsworth, for
[[B, U], [U^T, -I]]).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...arrays import Array
from ...errors.rounding import SLACK, UNIT, gamma

ROWS = 256  # rows that are multiplied at once, at most
BORDER = 32  # pivots that are kept out of C, at most
TINY = 2.0**-400


@dataclass(frozen=True)
class Rows:
    """Pivots t (j,), squared norms (j,) of their columns of M, rows of Y (j, n q), and their blocks (j,)."""

    pivots: Array
    lengths: Array
    Y: Array
    blocks: NDArray[np.intp]

    def __getitem__(self, which: NDArray[np.intp]) -> Rows:
        return Rows(self.pivots[which], self.lengths[which], self.Y[which], self.blocks[which])

    @property
    def squares(self) -> Array:
        """|y|^2 of each row, (j,)."""
        return np.asarray(np.einsum("ij,ij->i", self.Y, self.Y))


class Capacitance:
    """Adds up C, with a bound of its rounding errors.

    Parameters
    ----------
    order : int
        n q.
    price : float
        What a unit of |y|^2 / |t| costs in the error of H. A pivot that enters C is moved away from zero as
        far as that costs less.

    Attributes
    ----------
    C : ndarray, shape (n q, n q)
    border : Rows
        What is kept out of it.
    negatives : int
        Negative pivots that entered C.
    entered : list of ndarray
        Absolute values of the pivots that entered, as moved.
    charges : dict of int to float
        What moving them adds to the error of their block.
    rounding : float
        Bound of the Frobenius norm of the error of C.
    """

    def __init__(self, order: int, price: float) -> None:
        self.C, self.price, self.negatives = np.eye(order), price, 0
        none = np.zeros(0)
        self.border = Rows(none, none, np.zeros((0, order)), none.astype(np.intp))
        self.harm, self.entered, self.charges = none, list[Array](), defaultdict[int, float](float)
        self.waiting: dict[float, list[Array]] = {1.0: [], -1.0: []}
        self.rounding = 0.0
        self._product = np.empty((order, order))

    def add(self, rows: Rows) -> None:
        """Take the rows of a block: the border keeps those that would do most harm, the others enter C."""
        squares = rows.squares
        harm = squares / np.maximum(np.abs(rows.pivots), TINY)
        least = self.harm.min() if len(self.harm) == BORDER else 0.0
        worse = np.argsort(-harm)[:BORDER]
        worse = worse[harm[worse] > least]
        others = np.setdiff1d(np.arange(len(harm)), worse, assume_unique=True)
        self._enter(rows[others], squares[others])
        if len(worse):
            both = _joined(self.border, rows[worse])
            harms = np.concatenate([self.harm, harm[worse]])
            order = np.argsort(-harms)
            self.border, self.harm = both[order[:BORDER]], harms[order[:BORDER]]
            given_up = both[order[BORDER:]]
            self._enter(given_up, given_up.squares)

    def _enter(self, rows: Rows, squares: Array) -> None:
        sizes = np.abs(rows.pivots)
        pivots = np.maximum(sizes, np.maximum(np.sqrt(self.price * squares / rows.lengths), TINY))
        moved = pivots > sizes
        for block, charge in zip(rows.blocks[moved], ((pivots - sizes) * rows.lengths)[moved], strict=True):
            self.charges[int(block)] += float(charge)
        self.negatives += int((rows.pivots < 0).sum())
        self.entered.append(pivots)
        scaled = rows.Y / np.sqrt(pivots)[:, None]
        for sign in (1.0, -1.0):
            self.waiting[sign].append(scaled[rows.pivots >= 0 if sign > 0 else rows.pivots < 0])
            if sum(map(len, self.waiting[sign])) >= ROWS:
                self._multiply(sign)

    def _multiply(self, sign: float) -> None:
        waiting = np.concatenate(self.waiting[sign])
        self.waiting[sign] = []
        for first in range(0, len(waiting), ROWS):
            part = waiting[first : first + ROWS]
            np.matmul(part.T, part, out=self._product)
            self.C += self._product if sign > 0 else -self._product
            weight = float(np.einsum("ij,ij->", part, part))
            self.rounding += gamma(len(part) + 8) * weight + UNIT * float(np.linalg.norm(self.C))

    def flush(self) -> None:
        """Multiply what is waiting."""
        for sign in (1.0, -1.0):
            if self.waiting[sign]:
                self._multiply(sign)
        self.rounding *= SLACK

    def bordered(self) -> Array:
        """The matrix above, shape (j + n q, j + n q)."""
        j, order = len(self.border.pivots), len(self.C)
        whole = np.empty((j + order, j + order), order="F")
        whole[:order, :order] = -self.C
        whole[order:, :order], whole[:order, order:] = self.border.Y, self.border.Y.T
        whole[order:, order:] = np.diag(self.border.pivots)
        return whole


def _joined(one: Rows, other: Rows) -> Rows:
    return Rows(
        np.concatenate([one.pivots, other.pivots]),
        np.concatenate([one.lengths, other.lengths]),
        np.concatenate([one.Y, other.Y]),
        np.concatenate([one.blocks, other.blocks]),
    )
