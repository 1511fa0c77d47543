"""Products with a symmetric matrix of which the tiles of the lower triangle are kept, on all cores.

Tiles on the diagonal are whole. A product adds a chunk of its terms at a time, each chunk being a product of
BLAS: what that loses grows with the length of chunks, not with that of the matrix.
"""

from __future__ import annotations

import numpy as np

from ...arrays import Array
from ...jit import vector_kernel
from ...threads import Threads

TILE = 192  # rows and columns of the part of a matrix that one product changes


def tile_edges(first: int, last: int) -> np.ndarray:
    """Where the tiles of rows from `first` to before `last` begin, and where the last one ends, from `first`.

    They are those of the whole matrix: parts of it that begin anywhere have the same.

    Examples
    --------
    >>> tile_edges(0, 400), tile_edges(190, 400)
    (array([  0, 192, 384, 400]), array([  0,   2, 194, 210]))
    """
    return np.array([0, *range(-first % TILE or TILE, last - first, TILE), last - first])


def symmetric_product(M: Array, V: Array, edges: np.ndarray, chunk: int, threads: Threads) -> Array:
    """M V, (r, k), from the lower tiles of M (r, r); the sums are those of chunks.

    Examples
    --------
    >>> M, V = np.array([[1.0, 0.0], [2.0, 3.0]]), np.array([[1.0], [1.0]])
    >>> with Threads() as threads:
    ...     symmetric_product(M, V, np.array([0, 1, 2]), 1, threads)
    array([[3.],
           [5.]])
    """
    made, V, widest = np.zeros(V.shape), np.ascontiguousarray(V), int(np.diff(edges).max())

    def work(tile: int) -> None:
        # once for all products: fresh memory for each would cost as much as they do
        part, term = np.empty(widest * chunk), np.empty(widest * V.shape[1])
        _add_rows(M, V, edges, tile, chunk, part, term, made)

    threads.run(work, range(len(edges) - 1))
    return made


def subtract_products(M: Array, V: Array, W: Array, edges: np.ndarray, chunk: int, threads: Threads) -> int:
    """Subtract V W^T + W V^T from the lower tiles of M (r, r); how many numbers were added to each entry.

    V and W have shape (r, k).

    Examples
    --------
    >>> M, V, W = np.zeros((2, 2)), np.array([[1.0], [2.0]]), np.array([[3.0], [4.0]])
    >>> with Threads() as threads:
    ...     subtract_products(M, V, W, np.array([0, 1, 2]), 8, threads), M
    (2, array([[ -6.,   0.],
           [-10., -16.]]))
    """
    widest = int(np.diff(edges).max())

    def work(tile: int) -> None:
        _subtract_rows(M, V, W, edges, tile, chunk, np.empty(widest * widest))

    threads.run(work, range(len(edges) - 1)[::-1])
    return 2 * len(range(0, V.shape[1], chunk))


@vector_kernel
def _add_rows(M, V, edges, tile, chunk, part, term, made):  # type: ignore[no-untyped-def]
    """Add the product's rows of one tile to `made` (r, k); `part` and `term` are memory to work in."""
    start, stop = edges[tile], edges[tile + 1]
    rows, columns = stop - start, V.shape[1]
    product = term[: rows * columns].reshape(rows, columns)
    for other in range(len(edges) - 1):
        for first in range(edges[other], edges[other + 1], chunk):
            last = min(first + chunk, edges[other + 1])
            terms = part[: rows * (last - first)].reshape(rows, last - first)
            if other <= tile:
                for i in range(rows):
                    for j in range(last - first):
                        terms[i, j] = M[start + i, first + j]
            else:
                for i in range(rows):
                    for j in range(last - first):
                        terms[i, j] = M[first + j, start + i]
            np.dot(terms, V[first:last], product)
            for i in range(rows):
                for j in range(columns):
                    made[start + i, j] += product[i, j]


@vector_kernel
def _subtract_rows(M, V, W, edges, tile, chunk, term):  # type: ignore[no-untyped-def]
    """Subtract from the lower tiles of a row of them; `term` is memory to work in."""
    start, stop = edges[tile], edges[tile + 1]
    rows = stop - start
    for first in range(0, V.shape[1], chunk):
        v = np.ascontiguousarray(V[start:stop, first : first + chunk])
        w = np.ascontiguousarray(W[start:stop, first : first + chunk])
        for other in range(tile + 1):
            begin, end = edges[other], edges[other + 1]
            product = term[: rows * (end - begin)].reshape(rows, end - begin)
            np.dot(v, np.ascontiguousarray(W[begin:end, first : first + chunk]).T, product)
            if other == tile:
                for i in range(rows):
                    for j in range(rows):
                        M[start + i, start + j] -= product[i, j] + product[j, i]
                continue
            for i in range(rows):
                for j in range(end - begin):
                    M[start + i, begin + j] -= product[i, j]
            np.dot(w, np.ascontiguousarray(V[begin:end, first : first + chunk]).T, product)
            for i in range(rows):
                for j in range(end - begin):
                    M[start + i, begin + j] -= product[i, j]
