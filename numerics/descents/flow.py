"""Gradient flow to its end: theta' = -grad V, by an implicit solver whose Jacobian -H is exact."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.integrate import BDF, LSODA, Radau

from numerics.descents.landing import CONVERGED, DIVERGED, SADDLE, UNDECIDED, Landing
from numerics.descents.solvers import CompiledSteps, ScipySteps, suits
from numerics.landscape.landscape import Landscape, NetworkLandscape, checked_point, hessian_at
from twolayer.arrays import Array

SOLVERS: dict[str, Any] = {"LSODA": LSODA, "BDF": BDF, "Radau": Radau}

FAR = 1e6

NEWTON_STEPS = 30

FLAT = 1e-9
"""Curvature below this share of the largest counts as flat in the finish."""

NEGATIVE = 1e-9
"""Negative curvature below this share of the largest is rounding."""

FAR_OFF = 100.0
"""While the last gradient that the solver asked for is so many times the goal, the flow has not arrived."""

REST = 1e-14

FINISH_REACH, NEAR, HELD = 0.1, 1e-3, 1e-9


def flow(
    landscape: Landscape,
    start: ArrayLike,
    *,
    rtol: float = 1e-5,
    gradient_tolerance: float = 1e-6,
    horizon: float = 1e12,
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
        Relative tolerance of the solver; the absolute one is a thousandth of it times 1 + |start|.
    gradient_tolerance : float
        The solver hands over to the finish where |grad V| falls below this times the larger of 1 and the
        gradient at the start, or earlier where Newton's iteration is seen to contract in a region of
        positive curvature.
    horizon : float
        The longest flow time.
    max_steps : int
        Most steps of the solver.
    solver : {"LSODA", "BDF", "Radau"}, optional
        One of scipy's. By default the compiled Rosenbrock method of :mod:`twolayer.many.flow` for networks of
        one output, a separable loss, at most 64 parameters and 10,000 samples; LSODA for all else.

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
    at a saddle, whose gradient is zero, stays there and is called a saddle.

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
    path = _Path(landscape, theta, gradient_tolerance)
    status, why = path.follow(solver, rtol, horizon, max_steps)
    return land(landscape, path.theta, status, why, path.time, path.steps, path.drift, path.finished)


class _Path:
    """The flow on its way: where it is, and what it noticed."""

    def __init__(self, landscape: Landscape, theta: Array, tolerance: float) -> None:
        self.landscape, self.theta, self.size = landscape, theta, 1 + float(np.linalg.norm(theta))
        self.goal = tolerance * max(1.0, float(np.linalg.norm(self._slope(theta))))
        self.time, self.steps, self.drift, self.next_look = 0.0, 0, np.nan, 0
        self.finished: tuple[Array, bool] | None = None
        self.conserved: Callable[[Array], Array] | None = getattr(landscape, "conserved", None)
        self.kept = None if self.conserved is None else self.conserved(theta)
        if self.kept is not None and self.kept.size:
            self.drift = 0.0

    def follow(self, solver: str | None, rtol: float, horizon: float, max_steps: int) -> tuple[str, str]:
        """Step until something is decided; return a status and why."""
        if self._arrived():
            return CONVERGED, "the start is a stationary point"
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")  # the solvers warn where they fail, and then say so in `status`
            solved = self._solver(solver, rtol, horizon)
            self.next_look = solved.first_look
            while not solved.ended and self.steps < max_steps:
                failure, points = solved.advance(self.goal, min(self.next_look, max_steps) - self.steps)
                self.theta, self.time, self.speed = solved.theta, solved.time, solved.speed
                self.finished = None
                self.steps += len(points)
                self._watch(points)
                if failure:
                    return self._lost(failure)
                if np.linalg.norm(self.theta) > FAR * self.size:
                    return DIVERGED, f"the flow went beyond {FAR:g} times the start's distance"
                if self._arrived() or self._contracts():
                    return CONVERGED, "the gradient vanished"
        if self.time >= horizon and self._drifts() and np.linalg.norm(self.theta) > 1.5 * self.size:
            return (
                DIVERGED,
                f"still drifting at time {self.time:.3g}: there is no minimum at a finite distance",
            )
        return UNDECIDED, f"no end within time {self.time:.3g} and {self.steps} steps"

    def _solver(self, solver: str | None, rtol: float, horizon: float) -> CompiledSteps | ScipySteps:
        atol = 1e-3 * rtol * self.size
        if solver is None and isinstance(self.landscape, NetworkLandscape) and suits(self.landscape):
            return CompiledSteps(self.landscape, self.theta, horizon, rtol, atol, FAR * self.size)
        return ScipySteps(SOLVERS[solver or "LSODA"], self.landscape, self.theta, horizon, rtol, atol)

    def _slope(self, theta: Array) -> Array:
        slope = self.landscape.gradient(theta)
        self.speed = float(np.linalg.norm(slope))
        return slope

    def _watch(self, points: Array) -> None:
        if self.conserved is None or self.kept is None or not self.kept.size:
            return
        for theta in points:
            change = float(np.abs(self.conserved(theta) - self.kept).max())
            self.drift = max(self.drift, change / float(theta @ theta))

    def _arrived(self) -> bool:
        """Whether the gradient is small and the finish settles nearby; if not, it must become smaller yet."""
        if self.speed > FAR_OFF * self.goal or np.linalg.norm(self._slope(self.theta)) > self.goal:
            return False
        self.goal /= 10
        if self._drifts():
            return False
        end, settled = self.finished = finish(self.landscape, self.theta)
        away = float(np.linalg.norm(end - self.theta)) / self.size
        held = away <= HELD  # on the saddle itself, from where the flow does not leave
        return settled and (held or (away <= NEAR and _lowest(self.landscape, end)[0] >= 0))

    def _drifts(self) -> bool:
        """Whether |grad V| falls only like 1 / time: the path then grows with log(time), towards infinity."""
        speed = float(np.linalg.norm(self._slope(self.theta)))
        return speed * self.time > NEAR * self.size

    def _contracts(self) -> bool:
        """Whether Newton's iteration contracts nearby, in positive curvature; looked at ever more rarely."""
        if self.steps < self.next_look:
            return False
        self.next_look = int(1.3 * self.steps) + 1
        return newton_contracts(self.landscape, self.theta)

    def _lost(self, why: str) -> tuple[str, str]:
        value = self.landscape.value(self.theta)
        if value < -1e300 or np.linalg.norm(self.theta) > 1e3 * self.size:
            return DIVERGED, f"the solver stopped far out: {why}"
        return UNDECIDED, f"the solver stopped: {why}"


