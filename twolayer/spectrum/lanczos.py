r"""Extreme eigenvalues of a large matrix by Lanczos, with a proof that none is missing.

Lanczos (scipy's eigsh) may omit members of a cluster and still report convergence, so its vectors V are only
candidates. A Rayleigh-Ritz step and the theorem of :mod:`twolayer.spectrum.lapack` make them exact: in order,
the eigenvalues of H are within sqrt(2) eta of those of diag(L, C), where C is what H does outside span V.
That C has none among the k sought is then proved in one of two ways:

- by the norm: |C|_2^2 <= |C|_F^2 <= |H|_F^2 - (|L|_F - eta)^2, and |H|_F is known without forming H;
- by counting: the inertia of H - x I, x in a gap below the k-th, says that no more are above x than found.

If neither succeeds, the search goes on in the complement of span V.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import linalg
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh

from ..arrays import Array
from ..curvature.dense import dense
from ..curvature.product import product
from ..errors.rounding import SLACK, UNDERFLOW_NORM, UNIT, gamma
from .compressed import Matrix
from .enclosed import Spectrum
from .inertia import evaluate, none_below
from .lapack import residual_bound, skewness

SPARE = 6  # pairs beyond those asked for
MOST = 96  # pairs beyond those asked for after which the search is given up
SMALL = 64  # order up to which ARPACK is not worth while
SEED = 0  # of the starting vector: the same matrix gives the same answer


@dataclass(frozen=True)
class Search:
    """What is sought, and what may prove that it has been found.

    Attributes
    ----------
    matrix, small : Matrix
        H, and the same compressed, for counting.
    k : int
    both : bool
        Whether the k largest are those by absolute value.
    norm : float
        An upper bound of |H|_F.
    counting : {"dense", "structured", None}
        How inertia is evaluated, if at all.
    """

    matrix: Matrix
    small: Matrix
    k: int
    both: bool
    norm: float
    counting: str | None

    def sizes(self, values: Array) -> Array:
        """What the largest are sought by. Shape (k,) -> (k,)."""
        return np.abs(values) if self.both else values


@dataclass(frozen=True)
class Pairs:
    """Ritz values, those sought first; their vectors (P, j); and sqrt(2) eta plus the factors' errors."""

    values: Array
    vectors: Array
    error: float


def leading(search: Search) -> Spectrum:
    """The k largest eigenvalues alone, proved complete.

    Raises
    ------
    ArithmeticError
        If it cannot be proved that none is missing.

    Examples
    --------
    >>> from twolayer import Hessian, TwoLayer
    >>> net = TwoLayer(a=[2.0], W=[[1.0] * 20], activation="identity")
    >>> H = Hessian(net, [[1.0] * 20], [40.0])  # H = J^T J, J = (20, 2, ..., 2)
    >>> matrix = Matrix(H.forward, H.scope, H.bound)
    >>> round(leading(Search(matrix, matrix, 1, False, 480.1, None)).values[0], 9)
    np.float64(480.0)
    """
    vectors, more, k = np.zeros((search.matrix.order, 0)), search.k + SPARE, search.k
    while vectors.shape[1] + more < min(k + MOST, search.matrix.order):
        found = candidates(search.matrix, more, "LM" if search.both else "LA", vectors)
        vectors = np.hstack([vectors, found])
        if vectors.shape[1] < k:
            break
        pairs = ritz_pairs(search, vectors)
        missing, proof = _missing(search, pairs)
        if missing == 0:
            method = f"lanczos, none missed by {proof}"
            return Spectrum(pairs.values[:k], np.full(k, pairs.error), math.sqrt(k) * pairs.error, method)
        vectors = pairs.vectors
        more = vectors.shape[1] if missing is None else missing + 1
    raise ArithmeticError(
        f"k must be where the spectrum has a gap, for lanczos to prove that none is missing; got k = {k}, "
        f"and {vectors.shape[1]} pairs proved nothing: use method='dense' or another k"
    )


