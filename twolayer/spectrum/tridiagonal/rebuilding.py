r"""A symmetric matrix rebuilt from LAPACK's reduction of it, to see how far the two are apart.

Theorem. Let V (r, k) and R (k, k), upper triangular, be such that R is invertible and D = R + R^T - V^T V is
small: d = |V R^(-1)|^2 |D| < 1 in the 2-norm. Let B = I - V R^(-1) V^T, and M and M' be symmetric. The
eigenvalues of M and of M', in order, differ by |M' - B M B^T|_F + d |M|_F at most, in the Euclidean norm.

Proof. B B^T = I - V R^(-1) D R^(-T) V^T, which is within d of I. So B = K U with U orthogonal and the squares
of the eigenvalues s_i of K within d of 1. In the basis of K the entries of N = U M U^T differ from those of
B M B^T = K N K by factors s_i s_j, so that |B M B^T - N|_F <= d |M|_F. N has the eigenvalues of M; the
theorem of Hoffman and Wielandt ends it.

LAPACK's reflections, `PANEL` at a time, are such matrices V, and the triangle of the computed V^T V with half
its diagonal is such an R: D is no more than what rounding did to V^T V, which leading parts with an exact
product make small. Starting from T, with the last reflections first, each step changes the trailing part of M
by M' = M - V W^T - W V^T, where

    X = M V,    Y = X R^(-T),    Z = R^(-1) V^T Y,    W = Y - V Z / 2 .

What is lost in X reaches M' as (I + B) / 2 dX (V R^(-1))^T and its transpose: by a factor of 2 |V R^(-1)| at
most, for |I + B| <= 2; and so on for the others. All steps together lose the sum of what each does. At the
end M is compared with A. In place of R^(-1) stands an S whose S R - I is known, by leading parts again.

The norms of the trailing parts are those of T and what was lost before. Where they decrease soon, as they do
where a few eigenvalues outweigh the others, the sum is not much more than its first term; and no basis was
formed, at less than half the operations that it takes to form and check one.
"""

from __future__ import annotations

import math

import numpy as np

from ...arrays import Array
from ...errors.rounding import SLACK, UNDERFLOW_NORM, UNIT, gamma
from ...jit import reduction_kernel
from ...threads import Threads
from ..extremes.watch import Watch
from .leading import leading_part
from .tiles import TILE, subtract_products, symmetric_product, tile_edges

PANEL = 64  # reflections that are applied together
CHUNKS = ((0.2, 16), (0.04, 32), (0.0, 64))
"""Terms of an inner product that one matrix product adds, from which part of the norm of T on."""

GRID = 2.0**-25  # multiples of it shorter than 2 have exact inner products
DEFECT = 1e-5  # what is known to be less than this is covered by `SLACK`
SQUARINGS = 4
AFTER = "proving the reduction"


def weight(diagonal: Array, beside: Array) -> float:
    """The sum of the norms of the trailing parts of T that are rebuilt, in units of the first, |T|_F.

    Shapes (P,), (P - 1,).

    Examples
    --------
    >>> weight(np.ones(100), np.zeros(99)) == 1.0 + 0.6
    True
    """
    norms = trailing_norms(diagonal, beside)
    return float(norms[: max(len(norms) - 1, 1) : PANEL].sum() / norms[0]) if norms[0] else 1.0


def trailing_norms(diagonal: Array, beside: Array) -> Array:
    """Frobenius norms (P,) of what T is from row and column i on. Shapes (P,), (P - 1,)."""
    squares = diagonal**2
    squares[:-1] += 2 * beside**2
    return np.asarray(np.sqrt(np.cumsum(squares[::-1])[::-1]))


