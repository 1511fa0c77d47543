"""Gradient flow to its end: theta' = -grad V, by an implicit solver whose Jacobian -H is exact."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import nullcontext

import numpy as np
from numpy.typing import ArrayLike

from numerics.descents.finish import finish, gradient_rounding, land, lowest_curvature, newton_contracts
from numerics.descents.landing import CONVERGED, DIVERGED, DRIFTED, UNDECIDED, Landing
from numerics.descents.pattern import has_kinks
from numerics.descents.solvers import SOLVERS, Steps, begun
from numerics.landscape.channels import channels_said
from numerics.landscape.landscape import Landscape, checked_point, hessian_at
from numerics.landscape.separability import separates
from twolayer.arrays import Array
from twolayer.blas_threads import one_blas_thread

INTEGRATOR = "RODAS, in pieces between kinks, tolerances relative to the problem: version 8"
"""What the keys of stored sweeps name: ends of another integrator are not mixed with those of this one."""

HORIZON = 1e12
"""The longest flow time, in units of the inverse of the largest curvature at the start."""

FAR = 1e6

FAR_OFF = 100.0
"""While the last gradient that the solver asked for is so many times the goal, the flow has not arrived."""

NEAR = 1e-3

SMALL = range(17)
"""Numbers of parameters for which BLAS would not start threads, which cost more than they bring."""

LOOKS = 64
"""Points at which gradients are asked for when time is up."""

ALMOST = 1e4
"""When time is up, a gradient within so many times its rounding error is left to the finish: where steps are
as long as that, the flat directions of a singular Hessian turn roundings into so much."""

STRAY = 1.5
"""A path that is so many times the problem's size away from the origin when time is up may go to infinity."""

DRIFT = 300.0
"""Conserved quantities may change by so many times rtol, relative to |theta|^2."""


def flow(
    landscape: Landscape,
    start: ArrayLike,
    *,
    rtol: float = 1e-5,
    gradient_tolerance: float = 1e-6,
    horizon: float | None = None,
    max_steps: int = 5000,
    solver: str | None = None,
) -> Landing:
    """Follow the gradient flow from a start to where it ends.

    Parameters
    ----------
    landscape : Landscape
        With ``conserved(theta)``, quantities that the flow keeps, their drift is reported.
    start : array_like, shape (D,)
    rtol : float
        Relative tolerance of the solver; the absolute one is a thousandth of it times |start|.
    gradient_tolerance : float
        The solver hands over to the finish where |grad V| falls below this times the largest gradient seen on
        the way, or below its rounding error; or earlier where Newton's iteration is seen to contract in a
        region of positive curvature.
    horizon : float, optional
        The longest flow time; by default 1e12 over the largest curvature at the start.
    max_steps : int
        Most steps of the solver.
    solver : {"LSODA", "BDF", "Radau"}, optional
        One of scipy's. By default the compiled Rosenbrock method of :mod:`twolayer.many.flow` for networks of
        at most 64 parameters and 10,000 samples, whatever the loss and the number of outputs; the same
        method by LAPACK, with compiled derivatives, up to 1,000 parameters; piece by piece for piecewise
        linear units; LSODA for all else. Where it is named, kinks are not looked for.

    Returns
    -------
    Landing

    Raises
    ------
    ValueError
        If the start does not fit, or the landscape is not finite there, or an option is unknown.

    Notes
    -----
    The finish is Newton's iteration in the space of curved directions; flat ones are left alone. A start
    at a saddle, whose gradient is zero within rounding, stays there and is called a saddle.

    Everything is relative to the problem: of c V(theta / s) and the start s theta the path is s times that
    of V
    and theta, c / s^2 times as fast.

    Networks of piecewise linear units (relu, leaky_relu) have a flow in Filippov's sense: it crosses kinks,
    or slides along them where both sides push there (:mod:`numerics.descents.piecewise`). What the flow
    conserves is kept to rounding there; elsewhere a change beyond 300 `rtol` makes the landing "drifted".

    Examples
    --------
    >>> from numerics.landscape.potentials import CosineLattice
    >>> landing = flow(CosineLattice(2), [0.4, -0.2])
    >>> landing.status, bool(np.abs(landing.theta).max() < 1e-12)
    ('converged', True)
    """
    if solver is not None and solver not in SOLVERS:
        raise ValueError(f"solver must be one of {', '.join(SOLVERS)}; got {solver!r}")
    if not 0 < rtol < 1:
        raise ValueError(f"rtol must lie between 0 and 1; got {rtol}")
    theta = checked_point(landscape, "start", start)
    if horizon is not None and not horizon > 0:
        raise ValueError(f"horizon must be positive; got {horizon}")
    path = _Path(landscape, theta, gradient_tolerance, rtol)
    with nullcontext() if landscape.dimension in SMALL else one_blas_thread():
        status, why = path.follow(solver, horizon, max_steps)
        landing = land(
            path.local, path.theta, status, why, path.time, path.steps, path.drift, path.finished, path.size
        )
    if path.drift > DRIFT * rtol:
        return landing.called(DRIFTED, f"what the flow conserves changed by {path.drift:.2g} of |theta|^2")
    return landing


