r"""Frobenius norms, traces and diagonals, exact and without forming the matrix.

With K^l_ij = h^_l,i . h^_l,j, Lam_i = C_i C_i^T and e the rows of E_i = C_i^T J_i, everything is a sum over
pairs of samples:

    |G|_F^2 = n^-2 sum_ij sum_(e, e') ( sum_l K^(l-1)_ij e_l . e'_l )^2

    |R|_F^2 = n^-2 sum_ij sum_(l<=k) w_kl K^(l-1)_ij [ K^(k-1)_ij <A_i, A_j>
                  + (delta_k,i . delta_k,j) <B_i, B_j>
                  + (A_i^T delta_k,j) . (B_j^T h_i) + (A_j^T delta_k,i) . (B_i^T h_j) ],

with w_kl = 1 at k = l, else 2, and

    <G, R>  = n^-2 sum_ij sum_e  d2/dt2 (g_j . f_j) along the direction e (x) h^_i of the parameters

The last needs no second derivatives: along a direction z'_l = W_l h'_(l-1) + e_l K^(l-1)_ij is one pass
forward, and the second derivative of g . f is
sum_l v_l . z'_l^2 + 2 sum_l (delta_l . e_l)(h_(l-1),i . h'_(l-1)).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from numerics.deep.bounds import VANISHING, Bounds, mean, newton_bounds, pair_bounds
from numerics.deep.forward import Forward
from numerics.deep.second_derivatives import Pair, pairs
from twolayer.arrays import Array
from twolayer.errors.rounding import SLACK, UNIT, gamma, scaled_norms
from twolayer.jit import reduction_kernel

ENTRIES = 8_000_000  # of the largest temporary array
CACHED = 1_000_000  # of one that is run through several times
SUMMED = 64  # roundings of numpy's pairwise summation of any feasible length


@dataclass(frozen=True)
class Scope:
    """Which parameters and which parts of the Hessian are meant.

    Attributes
    ----------
    layers : tuple of int
        Indices of the layers.
    gauss_newton, residual : bool
    without : frozenset of str
        Parts of these layers that are left out, such as "b1"; never both of a layer.
    """

    layers: tuple[int, ...]
    gauss_newton: bool = True
    residual: bool = True
    without: frozenset[str] = frozenset()

    def weights(self, l: int) -> bool:
        """Whether the weights of the layer with index `l` are meant."""
        return f"W{l + 1}" not in self.without

    def bias(self, run: Forward, l: int) -> bool:
        """Whether it has biases that are meant."""
        return run.net.layers[l][1] is not None and f"b{l + 1}" not in self.without

    def inputs(self, run: Forward, l: int) -> Array:
        """What its parameters multiply: h_(l-1) for weights, ones for biases; shape (n, number of them)."""
        columns = [run.h[l]] if self.weights(l) else []
        return np.concatenate([*columns, *([np.ones((run.n, 1))] if self.bias(run, l) else [])], axis=1)


def bounds(run: Forward, scope: Scope) -> Bounds:
    """Bounds of what the `scope` means; those of the residual part cost O(n L^2 m^3)."""
    found = Bounds(0.0, 0.0, 0.0)
    if scope.gauss_newton:
        found = found + newton_bounds(run, scope.layers)
    return found + residual_bounds(run, scope.layers) if scope.residual else found


def residual_bounds(run: Forward, layers: tuple[int, ...]) -> Bounds:
    """Bounds of R, or of its block over some layers."""
    squares, traces = np.zeros((2, run.n)), np.zeros(run.n)
    for (l, k), (size, error, trace) in block_sizes(run).items():
        if l in layers and k in layers:
            squares += (1 if k == l else 2) * np.stack([size, error]) ** 2
            traces += trace
    size, error = SLACK * np.sqrt(squares)
    lost = VANISHING if run.net.depth > 1 else 0.0
    return Bounds(mean(size), mean(error) + lost, mean(traces + 4 * UNIT * size) + lost)


def block_sizes(run: Forward) -> dict[tuple[int, int], tuple[Array, Array, Array]]:
    """Size, error and error of the trace, each (n,), of every block of R, l <= k; kept with the pass."""
    if not run.blocks:
        for l in range(run.net.depth):
            for rows in tiles(run, l):
                for k, pair in pairs(run, l, rows).items():
                    blank = np.zeros(run.n), np.zeros(run.n), np.zeros(run.n)
                    made = run.blocks.setdefault((l, k), blank)
                    for whole, part in zip(made, pair_bounds(run, l, k, pair, rows), strict=True):
                        whole[rows] = part
    return run.blocks


def tiles(run: Forward, l: int) -> list[slice]:
    """Blocks of samples such that a block's second derivatives, and its pairs, fit into `ENTRIES`."""
    wide, n = max(run.net.sizes[1:]), run.n
    most = min(ENTRIES // (wide * run.net.sizes[l + 1]), math.isqrt(ENTRIES // wide))
    rows = max(1, min(n, most))
    return [slice(start, min(start + rows, n)) for start in range(0, n, rows)]


def scaled(run: Forward, exponent: int) -> Forward:
    """The pass with the loss, and so the Hessian, multiplied by 2^-exponent, exactly but for underflow."""
    power = 2.0**-exponent
    sizes = [
        replace(size, **{name: power * getattr(size, name) for name in ("delta", "ddelta", "v", "dv")})
        for size in run.sizes
    ]
    return replace(
        run,
        G=power * run.G,
        Lam=power * run.Lam,
        delta=[power * each for each in run.delta],
        v=[power * each for each in run.v],
        sizes=sizes,
        G_error=power * run.G_error,
        Lam_error=power * run.Lam_error,
        blocks={key: (power * a, power * b, power * c) for key, (a, b, c) in run.blocks.items()},
    )


def frobenius(run: Forward, scope: Scope, bound: Bounds) -> tuple[float, float]:
    """The Frobenius norm and its error; O(n^2 q L m^2 + n^2 L^2 m^2) time."""
    if bound.size <= bound.propagated:  # nothing but errors
        return 0.0, SLACK * bound.size + bound.propagated
    if not math.isfinite(bound.size):
        return math.inf, math.inf
    exponent = min(max(math.frexp(bound.size)[1], -900), 900)
    at = scaled(run, exponent)
    square = error = 0.0
    off = 0.0
    if scope.gauss_newton:
        E, off = curvature_rows(at)
        size = newton_bounds(at, scope.layers).size
        square += newton_square(at, E, scope)
        error += gamma(max(run.net.sizes) + run.net.depth + SUMMED + 8) * size**2
    if scope.residual:
        square += residual_square(at, scope)
        rest = residual_bounds(at, scope.layers).size
        longest = max(a * b for a in run.net.sizes[1:] for b in run.net.sizes)
        error += gamma(longest + SUMMED + 16) * rest**2
    if scope.gauss_newton and scope.residual:
        square += 2 * mixed_sum(at, E, scope)
        error += 2 * gamma(steps(run)) * size * majorant(at, scope.layers)
    value = math.sqrt(max(square, 0.0))
    error = SLACK * error
    spread = min(error / value, math.sqrt(error)) if value else math.sqrt(error)
    factor = math.ldexp(1.0, exponent)
    return factor * value, factor * SLACK * (spread + off + 4 * UNIT * value) + bound.propagated


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


def residual_square(run: Forward, scope: Scope) -> float:
    """|R|_F^2."""
    sums: list[float] = []
    for l in scope.layers:
        blocks = tiles(run, l)
        for at, left in enumerate(blocks):
            here = pairs(run, l, left)
            for right in blocks[at:]:
                there = here if right == left else pairs(run, l, right)
                for k in (k for k in scope.layers if k >= l):
                    weight = (1 if k == l else 2) * (1 if right == left else 2)
                    entries = _pair_products(run, scope, k, (here[k], there[k]), (left, right))
                    K = scope.inputs(run, l)[left] @ scope.inputs(run, l)[right].T
                    sums += (weight * (K * entries).sum(axis=1)).tolist()
    return math.fsum(sums) / run.n**2


def _pair_products(
    run: Forward, scope: Scope, k: int, both: tuple[Pair, Pair], where: tuple[slice, slice]
) -> Array:
    """What multiplies K^(l-1)_ij in |R|_F^2, for two blocks of samples; (left, right)."""
    (one, two), (left, right) = both, where
    delta, H = run.delta[k], scope.inputs(run, k)
    found = np.zeros((len(delta[left]), len(delta[right])))
    if one.A is not None and two.A is not None:
        found += (H[left] @ H[right].T) * _inner(one.A, two.A)
    if not scope.weights(k):
        return found
    if one.B is not None and two.B is not None:
        found += (delta[left] @ delta[right].T) * _inner(one.B, two.B)
    if one.A is not None and two.A is not None and one.B is not None and two.B is not None:
        h = run.h[k]
        found += _crossed(one.A, delta[right], two.B, h[left])
        found += _crossed(two.A, delta[left], one.B, h[right]).T
    return found


def _inner(A: Array, B: Array) -> Array:
    return np.asarray(A.reshape(len(A), -1) @ B.reshape(len(B), -1).T)


def _crossed(A: Array, delta: Array, B: Array, h: Array) -> Array:
    """(A_i delta_j) . (B_j h_i), for i of A and h and j of B and delta."""
    found = np.zeros((len(A), len(B)))
    one, two = np.empty_like(found), np.empty_like(found)
    for c in range(A.shape[1]):
        np.matmul(A[:, c], delta.T, out=one)
        np.matmul(h, B[:, c].T, out=two)
        one *= two
        found += one
    return found


def majorant(run: Forward, layers: tuple[int, ...]) -> float:
    """(1/n) sum of bounds of |R_j|_2 from the norms of the factors alone: what `mixed_sum` rounds against."""
    net, total = run.net, np.zeros(run.n)
    for l in layers:
        T = {l: np.ones(run.n)}
        for k in range(l + 1, net.depth):
            T[k] = run.sizes[k].spectral * run.sizes[k - 1].s1 * T[k - 1]
        A = np.zeros(run.n)
        for k in range(net.depth - 1, l - 1, -1):
            if k < net.depth - 1:
                A = run.sizes[k].v * T[k] + run.sizes[k].s1 * run.sizes[k + 1].spectral * A
            B = run.sizes[k - 1].s1 * T[k - 1] if k > l else np.zeros(run.n)
            if k in layers:
                weight = 1 if k == l else 2
                total += weight * run.sizes[l].h * (A * run.sizes[k].h + run.sizes[k].delta * B)
    return mean(total)


@np.errstate(over="ignore", invalid="ignore", under="ignore")
def residual_ceiling(run: Forward, layers: tuple[int, ...]) -> float:
    """An upper bound of |R|_F from the norms of the factors alone, in no time."""
    net, squares = run.net, np.zeros(run.n)
    for l in layers:
        wide = np.full(run.n, math.sqrt(net.sizes[l + 1]))
        T, whole = {l: np.ones(run.n)}, {l: wide}
        for k in range(l + 1, net.depth):
            size, s1 = run.sizes[k], run.sizes[k - 1].s1
            T[k] = size.spectral * s1 * T[k - 1]
            whole[k] = s1 * np.minimum(size.spectral * whole[k - 1], size.frobenius * T[k - 1])
        A = np.zeros(run.n)
        for k in range(net.depth - 1, l - 1, -1):
            here = run.sizes[k]
            if k < net.depth - 1:
                A = here.v * T[k] + here.s1 * run.sizes[k + 1].spectral * A
            B = run.sizes[k - 1].s1 * whole[k - 1] if k > l else np.zeros(run.n)
            if k in layers:
                block = run.sizes[l].h * (A * here.h + here.delta * B)
                squares += (1 if k == l else 2) * block**2
    return mean(SLACK * np.sqrt(squares)) + (VANISHING if net.depth > 1 else 0.0)


def steps(run: Forward) -> int:
    """Roundings of a pass along a direction, in units of the norms of its factors."""
    each: list[float] = [
        (W.shape[1] + 4) * (1 + (size.frobenius / size.spectral if size.spectral else 0.0))
        for (W, _), size in zip(run.net.layers, run.sizes, strict=True)
    ]
    return math.ceil(2 * sum(each)) + SUMMED + 16


@np.errstate(over="ignore", invalid="ignore", under="ignore")
def trace(run: Forward, scope: Scope, bound: Bounds) -> tuple[float, float]:
    """The trace and its error; O(n L^2 m^3) for a curved activation, else O(n L m^2)."""
    parts: list[float] = []
    for l in scope.layers:
        H = scope.inputs(run, l)
        squares = np.einsum("ij,ij->i", H, H)
        for rows in tiles(run, l):
            parts += (squares[rows] * unit_diagonal(run, scope, l, rows).sum(axis=1)).tolist()
    value = math.fsum(parts) / run.n
    wide = max(run.net.sizes)
    return value, SLACK * gamma(wide**2 + 3 * wide + SUMMED) * bound.size + bound.trace_propagated


@np.errstate(over="ignore", invalid="ignore", under="ignore")
def diagonal(run: Forward, scope: Scope) -> Array:
    """The diagonal, laid out as theta, shape (P of the layers,)."""
    parts: list[Array] = []
    for l in scope.layers:
        H = scope.inputs(run, l) ** 2
        made = np.zeros((run.net.sizes[l + 1], H.shape[1]))
        for rows in tiles(run, l):
            made += unit_diagonal(run, scope, l, rows).T @ H[rows]
        wide = H.shape[1] - scope.bias(run, l)
        parts += [made[:, :wide].ravel(), made[:, wide:].ravel()]
    return np.asarray(np.concatenate(parts) / run.n)


def unit_diagonal(run: Forward, scope: Scope, l: int, rows: slice) -> Array:
    """The diagonal of Lam-weighted J_l^T J_l plus A_ll, (rows, m_l): what multiplies h^^2."""
    found = np.zeros((len(run.F[rows]), run.net.sizes[l + 1]))
    if scope.gauss_newton:
        J = run.J[l][rows]
        found += np.einsum("iom,iom->im", np.matmul(run.Lam[rows], J), J)
    if scope.residual:
        A = pairs(run, l, rows)[l].A
        if A is not None:
            found += np.einsum("icc->ic", A)
    return found
