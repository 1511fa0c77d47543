r"""Inertia and log-determinant of H + shift I from a factorization, with everything that rounding may do.

Theorem (Haynsworth). Let B = R + shift I and H = R + U U^T. If B and C = I + U^T B^(-1) U are nonsingular,

    #neg(H + shift I) = #neg B - #neg C,       det(H + shift I) = det B det C .

B is block-diagonal over hidden units and C is n q x n q. What is computed is the exact answer for a matrix
H + E: each block is factored as B_k + E_k = M_k diag(t) M_k^T; Y = M_k^(-1) (U_k + V_k); and C + D is what is
factored in the end, bordered by the few pivots t that would spoil it (:mod:`.factored.capacitance`). Then

    E = diag_k(E_k) + (U + V) (I + D)^(-1) (U + V)^T - U U^T,
    |E| <= max |E_k| + 2 |U| |V| + |V|^2 + |U + V|^2 |D| / (1 - |D|) ,

every term evaluated for the numbers at hand. The number of eigenvalues below x is therefore at least the one
computed at x - delta and at most the one computed at x + delta, if |E| <= delta at both.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice

import numpy as np

from twolayer.forward.bounds import bounds

from ..arrays import Array, require_representable
from ..blas_threads import one_blas_thread, scipy_on_one_thread
from ..curvature.dense import dense_error
from ..curvature.frobenius import frobenius
from ..errors.rounding import SLACK, UNIT, gamma
from .compressed import Matrix
from .extremes.watch import Watch
from .factored.capacitance import ROWS, TINY, Capacitance, Rows
from .factored.ldl import Factorization
from .lapack import verified_eigenvalues
from .tangent_kernel import loss_roots
from .unit_blocks import Units

TRIES = 12  # at shifts beside a doubtful one,
FEW_TRIES = 2  # or these, where all eigenvalues cost no more than the others
FINER = 2.0**-9  # of the distance that a count leaves undecided: where a sharp one begins
FARTHER = 6  # points tried on either side of a shift that leaves signs undecided
CROWD = 8  # eigenvalues between two of these, from which on no gap is hoped for unless they get fewer
WHOLE = 2500  # order up to which eigenvalues of the capacitance matrix are computed
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


def evaluate(
    matrix: Matrix, shift: float, method: str, watch: Watch | None = None, sharp: bool = False
) -> Evaluation:
    """Factor H + shift I whole ("dense") or unit by unit ("structured").

    Time O(P^3) or O(m (p^3 + p^2 n q + p (n q)^2) + (n q)^3), p the number of weights of a unit; memory a few
    n q x n q arrays and one unit's worth, p (p + n q). If `sharp`, the products that the proof is made of are
    evaluated by leading parts whose own are exact: that triples their cost, and divides the error by up to
    hundreds.

    Raises
    ------
    TimeoutError
        If the `watch` says that time is out.

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
    watch = watch or Watch()
    blocks = _Blocks(shift / scale, watch, sharp)
    if method == "dense":
        extra = _whole(matrix, blocks, scale, watch)
    else:
        extra = _unit_by_unit(matrix, blocks, scale, watch)
    extra += matrix.order * UNDERFLOW
    error = SLACK * (extra + blocks.largest) * scale
    distance = SLACK * (extra + math.sqrt(blocks.squares)) * scale
    unscaled = matrix.order * exponent * LN2
    rounding = gamma(len(blocks.errors) + 16) * (blocks.logs + abs(unscaled) + matrix.order)
    return Evaluation(blocks.negatives, error, distance, blocks.logdet + unscaled, rounding)


def _whole(matrix: Matrix, blocks: _Blocks, scale: float, watch: Watch) -> float:
    """Factor the dense matrix; returns its forming error."""
    blocks.add(matrix.checked(matrix.entries(watch.stage)) / scale)
    return (dense_error(matrix.forward, matrix.bound) + matrix.error) / scale


