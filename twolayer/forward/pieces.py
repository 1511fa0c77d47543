"""Units that are linear on either side of zero, as relu and leaky relu are: one pass over memory.

What they need of the errors is so little that reading and writing arrays is most of the work, so products
become activations in place, units first, and every loop runs over samples.
"""

from __future__ import annotations

import math

import numpy as np

from ..arrays import Array
from ..errors.rounding import JET_ERROR, SAFE_HIGH, SAFE_LOW, SLACK, SUBNORMAL, UNIT, gamma
from ..jit import error_kernel
from ..model.activation import Activation
from ..model.network import TwoLayer
from .inputs import Inputs
from .kinks import biases, radius_of, rounding


def slopes_beside_zero(activation: Activation) -> tuple[float, float] | None:
    """The slopes below and above zero of an activation that is linear there, None of any other.

    Examples
    --------
    >>> from twolayer.model.activation import activation
    >>> slopes_beside_zero(activation("leaky_relu")), slopes_beside_zero(activation("tanh"))
    ((0.01, 1.0), None)
    """
    if activation.homogeneity != 1 or activation.floor > SUBNORMAL:  # what a slope is off is multiplied by z
        return None
    return activation.jet(-1.0)[1], activation.jet(1.0)[1]


def linear_units(net: TwoLayer) -> LinearUnits | None:
    """The units of a network that are linear on either side of zero, None if they are not."""
    slopes = slopes_beside_zero(net.activation)
    return None if slopes is None else LinearUnits(net, slopes)


class LinearUnits:
    """Such units as a pass takes them; what belongs to the network alone is found once."""

    def __init__(self, net: TwoLayer, slopes: tuple[float, float]) -> None:
        m = len(net.W)
        self.net, self.slopes = net, slopes
        self.b, self.rounding = biases(net), rounding(net)
        self.c = None if net.c is None else np.atleast_1d(net.c)[:, None]
        self.widths, self.alpha = net.weight_norms
        self.floor = net.activation.floor + 4 * SUBNORMAL
        self.lost = SLACK * m * float(self.alpha.max()) * self.floor + m * SUBNORMAL

    def outputs(self, inputs: Inputs) -> tuple[Array, Array, Array, Array] | None:
        """S and S1, both (rows, m), F (rows, q) and bounds of the errors of F's rows, (rows,).

        None where a unit's side of zero is not certain, or a value is no number.
        """
        (q, m), S = self.net.A.shape, self.net.W @ inputs.X.T
        S1, error = np.empty_like(S), np.empty(S.shape[1])
        at = self.b, inputs.lengths, self.widths, self.alpha
        sums = gamma(m + 2)
        constant = SLACK * (sums * self.net.output_norms[1] + self.lost) + q * m * SUBNORMAL
        if not bend(S, *at, self.slopes, self.rounding, 2 * JET_ERROR + sums, constant, S1, error):
            return None
        F = self.net.A @ S
        if self.c is not None:
            F += self.c
        return S.T, S1.T, np.ascontiguousarray(F.T), error

    def filled(self, Z: Array, lengths: Array, S: Array, S1: Array) -> bool:
        """Fill S and S1 from the products Z, each (rows, m), of inputs of norms up to `lengths` (rows,).

        False, and nothing is of use, where a side of zero is not certain.
        """
        return bool(bend_rows(Z, self.b, lengths, self.widths, self.slopes, self.rounding, S, S1))

    def norms(self, lengths: Array, S: Array, S1: Array, norms: Array) -> bool:
        """Fill the norms (11, rows) of :class:`.errors.SampleNorms` but the inputs', from S and S1 (rows, m).

        False, and nothing is of use, where a square leaves the floats.
        """
        at = self.b, lengths, self.widths, self.alpha
        lost = S.shape[1] * self.floor, self.lost
        return bool(bent_norms(S, S1, *at, self.slopes, self.rounding, lost, norms))


