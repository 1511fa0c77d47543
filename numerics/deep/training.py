"""Training deep networks: descent, SGD, and a finish by curvature that interpolates to rounding."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike
from scipy import linalg, optimize

import twolayer as tl
from numerics.deep.forward import forward
from numerics.deep.network import Network
from numerics.deep.tangents import Tangent, tangent
from numerics.training.point import INTERPOLATES, REACHED, STEPS, STUCK
from twolayer.arrays import Array
from twolayer.blas_threads import scipy_on_one_thread

NEAR = 1e-7
"""Largest residual at which it is asked whether residuals are zero within rounding."""

POLISH = 3
"""Steps after that, while they halve the risk."""

DAMPING = 1e-2
"""First damping, in mean eigenvalues of the kernel."""

LEAST, MOST = 1e-14, 1e8
"""Range of the damping; a step that gains nothing at the upper end is the last."""

MEMORY = 6
"""A step may rise, but not above the largest of so many last risks: kinks would stop it otherwise."""

DIVERGED = "the risk grew beyond all measure"


@dataclass(frozen=True)
class Trained:
    """A network after training, never silently unconverged.

    Parameters
    ----------
    net : Network
    risk, gradient_norm : float
    steps : int
    converged : bool
        Whether every residual is zero within rounding, or the risk fell to a target that was asked for.
    why : str
        Why training ended, in words.
    """

    net: Network = field(repr=False)
    risk: float
    gradient_norm: float
    steps: int
    converged: bool
    why: str


def gradient_descent(
    net: Network,
    X: ArrayLike,
    y: ArrayLike,
    *,
    loss: str | tl.Loss = "squared",
    learning_rate: float,
    steps: int,
    target: float = 0.0,
) -> Trained:
    """Full-batch gradient descent with a fixed learning rate, until the risk is at most `target`.

    Parameters
    ----------
    net : Network
    X : array_like, shape (n, d)
    y : array_like
        Targets, as for :class:`numerics.deep.Hessian`.
    loss : str or Loss
    learning_rate : float
    steps : int
    target : float

    Raises
    ------
    ValueError
        If the data does not fit, or a number is out of range.

    Examples
    --------
    >>> net = Network([[[1.0]], [2.0]], activation="identity")
    >>> gradient_descent(net, [[1.0]], [1.0], learning_rate=0.1, steps=200, target=1e-12).why
    'the risk fell to the target'
    """
    at = tangent(net, X, y, loss)
    _require(learning_rate=learning_rate, steps=steps)
    for step in range(steps):
        if at.risk <= target:
            return _ended(at, step, REACHED, True)
        there = at.moved(-learning_rate * at.gradient)
        if there is None:
            return _ended(at, step, DIVERGED)
        at = there
    return _ended(at, steps, REACHED if at.risk <= target else STEPS, at.risk <= target)


def sgd(
    net: Network,
    X: ArrayLike,
    y: ArrayLike,
    *,
    loss: str | tl.Loss = "squared",
    learning_rate: float,
    batch_size: int,
    epochs: int,
    momentum: float = 0.0,
    target: float = 0.0,
    rng: np.random.Generator,
) -> Trained:
    """Stochastic gradient descent, every epoch a new random order; the risk is looked at after each.

    `X` has shape (n, d).

    Parameters
    ----------
    net, X, y, loss, learning_rate, target
        As for :func:`gradient_descent`.
    batch_size, epochs : int
    momentum : float
        In [0, 1): the share of the last step that is added to the next.
    rng : numpy Generator

    Raises
    ------
    ValueError
        If the data does not fit, or a number is out of range.
    """
    whole = tangent(net, X, y, loss)
    _require(learning_rate=learning_rate, batch_size=batch_size, epochs=epochs)
    if not 0 <= momentum < 1:
        raise ValueError(f"momentum must lie in [0, 1); got {momentum}")
    n, velocity, steps = len(whole.X), np.zeros(net.n_parameters), 0
    for _ in range(epochs):
        if whole.risk <= target:
            return _ended(whole, steps, REACHED, True)
        order, current = rng.permutation(n), whole.net
        for first in range(0, n, batch_size):
            batch = order[first : first + batch_size]
            part = Tangent(current, whole.X[batch], whole.y[batch], whole.loss)
            velocity = momentum * velocity - learning_rate * part.gradient
            if not np.isfinite(velocity).all():
                return _ended(whole, steps, DIVERGED)
            current, steps = current.replace(current.theta + velocity), steps + 1
        there = whole.moved(current.theta - whole.net.theta)
        if there is None:
            return _ended(whole, steps, DIVERGED)
        whole = there
    return _ended(whole, steps, REACHED if whole.risk <= target else STEPS, whole.risk <= target)


def lbfgs(
    net: Network,
    X: ArrayLike,
    y: ArrayLike,
    *,
    loss: str | tl.Loss = "squared",
    steps: int,
    target: float = 0.0,
) -> Trained:
    """L-BFGS of scipy with 20 pairs, until the risk is at most `target`; parameters as above.

    Parameters
    ----------
    net, X, y, loss, steps, target
        As for :func:`gradient_descent`; `X` has shape (n, d).

    Raises
    ------
    ValueError
        If the data does not fit, or `steps` is not positive.
    """
    at = tangent(net, X, y, loss)
    _require(steps=steps)

    def height(theta: Array) -> tuple[float, Array]:
        there = Tangent(net.replace(theta), at.X, at.y, at.loss)
        return there.risk, there.gradient

    def reached(intermediate_result: optimize.OptimizeResult) -> None:
        if intermediate_result.fun <= target:
            raise StopIteration

    options = {"maxiter": steps, "maxfun": 2 * steps, "maxcor": 20, "ftol": 0.0, "gtol": 0.0}
    found = optimize.minimize(
        height, net.theta, jac=True, method="L-BFGS-B", callback=reached, options=options
    )
    at = Tangent(net.replace(found.x), at.X, at.y, at.loss)
    enough = at.risk <= target
    return _ended(at, int(found.nit), REACHED if enough else STEPS if found.status == 1 else STUCK, enough)


def gauss_newton(
    net: Network,
    X: ArrayLike,
    y: ArrayLike,
    *,
    loss: str | tl.Loss = "squared",
    steps: int = 200,
    target: float = 0.0,
) -> Trained:
    """Damped Gauss-Newton (Levenberg-Marquardt), in the space of the n q outputs.

    The step -J^T (Lam K + n mu)^-1 g, K = J J^T the tangent kernel, is the Gauss-Newton step of the P
    parameters, whatever P. Near interpolation it converges quadratically; it ends when every residual is
    zero within its own rounding bound, or the risk is at most `target`.

    Parameters
    ----------
    net, X, y, loss, steps, target
        As for :func:`gradient_descent`; `X` has shape (n, d).

    Returns
    -------
    Trained

    Raises
    ------
    ValueError
        If the data does not fit, or `steps` is not positive.

    Notes
    -----
    A step costs O(n^2 q^2 sum m_l + (n q)^3), and 8 (n q)^2 bytes twice.

    Examples
    --------
    >>> net = Network([[[1.0]], [2.0]], activation="identity")
    >>> gauss_newton(net, [[1.0]], [1.0]).why
    'every residual is zero within rounding'
    """
    at, damping, polish = tangent(net, X, y, loss), DAMPING, 0
    _require(steps=steps)
    heights, best = [at.risk], at
    for taken in range(steps):
        if target and at.risk <= target:
            return _ended(at, taken, REACHED, True)
        polish += polish > 0 or interpolates(at)
        if polish > POLISH:
            return _finished(at, taken, STEPS)
        there, damping = _step(at, damping, at.risk / 2 if polish else max(heights[-MEMORY:]))
        if there is None:
            return _finished(best, taken, STUCK)
        at = there
        heights.append(at.risk)
        best = at if at.risk < best.risk else best
    return _finished(best, steps, STEPS)


def interpolates(at: Tangent) -> bool:
    """Whether the derivative of the loss is zero within rounding at every sample of `at`."""
    if float(np.abs(at.losses[1]).max()) > NEAR:
        return False
    run = forward(at.net, at.X, _targets(at), at.loss)
    return bool((np.linalg.norm(run.G, axis=1) <= run.G_error).all())


def _targets(at: Tangent) -> Array:
    return at.y[:, 0] if at.net.scalar and at.y.ndim == 2 else at.y


def _step(at: Tangent, damping: float, height: float) -> tuple[Tangent | None, float]:
    """The first step to a risk below `height`, damping more and more, and the damping to go on with."""
    n = len(at.X)
    _, G, Lam = at.losses
    separable = at.loss.name == "squared"
    rows = at.kernel.reshape(n, G.shape[1], -1)
    M = at.kernel if separable else (Lam @ rows).reshape(at.kernel.shape)
    unit = float(M.trace()) / len(M)
    while damping <= MOST:
        weights = _solved(M, damping * unit, G.ravel(), separable)
        there = None if weights is None else at.moved(-at.pulled_back(weights.reshape(G.shape)))
        if there is not None and there.risk < height:
            return there, max(damping / 8, LEAST)
        damping *= 6
    return None, damping


def _solved(M: Array, shift: float, g: Array, symmetric: bool) -> Array | None:
    """(M + shift)^-1 g, or None where rounding leaves M + shift singular."""
    shifted = M.copy()
    shifted.flat[:: len(M) + 1] += shift
    try:
        if symmetric:
            with scipy_on_one_thread(len(M)):
                factor = linalg.cho_factor(shifted, overwrite_a=True, check_finite=False)
                found = linalg.cho_solve(factor, g, check_finite=False)
        else:
            found = np.linalg.solve(shifted, g)
    except linalg.LinAlgError:
        return None
    return found if np.isfinite(found).all() else None


def _finished(at: Tangent, steps: int, why: str) -> Trained:
    good = interpolates(at)
    return _ended(at, steps, INTERPOLATES if good else why, good)


def _ended(at: Tangent, steps: int, why: str, converged: bool = False) -> Trained:
    size = float(linalg.norm(at.gradient, check_finite=False))  # numpy's squares would overflow
    return Trained(at.net, at.risk, size, steps, converged, why)


def _require(**numbers: float) -> None:
    for name, value in numbers.items():
        if not 0 < value < np.inf:
            raise ValueError(f"{name} must be positive; got {value}")
