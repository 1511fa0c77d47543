"""The gradient flow of small networks by the compiled kernels of :mod:`twolayer.many.flow`."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from numerics.landscape.landscape import Landscape, NetworkLandscape
from twolayer import jit
from twolayer.arrays import Array
from twolayer.many.signatures import JETS, LOSSES, SLOPES, pointer
from twolayer.model.loss import loss as find_loss

LARGEST = 64
"""Parameters beyond which LAPACK is the quicker (measured)."""

MOST_SAMPLES = 10_000
"""Samples beyond which the kernel's arrays over parameters and samples take too much memory."""

AT_A_TIME = 256
"""Steps that the compiled solver takes before it looks up."""

STOPPED = "the step became shorter than the spacing between numbers"


def takes(landscape: Landscape) -> bool:
    """Whether the kernels have its derivatives: a network's, and not too many samples.

    `landscape` may be any.
    """
    if not isinstance(landscape, NetworkLandscape) or len(landscape.X) > MOST_SAMPLES:
        return False
    return landscape.risk.loss.separable or landscape.risk.loss.name == "softmax"


def suits(landscape: Landscape) -> bool:
    """Whether the kernels follow its flow: those that have its derivatives, and few parameters.

    `landscape` may be any.
    """
    return takes(landscape) and (landscape.dimension or 0) <= LARGEST


def announce() -> None:
    """Say on standard error that the kernels of the flow have yet to be compiled, if they have."""
    folder = jit.kernel_folder()
    if "twolayer.many.flow" not in sys.modules and (folder is None or not any(folder.rglob("flow.follow*"))):
        sys.stderr.write("twolayer: compiling the gradient flow, once a version: about half a minute\n")


class Kernels:
    """A network's data as the kernels take it.

    Parameters
    ----------
    landscape : NetworkLandscape
        One that :func:`suits`.

    Attributes
    ----------
    method : module
        :mod:`twolayer.many.flow`.
    slopes, jets : callable
        The activation's compiled kernels.
    data : tuple
        losses, coupled, biased, columns, x, y.
    """

    def __init__(self, landscape: NetworkLandscape) -> None:
        announce()
        from twolayer.many import flow  # compiled, or loaded, when it is first needed

        self.method: Any = flow
        risk, net = landscape.risk, landscape.net
        (m, d), q, n = net.W.shape, net.n_outputs, len(risk.X)
        columns = q * m + np.arange(m * d).reshape(m, d)
        x = risk.X.T
        if net.b is not None:
            columns = np.concatenate([columns, q * m + m * d + np.arange(m)[:, None]], axis=1)
            x = np.concatenate([x, np.ones((1, n))])
        y = np.broadcast_to(np.asarray(risk.y, dtype=float).reshape(n, -1), (n, q)).T
        slopes, jets = net.activation.slopes, net.activation.jets
        losses = (risk.loss if risk.loss.separable else find_loss("squared")).losses
        room = [np.zeros(1) for _ in range(5)]
        slopes(*room[:3])  # a kernel has to be compiled before it is passed as a pointer
        jets(*room[:4])
        losses(*room)
        rows = m + columns.size + (net.c is not None)
        self.slopes, self.jets = pointer(slopes, SLOPES), pointer(jets, JETS)
        arrays = (np.array(array, order="C") for array in (columns, x, y))
        coupled = not risk.loss.separable
        self.data: tuple[Any, ...] = (pointer(losses, LOSSES), coupled, net.c is not None, *arrays)
        self.sheets, self.flat, self.J = np.empty((5, m, n)), np.empty((5, q, n)), np.empty((2, rows, n))

    def gradient(self, theta: Array, sigma: Array, normals: Array) -> Array:
        """The gradient at `theta` (P,) in the pattern of slopes `sigma` (m, n), held by `normals` (r, P)."""
        found = np.empty(len(theta))
        pattern = (sigma, normals, theta, self.sheets, self.flat)
        self.method.gradient(self.slopes, *self.data, *pattern, found)
        return found

    def attempt(
        self, theta: Array, g: Array, E: Array, h: float, scale: Array, pattern: tuple[Array, Array]
    ) -> tuple[Array, float]:
        """The end of a step of length `h`, and its error; the factor is the lower triangle of E (P, P)."""
        U = np.empty((self.method.STAGES + 1, len(theta)))
        room = (*pattern, theta, self.sheets, self.flat, h, E, g, U, scale)
        error = float(self.method.attempt(self.slopes, *self.data, *room))
        return U[-1].copy(), error

    def curvature(self, theta: Array, sigma: Array, normals: Array) -> tuple[Array, Array]:
        """The gradient and the Hessian (P, P) at `theta` (P,), in the pattern that :meth:`gradient` takes."""
        found, H = np.empty(len(theta)), np.empty((len(theta), len(theta)))
        pattern = (sigma, normals, theta, self.sheets, self.flat, self.J)
        self.method.curvature(self.jets, *self.data, *pattern, found, H)
        return found, H


