"""Rounding bounds shared by every curvature quantity.

Write H = (1/n) sum_i (J_i^T Lam_i J_i + F_i), F_i the residual part of sample i. Replacing every factor by
its computed value changes H by a matrix whose Frobenius (and nuclear) norm the triangle inequality bounds
through the norms of one sample; that is `propagated`. Arithmetic on the computed factors adds an error
proportional to the sizes ``gauss_newton`` and ``residual`` below.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from twolayer.arrays import Array
from twolayer.errors.rounding import NOTHING, SLACK, SUBNORMAL, times_power
from twolayer.forward.errors import ABSENT, Forward
from twolayer.forward.scope import Scope, sizes
from twolayer.jit import kernel, reduction_kernel, scalar_kernel

MULTIPLICATIONS = 16  # of one term, at most


@dataclass(frozen=True)
class Bounds:
    """Norms over samples, and the error that the computed factors propagate.

    Attributes
    ----------
    jacobian : ndarray, shape (n,)
        Bounds of |J_i|_F.
    gauss_newton, residual : float
        Bounds of (1/n) sum |Lam_i| |J_i|_F^2 and (1/n) sum |F_i|_F; zero for a part left out.
    propagated : float
        Bound of the Frobenius norm of (H from computed factors) - H, and of what underflow takes from H.
    trace_propagated : float
        The same for the trace.
    gradient_propagated, gradient_size : float
        The same for the norm of the risk's gradient, and (1/n) sum |g_i| |J_i|_F.
    underflow : float
        Bound of what underflow alone may take from the Frobenius norm and the trace.
    """

    jacobian: Array
    gauss_newton: float
    residual: float
    propagated: float
    trace_propagated: float
    gradient_propagated: float
    gradient_size: float
    underflow: float

    @property
    def total(self) -> float:
        """What the error of arithmetic on H is proportional to."""
        return self.gauss_newton + self.residual


def bounds(forward: Forward, scope: Scope) -> Bounds:
    """Evaluate the bounds for one scope; O(n) once the forward pass is done."""
    norms, n, m = forward.norms, forward.n, forward.net.W.shape[0]
    root = math.sqrt(forward.net.n_outputs)
    jacobian, sums = np.empty(n), np.empty(6)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        each = (norms.S, norms.dS, norms.D, norms.dD, norms.S1, norms.dS1, norms.E, norms.dE)
        losses = (*forward.loss_norms, forward.Lam_error, forward.G_error)
        parts = float(scope.gauss_newton), float(scope.residual)
        factors = (scope.has("a"), root * scope.has("a"), root * scope.has("c"), math.sqrt(m), *parts)
        add_up(each, losses, input_norms(forward, scope), factors, jacobian, sums)
        newton, residual, moved, trace_moved, gradient_moved, gradient_size = (SLACK * sums / n).tolist()
        exponents = product_exponent(forward, scope), gradient_exponent(forward, scope)
        terms = n * forward.net.n_outputs**2 * m * sum(sizes(forward, scope).values())
        lost, gradient_lost = (_underflow(terms, e) + forward.beyond for e in exponents)
    return Bounds(
        jacobian=jacobian,
        gauss_newton=newton if scope.gauss_newton else 0.0,
        residual=residual if scope.residual else 0.0,
        propagated=lost + moved,
        trace_propagated=lost + trace_moved,
        gradient_propagated=gradient_lost + gradient_moved,
        gradient_size=gradient_size,
        underflow=lost,
    )


@scalar_kernel
def length(u, v):  # type: ignore[no-untyped-def]
    """sqrt(u^2 + v^2) of numbers that are not negative, whose squares may leave the floats."""
    large, small = max(u, v), min(u, v)
    ratio = small / large if 0.0 < large < np.inf else 0.0
    return large * math.sqrt(1.0 + ratio * ratio)


@reduction_kernel
def add_up(each, losses, x, factors, jacobian, sums):  # type: ignore[no-untyped-def]
    """Fill jacobian (n,) and sums (6,), over samples, from arrays (n,)."""
    S, dS, D, dD, S1, dS1, E, dE = each
    g, lam, lam_error, g_error = losses
    with_a, a, c, root_m, newton, residual = factors
    for k in range(6):
        sums[k] = 0.0
    size = rest = moved = trace_moved = gradient_moved = gradient_size = 0.0
    for i in range(x.size):
        twice, squares = math.sqrt(2.0) * with_a * x[i], x[i] * x[i]
        J, dJ = length(length(a * S[i], x[i] * D[i]), c), length(a * dS[i], x[i] * dD[i])
        F, dF = length(twice * S1[i], squares * E[i]), length(twice * dS1[i], squares * dE[i])
        jacobian[i] = J
        if newton > 0.0:
            newton_moved = lam_error[i] * (J + dJ) * (J + dJ) + lam[i] * dJ * (2 * J + dJ)
            size += lam[i] * J * J
            moved += newton_moved
            trace_moved += newton_moved
        if residual > 0.0:
            rest += g[i] * F
            moved += g_error[i] * (F + dF) + g[i] * dF
            trace_moved += root_m * squares * (g_error[i] * (E[i] + dE[i]) + g[i] * dE[i])
        gradient_moved += g_error[i] * (J + dJ) + g[i] * dJ
        gradient_size += g[i] * J
    sums[0], sums[1], sums[2], sums[3] = size, rest, moved, trace_moved
    sums[4], sums[5] = gradient_moved, gradient_size


def input_norms(forward: Forward, scope: Scope) -> Array:
    """Bounds of |x~_i| of the included inputs: |x_i| with W, and 1 with b. Shape (n,)."""
    biased = scope.has("b")
    if not scope.has("W"):
        return np.full(forward.n, biased)
    if not biased:
        return forward.norms.X
    lengths = np.empty(forward.n)
    with_one(forward.norms.X, lengths)
    return lengths


@kernel
def with_one(norms, lengths):  # type: ignore[no-untyped-def]
    """Fill lengths (n,) with sqrt(x^2 + 1) of norms (n,), whose squares may leave the floats."""
    for i in range(norms.size):
        lengths[i] = length(norms[i], 1.0)


def product_exponent(forward: Forward, scope: Scope) -> int:
    """An e with 2^e above every product of some of the factors of one term of the curvature, or `NOTHING`.

    The terms are Lam u u' with u one of S, A S1 x and 1, and G S1 x and G A S2 x x: those that the scope
    holds, and no factor of which is zero throughout.
    """
    e = forward.counted_exponents
    inputs = _input_exponents(e, scope)
    outputs = [e["S"]] if scope.has("a") else []
    outputs += [e["A"] + e["S1"] + x for x in inputs] + [0] * scope.has("c")
    found = [e["Lam"] + 2 * largest for largest in outputs] if scope.gauss_newton else []
    if scope.residual:
        found += [e["G"] + e["S1"] + x for x in inputs if scope.has("a")]
        found += [e["G"] + e["A"] + e["S2"] + 2 * x for x in inputs]
    return _largest(found)


def gradient_exponent(forward: Forward, scope: Scope) -> int:
    """The same of the gradient: its terms are G S, G A S1 x and G."""
    e = forward.counted_exponents
    found = [e["G"] + e["S"]] if scope.has("a") else []
    found += [e["G"] + e["A"] + e["S1"] + x for x in _input_exponents(e, scope)]
    return _largest([*found, e["G"]] if scope.has("c") else found)


def _input_exponents(e: dict[str, int], scope: Scope) -> list[int]:
    """Of the inputs and of a hidden bias, as far as they are included."""
    return [e["X"]] * scope.has("W") + [0] * scope.has("b")


def _largest(exponents: list[int]) -> int:
    """The largest exponent of a product; `NOTHING` where each has a factor that is zero."""
    largest = max(exponents, default=ABSENT)
    return largest if largest >= 0 else NOTHING


def _underflow(terms: int, exponent: int) -> float:
    """What underflow may take from all entries together, 2^`exponent` above every product of factors.

    A multiplication loses at most half of the smallest number, and what is multiplied to the loss afterwards
    is a product of other factors of the same term. An entry has q^2 terms of each sample, and m more where
    units are summed: `terms` of all entries.
    """
    if exponent == NOTHING:
        return 0.0
    return float(MULTIPLICATIONS * terms) * times_power(SUBNORMAL, exponent)
