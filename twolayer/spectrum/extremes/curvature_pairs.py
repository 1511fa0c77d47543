"""The extreme eigenpairs of a curvature matrix, and the operator in which Lanczos finds them."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import replace

import numpy as np

from ...arrays import Array, require_representable
from ...curvature.frobenius import flops, frobenius, of_formed
from ...curvature.product import product
from ...errors.rounding import SLACK, gamma, times_power
from ..compressed import KEPT, Matrix
from ..methods import product_cost
from . import lanczos
from .candidates import candidates
from .records import Counter, Operator, Pairs
from .watch import Watch

SMALL = 64  # order up to which a matrix is formed rather than multiplied with
CHEAP = 30.0  # products that cost no less than a norm that is not worth a thought
SHARED = 0.5  # of the cost of forming a matrix: what its norm bears, if a count wants it too
NEXT = 6  # eigenvectors of a formed matrix beyond those asked for


def operator_of(
    whole: Matrix,
    small: Matrix,
    beyond: Counter | None = None,
    bounded: bool = False,
    watch: Watch | None = None,
) -> Operator:
    """`small`, which is `whole` or the same compressed, as an operator with the exact norm of `whole`.

    The norm is had at once where it is `bounded`, or as cheap as a few products.

    Raises
    ------
    Overflow
        If there is no finite bound of a product's rounding error.
    """

    costs = flops(small.forward, small.scope)
    shared = beyond and small.order <= KEPT and SHARED * costs["dense"] <= costs["pairs"]

    def norm() -> float:
        told, passed = (watch or Watch()).stage, small.forward
        with np.errstate(over="ignore", invalid="ignore"):
            if shared:
                value, error = of_formed(small.entries(told), passed, small.bound)
            else:
                value, error, _ = frobenius(passed, small.scope, small.bound, None, told)
            found = (1 + gamma(4)) * (value + error + small.error)
        return found if found < math.inf else math.inf

    rounding = SLACK * (product_error(small) + small.factors_error)
    require_representable("bounds of rounding errors", rounding)
    price = 0.5 * min(costs.values()) / product_cost(small)  # two operations are one multiplication
    given: float | Callable[[], float] = norm
    if bounded or price <= CHEAP:
        with nullcontext() if bounded else suppress(TimeoutError):
            given = norm()
    return Operator(small.order, _products(small), rounding, given, beyond, small.factors_error, price)


def _products(matrix: Matrix) -> Callable[[Array], Array]:
    return lambda vector: product(matrix.forward, matrix.scope, vector)


def product_error(matrix: Matrix) -> float:
    """Bound of the norm of the rounding error of the matrix times a unit vector."""
    (n, d), (q, m) = matrix.forward.X.shape, matrix.forward.net.A.shape
    return gamma(n + m + d + 3 * q + 40) * matrix.bound.total


def extreme(
    whole: Matrix,
    small: Matrix,
    k: int,
    which: str,
    beyond: Counter | None,
    watch: Watch,
    formed: bool = False,
    vectors: bool = True,
    bounded: bool = False,
    most: float = math.inf,
) -> Pairs:
    """The k extreme pairs of `whole`, found in `small` where its zeros are not among them.

    If `formed`, candidates are the eigenvectors of the dense matrix. Unless `vectors`, these remain those of
    `small`. If `bounded`, the norm bounds what was not found. After `most` products the search gives up.
    """
    found = None
    if k <= small.order:
        start = _eigenvectors(small, k, which) if formed else None
        operator = operator_of(whole, small, beyond, bounded, watch)
        found = lanczos.extreme_pairs(operator, k, which, watch=watch, start=start, most=most)
    if found is None or (small is not whole and small.zeros and _reaches_zero(found, which)):
        counted = _of_all(beyond, small.order) if beyond else None  # pairs found are no vectors of `small`
        return extreme(whole, whole, k, which, counted, watch, formed, vectors, bounded, most)
    return found if small.lift is None else _lifted(small, found, vectors)


def _of_all(beyond: Counter, order: int) -> Counter:
    """The same count of a matrix of this order, without the pairs found."""
    return lambda x, values, vectors: beyond(x, values[:0], np.zeros((order, 0)))


def _reaches_zero(found: Pairs, which: str) -> bool:
    """Whether zeros that were left out may be among the pairs sought."""
    last = {"largest": found.values, "smallest": -found.values}.get(which, np.abs(found.values))[-1]
    return bool(last <= found.residuals[-1])


def _eigenvectors(matrix: Matrix, k: int, which: str) -> Array:
    values, V = np.linalg.eigh(matrix.checked(matrix.entries()))
    sizes = {"largest": values, "smallest": -values}.get(which, np.abs(values))
    return np.asarray(V[:, np.argsort(-sizes, kind="stable")[: k + NEXT]])


def _lifted(small: Matrix, found: Pairs, vectors: bool) -> Pairs:
    """The pairs of the compressed matrix as those of the whole one; the basis is orthonormal up to `skew`."""
    assert small.lift is not None
    rounding = SLACK * (small.lift.skew + gamma(small.forward.X.shape[1] + 4) * np.sqrt(small.lift.rank))
    residuals = found.residuals + 2 * rounding * (small.bound.total + np.abs(found.values))
    lifted = small.lift(found.vectors) if vectors else found.vectors
    return replace(found, vectors=lifted, residuals=residuals)


def lowest(matrix: Matrix, formed: bool = False, watch: Watch | None = None) -> float:
    """An estimate of the least eigenvalue, from above: a Rayleigh quotient; of entries that are `formed`."""
    if matrix.order <= SMALL:
        return float(np.linalg.eigvalsh(matrix.checked(matrix.entries()))[0])
    products = matrix.entries().__matmul__ if formed else _products(matrix)
    size = matrix.bound.total
    rough, exponent = Operator(matrix.order, products, 0.0, 0.0).levelled(size)
    tolerance = 1e-5 * times_power(size, -exponent)
    found = candidates(rough, 1, "smallest", tolerance, watch or Watch())
    return times_power(float(found[0]), exponent)
