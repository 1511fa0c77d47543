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
    SAFE_HIGH,
    SAFE_LOW,
    SLACK,
    SUBNORMAL,
    UNIT,
    exponent_above,
    exponent_of,
    gamma,
    largest_size,
    scaled_norm,
    scaled_norms,
)
from ..jit import kernel, reduction_kernel, scalar_kernel
from ..model.loss import Loss
from ..model.loss import loss as find_loss
from ..model.network import TwoLayer
from . import kinks
from .kinks import preactivations
from .values import Values, loss_values

ROWS_PER_BLOCK = 256  # at least, for the sake of the matrix products
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
    """

    norms: SampleNorms
    F_error: Array
    L_error: Array
    G_error: Array
    Lam_error: Array
    n_kinks: int

    @cached_property
    def product_exponent(self) -> int:
        """An e with 2^e above every product of some of the factors of one term of the curvature.

        A term has one of Lam and G, at most two of A, two of S, S1 and S2, and two inputs.
        """
        norms = self.norms
        largest = max(largest_size(each) for each in (norms.S, norms.S1, norms.S2)), largest_size(norms.X)
        factors = [exponent_above(each) for each in largest] + [exponent_of(self.net.A)]
        outer = max(exponent_of(self.Lam), exponent_of(self.G), 0)
        return outer + 2 * sum(max(exponent, 0) for exponent in factors)

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
    norms of their errors, `output` bounds sum_k alpha_k |error of S_ik|, and X is the inputs' norm.
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
    X: Array


def forward(net: TwoLayer, X: ArrayLike, y: ArrayLike, loss: str | Loss = "squared") -> Forward:
    """Validate the data and run the network and the loss on it. `X` has shape (n, d), `y` (n,) or (n, q).

    Raises
    ------
    ValueError
        If the data does not fit the network or the loss, or an intermediate value overflows.
    """
    rule, inputs, labels = checked(net, X, y, loss)
    return _passed(net, rule, inputs.copy(), labels)  # a Hessian outlives the caller's next change of X


def checked(net: TwoLayer, X: ArrayLike, y: ArrayLike, loss: str | Loss) -> tuple[Loss, Array, NDArray[Any]]:
    """The loss, the inputs (n, d) and the targets as the loss takes them."""
    rule = find_loss(loss)
    inputs = arrays.inputs(X, net.W.shape[1])
    return rule, inputs, arrays.targets(y, rule.labels, inputs.shape[0], net.n_outputs, net.scalar)


def _passed(net: TwoLayer, rule: Loss, inputs: Array, labels: NDArray[Any]) -> Forward:
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        S, S1, S2, norms, n_kinks = activate(net, inputs)
        F = S @ net.A.T
        if net.c is not None:
            add_to_rows(np.atleast_1d(net.c), F)
        require_representable("outputs", F)
        L, G, Lam = loss_values(rule, F, labels)
        require_representable("loss derivatives", G)  # a loss may overflow: only the risk needs it
        F_error = output_error(net, norms.S, norms.output)
        require_representable("rounding errors of the outputs", F_error)
        L_error, G_error, Lam_error = loss_errors(rule, F, L, G, Lam, F_error)
    return Forward(
        net,
        rule,
        inputs,
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
    )


def activate(net: TwoLayer, X: Array) -> tuple[Array, Array, Array, SampleNorms, int]:
    """S, S1 and S2 (n, m) of X (n, d), and their norms, a block of rows at a time, which stays in cache."""
    n, m = X.shape[0], net.W.shape[0]
    S, S1, S2 = (np.empty((n, m)) for _ in range(3))
    sums = np.empty((10, n))
    alpha = scaled_norms(net.A.T)
    sizes = scaled_norms(X), scaled_norms(net.W)
    limits = net.activation.floor, net.activation.sup1, net.activation.sup2
    rounding = SLACK * gamma(net.W.shape[1] + 1), (net.W.shape[1] + 1) * SUBNORMAL
    b = np.zeros(m) if net.b is None else net.b
    n_kinks, count = 0, max(ROWS_PER_BLOCK, TILE // m)
    for start in range(0, n, count):
        rows = slice(start, start + count)
        Z = X[rows] @ net.W.T
        radius = np.empty_like(Z)
        if not preactivations(Z, b, sizes[0][rows], sizes[1], *rounding, radius):
            require_representable("pre-activations", Z)
        n_kinks += kinks.resolve(net, X[rows], Z, radius)
        T = np.empty_like(Z)
        net.activation.third(Z.ravel(), radius.ravel(), T.ravel())
        net.activation.jets(Z.ravel(), S[rows].ravel(), S1[rows].ravel(), S2[rows].ravel())
        unit_norms(radius, T, S[rows], S1[rows], S2[rows], alpha, limits, sums[:, rows])
    if not np.isfinite(sums).all():
        for name, values in (("s", S), ("s'", S1), ("s''", S2)):
            require_representable(f"activation values {name}(z)", values)
    return S, S1, S2, SampleNorms(*[*sums, sizes[0]]), n_kinks


@kernel
def add_to_rows(c, F):  # type: ignore[no-untyped-def]
    """Add c (q,) to every row of F (n, q)."""
    for i in range(F.shape[0]):
        for o in range(F.shape[1]):
            F[i, o] += c[o]


@scalar_kernel
def jet_errors(r, t, s, s1, s2, limits):  # type: ignore[no-untyped-def]
    """Bounds of the errors of s, s' and s'' from their absolute values.

    The true pre-activation lies within `r` of the computed one and t >= |s'''| there, so the errors of
    s'', s', s follow in turn by the mean value theorem, and no derivative exceeds its supremum. Where t is
    negative s'' and s''' are below the smallest number, and s' is constant to it. On a piece that is zero
    everything is exact, and no time is lost with numbers as small as what underflows. `limits`: the
    activation's absolute error, sup |s'|, sup |s''|.
    """
    floor = limits[0] + 4.0 * SUBNORMAL if limits[2] > 0.0 or s + s1 > 0.0 else 0.0
    bent = 0.0 if t < 0.0 else r
    e2 = min(bent * t + JET_ERROR * s2 + floor, s2 + limits[2])
    e1 = min(bent * (s2 + e2) + JET_ERROR * s1 + floor, s1 + limits[1])
    return r * min(s1 + e1, limits[1]) + JET_ERROR * s + floor, e1, e2


@reduction_kernel
def unit_norms(radius, T, S, S1, S2, alpha, limits, out):  # type: ignore[no-untyped-def]
    """Fill out (10, rows) with bounds of the norms over units of `SampleNorms`.

    Where squares would leave the floats the sum of absolute values stands for the norm.
    """
    m = S.shape[1]
    total = alpha.sum()
    for i in range(S.shape[0]):
        ss = dd = s1s1 = ee = s2s2 = 0.0
        ess = edd = es1 = eee = output = curved = 0.0
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
            output += weight * e0
            curved += s2 + max(T[i, k], 0.0)
        norms = out[:, i]
        norms[0], norms[1], norms[2], norms[3], norms[4] = ss, dd, s1s1, ee, s2s2
        norms[5], norms[6], norms[7], norms[8] = ess, edd, es1, eee
        norms[9] = SLACK * (output + m * SUBNORMAL)
        safe = True
        for j in range(9):
            fits = SAFE_LOW <= norms[j] <= SAFE_HIGH
            safe = safe and (fits or (curved == 0.0 and j in (3, 4, 8)))
            norms[j] = SLACK * math.sqrt(norms[j])
        if safe and curved == 0.0:  # a piece that is linear: s'' is zero but for the activation's own error
            norms[8] = SLACK * (total * (limits[0] + 4.0 * SUBNORMAL) + m * SUBNORMAL)
        if not safe:
            absolute_sums(radius[i], T[i], S[i], S1[i], S2[i], alpha, limits, norms)


@reduction_kernel
def absolute_sums(radius, T, S, S1, S2, alpha, limits, out):  # type: ignore[no-untyped-def]
    """Replace those norms of one sample whose squares left the floats by sums of absolute values.

    Arrays over units are (m,), `out` is (10,).
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
        sums[6] += weight * (e1 + 2 * UNIT * s1) + 2 * lost
        sums[7] += e1
        sums[8] += weight * (e2 + 2 * UNIT * s2) + 2 * lost
    for j in range(9):
        if not SAFE_LOW <= (out[j] / SLACK) ** 2 <= SAFE_HIGH:
            out[j] = SLACK * sums[j]


