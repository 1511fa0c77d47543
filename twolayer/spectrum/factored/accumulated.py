"""Sums of products Y^T Y of many batches of rows, plainly or with their rounding errors kept."""

from __future__ import annotations

import math

import numpy as np

from ...arrays import Array
from ...errors.rounding import SLACK, UNDERFLOW_NORM, UNIT, gamma
from ...jit import kernel
from ..tridiagonal.leading import GRID, leading_part


class PlainSum:
    """I + sum +-Y^T Y, a product at a time.

    Parameters
    ----------
    order : int

    Attributes
    ----------
    total : ndarray, shape (order, order)
    rounding : float
        Bound of the Frobenius norm of its error.
    """

    cost = 264
    """Units of rounding of |Y|^2 that a batch of 256 rows may lose, about."""

    def __init__(self, order: int) -> None:
        self.total, self.rounding = np.eye(order), 0.0
        self._product = np.empty((order, order))

    def add(self, Y: Array, sign: float) -> None:
        """Add the product of a batch, Y (j, order), or subtract it."""
        np.matmul(Y.T, Y, out=self._product)
        self.total += self._product if sign > 0 else -self._product
        weight = float(np.einsum("ij,ij->", Y, Y))
        self.rounding += gamma(len(Y) + 8) * weight + UNIT * float(np.linalg.norm(self.total))

    def finish(self) -> None:
        """End the sum."""
        self.rounding *= SLACK


class SharpSum(PlainSum):
    """The same sum to a unit of rounding of itself, at three times the cost.

    Each Y is split into multiples of one power of two, whose product is exact, and a rest of 2^-26 of it;
    what the addition of an exact product loses is kept (Knuth's sum of two).

    Examples
    --------
    >>> plain, sharp = PlainSum(1), SharpSum(1)
    >>> for one in (plain, sharp):
    ...     one.add(np.full((3, 1), 2.0**-26), 1.0)
    ...     one.add(np.full((256, 1), 1e8), 1.0)
    ...     one.add(np.full((256, 1), 1e8), -1.0)
    ...     one.finish()
    >>> float(sharp.total[0, 0]) == 1 + 3 * 2.0**-52, plain.rounding > 1e3, sharp.rounding < 1e-12
    (True, True, True)
    """

    cost = 8

    def __init__(self, order: int) -> None:
        super().__init__(order)
        self.low = np.zeros((order, order))
        self.size, self.low_size = math.sqrt(order), 0.0

    def add(self, Y: Array, sign: float) -> None:
        """Add the product of a batch, Y (j, order), or subtract it."""
        squares = np.einsum("ij,ij->j", Y, Y)
        longest = SLACK * math.sqrt(float(squares.max(initial=0.0)))
        Y1, Y2 = leading_part(Y, math.ldexp(GRID, math.frexp(longest)[1]))
        both = Y1 + 0.5 * Y2
        mixed = float(np.linalg.norm(Y2)) * float(np.linalg.norm(both))
        np.matmul(Y1.T, Y1, out=self._product)
        _add(self.total, self.low, self._product, Y2.T @ both, sign)
        self.size += float(squares.sum())
        self.low_size += UNIT * self.size + 2 * mixed
        self.rounding += 2 * gamma(len(Y) + 8) * mixed + 3 * UNIT * self.low_size
        self.rounding += len(self.low) * UNDERFLOW_NORM

    def finish(self) -> None:
        """End the sum."""
        self.total += self.low
        self.rounding = SLACK * (self.rounding + UNIT * float(np.linalg.norm(self.total)))


@kernel
def _add(total, low, exact, rest, sign):  # type: ignore[no-untyped-def]
    """Add sign times (exact + rest + rest^T) to total + low, arrays (k, k) all."""
    k = len(total)
    for i in range(k):
        for j in range(k):
            term = sign * exact[i, j]
            before = total[i, j]
            after = before + term
            shifted = after - before
            lost = (before - (after - shifted)) + (term - shifted)
            total[i, j] = after
            low[i, j] += lost + sign * (rest[i, j] + rest[j, i])
