r"""Linear systems (H + shift I) x = rhs through the blocks over hidden units, with a bound of the error.

With B = R + shift I and C = I + U^T B^(-1) U (:mod:`.unit_blocks`),

    (H + shift I)^(-1) = B^(-1) - B^(-1) U C^(-1) U^T B^(-1)        (Woodbury).

A pivot of a block near zero is moved away from it, so that what is applied is only nearly the inverse: GMRES
repairs that, and each pivot costs it a step. The answer is judged by its residual alone:
|x - x*| <= |rhs - (H + shift I) x| / s, with s a lower bound of the least absolute eigenvalue of H + shift I
from two counts that agree.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.linalg import LinearOperator, gmres

from ..arrays import Array
from ..blas_threads import scipy_on_one_thread
from ..curvature.dense import dense
from ..curvature.product import product
from ..errors.rounding import NOTHING, SLACK, UNIT, exponent_of, scaled_norm, scaled_norms
from ..forward.scope import unit_columns
from ..jit import reduction_kernel
from .compressed import Matrix
from .extremes.curvature_pairs import lowest, product_error
from .extremes.watch import Watch
from .factored.accumulated import PlainSum
from .factored.capacitance import ROWS
from .factored.ldl import Factorization
from .inertia import Evaluation, evaluate
from .unit_blocks import Units

LEAST = 2.0**-1000  # of a pivot: less would not divide
MOVED = 2.0**-16  # of the largest pivot of a block: smaller ones are moved
LARGE_STACK = 2**30  # bytes of the inverses of all blocks, from which they are kept in single precision
STEPS = 60  # of GMRES, between restarts
ROUNDS = 4  # of refinement
SHARES = (0.5, 0.1, 0.01, 1e-4)  # of what the least eigenvalue is guessed to be, that are tried

Apply = Callable[[Array], Array]


def by_columns(right: Array) -> tuple[Array, NDArray[np.int64]]:
    """The columns of `right`, (P,) or (P, k), as (P, k), each over a power of two near its largest entry.

    Returns
    -------
    columns : ndarray, shape (P, k)
    exponents : ndarray, shape (k,)
        Those of the powers.

    Examples
    --------
    >>> columns, exponents = by_columns(np.array([[4.0, 0.0], [3.0, 0.25]]))
    >>> columns.tolist(), exponents.tolist()
    ([[0.5, 0.0], [0.375, 0.5]], [3, -1])
    """
    columns = right.reshape(len(right), -1)
    exponents = np.array([max(exponent_of(column), NOTHING // 8) for column in columns.T], dtype=np.int64)
    return np.ldexp(columns, -exponents), exponents


def solved(
    whole: Matrix, small: Matrix, shift: float, method: str, right: Array, watch: Watch
) -> tuple[Array, Array]:
    """x (P, k) with (H + shift I) x = `right` (P, k), and bounds (k,) of the Euclidean norms of the errors.

    Time: that of some applications of the inverse, and of two counts.

    Raises
    ------
    ValueError
        If an eigenvalue may be -shift.
    TimeoutError
        If the `watch` says that time is out.

    Examples
    --------
    >>> from twolayer import Hessian, TwoLayer
    >>> net = TwoLayer(a=[2.0], W=[[1.0]], activation="identity")
    >>> H = Hessian(net, [[1.0]], [0.0])  # [[1, 4], [4, 4]]
    >>> matrix = Matrix(H.forward, H.scope, H.bound)
    >>> x, errors = solved(matrix, matrix, 0.0, "structured", np.array([[5.0], [8.0]]), Watch())
    >>> bool(np.abs(x - 1.0).max() < errors[0] < 1e-12)
    True
    """
    if not right.any():
        return np.zeros_like(right), np.zeros(right.shape[1])
    inverse = _inverse_of_whole(whole, small, shift, method, watch)

    def apply(v: Array) -> Array:
        return np.asarray(product(whole.forward, whole.scope, v) + shift * v)

    found = [refined(apply, inverse, column, watch) for column in right.T]
    x = np.stack([column for column, _ in found], axis=1)
    lengths, sizes = scaled_norms(x.T), scaled_norms(right.T)
    rounding = product_error(whole) + whole.factors_error + 4 * UNIT * abs(shift)
    missed = np.array([left for _, left in found]) + rounding * lengths + 4 * UNIT * sizes
    some = lengths > 0
    guess = float((sizes[some] / lengths[some]).min(initial=small.bound.total + abs(shift)))
    return x, SLACK * missed / least_size(small, shift, method, guess, watch)


def refined(apply: Apply, inverse: Apply, right: Array, watch: Watch) -> tuple[Array, float]:
    """x (P,), and the computed norm of its residual: GMRES on the matrix times its near inverse, refined.

    Raises
    ------
    TimeoutError
        If the `watch` says that time is out.
    """
    order = len(right)
    near = LinearOperator((order, order), matvec=lambda v: apply(inverse(v)), dtype=np.float64)
    x, rest, left = np.zeros(order), right, scaled_norm(right)
    for _ in range(ROUNDS if left else 0):
        watch.require_time("a solution")
        z, _ = gmres(near, rest / left, rtol=1e-9, restart=STEPS, maxiter=2)
        tried = x + left * inverse(z)
        after = right - apply(tried)
        length = scaled_norm(after)
        if not length < left:
            break
        x, rest, before, left = tried, after, left, length
        if left > 0.25 * before or left == 0.0:
            break
    return x, left


def least_size(small: Matrix, shift: float, method: str, guess: float, watch: Watch) -> float:
    """A lower bound of the least absolute eigenvalue of H + shift I, the zeros left out of `small` included.

    `guess` is an upper bound of it, but for rounding.

    Raises
    ------
    ValueError
        If it may be zero.
    """
    delta = 0.0
    gap = shift + lowest(small, watch=watch)
    definite = gap > 0 and not (small.zeros and shift <= 0)
    guess = min(guess, gap) if definite else guess
    for share in SHARES if shift or not small.zeros else ():
        delta = share * guess
        sides = [evaluate(small, shift - delta, method, watch)]
        sides += [] if definite else [evaluate(small, shift + delta, method, watch)]
        if _agree(sides, definite) and max(side.error for side in sides) < 0.5 * delta:
            found = delta - max(side.error for side in sides) - 2 * UNIT * (abs(shift) + delta)
            return min(found, abs(shift)) if small.zeros else found
    raise ValueError(
        f"shift must be away from minus an eigenvalue; got {shift!r}, and one may be within {delta:.1g} of it"
    )


def _agree(sides: list[Evaluation], definite: bool) -> bool:
    return sides[0].negatives == (0 if definite else sides[1].negatives)


def _inverse_of_whole(whole: Matrix, small: Matrix, shift: float, method: str, watch: Watch) -> Apply:
    """The near inverse of the whole matrix + shift I: where nothing is curved, it is one over the shift."""
    inverse = _dense_inverse(small, shift, watch) if method == "dense" else UnitInverse(small, shift, watch)
    lift = small.lift
    if lift is None or small is whole:
        return inverse

    def apply(vector: Array) -> Array:
        inner = lift.adjoint(vector)
        rest = vector - lift(inner[:, None])[:, 0]
        return lift(inverse(inner)[:, None])[:, 0] + (rest / shift if shift else 0.0 * rest)

    return apply


def _dense_inverse(small: Matrix, shift: float, watch: Watch) -> Apply:
    H = small.checked(dense(small.forward, small.scope, told=watch.stage))
    H[np.diag_indices_from(H)] += shift
    F = Factorization(H, heard=partial(watch.require_time, "a solution"))
    pivots = _moved(F, shift, small.bound.total)
    return lambda vector: F.divided(vector, pivots)


def _moved(F: Factorization, shift: float, whole: float) -> Array:
    """The pivots, (p,), those near zero moved away from it; `whole` is the size where all are zero."""
    sizes = np.abs(F.pivots)
    least = max(MOVED * (max(float(sizes.max(initial=0.0)), abs(shift)) or whole or 1.0), LEAST)
    return np.copysign(np.maximum(sizes, least), F.pivots)


class UnitInverse:
    """Nearly the inverse of a matrix + shift I, by Woodbury's formula.

    Time O(m (p^3 + p^2 n q + p (n q)^2) + (n q)^3) once, and O(m (p^2 + n (q + p))) an application; memory of
    the inverse of every block, in single precision where they take more than a gibibyte, and of some
    n q x n q arrays.
    """

    def __init__(self, small: Matrix, shift: float, watch: Watch) -> None:
        self.units, self.shift, self.whole = Units(small), shift, small.bound.total
        (n, q), m, p = small.forward.F.shape, small.forward.S.shape[1], self.units.block_order
        self.places = _places(small)
        self.biased = small.scope.has("c") > 0
        kind = np.float32 if 8 * m * p * p > LARGE_STACK else np.float64
        self.inverses = np.empty((m if p else 0, p, p), dtype=kind)
        capacitance = _Products(n * q) if small.scope.gauss_newton else None
        with scipy_on_one_thread(p):
            for k, (block, features) in enumerate(self.units):
                watch.require_time("a solution")
                watch.tell(k / m, f"unit {k} of {m}")
                self._add(k, block, features, capacitance)
        if capacitance:
            C = capacitance.finished()
            self.capacitance = Factorization(C, heard=partial(watch.require_time, "a solution"))
            self.pivots = _moved(self.capacitance, 0.0, 1.0)
        self.newton = capacitance is not None

    def _add(self, k: int, block: Array, features: Array, capacitance: _Products | None) -> None:
        """Invert a block and add its part of the capacitance matrix."""
        block[np.diag_indices_from(block)] += self.shift
        F = Factorization(block)
        pivots = _moved(F, self.shift, self.whole)
        roots = np.sqrt(np.abs(pivots))[:, None]
        rows = F.reduced(np.eye(len(block))) / roots
        inverse = rows.T @ (rows * np.sign(pivots)[:, None])
        if k < len(self.inverses):
            self.inverses[k] = inverse
        else:
            self.bias_inverse = inverse
        if capacitance:
            capacitance.add(F.reduced(features.T) / roots, pivots)

    def __call__(self, vector: Array) -> Array:
        """The near inverse times a vector (order,)."""
        weights, biases = self._blockwise(vector[self.places], vector[self._bias_places])
        if self.newton:
            along = self.units.outputs_along(weights, biases if self.biased else np.zeros(1))
            pulled = self.units.pulled_back(self.capacitance.divided(along, self.pivots))
            less, fewer = self._blockwise(*pulled)
            weights, biases = weights - less, biases - fewer
        made = np.empty_like(vector)
        made[self.places], made[self._bias_places] = weights, biases
        return made

    def _blockwise(self, weights: Array, biases: Array) -> tuple[Array, Array]:
        """The inverses of the blocks times (m, p) and (q,)."""
        made = np.empty_like(weights)
        stacked_products(self.inverses, np.ascontiguousarray(weights), made)
        return made, self.bias_inverse @ biases if self.biased else np.zeros(0)

    @property
    def _bias_places(self) -> slice:
        order, q = self.units.matrix.order, self.units.matrix.forward.net.n_outputs
        return slice(order - q * self.biased, order)


class _Products:
    """I + sum_k Y_k^T diag(1 / t) Y_k, many rows at a time. The order is n q."""

    def __init__(self, order: int) -> None:
        self.sum, self.waiting, self.signs = PlainSum(order), list[Array](), list[Array]()

    def add(self, rows: Array, pivots: Array) -> None:
        """Take rows (p, n q) that are divided by the roots of the pivots (p,)."""
        self.waiting.append(rows)
        self.signs.append(pivots)
        if sum(map(len, self.waiting)) >= ROWS:
            self._multiply()

    def _multiply(self) -> None:
        rows, pivots = np.concatenate(self.waiting), np.concatenate(self.signs)
        self.waiting, self.signs = [], []
        for sign in (1.0, -1.0):
            chosen = sign * pivots > 0
            if chosen.any():
                self.sum.add(rows[chosen], sign)

    def finished(self) -> Array:
        """The matrix, shape (n q, n q)."""
        if self.waiting:
            self._multiply()
        return 0.5 * (self.sum.total + self.sum.total.T)


@reduction_kernel
def stacked_products(stack, vectors, made):  # type: ignore[no-untyped-def]
    """Fill made (m, p) with the products of symmetric matrices (m, p, p) and vectors (m, p)."""
    for k in range(len(stack)):
        for i in range(stack.shape[1]):
            total = 0.0
            for j in range(stack.shape[2]):
                total += stack[k, i, j] * vectors[k, j]
            made[k, i] = total


def _places(matrix: Matrix) -> np.ndarray:
    """Where the weights of each unit stand, (m, p), in the order of :class:`.unit_blocks.Units`."""
    q, m = matrix.forward.net.A.shape
    outputs = np.arange(q * m).reshape(q, m).T if matrix.scope.has("a") else np.zeros((m, 0), dtype=np.intp)
    return np.concatenate([outputs, unit_columns(matrix.forward, matrix.scope)], axis=1).astype(np.intp)
