"""Bounds of the errors of a loss and its derivatives, from that of the outputs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arrays import Array
from ..errors.rounding import JET_ERROR, SLACK, SUBNORMAL, gamma, scaled_norms
from ..jit import error_kernel
from ..model.loss import Loss
from .values import diagonals, loss_parts

COARSE = 0.01
"""Where the curvature may change by more than a factor of exp of this, it is looked at all around."""


def loss_errors(
    rule: Loss, F: Array, y: NDArray[Any], L: Array, G: Array, Lam: Array, F_error: Array
) -> tuple[Array, Array, Array, bool]:
    """Errors (n,) of l, dl/df, d2l/df2, and whether any of these is nothing that a product could tell.

    f (n, q) is uncertain by F_error (n,), and the loss itself is rounded; y are the targets, and Lam is
    (n, q, q) or, of a separable loss, its diagonals (n, q). Where
    |d3l| <= M d2l, the curvature is uncertain by a factor exp(M radius), in any unitary norm: an error in
    proportion, however small the curvature of a confident sample. Neither derivative exceeds its supremum.
    Where the outputs are uncertain by more than that is good for, the derivatives all around are bounded.
    """
    n, q = F.shape
    third = rule.sup3 if rule.separable else math.sqrt(q) * rule.sup3  # spectral to Frobenius norm
    limits = third, rule.concordance, math.sqrt(q) * rule.sup1, math.sqrt(q) * rule.sup2, q
    rounding, gone = JET_ERROR + gamma(q), False
    sizes = scaled_norms(F), scaled_norms(G), scaled_norms(Lam.reshape(n, -1))
    lost, radius, found = np.empty(n), np.empty(n), np.empty((3, n))
    lost.fill(SUBNORMAL)
    if math.isfinite(rule.faded):
        reach = 2 * (F_error + JET_ERROR * sizes[0])
        lost[_least_distance(rule, F, y) - reach >= rule.faded] = 0.0
        gone = not lost.all()
    if of_derivatives(sizes, F_error, L, lost, limits, rounding, radius, found):
        coarse = rule.concordance * radius > COARSE
        around = _around if rule.separable else _around_softmax
        bounds = around(rule, F[coarse], y[coarse], G[coarse], Lam[coarse], radius[coarse], lost[coarse])
        found[1:, coarse] = np.fmin(found[1:, coarse], bounds)
        of_losses(radius, sizes[1], L, rounding, found)
    return found[0], found[1], found[2], gone


@error_kernel
def of_losses(radius, g, L, rounding, found):  # type: ignore[no-untyped-def]
    """Fill found[0] (n,) with the errors of the losses L (n,), whose slopes g (n,) are off by found[1]."""
    for i in range(L.size):
        found[0, i] = SLACK * (radius[i] * (g[i] + found[1, i]) + rounding * abs(L[i])) + SUBNORMAL


@error_kernel
def of_derivatives(sizes, F_error, L, lost, limits, rounding, radius, found):  # type: ignore[no-untyped-def]
    """Fill found (3, n) with the errors of L, G and Lam; how many samples have outputs that are coarse.

    sizes are |F_i|, |G_i| and |Lam_i|, each (n,), and radius (n,) gets by how much outputs are uncertain;
    `limits` are sup |d3l|, the concordance, the suprema of the derivatives and q. exp(x) - 1 <= x + x^2 up to
    x = 1.
    """
    f, g, lam = sizes
    third, concordance, sup1, sup2, q = limits
    coarse = 0
    for i in range(f.size):
        radius[i], lam_error = F_error[i] + JET_ERROR * f[i], 0.0
        x = concordance * radius[i]
        if third > 0.0:
            largest, moved = lam[i] + q * lost[i], radius[i] * third
            grown = (x * (1.0 + x) if x <= 1.0 else math.expm1(x)) * largest
            moved = grown if grown < moved else moved
            lam_error = SLACK * (moved + 2 * JET_ERROR * largest) + q * lost[i]
            most = SLACK * (lam[i] + sup2)
            lam_error = most if most < lam_error else lam_error
        g_error = SLACK * (radius[i] * (lam[i] + lam_error) + JET_ERROR * g[i]) + lost[i]
        most = SLACK * (g[i] + sup1)
        found[1, i], found[2, i] = most if most < g_error else g_error, lam_error
        coarse += 1 if x > COARSE else 0
    of_losses(radius, g, L, rounding, found)
    return coarse


def _least_distance(rule: Loss, F: Array, y: NDArray[Any]) -> Array:
    """Of each sample's outputs F (n, q), the least distance that counts for `faded`, up to rounding; (n,)."""
    if rule.separable:
        return np.asarray(np.abs(F - _peaks(rule, F, y)).min(axis=1))
    ordered = np.sort(F, axis=1)
    return np.asarray(ordered[:, -1] - ordered[:, -2] if F.shape[1] > 1 else np.zeros(len(F)))


