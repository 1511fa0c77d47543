"""Norms over the units of every sample, of their values and of the errors of these."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..arrays import Array
from ..errors.rounding import JET_ERROR, SAFE_HIGH, SAFE_LOW, SLACK, SUBNORMAL, UNIT
from ..jit import error_kernel, kernel, scalar_error_kernel
from ..model.activation import Activation
from ..model.network import TwoLayer
from .inputs import Inputs
from .kinks import biases, radii, rounding
from .values import Block, Units, resolved


@dataclass(frozen=True)
class SampleNorms:
    """Euclidean norms over the units, one per sample, each (n,).

    With alpha_k = |A[:, k]|: S, D = alpha S1, S1, E = alpha S2 and S2; `dS`, `dD`, `dS1`, `dE` bound the
    norms of their errors, `output` bounds sum_k alpha_k |error of S_ik|, `dS2` the sum of the errors of S2,
    and X is the inputs' norm.
    """

    S: Array
    D: Array
    S1: Array
    E: Array
    S2: Array
    dS: Array
    dD: Array
    dS1: Array
    dE: Array
    output: Array
    dS2: Array
    X: Array


def sample_norms(net: TwoLayer, inputs: Inputs, units: Units) -> tuple[SampleNorms, bool]:
    """Norms over units at inputs (n, d), and whether some values have faded to nothing a product tells."""
    linear, limits = units.linear, limits_of(net.activation)
    sums, faded = np.empty((11, len(inputs.X))), 0
    for block in units.blocks:
        rows = block.rows
        each = units.S[rows], units.S1[rows], units.S2[rows]
        if block.Z is None and linear and linear.norms(inputs.lengths[rows], *each[:2], sums[:, rows]):
            continue
        Z, radius = _uncertain(net, inputs.at(rows), block)
        T = np.empty_like(Z)
        net.activation.third(Z.ravel(), radius.ravel(), T.ravel())
        faded += unit_norms(radius, T, *each, net.weight_norms[1], limits, sums[:, rows])
    return SampleNorms(*[*sums, inputs.lengths]), faded > 0


def _uncertain(net: TwoLayer, inputs: Inputs, block: Block) -> tuple[Array, Array]:
    """Pre-activations of a block and bounds of their errors, each (rows, m)."""
    Z, radius = block.Z, block.radius
    if Z is None:  # of linear units whose norms are beyond their own pass
        Z = inputs.X @ net.W.T
        radius, _ = resolved(net, *inputs, Z)
    if radius is None:
        radius = np.empty_like(Z)
        radii(Z, biases(net), inputs.lengths, net.weight_norms[0], *rounding(net), radius)
    return Z, radius


def limits_of(activation: Activation) -> tuple[float, float, float, float]:
    """Its absolute error, sup |s'|, sup |s''| and sup |s|."""
    return activation.floor, activation.sup1, activation.sup2, activation.sup0


@scalar_error_kernel
def jet_errors(r, t, s, s1, s2, limits):  # type: ignore[no-untyped-def]
    """Bounds of the errors of s, s' and s'' from their absolute values.

    The true pre-activation lies within `r` of the computed one and t >= |s'''| there, so the errors of
    s'', s', s follow in turn by the mean value theorem, and nothing exceeds its supremum. Where t is negative
    s'' and s''' are below the smallest number, and s' is constant to it; where it is -2 they are nothing in
    any product. On a piece that is zero everything is exact, and no time is lost with numbers as small as
    what underflows. `limits`: the activation's absolute error, sup |s'|, sup |s''|, sup |s|.
    """
    plain = limits[0] <= SUBNORMAL
    zero = s + s1 == 0.0 and (limits[2] == 0.0 or (plain and t == 0.0 and s2 == 0.0))
    floor = 0.0 if zero or (plain and t == -2.0) else limits[0] + 4.0 * SUBNORMAL
    bent = 0.0 if t < 0.0 else r
    e2 = min(bent * t + JET_ERROR * s2 + (floor if limits[2] > 0.0 else 0.0), s2 + limits[2])
    e1 = min(bent * (s2 + e2) + JET_ERROR * s1 + floor, s1 + limits[1])
    e0 = r * min(s1 + e1, limits[1]) + JET_ERROR * s + floor
    return min(e0, s + limits[3]), e1, e2


