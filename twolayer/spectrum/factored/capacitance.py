r"""The capacitance matrix C = I + sum_k Y_k^T diag(1 / t) Y_k, and the pivots t that are kept out of it.

A pivot near zero would fill C with large entries and their rounding errors. The few that would do most harm
are kept as a border instead: with the pivots t_s and rows Y_s of the border,

    [[ -C, Y_s^T ], [ Y_s, diag(t_s) ]]

has as many negative eigenvalues as H + shift I has, less those of the other pivots, plus n q (Haynsworth, for
[[B, U], [U^T, -I]]). Rows and columns of the border are multiplied by powers of two that make them as large
as those of C: what an eigenvalue solver loses of the whole is then little of them.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ...arrays import Array
from ...errors.rounding import UNIT
from .accumulated import PlainSum, SharpSum

ROWS = 256  # rows that are multiplied at once, about
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
    size : float
        |U|_2^2, which the error of C is multiplied by in that of H. A pivot that enters C is moved away from
        zero as far as that costs less.
    sharp : bool
        Whether C is summed to a unit of its own rounding, at three times the cost.

    Attributes
    ----------
    border : Rows
        What is kept out of it.
    negatives : int
        Negative pivots that entered C.
    entered : list of ndarray
        Absolute values of the pivots that entered, as moved.
    charges : dict of int to float
        What moving them adds to the error of their block.
    """

    def __init__(self, order: int, size: float, sharp: bool = False) -> None:
        self.sum = SharpSum(order) if sharp else PlainSum(order)
        self.price, self.negatives = self.sum.cost * UNIT * size, 0
        none = np.zeros(0)
        self.border = Rows(none, none, np.zeros((0, order)), none.astype(np.intp))
        self.harm, self.entered, self.charges = none, list[Array](), defaultdict[int, float](float)
        self.waiting: dict[float, list[Array]] = {1.0: [], -1.0: []}

    @property
    def C(self) -> Array:
        """What has been added up, shape (n q, n q)."""
        return self.sum.total

    @property
    def rounding(self) -> float:
        """Bound of the Frobenius norm of the error of C."""
        return self.sum.rounding

    @cached_property
    def growth(self) -> Array:
        """The powers of two that the rows of the border are multiplied by, (j,)."""
        largest = max(float(np.linalg.norm(self.C)), 1.0) / math.sqrt(2 * max(len(self.harm), 1))
        wanted = np.minimum(
            np.sqrt(largest / np.maximum(np.abs(self.border.pivots), TINY)),
            largest / np.sqrt(np.maximum(self.border.squares, TINY)),
        )
        return np.asarray(np.ldexp(1.0, np.frexp(wanted)[1] - 1))

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
        for part in np.array_split(waiting, max(round(len(waiting) / ROWS), 1)):
            self.sum.add(part, sign)

    def flush(self) -> None:
        """Multiply what is waiting."""
        for sign in (1.0, -1.0):
            if self.waiting[sign]:
                self._multiply(sign)
        self.sum.finish()

    def bordered(self) -> Array:
        """The matrix above, its border multiplied, shape (j + n q, j + n q)."""
        j, order = len(self.border.pivots), len(self.C)
        whole = np.empty((j + order, j + order), order="F")
        whole[:order, :order] = -self.C
        rows = self.border.Y * self.growth[:, None]
        whole[order:, :order], whole[:order, order:] = rows, rows.T
        whole[order:, order:] = np.diag(self.border.pivots * self.growth**2)
        return whole


def _joined(one: Rows, other: Rows) -> Rows:
    return Rows(
        np.concatenate([one.pivots, other.pivots]),
        np.concatenate([one.lengths, other.lengths]),
        np.concatenate([one.Y, other.Y]),
        np.concatenate([one.blocks, other.blocks]),
    )
