"""Trace and Frobenius norm of a symmetric operator from products, with standard errors.

Hutch++ (Meyer, Musco, Musco and Woodruff 2021): a third of the products finds a basis Q of where the operator
is large, a third gives its part there exactly, and random vectors z measure only the rest, P = I - Q Q^T:

    tr H = tr Q^T H Q + E[ (P z)^T H (P z) ],      |H|_F^2 = |H Q|_F^2 + E |H P z|^2 .

Given Q, both means are of independent terms, so that their spread is a standard error. Where these are few
it is multiplied as Student's distribution asks, so that twice the error still covers 95 %.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri, stdtrit

from twolayer.arrays import Array

ENTRIES = 50_000_000  # of Q at most
AT_ONCE = 16  # products
COVERED = 0.975  # below the upper end of an interval of 95 %


@dataclass(frozen=True)
class Sampled:
    """What products with random vectors say of an operator.

    Attributes
    ----------
    trace, trace_error : float
    square, square_error : float
        Of the squared Frobenius norm; errors are standard errors, larger where terms are few.
    products : int
        That were taken.
    """

    trace: float
    trace_error: float
    square: float
    square_error: float
    products: int

    def norm(self) -> tuple[float, float]:
        """The Frobenius norm and its standard error.

        Examples
        --------
        >>> Sampled(0.0, 0.0, 4.0, 1.0, 30).norm()
        (2.0, 0.25)
        """
        value = math.sqrt(max(self.square, 0.0))
        return value, self.square_error / (2 * value) if value else math.sqrt(self.square_error)


def sampled(products: Callable[[Array], Array], order: int, budget: int, seed: int) -> Sampled:
    """Estimates from about `budget` products.

    Parameters
    ----------
    products : callable
        (c, P) -> (c, P): a symmetric operator times every row.
    order, budget, seed : int

    Raises
    ------
    ValueError
        If the budget is not at least 12, or the seed is no whole number that is not negative.

    Examples
    --------
    >>> found = sampled(lambda V: V * np.array([5.0, 0.1, 0.1, 0.1]), 4, 12, 0)
    >>> abs(found.trace - 5.3) < 1e-12, abs(found.square - 25.03) < 1e-12
    (True, True)
    """
    for name, value, least in (("probes", budget, 12), ("seed", seed, 0)):
        if isinstance(value, bool) or not hasattr(value, "__index__") or value < least:
            raise ValueError(f"{name} must be a whole number of at least {least}; got {value!r}")
    rng = np.random.default_rng(seed)
    wide = min(budget // 3, order, max(1, ENTRIES // order))
    Y = _taken(products, rng.standard_normal((wide, order)))
    Q = np.linalg.qr(Y.T)[0].T
    HQ = _taken(products, Q)
    Z = rng.choice([-1.0, 1.0], (budget - 2 * wide, order))
    Z -= (Z @ Q.T) @ Q
    Z -= (Z @ Q.T) @ Q
    HZ = _taken(products, Z)
    traces, squares = np.einsum("ij,ij->i", Z, HZ), np.einsum("ij,ij->i", HZ, HZ)
    known = math.fsum(np.einsum("ij,ij->i", Q, HQ)), float(np.linalg.norm(HQ)) ** 2
    root = math.sqrt(len(Z)) / few_terms(len(Z))
    return Sampled(
        known[0] + float(traces.mean()),
        float(traces.std(ddof=1)) / root,
        known[1] + float(squares.mean()),
        float(squares.std(ddof=1)) / root,
        2 * wide + len(Z),
    )


def few_terms(count: int) -> float:
    """What the standard error of a mean of so many terms is multiplied by to be used as a known one is.

    Examples
    --------
    >>> round(few_terms(4), 2), round(few_terms(30), 2)
    (1.62, 1.04)
    """
    return float(stdtrit(count - 1, COVERED) / ndtri(COVERED))


def _taken(products: Callable[[Array], Array], V: Array) -> Array:
    parts = [products(V[start : start + AT_ONCE]) for start in range(0, len(V), AT_ONCE)]
    return np.concatenate(parts)
