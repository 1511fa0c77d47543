"""Gradient flow to its end: theta' = -grad V, by an implicit solver whose Jacobian -H is exact."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import nullcontext

import numpy as np
from numpy.typing import ArrayLike

from numerics.descents.ending import FAR, Judge, Place, failed, land, out_of_time
from numerics.descents.landing import CONVERGED, DRIFTED, UNDECIDED, Landing
from numerics.descents.solvers import SOLVERS, Steps, begun
from numerics.landscape.landscape import Landscape, NetworkLandscape, checked_point, hessian_at
from numerics.landscape.pattern import has_kinks
from numerics.training.own import Own, slope_left
from twolayer.arrays import Array
from twolayer.blas_threads import one_blas_thread

INTEGRATOR = "RODAS, in pieces between kinks, tolerances relative to the problem: version 13"
"""What the keys of stored sweeps name: ends of another integrator are not mixed with those of this one."""

MOVING = 1e-6
"""Share of the first slope that an end may have in units of the problem's own, unlike the user's."""

HORIZON = 1e12
"""The longest flow time, in units of the inverse of the largest curvature at the start: for networks that of
the kind of parameters, of a, W, b and c, which is slowest."""

SMALL = range(17)
"""Numbers of parameters for which BLAS would not start threads, which cost more than they bring."""

LOOKS = 64
"""Points at which gradients are asked for when time is up."""

STILL = "the start is a stationary point"

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
        The longest flow time; by default 1e12 over the largest curvature at the start, for networks over
        that of the slowest of a, W, b and c.
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
            path.local,
            path.theta,
            status,
            why,
            path.time,
            path.steps,
            path.drift,
            path.judge.finished,
            path.size,
            path.own,
        )
    if path.drift > DRIFT * rtol:
        return landing.called(DRIFTED, f"what the flow conserves changed by {path.drift:.2g} of |theta|^2")
    if landing.status == CONVERGED and path.moves(landing.theta):
        return landing.called(UNDECIDED, "parameters that are flat beside others are still on their way")
    return landing


def scales(landscape: Landscape, theta: Array, speed: float, rates: Array) -> tuple[float, float, float]:
    """The length and the times that paths from `theta` (D,) are measured by; `speed` is |grad V| there.

    The length is |theta|; at the origin |grad V| over the largest curvature. The first time is one over the
    latter, the second one over that of the slowest kind of parameters: inputs in other units, and outer
    weights far from the size of inner ones, put many powers of ten between them. Each parameter flows `rates`
    (D,) times as fast as down the landscape.
    """
    H = hessian_at(landscape, theta)
    largest = float(np.linalg.norm(H))
    size = float(np.linalg.norm(theta))
    if size == 0:
        size = speed / largest if largest > 0 and speed > 0 else 1.0
    unit = 1 / largest if largest > 0 else (size / speed if speed > 0 else 1.0)
    kinds = landscape.net.layout.values() if isinstance(landscape, NetworkLandscape) else ()
    speeds = [float(np.linalg.norm(rates[kind, None] * H[kind, kind])) for kind in kinds]
    slowest = min((found for found in speeds if found > 0), default=0.0)
    return size, unit, 1 / slowest if slowest > 0 else unit


class _Path:
    """The flow on its way: where it is, and what it noticed."""

    def __init__(self, landscape: Landscape, theta: Array, tolerance: float, rtol: float) -> None:
        self.landscape, self.local, self.theta, self.begin = landscape, landscape, theta, theta
        self.rtol, self.judge = rtol, Judge(tolerance)
        self.time, self.steps, self.drift = 0.0, 0, np.nan
        self.slope = self.peak = float(np.linalg.norm(landscape.gradient(theta)))
        self.size, self.unit, self.slowest = scales(landscape, theta, self.slope, np.ones(len(theta)))
        self.own = Own(landscape, theta)
        self.lengths = np.full(len(theta), self.size)
        if not self.own.plain:
            self.slope = self.peak = self._slope(theta)
            there = self.own.inner(theta)
            outside, rates = self.size, self.own.rates
            self.size, self.unit, self.slowest = scales(self.own.inside, there, self.slope, rates)
            self.lengths = np.minimum(outside, self.size * self.own.sizes)
        own: Callable[[], float] | None = getattr(self.own.inside, "reach", None)
        self.far = FAR * max(self.size, 0.0 if own is None else own())
        self.conserved: Callable[[Array], Array] | None = getattr(landscape, "conserved", None)
        self.kept = None if self.conserved is None else self.conserved(theta)
        if self.kept is not None and self.kept.size:
            self.drift = 0.0

    def follow(self, solver: str | None, horizon: float | None, max_steps: int) -> tuple[str, str]:
        """Step until something is decided; return a status and why."""
        horizon = HORIZON * self.slowest if horizon is None else horizon
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")  # the solvers warn where they fail, and then say so in `status`
            if not has_kinks(self.landscape) and self._place().zero_within(1.0):
                return CONVERGED, STILL
            limits = (horizon, self.rtol, self.lengths, self.far * float(self.own.sizes.max()))
            solved = begun(self.landscape, self.theta, solver, *limits)
            self._go(solved)
            if self._place(solved).zero_within(1.0):
                return CONVERGED, STILL
            self.judge.next_look = solved.first_look
            while not solved.ended and self.steps < max_steps:
                most = min(self.judge.next_look, max_steps) - self.steps
                failure, points = solved.advance(self.judge.goal(self.peak) / self.own.steepest, most)
                self._go(solved)
                self.steps += len(points)
                self._watch(points)
                if solved.ended:
                    self._look_back(points)
                place = self._place(solved)
                ended = failed(place, failure) if failure else self.judge.ended(place)
                end = self.judge.finished
                if ended is not None and not (ended[0] == CONVERGED and end and self.moves(end.theta)):
                    return ended
        return out_of_time(self._place(solved))

    def moves(self, end: Array) -> bool:
        """Whether at `end`, (D,), steep parameters alone have come to rest; asked of units with kinks."""
        if not isinstance(self.landscape, NetworkLandscape) or not has_kinks(self.landscape):
            return False
        return slope_left(self.landscape, self.local, self.begin, end) > MOVING

    def _go(self, solved: Steps) -> None:
        self.theta, self.time, self.local = solved.theta, solved.time, solved.local
        self.slope = solved.speed if self.own.plain else self._slope(self.theta)
        self.peak = max(self.peak, self.slope)

    def _slope(self, theta: Array) -> float:
        """The norm of the gradient at `theta` (D,) in the landscape's own units."""
        return float(np.linalg.norm(self.own.piece(self.local).gradient(self.own.inner(theta))))

    def _place(self, solved: Steps | None = None) -> Place:
        """Where it is; without a solver, at its start."""
        return Place(
            landscape=self.landscape,
            local=self.local,
            own=self.own,
            begin=self.begin,
            theta=self.theta,
            size=self.size,
            unit=self.unit,
            far=self.far,
            time=self.time,
            speed=self.slope,
            peak=self.peak,
            steps=self.steps,
            time_up=solved is not None and solved.ended,
            stays=(lambda _: True) if solved is None else solved.stays,
        )

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
        inside = self.own.inside
        sizes = [float(np.linalg.norm(inside.gradient(self.own.inner(theta)))) for theta in seen]
        self.peak = max([self.peak, *sizes])
        self.judge.forget()