class Clock:
    """Where a flow is, and what the kernels need to go on.

    Parameters
    ----------
    kernels : Kernels
    theta : ndarray, shape (P,)
    horizon, rtol, atol, far, reach
        As for :class:`CompiledSteps`.
    speed : float
        The gradient's norm at theta.
    bends : tuple of float
        The slopes c- and c+ of piecewise linear units.
    """

    def __init__(
        self,
        kernels: Kernels,
        theta: Array,
        speed: float,
        horizon: float,
        rtol: float,
        atol: float | Array,
        far: float,
        reach: float,
        bends: tuple[float, float] = (0.0, 0.0),
    ) -> None:
        self.kernels = kernels
        self.state = np.array([0.0, reach / speed if speed > 0 else 1.0, speed, 0.0, 0.0])
        self.limits = np.array([0.0, far, horizon, *bends, rtol, *np.broadcast_to(atol, len(theta))])
        self.H, self.inside = np.empty((len(theta), len(theta))), np.empty((2, len(theta)))

    def go(
        self, theta: Array, goal: float, most: int, pattern: tuple[Array, Array, Array, Array]
    ) -> tuple[int, Array]:
        """Take at most `most` steps from `theta` (P,), which moves along; why it ended, and points (k, P).

        The `pattern` is sigma, normals, sides and constants. Where a step leaves it, or kinks hold,
        it is not taken: its end is the last point, and what tells the path inside it is in `inside`.
        """
        method, data = self.kernels.method, self.kernels.data
        path = np.empty((min(most, AT_A_TIME), len(theta)))
        self.limits[method.SMALLEST] = goal
        sigma, normals, sides, constants = pattern
        why, taken = method.follow(
            self.kernels.slopes,
            self.kernels.jets,
            *data,
            sigma,
            normals,
            sides,
            constants,
            theta,
            self.state,
            self.limits,
            path,
            self.inside,
            self.H,
        )
        return why, path[: taken + (why == method.KINK)]


def smooth_pattern(P: int) -> tuple[Array, Array, Array, Array]:
    """What :meth:`Clock.go` is given for units without kinks: arrays (0, 0), (0, P), (0, 0), (0,)."""
    return np.empty((0, 0)), np.empty((0, P)), np.empty((0, 0)), np.empty(0)


class CompiledSteps:
    """The Rosenbrock method of :mod:`twolayer.many.flow`, many steps in a call.

    Parameters
    ----------
    landscape : NetworkLandscape
        One that :func:`suits`.
    theta, horizon, rtol, atol
        As for :class:`numerics.descents.solvers.ScipySteps`, as are the attributes; `speed` is the gradient's
        norm at theta.
    far : float
        The distance from the origin at which to look up.
    reach : float
        The first step tried moves by so much.
    """

    first_look = 120

    def __init__(
        self,
        landscape: NetworkLandscape,
        theta: Array,
        horizon: float,
        rtol: float,
        atol: float | Array,
        far: float,
        reach: float,
    ) -> None:
        self.local = landscape
        self.theta, self.time, self.ended = theta.copy(), 0.0, False
        self.speed = float(np.linalg.norm(landscape.gradient(theta)))
        kernels = Kernels(landscape)
        self.method, self.pattern = kernels.method, smooth_pattern(len(theta))
        self.clock = Clock(kernels, theta, self.speed, horizon, rtol, atol, far, reach)

    def advance(self, goal: float, most: int) -> tuple[str | None, Array]:
        """Take one step, and more until the gradient's norm is `goal`, at most `most`.

        The point has shape (P,).

        Returns what that of :class:`numerics.descents.solvers.ScipySteps` does.
        """
        theta, state = self.theta.copy(), self.clock.state
        why, path = self.clock.go(theta, goal, most, self.pattern)
        self.theta = theta
        self.time, self.speed = float(state[self.method.TIME]), float(state[self.method.SPEED])
        self.ended = why == self.method.ENDED
        return (STOPPED if why == self.method.STOPPED else None), path

    def stays(self, theta: Array) -> bool:
        """Whether the landscape is the same at `theta` (D,): it has no kinks that are looked for."""
        return True
