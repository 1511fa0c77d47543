"""The risk and its gradient."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from twolayer.forward.bounds import Bounds, bounds
from twolayer.forward.scaling import scaled_gradient
from twolayer.forward.scope import Scope
from twolayer.forward.weights import weighted

from ..arrays import Array, require_representable
from ..errors.measurement import Measurement, measured
from ..errors.rounding import (
    SLACK,
    SUBNORMAL,
    UNIT,
    compensated_sum,
    exponent_of,
    gamma,
    largest_size,
    scaled_norm,
    times_power,
)
from ..forward.errors import Forward, checked, convention, forward
from ..forward.loss_errors import loss_errors
from ..forward.outputs import output_blocks
from ..forward.values import Values, loss_parts
from ..model.loss import Loss
from ..model.network import TwoLayer

LARGE = 2.0**900  # losses from which on their sum may overflow


def risk(
    net: TwoLayer,
    X: ArrayLike,
    y: ArrayLike,
    loss: str | Loss = "squared",
    *,
    weights: ArrayLike | None = None,
) -> Measurement:
    """Mean loss R(theta) = (1/n) sum_i l(f(x_i), y_i), with a rounding bound.

    Parameters
    ----------
    net : TwoLayer
    X : array_like, shape (n, d)
    y : array_like
        Targets (n,) or (n, q); labels 0 or 1 for "logistic"; integers 0..q-1, shape (n,), for "softmax".
    loss : str or Loss
        "squared" (with its factor 1/2), "logistic", "pseudo_huber" or "softmax".
    weights : array_like, shape (n,), optional
        Weights of the samples, at least 0, in (1/n) sum_i w_i l_i; see :class:`twolayer.Hessian`.

    Raises
    ------
    ValueError
        If the data does not fit the network or the loss.

    Notes
    -----
    O(n m (d + q)) time.

    Examples
    --------
    >>> net = TwoLayer(a=[2.0], W=[[1.0]], activation="identity")
    >>> float(risk(net, [[1.0], [2.0]], [1.0, 4.0]))
    0.25
    """
    if weights is not None:
        return mean_loss(weighted(forward(net, X, y, loss), weights))
    rule, inputs, labels = checked(net, X, y, loss)
    found = [(block.F, block.F_error) for block in output_blocks(net, inputs)]
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        F, F_error = (np.concatenate(each) for each in zip(*found, strict=True))
        L, G, curvature = loss_parts(rule, F, labels)
        L_error = loss_errors(rule, F, labels, L, G, curvature, F_error)[0]
    return _mean(L, L_error, convention(net, rule, len(inputs.X)))


def mean_loss(passed: Forward) -> Measurement:
    """The risk from a forward pass."""
    return _mean(passed.L, passed.L_error, passed.convention)


def _mean(L: Array, L_error: Array, said: str) -> Measurement:
    """The mean of losses (n,). Where their sum overflows, none being negative, their mean does not."""
    require_representable("losses", L)
    if max(largest_size(L), largest_size(L_error)) <= LARGE:
        value, spread = compensated_sum(L) / L.size, float(L_error.sum()) / L.size
    else:  # else tiny losses would be lost, and their errors
        down = times_power(1.0, -exponent_of(np.array(float(L.size))))
        value = compensated_sum(L * down) / (L.size * down)
        spread = float((L_error * down).mean() / down)
    error = SLACK * (spread + (gamma(2) + (L.size * UNIT) ** 2) * abs(value)) + 2 * SUBNORMAL
    return measured(value, error, "forward pass", said)


def gradient(
    net: TwoLayer,
    X: ArrayLike,
    y: ArrayLike,
    loss: str | Loss = "squared",
    *,
    weights: ArrayLike | None = None,
) -> Array:
    """Gradient of the risk by theta, shape (P,), laid out as ``net.theta``.

    Parameters
    ----------
    net : TwoLayer
    X : array_like, shape (n, d)
    y : array_like
    loss : str or Loss
    weights : array_like, shape (n,), optional
        As for :func:`risk`, whose errors and cost are these as well.

    Examples
    --------
    >>> net = TwoLayer(a=[2.0], W=[[1.0]], activation="identity")
    >>> gradient(net, [[1.0], [2.0]], [1.0, 4.0])
    array([0.5, 1. ])
    """
    if weights is not None:
        found = from_forward(weighted(forward(net, X, y, loss), weights))
        require_representable("gradients", found)
        return found
    rule, inputs, labels = checked(net, X, y, loss)
    total = np.zeros(net.n_parameters)
    for block in output_blocks(net, inputs):
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            G = loss_parts(rule, block.F, labels[block.rows])[1]
        require_representable("loss derivatives", G)
        total += _summed(net, inputs.X[block.rows], block.S, block.S1, G) / len(inputs.X)
    require_representable("gradients", total)
    return total


def gradient_norm(
    net: TwoLayer,
    X: ArrayLike,
    y: ArrayLike,
    loss: str | Loss = "squared",
    *,
    weights: ArrayLike | None = None,
) -> Measurement:
    """Euclidean norm of the gradient with a rounding bound: at a minimum the value is below its own error.

    Parameters
    ----------
    net : TwoLayer
    X : array_like, shape (n, d)
    y : array_like
    loss : str or Loss
    weights : array_like, shape (n,), optional
        As for :func:`risk`, whose errors and cost are these as well.

    Examples
    --------
    >>> net = TwoLayer(a=[2.0], W=[[1.0]], activation="identity")
    >>> gradient_norm(net, [[1.0], [2.0]], [1.0, 4.0]).value == 1.25**0.5
    True
    """
    return norm_of_gradient(weighted(forward(net, X, y, loss), weights))


def norm_of_gradient(passed: Forward) -> Measurement:
    """The norm of the gradient from a forward pass."""
    scope = Scope(tuple(passed.net.parts))
    scaled = scaled_gradient(passed, scope, bounds(passed, scope))
    with np.errstate(over="ignore", invalid="ignore"):
        value = scaled_norm(from_forward(scaled.forward))
    error = _error(scaled.forward, scaled.bound) + gamma(passed.net.n_parameters + 4) * value
    return measured(*scaled.back(value, error), "forward pass", passed.convention)


def from_forward(passed: Values) -> Array:
    """The gradient (P,) from a forward pass."""
    return _summed(passed.net, passed.X, passed.S, passed.S1, passed.G) / passed.n


def _summed(net: TwoLayer, X: Array, S: Array, S1: Array, G: Array) -> Array:
    """Sums over samples of g S, (A^T g) S1 x~ and g: (P,) from (n, d), (n, m) twice and (n, q)."""
    with np.errstate(over="ignore", invalid="ignore"):
        hidden = np.matmul(G, net.A, out=np.empty_like(S1))  # in the same order in memory
        hidden *= S1
        made = {"a": G.T @ S, "W": hidden.T @ X, "b": hidden.sum(axis=0), "c": G.sum(axis=0)}
    return np.concatenate([made[name].ravel() for name in net.parts])


def gradient_error(passed: Forward) -> float:
    """Bound of the norm of the error of :func:`from_forward`."""
    return _error(passed, bounds(passed, Scope(tuple(passed.net.parts))))


def _error(passed: Forward, bound: Bounds) -> float:
    steps = gamma(passed.n + passed.n // 64 + passed.net.n_outputs + 20)
    return float(SLACK * (bound.gradient_propagated + steps * bound.gradient_size))
