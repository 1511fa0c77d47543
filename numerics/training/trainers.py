"""Training two-layer networks: by the gradient alone, or to a true minimum.

All trainers take a network to start from and the data, are deterministic (stochastic gradient descent
draws from the generator it is given), and return a :class:`~numerics.training.point.Trained`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize

import twolayer as tl
from numerics.landscape.rungs import NO_MINIMUM, STOPPED
from numerics.training.many import descend
from numerics.training.newton import gauss_newton, newton, scaled
from numerics.training.point import STEPS, STUCK, Point, Trained, kinks_said, labels, start, way_said
from numerics.training.units import Units, units_of
from twolayer.arrays import Array

__all__ = [
    "descend",
    "gauss_newton",
    "gradient_descent",
    "lbfgs",
    "newton",
    "random_network",
    "sgd",
    "to_minimum",
]


LARGEST_AGAIN = 300
"""Parameters up to which training that stopped is tried once more, in units of the parameters' own."""


POLISH = 20
"""Most Gauss-Newton steps on the data itself, after those on data in units that round it."""

ALIKE = 1 + 1e-6
"""Of ends whose risks differ by no more, the stationary one is taken."""


def random_network(
    inputs: int, units: int, *, activation: str | tl.Activation = "tanh", rng: np.random.Generator
) -> tl.TwoLayer:
    """Draw a scalar network with hidden biases: a ~ N(0, 1/m), W ~ N(0, 1/d), b = 0.

    Examples
    --------
    >>> random_network(3, 2, rng=np.random.default_rng(0))
    TwoLayer(a (2,), W (2, 3), b (2,); tanh, P = 10)
    """
    a = rng.normal(size=units) / np.sqrt(units)
    W = rng.normal(size=(units, inputs)) / np.sqrt(inputs)
    return tl.TwoLayer(a, W, np.zeros(units), activation=activation)


def gradient_descent(
    net: tl.TwoLayer,
    X: ArrayLike,
    y: ArrayLike,
    *,
    learning_rate: float,
    steps: int,
    loss: str | tl.Loss = "squared",
) -> Trained:
    """Minimise the risk by full-batch gradient descent with a fixed learning rate.

    Parameters
    ----------
    net : TwoLayer
        Where to start.
    X : array_like, shape (n, d)
    y : array_like
        Targets, as for ``twolayer.curvature.gradient``.
    learning_rate : float
        Multiplies the gradient of the mean loss.
    steps : int
        How many; fewer if the gradient vanishes within rounding.
    loss : str or Loss

    Returns
    -------
    Trained

    Raises
    ------
    ValueError
        If the data does not fit, the learning rate is not positive, or the iteration overflows.

    Examples
    --------
    >>> net = tl.TwoLayer([1.0], [[1.0]], activation="identity")
    >>> gradient_descent(net, [[1.0]], [3.0], learning_rate=0.1, steps=3).why
    'the step limit was reached'
    """
    _require_positive("learning_rate", learning_rate)
    point = start(net, X, y, loss)
    for done in range(steps):
        if point.stationary:
            return point.result(done, STUCK)
        moved = point.moved(-learning_rate * point.gradient)
        if moved is None:
            raise ValueError(f"learning_rate must be small enough not to diverge; got {learning_rate}")
        point = moved
    return point.result(steps, STEPS, net)


def sgd(
    net: tl.TwoLayer,
    X: ArrayLike,
    y: ArrayLike,
    *,
    learning_rate: float,
    batch_size: int,
    epochs: int,
    rng: np.random.Generator,
    loss: str | tl.Loss = "squared",
) -> Trained:
    """Minimise the risk by stochastic gradient descent, each epoch in a fresh random order.

    Parameters
    ----------
    batch_size, epochs : int
        The last batch of an epoch may be smaller.
    rng : numpy Generator
        Draws the orders.
    net, X, y, learning_rate, loss
        As for :func:`gradient_descent`, as are the errors; `steps` of the result counts batches.

    Examples
    --------
    >>> net = tl.TwoLayer([1.0], [[1.0]], activation="identity")
    >>> X, y, rng = [[1.0], [2.0]], [3.0, 6.0], np.random.default_rng(0)
    >>> done = sgd(net, X, y, learning_rate=0.1, batch_size=1, epochs=200, rng=rng)
    >>> done.risk < 1e-20, done.steps
    (True, 400)
    """
    _require_positive("learning_rate", learning_rate)
    _require_positive("batch_size", batch_size)
    whole = start(net, X, y, loss)
    inputs, targets, taken, begun = whole.run.X, labels(whole.run), 0, net
    for _ in range(epochs):
        order = rng.permutation(len(inputs))
        for first in range(0, len(order), batch_size):
            batch = order[first : first + batch_size]
            moved = start(net, inputs[batch], targets[batch], loss)
            theta = net.theta - learning_rate * moved.gradient
            if not np.isfinite(theta).all():
                raise ValueError(f"learning_rate must be small enough not to diverge; got {learning_rate}")
            net = net.replace(theta)
            taken += 1
    return start(net, inputs, targets, loss).result(taken, STEPS, begun)


