"""The symmetric operator that is searched for extreme eigenpairs, and the pairs that were found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from ...arrays import Array
from ...errors.rounding import NOTHING, ORDINARY, SUBNORMAL, exponent_of, times_power

Counter = Callable[[float, Array, Array], tuple[int, float]]


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
        ``beyond(x, values, vectors)`` returns a whole number and an error e: no more than this many
        eigenvalues are above x + e; below -x - e, if the smallest are sought; either, if those of largest
        absolute value are. The pairs found beyond x, (k,) and (P, k), may help it, and may be any.
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

    def levelled(self, size: float) -> tuple[Operator, int]:
        """The operator over two to an exponent, and that: 0 unless squares of `size` may leave the floats.

        Powers of two commit no rounding, and what underflows is nothing beside a `product_error` near 1.

        Examples
        --------
        >>> moved, exponent = Operator(1, lambda v: 2.0**600 * v, 0.0, 2.0**600).levelled(2.0**599)
        >>> moved.product(np.ones(1)), moved.norm, exponent
        (array([1.]), 1.0, 600)
        """
        exponent, norm, beyond = exponent_of(np.array([size])), self.norm, self.beyond
        if not ORDINARY < abs(exponent) < -NOTHING:
            return self, 0

        def back(number: float) -> float:
            return times_power(number, -exponent)

        def counted(x: float, values: Array, vectors: Array) -> tuple[int, float]:
            assert beyond is not None
            count, error = beyond(times_power(x, exponent), np.ldexp(values, exponent), vectors)
            return count, back(error)

        moved = Operator(
            self.order,
            lambda vector: np.ldexp(self.product(vector), -exponent),
            back(self.product_error),
            (lambda: back(norm())) if callable(norm) else back(norm),
            counted if beyond else None,
            back(self.matrix_error),
            self.norm_products,
        )
        return moved, exponent


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

    def times_power(self, exponent: int) -> Pairs:
        """Those of the operator times two to `exponent`."""
        if not exponent:
            return self
        lost = 2 * SUBNORMAL
        with np.errstate(over="ignore", under="ignore"):
            values, residuals, errors = (
                np.ldexp(each, exponent) for each in (self.values, self.residuals, self.errors)
            )
        upper = times_power(self.upper, exponent) + lost
        return replace(self, values=values, residuals=residuals + lost, errors=errors + lost, upper=upper)
