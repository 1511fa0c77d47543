"""Rounding bounds shared by every curvature quantity.

Write H = (1/n) sum_i (J_i^T Lam_i J_i + F_i), F_i the residual part of sample i. Replacing every factor by
its computed value changes H by a matrix whose Frobenius (and nuclear) norm the triangle inequality bounds
through the norms of one sample; that is `propagated`. Arithmetic on the computed factors adds an error
proportional to the sizes ``gauss_newton`` and ``residual`` below.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from twolayer.arrays import Array
from twolayer.errors.rounding import NOTHING, SLACK, SUBNORMAL, exponent_above, times_power
from twolayer.forward.errors import ABSENT, Forward
from twolayer.forward.scope import GROUPS, Scope, order
from twolayer.jit import reduction_kernel, scalar_kernel

MULTIPLICATIONS = 16  # of one term, at most
PRODUCTS = 2.0**200  # products of factors up to this are ordinary,
SIZES = 2.0**-100  # unless the sum of them all is smaller than this


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
    norms, n, (q, m) = forward.norms, forward.n, forward.net.A.shape
    each = norms.X, norms.S, norms.dS, norms.D, norms.dD, norms.S1, norms.dS1, norms.E, norms.dE
    losses = *forward.loss_norms, forward.Lam_error, forward.G_error
    a, w, b, c = (float(scope.has(name)) for name in GROUPS)
    groups, jacobian = (a, w, b, a * math.sqrt(q), c * math.sqrt(q)), np.empty(n)
    parts = float(scope.gauss_newton), float(scope.residual)
    sums = add_up(each, losses, groups, math.sqrt(m), parts, jacobian)
    newton, residual, moved, trace_moved, gradient_moved, gradient_size = (
        SLACK * total / n for total in sums
    )
    exponents = (
        _exponent(forward, newton + residual, scope, product_exponent),
        _exponent(forward, gradient_size, scope, gradient_exponent),
    )
    terms = n * q * q * m * order(forward, scope)
    lost, gradient_lost = (_underflow(terms, e) + forward.beyond for e in exponents)
    return Bounds(
        jacobian=jacobian,
        gauss_newton=newton,
        residual=residual,
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
def add_up(each, losses, groups, root_m, parts, jacobian):  # type: ignore[no-untyped-def]
    """Fill jacobian (n,) from arrays (n,); six sums over samples, zero those of a part that is left out.

    `groups` says by 1 or 0 whether a, W and b are meant, and has sqrt(q) in the place of 1 for a and c.
    """
    lengths, S, dS, D, dD, S1, dS1, E, dE = each
    g, lam, lam_error, g_error = losses
    with_a, with_w, with_b, a, c = groups
    newton, residual = parts
    size = rest = moved = trace_moved = gradient_moved = gradient_size = 0.0
    for i in range(lengths.size):
        x = length(with_w * lengths[i] if with_w > 0.0 else 0.0, with_b)
        twice, squares = math.sqrt(2.0) * with_a * x, x * x
        J, dJ = length(length(a * S[i], x * D[i]), c), length(a * dS[i], x * dD[i])
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
    return size, rest, moved, trace_moved, gradient_moved, gradient_size


def _exponent(forward: Forward, size: float, scope: Scope, exact: Callable[[Forward, Scope], int]) -> int:
    """An e with 2^e above every product; as small as `exact` says it, unless that tells nothing of `size`."""
    if forward.product_bound <= PRODUCTS and size >= SIZES:
        return exponent_above(forward.product_bound)
    return exact(forward, scope)


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


@np.errstate(over="ignore", invalid="ignore")
def block_bounds(
    forward: Forward, scope: Scope, rows: tuple[str, ...], columns: tuple[str, ...]
) -> tuple[float, float]:
    """What rounding errors of a block are proportional to, and the error that its factors propagate.

    Both bound Frobenius norms, of (1/n) sum |Lam_i| |J_i| |K_i| + |F_i| and of its change, J_i and K_i being
    the derivatives by the parts of the rows and of the columns. What underflows is not among them.
    """
    (J, dJ), (K, dK) = (_jacobian(forward, groups) for groups in (rows, columns))
    F, dF = _residual(forward, rows, columns)
    g, lam = forward.loss_norms
    size, moved = np.zeros(forward.n), np.zeros(forward.n)
    if scope.gauss_newton:
        size += lam * J * K
        moved += forward.Lam_error * (J + dJ) * (K + dK) + lam * (dJ * (K + dK) + J * dK)
    if scope.residual:
        size += g * F
        moved += forward.G_error * (F + dF) + g * dF
    return SLACK * float(size.mean()), SLACK * float(moved.mean())


def _jacobian(forward: Forward, groups: tuple[str, ...]) -> tuple[Array, Array]:
    """Bounds of the norms of J_i by the parameters of some parts, and of its errors, each (n,)."""
    norms, root = forward.norms, np.sqrt(forward.net.n_outputs)
    zeros, ones = np.zeros(forward.n), np.ones(forward.n)
    each = {
        "a": (root * norms.S, root * norms.dS),
        "W": (norms.X * norms.D, norms.X * norms.dD),
        "b": (norms.D, norms.dD),
        "c": (root * ones, zeros),
    }
    return sum((each[name][0] for name in groups), zeros), sum((each[name][1] for name in groups), zeros)


def _residual(forward: Forward, rows: tuple[str, ...], columns: tuple[str, ...]) -> tuple[Array, Array]:
    """The same of F_i / |g_i|: S1 x between a and the hidden weights, E x x among these, else nothing."""
    norms = forward.norms
    x = {"W": norms.X, "b": np.ones(forward.n)}
    size, error = np.zeros(forward.n), np.zeros(forward.n)
    for one in rows:
        for other in columns:
            if one in x and other in x:
                size += norms.E * x[one] * x[other]
                error += norms.dE * x[one] * x[other]
            elif "a" in (one, other) and (one in x or other in x):
                inputs = x[one if one in x else other]
                size += norms.S1 * inputs
                error += norms.dS1 * inputs
    return size, error
