"""Frobenius norms through pairs of samples: exact, and without forming the matrix.

    |H|_F^2 = n^-2 sum_ij [ tr(Lam_i M_ij Lam_j M_ij) + 2 <G_i, F_j> + <F_i, F_j> ],   M_ij = J_i J_j^T

M_ij and the two inner products are matrix products of the features S, S1, S2 over the units, joined by
the input Gram matrix (``generated.pair``; page "theory", section 2). Because <G_i, F_j> and <F_i, F_j>
have the same form 2 K0 p + K0^2 q in their feature products, their features are added before multiplying:
a scalar network costs four products over the units (two of them symmetric) and one over the inputs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from twolayer.forward.bounds import MULTIPLICATIONS, Bounds, product_exponent
from twolayer.forward.scope import Scope, input_gram

from ..arrays import Array
from ..errors.rounding import NOTHING, SLACK, SUBNORMAL, exponent_of, gamma, times_power
from ..forward.errors import Forward
from ..generated import pair
from ..jit import reduction_kernel

TILE = 128  # samples: sums over pairs of tiles lie in memory that need not be asked of the system
SMALLEST = 2.0**-250  # of the scale over the factors it divides
GRAM_CACHE = 2**25  # entries of K0 kept between the two visits of a tile: 256 MB


Told = Callable[[float, str], None]
"""Told how far work is, 0 to 1, and what is being done; what it raises breaks the work off."""


def untold(share: float, doing: str) -> None:
    """Tell nobody."""


def frobenius_pairs(
    forward: Forward, scope: Scope, bound: Bounds, told: Told = untold
) -> tuple[float, float]:
    """The Frobenius norm and a bound of its error; `told` is called before each pair of tiles.

    Time O(n^2 (m q^2 + d)), memory O(n (m + d)) beyond the input.
    """
    scale = _scale(forward, bound.total)
    features = _Features(forward, scope, scale)
    newton, cross, many = [], [], math.ceil(forward.n / TILE) ** 2
    for done, (left, right, gram) in enumerate(_tiles(forward, scope)):
        told(done / many, "pairs of samples")
        features.select(left)
        if scope.residual and (scope.has("W") or scope.has("b")):
            cross.append(features.cross(gram, right))
        if scope.gauss_newton and right.start >= left.start:
            twice = 2.0 if right.start > left.start else 1.0
            newton.append(twice * features.newton(gram, left, right))
    newton_sum, cross_sum = (math.fsum(np.concatenate(rows)) if rows else 0.0 for rows in (newton, cross))
    squared = max(newton_sum + cross_sum, 0.0)
    value, newton_part = (math.sqrt(max(s, 0.0)) / forward.n for s in (squared, newton_sum))
    square = _square_error(forward, bound.gauss_newton / scale, bound.residual / scale, newton_part)
    square += _underflow(forward, scope, scale)
    root = min(math.sqrt(square), square / value if value else math.inf)
    return scale * value, float(scale * (SLACK * root + gamma(8) * value) + SLACK * bound.propagated)


def _square_error(forward: Forward, gauss_newton: float, residual: float, newton: float) -> float:
    """Error of the squared norm, whose terms are uncertain by gamma times the sizes of the two parts."""
    d, m, q = forward.X.shape[1], forward.S.shape[1], forward.F.shape[1]
    step = gamma(2 * d + m + 4 * q + min(TILE, forward.n) + 30)
    square = 2 * step * newton * gauss_newton + (step * gauss_newton) ** 2 + step * newton**2
    return square + step * residual * (2 * gauss_newton + residual)


def _underflow(forward: Forward, scope: Scope, scale: float) -> float:
    """What underflow may take from the squared norm, whose terms are products of two of the matrix's.

    Each of the n^2 pairs, over which the mean is taken, has q^4 terms, with m + d more where features or
    inputs are summed.
    """
    (d, m), q = (forward.X.shape[1], forward.S.shape[1]), forward.F.shape[1]
    exponent = product_exponent(forward, scope)
    if exponent == NOTHING:
        return 0.0
    factors = exponent + max(1 - exponent_of(np.array(scale)), 0)
    return float(2 * MULTIPLICATIONS * q**4 * (m + d)) * times_power(SUBNORMAL, 2 * factors)


def _scale(forward: Forward, size: float) -> float:
    """A power of two near `size`, so that squares neither overflow nor vanish and scaling is exact.

    Not far below the factors g and Lam that are divided by it: the matrix may be tiny because a sample's
    features or inputs are, and the other samples' factors must stay finite.
    """
    factors = max(float(np.abs(forward.Lam).max()), float(np.abs(forward.G).max()))
    floored = max(size, SMALLEST * factors)
    if not math.isfinite(floored) or floored == 0.0:
        return 1.0
    return math.ldexp(1.0, min(max(math.frexp(floored)[1], -900), 900))


def _tiles(forward: Forward, scope: Scope) -> Iterator[tuple[slice, slice, Array]]:
    """All ordered pairs of tiles of samples with their block of K0."""
    n = forward.n
    blocks = [slice(start, min(start + TILE, n)) for start in range(0, n, TILE)]
    kept: dict[tuple[int, int], Array] = {}
    for left in blocks:
        for right in blocks:
            gram = kept.pop((right.start, left.start), None)
            if gram is None:
                gram = input_gram(forward, scope, left, right)
                if left.start != right.start and n * n <= GRAM_CACHE:
                    kept[left.start, right.start] = gram
            else:
                gram = np.ascontiguousarray(gram.T)
            yield left, right, gram


class _Features:
    """Left factors of one tile of samples, and the products with another."""

    def __init__(self, forward: Forward, scope: Scope, scale: float) -> None:
        self.forward, self.scope = forward, scope
        self.Lam, self.G = forward.Lam / scale, forward.G / scale
        self.V = forward.GA / scale * forward.S2 if scope.residual else None
        A = forward.net.A
        self.outputs = [(o, p) for o in range(len(A)) for p in range(o, len(A))]
        self.at, self.rooms = -1, dict[str, Array]()

    def _room(self, name: str, *shape: int) -> Array:
        """An array of this shape, which the next of the `name` takes the place of.

        Memory that the system gives anew costs more than a product of tiles.
        """
        size = math.prod(shape)
        if name not in self.rooms or self.rooms[name].size < size:
            self.rooms[name] = np.empty(size)
        return self.rooms[name][:size].reshape(shape)

    def _product(self, name: str, left: Array, right: Array) -> Array:
        """left right^T, (k, r) and (l, r) -> (k, l), in the place of the last of this `name`."""
        return np.matmul(left, right.T, out=self._room(name, len(left), len(right)))

    def select(self, rows: slice) -> None:
        """Build the left factors of the samples `rows`, unless they are at hand."""
        if rows.start == self.at:
            return
        self.at = rows.start
        A, S, S1 = self.forward.net.A, self.forward.S[rows], self.forward.S1[rows]
        self.S = S
        self.D = np.concatenate([S1 * (A[o] * A[p]) for o, p in self.outputs])
        if self.scope.residual:
            self.U, self.V_left = self._cross_factors(rows, A, S, S1)

    def _cross_factors(self, rows: slice, A: Array, S: Array, S1: Array) -> tuple[Array, Array]:
        """Features of 2 G_i + F_i: U (q, rows, m) for the factor p, and its partner for the factor q."""
        assert self.V is not None
        U = S1 * self.G[rows].T[:, :, None]
        V = self.V[rows].copy()
        if self.scope.gauss_newton:
            LA = np.matmul(self.Lam[rows], A).transpose(1, 0, 2)
            U += 2 * (S * S1) * LA
            V += 2 * S1**2 * (LA * A[:, None, :]).sum(axis=0)
        return U, V

    def newton(self, gram: Array, left: slice, right: slice) -> Array:
        """Row sums of tr(Lam_i M_ij Lam_j M_ij)."""
        forward, scope = self.forward, self.scope
        S1 = forward.S1[right]
        DD = self._product("DD", self.D, S1).reshape(len(self.outputs), *gram.shape)
        SS = self._product("SS", self.S, forward.S[right]) if scope.has("a") else np.zeros_like(gram)
        sums = np.empty(gram.shape[0])
        if len(forward.net.A) == 1:
            newton_scalar(
                SS, DD[0], gram, float(scope.has("c")), self.Lam[left, 0, 0], self.Lam[right, 0, 0], sums
            )
        else:
            newton_outputs(SS, DD, gram, float(scope.has("c")), self.Lam[left], self.Lam[right], sums)
        return sums

    def cross(self, gram: Array, right: slice) -> Array:
        """Row sums of 2 <G_i, F_j> + <F_i, F_j>."""
        assert self.V is not None
        second = self._product("second", self.V_left, self.V[right])
        first, sums = np.zeros_like(gram), np.empty(len(gram))
        for o, U in enumerate(self.U if self.scope.has("a") else ()):
            first += self._product("term", U, self.forward.S1[right] * self.G[right, o : o + 1])
        cross_sums(first, second, gram, sums)
        return sums


@reduction_kernel
def newton_scalar(SS, DD, K, c, left, right, sums):  # type: ignore[no-untyped-def]
    """sums_i = sum_j Lam_i Lam_j (J_i . J_j)^2, one output."""
    for i in range(SS.shape[0]):
        total = 0.0
        for j in range(SS.shape[1]):
            M = pair.jacobian_inner(SS[i, j], DD[i, j], K[i, j], c)
            total += (left[i] * M) * (right[j] * M)
        sums[i] = total


@reduction_kernel
def newton_outputs(SS, DD, K, c, left, right, sums):  # type: ignore[no-untyped-def]
    """sums_i = sum_j tr(Lam_i M_ij Lam_j M_ij), q outputs; DD: the entries o <= p of M_ij, row by row."""
    q = left.shape[1]
    M, LM, RM = np.empty((q, q)), np.empty((q, q)), np.empty((q, q))
    for i in range(SS.shape[0]):
        total = 0.0
        for j in range(SS.shape[1]):
            at = 0
            for o in range(q):
                for p in range(o, q):
                    same = 1.0 if o == p else 0.0
                    M[o, p] = pair.jacobian_inner(same * SS[i, j], DD[at, i, j], K[i, j], same * c)
                    M[p, o] = M[o, p]
                    at += 1
            for o in range(q):
                for p in range(q):
                    LM[o, p] = RM[o, p] = 0.0
                for r in range(q):
                    x, y = left[i, o, r], right[j, o, r]
                    for p in range(q):
                        LM[o, p] += x * M[r, p]
                        RM[o, p] += y * M[r, p]
            for o in range(q):
                for p in range(q):
                    total += LM[o, p] * RM[p, o]
        sums[i] = total


@reduction_kernel
def cross_sums(P, Q, K, sums):  # type: ignore[no-untyped-def]
    """sums_i = sum_j (2 K0_ij P_ij + K0_ij^2 Q_ij)."""
    for i in range(P.shape[0]):
        total = 0.0
        for j in range(P.shape[1]):
            total += pair.block_inner(P[i, j], Q[i, j], K[i, j])
        sums[i] = total
