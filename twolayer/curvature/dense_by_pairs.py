"""The Gauss-Newton matrix of a scalar network at half the operations of J^T J.

The block coupling the input weights w~_k of unit k and w~_l of unit l is

    sum_i (Lam_i / n) D_ik D_il x~_i x~_i^T ,

symmetric both in (k, l) and in x~ x~^T. All of them together are one product of a matrix of pairs of
units by a matrix of pairs of inputs, each pair taken once.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from twolayer.forward.scope import Scope, sizes, unit_columns, unit_inputs, unit_size

from ..arrays import Array
from ..forward.values import Values
from ..jit import kernel
from .frobenius_by_pairs import Told, untold
from .triangle import pairs_of

SAMPLES_PER_BLOCK = 96
PAIRS_PER_BLOCK = 2**14  # pairs of units at a time: 12 MB of their products, twice
MOST_INPUTS = 128  # beyond which the sums of one unit leave the cache
PAIR, INPUT_PAIR = 7.0, 20.0  # multiplications of a matrix product that forming a pair takes as long as
ENTRY, CALL = 16.0, 2.5e5  # the same of writing an entry of the matrix, and of starting on a block of samples


def costs(forward: Values, scope: Scope) -> dict[str, float]:
    """Multiplications of each method to the Gauss-Newton matrix, and what takes as long as these."""
    (n, q), m, d = forward.F.shape, forward.S.shape[1], unit_size(forward, scope)
    P, units, inputs = sum(sizes(forward, scope).values()), 0.5 * m * (m + 1), 0.5 * d * (d + 1)
    found = {"jacobian": 0.5 * n * q * P * P}
    if q == 1 and 0 < d <= MOST_INPUTS:
        blocks = 1 + units // PAIRS_PER_BLOCK
        forming = n * (units * PAIR + blocks * inputs * INPUT_PAIR) + ENTRY * (m * d) ** 2
        calls = CALL * blocks * (1 + n // SAMPLES_PER_BLOCK)
        found["pairs"] = n * units * inputs + n * m * (m * d + m) * scope.has("a") + forming + calls
    return found


def cheaper(forward: Values, scope: Scope) -> str:
    """Which method to the Gauss-Newton matrix takes less time, "pairs" or "jacobian"."""
    found = costs(forward, scope)
    return min(found, key=found.__getitem__)


def fill_gauss_newton(forward: Values, scope: Scope, H: Array, told: Told = untold) -> None:
    """Write the matrix of a scalar network into the upper triangle of `H`, shape (P, P)."""
    inputs, columns = unit_inputs(forward, scope), unit_columns(forward, scope)
    slopes, weights = forward.S1 * forward.net.A[0], forward.Lam[:, 0] / forward.n
    m = slopes.shape[1]
    for units in _blocks(m):
        told(1 - (1 - units.start / m) ** 2, f"forming a matrix of order {len(H)}")
        scatter(_products(slopes, weights, inputs, units), units.start, columns, H)
    _fill_outputs(forward, scope, inputs, columns, H)


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


def _products(slopes: Array, weights: Array, inputs: Array, units: slice) -> Array:
    """Sums over samples for pairs of units k in `units`, l >= k: (pairs of units, pairs of inputs)."""
    (n, m), (first, second) = slopes.shape, pairs_of(inputs.shape[1])
    count = sum(m - k for k in range(units.start, units.stop))
    C, term = (np.empty((count, len(first))) for _ in range(2))
    pairs = np.empty((SAMPLES_PER_BLOCK, count))
    for start in range(0, n, SAMPLES_PER_BLOCK):
        rows = slice(start, start + SAMPLES_PER_BLOCK)
        x = inputs[rows]
        multiply_pairs(slopes[rows], units.start, units.stop, pairs)
        weighted = x[:, first] * x[:, second] * weights[rows]
        np.matmul(pairs[: len(x)].T, weighted, out=term if start else C)
        if start:
            C += term
    return C


def _fill_outputs(forward: Values, scope: Scope, inputs: Array, columns: np.ndarray, H: Array) -> None:
    """Write the rows of a and the column of c; inputs and columns (n, d~) and (m, d~)."""
    lam = forward.Lam[:, 0] / forward.n
    S, D = forward.S, forward.S1 * forward.net.A[0]
    m = S.shape[1]
    if scope.has("a"):
        weighted = S * lam
        H[:m, :m] = S.T @ weighted
        for j in range(inputs.shape[1]):
            H[:m, columns[:, j]] = (weighted * inputs[:, j : j + 1]).T @ D
    if scope.has("c"):
        if scope.has("a"):
            H[:m, -1] = lam[:, 0] @ S
        H[columns, -1] = D.T @ (inputs * lam)
        H[-1, -1] = lam.sum()


@kernel
def multiply_pairs(D, first, last, pairs):  # type: ignore[no-untyped-def]
    """Row i of `pairs` becomes all D_ik D_il, first <= k < last and l >= k, l running fastest; D (n, m)."""
    m = D.shape[1]
    for i in range(D.shape[0]):
        start = 0
        for k in range(first, last):
            out, others = pairs[i, start : start + m - k], D[i, k:]
            for l in range(m - k):
                out[l] = D[i, k] * others[l]
            start += m - k


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