@error_kernel
def bend(S, b, lengths, widths, alpha, slopes, rounding, own, constant, S1, error):  # type: ignore[no-untyped-def]
    """Turn the products S (m, rows) into activations, fill S1 and error (rows,); whether all is certain.

    A pre-activation is off by gamma_{d+1} (|x_i| |w_k| + |b_k|) and by what underflows, whose factors are
    `rounding`; not at all where there is no product. The slope multiplies that. `own` is what the activation
    and the sums over units lose of |s|, and `constant` what they lose beside; alpha (m,) are the norms of A's
    columns.
    """
    (m, rows), (below, above), (relative, absolute) = S.shape, slopes, rounding
    near = 0.0
    for i in range(rows):
        error[i] = 0.0
    for k in range(m):
        shift, width, weight = b[k], widths[k], alpha[k]
        for i in range(rows):
            z = S[k, i] + shift
            radius = radius_of(lengths[i], width, shift, relative, absolute)
            near += 1.0 if abs(z) <= radius + JET_ERROR * abs(z) else 0.0
            slope = below if z <= 0.0 else above
            s = slope * z
            S[k, i], S1[k, i] = s, slope
            error[i] += weight * (radius * abs(slope) + own * abs(s))
    strange = 0
    for i in range(rows):
        strange += 0 if error[i] < np.inf else 1
        error[i] = SLACK * error[i] + constant
    return strange == 0 and (near == 0.0 or below == above)


@error_kernel
def bend_rows(Z, b, lengths, widths, slopes, rounding, S, S1):  # type: ignore[no-untyped-def]
    """Fill S and S1 from products Z, all (rows, m), samples first; whether every side of zero is certain."""
    (rows, m), (below, above), (relative, absolute) = Z.shape, slopes, rounding
    near = 0.0
    for i in range(rows):
        length = lengths[i]
        for k in range(m):
            z = Z[i, k] + b[k]
            radius = radius_of(length, widths[k], b[k], relative, absolute)
            near += 1.0 if abs(z) <= radius + JET_ERROR * abs(z) else 0.0
            slope = below if z <= 0.0 else above
            S[i, k], S1[i, k] = slope * z, slope
    return near == 0.0 or below == above


@error_kernel
def bent_norms(S, S1, b, lengths, widths, alpha, slopes, rounding, lost, out):  # type: ignore[no-untyped-def]
    """Fill out (11, rows) with norms from S and S1, each (rows, m); whether no square left the floats.

    `lost` is what the activation loses of the units' values, |s| apart, and that through alpha (m,). Of a
    sample without a slope everything is exactly zero.
    """
    (rows, m), (below, above), (relative, absolute), (each, through) = S.shape, slopes, rounding, lost
    strange = 0
    for i in range(rows):
        ss = dd = s1s1 = ess = moved = 0.0
        length = lengths[i]
        for k in range(m):
            s, slope, weight = abs(S[i, k]), S1[i, k], alpha[k]
            D = weight * slope
            radius = radius_of(length, widths[k], b[k], relative, absolute)
            error = radius * abs(slope) + 2 * JET_ERROR * s
            ss += s * s
            dd += D * D
            s1s1 += slope * slope
            ess += error * error
            moved += weight * error
        out[0, i], out[1, i], out[2, i], out[5, i], out[9, i] = ss, dd, s1s1, ess, moved
    for i in range(rows):
        ss, dd, s1s1, ess = out[0, i], out[1, i], out[2, i], out[5, i]
        zero = s1s1 == 0.0 and below * above == 0.0
        least, most = min(ss, dd, s1s1, ess), max(ss, dd, s1s1, ess)
        strange += 0 if zero or (least >= SAFE_LOW and most <= SAFE_HIGH) else 1
        there = 0.0 if zero else 1.0
        out[0, i], out[1, i], out[2, i] = (
            SLACK * math.sqrt(ss),
            SLACK * math.sqrt(dd),
            SLACK * math.sqrt(s1s1),
        )
        out[3, i] = out[4, i] = out[8, i] = out[10, i] = 0.0
        out[5, i] = there * (SLACK * math.sqrt(ess) + each)
        out[6, i] = there * ((JET_ERROR + 2 * UNIT) * out[1, i] + through)
        out[7, i] = there * (JET_ERROR * out[2, i] + each)
        out[9, i] = there * (SLACK * out[9, i] + through)
    return strange == 0
