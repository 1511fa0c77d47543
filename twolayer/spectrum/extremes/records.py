"""The symmetric operator that is searched for extreme eigenpairs, and the pairs that were found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ...arrays import Array

Counter = Callable[[float], tuple[int, float]]


@dataclass(frozen=True)
class Operator:
    """A symmetric operator H of order P that is known by its products.

    Attributes
    ----------
    order : int
        P.
    product : callable
        H times a vector (P,).
    product_error : float
        Bound of |computed product - H v| for a unit vector v.
    norm : float or callable
        An upper bound of |H|_F; or what returns it, where it is dear: it is then asked for only if it could
        prove something. An infinite one says that nothing is to be proved.
    beyond : callable, optional
        ``beyond(x)`` returns a whole number and an error e: no more than this many eigenvalues are above
        x + e; below -x - e, if the smallest are sought; either, if those of largest absolute value are.
    matrix_error : float
        How much of `product_error` is no rounding of the product: what is multiplied with is a symmetric
        matrix that differs from H by no more than this.
    norm_products : float
        How many products the norm costs, where it is returned on demand.
    """

    order: int
    product: Callable[[Array], Array]
    product_error: float
    norm: float | Callable[[], float]
    beyond: Counter | None = None
    matrix_error: float = 0.0
    norm_products: float = 0.0


@dataclass(frozen=True)
class Pairs:
    """Eigenpairs, those sought first.

    Attributes
    ----------
    values : ndarray, shape (k,)
    vectors : ndarray, shape (P, k)
        Orthonormal but for rounding.
    residuals : ndarray, shape (k,)
        Bounds of |H v - value v|, v of unit length: some eigenvalue is as near.
    errors : ndarray, shape (k,)
        For the first `proved`: the true eigenvalue of the same rank lies within. For the others: `residuals`.
    proved : int
        Length of the prefix of which it is proved that no eigenvalue is missing.
    proof : str
        What proves it: "the Frobenius norm" or "inertia"; empty if nothing does.
    upper : float
        No eigenvalue is larger, in the order sought; inf where the norm was not asked for.
    missing : str
        Why the others are not proved, and what would prove them; empty if all are.
    chance : float
        Bound of the probability, over random vectors drawn for a test, that one is missing; 0 if all are
        proved, 1 if no test was passed.
    cluster : str
        What is to be said of a cluster that the last pair sought belongs to.
    """

    values: Array
    vectors: Array
    residuals: Array
    errors: Array
    proved: int
    upper: float
    proof: str = ""
    missing: str = ""
    chance: float = 1.0
    cluster: str = ""
