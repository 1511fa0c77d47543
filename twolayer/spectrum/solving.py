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

import numpy as np
from scipy.sparse.linalg import LinearOperator, gmres

from ..arrays import Array
from ..curvature.dense import dense
from ..curvature.product import product
from ..errors.rounding import SLACK, UNIT
from ..forward.scope import unit_columns
from .compressed import Matrix
from .extremes.curvature_pairs import lowest, product_error
from .extremes.watch import Watch
from .factored.ldl import Factorization
from .inertia import Evaluation, evaluate
from .unit_blocks import Units

MOVED = 2.0**-16  # of the largest pivot of a block: smaller ones are moved
STEPS = 60  # of GMRES, between restarts
ROUNDS = 4  # of refinement
SHARES = (0.5, 0.1, 0.01, 1e-4)  # of what the least eigenvalue is guessed to be, that are tried

Apply = Callable[[Array], Array]


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
    lengths, sizes = np.linalg.norm(x, axis=0), np.linalg.norm(right, axis=0)
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
    x, rest, left = np.zeros(order), right, float(np.linalg.norm(right))
    for _ in range(ROUNDS if left else 0):
        watch.require_time("a solution")
        z, _ = gmres(near, rest / left, rtol=1e-9, restart=STEPS, maxiter=2)
        tried = x + left * inverse(z)
        after = right - apply(tried)
        length = float(np.linalg.norm(after))
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
    gap = shift + lowest(small)
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
    inverse = _dense_inverse(small, shift) if method == "dense" else UnitInverse(small, shift, watch)
    lift = small.lift
    if lift is None or small is whole:
        return inverse

    def apply(vector: Array) -> Array:
        inner = lift.adjoint(vector)
        rest = vector - lift(inner[:, None])[:, 0]
        return lift(inverse(inner)[:, None])[:, 0] + (rest / shift if shift else 0.0 * rest)

    return apply


def _dense_inverse(small: Matrix, shift: float) -> Apply:
    H = small.checked(dense(small.forward, small.scope))
    H[np.diag_indices_from(H)] += shift
    F = Factorization(H)
    pivots = _moved(F, shift, small.bound.total)
    return lambda vector: F.divided(vector, pivots)


def _moved(F: Factorization, shift: float, whole: float) -> Array:
    """The pivots, (p,), those near zero moved away from it; `whole` is the size where all are zero."""
    sizes = np.abs(F.pivots)
    least = MOVED * (max(float(sizes.max(initial=0.0)), abs(shift)) or whole or 1.0)
    return np.copysign(np.maximum(sizes, least), F.pivots)


class UnitInverse:
    """Nearly the inverse of a matrix + shift I, by Woodbury's formula.

    Time O(m (p^3 + p^2 n q + p (n q)^2) + (n q)^3) once, and O(m p (p + n q)) an application; memory of the
    factors of every block, and of some n q x n q arrays.
    """

    def __init__(self, small: Matrix, shift: float, watch: Watch) -> None:
        self.units, (n, q) = Units(small), small.forward.F.shape
        m = small.forward.S.shape[1]
        self.blocks: list[tuple[Factorization, Array]] = []
        self.newton = small.scope.gauss_newton
        capacitance = np.eye(n * q if self.newton else 1)
        for k, (block, features) in enumerate(self.units):
            watch.require_time("a solution")
            watch.tell(k / m, f"unit {k} of {m}")
            block[np.diag_indices_from(block)] += shift
            F = Factorization(block)
            pivots = _moved(F, shift, small.bound.total)
            self.blocks.append((F, pivots))
            if self.newton:
                Y = F.solve(features.T)[0]
                capacitance += Y.T @ (Y / pivots[:, None])
        self.capacitance = Factorization(0.5 * (capacitance + capacitance.T))
        self.pivots = _moved(self.capacitance, 0.0, 1.0)
        self.places = _places(small)

    def __call__(self, vector: Array) -> Array:
        """The near inverse times a vector (order,)."""
        made, total = np.empty_like(vector), np.zeros(len(self.pivots))
        for k, (places, (F, pivots)) in enumerate(zip(self.places, self.blocks, strict=True)):
            made[places] = F.divided(vector[places], pivots)
            if self.newton:
                total += self._features(k) @ made[places]
        if self.newton:
            weights = self.capacitance.divided(total, self.pivots)
            for k, (places, (F, pivots)) in enumerate(zip(self.places, self.blocks, strict=True)):
                made[places] -= F.divided(self._features(k).T @ weights, pivots)
        return made

    def _features(self, k: int) -> Array:
        m = self.units.matrix.forward.S.shape[1]
        return self.units.features(k) if k < m and self.units.block_order else self.units.bias_features()


def _places(matrix: Matrix) -> list[np.ndarray]:
    """Where the parameters of each block stand, in the order of :class:`.unit_blocks.Units`."""
    q, m = matrix.forward.net.A.shape
    outputs = np.arange(q * m).reshape(q, m).T if matrix.scope.has("a") else np.zeros((m, 0), dtype=np.intp)
    rows = np.concatenate([outputs, unit_columns(matrix.forward, matrix.scope)], axis=1)
    found = list(rows) if rows.shape[1] else []
    return [*found, np.arange(matrix.order - q, matrix.order)] if matrix.scope.has("c") else found