@error_kernel
def unit_norms(radius, T, S, S1, S2, alpha, limits, out):  # type: ignore[no-untyped-def]
    """Fill out (11, rows) with bounds of the norms over units of `SampleNorms`; how many values have faded.

    Where squares would leave the floats the sum of absolute values stands for the norm. The loop over units
    has sums alone, no largest value, which would keep it from becoming vectors.
    """
    (rows, m), faded = S.shape, 0
    curvature, floor, few = np.empty(rows), np.empty(rows), np.empty(rows)
    for i in range(rows):
        ss = dd = s1s1 = ee = s2s2 = 0.0
        ess = edd = es1 = eee = output = curved = floors = moved = 0.0
        gone = 0
        for k in range(m):
            s, s1, s2, weight = abs(S[i, k]), abs(S1[i, k]), abs(S2[i, k]), alpha[k]
            e0, e1, e2 = jet_errors(radius[i, k], T[i, k], s, s1, s2, limits)
            D, E = weight * s1, weight * s2
            eD, eE = weight * e1 + 2 * UNIT * D, weight * e2 + 2 * UNIT * E
            ss += s * s
            dd += D * D
            s1s1 += s1 * s1
            ee += E * E
            s2s2 += s2 * s2
            ess += e0 * e0
            edd += eD * eD
            es1 += e1 * e1
            eee += eE * eE
            output += weight * e0 + (SUBNORMAL if e0 > 0.0 else 0.0)
            floors += weight * e2
            moved += e2
            gone += 1 if T[i, k] == -2.0 else 0
            curved += s2 + max(T[i, k], 0.0)
        out[0, i], out[1, i], out[2, i], out[3, i], out[4, i] = ss, dd, s1s1, ee, s2s2
        out[5, i], out[6, i], out[7, i], out[8, i] = ess, edd, es1, eee
        out[9, i], out[10, i] = SLACK * output, SLACK * moved
        curvature[i], floor[i], few[i] = curved, floors, gone < m
        faded += gone
    unsafe = np.zeros(rows)
    square_roots(curvature, out, unsafe)
    lost = m * SUBNORMAL if limits[2] > 0.0 else 0.0  # by products with errors of s''
    for i in range(rows):
        if unsafe[i] > 0.0:
            absolute_sums(radius[i], T[i], S[i], S1[i], S2[i], alpha, limits, out[:, i])
        elif curvature[i] == 0.0:  # a piece that is linear: s'' is zero but for the activation's own error
            out[8, i] = SLACK * (floor[i] + lost) if floor[i] > 0.0 or few[i] > 0.0 else 0.0
    return faded


@kernel
def square_roots(curvature, out, unsafe):  # type: ignore[no-untyped-def]
    """Turn nine of the squares out (11, rows) into bounds of norms; unsafe (rows,) counts those out of range.

    Those of s'' may, where the piece is linear: `curvature` (rows,) is zero.
    """
    for j in range(9):
        bends = 1.0 if j in (3, 4, 8) else 0.0
        for i in range(unsafe.size):
            square = out[j, i]
            strange = 0.0 if SAFE_LOW <= square <= SAFE_HIGH else 1.0
            unsafe[i] += strange if bends == 0.0 or curvature[i] != 0.0 else 0.0
            out[j, i] = SLACK * math.sqrt(square)


@error_kernel
def absolute_sums(radius, T, S, S1, S2, alpha, limits, out):  # type: ignore[no-untyped-def]
    """Replace those norms of one sample whose squares left the floats by sums of absolute values.

    Arrays over units are (m,), `out` is (11,).
    """
    sums = np.zeros(9)
    for k in range(S.size):
        s, s1, s2, weight = abs(S[k]), abs(S1[k]), abs(S2[k]), alpha[k]
        e0, e1, e2 = jet_errors(radius[k], T[k], s, s1, s2, limits)
        lost = SUBNORMAL if weight > 0 else 0.0
        sums[0] += s
        sums[1] += weight * s1 + (lost if s1 > 0 else 0.0)
        sums[2] += s1
        sums[3] += weight * s2 + (lost if s2 > 0 else 0.0)
        sums[4] += s2
        sums[5] += e0
        sums[6] += weight * (e1 + 2 * UNIT * s1) + (2 * lost if s1 + e1 > 0 else 0.0)
        sums[7] += e1
        sums[8] += weight * (e2 + 2 * UNIT * s2) + (2 * lost if s2 + e2 > 0 else 0.0)
    for j in range(9):
        if not SAFE_LOW <= (out[j] / SLACK) ** 2 <= SAFE_HIGH:
            out[j] = SLACK * sums[j]
