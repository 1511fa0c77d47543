"""What takes a start to its label: gradient flow, and optimisers, whose basins bear their own names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize

from numerics.descents.ending import FAR, land
from numerics.descents.flow import flow
from numerics.descents.landing import CONVERGED, DIVERGED, UNDECIDED, Landing
from numerics.landscape.landscape import Landscape, NetworkLandscape, checked_point, slope_at
from numerics.landscape.pattern import has_kinks
from numerics.training.many import full_rounds, stochastic_rounds, train
from twolayer.arrays import Array

Descent = Callable[..., Landing]


def follow_flow(
    landscape: Landscape, start: ArrayLike, *, rng: np.random.Generator, **options: Any
) -> Landing:
    """Gradient flow (:func:`numerics.descents.flow.flow`) from a `start`; `rng` is not used.

    `start` has shape (D,).

    `landscape` is any.
    """
    return flow(landscape, start, **options)


def gradient_descent(
    landscape: Landscape,
    start: ArrayLike,
    *,
    learning_rate: float,
    steps: int = 100_000,
    gradient_tolerance: float = 1e-6,
    rng: np.random.Generator,
) -> Landing:
    """Full-batch gradient descent with a fixed learning rate.

    Parameters
    ----------
    landscape : Landscape
        A network's is left to :func:`gradient_descents`.
    start : array_like, shape (D,)
    learning_rate : float
    steps : int
        The most steps.
    gradient_tolerance : float
        Descent hands over to the finish where the gradient's norm is below this.
    rng : numpy Generator
        Not used.

    Returns
    -------
    Landing

    Raises
    ------
    ValueError
        If the start does not fit or the learning rate is not positive.

    Examples
    --------
    >>> from numerics.landscape.potentials import ellipsoid
    >>> rng = np.random.default_rng(0)
    >>> gradient_descent(ellipsoid([1.0, 2.0]), [1.0, 1.0], learning_rate=0.5, rng=rng).status
    'converged'
    """
    theta = _begin(landscape, start, learning_rate)
    if isinstance(landscape, NetworkLandscape):
        options = {"learning_rate": learning_rate, "gradient_tolerance": gradient_tolerance}
        return gradient_descents(landscape, theta[None], steps=steps, **options)[0]
    length = float(np.linalg.norm(theta))
    far = FAR * (1 + length)
    with np.errstate(all="ignore"):
        for done in range(steps):
            gradient = landscape.gradient(theta)
            size = np.linalg.norm(gradient)
            if size <= gradient_tolerance:
                return land(landscape, theta, CONVERGED, "the gradient vanished", steps=done, size=length)
            moved = theta - learning_rate * gradient
            if not np.linalg.norm(moved) <= far:
                return land(landscape, theta, DIVERGED, "descent left every bound", steps=done)
            theta = moved
    return land(landscape, theta, UNDECIDED, f"the gradient is {size:.2g} after {steps} steps", steps=steps)


def gradient_descents(
    landscape: NetworkLandscape,
    starts: Array,
    *,
    learning_rate: float,
    steps: int = 100_000,
    gradient_tolerance: float = 1e-6,
) -> list[Landing]:
    """Full-batch gradient descent from many starts at once, in compiled kernels.

    Parameters
    ----------
    landscape : NetworkLandscape
    starts : ndarray, shape (k, P)
    learning_rate : float
    steps : int
        The most steps; every hundred a start that has arrived or is lost retires.
    gradient_tolerance : float

    Returns
    -------
    list of Landing
        Each the same, bit for bit, whatever the other starts.

    Examples
    --------
    >>> import twolayer as tl
    >>> place = NetworkLandscape(tl.TwoLayer([1.0], [[1.0]]), [[1.0], [2.0]], [0.5, 0.7])
    >>> [one.status for one in gradient_descents(place, np.ones((2, 2)), learning_rate=0.1)]
    ['converged', 'converged']
    """
    far = FAR * (1 + np.linalg.norm(starts, axis=1))
    end = train(landscape.risk.simd, starts, full_rounds(steps), learning_rate, gradient_tolerance, far)
    landings = []
    sizes = np.linalg.norm(starts, axis=1).tolist()
    ends = zip(end.theta, end.norms, end.steps.tolist(), end.lost, sizes, strict=True)
    for theta, norm, done, lost, size in ends:
        status, why = UNDECIDED, f"the gradient is {norm:.2g} after {done} steps"
        if lost:
            status, why = DIVERGED, "descent left every bound"
        elif norm <= gradient_tolerance:
            status, why = CONVERGED, "the gradient vanished"
        landings.append(land(landscape, theta, status, why, steps=done, size=size))
    return landings


def stochastic_descent(
    landscape: Landscape,
    start: ArrayLike,
    *,
    learning_rate: float,
    batch_size: int,
    steps: int = 10_000,
    rng: np.random.Generator,
) -> Landing:
    """Stochastic gradient descent on a network's risk, and then the gradient flow from where it is.

    Parameters
    ----------
    landscape : NetworkLandscape
    start : array_like, shape (P,)
    learning_rate : float
    batch_size : int
        Samples a step; every epoch in a fresh random order, the last batch may be smaller.
    steps : int
        Stochastic steps before the flow labels the basin that they led into.
    rng : numpy Generator

    Returns
    -------
    Landing

    Raises
    ------
    ValueError
        If the landscape has no samples, the start does not fit, or an option is out of range.

    Examples
    --------
    >>> import twolayer as tl
    >>> place = NetworkLandscape(tl.TwoLayer([1.0], [[1.0]]), [[1.0], [2.0]], [0.5, 0.7])
    >>> rng = np.random.default_rng(0)
    >>> stochastic_descent(place, [1.0, 1.0], learning_rate=0.1, batch_size=1, steps=100, rng=rng).status
    'converged'
    """
    if not isinstance(landscape, NetworkLandscape):
        raise ValueError(f"landscape must be a NetworkLandscape for sgd; got {type(landscape).__name__}")
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1; got {batch_size}")
    theta = _begin(landscape, start, learning_rate)
    far = FAR * (1 + np.linalg.norm(theta))
    rounds = stochastic_rounds(len(landscape.X), steps, batch_size, rng)
    end = train(landscape.risk.gemm, theta[None], rounds, learning_rate, -1.0, far)
    if end.lost[0]:
        return land(landscape, end.theta[0], DIVERGED, "descent left every bound", steps=int(end.steps[0]))
    return flow(landscape, end.theta[0])


def quasi_newton(
    landscape: Landscape,
    start: ArrayLike,
    *,
    steps: int = 10_000,
    gradient_tolerance: float = 1e-6,
    rng: np.random.Generator,
) -> Landing:
    """Scipy's L-BFGS-B without bounds. Its basins are not those of the flow: line searches jump.

    Where units have kinks it stops at them, whether at a minimum or not: the flow leads on from there.

    Parameters
    ----------
    landscape : Landscape
    start : array_like, shape (D,)
    steps : int
        The most iterations.
    gradient_tolerance : float
        On the gradient's largest entry.
    rng : numpy Generator
        Not used.

    Returns
    -------
    Landing

    Raises
    ------
    ValueError
        If the start does not fit.

    Examples
    --------
    >>> from numerics.landscape.potentials import CosineLattice
    >>> quasi_newton(CosineLattice(1), [0.3], rng=np.random.default_rng(0)).status
    'converged'
    """
    theta = checked_point(landscape, "start", start)

    def evaluate(at: Array) -> tuple[float, Array]:
        value, gradient = slope_at(landscape, at)
        return (value, gradient) if np.isfinite(value) and np.isfinite(gradient).all() else (np.inf, 0 * at)

    options = {"maxiter": steps, "maxfun": 20 * steps, "ftol": 0.0, "gtol": gradient_tolerance}
    with np.errstate(all="ignore"):
        found = optimize.minimize(evaluate, theta, jac=True, method="L-BFGS-B", options=options)
    end, count, size = np.asarray(found.x, dtype=float), int(found.nit), float(np.linalg.norm(theta))
    if not np.linalg.norm(end) <= FAR * (1 + size) or found.fun < -1e300:
        return land(landscape, theta, DIVERGED, "L-BFGS left every bound", steps=count)
    if np.abs(landscape.gradient(end)).max() > 1e3 * gradient_tolerance:
        if has_kinks(landscape):
            led = flow(landscape, end)
            moved = float(np.linalg.norm(led.theta - end))
            return replace(led, why=f"L-BFGS stopped, and the flow from there: {led.why}", finish=moved)
        return land(landscape, end, UNDECIDED, f"L-BFGS stopped: {found.message}", steps=count)
    return land(landscape, end, CONVERGED, "the gradient vanished", steps=count, size=size)


def _begin(landscape: Landscape, start: ArrayLike, learning_rate: float) -> Array:
    if not 0 < learning_rate < np.inf:
        raise ValueError(f"learning_rate must be positive; got {learning_rate}")
    return checked_point(landscape, "start", start)


METHODS: dict[str, Descent] = {
    "flow": follow_flow,
    "gradient_descent": gradient_descent,
    "sgd": stochastic_descent,
    "lbfgs": quasi_newton,
}
"""By the names that :class:`numerics.basins.BasinMap` takes."""
