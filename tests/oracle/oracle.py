"""The same quantities from their definitions, in balls of 120 digits; no code or formula of ours is used.

Float64 inputs are taken as the exact numbers they are. Every result is a ball (Arb, through python-flint)
that provably holds the truth, so a comparison can only be right or undecided. ``tests/oracle/test_oracle.py``
checks all of it against numerical differentiation of the risk alone, in mpmath.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import arb, arb_mat, fmpq

from tests.oracle.oracle_jets import Jet, balls, jet, loss_jet, rational
from tests.oracle.problem import Problem

SWEEPS = 20
SMALL = 2.0**-250


@dataclass(frozen=True)
class Reference:
    """Balls around the truth; matrices are (P, P), `f` is (n, q), `gradient` and the rest as named."""

    f: list[list[arb]]
    kinks: int
    risk: arb
    gradient: list[arb]
    J: list[arb_mat]
    G: arb_mat
    R: arb_mat
    H: arb_mat


@dataclass(frozen=True)
class Layout:
    """Where each parameter stands in theta = (a, W row by row, b, c)."""

    q: int
    m: int
    d: int
    biased: bool
    offset: bool

    def a(self, o: int, k: int) -> int:
        return o * self.m + k

    def w(self, k: int, j: int) -> int:
        """Incoming weight j of unit k; j = d is its bias."""
        start = self.q * self.m
        return start + k * self.d + j if j < self.d else start + self.m * self.d + k

    def c(self, o: int) -> int:
        return self.size - self.q + o

    @property
    def size(self) -> int:
        return self.q * self.m + self.m * (self.d + self.biased) + self.q * self.offset


class Network:
    """A problem in exact rationals, each input times (1 + 2^-80 times its entry of `wobble`)."""

    def __init__(self, problem: Problem, wobble: np.random.Generator | None = None) -> None:
        def exact(values: Any, wobbled: bool = True) -> list[Any]:
            array = np.atleast_1d(np.asarray(values, float))
            flat = [rational(v) * _stretch(wobble if wobbled else None) for v in array.ravel()]
            return np.array([*flat, None], object)[:-1].reshape(array.shape)

        self.problem = problem
        self.a = np.atleast_2d(exact(problem.a))
        self.W = exact(problem.W)
        self.b = None if problem.b is None else exact(problem.b)
        self.c = None if problem.c is None else exact(problem.c)
        self.X = exact(problem.X)
        if problem.loss == "softmax":
            self.y = np.asarray(problem.y)
        else:
            self.y = exact(problem.y, problem.loss != "logistic").reshape(len(self.X), -1)
        q, m = self.a.shape
        self.layout = Layout(q, m, self.W.shape[1], self.b is not None, self.c is not None)

    def inputs(self, i: int) -> list[fmpq]:
        return [*self.X[i], fmpq(1)] if self.layout.biased else list(self.X[i])

    def preactivation(self, i: int, k: int) -> fmpq:
        bias = self.b[k] if self.layout.biased else fmpq(0)
        return sum((w * x for w, x in zip(self.W[k], self.X[i], strict=True)), bias)

    def output(self, o: int, units: list[Jet]) -> arb:
        bias = arb(self.c[o]) if self.layout.offset else arb(0)
        return sum((arb(self.a[o, k]) * s for k, (s, _, _) in enumerate(units)), bias)

    def first(self, o: int, units: list[Jet], x: list[fmpq]) -> Iterator[tuple[int, arb]]:
        """The non-zero entries of the derivative of output o by theta."""
        for k, (s, s1, _) in enumerate(units):
            yield self.layout.a(o, k), s
            for j, x_j in enumerate(x):
                yield self.layout.w(k, j), arb(self.a[o, k]) * s1 * arb(x_j)
        if self.layout.offset:
            yield self.layout.c(o), arb(1)

    def second(self, o: int, units: list[Jet], x: list[fmpq]) -> Iterator[tuple[int, int, arb]]:
        """The non-zero entries of the second derivative of output o by theta."""
        for k, (_, s1, s2) in enumerate(units):
            for j, x_j in enumerate(x):
                yield self.layout.a(o, k), self.layout.w(k, j), s1 * arb(x_j)
                yield self.layout.w(k, j), self.layout.a(o, k), s1 * arb(x_j)
                for l, x_l in enumerate(x):
                    yield self.layout.w(k, j), self.layout.w(k, l), arb(self.a[o, k]) * s2 * arb(x_j * x_l)


def _stretch(wobble: np.random.Generator | None) -> fmpq:
    return fmpq(1) if wobble is None else 1 + fmpq(int(wobble.integers(-(2**20), 2**20)), 2**100)


@balls
def reference(problem: Problem, wobble: np.random.Generator | None = None) -> Reference:
    """Output, risk, gradient, Jacobian and Hessian of `problem`, by their definitions."""
    net = Network(problem, wobble)
    n, q, P = len(net.X), net.layout.q, net.layout.size
    G, R = arb_mat(P, P), [[arb(0)] * P for _ in range(P)]
    risk, slope, outputs, jacobians, kinks = arb(0), arb_mat(P, 1), [], [], 0
    for i in range(n):
        x, zs = net.inputs(i), [net.preactivation(i, k) for k in range(net.layout.m)]
        kinks += sum(z == 0 for z in zs)
        units = [jet(problem.activation, z) for z in zs]
        f = [net.output(o, units) for o in range(q)]
        l, g, lam = loss_jet(problem.loss, f, net.y[i])
        rows = [[arb(0)] * P for _ in range(q)]
        for o in range(q):
            for p, value in net.first(o, units, x):
                rows[o][p] = value
            for p, r, value in net.second(o, units, x):
                R[p][r] += g[o] * value / n
        J = arb_mat(rows)
        G += J.transpose() * (lam * J) / n
        slope += J.transpose() * arb_mat([[v] for v in g]) / n
        risk += l / n
        outputs.append(f)
        jacobians.append(J)
    gradient = [row[0] for row in slope.tolist()]
    residual = arb_mat(R)
    return Reference(outputs, kinks, risk, gradient, jacobians, G, residual, G + residual)


@balls
def frobenius_norm(M: arb_mat) -> arb:
    return sum((v * v for v in M.entries()), arb(0)).nonnegative_part().sqrt()


@balls
def trace(M: arb_mat) -> arb:
    return M.trace()


@balls
def eigenvalues(M: arb_mat) -> list[arb]:
    """All eigenvalues of a symmetric matrix, in ascending order, by Jacobi's rotations.

    A rotation by balls that hold an orthogonal matrix keeps the spectrum; what is left off the diagonal
    moves no eigenvalue by more than its Frobenius norm (Weyl).
    """
    A = M.tolist()
    P, size = len(A), frobenius_norm(M).abs_upper()
    for _ in range(SWEEPS):
        pairs = [(p, r) for p in range(P) for r in range(p) if abs(A[p][r].mid()) > size * SMALL]
        for p, r in pairs:
            _rotate(A, p, r)
        if not pairs:
            break
    left = frobenius_norm(arb_mat([[A[p][r] if p != r else arb(0) for r in range(P)] for p in range(P)]))
    ball = arb(0, left.abs_upper())
    return sorted((A[p][p] + ball for p in range(P)), key=lambda v: v.mid())


def _rotate(A: list[list[arb]], p: int, r: int) -> None:
    """Rotate rows and columns p and r of `A` so that the entry between them becomes small."""
    if A[p][r].mid() == 0:
        return
    theta = (A[r][r] - A[p][p]).mid() / (2 * A[p][r].mid())
    root = abs(theta) + (1 + theta * theta).sqrt()
    tangent = (-1 / root if theta < 0 else 1 / root).mid()
    c = 1 / (1 + tangent * tangent).sqrt()
    s = tangent * c
    A[p], A[r] = (
        [c * x - s * y for x, y in zip(A[p], A[r], strict=True)],
        [s * x + c * y for x, y in zip(A[p], A[r], strict=True)],
    )
    for row in A:
        row[p], row[r] = c * row[p] - s * row[r], s * row[p] + c * row[r]


@balls
def nuclear_norm(M: arb_mat) -> arb:
    return sum((abs(v) for v in eigenvalues(M)), arb(0))


@balls
def spectral_norm(M: arb_mat) -> arb:
    spectrum = eigenvalues(M)
    return abs(spectrum[0]).max(abs(spectrum[-1]))


@balls
def shifted(M: arb_mat, shift: float) -> arb_mat:
    P = M.nrows()
    return M + arb_mat([[arb(shift) if p == r else arb(0) for r in range(P)] for p in range(P)])


@balls
def log_abs_determinant(M: arb_mat) -> arb:
    return abs(M.det()).log()


@balls
def block(M: arb_mat, rows: slice, columns: slice) -> arb_mat:
    return arb_mat([row[columns] for row in M.tolist()[rows]])


@balls
def product(M: arb_mat, v: np.ndarray) -> list[arb]:
    return (M * arb_mat([[arb(float(x))] for x in v])).entries()


@balls
def floats(values: Any) -> np.ndarray:
    """The nearest float64, to look at or to build an example from; never to compare with."""
    table = values.tolist() if isinstance(values, arb_mat) else values
    return np.array([floats(v) if isinstance(v, list) else float(v.mid()) for v in table])