def _peaks(rule: Loss, F: Array, y: NDArray[Any]) -> Array:
    """The outputs (n, q) at which the curvature is largest."""
    assert rule.peak is not None
    return rule.peak[0] + rule.peak[1] * np.asarray(y, float).reshape(F.shape)


@np.errstate(over="ignore", invalid="ignore", under="ignore")
def _around(
    rule: Loss, F: Array, y: NDArray[Any], G: Array, Lam: Array, radius: Array, lost: Array
) -> tuple[Array, Array]:
    """Errors (n,) of dl/df, which grows with f, and of d2l/df2, which falls away from its peak.

    Arguments as for :func:`loss_errors`; `radius` and `lost` are (n,), the latter what underflow may take.
    """
    reach = SLACK * (radius[:, None] + 2 * JET_ERROR * np.abs(F))
    low, high = (loss_parts(rule, F + side * reach, y) for side in (-1.0, 1.0))
    diagonal = [diagonals(each) for each in (low[2], Lam, high[2])]
    peaked = np.abs(F - _peaks(rule, F, y)) <= SLACK * SLACK * reach
    most = np.where(peaked, rule.sup2, np.maximum(diagonal[0], diagonal[2]))
    least = np.minimum(diagonal[0], diagonal[2])
    curved = np.maximum(most - diagonal[1], diagonal[1] - least)
    curved += 4 * JET_ERROR * np.maximum(most, diagonal[1])
    steep = np.maximum(high[1] - G, G - low[1]) + 4 * JET_ERROR * (np.abs(high[1]) + np.abs(low[1]))
    rest = F.shape[1] * lost
    return SLACK * scaled_norms(steep) + rest, SLACK * scaled_norms(curved) + rest


@np.errstate(over="ignore", invalid="ignore", under="ignore")
def _around_softmax(
    rule: Loss, F: Array, y: NDArray[Any], G: Array, Lam: Array, radius: Array, lost: Array
) -> tuple[Array, Array]:
    """The same for softmax, whose shares p beside the largest output add up to e at most.

    The distance of the largest output from another is uncertain by sqrt(2) radius. The shares are within
    sqrt(2) e of certainty, and the curvature diag(p) - p p^T, no longer than its trace, within 2 e of zero.
    """
    shares = _rest(F, radius) + F.shape[1] * lost
    g, lam = scaled_norms(G), scaled_norms(Lam.reshape(len(F), -1))
    g_error = SLACK * (2 * np.sqrt(2) * shares + 4 * JET_ERROR * g) + lost
    return g_error, SLACK * (lam + 2 * shares) + lost


def _rest(F: Array, radius: Array) -> Array:
    """A bound (n,) of the shares of all outputs F (n, q) but the largest, each moved by up to `radius`."""
    top = F.max(axis=1)[:, None]
    gaps = top - F
    gaps[np.arange(len(F)), F.argmax(axis=1)] = np.inf
    least = gaps - SLACK * (np.sqrt(2) * radius[:, None] + 2 * JET_ERROR * np.abs(F))
    return np.asarray(SLACK * np.exp(-least).sum(axis=1))
