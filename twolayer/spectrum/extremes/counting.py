r"""How many eigenvalues lie beyond a point, for a search that has found some of them.

Theorem. Let V have k columns and w >= 0. If x I - H + w V V^T has j negative eigenvalues, at most k + j
eigenvalues of H are larger than x. (On the complement of span V, of codimension k at most, it is x I - H.)

With V the vectors found, and w twice the distance of the farthest value from x, the values found are
reflected at x. If they are all there are, the sum has a Cholesky factor, which is found and verified several
times as fast as the factors of an indefinite matrix, and to a smaller error; if not, its inertia says how
many are absent.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import numpy as np

from ...arrays import Array
from ...curvature.dense import dense_error
from ...errors.rounding import SLACK, UNIT, gamma
from ..compressed import Matrix
from ..enclosed import Spectrum
from ..factored.ldl import Factorization
from ..inertia import evaluate, none_below
from ..methods import Method
from ..tridiagonal.panels import Heard, unheard
from .records import Counter
from .watch import Watch

SIGNS = {"largest": (1.0,), "smallest": (-1.0,), "magnitude": (1.0, -1.0)}
"""Of which multiples of the matrix the largest eigenvalues are sought."""

Side = Callable[[float, float, Array, Array], tuple[int, float]]


def counter(small: Matrix, which: str, option: Method, watch: Watch) -> Counter:
    """Counts eigenvalues beyond a point by inertia, the zeros that were left out of `small` included.

    Of a matrix that is formed, by the theorem; one of blocks is counted whole.
    """

    formed = option.name == "dense"

    def side(sign: float, x: float, values: Array, vectors: Array) -> tuple[int, float]:
        watch.announce("counting eigenvalues beyond those found", option.flops)
        if formed:
            return _formed(small, sign, x, values, vectors, watch)
        if which == "magnitude" and sign < 0 and none_below(small, -x, watch):
            return 0, 0.0
        return _by_blocks(small, sign, x, watch)

    return on_sides(which, small.order + small.zeros, side)


def on_sides(which: str, P: int, side: Side) -> Counter:
    """Counts by what `side` says of the eigenvalues of sign H above x, for one sign or both; of order P."""

    def beyond(x: float, values: Array, vectors: Array) -> tuple[int, float]:
        if which == "magnitude" and x < 0:
            return P, 0.0
        counts, errors = zip(*(side(sign, x, sign * values, vectors) for sign in SIGNS[which]), strict=True)
        return sum(counts), max(errors)

    return beyond


def counter_of(spectrum: Spectrum, which: str) -> Counter:
    """The same from all eigenvalues."""

    def beyond(x: float, values: Array, vectors: Array) -> tuple[int, float]:
        sizes = {"largest": spectrum.values, "smallest": -spectrum.values}.get(which, np.abs(spectrum.values))
        return int((sizes + spectrum.errors > x).sum()), 0.0

    return beyond


def _formed(
    small: Matrix, sign: float, x: float, values: Array, vectors: Array, watch: Watch
) -> tuple[int, float]:
    """How many eigenvalues of `sign` times the matrix are above x at most, and the error of x."""
    H = sign * small.checked(small.entries(watch.stage))
    count, error = above(H, x, values, vectors, partial(watch.require_time, "a count"))
    error += dense_error(small.forward, small.bound) + small.error
    return count + small.zeros * (x <= 0), SLACK * error


def _by_blocks(small: Matrix, sign: float, x: float, watch: Watch) -> tuple[int, float]:
    """The same without forming the matrix, and without the pairs found."""
    found = evaluate(small, -sign * x, "structured", watch)
    count = found.negatives if sign < 0 else small.order - found.negatives
    return count + small.zeros * (x <= 0), found.error


def above(H: Array, x: float, values: Array, vectors: Array, heard: Heard = unheard) -> tuple[int, float]:
    """A number and an error e: no more eigenvalues of a symmetric array are above x + e.

    Parameters
    ----------
    H : ndarray, shape (P, P)
    x : float
    values : ndarray, shape (k,)
        Those known, or any others.
    vectors : ndarray, shape (P, k)
        Theirs, of about unit length.
    heard : callable
        Called now and then, if H is large.

    Examples
    --------
    >>> above(np.diag([3.0, 1.0, -2.0]), 0.5, np.array([3.0]), np.array([[1.0], [0.0], [0.0]]))[0]
    2
    """
    _, exponent = math.frexp(max(float(np.abs(H).max(initial=0.0)), abs(x)))
    ours = values > x
    weight = 2 * (float(values[ours].max(initial=x)) - x)
    V = math.sqrt(math.ldexp(weight, -exponent)) * vectors[:, ours]
    B = V @ V.T - np.ldexp(H, -exponent)
    B.flat[:: len(B) + 1] += math.ldexp(x, -exponent)
    lost = 2 * UNIT * (1 + float(np.abs(B.diagonal()).max(initial=0.0)))
    if ours.any():
        lost += gamma(V.shape[1] + 8) * float(np.linalg.norm(V)) ** 2 + 2 * UNIT * float(np.linalg.norm(B))
    F = Factorization(B, heard=heard)
    return int(ours.sum() + (F.pivots < 0).sum()), math.ldexp(F.error + SLACK * lost, exponent)
