"""Trace and Frobenius norm from those of blocks, where no powers of two bring a matrix into the floats.

A hidden bias has the input 1 and an output bias the derivative 1: where they are in the matrix, inputs and
losses cannot be scaled (:mod:`twolayer.forward.scaling`). In a block without them they can.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from ..arrays import Overflow
from ..errors.measurement import Measurement, measured
from ..errors.rounding import NOTHING, SLACK, SUBNORMAL, UNIT, exponent_of, gamma, scaled_norm, times_power
from ..forward.scope import Scope

METHOD = "by blocks"


class Parted(Protocol):
    """A symmetric matrix of several parts."""

    scope: Scope
    gauss_newton: Any
    residual: Any

    @property
    def groups(self) -> tuple[str, ...]:
        """The names of the parts."""

    @property
    def convention(self) -> str:
        """What the numbers mean."""

    def block(self, rows: str, columns: str) -> Any:
        """That of two parts, which has a `frobenius_norm()`; a principal one has a `trace()`."""


def frobenius_by_blocks(H: Parted, refused: Overflow) -> Measurement:
    """The Frobenius norm of `H` from those of its blocks; `refused` is raised where they overflow as well.

    Notes
    -----
    The norm of the vector of norms moves by no more than the norm of the vector of their errors.

    Examples
    --------
    >>> from twolayer import Hessian, TwoLayer
    >>> H = Hessian(TwoLayer(a=[2.0], W=[[1.0]], activation="identity"), [[1.0]], [2.0])  # [[1, 2], [2, 4]]
    >>> frobenius_by_blocks(H, Overflow()).value
    5.0
    """
    names = H.groups
    pairs = [(one, other) for at, one in enumerate(names) for other in names[:at]]
    found = _asked(
        [(name, name) for name in names] + 2 * pairs, H, lambda block: block.frobenius_norm(), refused
    )
    values, errors = (np.array([getattr(each, part) for each in found]) for part in ("value", "error"))
    value = scaled_norm(values)
    error = SLACK * (scaled_norm(errors) + gamma(len(found) + 4) * value) + 2 * SUBNORMAL
    return measured(value, error, METHOD, H.convention)


def trace_by_blocks(H: Parted, refused: Overflow) -> Measurement:
    """The trace of `H` from those of its principal blocks; `refused` is raised where they overflow as well.

    Examples
    --------
    >>> from twolayer import Hessian, TwoLayer
    >>> H = Hessian(TwoLayer(a=[2.0], W=[[1.0]], activation="identity"), [[1.0]], [2.0])  # [[1, 2], [2, 4]]
    >>> trace_by_blocks(H, Overflow()).value
    5.0
    """
    found = _asked([(name, name) for name in H.groups], H, lambda block: block.trace(), refused)
    values, errors = (np.array([getattr(each, part) for each in found]) for part in ("value", "error"))
    value, lost = _sum(values)
    total, _ = _sum(errors)
    return measured(value, SLACK * (total + lost) + 2 * SUBNORMAL, METHOD, H.convention)


def _asked(
    blocks: Sequence[tuple[str, str]], H: Parted, ask: Callable[[Any], Measurement], refused: Overflow
) -> list[Measurement]:
    if len(H.groups) < 2:
        raise refused
    known: dict[tuple[str, str], Measurement] = {}
    try:
        for pair in dict.fromkeys(blocks):
            known[pair] = _answered(H, pair, ask)
    except (Overflow, MemoryError):
        raise refused from None
    return [known[pair] for pair in blocks]


def _answered(H: Parted, pair: tuple[str, str], ask: Callable[[Any], Measurement]) -> Measurement:
    """The answer of a block; where it is poor, that of its larger part, which the other moves by its size.

    Both questions are of sums or norms: one of G + R is no farther from one of G than the one of R is large.
    """
    whole, both = None, H.scope.gauss_newton and H.scope.residual
    try:
        whole = ask(H.block(*pair))
    except Overflow:
        if not both:
            raise
    if whole is not None and (whole.error <= abs(whole.value) or not both):
        return whole
    parts = [ask(part.block(*pair)) for part in (H.gauss_newton, H.residual)]
    small, large = sorted(parts, key=lambda part: float(abs(part.value)))
    error = SLACK * (large.error + abs(small.value) + small.error)
    if whole is not None and whole.error <= error:
        return whole
    return measured(large.value, error, METHOD, H.convention)


def _sum(values: np.ndarray) -> tuple[float, float]:
    """The sum of a few numbers (k,) that may overflow on the way, and how far it may be off."""
    exponent = exponent_of(values)
    if exponent == NOTHING:
        return 0.0, 0.0
    total = times_power(math.fsum(np.ldexp(values, -exponent).tolist()), exponent)
    return total, 2 * UNIT * abs(total) + times_power(len(values) * SUBNORMAL, exponent)
