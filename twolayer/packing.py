"""Between networks as rows of parameters and the kernels' blocks, with the lane innermost."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import validate
from .activations import Activation
from .losses import Loss
from .losses import loss as find_loss
from .network import TwoLayer
from .validate import Array


def in_threads(work: Callable[[Any], None], pieces: list[Any]) -> None:
    """Do `work` on every one of the `pieces`, on as many threads as there are cores; kernels free the GIL."""
    count = min(os.cpu_count() or 1, len(pieces))
    if count == 1:
        for piece in pieces:
            work(piece)
        return
    with ThreadPoolExecutor(count) as pool:
        list(pool.map(work, pieces))


class Lanes:
    """Data, and the parameters of networks of one shape, as the kernels of `lanes` want them.

    Parameters
    ----------
    net : TwoLayer
        Gives the shape and the activation.
    X, y : array_like
    loss : str or Loss
        As for :func:`twolayer.risk`, as are the errors.
    """

    def __init__(self, net: TwoLayer, X: ArrayLike, y: ArrayLike, loss: str | Loss) -> None:
        rule = find_loss(loss)
        self.m, self.d, self.q = net.W.shape[0], net.W.shape[1], net.n_outputs
        self.hidden, self.output = net.b is not None, net.c is not None
        self.X = validate.inputs(X, self.d)
        targets = validate.targets(y, rule.labels, len(self.X), self.q, net.scalar)
        columns = targets if targets.ndim == 2 else np.repeat(targets[:, None], self.q, axis=1)
        self.Y = np.ascontiguousarray(columns, dtype=np.float64)
        self.pointers = _pointers(net.activation, rule)

    def blocks(self, count: int) -> list[slice]:
        """The `count` members in blocks of one lane each."""
        from .lanes import LANES

        return [slice(first, min(first + LANES, count)) for first in range(0, count, LANES)]

    def packed(self, theta: Array) -> tuple[Array, Array, Array, Array]:
        """Parameters `theta` (at most LANES, P) with the lane innermost; empty lanes repeat the last row."""
        from .lanes import LANES

        m, d, q = self.m, self.d, self.q
        rows = theta[np.minimum(np.arange(LANES), len(theta) - 1)]
        a, W, b, c = self._split(rows)
        A = np.ascontiguousarray(a.reshape(LANES, q, m).transpose(1, 2, 0)).reshape(q, -1)
        V = np.ascontiguousarray(W.reshape(LANES, m, d).transpose(2, 1, 0)).reshape(d, -1)
        B = np.ascontiguousarray(b.T).ravel() if self.hidden else np.zeros(m * LANES)
        C = np.ascontiguousarray(c.T) if self.output else np.zeros((q, LANES))
        return A, V, B, C

    def _split(self, rows: Array) -> list[Array]:
        sizes = [self.q * self.m, self.m * self.d, self.m * self.hidden]
        return np.split(rows, np.cumsum(sizes), axis=1)

    def unpacked(self, arrays: tuple[Array, ...], block: slice) -> Array:
        """The inverse of `packed`: rows (members of the `block`, P) of the `arrays`."""
        m, d, q, L = self.m, self.d, self.q, arrays[3].shape[1]
        parts = [
            arrays[0].reshape(q * m, L).T,
            arrays[1].reshape(d, m, L).transpose(2, 1, 0).reshape(L, m * d),
        ]
        parts += [arrays[2].reshape(m, L).T] if self.hidden else []
        parts += [arrays[3].T] if self.output else []
        return np.concatenate(parts, axis=1)[: block.stop - block.start]


def evaluate(data: Lanes, theta: Array) -> tuple[Array, Array]:
    """Risks (k,) and gradients (k, P) on the `data` of the networks whose parameters are rows of `theta`."""
    from . import lanes

    everything = np.arange(len(data.X), dtype=np.int64)
    risks, slopes = np.empty(len(theta)), np.empty_like(theta)

    def work(block: slice) -> None:
        arrays, risk = data.packed(theta[block]), np.empty(lanes.LANES)
        found = tuple(np.empty_like(array) for array in arrays)
        lanes.gradients(*data.pointers, *arrays, data.X, data.Y, everything, risk, *found)
        risks[block], slopes[block] = risk[: block.stop - block.start], data.unpacked(found, block)

    in_threads(work, data.blocks(len(theta)))
    return risks, slopes


def _pointers(activation: Activation, rule: Loss) -> tuple[Any, Any]:
    """The kernels of the activation and the loss, compiled for flat arrays so that they can be passed."""
    from . import lanes

    room: list[NDArray[np.float64]] = [np.zeros(lanes.LANES) for _ in range(5)]
    activation.jets(*room[:4])
    losses = rule.losses if rule.separable else lanes.softmax_losses
    losses(*[np.zeros(2 * lanes.LANES) for _ in range(5)])
    return activation.jets, losses
