"""Enclosures of all eigenvalues of a symmetric matrix of balls: clusters, zeros and all.

Approximate eigenvectors come from float64 and are refined to the precision in force (Ogita and Aishima 2018);
nothing is assumed of them. With any square X, S = X^T M X and |I - X^T X| <= t < 1, Ostrowski's theorem says
that the eigenvalues of M, in order, are those of S, in order, each divided by a number in [1 - t, 1 + t];
and by Weyl's inequality those of S are its sorted diagonal, give or take the Frobenius norm of the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from theory.bridge.network import Array
from theory.certify.balls.balls import Rows, Undecided, arb, arb_mat, ctx, hull, norm, power

STEPS = 60
CLUSTERED = 2.0**10  # eigenvalues nearer than this times P times an entry to be removed are a cluster
FARTHEST = 2**20  # of an exponent that is scaled away
ROTATE = 16.0  # entries inside clusters must exceed the others by this before float64 may rotate them


def eigenvalues(M: arb_mat) -> list[arb]:
    """Enclosures of all eigenvalues, in ascending order, each as often as its multiplicity.

    Parameters
    ----------
    M : arb_mat
        Balls around the entries of a real symmetric matrix; an exact one must be symmetric itself.

    Raises
    ------
    Undecided
        If an entry has no finite ball, or the balls are too wide for approximate eigenvectors.

    Examples
    --------
    >>> low, high = eigenvalues(arb_mat([[2, 1], [1, 2]]))
    >>> low.contains(arb(1)), high.contains(arb(3)), bool(high.rad() < 1e-14)
    (True, True, True)
    """
    require_finite(M)
    X = eigenvectors(M)
    S = X.transpose() * M * X
    defect = norm((_identity(M.nrows()) - X.transpose() * X).entries()).abs_upper()
    if not defect < 1:
        raise Undecided("the approximate eigenvectors are not nearly orthogonal")
    stretch = arb(1, defect)
    off = norm(number for i, row in enumerate(S.tolist()) for j, number in enumerate(row) if i != j)
    spread = arb(0, off.abs_upper())
    balls = [(S[i, i] + spread) / stretch for i in range(S.nrows())]
    lower, upper = sorted(ball.lower() for ball in balls), sorted(ball.upper() for ball in balls)
    return [hull(low, high) for low, high in zip(lower, upper, strict=True)]


def require_finite(M: arb_mat) -> None:
    """Refuse a matrix with an entry that has no finite ball, as Undecided."""
    if not all(number.is_finite() for number in M.entries()):
        raise Undecided("an entry of the matrix has no finite ball")


def eigenvectors(M: arb_mat) -> arb_mat:
    """An exact matrix whose columns are nearly eigenvectors of `M`, to about the precision in force."""
    A = _scaled(M)
    X = arb_mat(np.linalg.eigh(_floats(A))[1].tolist())
    for _ in range(STEPS):
        state = _State.at(X, A)
        if state.error < 2.0 ** (8 - ctx.prec):
            break
        X = _rotated(X, state) if state.inside > ROTATE * state.outside else _refined(X, state)
    return X


@dataclass(frozen=True)
class _State:
    """How far X is from eigenvectors: S = X^T A X, I - X^T X, approximate eigenvalues, clusters of them.

    `inside` is the largest entry of S off the diagonal between members of a cluster; `outside` the largest
    other one, or the largest of I - X^T X.
    """

    s: Rows
    r: Rows
    values: list[arb]
    threshold: arb
    clusters: list[list[int]]
    inside: float
    outside: float

    @property
    def error(self) -> float:
        return max(self.inside, self.outside)

    @classmethod
    def at(cls, X: arb_mat, A: arb_mat) -> _State:
        P = A.nrows()
        # made symmetric: rounding that is not would be divided by small gaps and spoil orthogonality
        s = _symmetric(X.transpose() * A * X).tolist()
        r = _symmetric(_identity(P) - X.transpose() * X).tolist()
        values = [s[i][i] / (1 - r[i][i]) for i in range(P)]
        orthogonal = max(float(abs(number)) for row in r for number in row)
        off = max((float(abs(s[i][j])) for i in range(P) for j in range(P) if i != j), default=0.0)
        threshold = arb(CLUSTERED * P * max(off, orthogonal) + 2.0 ** (4 - ctx.prec))
        clusters = _clusters(values, threshold)
        label = {i: number for number, group in enumerate(clusters) for i in group}
        inside = outside = 0.0
        for i in range(P):
            for j in range(i):
                size = float(abs(s[i][j]))
                if i in label and label[i] == label.get(j):
                    inside = max(inside, size)
                else:
                    outside = max(outside, size)
        return cls(s, r, values, threshold, clusters, inside, max(outside, orthogonal))


def _refined(X: arb_mat, state: _State) -> arb_mat:
    """One step of Ogita and Aishima: each pair of columns corrected to first order, its gap permitting."""
    P, s, r, values = X.nrows(), state.s, state.r, state.values
    E = [[r[i][j] / 2 for j in range(P)] for i in range(P)]
    for i in range(P):
        for j in range(P):
            gap = values[j] - values[i]
            if i != j and abs(gap) > state.threshold:
                E[i][j] = (s[i][j] + values[j] * r[i][j]) / gap
    return (X + X * arb_mat(E)).mid()


def _clusters(values: list[arb], threshold: arb) -> list[list[int]]:
    """Indices of values that lie within `threshold` of their neighbours."""
    order = sorted(range(len(values)), key=lambda i: values[i].mid())
    groups = [[order[0]]]
    for before, i in pairwise(order):
        if values[i] - values[before] > threshold:
            groups.append([])
        groups[-1].append(i)
    return [group for group in groups if len(group) > 1]


def _rotated(X: arb_mat, state: _State) -> arb_mat:
    """`X` with the columns of each cluster rotated, in float64, to the eigenvectors of its block of S."""
    Q = _identity(X.nrows())
    for group in state.clusters:
        middle = state.s[group[0]][group[0]]
        block = arb_mat([[state.s[i][j] - (middle if i == j else 0) for j in group] for i in group])
        turned = np.linalg.eigh(_floats(_scaled(block)))[1].tolist()
        for i, row in zip(group, turned, strict=True):
            for j, number in zip(group, row, strict=True):
                Q[i, j] = number
    return (X * Q).mid()


def _symmetric(M: arb_mat) -> arb_mat:
    return ((M + M.transpose()) / 2).mid()


def _identity(size: int) -> arb_mat:
    return arb_mat(size, size, [int(i == j) for i in range(size) for j in range(size)])


def _scaled(M: arb_mat) -> arb_mat:
    """The midpoints of `M` divided by a power of two, so that the largest is near one."""
    M = M.mid()
    mantissas = [number.man_exp() for number in M.entries() if not number.is_zero()]
    exponent = max((int(man).bit_length() + int(exp) for man, exp in mantissas), default=0)
    if exponent > FARTHEST:
        raise Undecided("an entry of the matrix is out of range")
    if exponent < -FARTHEST:
        return arb_mat(M.nrows(), M.ncols())  # nothing is assumed of eigenvectors: any will do
    return (M * power(arb(2), -exponent)).mid()


def _floats(M: arb_mat) -> Array:
    """The nearest float64 matrix, made symmetric."""
    array = np.array([[float(number) for number in row] for row in M.tolist()])
    return (array + array.T) / 2