def newton_contracts(landscape: Landscape, theta: Array) -> bool:
    """Whether two Newton steps from `theta` contract by 20 each and the least eigenvalue changes by a third.

    `theta` has shape (D,).

    Then the flow cannot leave: where the steps lead, the `landscape` has positive, nearly constant curvature.
    """
    lowest, previous = np.nan, FINISH_REACH * (1 + float(np.linalg.norm(theta))) / 0.05
    for _ in range(3):
        H = hessian_at(landscape, theta)
        values, Q = np.linalg.eigh(H)
        if values[0] <= FLAT * values[-1] or (lowest == lowest and not 2 / 3 < values[0] / lowest < 3 / 2):
            return False
        step = Q @ ((Q.T @ landscape.gradient(theta)) / values)
        length = float(np.linalg.norm(step))
        if length > 0.05 * previous + 1e-12 * (1 + np.linalg.norm(theta)):
            return False
        lowest, previous, theta = float(values[0]), length, theta - step
    return True


def land(
    landscape: Landscape,
    theta: Array,
    status: str,
    why: str,
    time: float = np.nan,
    steps: int = 0,
    drift: float = np.nan,
    finished: tuple[Array, bool] | None = None,
) -> Landing:
    """Finish at the stationary point next to `theta`, if `status` is "converged", and say what it is.

    Parameters
    ----------
    landscape : Landscape
    theta : ndarray, shape (D,)
    status, why : str
    time, steps, drift
        Passed on.
    finished : (ndarray, bool), optional
        What :func:`finish` said of `theta`, if it was asked before.

    Returns
    -------
    Landing
        A "converged" end with negative curvature beyond rounding becomes "saddle"; one that the finish
        cannot bring to rest, or only far away, becomes "undecided".
    """
    end = theta
    if status == CONVERGED:
        end, settled = finished or finish(landscape, theta)
        status, why = _judged(landscape, theta, end, settled, why)
    gradient = float(np.linalg.norm(landscape.gradient(end)))
    distance = float(np.linalg.norm(end - theta))
    return Landing(end, status, why, float(landscape.value(end)), gradient, time, steps, distance, drift)


def _judged(landscape: Landscape, theta: Array, end: Array, settled: bool, why: str) -> tuple[str, str]:
    if not settled:
        return UNDECIDED, "the gradient is small but Newton's iteration does not bring it to rest"
    moved = float(np.linalg.norm(end - theta))
    if moved > FINISH_REACH * (1 + np.linalg.norm(theta)):
        return UNDECIDED, f"the finish moved by {moved:.2g}: the end was not near"
    sign, lowest = _lowest(landscape, end)
    if sign < 0:
        return SADDLE, f"a stationary point with curvature {lowest:.2g}"
    return CONVERGED, why


def _lowest(landscape: Landscape, theta: Array) -> tuple[int, float]:
    """The sign, 0 within rounding, of the least Hessian eigenvalue, and the eigenvalue."""
    values = np.linalg.eigvalsh(hessian_at(landscape, theta))
    rounding = NEGATIVE * float(np.abs(values).max())
    return int(values[0] > rounding) - int(values[0] < -rounding), float(values[0])


def finish(landscape: Landscape, theta: Array) -> tuple[Array, bool]:
    """Newton's iteration along curved directions until the gradient stops falling.

    Parameters
    ----------
    landscape : Landscape
        Where Newton's iteration fails and the landscape has ``gauss_newton(theta)``, a positive
        semi-definite (D, D) part of its Hessian, that is used: at interpolation it is the whole.
    theta : ndarray, shape (D,)

    Returns
    -------
    (ndarray, bool)
        The end, and whether its gradient is at rest, below `REST` times the curvature and the distance.
    """
    curvatures: list[Callable[[Array], Array]] = [partial(hessian_at, landscape)]
    if hasattr(landscape, "gauss_newton"):
        curvatures.append(landscape.gauss_newton)
    for curvature in curvatures:
        end, largest = _newton(landscape, curvature, theta)
        scale = largest * (1 + float(np.linalg.norm(end)))
        if np.linalg.norm(landscape.gradient(end)) <= REST * scale:
            return end, True
    return theta, False


def _newton(landscape: Landscape, curvature: Callable[[Array], Array], theta: Array) -> tuple[Array, float]:
    """Iterate while each step is at most half the one before; rounding ends it. The end, and |curvature|."""
    previous = np.inf
    for _ in range(NEWTON_STEPS):
        values, Q = np.linalg.eigh(curvature(theta))
        largest = float(np.abs(values).max())
        curved = np.abs(values) > FLAT * largest
        step = Q[:, curved] @ ((Q.T @ landscape.gradient(theta))[curved] / values[curved])
        length = float(np.linalg.norm(step))
        if not length <= 0.5 * previous or not np.isfinite(landscape.value(theta - step)):
            break
        theta, previous = theta - step, length
    return theta, largest
