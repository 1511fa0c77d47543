"""What is left of a symmetric array less a product K K^T: plainly, or by a leading part that is exact."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from ...arrays import Array
from ...errors.rounding import SLACK, UNIT, gamma
from ...jit import kernel, reduction_kernel
from ..tridiagonal.leading import GRID, leading_part
from ..tridiagonal.panels import Heard, add_square, cross_below, square_below, triangle_squared, unheard

Subtract = Callable[[Array, Array, float, Heard], tuple[Array, float]]


def subtracted(E: Array, columns: Array, sign: float, heard: Heard = unheard) -> tuple[Array, float]:
    """The lower triangle of E - sign K K^T for K = `columns` (p, j), and a bound of the rounding of K K^T.

    Shape (p, p). E is in column order and is overwritten. A unit of rounding of what E was is not counted.

    Examples
    --------
    >>> left, lost = subtracted(np.array([[9.0, 6.0], [6.0, 4.0]], order="F"), np.array([[3.0], [2.0]]), 1.0)
    >>> np.tril(left), lost < 1e-14
    (array([[0., 0.],
           [0., 0.]]), True)
    """
    left = add_square(E, columns, -sign, heard)
    return left, gamma(len(E)) * float(np.einsum("ij,ij->", columns, columns))


def subtracted_sharply(E: Array, columns: Array, sign: float, heard: Heard = unheard) -> tuple[Array, float]:
    """The same, (p, p), to a few units of rounding of what is left, at three times the cost.

    K is split into multiples of one power of two, whose product is exact, and a rest of 2^-26 of it.

    Examples
    --------
    >>> left, lost = subtracted_sharply(np.ones((1, 1)), np.full((1, 1), 1.0 + 2.0**-30), 1.0)
    >>> bool(left[0, 0] == -(2.0**-29) - 2.0**-60), lost < 1e-23
    (True, True)
    """
    rows = math.sqrt(float(np.einsum("ij,ij->i", columns, columns).max(initial=0.0)))
    K1, K2 = leading_part(columns, math.ldexp(GRID, math.frexp(SLACK * rows)[1]))
    both = K1 + 0.5 * K2
    mixed = float(np.linalg.norm(K2)) * float(np.linalg.norm(both))
    first = np.tril(E) - sign * square_below(K1, heard)
    left = first - sign * cross_below(K2, both, heard)
    rounding = UNIT * float(np.linalg.norm(first) + np.linalg.norm(left))
    return np.asfortranarray(left), SLACK * (2 * gamma(columns.shape[1] + 4) * mixed + 2 * rounding)


def cholesky_remainder(
    B: Array, K: Array, lengths: Array, heard: Heard = unheard
) -> tuple[float, float, float]:
    """|B - K K^T|_F as computed, what its products lose, and a bound of | |K| |K|^T |_F.

    B (p, p) in row order, of which the upper triangle is read; K (p, p) lower triangular, in column order.
    Fills lengths (p,) with the squared norms of the columns of K, over those of their diagonal entries.
    p^3 / 6 multiplications: with D the diagonal of K, K = D + N, only N N^T is a product, and has no more
    sums than a product of triangles has (LAPACK's dlauum, rows and columns in reverse). That of a term each,
    N D, is a kernel's.

    Examples
    --------
    >>> B, K = np.array([[9.0, 6.0], [6.0, 5.0]]), np.array([[3.0, 0.0], [2.0, 2.0]], order="F")
    >>> found, lost, size = cholesky_remainder(B, K, np.empty(2))
    >>> found, lost < 1e-13, bool(size >= np.linalg.norm(K @ K.T))
    (3.0, True, True)
    """
    reverse = np.zeros_like(K.T)
    reverse_below(K.T, reverse)
    product = triangle_squared(reverse.T, heard)
    square, diagonal, mixed, rest = remainder_sums(B, K.T, product.T, lengths)
    size = math.sqrt(diagonal) + 2 * math.sqrt(mixed) + rest
    return math.sqrt(square), gamma(len(B) + 4) * rest + gamma(4) * size, size


@kernel
def reverse_below(rows, reverse):  # type: ignore[no-untyped-def]
    """Fill the zeros `reverse` (p, p) with `rows` (p, p) beyond the diagonal, rows and columns in reverse."""
    p = len(rows)
    for j in range(p):
        for i in range(j + 1, p):
            reverse[p - 1 - j, p - 1 - i] = rows[j, i]


@reduction_kernel
def remainder_sums(B, rows, product, lengths):  # type: ignore[no-untyped-def]
    """|B - K K^T|_F^2, and the sums of D^4, |N D|^2 and |N|^2; rows are K^T, the product is N N^T in reverse.

    All are (p, p), the lengths (p,). A sum has terms of one sign, or is B - N D - N N^T in any order.
    """
    p, square, diagonal, mixed, total = len(B), 0.0, 0.0, 0.0, 0.0
    for j in range(p):
        root, below, off = rows[j, j], 0.0, 0.0
        for i in range(j + 1, p):
            entry = rows[j, i]
            rest = (B[j, i] - entry * root) - product[p - 1 - j, p - 1 - i]
            off += rest * rest
            below += entry * entry
        here = root * root
        rest = (B[j, j] - here) - product[p - 1 - j, p - 1 - j]
        square += 2 * off + rest * rest
        diagonal += here * here
        mixed += here * below
        total += below
        lengths[j] = 1.0 + below / here
    return square, diagonal, mixed, total
