r"""How many of the extreme pairs found are the first of the whole spectrum, and how far off each may be.

Theorem. Let U (P, p) have orthonormal columns, U^T H U = diag(t) + D with |D|_F <= d, t in order, and
r_i bound the norm of column i of (I - U U^T) H U. For j <= p <= P let C_p be H outside the span of the first
p columns, and C_j outside that of the first j. Then

    |C_p|_F^2 <= |H|_F^2 - (|t_1 .. t_p| - d)^2 =: c_p^2,
    lmax(C_j) <= largest eigenvalue of [[t_(j+1), e], [e, c_p]] + d =: c,    e = |r_(j+1) .. r_p| .

If t_j >= c, the j largest eigenvalues of H are those that belong to the first j columns: with
eta = |r_1 .. r_j| and g_i = t_i - c,

    t_i - d <= lambda_i <= t_i + d + 2 eta^2 / (g_i + sqrt(g_i^2 + 4 eta^2)) .

The lower bound is Cauchy's; the upper one follows from the inertia of the Schur complement
diag(t) - x + E^T (x - C_j)^(-1) E <= diag(t) - x + eta^2 / (x - c) for x > c. With absolute values of t and
the norm of C_j in place of its largest eigenvalue, the same holds for the j largest by absolute value.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...arrays import Array
from ...errors.rounding import SLACK, gamma


def remainders(values: Array, norm: float, mixed: float) -> Array:
    """c_p for p = 0 .. len(values): what the first p values leave of |H|_F <= `norm`; `mixed` is d.

    `values` (p,) gives (p + 1,).
    """
    known = np.sqrt(np.concatenate([[0.0], np.cumsum(values**2)])) * (1 - gamma(len(values) + 4))
    known = np.maximum(known - mixed, 0.0)
    return np.asarray(SLACK * np.sqrt(np.maximum(norm - known, 0.0)) * np.sqrt(norm + known))


def outside(sizes: Array, residuals: Array, left: Array, j: int, mixed: float) -> float:
    """The least bound c over all p >= j; sizes (p,), residuals (p,), left (p + 1,) from `remainders`."""
    best = float(left[j])
    if j < len(sizes):
        e2 = np.cumsum(residuals[j:] ** 2)
        half = 0.5 * (sizes[j] - left[j + 1 :])
        tops = 0.5 * (sizes[j] + left[j + 1 :]) + np.sqrt(half**2 + e2)
        best = min(best, float(tops.min()))
    return best + SLACK * mixed + 4 * gamma(8) * abs(best)


def proved_prefix(sizes: Array, left: Array, residuals: Array, mixed: float) -> int:
    """The largest j for which the theorem holds.

    Parameters
    ----------
    sizes : ndarray, shape (p,)
        Descending: the values, their negatives, or their absolute values, whichever are sought.
    left : ndarray, shape (p + 1,)
        Upper bounds of lmax(C_j), j = 0 .. p, such as c_j; inf where nothing is known.
    residuals : ndarray, shape (p,)
    mixed : float
        d.

    Examples
    --------
    >>> t = np.array([3.0, 1.0])
    >>> proved_prefix(t, remainders(t, 3.5, 0.0), np.zeros(2), 0.0)  # what is left of 12.25 is 2.25 > 1
    1
    """
    for j in range(len(sizes), 0, -1):
        if sizes[j - 1] >= outside(sizes, residuals, left, j, mixed):
            return j
    return 0


def errors_of_prefix(sizes: Array, residuals: Array, beyond: float, mixed: float) -> Array:
    """Bounds of |lambda_i - t_i| for a prefix of which it is known that no other eigenvalue exceeds `beyond`.

    `sizes`, `residuals` and the result are (j,).

    Examples
    --------
    >>> errors_of_prefix(np.array([2.0]), np.array([1e-6]), 1.0, 0.0) < 1.01e-12
    array([ True])
    """
    eta = float(np.linalg.norm(residuals))
    gaps = np.maximum(sizes - beyond, 0.0)
    if eta == 0.0:
        return np.full(len(sizes), SLACK * mixed)
    return np.asarray(SLACK * (mixed + 2 * eta**2 / (gaps + np.hypot(gaps, 2 * eta))))


def allowed(sizes: Array, residuals: Array, mixed: float, k: int, least: float) -> float:
    """How large an eigenvalue outside the pairs (p,) may be, from `least` on, if none of the k is missing.

    Minus infinity if one of `least` is too large already.

    Examples
    --------
    >>> round(allowed(np.array([3.0, 1.0]), np.zeros(2), 0.0, 1, 0.5), 6)
    3.0
    """
    low, high = -np.inf, float(sizes[k - 1])
    for _ in range(50):
        tried = least if np.isinf(low) else 0.5 * (low + high)
        left = np.append(np.full(len(sizes), np.inf), tried)
        if proved_prefix(sizes, left, residuals, mixed) >= k:
            low = tried
        elif np.isinf(low):
            break
        else:
            high = tried
    return low


@dataclass(frozen=True)
class Proof:
    """What is proved of the pairs found: none is missing of the first `prefix`.

    Attributes
    ----------
    prefix : int
    beyond : float
        The others are at most of this size.
    name : str
        What proves it.
    strict : int
        The first so many exceed `beyond`, and no other eigenvalue does; those from there to `prefix` are in a
        cluster just below it.
    """

    prefix: int
    beyond: float
    name: str
    strict: int

    def errors(self, sizes: Array, residuals: Array, mixed: float) -> Array:
        """Bounds of |lambda_i - t_i|, proved for the prefix; residuals elsewhere. Shapes (p,).

        Examples
        --------
        >>> Proof(2, 1.5, "inertia", 1).errors(np.array([2.0, 1.25]), np.zeros(2), 0.0)
        array([0.  , 0.25])
        """
        known, errors = self.strict, residuals.copy()
        errors[:known] = errors_of_prefix(sizes[:known], residuals[:known], self.beyond, mixed)
        within = slice(known, self.prefix)
        errors[within] = np.maximum(mixed, (1 + gamma(4)) * (self.beyond - sizes[within]))
        return errors


NOTHING = Proof(0, np.inf, "", 0)
