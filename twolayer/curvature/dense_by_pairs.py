"""The Hessian of a scalar network at half the operations of J^T J.

The block of G coupling the input weights w~_k of unit k and w~_l of unit l is

    sum_i (Lam_i / n) D_ik D_il x~_i x~_i^T ,      D_ik = a_k S1_ik ,

symmetric both in (k, l) and in x~ x~^T. All of them together are one product of a matrix of pairs of
units by a matrix of pairs of inputs, each pair taken once. R has blocks of the same form for k = l, with
(1/n) g_i a_k S2_ik in place of (Lam_i / n) D_ik^2: it adds to the pairs of a unit with itself.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from twolayer.forward.scope import Scope, order, unit_columns, unit_inputs, unit_size

from ..arrays import Array
from ..forward.values import Values
from ..jit import kernel
from .frobenius_by_pairs import Told, untold
from .jacobian import jacobian
from .residual_blocks import add_outputs, bends
from .triangle import multiply_pairs, number_of_pairs

SAMPLES_PER_BLOCK = 192
PAIRS_PER_BLOCK = 2**14  # pairs of units at a time: 12 MB of their products, twice
JACOBIAN_ENTRIES = 3 * 2**20  # of the Jacobian at a time, 24 MB
FEW = 20_000  # entries of the Jacobian up to which it is multiplied, without a model of time
MOST_INPUTS = 128  # beyond which the sums of one unit leave the cache
# what takes as long as so many multiplications of a large square of a matrix, measured:
JACOBIAN, RESIDUAL, ENTRY = 350.0, 10.0, 200.0  # an entry of J, a product for R, an entry of the matrix
PRODUCT, PAIR, INPUT_PAIR = 1.6, 115.0, 60.0  # one of the narrow product, forming a pair of units, of inputs
SCATTERED, ROW, CALL = 140.0, 150.0, 7.5e6  # an entry, one of J for the rows of a, and a block of samples


def costs(forward: Values, scope: Scope) -> dict[str, float]:
    """How long each method to the matrix takes, in multiplications of a large square of a matrix."""
    (n, q), m, d = forward.F.shape, forward.S.shape[1], unit_size(forward, scope)
    P, units, inputs = order(forward, scope), 0.5 * m * (m + 1), 0.5 * d * (d + 1)
    residual = scope.residual * RESIDUAL * n * m * (inputs + d)
    found = {"jacobian": n * q * P * (0.5 * P + JACOBIAN) + ENTRY * P * P + residual}
    if q == 1 and 0 < d <= MOST_INPUTS:
        blocks = 1 + units // PAIRS_PER_BLOCK
        product = n * (units * (PRODUCT * inputs + PAIR) + blocks * inputs * INPUT_PAIR)
        calls = CALL * blocks * (1 + n // SAMPLES_PER_BLOCK)
        found["pairs"] = product + SCATTERED * (m * d) ** 2 + ROW * n * P * scope.has("a") + calls
    return found


def cheaper(forward: Values, scope: Scope) -> str:
    """Which method to the matrix takes less time, "pairs" or "jacobian"."""
    (n, q), P = forward.F.shape, order(forward, scope)
    if n * q * P <= FEW:
        return "jacobian"
    found = costs(forward, scope)
    return min(found, key=found.__getitem__)


def fill(forward: Values, scope: Scope, H: Array, told: Told = untold) -> None:
    """Write the matrix of a scalar network into the upper triangle of `H`, shape (P, P), which is zero."""
    inputs, columns = unit_inputs(forward, scope), unit_columns(forward, scope)
    weights = forward.Lam[:, 0] / forward.n
    slopes = forward.S1 * forward.net.A[0]
    bent = bends(forward) if scope.residual else np.empty((forward.n, 0))
    m = slopes.shape[1]
    for units in _blocks(m):
        told(1 - (1 - units.start / m) ** 2, f"forming a matrix of order {len(H)}")
        scatter(_products(slopes, slopes * weights, bent, inputs, units), units.start, columns, H)
    if scope.has("a"):
        _fill_outputs(forward, scope, weights, H)
        if scope.residual:
            add_outputs(forward, inputs, columns, H)
    if scope.has("c"):
        H[columns, -1] = slopes.T @ (inputs * weights)
        H[-1, -1] = weights.sum()


def _blocks(m: int) -> Iterator[slice]:
    """Ranges of units k with no more than PAIRS_PER_BLOCK pairs (k, l), l >= k, or of one unit."""
    start = 0
    while start < m:
        stop, count = start + 1, m - start
        while stop < m and count + m - stop <= PAIRS_PER_BLOCK:
            count += m - stop
            stop += 1
        yield slice(start, stop)
        start = stop


def _products(slopes: Array, weighted: Array, bent: Array, inputs: Array, units: slice) -> Array:
    """Sums over samples for pairs of units k in `units`, l >= k: (pairs of units, pairs of inputs)."""
    (n, m), d = slopes.shape, inputs.shape[1]
    count = sum(m - k for k in range(units.start, units.stop))
    C, term = (np.empty((count, number_of_pairs(d))) for _ in range(2))
    pairs, squares = np.empty((SAMPLES_PER_BLOCK, count)), np.empty((SAMPLES_PER_BLOCK, C.shape[1]))
    nothing = np.empty((n, 0))
    for start in range(0, n, SAMPLES_PER_BLOCK):
        rows = slice(start, start + SAMPLES_PER_BLOCK)
        x = inputs[rows]
        multiply_pairs(weighted[rows], slopes[rows], bent[rows], units.start, units.stop, pairs)
        multiply_pairs(x, x, nothing[rows], 0, d, squares)
        np.matmul(pairs[: len(x)].T, squares[: len(x)], out=term if start else C)
        if start:
            C += term
    return C


def _fill_outputs(forward: Values, scope: Scope, weights: Array, H: Array) -> None:
    """Add the rows of a, G alone, to `H`; weights (n, 1)."""
    n, m = forward.S.shape
    weighted = forward.S * weights
    H[:m, :m] = forward.S.T @ weighted
    inner = scope.only(groups=tuple(name for name in scope.groups if name != "a"))
    step = max(1, JACOBIAN_ENTRIES // len(H))
    for start in range(0, n, step):
        rows = slice(start, start + step)
        H[:m, m:] += weighted[rows].T @ jacobian(forward, inner, rows, np.ones((n, 1)))


@kernel
def scatter(C, first, columns, H):  # type: ignore[no-untyped-def]
    """Write C (pairs of units, pairs of inputs) into the upper triangle of H, from unit `first` on."""
    m, d = columns.shape
    row, k = 0, first
    while row < C.shape[0]:
        for l in range(k, m):
            at = 0
            for p in range(d):
                for r in range(p, d):
                    H[columns[k, p], columns[l, r]] = C[row, at]
                    i, j = columns[k, r], columns[l, p]
                    H[min(i, j), max(i, j)] = C[row, at]  # a bias stands behind the weights of later units
                    at += 1
            row += 1
        k += 1
