"""The compiled solver of the gradient flow of one small network, and scipy's, under one face."""

from __future__ import annotations

from typing import Any

import numpy as np

from numerics.landscape.landscape import Landscape, NetworkLandscape, hessian_at
from twolayer.arrays import Array
from twolayer.many.packing import Packing

LARGEST = 64
"""Parameters beyond which multistep methods, with fewer Hessians and factors, are the quicker (measured)."""

MOST_SAMPLES = 10_000
"""Samples beyond which the kernel's arrays over parameters and samples take too much memory."""

FIRST_STEP = 0.01
"""The first step tried moves by this share of the start's distance."""

AT_A_TIME = 256
"""Steps that the compiled solver takes before it looks up."""

STOPPED = "the step became shorter than the spacing between numbers"


class ScipySteps:
    """A solver of scipy's, one step at a time.

    Parameters
    ----------
    solver : type
        Scipy's.
    landscape : Landscape
    theta : ndarray, shape (D,)
        The start.
    horizon, rtol, atol : float
        The longest time, and tolerances.

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
        self, solver: Any, landscape: Landscape, theta: Array, horizon: float, rtol: float, atol: float
    ) -> None:
        self.landscape, self.theta, self.time, self.ended = landscape, theta, 0.0, False
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


class CompiledSteps:
    """The Rosenbrock method of :mod:`twolayer.many.flow`, many steps in a call.

    Parameters
    ----------
    landscape : NetworkLandscape
        One that :func:`suits`.
    theta, horizon, rtol, atol
        As for :class:`ScipySteps`, as are the attributes; `speed` is the gradient's norm at theta.
    far : float
        The distance from the origin at which to look up.
    """

    first_look = 120

    def __init__(
        self, landscape: NetworkLandscape, theta: Array, horizon: float, rtol: float, atol: float, far: float
    ) -> None:
        from twolayer.many import flow  # compiled, or loaded, when it is first needed

        self.method, self.data = flow, landscape.risk.simd
        self.samples = samples(self.data)
        self.theta, self.time, self.ended = theta.copy(), 0.0, False
        self.speed = float(np.linalg.norm(landscape.gradient(theta)))
        size = FIRST_STEP * (1 + float(np.linalg.norm(theta)))
        self.clock = np.array([0.0, size / self.speed if self.speed > 0 else 1.0, self.speed])
        self.limits = np.array([0.0, far, horizon, atol, rtol])
        self.H = np.empty((len(theta), len(theta)))

    def advance(self, goal: float, most: int) -> tuple[str | None, Array]:
        """Take one step, and more until the gradient's norm is `goal`, at most `most`.

        The point has shape (P,).

        Returns what that of :class:`ScipySteps` does.
        """
        data, path = self.data, np.empty((min(most, AT_A_TIME), len(self.theta)))
        self.limits[0] = goal
        theta = self.theta.copy()
        why, taken = self.method.follow(
            data.slopes,
            data.jets,
            data.losses,
            *self.samples,
            theta,
            self.clock,
            self.limits,
            path,
            self.H,
        )
        self.theta, self.time, self.speed = theta, float(self.clock[0]), float(self.clock[2])
        self.ended = why == self.method.ENDED
        return (STOPPED if why == self.method.STOPPED else None), path[:taken]


def samples(data: Packing) -> tuple[bool, np.ndarray, Array, Array]:
    """Whether there is an output bias, where inner weights stand, and x (d~, n), y (n,): for the kernels."""
    m, d = data.m, data.d
    columns = m + np.arange(m * d).reshape(m, d)
    x = data.X.T
    if data.has_b:
        columns = np.concatenate([columns, m + m * d + np.arange(m)[:, None]], axis=1)
        x = np.concatenate([x, np.ones((1, len(data.X)))])
    return data.has_c, np.ascontiguousarray(columns), np.ascontiguousarray(x), data.Y[:, 0].copy()


def suits(landscape: Landscape) -> bool:
    """Whether the compiled solver is for it: a network of one output, few parameters, not too many samples.

    `landscape` may be any.
    """
    if not isinstance(landscape, NetworkLandscape):
        return False
    one = landscape.net.n_outputs == 1 and landscape.risk.loss.separable
    return one and landscape.dimension <= LARGEST and len(landscape.X) <= MOST_SAMPLES
