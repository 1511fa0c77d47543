"""One step of the Rosenbrock method RODAS on any gradient flow, by LAPACK, with the exact Hessian.

The method is described in :mod:`twolayer.many.rodas`; in :mod:`twolayer.many.flow` it is compiled for small
networks, here it takes any landscape.
"""

from __future__ import annotations

from functools import cached_property, partial
from typing import Any

import numpy as np
from scipy.linalg import lapack

from numerics.descents.compiled import LARGEST, Kernels, smooth_pattern, takes
from numerics.descents.output_space import Curvature, OutputSpace, Solve
from numerics.landscape.landscape import Landscape, NetworkLandscape, hessian_at
from numerics.landscape.pattern import Pattern
from twolayer.arrays import Array
from twolayer.many.rodas import GAMMA, LONGEST, ORDER, SAFETY, SHORTEST, STAGES, A, C, D


class Derivatives:
    """Of a landscape, or of the smooth piece of it that was entered last, by the quickest way there is.

    Parameters
    ----------
    landscape : Landscape

    Attributes
    ----------
    local : Landscape
        The landscape, or the pattern that was entered.
    kernels : Kernels or None
        The compiled ones, where they take the landscape.
    plain : bool
        Whether gradients are of one output and so many parameters that BLAS is the quicker.
    given : tuple of ndarray
        What these are told of the pattern: slopes (m, n) and the directions (r, P) in which it is held.
    """

    def __init__(self, landscape: Landscape) -> None:
        self.local: Any = landscape
        self.plain = False
        self.kernels, self.space, self.given = None, None, smooth_pattern(landscape.dimension or 0)[:2]
        if isinstance(landscape, NetworkLandscape) and takes(landscape):
            self.kernels, space = Kernels(landscape), OutputSpace(landscape)
            self.space = space if space.worth else None
            one = landscape.net.n_outputs == 1 and landscape.risk.loss.separable
            self.plain = one and landscape.dimension > LARGEST

    def enter(self, pattern: Pattern) -> None:
        """Go over to another piece."""
        self.local, places = pattern, pattern.units.places
        normals = np.zeros((sum(N.shape[1] for N in pattern.normals.values()), pattern.dimension))
        row = 0
        for k, N in pattern.normals.items():
            normals[row : row + N.shape[1], places[k]] = N.T
            row += N.shape[1]
        self.given = (np.array(pattern.slopes.T, order="C"), normals)

    def gradient(self, theta: Array) -> Array:
        """The gradient at `theta`, shape (D,)."""
        if self.plain and isinstance(self.local, Pattern):
            return self.local.slope(theta)
        if self.plain or self.kernels is None:
            return np.asarray(self.local.gradient(theta))
        return self.kernels.gradient(theta, *self.given)

    def hessian(self, theta: Array) -> Array:
        """The Hessian at `theta` (D,), shape (D, D).

        Raises
        ------
        ValueError
            If it is not finite.
        """
        if self.kernels is None:
            return hessian_at(self.local, theta)
        return self.kernels.curvature(theta, *self.given)[1]

    def curvature(self, theta: Array) -> Curvature | None:
        """The Hessian at `theta` (D,) in the space of outputs, where that is smaller."""
        if self.space is None:
            return None
        pattern = isinstance(self.local, Pattern)
        passed = self.local.forward(theta) if pattern else self.local.risk.forward(theta)
        return self.space.at(passed, self.local.normals if pattern else {})


class Tangent:
    """What a step needs to know of the point it begins at.

    Parameters
    ----------
    theta, gradient : ndarray, shape (D,)
    derivatives : Derivatives
        Gives the Hessian there, and the gradient at other points.
    rtol : float
        Relative tolerance of the step.
    atol : float or ndarray, shape (D,)
        Absolute tolerance.

    Attributes
    ----------
    inside : ndarray, shape (2, D)
        What tells the path inside the last step: see :data:`twolayer.many.rodas.D`.

    Raises
    ------
    ValueError
        By any step, if the Hessian is not finite.
    """

    def __init__(
        self, theta: Array, gradient: Array, derivatives: Derivatives, rtol: float, atol: float | Array
    ) -> None:
        self.theta, self.gradient, self.derivatives = theta, gradient, derivatives
        self.rtol, self.atol = rtol, atol
        self.small = derivatives.curvature(theta)
        self.inside = np.zeros((2, len(theta)))

    @cached_property
    def hessian(self) -> Array:
        """The Hessian, shape (D, D)."""
        return self.derivatives.hessian(self.theta)

    def solver(self, shift: float) -> Solve | None:
        """What solves with H + `shift`, or None where that has no Cholesky factor."""
        found = None if self.small is None else self.small.shifted(shift)
        if found is not None:
            return found
        E = self.hessian.copy()
        E[np.diag_indices_from(E)] += shift
        factor, failed = lapack.dpotrf(E, lower=1, overwrite_a=1)
        return None if failed else partial(_solved, factor)

    def step(self, h: float) -> tuple[Array, float] | None:
        """The end of a step of length `h`, shape (P,), and its error, 1 being the tolerance.

        The path `inside` is that of the last step.

        None where H + 1 / (GAMMA h) has no Cholesky factor: the step would jump across a direction in which
        the flow runs apart.
        """
        solve = self.solver(1 / (GAMMA * h))
        if solve is None:
            return None
        U = np.zeros((STAGES, len(self.theta)))
        for s in range(STAGES):
            there = self.gradient
            if s > 0:
                there = self.derivatives.gradient(self.theta + A[s, :s] @ U[:s])
            U[s] = solve(-there if s == 0 else (C[s, :s] / h) @ U[:s] - there)
        end = self.theta + A[-1] @ U[:-1] + U[-1]
        self.inside = D @ U[:-1]
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


def _solved(factor: Array, right: Array) -> Array:
    return np.asarray(lapack.dpotrs(factor, right, lower=1)[0])
