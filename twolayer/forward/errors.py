"""The forward pass, with bounds of the rounding errors of its values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .. import arrays
from ..arrays import Array, require_representable
from ..errors.rounding import JET_ERROR, SLACK, SUBNORMAL, UNDERFLOW_NORM, UNIT, gamma, scaled_norms
from ..jit import reduction_kernel
from ..model.loss import Loss
from ..model.loss import loss as find_loss
from ..model.network import TwoLayer
from . import kinks
from .kinks import preactivation_error
from .values import Values, loss_values

ROWS_PER_BLOCK = 256


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

    @property
    def convention(self) -> str:
        """What a reader must know to reproduce a number."""
        return f"{self.loss.convention} (n = {self.n}); theta = ({', '.join(self.net.parts)})"


@dataclass(frozen=True)
class SampleNorms:
    """Euclidean norms over the units, one per sample, each (n,).

    With alpha_k = |A[:, k]|: S, D = alpha S1, S1 and E = alpha S2; `dS`, `dD`, `dS1`, `dE` bound the norms
    of their errors and `output` bounds sum_k alpha_k |error of S_ik|.
    """

    S: Array
    D: Array
    S1: Array
    E: Array
    dS: Array
    dD: Array
    dS1: Array
    dE: Array
    output: Array


def forward(net: TwoLayer, X: ArrayLike, y: ArrayLike, loss: str | Loss = "squared") -> Forward:
    """Validate the data and run the network and the loss on it. `X` has shape (n, d), `y` (n,) or (n, q).

    Raises
    ------
    ValueError
        If the data does not fit the network or the loss, or an intermediate value overflows.
    """
    rule = find_loss(loss)
    inputs = arrays.inputs(X, net.W.shape[1]).copy()  # a Hessian outlives the caller's next change of X
    labels = arrays.targets(y, rule.labels, inputs.shape[0], net.n_outputs, net.scalar)
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        S, S1, S2, norms, n_kinks = _activate(net, inputs)
        F = S @ net.A.T + (0.0 if net.c is None else net.c)
        require_representable("outputs", F)
        L, G, Lam = loss_values(rule, F, labels)
        for name, values in (("losses", L), ("loss derivatives", G)):
            require_representable(name, values)
        F_error = _output_error(net, norms)
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


def _activate(net: TwoLayer, X: Array) -> tuple[Array, Array, Array, SampleNorms, int]:
    """Fill S, S1, S2 and their norms, a block of rows at a time (a block's temporaries stay in cache)."""
    n, m = X.shape[0], net.W.shape[0]
    S, S1, S2 = (np.empty((n, m)) for _ in range(3))
    sums = np.empty((n, 9))
    alpha = scaled_norms(net.A.T)
    sizes = scaled_norms(X), scaled_norms(net.W)
    n_kinks = 0
    for start in range(0, n, ROWS_PER_BLOCK):
        rows = slice(start, start + ROWS_PER_BLOCK)
        Z = X[rows] @ net.W.T
        if net.b is not None:
            Z += net.b
        require_representable("pre-activations", Z)
        radius = preactivation_error(net, sizes[0][rows], sizes[1])
        n_kinks += kinks.resolve(net, X[rows], Z, radius)
        radius += JET_ERROR * np.abs(Z)
        T = np.empty_like(Z)
        net.activation.third(Z.ravel(), radius.ravel(), T.ravel())
        net.activation.jets(Z.ravel(), S[rows].ravel(), S1[rows].ravel(), S2[rows].ravel())
        sum_squares(radius, T, S[rows], S1[rows], S2[rows], alpha, net.activation.floor, sums[rows])
    for name, values in (("s", S), ("s'", S1), ("s''", S2)):
        require_representable(f"activation values {name}(z)", values)
    return S, S1, S2, _sample_norms(sums, m), n_kinks


@reduction_kernel
def sum_squares(radius, T, S, S1, S2, alpha, floor, out):  # type: ignore[no-untyped-def]
    """Fill out (rows, 9) with the sums over units that `SampleNorms` needs.

    The true pre-activation lies within `radius` of the computed one and T >= |s'''| there, so the errors
    of s'', s', s follow in turn by the mean value theorem. `floor` is the activation's absolute error.
    """
    for i in range(S.shape[0]):
        ss = dd = s1s1 = ee = 0.0
        ess = edd = es1 = eee = output = 0.0
        for k in range(S.shape[1]):
            r = radius[i, k]
            s, s1, s2, weight = abs(S[i, k]), abs(S1[i, k]), abs(S2[i, k]), alpha[k]
            e2 = r * T[i, k] + JET_ERROR * s2 + floor
            e1 = r * (s2 + e2) + JET_ERROR * s1 + floor
            e0 = r * (s1 + e1) + JET_ERROR * s + floor
            D, E = weight * s1, weight * s2
            eD, eE = weight * e1 + 2 * UNIT * D, weight * e2 + 2 * UNIT * E
            ss += s * s
            dd += D * D
            s1s1 += s1 * s1
            ee += E * E
            ess += e0 * e0
            edd += eD * eD
            es1 += e1 * e1
            eee += eE * eE
            output += weight * e0
        out[i, 0], out[i, 1], out[i, 2], out[i, 3] = ss, dd, s1s1, ee
        out[i, 4], out[i, 5], out[i, 6], out[i, 7] = ess, edd, es1, eee
        out[i, 8] = output


def _sample_norms(sums: Array, m: int) -> SampleNorms:
    norms = SLACK * (np.sqrt(sums.T) + np.sqrt(m) * UNDERFLOW_NORM)
    norms[8] = SLACK * sums[:, 8] + m * SUBNORMAL  # `output` is a sum, not a root of squares
    return SampleNorms(*norms)


def _output_error(net: TwoLayer, norms: SampleNorms) -> Array:
    m = net.W.shape[0]
    size = np.sqrt((net.A**2).sum()) * norms.S + (0.0 if net.c is None else np.sqrt((net.c**2).sum()))
    return np.asarray(SLACK * (norms.output + gamma(m + 2) * size) + m * SUBNORMAL)


def loss_errors(
    rule: Loss, F: Array, L: Array, G: Array, Lam: Array, F_error: Array
) -> tuple[Array, Array, Array]:
    """Errors of l, dl/df, d2l/df2: f is uncertain by F_error, and the loss itself is rounded.

    Where |d3l| <= M d2l, the curvature is uncertain by a factor exp(M radius), in any unitary norm: an error
    in proportion, however small the curvature of a confident sample.
    """
    n, q = F.shape
    g, lam = scaled_norms(G), scaled_norms(Lam.reshape(n, q * q))
    radius = F_error + JET_ERROR * scaled_norms(F)
    third = rule.sup3 if rule.separable else np.sqrt(q) * rule.sup3  # spectral to Frobenius norm
    largest = lam + q * SUBNORMAL
    moved = np.minimum(radius * third, np.expm1(rule.concordance * radius) * largest)
    lam_error = SLACK * (moved + 2 * JET_ERROR * largest) if third else np.zeros(n)
    g_error = SLACK * (radius * (lam + lam_error) + JET_ERROR * g) + SUBNORMAL
    l_error = SLACK * (radius * (g + g_error) + (JET_ERROR + gamma(q)) * np.abs(L)) + SUBNORMAL
    return l_error, g_error, np.asarray(lam_error)
