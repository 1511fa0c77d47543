"""The residual part as an array: the blocks [a_k, w~_k] and [w~_k, w~_k] of each unit, w~_k = (w_k, b_k)."""

from __future__ import annotations

import numpy as np

from twolayer.forward.scope import Scope, unit_columns, unit_inputs

from ..arrays import Array
from ..forward.values import Values
from ..jit import kernel
from ..threads import in_threads
from .triangle import SMALL, add_square, multiply_pairs, number_of_pairs

FEW = 20_000  # multiplications up to which nothing is gained by matrix products
PAIRED = 40  # inputs up to which one product over pairs of inputs serves all units
PAIRED_ENTRIES = 2**19  # products of inputs held at a time: 4 MB


def add_residual(forward: Values, scope: Scope, H: Array) -> None:
    """Add the residual part to the upper triangle of `H`, shape (P, P). O(n m d^2) time."""
    inputs, columns = unit_inputs(forward, scope), unit_columns(forward, scope)
    (n, m), q, d = forward.S.shape, forward.net.n_outputs, inputs.shape[1]
    if n * m * d * (d + q) <= FEW:
        add_samples(forward.G / n, forward.net.A, forward.S1, forward.S2, inputs, scope.has("a"), columns, H)
        return
    if scope.has("a"):
        add_outputs(forward, inputs, columns, H)
    if forward.net.activation.sup2 == 0.0:
        return
    weights = bends(forward)
    if d <= PAIRED:
        scatter(paired_sums(inputs, weights), columns, H)
    else:
        _add_unit_by_unit(inputs, weights, columns, H)


def bends(forward: Values) -> Array:
    """(1/n) (A^T g_i)_k S2_ik, shape (n, m)."""
    found = forward.GA
    found *= forward.S2
    found /= forward.n
    return found


@kernel
def add_samples(G, A, S1, S2, inputs, outer, columns, H):  # type: ignore[no-untyped-def]
    """Add both kinds of blocks, sample by sample, those of a if `outer`, to the upper triangle of `H`.

    G (n, q) is divided by n; A (q, m), S1 and S2 (n, m), inputs (n, d~), columns (m, d~), H (P, P).
    """
    (n, d), (q, m) = inputs.shape, A.shape
    for i in range(n):
        for k in range(m):
            pulled = 0.0
            for o in range(q):
                pulled += G[i, o] * A[o, k]
                slope = G[i, o] * S1[i, k]
                if outer:
                    for p in range(d):
                        H[o * m + k, columns[k, p]] += slope * inputs[i, p]
            for p in range(d):
                bend = pulled * S2[i, k] * inputs[i, p]
                for r in range(p, d):
                    H[columns[k, p], columns[k, r]] += bend * inputs[i, r]


def add_outputs(forward: Values, inputs: Array, columns: np.ndarray, H: Array) -> None:
    """Add the blocks [a_ok, w~_k] = (1/n) sum_i g_io S1_ik x~_i; inputs (n, d~)."""
    (q, m), n = forward.net.A.shape, forward.n
    units = np.arange(m)[:, None]
    for o in range(q):
        H[o * m + units, columns] += forward.S1.T @ (inputs * (forward.G[:, o : o + 1] / n))


def paired_sums(inputs: Array, weights: Array) -> Array:
    """sum_i weights_ik x~_ip x~_ir for all units k and pairs p <= r of inputs.

    Shapes (n, d~) and (n, m) -> (m, d~ (d~ + 1) / 2), r running fastest.

    Examples
    --------
    >>> paired_sums(np.array([[2.0, 3.0]]), np.ones((1, 1)))
    array([[4., 6., 9.]])
    """
    (n, d), nothing = inputs.shape, np.empty((len(inputs), 0))
    total = np.zeros((weights.shape[1], number_of_pairs(d)))
    step = min(n, max(1, PAIRED_ENTRIES // max(total.shape[1], 1)))
    pairs = np.empty((step, total.shape[1]))
    for start in range(0, n, step):
        rows = slice(start, start + step)
        x = inputs[rows]
        multiply_pairs(x, x, nothing[rows], 0, d, pairs)
        total += weights[rows].T @ pairs[: len(x)]
    return total


@kernel
def scatter(sums, columns, H):  # type: ignore[no-untyped-def]
    """Add `sums` (m, pairs) to the blocks of units in the upper triangle of `H`; columns (m, d~)."""
    m, d = columns.shape
    for k in range(m):
        at = 0
        for p in range(d):
            for r in range(p, d):
                H[columns[k, p], columns[k, r]] += sums[k, at]
                at += 1


def _add_unit_by_unit(inputs: Array, weights: Array, columns: np.ndarray, H: Array) -> None:
    """Add sum_i weights_ik x~_i x~_i^T of each unit as a difference of two squares, of half the operations.

    Shapes (n, d~), (n, m), (m, d~).
    """
    order = inputs.shape[1]

    def work(k: int) -> None:
        block = np.zeros((order, order))
        for sign in (1.0, -1.0):
            chosen = sign * weights[:, k] > 0
            add_square(inputs[chosen] * np.sqrt(sign * weights[chosen, k])[:, None], block, sign)
        add_block(block, columns[k], H)

    if inputs.size * order < SMALL:
        for k in range(len(columns)):
            work(k)
    else:
        in_threads(work, range(len(columns)))


@kernel
def add_block(block, unit, H):  # type: ignore[no-untyped-def]
    """Add the upper triangle of `block` (d~, d~) to that of H whose rows and columns are `unit` (d~,)."""
    for p in range(unit.size):
        for r in range(p, unit.size):
            H[unit[p], unit[r]] += block[p, r]