def lbfgs(
    net: tl.TwoLayer, X: ArrayLike, y: ArrayLike, *, steps: int = 1000, loss: str | tl.Loss = "squared"
) -> Trained:
    """Minimise the risk by scipy's L-BFGS-B, without bounds and with tolerances at zero.

    Parameters, returns and errors are those of :func:`gradient_descent`.

    Examples
    --------
    >>> net = tl.TwoLayer([1.0], [[1.0]], activation="identity")
    >>> lbfgs(net, [[1.0]], [3.0]).risk < 1e-20
    True
    """
    first = best = start(net, X, y, loss)

    def evaluate(theta: np.ndarray) -> tuple[float, np.ndarray]:
        nonlocal best
        at = first.moved(theta - net.theta)
        if at and at.risk < best.risk:
            best = at
        return (at.risk, at.gradient) if at else (np.inf, np.zeros_like(theta))

    found = optimize.minimize(
        evaluate,
        net.theta,
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": steps, "maxfun": 20 * steps, "ftol": 0.0, "gtol": 0.0, "maxcor": 20},
    )
    if np.isfinite(found.x).all():  # its line search divides by zero where risks underflow
        best = start(net.replace(found.x), X, y, loss)
    return best.result(int(found.nit), STEPS if found.nit >= steps else STUCK, net)


def to_minimum(
    net: tl.TwoLayer,
    X: ArrayLike,
    y: ArrayLike,
    *,
    loss: str | tl.Loss = "squared",
    steps: int = 500,
    finish: int = 200,
    target: float = 0.0,
) -> Trained:
    """Train to a true minimum: Gauss-Newton, then Newton where it does not interpolate.

    Parameters
    ----------
    steps, finish : int
        Most Gauss-Newton steps, and most Newton steps after them. Where these stop short of a stationary
        point, and P is at most 300, as many again in units of the parameters' own
        (:func:`numerics.training.newton.scaled`), from the start and, if that is no better, from where they
        stopped.
    target : float
        Stop as soon as the risk is no larger; for losses whose infimum is not attained (the logistic
        loss on separable data), where no minimum exists. Without one, training ends there soon after the
        classes are separated, and says so.
    net, X, y, loss
        As for :func:`gradient_descent`, as are the errors.

    Returns
    -------
    Trained
        `converged` says whether the point is stationary, or interpolates, within rounding, and `rung` which:
        "interpolates", "minimum", "stationary", "no minimum" or "stopped".

    Examples
    --------
    >>> net = tl.TwoLayer([1.0, 2.0], [[1.0], [0.5]], [0.1, 0.2])
    >>> to_minimum(net, [[0.5], [1.0], [2.0]], [1.0, -1.0, 0.5]).converged
    True
    """
    begun = start(net, X, y, loss)
    own = units_of(net, begun.run.X, labels(begun.run), begun.run.loss)
    exact = own.powers()
    options: dict[str, Any] = {"loss": begun.run.loss, "target": target / exact.targets**2}
    inner, places = exact.inner(net), exact.data(begun.run.X, labels(begun.run))
    taken = 0
    if begun.run.loss.separable:
        first, taken = _near(own, net, begun, steps, target)
        inner = exact.inner(first)
    last = _finished(inner, places, min(POLISH, steps), finish, options)
    taken += last.steps
    for first in (exact.inner(net), last.net):
        if last.converged or last.rung != STOPPED or net.n_parameters > LARGEST_AGAIN:
            break
        again = scaled(first, *places, steps=steps, finish=finish, **options)
        taken += again.steps
        if again.risk < last.risk or (again.converged and again.risk <= ALIKE * last.risk):
            last = again
    if last.rung == STOPPED:
        run = start(last.net, *places, options["loss"]).run
        said = way_said(exact.inner(net), last.net, run) + kinks_said(run)
        last = replace(last, why=last.why.split(";")[0] + said)
    return replace(exact.reported(last, begun.run.X, labels(begun.run), loss), steps=taken)


def _near(own: Units, net: tl.TwoLayer, begun: Point, steps: int, target: float) -> tuple[tl.TwoLayer, int]:
    """Where Gauss-Newton steps lead that do not know of the user's units, and how many they are.

    Factors that are no powers of two round the data: its own minimum is found after them.
    """
    places = own.data(begun.run.X, labels(begun.run))
    goal: dict[str, Any] = {"loss": begun.run.loss, "target": target / own.targets**2}
    done = gauss_newton(own.inner(net), *places, steps=steps, patience=10, **goal)
    return (own.outer(done.net) if done.steps else net), done.steps


def _finished(
    net: tl.TwoLayer, places: tuple[Array, Array], polish: int, finish: int, options: dict[str, Any]
) -> Trained:
    """The minimum near `net`: by Gauss-Newton steps where these bring it to rest, or else by Newton's."""
    done = None
    if options["loss"].separable:
        done = gauss_newton(net, *places, steps=polish, patience=2, **options)
        if done.converged or done.rung == NO_MINIMUM:
            return done
        net = done.net
    last = newton(net, *places, steps=finish, **options)
    return replace(last, steps=last.steps + (0 if done is None else done.steps))


def _require_positive(name: str, value: float) -> None:
    if not value > 0:
        raise ValueError(f"{name} must be positive; got {value}")
