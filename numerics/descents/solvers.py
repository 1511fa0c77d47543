"""The solvers of a gradient flow under one face: compiled, by LAPACK, between kinks, and scipy's."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from scipy.integrate import BDF, LSODA, Radau

from numerics.descents.compiled import STOPPED, CompiledSteps, suits
from numerics.descents.piecewise import PiecewiseSteps
from numerics.descents.rosenbrock import Derivatives, Tangent
from numerics.landscape.landscape import Landscape, NetworkLandscape, hessian_at
from numerics.landscape.pattern import has_kinks
from twolayer.arrays import Array

SOLVERS: dict[str, Any] = {"LSODA": LSODA, "BDF": BDF, "Radau": Radau}

LARGEST_DENSE = 1000
"""Parameters of networks beyond which multistep methods are taken, with fewer Hessians and factors."""

FIRST_STEP = 0.01
"""The first step tried moves by this share of the start's distance."""


class Steps(Protocol):
    """What follows a flow, step by step: where it is, since when, how fast, and whether time is up.

    `local` is the landscape where it is: the one that is followed, or its smooth piece between kinks.
    """

    theta: Array
    time: float
    ended: bool
    speed: float
    first_look: int

    @property
    def local(self) -> Landscape:
        """The landscape where it is."""

    def advance(self, goal: float, most: int) -> tuple[str | None, Array]:
        """Take at least a step, `most` at most, until |grad| is `goal`; what failed, and points (k, D)."""

    def stays(self, theta: Array) -> bool:
        """Whether `local` is the landscape at `theta` (D,) as well."""


def begun(
    landscape: Landscape,
    theta: Array,
    solver: str | None,
    horizon: float,
    rtol: float,
    lengths: float | Array,
    far: float,
) -> Steps:
    """The solver for a landscape at its start, or scipy's called `solver`.

    Parameters
    ----------
    landscape : Landscape
    theta : ndarray, shape (D,)
    solver : str or None
    horizon, rtol : float
    lengths : float or ndarray, shape (D,)
        What the absolute tolerance of each parameter is a thousandth of rtol of.
    far : float
        The distance to look up at.
    """
    atol, reach = 1e-3 * rtol * lengths, FIRST_STEP * float(np.max(lengths))
    if solver is None and isinstance(landscape, NetworkLandscape):
        if has_kinks(landscape):
            return PiecewiseSteps(landscape, theta, horizon, rtol, atol, reach, far)
        if suits(landscape):
            return CompiledSteps(landscape, theta, horizon, rtol, atol, far, reach)
        if landscape.dimension <= LARGEST_DENSE:
            return DenseSteps(landscape, theta, horizon, rtol, atol, reach)
    return ScipySteps(SOLVERS[solver or "LSODA"], landscape, theta, horizon, rtol, atol)


class ScipySteps:
    """A solver of scipy's, one step at a time.

    Parameters
    ----------
    solver : type
        Scipy's.
    landscape : Landscape
    theta : ndarray, shape (D,)
        The start.
    horizon, rtol : float
        The longest time, and the relative tolerance.
    atol : float or ndarray, shape (D,)
        The absolute one.

    Attributes
    ----------
    theta, time, ended
        Where the flow is, since when, and whether time is up.
    speed : float
        The norm of the last gradient that was asked for: not always the one at theta.
    first_look : int
        The steps after which Newton's iteration is first tried: when it costs about as much as they did.
    """

    first_look = 20

    def __init__(
        self,
        solver: Any,
        landscape: Landscape,
        theta: Array,
        horizon: float,
        rtol: float,
        atol: float | Array,
    ) -> None:
        self.landscape = self.local = landscape
        self.theta, self.time, self.ended = theta, 0.0, False
        self.speed = float(np.linalg.norm(landscape.gradient(theta)))
        self.stepper = solver(
            lambda _, theta: -self._slope(theta),
            0.0,
            theta,
            horizon,
            rtol=rtol,
            atol=atol,
            jac=lambda _, theta: -hessian_at(landscape, theta),
        )

    def _slope(self, theta: Array) -> Array:
        slope = self.landscape.gradient(theta)
        self.speed = float(np.linalg.norm(slope))
        return slope

    def advance(self, goal: float, most: int) -> tuple[str | None, Array]:
        """Take a step; return what failed, if anything, and where it led, shape (1, D).

        Whatever `goal` and `most` are: they are for solvers that take many.
        """
        try:
            failure = self.stepper.step()
        except ValueError as reason:  # the Hessian or the solver's matrices are not finite
            return str(reason), np.empty((0, len(self.theta)))
        if failure or not np.isfinite(self.stepper.y).all():
            return failure or "the path is not finite", np.empty((0, len(self.theta)))
        self.theta, self.time = self.stepper.y.copy(), float(self.stepper.t)
        self.ended = self.stepper.status != "running"
        return None, self.theta[None]

    def stays(self, theta: Array) -> bool:
        """Whether the landscape is the same at `theta` (D,): it has no kinks that are looked for."""
        return True


class DenseSteps:
    """The Rosenbrock method of :mod:`numerics.descents.rosenbrock`, a step in a call.

    Parameters
    ----------
    landscape : Landscape
    theta, horizon, rtol, atol
        As for :class:`ScipySteps`, as are the attributes; `speed` is the gradient's norm at theta.
    reach : float
        The first step tried moves by so much.
    """

    first_look = 20

    def __init__(
        self,
        landscape: Landscape,
        theta: Array,
        horizon: float,
        rtol: float,
        atol: float | Array,
        reach: float,
    ) -> None:
        self.local, self.theta, self.time, self.ended = landscape, theta.copy(), 0.0, False
        self.horizon, self.rtol, self.atol = horizon, rtol, atol
        self.derivatives = Derivatives(landscape)
        self.gradient = self.derivatives.gradient(theta)
        self.speed = float(np.linalg.norm(self.gradient))
        self.h = reach / self.speed if self.speed > 0 else 1.0

    def advance(self, goal: float, most: int) -> tuple[str | None, Array]:
        """Take a step; return what failed, if anything, and where it led, shape (1, D).

        Whatever `goal` and `most` are: they are for solvers that take many.
        """
        tangent = Tangent(self.theta, self.gradient, self.derivatives, self.rtol, self.atol)
        try:
            h, end, self.h = tangent.accepted(self.h, self.time, self.horizon)
        except ValueError as reason:
            return str(reason), np.empty((0, len(self.theta)))
        if end is None:
            return STOPPED, np.empty((0, len(self.theta)))
        self.theta, self.time, self.ended = end, self.time + h, self.time + h >= self.horizon
        self.gradient = self.derivatives.gradient(end)
        self.speed = float(np.linalg.norm(self.gradient))
        return None, end[None]

    def stays(self, theta: Array) -> bool:
        """Whether the landscape is the same at `theta` (D,): it has no kinks that are looked for."""
        return True
