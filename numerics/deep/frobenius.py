r"""Frobenius norms, exact and without forming the matrix.

With K^l_ij = h^_l,i . h^_l,j, Lam_i = C_i C_i^T and e the rows of E_i = C_i^T J_i, everything is a sum over
pairs of samples:

    |G|_F^2 = n^-2 sum_ij sum_(e, e') ( sum_l K^(l-1)_ij e_l . e'_l )^2

    |R|_F^2 = n^-2 sum_ij sum_(l<=k) w_kl K^(l-1)_ij [ K^(k-1)_ij <A_i, A_j>
                  + (delta_k,i . delta_k,j) <B_i, B_j>
                  + (A_i^T delta_k,j) . (B_j^T h_i) + (A_j^T delta_k,i) . (B_i^T h_j) ],

with w_kl = 1 at k = l, else 2. G has the form of R, with M_kl = E_k^T E_l for A_kl and nothing for B: so
|H|_F^2 is the second sum with A + M for A. Where that is longer, for few outputs, three sums make it, with

    <G, R>  = n^-2 sum_ij sum_e  d2/dt2 (g_j . f_j) along the direction e (x) h^_i of the parameters

The last needs no second derivatives: along a direction z'_l = W_l h'_(l-1) + e_l K^(l-1)_ij is one pass
forward, and the second derivative of g . f is
sum_l v_l . z'_l^2 + 2 sum_l (delta_l . e_l)(h_(l-1),i . h'_(l-1)).
"""

from __future__ import annotations

import math
from itertools import combinations_with_replacement

import numpy as np

from numerics.deep.forward import Forward
from numerics.deep.norms import (
    SUMMED,
    Bounds,
    Scope,
    majorant,
    mean,
    newton_bounds,
    residual_bounds,
    scaled,
    steps,
    tiles,
)
from numerics.deep.second_derivatives import pairs
from twolayer.arrays import Array
from twolayer.errors.rounding import SLACK, UNIT, exponent_above, gamma, scaled_norms
from twolayer.jit import reduction_kernel

CACHED = 1_000_000  # entries of an array that is run through several times
MODERATE = 200  # exponent of inputs whose fourth powers are floats
PASSED = 8  # multiplications in products that one entry of a pass along directions takes the time of


def frobenius(run: Forward, scope: Scope, bound: Bounds) -> tuple[float, float]:
    """The Frobenius norm and its error; O(n^2 L^2 m^2 + n^2 q L m) time, for few outputs O(n^2 q L m^2)."""
    if bound.size <= bound.propagated:  # nothing but errors
        return 0.0, SLACK * bound.size + bound.propagated
    if not math.isfinite(bound.size):
        return math.inf, math.inf
    exponent = min(max(math.frexp(bound.size)[1], -900), 900)
    square, error, off = _square(scaled(run, exponent), scope)
    value = math.sqrt(max(square, 0.0))
    error = SLACK * error
    spread = min(error / value, math.sqrt(error)) if value else math.sqrt(error)
    factor = math.ldexp(1.0, exponent)
    return factor * value, factor * SLACK * (spread + off + 4 * UNIT * value) + bound.propagated


def _square(run: Forward, scope: Scope) -> tuple[float, float, float]:
    """The squared norm, its rounding error, and what the factors of Lam add to the error of the norm."""
    rest = residual_bounds(run, scope.layers).size if scope.residual else 0.0
    if not scope.gauss_newton:
        return pair_square(run, scope), gamma(pair_steps(run)) * rest**2, 0.0
    E, off = curvature_rows(run)
    size = newton_bounds(run, scope.layers).size
    if scope.residual and _joined(run, scope):
        return pair_square(run, scope, E), gamma(pair_steps(run)) * (size + rest) ** 2, off
    square = newton_square(run, E, scope)
    error = gamma(2 * max(run.net.sizes) + run.net.depth + SUMMED + 8) * size**2
    if scope.residual:
        square += pair_square(run, scope) + 2 * mixed_sum(run, E, scope)
        error += gamma(pair_steps(run)) * rest**2
        error += 2 * gamma(steps(run)) * size * majorant(run, scope.layers)
    return square, error, off


def pair_steps(run: Forward) -> int:
    """Roundings of a pair's share in `pair_square`, in units of the norms of its factors."""
    longest = max(a * b for a in run.net.sizes[1:] for b in run.net.sizes)
    return longest + 2 * max(run.net.sizes) + run.net.n_outputs + SUMMED + 24


