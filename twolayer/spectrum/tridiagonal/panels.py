"""What LAPACK and BLAS do to a large symmetric matrix at one go, done panel by panel.

From orders of some thousands on their calls take seconds to minutes, in which no clock is looked at, no
progress told and no interruption heard. The loops over panels are written here; what each panel takes is
theirs. Nothing is promised of factors: they are checked after the fact.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator

import numpy as np
from scipy.linalg import blas, lapack

from ...arrays import Array
from .reducing import routine

AT_ONCE = 2000  # order up to which LAPACK's own call takes no time worth a look at the clock
WIDTH = 512  # columns of a panel of products
PIVOTED = 64  # columns that are pivoted before the rest is changed, as in LAPACK

Heard = Callable[[], None]
"""Called between panels; what it raises ends the work."""


def unheard() -> None:
    """Hear nothing."""


def panels(order: int) -> Iterator[slice]:
    """Ranges of `WIDTH` columns each.

    Examples
    --------
    >>> [(panel.start, panel.stop) for panel in panels(1100)]
    [(0, 512), (512, 1024), (1024, 1100)]
    """
    return (slice(start, min(start + WIDTH, order)) for start in range(0, order, WIDTH))


def cholesky(B: Array, heard: Heard = unheard) -> Array | None:
    """The lower triangular K with K K^T = B (p, p), in column order, or None where LAPACK finds none.

    Examples
    --------
    >>> cholesky(np.array([[9.0, 6.0], [6.0, 5.0]]))
    array([[3., 0.],
           [2., 1.]])
    """
    if len(B) <= AT_ONCE:
        factor, failed = lapack.dpotrf(B.T, lower=1, clean=1)
        return None if failed else np.asarray(factor)
    K = np.array(B.T, order="F")
    for panel in panels(len(K)):
        heard()
        start, stop = panel.start, panel.stop
        K[start:, panel] -= K[start:, :start] @ K[panel, :start].T
        corner, failed = lapack.dpotrf(K[panel, panel], lower=1, clean=1)
        if failed:
            return None
        K[panel, panel], K[panel, stop:] = corner, 0.0
        K[stop:, panel] = blas.dtrsm(1.0, corner, K[stop:, panel], side=1, lower=1, trans_a=1)
    return K


def bunch_kaufman(B: Array, heard: Heard = unheard) -> tuple[Array, np.ndarray]:
    """What LAPACK's dsytrf makes of the lower triangle of B (p, p): the factor (p, p) and pivots (p,).

    Examples
    --------
    >>> bunch_kaufman(np.array([[0.0, 1.0], [1.0, 0.0]]))[1]
    array([-2, -2], dtype=int32)
    """
    if len(B) <= AT_ONCE:
        packed, swaps, _ = lapack.dsytrf(B, lower=1, lwork=PIVOTED * len(B))
        return packed, swaps
    packed, at, found = np.array(B, order="F"), 0, list[np.ndarray]()
    while len(packed) - at > AT_ONCE:
        heard()
        made = _pivoted(packed[at:, at:], len(packed))
        found.append(made + np.copysign(at, made).astype(made.dtype))
        at += len(made)
    packed[at:, at:], swaps, _ = lapack.dsytrf(packed[at:, at:], lower=1, lwork=PIVOTED * (len(packed) - at))
    return packed, np.concatenate([*found, swaps + np.copysign(at, swaps).astype(swaps.dtype)])


def _pivoted(rest: Array, rows: int) -> np.ndarray:
    """Factor the first columns of `rest` (r, r), of an array with so many rows, and change the others.

    Returns their pivots.
    """
    order, taken, info = len(rest), ctypes.c_int64(0), ctypes.c_int64(0)
    swaps = np.zeros(order, dtype=lapack.dsytrf(np.eye(1))[1].dtype)
    workspace = np.empty((order, PIVOTED), order="F")
    dlasyf = routine("cython_lapack", "dlasyf")
    dlasyf("L", order, PIVOTED, taken, rest, rows, swaps, workspace, order, info)
    return swaps[: taken.value]


def square_below(K: Array, heard: Heard = unheard) -> Array:
    """The lower triangle of K K^T, and zeros: (p, j) to (p, p), in column order.

    Examples
    --------
    >>> square_below(np.array([[1.0], [2.0]]))
    array([[1., 0.],
           [2., 4.]])
    """
    if len(K) <= AT_ONCE:
        return np.asarray(blas.dsyrk(1.0, K, lower=1))
    return _add_below(np.zeros((len(K),) * 2, order="F"), ((K, K),), 1.0, heard)


def add_square(E: Array, K: Array, sign: float, heard: Heard = unheard) -> Array:
    """E + sign K K^T in the lower triangle: E (p, p) is in column order and is overwritten; K is (p, j).

    Examples
    --------
    >>> add_square(np.ones((2, 2), order="F"), np.array([[1.0], [2.0]]), -1.0)
    array([[ 0.,  1.],
           [-1., -3.]])
    """
    if len(K) <= AT_ONCE:
        return np.asarray(blas.dsyrk(sign, K, beta=1.0, c=E, lower=1, overwrite_c=1))
    return _add_below(E, ((K, K),), sign, heard)


def cross_below(left: Array, right: Array, heard: Heard = unheard) -> Array:
    """The lower triangle of L R^T + R L^T, and zeros: arrays (p, j) to (p, p), in column order.

    Examples
    --------
    >>> cross_below(np.array([[1.0], [2.0]]), np.array([[3.0], [4.0]]))
    array([[ 6.,  0.],
           [10., 16.]])
    """
    if len(left) <= AT_ONCE:
        return np.asarray(blas.dsyr2k(1.0, left, right, lower=1))
    zero = np.zeros((len(left),) * 2, order="F")
    return _add_below(zero, ((left, right), (right, left)), 1.0, heard)


def _add_below(E: Array, factors: tuple[tuple[Array, Array], ...], sign: float, heard: Heard) -> Array:
    """Add the sum of products sign L R^T, arrays (p, j), to E (p, p), all to its lower triangle."""
    for panel in panels(len(E)):
        heard()
        for left, right in factors:
            E[panel.stop :, panel] += sign * (left[panel.stop :] @ right[panel].T)
            E[panel, panel] += sign * np.tril(left[panel] @ right[panel].T)
    return E


def triangle_squared(upper: Array, heard: Heard = unheard) -> Array:
    """The upper triangle of U U^T for an upper triangular U (p, p) in column order; overwrites it.

    Examples
    --------
    >>> triangle_squared(np.array([[1.0, 2.0], [0.0, 3.0]], order="F"))
    array([[5., 6.],
           [0., 9.]])
    """
    if len(upper) <= AT_ONCE:
        return np.asarray(lapack.dlauum(upper, lower=0, overwrite_c=1)[0])
    for panel in panels(len(upper)):
        heard()
        above = upper[: panel.stop, panel.start :] @ upper[panel, panel.start :].T
        above[panel] = np.triu(above[panel])
        upper[: panel.stop, panel] = above
    return upper
