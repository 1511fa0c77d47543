r"""How likely it is that an extreme eigenvalue was missed: a test of the complement by random vectors.

Theorem. Let C be symmetric of order N >= 8, v uniform on the unit sphere, and T_j Chebyshev's polynomial of
degree j with [a, c] mapped to [-1, 1], x > c. If C has an eigenvalue of x or more, then
|T_j(C) v| >= T_j(x) |u . v| for its eigenvector u, and |u . v| <= t has a probability of at most
t sqrt(2 (N - 1) / pi). What is found, r = |T_j(C) v|, is therefore as small as it is with a probability of at
most r sqrt(2 (N - 1) / pi) / T_j(x), whatever j. Of k independent vectors all have a bound of b or less with
a probability of at most b^k, and for some k <= K with one of at most K b^k.

Nothing is assumed of a and c: an eigenvalue outside [a, c] only makes r large. An error e_i of the step from
T_i v to T_(i+1) v reaches u . T_j(C) v multiplied by U_(j-1-i)(x) <= T_j(x) exp(-i theta) / sinh(theta),
theta = arcosh of what x is mapped to; the sum of these is added to t.

J. Kuczynski and H. Wozniakowski, Estimating the largest eigenvalue by the power and Lanczos algorithms with a
random start, SIAM J. Matrix Anal. Appl. 13 (1992).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ...arrays import Array
from ...errors.rounding import SLACK, UNIT, gamma
from ..lapack import skewness

LEAST = 8  # order below which nothing is tested
ENOUGH = 1e-12  # probability at which the test ends
VECTORS = 8  # at most
POOR = 1e-2  # probability from one vector that is not worth a further one
SEED = (11, 0)  # of the vectors; no other search has it


@dataclass(frozen=True)
class Complement:
    """A symmetric operator outside the span of some vectors.

    Parameters
    ----------
    product : callable
        A symmetric matrix times a vector (P,).
    rounding : float
        Bound of what rounding does to the product with a unit vector.
    locked : ndarray, shape (P, p)
        Nearly orthonormal columns.
    size : float
        Bound of the norm of the matrix times a unit vector in their span.
    """

    product: Callable[[Array], Array]
    rounding: float
    locked: Array
    size: float

    @property
    def order(self) -> int:
        """Dimension of the complement."""
        P, p = self.locked.shape
        return int(P - p)

    @property
    def leak(self) -> float:
        """Bound of what :meth:`outside` misses of the projection, over the length of the vector."""
        P, p = self.locked.shape
        return SLACK * (2 * skewness(self.locked) + 2 * math.sqrt(p) * (gamma(P) + gamma(p + 2))) + UNIT

    def outside(self, vector: Array) -> Array:
        """The part of a vector (P,) that is orthogonal to the locked columns."""
        return np.asarray(vector - self.locked @ (self.locked.T @ vector))


def missed(
    C: Complement,
    ends: tuple[float, float],
    x: float,
    most: int,
    enough: float = ENOUGH,
    patience: float = math.inf,
) -> tuple[float, int]:
    """Bound of the probability that C has an eigenvalue of `x` or more, and the products that were taken.

    Parameters
    ----------
    C : Complement
    ends : (float, float)
        a and c, c < x: where the spectrum of C is thought to lie.
    x : float
    most : int
        Products at most; none is taken where so many would say nothing.
    enough : float
        Probability at which the test ends.
    patience : float
        How many times the products it takes where the spectrum does lie there may be taken for a vector.

    Examples
    --------
    >>> values = np.linspace(-1.0, 1.0, 200)
    >>> C = Complement(lambda v: values * v, 1e-16, np.zeros((200, 0)), 0.0)
    >>> missed(C, (-1.0, 1.0), 1.1, 500)[0] < 1e-12, missed(C, (-1.0, 0.9), 0.95, 500)[0]
    (True, 1.0)
    """
    products, worst, rng = 0, 0.0, np.random.default_rng(SEED)
    if C.order < LEAST or not ends[0] < ends[1] < x:
        return 1.0, 0
    if expected(C, ends, x, max(enough / VECTORS, POOR)) > most:
        return 1.0, 0
    for vectors in range(1, VECTORS + 1):
        wanted = max(worst, enough / VECTORS)
        left = int(min(most - products, patience * expected(C, ends, x, wanted)))
        found, taken = _one_vector(C, ends, x, left, wanted, rng)
        products, worst = products + taken, max(worst, found)
        if worst > POOR or VECTORS * worst**vectors <= enough or products >= most:
            break
    return min(VECTORS * worst**vectors, 1.0), products


def expected(C: Complement, ends: tuple[float, float], x: float, wanted: float) -> float:
    """Products after which one vector gives the bound `wanted`, if the spectrum of C lies between the ends.

    Examples
    --------
    >>> C = Complement(lambda v: v, 0.0, np.zeros((200, 0)), 0.0)
    >>> round(expected(C, (-1.0, 1.0), 1.1, 1e-6))  # 2 (199 2 / pi)^(1/2) exp(-0.4436 j) = 1e-6
    38
    """
    return max(math.log(2 * _factor(C) / wanted), 1.0) / max(_angle(ends, x), UNIT)


def _factor(C: Complement) -> float:
    return SLACK * math.sqrt(2 * (C.order - 1) / math.pi)


def _angle(ends: tuple[float, float], x: float) -> float:
    """theta, from below."""
    half, middle = 0.5 * (ends[1] - ends[0]), 0.5 * (ends[1] + ends[0])
    return (1 - 1e-9) * math.acosh(max((x - middle) / half * (1 - 8 * UNIT), 1.0))


def _one_vector(
    C: Complement, ends: tuple[float, float], x: float, most: int, wanted: float, rng: np.random.Generator
) -> tuple[float, int]:
    """The bound that one random vector gives, and its products; it ends at rounding or at `wanted`."""
    (a, c), leak = ends, C.leak
    half, middle = 0.5 * (c - a), 0.5 * (c + a)
    theta, factor = _angle(ends, x), _factor(C)
    drawn = rng.standard_normal(len(C.locked))
    here = C.outside(drawn)
    lost = (leak + 8 * UNIT) * float(np.linalg.norm(drawn) / np.linalg.norm(here))
    here /= np.linalg.norm(here)
    before, inside, found = np.zeros_like(here), lost, 1.0
    if not theta > 0:
        return 1.0, 0
    for j in range(most):
        twice = 1.0 if j == 0 else 2.0
        image = np.asarray(C.product(np.ascontiguousarray(here)))
        ahead = (twice / half) * (image - middle * here) - before
        length, sizes = float(np.linalg.norm(here)), float(np.linalg.norm(image))
        far = float(np.linalg.norm(ahead))
        step = (twice / half) * (C.rounding * length + C.size * inside)
        step += 8 * UNIT * ((twice / half) * (sizes + abs(middle) * length) + float(np.linalg.norm(before)))
        inside = SLACK * leak * far
        lost += SLACK * (step + inside) * math.exp(-j * theta) / math.sinh(theta)
        before, here = here, C.outside(ahead)
        if not far < 1e100:
            return 1.0, j + 1
        left = SLACK * 2 * math.exp(-(j + 1) * theta) * (float(np.linalg.norm(here)) + inside)
        found = factor * (left + lost)
        if found <= wanted or left <= 0.1 * lost:
            return found, j + 1
    return found, most
