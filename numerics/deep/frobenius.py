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

Inputs of one sample may be large where another's are small, and squares of both would leave the floats: each
sample's h^_l and delta_k are taken over powers of two, which A, B and e are multiplied by; every term of the
sums stays what it is, and no factor is larger than the norm.

The last needs no second derivatives: along a direction z'_l = W_l h'_(l-1) + e_l K^(l-1)_ij is one pass
forward, and the second derivative of g . f is
sum_l v_l . z'_l^2 + 2 sum_l (delta_l . e_l)(h_(l-1),i . h'_(l-1)).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np

from numerics.deep.forward import Forward
from numerics.deep.norms import (
    SUMMED,
    Bounds,
    Levels,
    Scope,
    jacobian_sizes,
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
from twolayer.errors.rounding import SLACK, SUBNORMAL, UNIT, gamma, scaled_norms
from twolayer.jit import reduction_kernel

CACHED = 1_000_000  # entries of an array that is run through several times
MODERATE = 16  # exponent up to which inputs are taken as they are: what vanishes there is below `UNDERFLOW`
STRIP = 1024  # terms of an inner product that are summed at once
PASSED = 8  # multiplications in products that one entry of a pass along directions takes the time of


def frobenius(run: Forward, scope: Scope, bound: Bounds) -> tuple[float, float]:
    """The Frobenius norm and its error; O(n^2 L^2 m^2 + n^2 q L m) time, for few outputs O(n^2 q L m^2)."""
    if bound.size <= bound.propagated:  # nothing but errors
        return 0.0, SLACK * bound.size + bound.propagated
    if not math.isfinite(bound.size):
        return math.inf, math.inf
    exponent = min(max(math.frexp(bound.size)[1], -900), 900)
    square, error, off = _square(run, exponent, scope)
    value = math.sqrt(max(square, 0.0))
    error = SLACK * error
    spread = min(error / value, math.sqrt(error)) if value else math.sqrt(error)
    factor = math.ldexp(1.0, exponent)
    return factor * value, factor * SLACK * (spread + off + 4 * UNIT * value) + bound.propagated


def _square(run: Forward, exponent: int, scope: Scope) -> tuple[float, float, float]:
    """Of the norm over a power of two: its square, the error of that by rounding, and Lam's share."""
    whole, run = run, scaled(run, exponent)
    rest = residual_bounds(run, scope.layers).size if scope.residual else 0.0
    if not scope.gauss_newton:
        return pair_square(whole, scope, exponent), gamma(pair_steps(run)) * rest**2, 0.0
    E, off = level_rows(run, scope)
    off += run.net.n_outputs * SUBNORMAL * mean(jacobian_sizes(run, scope.layers)[0] ** 2)  # what left Lam
    size = newton_bounds(run, scope.layers).size
    if scope.residual and _joined(run, scope):
        return pair_square(whole, scope, exponent, E), gamma(pair_steps(run)) * (size + rest) ** 2, off
    square = newton_square(run, E, scope)
    error = gamma(2 * max(run.net.sizes) + run.net.depth + SUMMED + 8) * size**2
    if scope.residual:
        square += pair_square(whole, scope, exponent) + 2 * mixed_sum(run, E, scope)
        error += gamma(pair_steps(run)) * rest**2
        error += 2 * gamma(steps(run)) * size * majorant(run, scope.layers)
    return square, error, off


def exponents(rows: Array) -> Levels:
    """Of the largest entry of every row, shape (n,); 0 where it is moderate."""
    found = np.frexp(np.abs(rows).max(axis=1, initial=0.0))[1]
    return np.where(np.abs(found) > MODERATE, found, 0)


def levels(run: Forward, scope: Scope, l: int) -> Levels:
    """The powers of two, one a sample, over which the inputs of a layer are taken."""
    return exponents(scope.inputs(run, l)) if l in scope.layers else np.zeros(run.n, dtype=np.int64)


def level_inputs(run: Forward, scope: Scope, l: int) -> Array:
    """The inputs of a layer over those powers, (n, number of them)."""
    return np.ldexp(scope.inputs(run, l), -levels(run, scope, l)[:, None])


def pair_steps(run: Forward) -> int:
    """Roundings of a pair's share in `pair_square`, in units of the norms of its factors."""
    longest = max(a * b for a in run.net.sizes[1:] for b in run.net.sizes)
    summed = min(longest, STRIP) + math.ceil(longest / STRIP)
    return summed + 4 * max(run.net.sizes) + run.net.n_outputs + SUMMED + 24


def _joined(run: Forward, scope: Scope) -> bool:
    """Whether |H|_F^2 as one sum is shorter than as three: multiplications per pair of samples."""
    m, q, last = run.net.sizes[1:], run.net.n_outputs, run.net.depth - 1
    three = q**2 * sum(m[l] for l in scope.layers) / 2
    three += q * (PASSED * sum(m[:-1]) + sum(m[l] * m[l + 1] for l in range(1, last)))
    curved = any(v.any() for v in run.v)
    more = 0.0  # than the sum for R takes
    for l, k in combinations_with_replacement(scope.layers, 2):
        if k == last or not curved:
            more += m[l] * m[k] * (0.5 if l == k else 1.5) + (m[l] * m[k - 1] if k > l + 1 else 0)
    return bool(more <= three)


def level_rows(run: Forward, scope: Scope) -> tuple[list[Array], float]:
    """E = C^T J of every layer, (n, q, m_l), times the samples' powers; what C C^T misses does to G."""
    if run.loss.separable:
        root = np.sqrt(np.maximum(np.einsum("ioo->io", run.Lam), 0.0))
        missed = 4 * UNIT * scaled_norms(root**2)
        rows = [np.ldexp(root, levels(run, scope, l)[:, None])[:, :, None] * J for l, J in enumerate(run.J)]
    else:
        values, V = np.linalg.eigh(run.Lam)
        C = V * np.sqrt(np.maximum(values, 0.0))[:, None, :]
        left = (run.Lam - C @ C.transpose(0, 2, 1)).reshape(run.n, -1)
        rounding = gamma(C.shape[1] + 6) * np.einsum("ioe,ioe->i", C, C)
        missed = scaled_norms(left) + SLACK * rounding
        C = C.transpose(0, 2, 1)
        rows = [np.matmul(_times(C, levels(run, scope, l)), J) for l, J in enumerate(run.J)]
    lam = scaled_norms(run.Lam.reshape(run.n, -1))
    square = sum((size.J * size.h) ** 2 for size in run.sizes)
    return rows, mean((missed + gamma(run.F.shape[1] + 4) * lam) * square)


def newton_square(run: Forward, E: list[Array], scope: Scope) -> float:
    """|G|_F^2; E, of the samples' levels, has shape (n, q, m_l) for every layer."""
    n, q = run.F.shape
    flat = {l: E[l].reshape(n * q, -1) for l in scope.layers}
    inputs = {l: level_inputs(run, scope, l) for l in scope.layers}
    rows = max(1, min(n, CACHED // (n * q * q)))
    sums: list[float] = []
    for start in range(0, n, rows):
        run.watch.stage(start / n, "the norm of G by pairs of samples")
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
    sums = []
    for start in range(0, n, rows):
        run.watch.stage(start / n, "the inner product of G and R by pairs of samples")
        sums.append(_along(run, E, scope, slice(start, min(start + rows, n))))
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
        K = level_inputs(run, scope, l)[rows] @ scope.inputs(run, l).T
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


def pair_square(run: Forward, scope: Scope, exponent: int = 0, E: list[Array] | None = None) -> float:
    """|R|_F^2 over 4^exponent, or |H|_F^2 with curvature rows E of that size, (n, q, m_l) for every layer."""
    sums: list[float] = []
    for count, l in enumerate(scope.layers):
        blocks = tiles(run, l)
        for at, left in enumerate(blocks):
            here = _sides(run, scope, l, left, exponent, E)
            for right in blocks[at:]:
                done = 1 - (len(blocks) - at) ** 2 / len(blocks) ** 2
                run.watch.stage((count + done) / len(scope.layers), "a norm by pairs of samples")
                there = here if right == left else _sides(run, scope, l, right, exponent, E)
                K = here[l].H @ there[l].H.T
                for k in here:
                    weight = (1 if k == l else 2) * (1 if right == left else 2)
                    entries = _pair_products(here[k], there[k], scope.weights(k))
                    sums += (weight * (K * entries).sum(axis=1)).tolist()
    return math.fsum(sums) / run.n**2


@dataclass(frozen=True)
class Side:
    """What one block (k, l) of R is made of, at some samples, over their powers of two.

    Attributes
    ----------
    A : ndarray, shape (rows, m_l, m_k), or None
        With M_kl added if there are curvature rows.
    B : ndarray, shape (rows, m_l, m_(k-1)), or None
        For k = l + 1 its diagonal, (rows, m_l).
    H, h : ndarray, shapes (rows, number) and (rows, m_(k-1))
        Inputs of the layer with index k, those of its parameters in the scope and those of its weights.
    delta : ndarray, shape (rows, m_k)
    """

    A: Array | None
    B: Array | None
    H: Array
    h: Array
    delta: Array


def _sides(
    run: Forward, scope: Scope, l: int, rows: slice, exponent: int, E: list[Array] | None
) -> dict[int, Side]:
    """The sides of the blocks (k, l), for the layers k >= l of the scope."""
    found: dict[int, Side] = {}
    low = levels(run, scope, l)[rows]
    for k, pair in pairs(run, l, rows).items():
        if k not in scope.layers:
            continue
        high, delta = levels(run, scope, k)[rows], run.delta[k][rows]
        fall = exponents(delta)
        A = None if pair.A is None else _times(pair.A, low + high - exponent)
        if E is not None:
            M = np.matmul(E[l][rows].transpose(0, 2, 1), E[k][rows])
            M += 0.0 if A is None else A
            A = M
        B = run.S1[l][rows] if k == l + 1 else pair.B
        found[k] = Side(
            A,
            None if B is None else _times(B, low + fall),
            _times(scope.inputs(run, k)[rows], -high),
            _times(run.h[k][rows], -high),
            _times(delta, -fall - exponent),
        )
    return found


def _times(values: Array, powers: Levels) -> Array:
    """`values`, whose first axis is that of samples, times the samples' powers of two."""
    return np.ldexp(values, powers.reshape(-1, *[1] * (values.ndim - 1))) if powers.any() else values


def _pair_products(left: Side, right: Side, weights: bool) -> Array:
    """What multiplies K^(l-1)_ij in the sum, for two blocks of samples; (left, right)."""
    found = np.zeros((len(left.H), len(right.H)))
    if left.A is not None and right.A is not None:
        found += (left.H @ right.H.T) * _inner(left.A, right.A)
    if left.B is None or right.B is None or not weights:
        return found
    found += (left.delta @ right.delta.T) * _inner(left.B, right.B)
    if left.A is not None:
        crossed = _crossed(left.A, left.h, right.B, right.delta)
        found += crossed
        if left is right:
            found += crossed.T
    if right.A is not None and left is not right:
        found += _crossed(right.A, right.h, left.B, left.delta).T
    return found


def _inner(A: Array, B: Array) -> Array:
    """<A_i, B_j>, strip by strip, so that what rounds is no sum of all m_k m_l terms after each other."""
    rows, columns = A.reshape(len(A), -1), B.reshape(len(B), -1).T
    found = rows[:, :STRIP] @ columns[:STRIP]
    for start in range(STRIP, rows.shape[1], STRIP):
        found += rows[:, start : start + STRIP] @ columns[start : start + STRIP]
    return np.asarray(found)


def _crossed(A: Array, h: Array, B: Array, delta: Array) -> Array:
    """(A_i delta_j) . (B_j h_i), for i of A and h, j of B and delta."""
    if B.ndim == 2:  # the diagonal of B
        return _inner(A * h[:, :, None], B[:, :, None] * delta[:, None, :])
    found = np.zeros((len(A), len(B)))
    one, two = np.empty_like(found), np.empty_like(found)
    for c in range(A.shape[1]):
        np.matmul(A[:, c], delta.T, out=one)
        np.matmul(h, B[:, c].T, out=two)
        one *= two
        found += one
    return found
