"""Which parts of the Hessian are meant, their sizes and bounds, and traces and diagonals without the matrix.

Write H = (1/n) sum_i (J_i^T Lam_i J_i + R_i). Replacing every factor by its computed value changes H by a
matrix whose Frobenius norm the triangle inequality bounds, sample by sample; arithmetic on the computed
factors adds an error proportional to the sizes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from numerics.deep.forward import Forward
from numerics.deep.second_derivatives import Pair, pairs
from twolayer.arrays import Array
from twolayer.errors.rounding import (
    NOTHING,
    SLACK,
    SUBNORMAL,
    UNIT,
    gamma,
    scaled_norms,
    times_power,
)

Levels = np.ndarray[tuple[int, ...], np.dtype[np.int64]]

UNDERFLOW = 1e-300  # more than products that vanish can take from a sum of any feasible length
VANISHING = 1e-160  # the same for the root of a sum of squares
ENTRIES = 8_000_000  # of the largest temporary array
BRIEF = 2_000_000_000  # multiplications between two looks at the clock: a second or less
SUMMED = 64  # roundings of numpy's pairwise summation of any feasible length


@dataclass(frozen=True)
class Bounds:
    """Bounds of one part of the Hessian.

    Attributes
    ----------
    size : float
        (1/n) sum_i of the Frobenius norms of the samples' matrices: what rounding is proportional to.
    propagated : float
        Bound of the Frobenius norm of (the part from computed factors) - (the part).
    trace_propagated : float
        The same for the trace.
    """

    size: float
    propagated: float
    trace_propagated: float

    def __add__(self, other: Bounds) -> Bounds:
        return Bounds(*(a + b for a, b in zip(vars(self).values(), vars(other).values(), strict=True)))


def newton_bounds(run: Forward, layers: tuple[int, ...]) -> Bounds:
    """Bounds of G, or of its block over some layers."""
    J, dJ = jacobian_sizes(run, layers)
    off = run.Lam_error + run.net.n_outputs * SUBNORMAL  # a confident sample's curvature may vanish
    lam = scaled_norms(run.Lam.reshape(run.n, -1)) + off
    lost = UNDERFLOW if any(run.sizes[l].h.any() for l in layers) else 0.0
    for l in layers:  # products of inputs that vanish, times what is large
        lost += run.net.sizes[l] * SUBNORMAL * mean(lam * run.sizes[l].J ** 2)
    each = mean(off * J**2 + lam * (2 * J * dJ + dJ**2)) + lost
    return Bounds(mean(lam * J**2), each, each)


def jacobian_sizes(run: Forward, layers: tuple[int, ...]) -> tuple[Array, Array]:
    """Upper bounds of |J_i|_F over parameters and outputs, and of its error, each (n,)."""
    found = np.zeros(run.n)
    error = np.zeros(run.n)
    for l in layers:
        size = run.sizes[l]
        found = np.hypot(found, size.J * size.h)  # whose squares may vanish
        error = np.hypot(error, size.dJ * size.h + size.J * size.dh)
    return SLACK * found, SLACK * error


def pair_bounds(run: Forward, l: int, k: int, pair: Pair, rows: slice) -> tuple[Array, Array, Array]:
    """Size and error of the block (k, l) of R_i, and of the trace if k = l, each (rows,)."""
    low, high = run.sizes[l], run.sizes[k]
    h, dh = low.h[rows], low.dh[rows]
    H, dH, delta, ddelta = high.h[rows], high.dh[rows], high.delta[rows], high.ddelta[rows]
    inside = pair.size_A * H + delta * pair.size_B
    error = pair.error_A * H + pair.size_A * dH + ddelta * pair.size_B + delta * pair.error_B
    # products of two of the factors that vanish, times the third
    count = math.prod((run.net.sizes[at] + 1) * run.net.sizes[at + 1] for at in (l, k))
    gone = 2 * count * SUBNORMAL * (1.0 + pair.size_A + pair.size_B + h + H + delta)
    gone = np.where(inside > 0, gone, 0.0)
    wide = run.net.sizes[l + 1] ** 0.5
    trace = wide * (h * (h * pair.error_A) + 2 * h * (dh * pair.size_A)) if k == l else np.zeros_like(h)
    off = h * error + dh * inside + 4 * UNIT * h * inside
    return SLACK * h * inside, SLACK * off + gone, SLACK * trace + gone * (k == l)


def gradient_bounds(run: Forward) -> tuple[float, float]:
    """(1/n) sum |g_i| |J_i|_F, and the error that the factors propagate to the gradient."""
    J, dJ = jacobian_sizes(run, tuple(range(run.net.depth)))
    g = scaled_norms(run.G) + run.G_error
    return mean(g * J), mean(g * dJ + run.G_error * J) + gamma(4) * mean(g * J)


def mean(values: Array) -> float:
    """Upper bound of the mean of non-negative values, shape (n,)."""
    return float(SLACK * values.mean())


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
    lengths, traces = np.zeros((2, run.n)), np.zeros(run.n)
    for (l, k), (size, error, trace) in block_sizes(run).items():
        if l in layers and k in layers:
            weight = 1.0 if k == l else math.sqrt(2.0)
            lengths = np.hypot(lengths, weight * np.stack([size, error]))  # whose squares may overflow
            traces += trace
    size, error = SLACK * lengths
    lost = VANISHING if run.net.depth > 1 else 0.0
    return Bounds(mean(size), mean(error) + lost, mean(traces + 4 * UNIT * size) + lost)


def block_sizes(run: Forward) -> dict[tuple[int, int], tuple[Array, Array, Array]]:
    """Size, error and error of the trace, each (n,), of every block of R, l <= k; kept with the pass."""
    if not run.blocks:
        found: dict[tuple[int, int], tuple[Array, Array, Array]] = {}
        for l in range(run.net.depth):
            for rows in watched(run, l, "bounds of rounding errors", range(run.net.depth)):
                for k, pair in pairs(run, l, rows).items():
                    blank = np.zeros(run.n), np.zeros(run.n), np.zeros(run.n)
                    made = found.setdefault((l, k), blank)
                    for whole, part in zip(made, pair_bounds(run, l, k, pair, rows), strict=True):
                        whole[rows] = part
        run.blocks.update(found)  # whole, or not at all
    return run.blocks


def tiles(run: Forward, l: int, longest: int | None = None) -> list[slice]:
    """Blocks of samples such that a block's second derivatives, and its pairs, fit into `ENTRIES`.

    Of at most `longest` samples, if that is given, and of one at least.
    """
    wide, n = max(run.net.sizes[1:]), run.n
    most = min(ENTRIES // (wide * run.net.sizes[l + 1]), math.isqrt(ENTRIES // wide))
    rows = max(1, min(n, most, n if longest is None else longest))
    return [slice(start, min(start + rows, n)) for start in range(0, n, rows)]


def watched(run: Forward, l: int, doing: str, layers: Sequence[int]) -> Iterator[slice]:
    """Blocks of samples for a layer among `layers`; the pass's watch is told before each, and may end it."""
    each = run.net.depth * run.net.sizes[l + 1] * max(run.net.sizes[1:]) ** 2
    at, blocks = list(layers).index(l), tiles(run, l, BRIEF // each)
    for count, rows in enumerate(blocks):
        run.watch.stage((at + count / len(blocks)) / len(layers), doing)
        yield rows


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
    if not run.net.activation.sup2:  # outputs are linear in every single parameter: R has no diagonal
        scope = replace(scope, residual=False)
        bound = bounds(run, scope)
    if not math.isfinite(bound.size):
        return math.inf, math.inf
    parts: list[float] = []
    exponent = math.frexp(bound.size)[1]
    for l in scope.layers:
        H, level = levelled(scope.inputs(run, l))
        squares = np.einsum("ij,ij->i", H, H)
        for rows in watched(run, l, "the trace", scope.layers):
            each = unit_diagonal(run, scope, l, rows, level, exponent).sum(axis=1)
            parts += (squares[rows] * each).tolist()
    finite = all(map(math.isfinite, parts))
    value = times_power(math.fsum(parts) / run.n, exponent) if finite else math.inf
    wide = max(run.net.sizes)
    return value, SLACK * gamma(wide**2 + 3 * wide + SUMMED) * bound.size + bound.trace_propagated


@np.errstate(over="ignore", invalid="ignore", under="ignore")
def diagonal(run: Forward, scope: Scope, bound: Bounds) -> Array:
    """The diagonal, laid out as theta, shape (P of the layers,)."""
    parts: list[Array] = []
    exponent = math.frexp(bound.size)[1]
    for l in scope.layers:
        H, level = levelled(scope.inputs(run, l))
        H = H**2
        made = np.zeros((run.net.sizes[l + 1], H.shape[1]))
        for rows in watched(run, l, "the diagonal", scope.layers):
            made += unit_diagonal(run, scope, l, rows, level, exponent).T @ H[rows]
        wide = H.shape[1] - scope.bias(run, l)
        parts += [made[:, :wide].ravel(), made[:, wide:].ravel()]
    return np.asarray(np.ldexp(np.concatenate(parts) / run.n, exponent))


def levelled(H: Array) -> tuple[Array, Levels]:
    """Inputs (n, w), each sample's over a power of two that makes its largest about 1; exponents (n,).

    Of a sample without inputs an exponent that makes everything vanish: what multiplies them may overflow.
    """
    largest = np.abs(H).max(axis=1, initial=0.0)
    level = np.where(largest > 0, np.frexp(largest)[1], NOTHING)
    return np.ldexp(H, -level[:, None]), level


def unit_diagonal(run: Forward, scope: Scope, l: int, rows: slice, level: Levels, exponent: int) -> Array:
    """The diagonal of Lam-weighted J_l^T J_l plus A_ll, (rows, m_l): what multiplies h^^2.

    Times every sample's power of two, of exponent 2 `level`, and over that of `exponent`, so that it neither
    vanishes nor overflows where its product with h^^2 over the same powers does not.
    """
    found = np.zeros((len(run.F[rows]), run.net.sizes[l + 1]))
    if scope.gauss_newton:
        Lam = run.Lam[rows]
        high = np.frexp(np.abs(Lam).max(axis=(1, 2)))[1]
        half = (high - exponent) // 2  # on either side of Lam, and what is left over on it
        J = np.ldexp(run.J[l][rows], (level[rows] + half)[:, None, None])
        Lam = np.ldexp(Lam, -(2 * half + exponent)[:, None, None])
        found += np.einsum("iom,iom->im", np.matmul(Lam, J), J)
    if scope.residual:
        A = pairs(run, l, rows)[l].A
        if A is not None:
            found += np.ldexp(np.einsum("icc->ic", A), (2 * level[rows] - exponent)[:, None])
    return found