def rebuilding_error(
    A: Array, diagonal: Array, beside: Array, reduced: Array, factors: Array, watch: Watch
) -> float:
    """A bound of the Euclidean norm of all differences of eigenvalues of A and T.

    Shapes (P, P), (P,), (P - 1,), and as LAPACK's dsytrd returns them for the lower triangle. 4 P^3 / 3
    operations.

    Raises
    ------
    ArithmeticError
        If the reflections are none.
    TimeoutError
        If the `watch` says that time is out.

    Examples
    --------
    >>> from scipy.linalg import lapack
    >>> A = np.array([[2.0, 1.0, 0.0], [1.0, 2.0, 1.0], [0.0, 1.0, 2.0]])
    >>> reduced, diagonal, beside, factors, _ = lapack.dsytrd(A, lower=1)
    >>> rebuilding_error(A, diagonal, beside, reduced, factors, Watch()) < 1e-13
    True
    """
    P = len(A)
    M = np.diag(diagonal)
    M.flat[P :: P + 1] = M.flat[1 :: P + 1] = beside
    norms = trailing_norms(diagonal, beside)
    lost = 0.0
    with Threads() as threads:
        for first in reversed(range(0, P - 1, PANEL)):
            watch.stage(0.6 + 0.3 * (1 - first / P) ** 3, AFTER)
            last = min(first + PANEL, P - 1)
            columns = np.flatnonzero(factors[first:last])
            if len(columns):
                B = Reflected(reflections(reduced, first, last)[:, columns])
                size = SLACK * float(norms[first]) + lost
                chunk = next(terms for part, terms in CHUNKS if size >= part * norms[0])
                lost += SLACK * B.apply(M[first:, first:], tile_edges(first, P), size, chunk, threads)
    apart = math.sqrt(_distance_square(A, M))
    return SLACK * (apart + lost) + A.size * UNDERFLOW_NORM


def reflections(reduced: Array, first: int, last: int) -> Array:
    """Vectors of the reflections from `first` to before `last`, from row `first` on.

    Shape (P, P) -> (P - first, last - first).
    """
    V = np.zeros((len(reduced) - first, last - first))
    V[1:] = np.tril(reduced[first + 1 :, first:last], -1)
    columns = np.arange(last - first)
    V[columns + 1, columns] = 1.0
    return V


class Reflected:
    """B = I - V R^(-1) V^T and its norms.

    Parameters
    ----------
    V : ndarray, shape (r, k)

    Raises
    ------
    ArithmeticError
        If B is not known to be nearly orthogonal.

    Attributes
    ----------
    S : ndarray, shape (k, k)
        The inverse of R but for a factor within `missed` of I.
    length : float
        |V|_F.
    norm, dual : float
        Bounds of |V|_2 and |V R^(-1)|_2.
    defect : float
        Bound of the theorem's d.
    """

    def __init__(self, V: Array) -> None:
        self.V = V
        G, rounding = gram(V)
        diagonal = G.diagonal().copy()
        self.length = SLACK * math.sqrt(float(diagonal.sum()))
        R = np.triu(G)
        R.flat[:: len(R) + 1] = 0.5 * diagonal
        inverse = np.linalg.inv(R) if diagonal.min() > 0 else np.full(R.shape, np.inf)
        self.S: Array = np.asarray(inverse, dtype=np.float64)
        size = float(np.linalg.norm(self.S))
        known = diagonal.max() < 3 and size * size * rounding < DEFECT
        self.missed = missed(self.S, R) if known else math.inf
        if not size * self.missed < DEFECT:
            raise ArithmeticError("reflections must be orthogonal; LAPACK's are not nearly so")
        self.norm = SLACK * math.sqrt(spectral_bound(G))
        self.dual = SLACK * math.sqrt(spectral_bound(self.S + self.S.T))
        self.defect = SLACK * self.dual * self.dual * rounding

    def apply(self, M: Array, edges: np.ndarray, size: float, chunk: int, threads: Threads) -> float:
        """Replace M (r, r) by B M B^T; a bound of by how much that shifts its eigenvalues.

        M is given by its lower triangle of tiles, those on the diagonal whole, which begin at the `edges`,
        the last of these being r. `size` is at least |M|_F.
        """
        V, S = self.V, self.S
        norm, dual, sides = self.norm, self.dual, _absolute(self.S)
        X = symmetric_product(M, V, edges, chunk, threads)
        Y = _product(X, S.T, chunk)
        U = _product(V.T, Y, chunk)
        Z = _product(S, U, chunk)
        W = Y - 0.5 * _product(V, Z, chunk)
        x, y, u, z, w = (float(np.linalg.norm(part)) for part in (X, Y, U, Z, W))
        shifts = [
            2 * dual * size * _loss(chunk, len(V), self.length, norm),
            2 * norm * (x * _loss(chunk, len(S), sides, sides) + self.missed * y),
            norm * dual * y * _loss(chunk, len(V), self.length, norm),
            norm * norm * (u * _loss(chunk, len(S), sides, sides) + self.missed * z),
            norm * (z * _loss(chunk, len(S), self.length, norm) + 2 * UNIT * (y + w)),
            subtract_products(M, V, W, edges, 2 * chunk, threads) * UNIT * (size + 2 * norm * w),
            2 * gamma(2 * chunk) * self.length * w,
            self.defect * size,
        ]
        return SLACK * math.fsum(shifts)