def _unit_by_unit(matrix: Matrix, blocks: _Blocks, scale: float, watch: Watch) -> float:
    """Factor block after block and then C; returns the errors that are not those of single blocks."""
    units, (n, q) = Units(matrix, scale), matrix.forward.F.shape
    forming = units.forming_error + matrix.factors_error / scale
    if not matrix.scope.gauss_newton:
        for block, _ in units:
            blocks.add(matrix.checked(block))
        return forming
    watch.require_time("a count")
    newton = _newton_norm(matrix, watch) / scale
    capacitance = Capacitance(n * q, newton, blocks.sharp)
    m, several = matrix.forward.S.shape[1], max(ROWS // max(units.block_order, 1), 1)
    pairs, done = iter(units), 0
    with scipy_on_one_thread(units.block_order):
        while batch := _batch(pairs, several, matrix, blocks):
            watch.require_time("a count")
            watch.tell(min(done / m, 1.0), f"unit {done} of {m}")
            for rows in batch:
                capacitance.add(rows)
            done += len(batch)
    watch.require_time("a count")
    relative, border = blocks.finish(capacitance, watch)
    features_size = math.sqrt(math.sqrt(q) * matrix.bound.gauss_newton / scale)
    moved = math.sqrt(blocks.moved) + units.features_error * features_size + border
    missing = float((loss_roots(matrix.forward)[1] * matrix.bound.jacobian**2).mean()) / scale
    return forming + missing + _newton_error(math.sqrt(newton), moved, SLACK * relative)


def _batch(pairs: Iterator[tuple[Array, Array]], several: int, matrix: Matrix, blocks: _Blocks) -> list[Rows]:
    """Factor the next `several` units; where they are small, on one thread: to share them costs more."""
    with one_blas_thread() if several > 1 else nullcontext():
        return [blocks.carried(matrix.checked(block), U.T) for block, U in islice(pairs, several)]


def _newton_norm(matrix: Matrix, watch: Watch) -> float:
    """A bound of |U|_2^2 for the computed factors: the Frobenius norm of G, known without forming it."""
    scope = matrix.scope.only(residual=False)
    bound = bounds(matrix.forward, scope)
    with np.errstate(over="ignore", invalid="ignore"):
        value, error, _ = frobenius(matrix.forward, scope, bound, None, watch.stage)
    known = SLACK * (value + error + bound.propagated + matrix.error)
    rough = SLACK * math.sqrt(matrix.forward.net.n_outputs) * bound.gauss_newton
    return min(known, rough) if math.isfinite(known) else rough


def _newton_error(size: float, moved: float, relative: float) -> float:
    """2 |U| |V| + |V|^2 + |U + V|^2 |D| / (1 - |D|)."""
    if not relative < 0.5:
        return math.inf
    return moved * (2 * size + moved) + (size + moved) * (size + moved) * relative / (1 - relative)


class _Blocks:
    """Factors blocks and adds up what the theorem needs.

    Attributes
    ----------
    negatives : int
    logdet, logs : float
        Sums of log |t| and of its absolute value.
    errors : list of (float, float)
        Of each block: |E_k|_F but for its diagonal, and how far off each entry of that is.
    moved : float
        |V|_F^2.
    """

    def __init__(self, shift: float, watch: Watch, sharp: bool = False) -> None:
        self.shift, self.sharp, self.negatives = shift, sharp, 0
        self.heard = partial(watch.require_time, "a count")
        self.logdet = self.logs = self.moved = self.border = 0.0
        self.errors: list[tuple[float, float, int]] = []

    @property
    def largest(self) -> float:
        """Bound of the 2-norm of all blocks' errors together."""
        return max((error + diagonal for error, diagonal, _ in self.errors), default=0.0) + self.border

    @property
    def squares(self) -> float:
        """Bound of the squared Frobenius norm of all blocks' errors together."""
        sides = ((error, math.sqrt(p) * diagonal) for error, diagonal, p in self.errors)
        root = float(math.sqrt(2) * math.hypot(*(side for pair in sides for side in pair)) + self.border)
        return root * root

    def add(self, B: Array) -> None:
        """Factor B + shift I (p, p) and count its pivots."""
        self._count(self._factored(B))

    def carried(self, B: Array, U: Array) -> Rows:
        """Factor B + shift I (p, p), and U (p, n q) as the capacitance matrix wants it."""
        F = self._factored(B)
        Y, missed = F.solve(U)
        rows = Rows(F.pivots, F.lengths, Y, np.full(len(Y), len(self.errors) - 1))
        missed += 2 * UNIT * float(np.sqrt(F.lengths * rows.squares).sum())  # they are divided by roots of t
        self.moved += float(missed) * float(missed)  # a power would raise where this is inf
        return rows

    def _factored(self, B: Array) -> Factorization:
        B.flat[:: len(B) + 1] += self.shift
        F = Factorization(B, self.sharp, self.heard)
        roots = 4 * UNIT * F.size
        self.errors.append((F.error + roots, 2 * UNIT * float(np.abs(B.diagonal()).max()), len(B)))
        return F

    def finish(self, capacitance: Capacitance, watch: Watch) -> tuple[float, float]:
        """Count C with its border in; bounds of |D|, and of what the border adds to |V|."""
        capacitance.flush()
        for block, charge in capacitance.charges.items():
            error, diagonal, p = self.errors[block]
            self.errors[block] = error + charge, diagonal, p
        self.negatives += capacitance.negatives - len(capacitance.C)
        self._add_logs(np.concatenate([*capacitance.entered, np.zeros(0)]))
        error = self._finish(capacitance.bordered(), watch)
        self.logdet -= 2 * math.fsum(np.log(capacitance.growth))
        self.logs += 2 * math.fsum(np.abs(np.log(capacitance.growth)))
        lengths = float((capacitance.border.lengths / capacitance.growth**2).sum())
        self.border = error * lengths
        return capacitance.rounding + error, error * math.sqrt(lengths)

    def _finish(self, bordered: Array, watch: Watch) -> float:
        """Count a matrix by its eigenvalues, whose proof loses least, or by pivots; returns what is lost."""
        if len(bordered) > WHOLE:
            F = Factorization(bordered, self.sharp, self.heard)
            return F.error + self._count(F)
        require_representable("entries of the Hessian", bordered)
        values, error = verified_eigenvalues(bordered, sharp=True, watch=Watch(None, watch.left()))
        self.negatives += int((values < 0).sum())
        self._add_logs(np.maximum(np.abs(values), TINY))
        return error + math.sqrt(len(values)) * TINY

    def _count(self, F: Factorization) -> float:
        """Count the pivots of a matrix of their own in; what moving the zeros among them costs."""
        pivots = np.maximum(np.abs(F.pivots), TINY)
        self.negatives += int((F.pivots < 0).sum())
        self._add_logs(pivots)
        with np.errstate(over="ignore", invalid="ignore"):
            moved = float((pivots - np.abs(F.pivots)) @ F.lengths)
        return moved if moved < math.inf else math.inf

    def _add_logs(self, pivots: Array) -> None:
        logs = np.log(pivots)
        self.logdet += math.fsum(logs)
        self.logs += math.fsum(np.abs(logs))


def none_below(matrix: Matrix, x: float, watch: Watch | None = None) -> bool:
    """Whether it is easily proved that no eigenvalue is below x < 0: because R has none, and G >= 0.

    O(m p^3) time, far less than an evaluation; False proves nothing.
    """
    if not (x < 0 and matrix.scope.residual):
        return x < 0
    scope = matrix.scope.only(gauss_newton=False)
    residual = replace(matrix, scope=scope, bound=bounds(matrix.forward, scope))
    found = evaluate(residual, -x * (1 - MARGIN), "structured", watch)
    return found.negatives == 0 and found.error < -x * MARGIN


@dataclass(frozen=True)
class Count:
    """How many eigenvalues are certainly below a point, how many are undecided, and how near these are."""

    certain: int
    undecided: int
    within: float = 0.0
    sharp: bool = False


def count(
    matrix: Matrix, shift: float, method: str, watch: Watch | None = None, again: bool = True
) -> Count | None:
    """Eigenvalues of the matrix certainly below -shift, and the undecided ones; two evaluations or more.

    What is undecided is looked at again by sharp ones, and an ArithmeticError is raised where rounding hides
    every sign. If not `again`, None is returned where a sign is undecided.

    Examples
    --------
    >>> from twolayer import Hessian, TwoLayer
    >>> net = TwoLayer(a=[2.0], W=[[1.0]], activation="identity")
    >>> H = Hessian(net, [[1.0]], [0.0])  # [[1, 4], [4, 4]]: eigenvalues 6.77 and -1.77
    >>> matrix = Matrix(H.forward, H.scope, H.bound)
    >>> [count(matrix, shift, "structured").certain for shift in (1.0, 2.0)]
    [1, 0]
    """
    if method == "structured" and none_below(matrix, -shift, watch):
        return Count(0, 0)
    size = max(matrix.bound.total, abs(shift), 2.0**100 * LEAST)
    start = max(2.0**-40 * size, 4 * matrix.factors_error)
    best = _counted(matrix, shift, method, watch, start, False, TRIES if again else FEW_TRIES)
    if (best is None or best.undecided) and not again:
        return None
    if best is None or best.undecided:
        start = max(FINER * best.within, 2 * matrix.factors_error) if best else start
        finer = _counted(matrix, shift, method, watch, start, True)
        best = finer if best is None or (finer and finer.undecided < best.undecided) else best
    if best is None:
        raise ArithmeticError(f"shift must be away from where rounding hides every sign; got {shift!r}")
    return best


def _counted(
    matrix: Matrix,
    shift: float,
    method: str,
    watch: Watch | None,
    delta: float,
    sharp: bool,
    tries: int = TRIES,
) -> Count | None:
    """The count at shift -+ the least distance that evaluations allow; `delta` is tried first."""
    best = None
    for _ in range(tries):
        sides = [evaluate(matrix, shift + delta, method, watch, sharp)]
        rounding = 2 * UNIT * (abs(shift) + delta)
        if sides[0].error + rounding <= delta:
            sides.append(evaluate(matrix, shift - delta, method, watch, sharp))
        error = max(side.error for side in sides) + rounding
        if error <= delta:
            last = best is not None or sides[0].negatives == sides[1].negatives or delta <= 8 * error
            best = Count(sides[0].negatives, sides[1].negatives - sides[0].negatives, delta, sharp)
            # the error of a singular block is about proportional to 1 / delta: aim where the two meet
            delta = 2 * math.sqrt(delta) * math.sqrt(error)
        else:
            last = best is not None
            delta = min(2 * error, 1024 * delta)
        if last and best:
            break
    return best


def decided(
    matrix: Matrix, shift: float, counted: Count, method: str, watch: Watch | None = None
) -> tuple[float, float]:
    """Shifts below and above, nearest of those tried, at which a count leaves nothing undecided; or nan.

    Between two points at which as many eigenvalues are below there is none, but for the errors of both.
    Each holds within a quarter of its distance from the shift.

    Examples
    --------
    >>> from twolayer import Hessian, TwoLayer
    >>> net = TwoLayer(a=[2.0], W=[[1.0]], activation="identity")
    >>> H = Hessian(net, [[1.0]], [2.0])  # eigenvalues 5 and 0
    >>> matrix = Matrix(H.forward, H.scope, H.bound)
    >>> below, above = decided(matrix, 0.0, count(matrix, 0.0, "structured"), "structured")
    >>> -1e-6 < below < 0 < above < 1e-6
    True
    """
    below = _decided(matrix, shift, counted, method, watch, -1.0)
    return below, _decided(matrix, shift, counted, method, watch, 1.0)


def beside(tried: float, end: float, shift: float) -> bool:
    """Whether what :func:`decided` says of the shift `end` holds for `tried` too."""
    return abs(tried - end) <= 0.25 * abs(end - shift)


def _decided(
    matrix: Matrix, shift: float, counted: Count, method: str, watch: Watch | None, sign: float
) -> float:
    reach, known, crowd = counted.within, counted.certain, counted.undecided
    known += crowd if sign < 0 else 0
    for _ in range(FARTHER):
        found = evaluate(matrix, shift + sign * 3 * reach, method, watch, counted.sharp)
        if found.negatives == known and found.error + 2 * UNIT * (abs(shift) + 3 * reach) < 0.5 * reach:
            return shift + sign * 2 * reach
        others = abs(found.negatives - known)
        if others > CROWD and 2 * others >= crowd:
            break
        reach, known, crowd = 3 * reach, found.negatives, others
    return math.nan
