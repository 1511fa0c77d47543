r"""Eigenvalues through a similarity to a tridiagonal matrix that is checked after the fact.

Theorem. Let A (P, P) and T be symmetric, |A Q - Q T|_F <= r, and s > 0 at most the least singular value of Q.
In descending order,

    sum_j (lambda_j(A) - lambda_j(T))^2 <= 2 r^2 / s^2 .

Proof. Q is invertible and Q T Q^(-1) = A + E with |E|_F <= r / s. So A + E has real eigenvalues, and a real
Schur form: in some orthonormal basis A = L + N - E, L their diagonal, N strictly upper triangular. A being
symmetric, N_ij = E_ij - E_ji for i < j, so that (A - L)_ij = -E_ji for i < j, and (A - L)_ii = -E_ii. Hence
|A - L|_F^2 <= 2 |E|_F^2; the theorem of Hoffman and Wielandt ends it. (W. Kahan's, 1975.)

So Q may be far from orthonormal if it is known to be invertible, which single precision shows. It comes from
LAPACK's reduction, at half the cost of eigenvectors. Where no more than a few of the trailing parts of T are
heavy, Q need not be formed: A is rebuilt (:mod:`.rebuilding`). The eigenvalues of T are counted
(:mod:`.sturm`). For small matrices one kernel does all of it (:mod:`.small`).
"""

from __future__ import annotations

import math
from contextlib import nullcontext
from functools import partial

import numpy as np
from scipy.linalg import blas, lapack

from ...arrays import Array
from ...blas_threads import scipy_on_one_thread
from ...errors.rounding import SLACK, UNDERFLOW_NORM, UNIT, gamma, without_tiny
from ..extremes.watch import Watch
from .leading import GRID, leading_part
from .panels import AT_ONCE, panels, square_below
from .rebuilding import AFTER, rebuilding_error, reflections, weight
from .reducing import reduction
from .small import proved_error
from .squares import gram_square, residual_square
from .sturm import counted_errors

ALONE = 32  # order up to which BLAS keeps to one thread by itself
FEW = 48  # order up to which one kernel proves all
SMALL = 256  # order up to which chunks are shorter
CHUNKS = (32, 64)  # terms of an inner product that one matrix product adds: its error grows with them
REFLECTIONS = 64  # reflections that are applied together
PANEL = 256  # rows of a product to which chunks are added at a time
SINGLE = 2.0**-24  # unit roundoff of single precision
LARGEST = 3000  # order up to which single precision shows that Q is invertible
MIDDLING = 600  # order from which a matrix is rebuilt, if the trailing parts of T weigh no more than
LIGHT = 4.0  # times the norm of T


def tridiagonal_eigenvalues(A: Array, sharp: bool = False, watch: Watch | None = None) -> tuple[Array, float]:
    """Eigenvalues, ascending, and a bound of the Euclidean norm of all their errors. Shape (P, P) -> (P,).

    A is symmetric, its entries of moderate size; the `watch` is told how far it is. If `sharp`, the residual
    is evaluated to a few units of rounding of |A| instead of some sqrt(P) c of them, c the length of chunks.
    O(P^3) time: 4 P^3 / 3 operations for T and as many to rebuild A; where that would prove too little,
    4 P^3 / 3 for Q and 3 P^3 for the proof, 7 P^3 if it is sharp.

    Raises
    ------
    ArithmeticError
        If LAPACK's answer is too far from the truth to prove anything.
    TimeoutError
        If the `watch` says that time is out.

    Examples
    --------
    >>> values, error = tridiagonal_eigenvalues(np.array([[2.0, 1.0], [1.0, 2.0]]))
    >>> bool(np.all(np.abs(values - [1.0, 3.0]) <= error)) and error < 1e-13
    True
    """
    if len(A) == 1:
        return A[0].copy(), 0.0
    watch = watch or Watch()
    if len(A) <= FEW and not sharp:
        return _of_small(A)
    with scipy_on_one_thread(len(A)):
        watch.stage(0.1, f"reducing a matrix of order {len(A)}")
        diagonal, beside, reduced, factors = reduction(A, watch)
        # before the proof, so that BLAS's threads that wait for more of the reduction give up meanwhile
        watch.stage(0.6, "eigenvalues of the tridiagonal matrix")
        values = _of_tridiagonal(diagonal, beside)
        counted = float(np.linalg.norm(counted_errors(diagonal, beside, values)))
        watch.stage(0.6, AFTER)
        if not sharp and len(A) >= MIDDLING and weight(diagonal, beside) <= LIGHT:
            error = rebuilding_error(A, diagonal, beside, reduced, factors, watch)
        else:
            error = similarity_error(A, diagonal, beside, basis(reduced, factors, watch), sharp, watch)
    return values, SLACK * (error + counted)