def gram(V: Array) -> tuple[Array, float]:
    """V^T V and a bound of its error in the Frobenius norm, for columns shorter than 2. Shape (r, k).

    Examples
    --------
    >>> gram(np.array([[1.0], [0.5]]))[0]
    array([[1.25]])
    """
    V1, V2 = leading_part(V, GRID)
    both = V1 + 0.5 * V2
    mixed = V2.T @ both
    G = V1.T @ V1 + (mixed + mixed.T)
    sizes = float(np.linalg.norm(V2)) * float(np.linalg.norm(both))
    return G, SLACK * (UNIT * float(np.linalg.norm(G)) + 3 * gamma(len(V) + 4) * sizes)


def missed(S: Array, R: Array) -> float:
    """A bound of |S R - I|_F. Shapes (k, k).

    Examples
    --------
    >>> missed(np.eye(2) / 2, 2 * np.eye(2)) < 1e-15
    True
    """
    k = len(R)
    S1, S2 = leading_part(S, _grid(S))
    R1, R2 = leading_part(R, _grid(R.T))
    found = S1 @ R1 - np.eye(k) + (S2 @ R1 + S @ R2)
    sizes = [float(np.linalg.norm(part)) for part in (S, S2, R1, R2)]
    rest = sizes[1] * sizes[2] + sizes[0] * sizes[3]
    return SLACK * (float(np.linalg.norm(found)) * (1 + 4 * UNIT) + gamma(k + 4) * rest + 2 * UNIT * rest)


def spectral_bound(N: Array) -> float:
    """An upper bound of |N|_2, less than k^(1/30) times as large. N is symmetric, (k, k).

    Examples
    --------
    >>> 2.0 <= spectral_bound(np.diag([2.0, -1.0])) < 2.01
    True
    """
    size = float(np.linalg.norm(N))
    power = N / size
    for _ in range(SQUARINGS):
        power = power @ power
    return float(SLACK * size * float(np.linalg.norm(power)) ** (0.5**SQUARINGS))


def _grid(M: Array) -> float:
    """A power of two whose multiples have exact products with rows of M (k, l)."""
    return math.ldexp(GRID, math.frexp(math.sqrt(float(np.einsum("ij,ij->i", M, M).max())))[1])


def _absolute(S: Array) -> float:
    """A bound of the 2-norm of the absolute values of S (k, k)."""
    sizes = np.abs(S)
    return float(SLACK * math.sqrt(float(sizes.sum(axis=0).max()) * float(sizes.sum(axis=1).max())))


def _loss(chunk: int, terms: int, length: float, norm: float) -> float:
    """What a product by chunks loses, relative to the Frobenius norm of its other factor.

    Products of chunks lose gamma(chunk) times the product of the absolute values; the `length` bounds what
    these stretch by, or the Frobenius norm. The sums of the first chunks are stretched by the `norm` at most.
    """
    return gamma(chunk) * length + UNIT * (terms / chunk + terms / TILE + 2) * norm


def _product(left: Array, right: Array, chunk: int) -> Array:
    """The product, (k, l), of arrays (k, r) and (r, l), summed in chunks of the terms."""
    made = left[:, :chunk] @ right[:chunk]
    for k in range(chunk, len(right), chunk):
        made += left[:, k : k + chunk] @ right[k : k + chunk]
    return np.asarray(made)


@reduction_kernel
def _distance_square(A, M):  # type: ignore[no-untyped-def]
    """|A - M|_F^2 of two symmetric matrices given by their lower triangles."""
    total = 0.0
    for i in range(len(A)):
        row = 0.0
        for j in range(i):
            rest = A[i, j] - M[i, j]
            row += rest * rest
        last = A[i, i] - M[i, i]
        total += 2 * row + last * last
    return total
