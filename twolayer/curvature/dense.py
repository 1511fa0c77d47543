"""The Hessian as an array, assembled from matrix products over samples.

Everything is written to the upper triangle, which is mirrored in the end.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from twolayer.forward.bounds import Bounds
from twolayer.forward.scope import Scope, order

from ..arrays import Array
from ..errors.rounding import SLACK, gamma
from ..forward.errors import Forward
from ..forward.values import Values
from . import dense_by_pairs
from .frobenius_by_pairs import Told, untold
from .jacobian import jacobian
from .residual_blocks import add_residual
from .triangle import add_product, mirror, sum_squares

BLOCK_ENTRIES = 3 * 2**20  # Jacobian entries held at a time, 24 MB, or half as many as the matrix has
FEWEST = 128  # rows of the Jacobian that are multiplied at a time at least
AT_ONCE = 3e10  # multiplications, about a second, between two looks at the clock


def dense(forward: Values, scope: Scope, method: str | None = None, told: Told = untold) -> Array:
    """The (P, P) matrix of the scope, P counting the included parameters. O(n q P^2) time, O(P^2) memory.

    Parameters
    ----------
    forward : Values
    scope : Scope
    method : {None, "jacobian", "pairs"}
        J^T J and the blocks of R, or products over pairs of units and pairs of inputs, for one output. None
        takes the cheaper.
    told : callable, optional
        Told how far it is, about every second.
    """
    P = order(forward, scope)
    H = np.zeros((P, P))
    if scope.gauss_newton and (method or dense_by_pairs.cheaper(forward, scope)) == "pairs":
        dense_by_pairs.fill(forward, scope, H, told)
    else:
        if scope.gauss_newton:
            write_gauss_newton(forward, scope, H, told)
        if scope.residual:
            add_residual(forward, scope, H)
    mirror(H)
    return H


def dense_error(forward: Forward, bound: Bounds) -> float:
    """Bound of the Frobenius norm of the error of `dense`."""
    n, q = forward.F.shape
    steps = gamma(n * q + q + n // 64 + 20)
    return float(SLACK * (steps * bound.total + bound.propagated))


def write_gauss_newton(forward: Values, scope: Scope, H: Array, told: Told = untold) -> None:
    """Write (1/n) sum_i J_i^T Lam_i J_i to the upper triangle of `H`, shape (P, P), which is zero."""
    (n, q), roots = forward.F.shape, diagonal_roots(forward)
    entries = max(BLOCK_ENTRIES, H.size // 2)
    most = min(entries // max(len(H), 1), int(AT_ONCE / max(len(H), 1) ** 2))
    step = max(most // q, -(-FEWEST // q))
    blocks = _told_of(n, step, len(H), told)
    if roots is not None:
        sum_squares((jacobian(forward, scope, rows, roots) for rows in blocks), H)
        return
    for rows in blocks:
        J = jacobian(forward, scope, rows, np.ones((n, q)))
        weighted = np.matmul(forward.Lam[rows] / n, J.reshape(-1, q, len(H)))
        add_product(J, weighted.reshape(J.shape), H)


def _told_of(n: int, step: int, P: int, told: Told) -> Iterator[slice]:
    """So many samples at a time, after `told` how many are done."""
    for start in range(0, n, step):
        told(start / n, f"forming a matrix of order {P}")
        yield slice(start, start + step)


def diagonal_roots(forward: Values) -> Array | None:
    """sqrt(Lam_i / n), shape (n, q), where Lam_i is diagonal; every loss offered is convex in the outputs."""
    n, q = forward.F.shape
    if q > 1 and not forward.loss.separable:
        return None
    return np.asarray(np.sqrt(np.einsum("ioo->io", forward.Lam) / n))