def output_error(net: TwoLayer, lengths: Array, moved: Array) -> Array:
    """Bounds of the errors' norms of the outputs from |S_i| and sum_k alpha_k |error of S_ik|, each (n,)."""
    m = net.W.shape[0]
    size = scaled_norm(net.A) * lengths + (0.0 if net.c is None else scaled_norm(net.c))
    return np.asarray(SLACK * (moved + gamma(m + 2) * size) + net.A.size * SUBNORMAL)


def loss_errors(
    rule: Loss, F: Array, L: Array, G: Array, Lam: Array, F_error: Array
) -> tuple[Array, Array, Array]:
    """Errors (n,) of l, dl/df, d2l/df2: f is uncertain by F_error, and the loss itself is rounded.

    Where |d3l| <= M d2l, the curvature is uncertain by a factor exp(M radius), in any unitary norm: an error
    in proportion, however small the curvature of a confident sample. Neither derivative exceeds its supremum.
    """
    n, q = F.shape
    g, lam = scaled_norms(G), scaled_norms(Lam.reshape(n, q * q))
    radius = F_error + JET_ERROR * scaled_norms(F)
    third = rule.sup3 if rule.separable else np.sqrt(q) * rule.sup3  # spectral to Frobenius norm
    largest = lam + q * SUBNORMAL
    moved = np.minimum(radius * third, np.expm1(rule.concordance * radius) * largest)
    lam_error = SLACK * (moved + 2 * JET_ERROR * largest) if third else np.zeros(n)
    lam_error = np.minimum(lam_error, SLACK * (lam + np.sqrt(q) * rule.sup2))
    g_error = SLACK * (radius * (lam + lam_error) + JET_ERROR * g) + SUBNORMAL
    g_error = np.minimum(g_error, SLACK * (g + np.sqrt(q) * rule.sup1))
    l_error = SLACK * (radius * (g + g_error) + (JET_ERROR + gamma(q)) * np.abs(L)) + SUBNORMAL
    return l_error, g_error, np.asarray(lam_error)
