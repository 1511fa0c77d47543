r"""Inertia and log-determinant of H + shift I from a factorization, with everything that rounding may do.

Theorem (Haynsworth). Let B = R + shift I and H = R + U U^T. If B and C = I + U^T B^(-1) U are nonsingular,

    #neg(H + shift I) = #neg B - #neg C,       det(H + shift I) = det B det C .

B is block-diagonal over hidden units and C is n q x n q. What is computed is the exact answer for a matrix
H + E: each block is factored as B_k + E_k = M_k diag(t) M_k^T, with a pivot t that would spoil C moved away
from zero; Y = M_k^(-1) (U_k + V_k); and C + D is what is factored in the end. Then

    E = diag_k(E_k) + (U + V) (I + D)^(-1) (U + V)^T - U U^T,
    |E| <= max |E_k| + 2 |U| |V| + |V|^2 + |U + V|^2 |D| / (1 - |D|) ,

every term evaluated for the numbers at hand. The number of eigenvalues below x is therefore at least the one
computed at x - delta and at most the one computed at x + delta, if |E| <= delta at both.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from twolayer.forward.bounds import bounds

from ..arrays import Array
from ..curvature.dense import dense, dense_error
from ..errors.rounding import SLACK, UNIT, gamma
from .compressed import Matrix
from .ldl import Factorization
from .tangent_kernel import loss_roots
from .unit_blocks import Units

TRIES = 12
TINY = 2.0**-400
LEAST = 2.0**-900  # smallest scale that entries are brought to 1 from
UNDERFLOW = 2.0**-150  # what underflow before the scaling may cost after it, per row
MARGIN = 2.0**-10  # what a proof may give away of the point it is about
LN2 = math.log(2.0)


@dataclass(frozen=True)
class Evaluation:
    """What one factorization says of H + shift I.

    Attributes
    ----------
    negatives : int
        Number of negative eigenvalues of H + E + shift I.
    error, distance : float
        Bounds of |E|_2 and |E|_F.
    logdet, logdet_rounding : float
        log |det(H + E + shift I)|, and how far the logarithms and their sum may be off.
    """

    negatives: int
    error: float
    distance: float
    logdet: float
    logdet_rounding: float


def evaluate(matrix: Matrix, shift: float, method: str) -> Evaluation:
    """Factor H + shift I whole ("dense") or unit by unit ("structured").

    Time O(P^3) or O(m (p^3 + p^2 n q + p (n q)^2) + (n q)^3), p the number of weights of a unit.

    Examples
    --------
    >>> from twolayer import Hessian, TwoLayer
    >>> net = TwoLayer(a=[2.0], W=[[1.0]], activation="identity")
    >>> H = Hessian(net, [[1.0]], [0.0])  # [[1, 4], [4, 4]]
    >>> evaluate(Matrix(H.forward, H.scope, H.bound), 1.0, "structured").negatives
    1
    """
    exponent = 2 * (math.frexp(max(matrix.bound.total, abs(shift), LEAST))[1] // 2)
    scale = math.ldexp(1.0, exponent)
    blocks = _Blocks(shift / scale)
    run = _whole if method == "dense" else _unit_by_unit
    extra = run(matrix, blocks, scale)
    extra += matrix.order * UNDERFLOW
    error = SLACK * (extra + blocks.largest) * scale
    distance = SLACK * (extra + math.sqrt(blocks.squares)) * scale
    unscaled = matrix.order * exponent * LN2
    rounding = gamma(matrix.forward.S.shape[1] + 16) * (blocks.logs + abs(unscaled) + matrix.order)
    return Evaluation(blocks.negatives, error, distance, blocks.logdet + unscaled, rounding)


def _whole(matrix: Matrix, blocks: _Blocks, scale: float) -> float:
    """Factor the dense matrix; returns its forming error."""
    H = dense(matrix.forward, matrix.scope)
    blocks.add(matrix.checked(H) / scale)
    return (dense_error(matrix.forward, matrix.bound) + matrix.error) / scale


def _unit_by_unit(matrix: Matrix, blocks: _Blocks, scale: float) -> float:
    """Factor block after block and then C; returns the errors that are not those of single blocks."""
    units, (n, q) = Units(matrix, scale), matrix.forward.F.shape
    forming = units.forming_error + matrix.factors_error / scale
    if not matrix.scope.gauss_newton:
        for block, _ in units:
            blocks.add(matrix.checked(block))
        return forming
    C = np.eye(n * q)
    steps = gamma(units.block_order + q + 2 * matrix.forward.S.shape[1] + 20)
    newton = SLACK * math.sqrt(q) * matrix.bound.gauss_newton / scale
    for block, features in units:
        for sign, part in blocks.add(matrix.checked(block), features.T, steps * newton):
            C += sign * (part.T @ part)
    moved = math.sqrt(blocks.moved) + units.features_error * math.sqrt(newton)
    missing = float((loss_roots(matrix.forward)[1] * matrix.bound.jacobian**2).mean()) / scale
    relative = steps * (blocks.weight + math.sqrt(n * q)) + blocks.finish(C)
    return forming + missing + _newton_error(math.sqrt(newton), moved, SLACK * relative)


def _newton_error(size: float, moved: float, relative: float) -> float:
    """2 |U| |V| + |V|^2 + |U + V|^2 |D| / (1 - |D|)."""
    if not relative < 0.5:
        return math.inf
    return moved * (2 * size + moved) + (size + moved) ** 2 * relative / (1 - relative)


class _Blocks:
    """Factors blocks and adds up what the theorem needs.

    Attributes
    ----------
    negatives : int
    logdet, logs : float
        Sums of log |t| and of its absolute value.
    largest, squares : float
        Largest 2-norm and sum of squared Frobenius norms of the blocks' errors E_k.
    moved, weight : float
        |V|_F^2, and the sum of |y|^2 / |t| that rounding errors of C are proportional to.
    """

    def __init__(self, shift: float) -> None:
        self.shift, self.negatives = shift, 0
        self.logdet = self.logs = 0.0
        self.largest = self.squares = self.moved = self.weight = 0.0

    def add(self, B: Array, U: Array | None = None, price: float = 0.0) -> list[tuple[float, Array]]:
        """Factor B + shift I; returns the rows |t|^(-1/2) Y of positive and of negative pivots.

        A pivot t is moved away from zero as far as that costs less than what 1 / t does to C: by `price`
        times |y|^2 / t.
        """
        B.flat[:: len(B) + 1] += self.shift
        F = Factorization(B)
        Y, missed = F.solve(U) if U is not None else (np.zeros((len(B), 0)), 0.0)
        squares = np.einsum("ij,ij->i", Y, Y)
        pivots = np.maximum(np.abs(F.pivots), np.maximum(np.sqrt(price * squares / F.lengths), TINY))
        self._add_errors(F, pivots, 2 * UNIT * float(np.abs(B.diagonal()).max()))
        self.negatives += int((F.pivots < 0).sum())
        self._add_logs(pivots)
        self.moved += missed**2
        self.weight += float((squares / pivots).sum())
        Y /= np.sqrt(pivots)[:, None]
        return [(1.0, Y[F.pivots >= 0]), (-1.0, Y[F.pivots < 0])]

    def _add_errors(self, F: Factorization, pivots: Array, diagonal: float) -> None:
        error = F.error + float(((pivots - np.abs(F.pivots)) * F.lengths).sum())
        self.largest = max(self.largest, error + diagonal)
        self.squares += error**2 + len(pivots) * diagonal**2

    def finish(self, C: Array) -> float:
        """Count the capacitance matrix in; returns the error of its factorization."""
        F = Factorization(C)
        pivots = np.maximum(np.abs(F.pivots), TINY)
        self.negatives -= int((F.pivots < 0).sum())
        self._add_logs(pivots)
        return F.error

    def _add_logs(self, pivots: Array) -> None:
        logs = np.log(pivots)
        self.logdet += math.fsum(logs)
        self.logs += math.fsum(np.abs(logs))


def none_below(matrix: Matrix, x: float) -> bool:
    """Whether it is easily proved that no eigenvalue is below x < 0: because R has none, and G >= 0.

    O(m p^3) time, far less than an evaluation; False proves nothing.
    """
    if not (x < 0 and matrix.scope.residual):
        return x < 0
    scope = matrix.scope.only(gauss_newton=False)
    residual = replace(matrix, scope=scope, bound=bounds(matrix.forward, scope))
    found = evaluate(residual, -x * (1 - MARGIN), "structured")
    return found.negatives == 0 and found.error < -x * MARGIN


def count(matrix: Matrix, shift: float, method: str) -> tuple[int, int]:
    """Eigenvalues of the matrix certainly below -shift, and the undecided ones; two evaluations or more.

    An ArithmeticError where rounding hides every sign.

    Examples
    --------
    >>> from twolayer import Hessian, TwoLayer
    >>> net = TwoLayer(a=[2.0], W=[[1.0]], activation="identity")
    >>> H = Hessian(net, [[1.0]], [0.0])  # [[1, 4], [4, 4]]: eigenvalues 6.77 and -1.77
    >>> matrix = Matrix(H.forward, H.scope, H.bound)
    >>> count(matrix, 1.0, "structured"), count(matrix, 2.0, "dense")
    ((1, 0), (0, 0))
    """
    if method == "structured" and none_below(matrix, -shift):
        return 0, 0
    size = max(matrix.bound.total, abs(shift), 2.0**100 * LEAST)
    delta, best = max(2.0**-40 * size, 4 * matrix.factors_error), None
    for _ in range(TRIES):
        sides = [evaluate(matrix, shift + delta, method), evaluate(matrix, shift - delta, method)]
        error = max(side.error for side in sides) + 2 * UNIT * (abs(shift) + delta)
        if error <= delta:
            last = best is not None or sides[0].negatives == sides[1].negatives or delta <= 8 * error
            best = sides[0].negatives, sides[1].negatives
            # the error of a singular block is about proportional to 1 / delta: aim where the two meet
            delta = 2 * math.sqrt(delta) * math.sqrt(error)
        else:
            last = best is not None
            delta = min(2 * error, 1024 * delta)
        if last and best:
            return best[0], best[1] - best[0]
    raise ArithmeticError(f"shift must be away from where rounding hides every sign; got {shift!r}")