def _of_small(A: Array) -> tuple[Array, float]:
    """The same for a small matrix, (P, P) -> (P,)."""
    with nullcontext() if len(A) <= ALONE else scipy_on_one_thread(len(A)):
        diagonal, beside, reduced, factors = reduction(A)
        values = _of_tridiagonal(diagonal, beside)
        Qt = basis(reduced, factors)
    error = proved_error(A, diagonal, beside, Qt, values)
    if not error < math.inf:
        raise ArithmeticError("eigenvalues must be near LAPACK's, and its basis invertible; they may not be")
    return values, error


def _of_tridiagonal(diagonal: Array, beside: Array) -> Array:
    """LAPACK's eigenvalues, ascending, of T; (P,) and (P - 1,) -> (P,).

    Tiny entries beside one of size 1 may spoil the first digit of LAPACK's values, and are left out.
    """
    values, status = lapack.dsterf(*without_tiny(diagonal, beside))
    if status:
        raise ArithmeticError("eigenvalues of a tridiagonal matrix must converge; LAPACK's did not")
    return np.asarray(values)


def basis(reduced: Array, factors: Array, watch: Watch | None = None) -> Array:
    """Q transposed, (P, P), from the reflections (P, P) and (P - 1,)."""
    P = len(reduced)
    Qt = np.zeros((P, P))
    if P <= AT_ONCE:
        inner, _, _ = lapack.dorgqr(reduced[1:, :-1], factors, lwork=64 * P)
        Qt[0, 0], Qt[1:, 1:] = 1.0, inner.T
        return Qt
    watch = watch or Watch()
    Qt.flat[:: P + 1] = 1.0
    for first in reversed(range(0, P - 1, REFLECTIONS)):
        watch.stage(0.6 + 0.1 * (1 - first / P) ** 3, AFTER)
        last = min(first + REFLECTIONS, P - 1)
        columns = np.flatnonzero(factors[first:last])
        if len(columns):
            _reflect(
                Qt[first + 1 :, first + 1 :],
                reflections(reduced, first, last)[1:, columns],
                factors[first + columns],
            )
    return Qt


def _reflect(Qt: Array, V: Array, factors: Array) -> None:
    """Multiply Qt (r, r) by the transposed product of reflections I - f_j v_j v_j^T; V (r, k), f (k,)."""
    inverse = np.triu(V.T @ V, 1)
    inverse.flat[:: len(inverse) + 1] = 1 / factors
    weighted = np.linalg.solve(inverse.T, V.T)
    for rows in panels(len(Qt)):
        Qt[rows] -= (Qt[rows] @ V) @ weighted


