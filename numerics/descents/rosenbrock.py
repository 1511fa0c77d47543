"""One step of the Rosenbrock method RODAS on any gradient flow, by LAPACK, with the exact Hessian.

The method is described in :mod:`twolayer.many.rodas`; in :mod:`twolayer.many.flow` it is compiled for small
networks, here it takes any landscape.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.linalg import lapack

from twolayer.arrays import Array
from twolayer.many.rodas import GAMMA, LONGEST, ORDER, SAFETY, SHORTEST, STAGES, A, C


class Tangent:
    """What a step needs to know of the point it begins at.

    Parameters
    ----------
    theta, gradient : ndarray, shape (D,)
    hessian : ndarray, shape (D, D)
    slope : callable
        The gradient at other points.
    rtol, atol : float
        Tolerances of the step.
    """

    def __init__(
        self,
        theta: Array,
        gradient: Array,
        hessian: Array,
        slope: Callable[[Array], Array],
        rtol: float,
        atol: float,
    ) -> None:
        self.theta, self.gradient, self.hessian, self.slope = theta, gradient, hessian, slope
        self.rtol, self.atol = rtol, atol

    def step(self, h: float) -> tuple[Array, float] | None:
        """The end of a step of length `h`, shape (P,), and its error, 1 being the tolerance.

        None where H + 1 / (GAMMA h) has no Cholesky factor: the step would jump across a direction in which
        the flow runs apart.
        """
        E = self.hessian.copy()
        E[np.diag_indices_from(E)] += 1 / (GAMMA * h)
        factor, failed = lapack.dpotrf(E, lower=1, overwrite_a=1)
        if failed:
            return None
        U = np.zeros((STAGES, len(E)))
        for s in range(STAGES):
            there = self.gradient if s == 0 else self.slope(self.theta + A[s, :s] @ U[:s])
            right = -there if s == 0 else (C[s, :s] / h) @ U[:s] - there
            U[s] = lapack.dpotrs(factor, right, lower=1)[0]
        end = self.theta + A[-1] @ U[:-1] + U[-1]
        size = self.atol + self.rtol * np.maximum(np.abs(self.theta), np.abs(end))
        error = float(np.sqrt(np.mean((U[-1] / size) ** 2)))
        return (end, error) if np.isfinite(end).all() else (end, np.inf)

    def accepted(self, h: float, time: float, horizon: float) -> tuple[float, Array | None, float]:
        """The step from `time`, at most `h` and to the `horizon`: its length, its end (P,), the next length.

        The end is None where no step that can be added to the time is short enough.
        """
        h = min(h, horizon - time)
        while time + h > time:
            found = self.step(h)
            error = np.inf if found is None else found[1]
            following = next_length(h, error)
            if found is not None and error <= 1:
                return h, found[0], following
            h = following
        return h, None, h


def next_length(h: float, error: float) -> float:
    """The length of the step after one of length `h` with this `error`.

    Examples
    --------
    >>> next_length(1.0, 1.0), next_length(1.0, np.inf)
    (0.9, 0.2)
    """
    if not error < np.inf:
        return SHORTEST * h
    change = SAFETY * error ** (-1 / ORDER) if error > 0 else LONGEST
    return h * min(LONGEST, max(SHORTEST, change))