def scales(landscape: Landscape, theta: Array, speed: float) -> tuple[float, float]:
    """The length and the time that paths from `theta` (D,) are measured by; `speed` is |grad V| there.

    The length is |theta|; at the origin |grad V| over the largest curvature. The time is one over the latter.
    """
    largest = float(np.linalg.norm(hessian_at(landscape, theta)))
    size = float(np.linalg.norm(theta))
    if size == 0:
        size = speed / largest if largest > 0 and speed > 0 else 1.0
    return size, 1 / largest if largest > 0 else (size / speed if speed > 0 else 1.0)


class _Path:
    """The flow on its way: where it is, and what it noticed."""

    def __init__(self, landscape: Landscape, theta: Array, tolerance: float, rtol: float) -> None:
        self.landscape, self.local, self.theta, self.begin = landscape, landscape, theta, theta
        self.tolerance, self.rtol, self.strict = tolerance, rtol, 1.0
        self.time, self.steps, self.drift, self.next_look = 0.0, 0, np.nan, 0
        self.speed = self.peak = float(np.linalg.norm(landscape.gradient(theta)))
        self.size, self.unit = scales(landscape, theta, self.speed)
        own: Callable[[], float] | None = getattr(landscape, "reach", None)
        self.far = FAR * max(self.size, 0.0 if own is None else own())
        self.finished: tuple[Array, bool] | None = None
        self.conserved: Callable[[Array], Array] | None = getattr(landscape, "conserved", None)
        self.kept = None if self.conserved is None else self.conserved(theta)
        if self.kept is not None and self.kept.size:
            self.drift = 0.0

    def follow(self, solver: str | None, horizon: float | None, max_steps: int) -> tuple[str, str]:
        """Step until something is decided; return a status and why."""
        horizon = HORIZON * self.unit if horizon is None else horizon
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")  # the solvers warn where they fail, and then say so in `status`
            if not has_kinks(self.landscape) and self._still():
                return CONVERGED, "the start is a stationary point"
            limits = (horizon, self.rtol, self.size, self.far)
            solved = begun(self.landscape, self.theta, solver, *limits)
            self._go(solved)
            if self._still():
                return CONVERGED, "the start is a stationary point"
            self.next_look = solved.first_look
            while not solved.ended and self.steps < max_steps:
                failure, points = solved.advance(self._goal(), min(self.next_look, max_steps) - self.steps)
                self._go(solved)
                self.steps += len(points)
                self._watch(points)
                if solved.ended:
                    self._look_back(points)
                ended = self._lost(failure) if failure else self._ended(solved)
                if ended is not None:
                    return ended
        return self._out_of_time(horizon)

    def _go(self, solved: Steps) -> None:
        self.theta, self.time, self.speed = solved.theta, solved.time, solved.speed
        self.local, self.finished, self.peak = solved.local, None, max(self.peak, solved.speed)

    def _goal(self) -> float:
        return max(self.tolerance * self.strict * self.peak, np.finfo(float).tiny)

    def _ended(self, solved: Steps) -> tuple[str, str] | None:
        """What is decided after a step, if anything."""
        if np.linalg.norm(self.theta) > self.far:
            why = f"the flow went beyond {FAR:g} times the problem's size"
            return DIVERGED, why + channels_said(self.landscape, self.begin, self.theta)
        if separates(self.landscape, self.theta) and self.speed < NEAR * self.peak:
            return DIVERGED, "the network separates the classes: the risk falls to 0 only at infinity"
        if self._arrived(solved) or self._contracts():
            return CONVERGED, "the gradient vanished"
        return None

    def _out_of_time(self, horizon: float) -> tuple[str, str]:
        said = channels_said(self.landscape, self.begin, self.theta)
        if self.time >= horizon and self._drifts() and self._strays():
            why = f"still drifting at time {self.time:.3g}: there is no minimum at a finite distance"
            return DIVERGED, why + said
        return UNDECIDED, f"no end within time {self.time:.3g} and {self.steps} steps" + said

    def _slope(self) -> float:
        return float(np.linalg.norm(self.local.gradient(self.theta)))

    def _still(self, times: float = 1.0) -> bool:
        """Whether the gradient is zero within rounding, or within so many times that."""
        slope = self._slope()
        if slope == 0:
            return True
        small = slope < 1e-6 * self.size / self.unit
        return small and slope <= times * gradient_rounding(self.local, self.theta)

    def _watch(self, points: Array) -> None:
        if self.conserved is None or self.kept is None or not self.kept.size:
            return
        for theta in points:
            change = float(np.abs(self.conserved(theta) - self.kept).max())
            self.drift = max(self.drift, change / float(theta @ theta))

    def _look_back(self, points: Array) -> None:
        """When time is up: how large gradients were on the way from a saddle, and the end is judged by that.

        A solver that takes many steps in a call says the gradient at their end alone.
        """
        seen = points[:: max(1, len(points) // LOOKS)]
        sizes = [float(np.linalg.norm(self.landscape.gradient(theta))) for theta in seen]
        self.peak, self.strict = max([self.peak, *sizes]), 1.0

    def _arrived(self, solved: Steps) -> bool:
        """Whether the gradient is small and the finish settles nearby; if not, it must become smaller yet."""
        goal = self._goal()
        if self.speed > FAR_OFF * goal and not solved.ended:
            return False
        slope = self._slope()
        still = self._still()
        almost = still or (solved.ended and not self._strays() and self._still(ALMOST))
        if slope > goal and not almost:
            return False
        self.strict /= 10
        if self._drifts() and not almost:
            return False
        end, settled = self.finished = finish(self.local, self.theta, self.size)
        away = float(np.linalg.norm(end - self.theta)) / max(self.size, float(np.linalg.norm(self.theta)))
        near = away <= NEAR and lowest_curvature(self.local, end)[0] >= 0 and solved.stays(end)
        return settled and (still or near)

    def _strays(self) -> bool:
        """Whether the path has left the neighbourhood of its start outwards, as one towards infinity has."""
        return float(np.linalg.norm(self.theta)) > STRAY * self.size

    def _drifts(self) -> bool:
        """Whether |grad V| falls only like 1 / time: the path then grows with log(time), towards infinity."""
        return self._slope() * self.time > NEAR * max(self.size, float(np.linalg.norm(self.theta)))

    def _contracts(self) -> bool:
        """Whether Newton's iteration contracts nearby, in positive curvature; looked at ever more rarely."""
        if self.steps < self.next_look:
            return False
        self.next_look = int(1.3 * self.steps) + 1
        return self.local is self.landscape and newton_contracts(
            self.local, self.theta, max(self.size, float(np.linalg.norm(self.theta)))
        )

    def _lost(self, why: str) -> tuple[str, str]:
        value = self.local.value(self.theta)
        if value < -1e300 or np.linalg.norm(self.theta) > self.far / 1e3:
            return DIVERGED, f"the solver stopped far out: {why}"
        return UNDECIDED, f"the solver stopped: {why}"
