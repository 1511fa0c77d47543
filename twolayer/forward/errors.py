"""The forward pass, with bounds of the rounding errors of its values."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import arrays
from ..arrays import Array, require_representable
from ..errors.rounding import (
    JET_ERROR,
    NOTHING,
    SAFE_HIGH,
    SAFE_LOW,
    SLACK,
    SUBNORMAL,
    UNIT,
    exponent_above,
    gamma,
    largest_size,
    scaled_norms,
)
from ..jit import error_kernel, kernel, scalar_error_kernel
from ..model.loss import Loss
from ..model.loss import loss as find_loss
from ..model.network import TwoLayer
from . import kinks
from .inputs import Inputs, taken
from .kinks import preactivations
from .loss_errors import loss_errors
from .pieces import linear_units
from .values import Values, loss_values

ROWS_PER_BLOCK = 256  # at least, for the sake of the matrix products
ABSENT = 100 * NOTHING  # the exponent of zero in a sum, whatever is added to it
FACTORS = ("S", "S1", "S2", "X", "A", "Lam", "G")
TILE = 2**13  # values of units, at which temporaries stay in the nearest cache


@dataclass(frozen=True)
class Forward(Values):
    """Values with bounds of their errors.

    Attributes
    ----------
    norms : SampleNorms
        Norms over units, and bounds of the errors of S, S1 and S2, of each sample.
    F_error, L_error, G_error, Lam_error : ndarray, shape (n,)
        Bounds of the errors (Euclidean or Frobenius norm over outputs).
    n_kinks : int
        How many pre-activations sit exactly at a kink of the activation.
    beyond : float
        Bound of what neither errors of factors nor products of theirs show of the whole curvature, and of the
        whole gradient: that of values which have faded to nothing that any product tells.
    """

    norms: SampleNorms
    F_error: Array
    L_error: Array
    G_error: Array
    Lam_error: Array
    n_kinks: int
    beyond: float = 0.0

    @cached_property
    def product_bound(self) -> float:
        """A number above every product of some factors of one term, errors included; infinite if one is none.

        Two of A, S, S' and X, and one of S'', Lam and G.
        """
        norms, (g, lam) = self.norms, self.loss_norms
        units = norms.S, norms.dS, norms.S1, norms.dS1, norms.S2, norms.dS2, norms.X
        losses = g, self.G_error, lam, self.Lam_error
        return float(largest_product(units, losses, largest_size(self.net.A.ravel())))

    @cached_property
    def factor_exponents(self) -> dict[str, int]:
        """Exponents of the largest of X (rows' norms), A, S, S1, S2, Lam and G, or of their errors.

        `NOTHING` for what is zero, without an error, at every sample.
        """
        each = self.norms
        factors = each.S, each.S1, each.S2, each.dS, each.dS1, each.dS2, each.X, self.Lam_error, self.G_error
        weights = self.net.A.ravel(), self.Lam.ravel(), self.G.ravel()
        found = zip(FACTORS, largest_factors(factors, weights), strict=True)
        return {name: exponent_above(size) for name, size in found}

    @cached_property
    def counted_exponents(self) -> dict[str, int]:
        """These such that a sum of some is above every product of some of the factors, or `ABSENT`."""
        return {name: ABSENT if e == NOTHING else max(e, 0) for name, e in self.factor_exponents.items()}

    @cached_property
    def loss_norms(self) -> tuple[Array, Array]:
        """Bounds of |g_i| and |Lam_i|_F, each (n,)."""
        return scaled_norms(self.G), scaled_norms(self.Lam.reshape(self.n, -1))

    @property
    def convention(self) -> str:
        """What a reader must know to reproduce a number."""
        return convention(self.net, self.loss, self.n)


def convention(net: TwoLayer, loss: Loss, n: int) -> str:
    """What a reader must know to reproduce a number of `n` samples."""
    return f"{loss.convention} (n = {n}); theta = ({', '.join(net.parts)})"


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


def forward(net: TwoLayer, X: ArrayLike, y: ArrayLike, loss: str | Loss = "squared") -> Forward:
    """Validate the data and run the network and the loss on it. `X` has shape (n, d), `y` (n,) or (n, q).

    Raises
    ------
    ValueError
        If the data does not fit the network or the loss, or an intermediate value overflows.
    """
    return _passed(net, *checked(net, X, y, loss, kept=True))  # it outlives the caller's next change of X


def checked(
    net: TwoLayer, X: ArrayLike, y: ArrayLike, loss: str | Loss, kept: bool = False
) -> tuple[Loss, Inputs, NDArray[Any]]:
    """The loss, the inputs (n, d), which are a copy if `kept`, and the targets as the loss takes them."""
    rule = find_loss(loss)
    inputs = taken(X, net.W.shape[1], kept)
    return rule, inputs, arrays.targets(y, rule.labels, len(inputs.X), net.n_outputs, net.scalar)


def _passed(net: TwoLayer, rule: Loss, inputs: Inputs, labels: NDArray[Any]) -> Forward:
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        S, S1, S2, norms, n_kinks, faded = activate(net, inputs)
        F = S @ net.A.T
        if net.c is not None:
            add_to_rows(np.atleast_1d(net.c), F)
        require_representable("outputs", F)
        L, G, Lam = loss_values(rule, F, labels)
        require_representable("loss derivatives", G)  # a loss may overflow: only the risk needs it
        F_error = output_error(net, norms.S, norms.output)
        require_representable("rounding errors of the outputs", F_error)
        L_error, G_error, Lam_error, gone = loss_errors(rule, F, labels, L, G, Lam, F_error)
    return Forward(
        net,
        rule,
        inputs.X,
        labels,
        S,
        S1,
        S2,
        F,
        L,
        G,
        Lam,
        norms,
        F_error,
        L_error,
        G_error,
        Lam_error,
        n_kinks,
        SUBNORMAL if faded or gone else 0.0,
    )


def activate(net: TwoLayer, inputs: Inputs) -> tuple[Array, Array, Array, SampleNorms, int, bool]:
    """S, S1 and S2 (n, m) of X (n, d), and their norms, a block of rows at a time, which stays in cache."""
    (X, lengths), m = inputs, net.W.shape[0]
    n = len(X)
    linear = linear_units(net)
    S, S1, S2 = np.empty((n, m)), np.empty((n, m)), np.zeros((n, m)) if linear else np.empty((n, m))
    sums = np.empty((11, n))
    alpha = scaled_norms(net.A.T)
    w_lengths = scaled_norms(net.W)
    limits = net.activation.floor, net.activation.sup1, net.activation.sup2, net.activation.sup0
    rounding = SLACK * gamma(net.W.shape[1] + 1), (net.W.shape[1] + 1) * SUBNORMAL
    b = np.zeros(m) if net.b is None else net.b
    n_kinks, faded, count = 0, 0, max(ROWS_PER_BLOCK, TILE // m)
    for start in range(0, n, count):
        rows = slice(start, start + count)
        if linear and linear.measured(inputs.at(rows), S[rows], S1[rows], sums[:, rows]):
            continue
        Z = X[rows] @ net.W.T
        radius = np.empty_like(Z)
        if not preactivations(Z, b, lengths[rows], w_lengths, *rounding, radius):
            require_representable("pre-activations", Z)
        n_kinks += kinks.resolve(net, X[rows], Z, radius)
        T = np.empty_like(Z)
        net.activation.third(Z.ravel(), radius.ravel(), T.ravel())
        net.activation.jets(Z.ravel(), S[rows].ravel(), S1[rows].ravel(), S2[rows].ravel())
        faded += unit_norms(radius, T, S[rows], S1[rows], S2[rows], alpha, limits, sums[:, rows])
    if not np.isfinite(sums).all():
        for name, values in (("s", S), ("s'", S1), ("s''", S2)):
            require_representable(f"activation values {name}(z)", values)
    return S, S1, S2, SampleNorms(*[*sums, lengths]), n_kinks, faded > 0


@kernel
def add_to_rows(c, F):  # type: ignore[no-untyped-def]
    """Add c (q,) to every row of F (n, q)."""
    for i in range(F.shape[0]):
        for o in range(F.shape[1]):
            F[i, o] += c[o]


@kernel
def largest_product(units, losses, A):  # type: ignore[no-untyped-def]
    """The number of `product_bound` from norms by sample, each (n,), and the largest entry of A."""
    S, dS, S1, dS1, S2, dS2, x = units
    g, dg, lam, dlam = losses
    s = s1 = s2 = inputs = slope = curvature = 1.0
    strange = 0
    for i in range(x.size):
        parts = S[i] + dS[i], S1[i] + dS1[i], S2[i] + dS2[i], g[i] + dg[i], lam[i] + dlam[i]
        s, s1, s2 = max(s, parts[0]), max(s1, parts[1]), max(s2, parts[2])
        slope, curvature, inputs = max(slope, parts[3]), max(curvature, parts[4]), max(inputs, x[i])
        whole = parts[0] + parts[1] + parts[2] + parts[3] + parts[4] + x[i]
        strange += 0 if whole < np.inf else 1
    outer = max(A, 1.0) * inputs
    return np.inf if strange else s * s * s1 * s1 * s2 * outer * outer * slope * curvature


@kernel
def largest_factors(norms, entries):  # type: ignore[no-untyped-def]
    """The largest absolute values of `FACTORS` or of their errors, infinity where one is no number."""
    S, S1, S2, dS, dS1, dS2, X, dLam, dG = norms
    A, Lam, G = entries
    return (
        max(largest_size(S), largest_size(dS)),
        max(largest_size(S1), largest_size(dS1)),
        max(largest_size(S2), largest_size(dS2)),
        largest_size(X),
        largest_size(A),
        max(largest_size(Lam), largest_size(dLam)),
        max(largest_size(G), largest_size(dG)),
    )


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


def output_error(net: TwoLayer, lengths: Array, moved: Array) -> Array:
    """Bounds of the errors' norms of the outputs from |S_i| and sum_k alpha_k |error of S_ik|, each (n,)."""
    found = np.empty(len(lengths))
    limits = *net.output_norms, gamma(len(net.W) + 2), net.A.size * SUBNORMAL
    add_sums(lengths, moved, limits, found)
    return found


@error_kernel
def add_sums(lengths, moved, limits, found):  # type: ignore[no-untyped-def]
    """Fill found (n,) with `moved` and the rounding of the sums over units and of what underflows there."""
    outer, shift, rounding, subnormal = limits
    for i in range(found.size):
        lost = subnormal if lengths[i] > 0.0 else 0.0
        found[i] = SLACK * (moved[i] + rounding * (outer * lengths[i] + shift)) + lost