def _joined(run: Forward, scope: Scope) -> bool:
    """Whether |H|_F^2 as one sum is shorter than as three: multiplications per pair of samples.

    Never where inputs of a layer are so large or small that squares of A + M would leave the floats.
    """
    if any(abs(exponent_above(float(run.sizes[l].h.max()))) > MODERATE for l in scope.layers):
        return False
    m, q, last = run.net.sizes[1:], run.net.n_outputs, run.net.depth - 1
    three = q**2 * sum(m[l] for l in scope.layers) / 2
    three += q * (PASSED * sum(m[:-1]) + sum(m[l] * m[l + 1] for l in range(1, last)))
    curved = any(v.any() for v in run.v)
    more = 0.0  # than the sum for R takes
    for l, k in combinations_with_replacement(scope.layers, 2):
        if k == last or not curved:
            more += m[l] * m[k] * (0.5 if l == k else 1.5) + (m[l] * m[k - 1] if k > l + 1 else 0)
    return bool(more <= three)


def curvature_rows(run: Forward) -> tuple[list[Array], float]:
    """E = C^T J of every layer, (n, q, m_l), and a bound of what C C^T misses of Lam does to G."""
    if run.loss.separable:
        root = np.sqrt(np.maximum(np.einsum("ioo->io", run.Lam), 0.0))
        missed = 4 * UNIT * scaled_norms(root**2)
        rows = [root[:, :, None] * J for J in run.J]
    else:
        values, V = np.linalg.eigh(run.Lam)
        C = V * np.sqrt(np.maximum(values, 0.0))[:, None, :]
        left = (run.Lam - C @ C.transpose(0, 2, 1)).reshape(run.n, -1)
        rounding = gamma(C.shape[1] + 6) * np.einsum("ioe,ioe->i", C, C)
        missed = scaled_norms(left) + SLACK * rounding
        rows = [np.matmul(C.transpose(0, 2, 1), J) for J in run.J]
    lam = scaled_norms(run.Lam.reshape(run.n, -1))
    square = sum((size.J * size.h) ** 2 for size in run.sizes)
    return rows, mean((missed + gamma(run.F.shape[1] + 4) * lam) * square)


