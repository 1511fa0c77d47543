"""The exact Frobenius norm: which method to take, and when to take the other one too."""

from __future__ import annotations

import math

import numpy as np

from twolayer.forward.bounds import Bounds
from twolayer.forward.scope import Scope, order

from ..arrays import Array
from ..errors.rounding import ORDINARY, SLACK, exponent_of, gamma, times_power
from ..forward.errors import Forward
from . import dense_by_pairs
from .dense import dense, dense_error
from .frobenius_by_pairs import Told, frobenius_pairs, untold

METHODS = ("pairs", "dense")
DENSE_BYTES = 2**31  # the dense method is offered while the matrix fits here
ENTRY = 30.0  # operations of a matrix product that one entry of a matrix of sums costs beside
PAIR = 700.0  # the same for two samples, over the pairs of outputs
PRODUCT = 2.5  # the same of an operation of the products of tiles
START = 5e6  # the same of the pairs before the first
POOR = 1e-10  # relative bound of the pairs above which the dense method, better conditioned, is tried too
RETRY_FLOPS = 1e11  # unless it costs more than this


def frobenius(
    forward: Forward, scope: Scope, bound: Bounds, method: str | None = None, told: Told = untold
) -> tuple[float, float, str]:
    """Value, error bound and method of the Frobenius norm.

    Parameters
    ----------
    method : {None, "pairs", "dense"}
        None takes the cheaper, and the dense one as well when the pairs' terms cancel so
        far that their bound exceeds 1e-10 of the value and twice the other's.
    told : callable, optional
        Told how far it is.

    Raises
    ------
    ValueError
        If `method` is unknown.
    """
    if method is not None and method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)} or None; got {method!r}")
    P = order(forward, scope)
    fits = 8 * P * P <= DENSE_BYTES
    if (method or (cheaper(forward, scope) if fits else "pairs")) == "dense":
        return *_dense(forward, scope, bound, told), "dense"
    value, error = frobenius_pairs(forward, scope, bound, told)
    promised = SLACK * dense_error(forward, bound) + gamma(P + 8) * value
    poor = not error <= POOR * value and (not math.isfinite(error) or promised < 0.5 * error)
    if poor and method is None and fits and flops(forward, scope)["dense"] <= RETRY_FLOPS:
        other = _dense(forward, scope, bound, lambda share, doing: told((1 + share) / 2, doing))
        if other[1] < error or not math.isfinite(error):
            return *other, "dense"
    return value, error, "pairs"


def cheaper(forward: Forward, scope: Scope) -> str:
    """Which method takes less time, "dense" or "pairs"; no model of time is needed where all is small."""
    if forward.F.size * order(forward, scope) <= dense_by_pairs.FEW:
        return "dense"
    costs = flops(forward, scope)
    return "dense" if costs["dense"] <= costs["pairs"] else "pairs"


def flops(forward: Forward, scope: Scope) -> dict[str, float]:
    """Floating-point operations of each method, leading terms."""
    (n, d), (q, m) = forward.X.shape, forward.net.A.shape
    P = order(forward, scope)
    newton = scope.gauss_newton * (q * (q + 1) / 2 + 1) * n * n * m
    cross = scope.residual * 2 * (q + 1) * n * n * m
    pairs = START + PRODUCT * (newton + cross + n * n * d) + (PAIR * q * q + ENTRY) * n * n
    whole = 2 * min(dense_by_pairs.costs(forward, scope).values())
    dense = ENTRY * P * P + (whole if scope.gauss_newton else n * m * d * d)
    return {"pairs": pairs, "dense": dense}


def _dense(forward: Forward, scope: Scope, bound: Bounds, told: Told) -> tuple[float, float]:
    return of_formed(dense(forward, scope, told=told), forward, bound)


def of_formed(H: Array, forward: Forward, bound: Bounds) -> tuple[float, float]:
    """Frobenius norm of the matrix whose entries (P, P) were formed from a forward pass, and its error.

    Examples
    --------
    >>> from twolayer import Hessian, TwoLayer
    >>> H = Hessian(TwoLayer(a=[2.0], W=[[1.0]], activation="identity"), [[1.0]], [0.0])  # [[1, 4], [4, 4]]
    >>> value, error = of_formed(H.toarray(), H.forward, H.bound)
    >>> abs(value - 7.0) <= error < 1e-13
    True
    """
    exponent = exponent_of(H)
    if abs(exponent) > ORDINARY:
        H = np.ldexp(H, -exponent)
    value = math.sqrt(math.fsum(np.einsum("ij,ij->i", H, H)))
    if abs(exponent) > ORDINARY:
        value = times_power(value, exponent)
    return value, float(SLACK * dense_error(forward, bound) + gamma(len(H) + 8) * value)
