"""Gradient descent on many networks at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

import twolayer as tl
from twolayer.arrays import Array
from twolayer.many.packing import Packing
from twolayer.threads import in_threads

ROUND = 100
"""Steps between looks at who has converged."""

STOCHASTIC_ROUND = 500
"""Steps between looks at who is lost, in whole epochs, one at least."""

Batches = tuple[NDArray[np.int64], NDArray[np.int64]]


def descend(
    ensemble: tl.Ensemble,
    X: ArrayLike,
    y: ArrayLike,
    *,
    steps: int,
    learning_rate: float,
    loss: str | tl.Loss = "squared",
    batch_size: int | None = None,
    rng: np.random.Generator | None = None,
    tolerance: float = 0.0,
) -> tuple[tl.Ensemble, Array]:
    """Train every member by gradient descent with a fixed learning rate.

    Parameters
    ----------
    ensemble : Ensemble
        Where to start.
    X : array_like, shape (n, d)
    y : array_like
        Targets, as for ``twolayer.curvature.gradient``.
    steps : int
        How many; with batches, how many batches.
    learning_rate : float
        Multiplies the gradient of the mean loss.
    loss : str or Loss
    batch_size : int, optional
        Samples a step, for stochastic gradient descent; all by default. Every epoch goes through the
        samples in a fresh random order, the same for all members; the last batch may be smaller.
    rng : numpy Generator, optional
        Draws the orders; needed with `batch_size`.
    tolerance : float
        A member whose gradient's norm is no larger at the end of a hundred steps is at rest and retires.
        Full batch only.

    Returns
    -------
    (Ensemble, ndarray)
        The trained networks and their risks over all samples, shape (E,).

    Raises
    ------
    ValueError
        If the data does not fit or an option is out of range.

    Notes
    -----
    Compiled, on all cores; a network in every SIMD lane, or by matrix products one by one where there are
    many inputs. A member's path does not depend on the others. A member that diverges retires: its risk is
    inf, and its parameters are those of the last look, of which there is one every hundred steps (every
    five hundred, in whole epochs, with batches), at which they were finite.

    Examples
    --------
    >>> pair = tl.Ensemble([[1.0], [2.0]], [[[1.0]], [[1.0]]], activation="identity")
    >>> trained, risks = descend(pair, [[1.0]], [3.0], steps=200, learning_rate=0.1)
    >>> bool(risks.max() < 1e-20)
    True
    """
    _check(steps, learning_rate, batch_size, rng, tolerance)
    data = Packing(ensemble[0], X, y, loss, batch_size=batch_size)
    rounds = _rounds(len(data.X), steps, batch_size, rng)
    end = train(data, ensemble.theta, rounds, learning_rate, tolerance if batch_size is None else -1.0)
    trained = ensemble.replace(end.theta)
    risks = trained.risk(X, y, loss)
    return trained, np.where(end.lost | np.isnan(risks), np.inf, risks)


@dataclass(frozen=True)
class End:
    """Where training left the members.

    Parameters
    ----------
    theta : ndarray, shape (E, P)
        Finite: where a member was lost, its parameters at the last look before.
    norms : ndarray, shape (E,)
        Of the gradients at the last steps.
    steps : ndarray of int, shape (E,)
    lost : ndarray of bool, shape (E,)
        Whether parameters ceased to be finite, or to be within `far` of the origin.
    """

    theta: Array
    norms: Array
    steps: NDArray[np.int64]
    lost: NDArray[np.bool_]


def train(
    data: Packing,
    theta: Array,
    rounds: Iterable[Batches],
    learning_rate: float,
    tolerance: float,
    far: ArrayLike = np.inf,
) -> End:
    """Descend in rounds; members at rest, within the `tolerance`, and lost ones retire after each.

    Parameters
    ----------
    data : Packing
    theta : ndarray, shape (E, P)
    rounds : iterable
        Samples of the steps, as :func:`full_rounds` and :func:`stochastic_rounds` give them.
    learning_rate, tolerance : float
    far : array_like, shape (E,)
        Distances from the origin beyond which members are lost.

    Returns
    -------
    End
    """
    theta, limits = theta.copy(), np.broadcast_to(np.asarray(far, dtype=float), len(theta))
    norms, steps = np.full(len(theta), np.inf), np.zeros(len(theta), dtype=np.int64)
    lost, active = np.zeros(len(theta), dtype=bool), np.arange(len(theta))
    for batches in rounds:
        moved, norms[active] = _descended(data, theta[active], batches, learning_rate)
        with np.errstate(over="ignore", invalid="ignore"):
            held = np.linalg.norm(moved, axis=1) <= np.minimum(limits[active], np.finfo(float).max)
        theta[active[held]] = moved[held]
        steps[active[held]] += len(batches[1])
        lost[active[~held]] = True
        active = active[held & ~(norms[active] <= tolerance)]
        if not active.size:
            break
    return End(theta, norms, steps, lost)


def _check(
    steps: int, rate: float, batch_size: int | None, rng: np.random.Generator | None, tolerance: float
) -> None:
    if steps < 0:
        raise ValueError(f"steps must be at least 0; got {steps}")
    if not 0 < rate < np.inf:
        raise ValueError(f"learning_rate must be positive; got {rate}")
    if batch_size is not None and batch_size < 1:
        raise ValueError(f"batch_size must be at least 1; got {batch_size}")
    if batch_size is not None and rng is None:
        raise ValueError("rng must be a numpy Generator when there is a batch_size; got None")
    if not tolerance >= 0:
        raise ValueError(f"tolerance must be at least 0; got {tolerance}")


def _rounds(n: int, steps: int, batch_size: int | None, rng: np.random.Generator | None) -> Iterator[Batches]:
    if batch_size is None or rng is None:
        return full_rounds(steps)
    return stochastic_rounds(n, steps, batch_size, rng)


def full_rounds(steps: int) -> Iterator[Batches]:
    """Rounds of a hundred full-batch steps, `steps` in all: a row for each; no entry means all samples."""
    for first in range(0, steps, ROUND):
        count = min(ROUND, steps - first)
        yield np.empty((count, 0), dtype=np.int64), np.zeros(count, dtype=np.int64)


def stochastic_rounds(n: int, steps: int, batch_size: int, rng: np.random.Generator) -> Iterator[Batches]:
    """Epochs over `n` samples, each in an order by `rng`: a row for every step, and its number of samples.

    `steps` batches in all, of `batch_size` but for the last of an epoch; as many epochs in a round as make
    five hundred steps, because a call of the kernel costs as much as many steps of a small network.
    """
    size = min(batch_size, n)
    per_epoch = -(-n // size)
    sizes = np.full(per_epoch, size)
    sizes[-1] = n - size * (per_epoch - 1)
    epochs = max(1, STOCHASTIC_ROUND // per_epoch)
    for first in range(0, steps, epochs * per_epoch):
        rows = np.zeros((epochs, per_epoch * size), dtype=np.int64)
        for order in rows[: -(-(steps - first) // per_epoch)]:
            order[:n] = rng.permutation(n)
        count = min(epochs * per_epoch, steps - first)
        yield rows.reshape(-1, size)[:count].copy(), np.tile(sizes, epochs)[:count]


def _descended(data: Packing, theta: Array, batches: Batches, rate: float) -> tuple[Array, Array]:
    """Parameters after the steps of a round, and the gradients' norms at its last step."""
    from twolayer.many import descent

    result, norms = np.empty_like(theta), np.empty(len(theta))
    free = np.array([data.has_b, data.has_c], dtype=float)

    def work(block: slice) -> None:
        arrays = data.packed(theta[block])
        found = np.empty(arrays[-1].shape[-1])
        kernels = data.kernels.gradients, data.slopes, data.losses
        descent.descend(*kernels, *arrays, data.inputs, data.Y, *batches, rate, free, found)
        result[block], norms[block] = data.unpacked(arrays, block), found[: block.stop - block.start]

    in_threads(work, data.blocks(len(theta)))
    return result, norms
