"""The residual part as an array: the blocks [a_k, w~_k] and [w~_k, w~_k] of each unit, w~_k = (w_k, b_k)."""

from __future__ import annotations

import numpy as np

from twolayer.forward.scope import Scope, unit_columns, unit_inputs

from ..arrays import Array
from ..forward.values import Values
from ..jit import kernel
from .triangle import add_square, pairs_of

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
    weights = forward.GA / n * forward.S2
    if scope.has("a"):
        _add_outputs(forward, inputs, columns, H)
    if d <= PAIRED:
        scatter(paired_sums(inputs, weights), columns, H)
    else:
        _add_unit_by_unit(inputs, weights, columns, H)


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


def _add_outputs(forward: Values, inputs: Array, columns: np.ndarray, H: Array) -> None:
    """Add the blocks [a_ok, w~_k] = (1/n) sum_i g_io S1_ik x~_i; inputs (n, d~)."""
    (q, m), n = forward.net.A.shape, forward.n
    units = np.arange(m)[:, None]
    for o in range(q):
        H[o * m + units, columns] += (forward.S1 * (forward.G[:, o : o + 1] / n)).T @ inputs


def paired_sums(inputs: Array, weights: Array) -> Array:
    """sum_i weights_ik x~_ip x~_ir for all units k and pairs p <= r of inputs.

    Shapes (n, d~) and (n, m) -> (m, d~ (d~ + 1) / 2), r running fastest.

    Examples
    --------
    >>> paired_sums(np.array([[2.0, 3.0]]), np.ones((1, 1)))
    array([[4., 6., 9.]])
    """
    first, second = pairs_of(inputs.shape[1])
    total = np.zeros((weights.shape[1], len(first)))
    step = max(1, PAIRED_ENTRIES // max(len(first), 1))
    for start in range(0, len(inputs), step):
        x = inputs[start : start + step]
        total += weights[start : start + step].T @ (x[:, first] * x[:, second])
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
    for k, unit in enumerate(columns):
        block = np.zeros((order, order))
        for sign in (1.0, -1.0):
            chosen = sign * weights[:, k] > 0
            add_square(inputs[chosen] * np.sqrt(sign * weights[chosen, k])[:, None], block, sign)
        H[unit[:, None], unit] += block  # zero below its diagonal
