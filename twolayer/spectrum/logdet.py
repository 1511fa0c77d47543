"""The log-determinant of H + shift I from a factorization, without eigenvalues."""

from __future__ import annotations

import math

from ..errors.rounding import SLACK, UNIT, gamma
from .compressed import Matrix
from .enclosed import refuse_shift
from .extremes.curvature_pairs import lowest as lowest_estimate
from .extremes.watch import Watch
from .inertia import evaluate

KNOWN = 0.25  # of the shift: where the least eigenvalue is known to be no nearer to -shift, it is not sought


def factored_logdet(
    small: Matrix, shift: float, method: str, watch: Watch | None = None
) -> tuple[float, float]:
    """log det(H + shift I) = log det B + log det C and its error; H + shift I is proved positive definite.

    The factorization is that of a matrix E away. With a proved lower bound `least` of the least eigenvalue of
    M = H + shift I and x = |E|_F / least, |log det(M + E) - log det M| <= sqrt(P) x + x^2 / (2 (1 - x)).

    Raises
    ------
    ValueError
        If it cannot be proved positive definite.

    Examples
    --------
    >>> from twolayer import Hessian, TwoLayer
    >>> net = TwoLayer(a=[2.0], W=[[1.0]], activation="identity")
    >>> H = Hessian(net, [[1.0]], [0.0])  # [[1, 4], [4, 4]]
    >>> value, error = factored_logdet(Matrix(H.forward, H.scope, H.bound), 4.0, "structured")
    >>> abs(value - math.log(5.0 * 8.0 - 4.0 * 4.0)) < error < 1e-11
    True
    """
    lowest = small.enclosure[0]
    if shift + lowest >= KNOWN * shift > 0:
        least = (shift + lowest) * (1 - 4 * UNIT) - 4 * UNIT * shift
    else:
        lowest = min(lowest_estimate(small, method == "dense", watch), 0.0 if small.zeros else math.inf)
        least = _proved_gap(small, shift, lowest, method, watch)
    found = evaluate(small, shift, method, watch)
    x = SLACK * found.distance / least
    if found.negatives or not x < 0.5:
        refuse_shift(shift, min(4 * found.distance - lowest, _enough(small)))
    value = found.logdet + (small.zeros * math.log(shift) if small.zeros else 0.0)
    error = math.sqrt(small.order) * x + x * x / (2 * (1 - x)) + found.logdet_rounding
    return value, SLACK * error + gamma(4) * (abs(value) + abs(found.logdet))


def _proved_gap(small: Matrix, shift: float, lowest: float, method: str, watch: Watch | None) -> float:
    """A lower bound of the least eigenvalue of H + shift I, near which `lowest` + shift is believed to be."""
    gap, needed = shift + lowest, -lowest
    for share in (0.5, 0.1, 0.01) if gap > 0 else ():
        tried = evaluate(small, shift - share * gap, method, watch)
        if tried.negatives == 0 and tried.error < 0.5 * share * gap:
            return share * gap - tried.error - 2 * UNIT * abs(shift)
        needed = _enough(small) if tried.negatives else 4 * tried.error - lowest
    refuse_shift(shift, min(needed, _enough(small)))


def _enough(small: Matrix) -> float:
    """A shift that makes any matrix of this size positive definite, and rounding errors harmless."""
    return 8 * (small.bound.total + small.factors_error)