def newton_square(run: Forward, E: list[Array], scope: Scope) -> float:
    """|G|_F^2; E has shape (n, q, m_l) for every layer."""
    n, q = run.F.shape
    flat = {l: E[l].reshape(n * q, -1) for l in scope.layers}
    inputs = {l: scope.inputs(run, l) for l in scope.layers}
    rows = max(1, min(n, CACHED // (n * q * q)))
    sums: list[float] = []
    for start in range(0, n, rows):
        stop = min(start + rows, n)
        M = np.zeros((stop - start, q, n - start, q))
        for l in scope.layers:
            product = flat[l][start * q : stop * q] @ flat[l][start * q :].T
            K = inputs[l][start:stop] @ inputs[l][start:].T
            M += K[:, None, :, None] * product.reshape(M.shape)
        M *= M
        sums += M[:, :, : stop - start].sum(axis=(1, 2, 3)).tolist()
        sums += (2 * M[:, :, stop - start :].sum(axis=(1, 2, 3))).tolist()
    return math.fsum(sums) / float(n**2)


def mixed_sum(run: Forward, E: list[Array], scope: Scope) -> float:
    """<G, R>: second derivatives of each g_j . f_j along the curvature rows E, (n, q, m_l)."""
    n, q = run.F.shape
    rows = max(1, min(n, CACHED // (n * q * max(run.net.sizes[1:]))))
    sums = [_along(run, E, scope, slice(start, min(start + rows, n))) for start in range(0, n, rows)]
    return float(math.fsum(part for each in sums for part in each) / n**2)


def _along(run: Forward, E: list[Array], scope: Scope, rows: slice) -> list[float]:
    """The second derivatives along the curvature rows of some samples, summed over all, in parts."""
    net = run.net
    parts: list[Array] = []
    n, q = run.F.shape
    count, last = len(run.F[rows]), run.net.depth - 1
    step = np.zeros((count, q, n, net.sizes[1]))
    met = np.zeros((count, q, n))
    bent = np.zeros((count, q))
    for l, (W, _) in enumerate(net.layers):
        here = E[l][rows] if l in scope.layers else np.zeros_like(E[l][rows])
        if l and scope.weights(l):
            by_weight = (here.reshape(count * q, -1) @ run.delta[l].T).reshape(met.shape)
            parts.append(2 * (by_weight * met).sum(axis=(1, 2)))
        if l == last:
            break
        if l:
            step = (step.reshape(-1, step.shape[3]) @ W.T).reshape(count, q, n, -1)
        K = scope.inputs(run, l)[rows] @ scope.inputs(run, l).T
        h = run.h[l + 1][rows]
        advance(step, np.ascontiguousarray(here), K, run.v[l], run.S1[l], np.ascontiguousarray(h), bent, met)
    return [float(value) for part in (*parts, bent.sum(axis=1)) for value in part]


@reduction_kernel
def advance(step: Array, E: Array, K: Array, v: Array, S1: Array, h: Array, bent: Array, met: Array) -> None:
    """Turn z' into h' = s'(z) z' in place, after z' has got its own layer's share.

    step : (i, e, n, m) z' without that share; E (i, e, m), K (i, n): the share is E K. bent (i, e) gains
    sum_j v . z'^2, and met (i, e, n) is filled with h_i . h', h (i, m).
    """
    for i in range(step.shape[0]):
        for e in range(step.shape[1]):
            total = 0.0
            for j in range(step.shape[2]):
                k, dot, curved = K[i, j], 0.0, 0.0
                for a in range(step.shape[3]):
                    z = step[i, e, j, a] + E[i, e, a] * k
                    curved += v[j, a] * z * z
                    moved = S1[j, a] * z
                    dot += moved * h[i, a]
                    step[i, e, j, a] = moved
                total += curved
                met[i, e, j] = dot
            bent[i, e] += total


def pair_square(run: Forward, scope: Scope, E: list[Array] | None = None) -> float:
    """|R|_F^2, or |H|_F^2 with the curvature rows E, (n, q, m_l) for every layer."""
    sums: list[float] = []
    for l in scope.layers:
        blocks = tiles(run, l)
        for at, left in enumerate(blocks):
            here = _factors(run, scope, l, left, E)
            for right in blocks[at:]:
                there = here if right == left else _factors(run, scope, l, right, E)
                K = scope.inputs(run, l)[left] @ scope.inputs(run, l)[right].T
                for k in here:
                    weight = (1 if k == l else 2) * (1 if right == left else 2)
                    entries = _pair_products(run, scope, (l, k), (here[k], there[k]), (left, right))
                    sums += (weight * (K * entries).sum(axis=1)).tolist()
    return math.fsum(sums) / run.n**2


Factors = tuple[Array | None, Array | None]


def _factors(run: Forward, scope: Scope, l: int, rows: slice, E: list[Array] | None) -> dict[int, Factors]:
    """A_kl, with M_kl added if there are curvature rows E, and B_kl, of the layers k >= l of the scope."""
    found: dict[int, Factors] = {}
    for k, pair in pairs(run, l, rows).items():
        if k not in scope.layers:
            continue
        A = pair.A
        if E is not None:
            M = np.matmul(E[l][rows].transpose(0, 2, 1), E[k][rows])
            M += 0.0 if A is None else A
            A = M
        found[k] = A, pair.B
    return found


def _pair_products(
    run: Forward, scope: Scope, where: tuple[int, int], both: tuple[Factors, Factors], at: tuple[slice, slice]
) -> Array:
    """What multiplies K^(l-1)_ij in the sum, for two blocks of samples; (left, right)."""
    ((A, B), (other, across)), (left, right), (l, k) = both, at, where
    H, delta = scope.inputs(run, k), run.delta[k]
    found = np.zeros((len(H[left]), len(H[right])))
    if A is not None and other is not None:
        found += (H[left] @ H[right].T) * _inner(A, other)
    if B is None or across is None or not scope.weights(k):
        return found
    S1 = run.S1[l]
    inner = S1[left] @ S1[right].T if k == l + 1 else _inner(B, across)
    found += (delta[left] @ delta[right].T) * inner
    if A is not None:
        crossed = _crossed(run, where, A, across, at)
        found += crossed
        if left == right:
            found += crossed.T
    if other is not None and left != right:
        found += _crossed(run, where, other, B, (right, left)).T
    return found


def _inner(A: Array, B: Array) -> Array:
    return np.asarray(A.reshape(len(A), -1) @ B.reshape(len(B), -1).T)


def _crossed(run: Forward, where: tuple[int, int], A: Array, B: Array, at: tuple[slice, slice]) -> Array:
    """(A_i delta_j) . (B_j h_i), for i of A and of the first block of samples, j of B and the second."""
    (l, k), (left, right) = where, at
    h, delta = run.h[k][left], run.delta[k][right]
    if k == l + 1:  # B is diagonal
        return _inner(A * h[:, :, None], run.S1[l][right][:, :, None] * delta[:, None, :])
    found = np.zeros((len(A), len(B)))
    one, two = np.empty_like(found), np.empty_like(found)
    for c in range(A.shape[1]):
        np.matmul(A[:, c], delta.T, out=one)
        np.matmul(h, B[:, c].T, out=two)
        one *= two
        found += one
    return found
