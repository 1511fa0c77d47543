"""Symmetric arrays whose upper triangle alone is worked on: products are added to it, and it is mirrored."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.linalg.blas import dsyrk

from ..arrays import Array
from ..blas_threads import scipy_on_one_thread
from ..jit import kernel

BLOCK = 64  # rows and columns that are mirrored at a time, so that both ends stay in cache
SMALL = 2e7  # operations up to which the wait of numpy's threads costs more than two threads gain
FEW = 10_000  # the same up to which BLAS is not worth its call
STRIP = 128  # rows of a product that is symmetric but not a square


def add_square(rows: Array, H: Array, sign: float = 1.0) -> None:
    """Add sign rows^T rows to the upper triangle of `H`; shapes (k, P) and (P, P), both C-contiguous.

    Examples
    --------
    >>> import numpy as np
    >>> H = np.zeros((2, 2))
    >>> add_square(np.array([[1.0, 2.0]]), H)
    >>> H
    array([[1., 2.],
           [0., 4.]])
    """
    if len(rows) * len(H) ** 2 <= FEW:
        add_rows(rows, sign, H)
        return
    # BLAS sees the transposes, which are in its column order: its lower triangle is our upper one
    with scipy_on_one_thread(0):
        dsyrk(sign, rows.T, beta=1.0, c=H.T, lower=1, overwrite_c=1)


def sum_squares(parts: Iterator[Array], H: Array) -> None:
    """Write the sum of rows^T rows over all `parts` to the upper triangle of `H`, which is zero.

    Shapes (k, P) of each part and (P, P), C-contiguous. Large products are numpy's, as those of the forward
    pass are, whose threads others would have to wait for.

    Examples
    --------
    >>> import numpy as np
    >>> H = np.zeros((2, 2))
    >>> sum_squares(iter([np.array([[1.0, 2.0]]), np.array([[0.0, 1.0]])]), H)
    >>> H
    array([[1., 2.],
           [0., 5.]])
    """
    product = None
    for count, rows in enumerate(parts):
        if len(rows) * len(H) ** 2 < SMALL:
            add_square(rows, H)
        elif not count:
            np.matmul(rows.T, rows, out=H)
        else:
            product = np.empty_like(H) if product is None else product
            add_upper(np.matmul(rows.T, rows, out=product), H)


@kernel
def add_upper(M, H):  # type: ignore[no-untyped-def]
    """Add the upper triangle of M to that of H, shapes (P, P)."""
    for p in range(H.shape[0]):
        for r in range(p, H.shape[0]):
            H[p, r] += M[p, r]


@kernel
def add_rows(rows, sign, H):  # type: ignore[no-untyped-def]
    """What `add_square` does, row by row; shapes (k, P) and (P, P)."""
    for i in range(rows.shape[0]):
        for p in range(rows.shape[1]):
            factor = sign * rows[i, p]
            for r in range(p, rows.shape[1]):
                H[p, r] += factor * rows[i, r]


def add_product(left: Array, right: Array, H: Array) -> None:
    """Add left^T right, which is symmetric, to the upper triangle of `H` (and to some of the lower one).

    Shapes (k, P), (k, P) and (P, P).

    Examples
    --------
    >>> import numpy as np
    >>> H = np.zeros((2, 2))
    >>> add_product(np.array([[1.0, 2.0]]), np.array([[3.0, 6.0]]), H)
    >>> mirror(H)
    >>> H
    array([[ 3.,  6.],
           [ 6., 12.]])
    """
    for start in range(0, len(H), STRIP):
        strip = slice(start, start + STRIP)
        H[strip, start:] += left[:, strip].T @ right[:, start:]


def number_of_pairs(d: int) -> int:
    """How many entries the upper triangle of a (d, d) array has."""
    return d * (d + 1) // 2


@kernel
def multiply_pairs(left, right, added, first, last, pairs):  # type: ignore[no-untyped-def]
    """Row i of `pairs` becomes all left_ik right_il, first <= k < last and l >= k, l running fastest.

    To those of k and k is `added`, shape (n, m) or (n, 0); left and right have shape (n, m).
    """
    m = left.shape[1]
    for i in range(left.shape[0]):
        start = 0
        for k in range(first, last):
            out, others = pairs[i, start : start + m - k], right[i, k:]
            for l in range(m - k):
                out[l] = left[i, k] * others[l]
            if added.shape[1]:
                out[0] += added[i, k]
            start += m - k


@kernel
def mirror(H):  # type: ignore[no-untyped-def]
    """Copy the upper triangle of `H`, shape (P, P), onto the lower one."""
    P = H.shape[0]
    for top in range(0, P, BLOCK):
        for left in range(top, P, BLOCK):
            for i in range(top, min(top + BLOCK, P)):
                for j in range(max(left, i + 1), min(left + BLOCK, P)):
                    H[j, i] = H[i, j]