def candidates(matrix: Matrix, count: int, which: str, found: Array, tolerance: float = 0.0) -> Array:
    """Approximate eigenvectors orthogonal to those `found`, (P, count) or fewer.

    `which` is scipy's: "LM", "LA" or "SA". The span of `found` is moved to where it is not looked for.
    """
    away = {"LM": 0.0, "LA": -2.0, "SA": 2.0}[which] * matrix.bound.total

    def apply(vector: Any) -> Array:
        inside = found.T @ vector
        image = product(matrix.forward, matrix.scope, vector - found @ inside)
        return np.asarray(image + found @ (away * inside - found.T @ image))

    start = np.random.default_rng(SEED + found.shape[1]).standard_normal(matrix.order)
    start /= np.linalg.norm(start)
    if not apply(start).any():
        return start[:, None]
    operator = LinearOperator((matrix.order,) * 2, matvec=apply, dtype=np.float64)
    try:
        return np.asarray(eigsh(operator, count, which=which, v0=start, tol=tolerance)[1])
    except ArpackNoConvergence as stopped:
        return np.asarray(stopped.eigenvectors) if stopped.eigenvectors.size else start[:, None]


def ritz_pairs(search: Search, vectors: Array) -> Pairs:
    """Rayleigh-Ritz in the span of `vectors`, with a bound. `vectors` has shape (P, k); values (k,)."""
    matrix = search.matrix
    basis = linalg.qr(vectors, mode="economic", check_finite=False)[0]
    values, turn = linalg.eigh(basis.T @ _images(matrix, basis))
    order = np.argsort(-search.sizes(values), kind="stable")
    values, V = values[order], basis @ turn[:, order]
    size = float(np.linalg.norm(V))
    residual = float(np.linalg.norm(_images(matrix, V) - V * values)) * (1 + gamma(8))
    residual += (product_error(matrix) + 2 * UNIT * float(np.abs(values).max())) * size
    eta = residual_bound(SLACK * residual, skewness(V), values)
    return Pairs(values, V, SLACK * (math.sqrt(2.0) * eta + matrix.factors_error) + V.size * UNDERFLOW_NORM)


def product_error(matrix: Matrix) -> float:
    """Bound of the norm of the rounding error of the matrix times a unit vector."""
    (n, d), (q, m) = matrix.forward.X.shape, matrix.forward.net.A.shape
    return gamma(n + m + d + 3 * q + 40) * matrix.bound.total


def _images(matrix: Matrix, V: Array) -> Array:
    columns = [product(matrix.forward, matrix.scope, np.ascontiguousarray(v)) for v in V.T]
    return np.stack(columns, axis=1)


def remainder(pairs: Pairs, norm: float) -> float:
    """Bound of the norm of the matrix outside the span of the pairs, |H|_F being at most `norm`."""
    norm += pairs.error
    known = max(float(np.linalg.norm(pairs.values)) - pairs.error, 0.0) * (1 - gamma(len(pairs.values) + 4))
    return SLACK * math.sqrt(max(norm - known, 0.0)) * math.sqrt(norm + known)


def _missing(search: Search, pairs: Pairs) -> tuple[int | None, str]:
    """How many eigenvalues among the k largest are not among the pairs, None if unknown; and the proof."""
    sizes = search.sizes(pairs.values)
    if remainder(pairs, search.norm) <= sizes[search.k - 1]:
        return 0, "the Frobenius norm"
    widths = sizes[search.k - 1 : -1] - sizes[search.k :]
    if search.counting is None or not widths.max(initial=0.0) > 8 * pairs.error:
        return None, ""
    known = search.k + int(np.argmax(widths))
    least = float(sizes[known - 1])
    x = 0.5 * (least + float(sizes[known]))
    count, error = _beyond(search, x)
    unknown = not x + error + pairs.error < least
    return None if unknown else max(count - known, 0), f"inertia, {search.counting}"


def _beyond(search: Search, x: float) -> tuple[int, float]:
    """No fewer than there are eigenvalues above x + error, or by absolute value; and the error."""
    small, counting = search.small, str(search.counting)
    above = evaluate(small, -x, counting)
    count = small.order - above.negatives + small.zeros * (x < 0)
    if not search.both or none_below(small, -x):
        return count, above.error
    below = evaluate(small, x, counting)
    return count + below.negatives, max(above.error, below.error)


def lowest(matrix: Matrix) -> float:
    """An estimate of the least eigenvalue, from above: a Rayleigh quotient."""
    if matrix.order <= SMALL:
        return float(np.linalg.eigvalsh(dense(matrix.forward, matrix.scope))[0])
    vectors = candidates(matrix, 1, "SA", np.zeros((matrix.order, 0)), 1e-6)
    return float((vectors * _images(matrix, vectors)).sum(axis=0).min())
