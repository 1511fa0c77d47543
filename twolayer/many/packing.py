"""Between networks as rows of parameters and the kernels' blocks, with the lane innermost."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arrays import Array, inputs, targets
from ..model.activation import Activation
from ..model.loss import Loss
from ..model.loss import loss as find_loss
from ..model.network import TwoLayer
from ..spectrum.extremes.watch import Watch
from ..threads import in_threads
from .signatures import JETS, LOSSES, SLOPES, pointer


def told(watch: Watch) -> Callable[[int, int], None]:
    """What tells a `watch` how many blocks of networks are done, and asks it for the time."""

    def tell(done: int, count: int) -> None:
        watch.require_time("all networks")
        watch.tell(done / count, f"block {done} of {count}")

    return tell


class Packing:
    """Data, and the parameters of networks of one shape, as the kernels over many networks want them.

    Parameters
    ----------
    net : TwoLayer
        Gives the shape and the activation.
    X, y : array_like
    loss : str or Loss
        As for :func:`twolayer.curvature.gradient`, as are the errors.
    kernels : {"simd", "gemm"}, optional
        Which kernels; by default the quicker for the shape. It does not depend on how many networks there
        are, so that neither do their numbers.
    batch_size : int, optional
        Samples that are taken at once, if not all.

    Attributes
    ----------
    kernels : module
        `kernels_simd` or `kernels_gemm`.
    width : int
        The most networks in a block.
    Y : ndarray, shape (n, q) or (n, 1)
        Targets of each output, or labels of all.
    """

    def __init__(
        self,
        net: TwoLayer,
        X: ArrayLike,
        y: ArrayLike,
        loss: str | Loss,
        kernels: str | None = None,
        batch_size: int | None = None,
    ) -> None:
        rule = find_loss(loss)
        self.m, self.d, self.q = net.W.shape[0], net.W.shape[1], net.n_outputs
        self.has_b, self.has_c = net.b is not None, net.c is not None
        self.X = inputs(X, self.d)
        labels = targets(y, rule.labels, len(self.X), self.q, net.scalar)
        self.Y = np.ascontiguousarray(labels.reshape(len(labels), -1), dtype=np.float64)
        kernels = kernels or quicker(min(batch_size or len(self.X), len(self.X)), self.d, self.m)
        self.kernels = import_module(f".kernels_{kernels}", __package__)
        self.width: int = self.kernels.LANES
        self.odd = self.d % 2 if self.width > 1 else 0
        self.inputs = np.concatenate([self.X, np.zeros((len(self.X), self.odd))], axis=1)
        self.slopes, self.jets, self.losses = _compiled(net.activation, rule)

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"kernels": self.kernels.__name__}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, kernels=import_module(state["kernels"]))

    def blocks(self, count: int, several: int = 1) -> list[slice]:
        """The `count` members in blocks of one lane each, or `several` blocks together."""
        each = several * self.width
        return [slice(first, min(first + each, count)) for first in range(0, count, each)]

    def packed(self, theta: Array) -> tuple[Array, Array, Array, Array]:
        """Parameters `theta` (at most `width`, P) lane innermost; empty lanes repeat the last row.

        Shapes (q, m L), (d, m L), (m L,), (q, L), d even or one lane: no more of the L lanes than these need.
        """
        A, W, B, C = self.packed_blocks(theta)
        return A[0], W[0], B[0], C[0]

    def packed_blocks(self, theta: Array) -> tuple[Array, Array, Array, Array]:
        """The same for any number of rows `theta` (k, P), in blocks along a first axis of each array."""
        m, d, q, fewest = self.m, self.d, self.q, self.kernels.FEWEST
        L = min(-(-len(theta) // fewest) * fewest, self.width)
        count = -(-len(theta) // L)
        if len(theta) < count * L:
            theta = theta[np.minimum(np.arange(count * L), len(theta) - 1)]
        rows = theta.reshape(count, L, -1).transpose(0, 2, 1)
        a, w, b, c = np.split(np.ascontiguousarray(rows), self._edges, axis=1)
        W = np.zeros((count, d + self.odd, m, L))
        W[:, :d] = w.reshape(count, m, d, L).transpose(0, 2, 1, 3)
        B = b if self.has_b else np.zeros((count, m, L))
        C = c if self.has_c else np.zeros((count, q, L))
        A, B, C = (np.ascontiguousarray(part) for part in (a.reshape(count, q, m * L), B, C))
        return A, W.reshape(count, d + self.odd, -1), B.reshape(count, -1), C

    @property
    def _edges(self) -> NDArray[np.int64]:
        """Where the parameters of W, b and c begin."""
        return np.cumsum([self.q * self.m, self.m * self.d, self.m * self.has_b])

    def unpacked(self, arrays: tuple[Array, ...], block: slice) -> Array:
        """The inverse of `packed`: rows (members of the `block`, P) of the `arrays`. Shape (members, P)."""
        A, W, B, C = arrays
        m, L = self.m, C.shape[1]
        parts = [A.reshape(-1, L), W.reshape(-1, m, L)[: self.d].transpose(1, 0, 2).reshape(-1, L)]
        parts += [B.reshape(m, L)] if self.has_b else []
        parts += [C] if self.has_c else []
        return np.concatenate(parts).T[: block.stop - block.start]


def quicker(n: int, d: int, m: int) -> str:
    """The quicker kernels for networks of `m` units on `n` samples of `d` inputs.

    A gradient by `gemm` costs about 6 us and 0.4 ns for each sample and unit more than in SIMD lanes, and
    0.03 ns less for each sample, unit and input (measured on one x86 machine; only the speed depends on it).
    """
    return "gemm" if n * m * (0.03 * d - 0.4) > 6000 else "simd"


FEW = 5e5
"""Preactivations, some milliseconds of work, below which to start threads takes more than they save."""


AT_ONCE, CACHED = 16, 2**15
"""Blocks of SIMD lanes that a thread takes at once, for to call a kernel costs more than a small block; and
their parameters, for to be given new memory costs more than to fill memory that is at hand."""


def risks(data: Packing, theta: Array) -> Array:
    """Risks (k,) on the `data` of the networks whose parameters are rows of `theta`."""
    found, lanes = np.empty(len(theta)), data.width > 1

    def one(block: slice) -> None:
        arrays = data.packed(theta[block])
        risk = np.empty(arrays[-1].shape[-1])
        data.kernels.risks(data.slopes, data.losses, *arrays, data.inputs, data.Y, risk)
        found[block] = risk[: block.stop - block.start]

    def several(piece: slice) -> None:
        arrays = data.packed_blocks(theta[piece])
        risk = np.empty((len(arrays[0]), arrays[-1].shape[-1]))
        data.kernels.risks_of_blocks(data.slopes, data.losses, *arrays, data.inputs, data.Y, risk)
        found[piece] = risk.ravel()[: piece.stop - piece.start]

    at_once = min(AT_ONCE, max(1, CACHED // (data.width * theta.shape[1]))) if lanes else 1
    pieces = data.blocks(len(theta), at_once)
    if lanes and len(theta) * data.m * len(data.X) < FEW:
        for piece in pieces:
            several(piece)
    else:
        in_threads(several if lanes else one, pieces)
    return found


def slopes(data: Packing, theta: Array) -> Array:
    """Gradients (k, P) on the `data` of the networks whose parameters are rows of `theta`."""
    everything, found = np.empty(0, dtype=np.int64), np.empty_like(theta)

    def work(block: slice) -> None:
        arrays = data.packed(theta[block])
        risk = np.empty(arrays[-1].shape[-1])
        parts = tuple(np.empty_like(array) for array in arrays)
        samples = data.inputs, data.Y, everything
        data.kernels.gradients(data.slopes, data.losses, *arrays, *samples, risk, *parts)
        found[block] = data.unpacked(parts, block)

    in_threads(work, data.blocks(len(theta)))
    return found


def _compiled(activation: Activation, rule: Loss) -> tuple[Any, Any, Any]:
    """Pointers to kernels: of s and s', with s'', and of the loss, compiled for flat arrays."""
    from . import kernels_simd

    losses = rule.losses if rule.separable else kernels_simd.softmax_losses
    return _pointers(activation.slopes, activation.jets, losses)


@lru_cache(maxsize=64)
def _pointers(slopes: Any, jets: Any, losses: Any) -> tuple[Any, Any, Any]:
    room: list[Array] = [np.zeros(1) for _ in range(5)]
    slopes(*room[:3])
    jets(*room[:4])
    losses(*room)
    return pointer(slopes, SLOPES), pointer(jets, JETS), pointer(losses, LOSSES)
