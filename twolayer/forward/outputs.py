"""Outputs, activations and their slopes, a block of samples at a time: what the risk and its gradient need.

The pass of :mod:`.errors` also has second derivatives, and the norms that bounds of curvature are made of.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from ..arrays import Array, all_finite, require_representable
from ..errors.rounding import JET_ERROR, SAFE_HIGH, SAFE_LOW, SLACK, SUBNORMAL, scaled_norms
from ..jit import error_kernel
from ..model.network import TwoLayer
from . import kinks
from .errors import add_to_rows, output_error
from .inputs import Inputs
from .kinks import biases, rounding
from .norms import limits_of, sample_norms
from .pieces import linear_units
from .values import evaluated

ROWS = 256  # samples of a block at least, for the sake of the matrix products
BLOCK = 2**15  # values of units of a block: so few that memory is used again, not mapped anew


@dataclass(frozen=True)
class Outputs:
    """The network at a block of samples.

    Attributes
    ----------
    rows : slice
        Which samples these are.
    S, S1 : ndarray, shape (rows, m)
        Activations and their first derivatives, samples or units first in memory.
    F : ndarray, shape (rows, q)
    F_error : ndarray, shape (rows,)
        Bounds of the Euclidean norms of the errors of F.
    """

    rows: slice
    S: Array
    S1: Array
    F: Array
    F_error: Array


Pass = tuple[Array, Array, Array, Array]


def output_blocks(net: TwoLayer, inputs: Inputs) -> Iterator[Outputs]:
    """The network at all samples of checked inputs, shape (n, d).

    Raises
    ------
    ValueError
        If a value or the bound of its error overflows.
    """
    count = max(ROWS, BLOCK // len(net.W))
    linear = linear_units(net)
    bent = _by_slopes(net) if math.isfinite(net.activation.sup2) else partial(_by_jets, net)
    for start in range(0, len(inputs.X), count):
        rows = slice(start, min(start + count, len(inputs.X)))
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            found = linear.outputs(inputs.at(rows)) if linear else None
            S, S1, F, error = found or bent(inputs.at(rows))
        if not (all_finite(F) and all_finite(error)):  # where an activation is no number, these are none
            for name, values in (
                ("activation values s(z)", S),
                ("activation values s'(z)", S1),
                ("outputs", F),
            ):
                require_representable(name, values)
            require_representable("rounding errors of the outputs", error)
        yield Outputs(rows, S, S1, F, error)


def _by_jets(net: TwoLayer, inputs: Inputs) -> Pass:
    """S, S1, F and the bounds of F's errors, by the second derivatives."""
    units = evaluated(net, inputs)
    norms, _ = sample_norms(net, inputs, units)
    return units.S, units.S1, _outer(net, units.S), output_error(net, norms.S, norms.output)


def _by_slopes(net: TwoLayer) -> Callable[[Inputs], Pass]:
    """The same by the supremum of |s''| alone; what belongs to the network is found once."""
    (w_norms, alpha), b = net.weight_norms, biases(net)
    limits, lost = limits_of(net.activation), rounding(net)

    def passed(inputs: Inputs) -> Pass:
        Z = inputs.X @ net.W.T
        radius, S, S1 = np.empty_like(Z), np.empty_like(Z), np.empty_like(Z)
        squares, moved = np.empty(len(Z)), np.empty(len(Z))
        if not kinks.preactivations(Z, b, inputs.lengths, w_norms, *lost, radius):
            require_representable("pre-activations", Z)
        kinks.resolve(net, inputs.X, Z, radius)
        net.activation.slopes(Z.ravel(), S.ravel(), S1.ravel())
        safe = output_sums(radius, S, S1, alpha, limits, squares, moved)
        lengths = SLACK * np.sqrt(squares) if safe else scaled_norms(S)
        return S, S1, _outer(net, S), output_error(net, lengths, moved)

    return passed


def _outer(net: TwoLayer, S: Array) -> Array:
    """A S + c, shape (rows, q) from (rows, m)."""
    F = S @ net.A.T
    if net.c is not None:
        add_to_rows(net.c.reshape(-1), F)
    return F


@error_kernel
def output_sums(radius, S, S1, alpha, limits, squares, moved):  # type: ignore[no-untyped-def]
    """Fill squares (rows,) with |S_i|^2 and moved (rows,) with bounds of sum_k alpha_k |error of S_ik|.

    The error of s is at most the radius times the largest slope within it, and |s''| bounds by how much that
    exceeds the slope at z; `limits` is the activation's absolute error, sup |s'|, sup |s''| and sup |s|.
    Returns whether no square left the floats.
    """
    strange, m = 0, S.shape[1]
    for i in range(S.shape[0]):
        square = total = 0.0
        for k in range(m):
            r, s, s1 = radius[i, k], abs(S[i, k]), abs(S1[i, k])
            floor = limits[0] + 4.0 * SUBNORMAL if limits[2] > 0.0 or s + s1 > 0.0 else 0.0
            slope = s1 + min(r * limits[2] + JET_ERROR * s1 + floor, s1 + limits[1])
            square += s * s
            total += alpha[k] * min(r * min(slope, limits[1]) + JET_ERROR * s + floor, s + limits[3])
        strange += 0 if SAFE_LOW <= square <= SAFE_HIGH else 1
        squares[i], moved[i] = square, SLACK * (total + m * SUBNORMAL)
    return strange == 0