def similarity_error(
    A: Array, diagonal: Array, beside: Array, Qt: Array, sharp: bool, watch: Watch | None = None
) -> float:
    """The theorem's bound of the Euclidean norm of all differences of eigenvalues.

    Shapes (P, P), (P,), (P - 1,), (P, P).

    Raises
    ------
    ArithmeticError
        If Q may be singular.
    TimeoutError
        If the `watch` says that time is out.
    """
    watch = watch or Watch()
    stretch = gram_distance(Qt, watch)
    if not stretch < 1:
        raise ArithmeticError(f"a basis must be invertible; it is {stretch:.1g} from orthonormal")
    product = split_product if sharp else chunked_product
    QA, rounding = product(Qt, A, watch)
    found = math.sqrt(residual_square(QA, Qt, diagonal, beside))
    sizes = float(np.linalg.norm(A)) + float(np.linalg.norm(diagonal)) + 2 * float(np.linalg.norm(beside))
    residual = SLACK * (found + rounding + 8 * UNIT * sizes) + Qt.size * UNDERFLOW_NORM
    return SLACK * math.sqrt(2 / (1 - stretch)) * residual


def gram_distance(Qt: Array, watch: Watch | None = None) -> float:
    """An upper bound of |Q^T Q - I|_F, coarse: it shows no more than that Q is invertible. Shape (P, P)."""
    P = len(Qt)
    if P > LARGEST:
        heard = partial((watch or Watch()).require_time, AFTER)
        exact = square_below(Qt, heard)
        return SLACK * (math.sqrt(gram_square(exact)) + gamma(P + 2) * float(np.einsum("ij,ij->", Qt, Qt)))
    single = Qt.astype(np.float32)
    gram = blas.ssyrk(1.0, single.T, trans=1).T
    steps = (P + 4) * SINGLE / (1 - (P + 4) * SINGLE)
    return SLACK * (math.sqrt(gram_square(gram)) + steps * float(np.einsum("ij,ij->", Qt, Qt)) + P * 1e-30)


def chunked_product(Qt: Array, A: Array, watch: Watch) -> tuple[Array, float]:
    """Q^T A, and a bound of its rounding error, for columns of Q of length up to sqrt(2). Shapes (P, P).

    The terms of a chunk may be added in any order; the sums of chunks are bounded by |A|.
    """
    P = len(A)
    chunk = min(CHUNKS[P > SMALL], P)
    starts = range(0, P, chunk)
    made, workspace = np.empty((P, P)), np.empty((min(PANEL, P), P))
    for first in range(0, P, PANEL):
        watch.stage(0.7 + 0.2 * first / P, AFTER)
        rows = made[first : first + PANEL]
        term = workspace[: len(rows)]
        for k in starts:
            np.matmul(Qt[first : first + PANEL, k : k + chunk], A[k : k + chunk], out=term if k else rows)
            if k:
                rows += term
    lengths = np.einsum("ij,ij->i", A, A)
    parts = np.sqrt(np.add.reduceat(lengths, list(starts)))
    within = gamma(chunk) * math.sqrt(2 * chunk) * float(parts.sum())
    return made, SLACK * (within + 2 * UNIT * len(starts) * math.sqrt(float(lengths.sum())))


def split_product(Qt: Array, A: Array, watch: Watch) -> tuple[Array, float]:
    """The same, (P, P), to a few units of rounding of |A|: the leading parts have an exact product.

    Every term of it is a multiple of one power of two, and every partial sum below 2^53 of it.
    """
    P = len(A)
    rows = SLACK * math.sqrt(float(np.einsum("ij,ij->i", A, A).max(initial=0.0)))
    A1, A2 = leading_part(A, math.ldexp(GRID, math.frexp(rows)[1]))
    Q1, Q2 = leading_part(Qt, GRID)
    sizes = [float(np.linalg.norm(M)) for M in (A1, A2, Qt, Q2)]
    made = Q1 @ A1
    for share, left, right in ((0.75, Q2, A1), (0.8, Qt, A2)):
        watch.stage(share, AFTER)
        made += left @ right
    rest = gamma(P + 4) * (sizes[0] * sizes[3] + sizes[1] * sizes[2])
    return made, SLACK * (rest + 4 * UNIT * sizes[0]) + P * P * UNDERFLOW_NORM
