"""Training with curvature, to the last digit: Gauss-Newton through the tangent kernel, and Newton."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

import twolayer as tl
from numerics.landscape.rungs import NO_MINIMUM
from numerics.training.directions import (
    Scaled,
    Steps,
    conjugate_solver,
    kernel_solver,
    matrix_solver,
    spectral_solver,
)
from numerics.training.point import REACHED, STEPS, STUCK, Point, Trained, start
from twolayer.arrays import Array

Solver = Callable[[Point], Steps]

DENSE_LIMIT = 2500
HARDEST = 1e14
SLOW = 1e-3

NEAR = 1e-3
"""Where classes are separated and no target was asked for, the gradient falls to this share of its first."""


def gauss_newton(
    net: tl.TwoLayer,
    X: ArrayLike,
    y: ArrayLike,
    *,
    loss: str | tl.Loss = "squared",
    steps: int = 500,
    target: float = 0.0,
    patience: int | None = None,
) -> Trained:
    """Minimise the risk by damped Gauss-Newton steps (Levenberg 1944, Marquardt 1963).

    Parameters
    ----------
    net : TwoLayer
        Where to start.
    X : array_like, shape (n, d)
    y : array_like
        Targets, as for ``twolayer.curvature.gradient``.
    loss : str or Loss
        A loss that is a sum over outputs (not softmax).
    steps : int
        Most accepted steps.
    target : float
        Stop as soon as the risk is no larger.
    patience : int, optional
        Stop after so many steps in a row that each lower the risk by less than a thousandth: a sign of
        a minimum that does not interpolate, where Newton is quicker.

    Returns
    -------
    Trained

    Raises
    ------
    ValueError
        If the data does not fit, or the loss couples the outputs.

    Notes
    -----
    A step solves (G + mu) step = -gradient; with fewer samples than parameters through the n q x n q
    tangent kernel, in O(n^2 q^2 (m + n q)) instead of O(P^3) time. Near an interpolating minimum the
    damping vanishes and convergence is quadratic.

    Examples
    --------
    >>> net = tl.TwoLayer([1.0], [[1.0]], activation="identity")
    >>> done = gauss_newton(net, [[1.0]], [3.0])
    >>> done.risk < 1e-28, done.why
    (True, 'every residual is zero within rounding')
    """
    point = start(net, X, y, loss)
    if not point.run.loss.separable:
        raise ValueError(f"loss must be a sum over outputs; got {point.run.loss.name}: use newton")
    solver = kernel_solver if point.run.F.size <= net.n_parameters else matrix_solver
    return _damped(point, solver, steps, target, patience)


def newton(
    net: tl.TwoLayer,
    X: ArrayLike,
    y: ArrayLike,
    *,
    loss: str | tl.Loss = "squared",
    steps: int = 200,
    target: float = 0.0,
) -> Trained:
    """Minimise the risk by damped Newton steps with the exact Hessian.

    Parameters and returns are those of :func:`gauss_newton`, any loss.

    Notes
    -----
    Up to P = 2500 the step is ``-(|H| + mu)^-1 gradient`` from the eigenvectors of H, which descends along
    negative curvature as well; beyond, conjugate gradients on Hessian-vector products, left at the first
    direction of negative curvature (Steihaug 1983).

    Examples
    --------
    >>> net = tl.TwoLayer([1.0], [[1.0]], activation="identity")
    >>> done = newton(net, [[1.0], [1.0]], [3.0, 5.0])
    >>> round(done.risk, 12), done.why  # f = 4 at best
    (0.5, 'the gradient is zero within rounding')
    """
    solver = spectral_solver if net.n_parameters <= DENSE_LIMIT else conjugate_solver
    return _damped(start(net, X, y, loss), solver, steps, target, None)


def scaled(
    net: tl.TwoLayer,
    X: ArrayLike,
    y: ArrayLike,
    *,
    loss: str | tl.Loss = "squared",
    steps: int = 500,
    finish: int = 200,
    target: float = 0.0,
) -> Trained:
    """Gauss-Newton and then Newton steps, damped in units of each parameter's own (Marquardt 1963).

    Parameters and returns are those of :func:`numerics.training.trainers.to_minimum`; P up to 2500.

    Raises
    ------
    ValueError
        If the data does not fit, or there are more parameters.

    Notes
    -----
    The steps are the same in whatever units inputs, targets and parameters are: for data as it comes, with
    columns of unlike size.

    Examples
    --------
    >>> net = tl.TwoLayer([1.0], [[1e-6]], activation="tanh")
    >>> scaled(net, [[1e6], [2e6]], [0.3, 0.5]).why
    'every residual is zero within rounding'
    """
    if net.n_parameters > DENSE_LIMIT:
        raise ValueError(f"net must have at most {DENSE_LIMIT} parameters; got {net.n_parameters}")
    done = _damped(start(net, X, y, loss), Scaled(newton=False), steps, target, 10)
    if done.converged or done.rung == NO_MINIMUM:
        return done
    last = _damped(start(done.net, X, y, loss), Scaled(newton=True), finish, target, None)
    return replace(last, steps=last.steps + done.steps)


def _damped(point: Point, solver: Solver, steps: int, target: float, patience: int | None) -> Trained:
    """Take damped steps until nothing is gained; a good step lowers the damping, a bad one raises it.

    A solver returns the step as a function of the damping, and the scale that the damping is relative to.
    """
    damping, slow, first, begun = 0.1, 0, point.gradient_norm, point.net
    for done in range(steps):
        if point.risk <= target:
            return point.result(done, REACHED, begun)
        if target == 0 and point.separated and point.gradient_norm <= NEAR * first:
            return point.result(done, STUCK, begun)
        direction, scale = solver(point)
        better = None
        while better is None and damping < HARDEST:
            better = _accepted(point, direction(damping * scale))
            damping *= 0.25 if better else 4.0
        if better is None:
            return point.result(done, STUCK, begun)
        if not _halves(point, better) and _settled(point) and _settled(better):
            return better.result(done + 1, STUCK, begun)
        slow = slow + 1 if better.risk > (1 - SLOW) * point.risk else 0
        point = better
        if patience is not None and slow >= patience:
            return point.result(done + 1, STUCK, begun)
    return point.result(steps, REACHED if point.risk <= target else STEPS, begun)


def _accepted(point: Point, step: Array | None) -> Point | None:
    """The point after the step if better: by the risk, or by the gradient where the risk cannot tell."""
    trial = None if step is None else point.moved(step)
    if trial is None or not trial.risk < np.inf:
        return None
    noise = point.risk_error + trial.risk_error
    if trial.risk < point.risk - noise:
        return trial
    return trial if trial.risk <= point.risk + noise and trial.gradient_norm < point.gradient_norm else None


def _settled(point: Point) -> bool:
    return point.interpolates or point.stationary


def _halves(point: Point, better: Point) -> bool:
    """Whether a step at rounding level was still worth taking."""
    return better.risk < 0.5 * point.risk or better.gradient_norm < 0.5 * point.gradient_norm
