"""Full-batch gradient descent of a ReLU network in single precision, as torch's default is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from numerics.deep.network import Network

Single = NDArray[np.float32]

REACHED, DIVERGED, OUT_OF_STEPS = "the loss fell to the target", "diverged", "the steps ran out"


@dataclass(frozen=True)
class Descent:
    """Where a descent has come to: parameters (P,) in torch's order, steps, running mean of the loss.

    At its end `why` says why it ended.
    """

    theta: Single
    steps: int = 0
    mean: float = np.inf
    why: str = ""


def descend(
    net: Network,
    X: Single,
    Y: Single,
    *,
    step: float,
    target: float,
    smoothing: float,
    most: int,
    begun: Descent | None = None,
    keep: Callable[[Callable[[], Descent]], None] | None = None,
) -> Descent:
    """Gradient descent on the mean over samples and outputs of (f - y)^2.

    Parameters
    ----------
    net : Network
        A ReLU network with biases: the start.
    X, Y : ndarray of float32, shapes (n, d) and (n, q)
    step : float
    target : float
        It ends after the first step at which the running mean of the loss is below this.
    smoothing : float
        Share of the newest loss in the running mean, which begins at the first loss.
    most : int
        Largest number of steps.
    begun : Descent, optional
        Where an earlier call had come to, to go on from there, with the same end.
    keep : callable, optional
        Called after every step with a function that returns where the descent is.

    Examples
    --------
    >>> net = Network([[[1.0]], [[1.0]]], [[0.0], [0.0]], activation="relu")
    >>> one, two = np.ones((1, 1), np.float32), np.full((1, 1), 2, np.float32)
    >>> descend(net, one, two, step=0.1, target=1e-6, smoothing=1.0, most=99).why
    'the loss fell to the target'
    """
    if begun is not None:
        net = net.replace(begun.theta)
    weights = [np.array(W, np.float32) for W, _ in net.layers]
    biases = [np.array(b, np.float32) for _, b in net.layers if b is not None]
    taken, mean = (begun.steps, begun.mean) if begun else (0, np.inf)

    def here(why: str = "") -> Descent:
        return Descent(_flat(weights, biases), taken, mean, why)

    with np.errstate(over="ignore", invalid="ignore"):
        while taken < most:
            loss, taken = _stepped(weights, biases, X, Y, step), taken + 1
            mean = loss if taken == 1 else (1 - smoothing) * mean + smoothing * loss
            if not np.isfinite(mean):
                return here(DIVERGED)
            if mean < target:
                return here(REACHED)
            if keep is not None:
                keep(here)
    return here(OUT_OF_STEPS)


def _stepped(weights: list[Single], biases: list[Single], X: Single, Y: Single, step: float) -> float:
    """Move the parameters one step, in place; the loss before it."""
    signals, last = [X], len(weights) - 1
    for l, (W, b) in enumerate(zip(weights, biases, strict=True)):
        z = signals[-1] @ W.T
        z += b
        signals.append(np.maximum(z, 0, out=z) if l < last else z)
    back = signals.pop() - Y
    loss = float(np.mean(np.square(back), dtype=np.float64))
    back *= np.float32(2 * step / back.size)
    for l in range(last, -1, -1):
        move, shift = back.T @ signals[l], back.sum(axis=0)
        if l:
            back = back @ weights[l]
            back *= signals[l] > 0
        weights[l] -= move
        biases[l] -= shift
    return loss


def _flat(weights: list[Single], biases: list[Single]) -> Single:
    """The parameters, copied, in torch's order (P,)."""
    return np.concatenate([part.ravel() for pair in zip(weights, biases, strict=True) for part in pair])
