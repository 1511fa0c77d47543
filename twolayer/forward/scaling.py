"""Powers of two that take factors to where neither they, their squares nor their products leave the floats.

For any t, v, w and r > 0 the factors

    X / t,   A / v,   w S,   v w t S1,   v^2 w t^2 S2,   Lam / (w^2 r),   G / (v w r)

belong to the curvature H / r, and to the gradient over v r: t cancels between inputs and derivatives by the
pre-activations, v between those and the output weights, w between them and the losses. Powers of two commit
no rounding. A hidden bias is multiplied by 1 and an output bias has derivative 1, so that t is 1 where the
former is meant and w is 1 where the latter is.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..arrays import Array
from ..errors.rounding import (
    NOTHING,
    SUBNORMAL,
    enclosed_times_power,
    exponent_of,
    largest_size,
    times_power,
)
from ..jit import kernel
from .bounds import PRODUCTS, SIZES, Bounds, bounds, gradient_exponent, product_exponent
from .errors import Forward
from .norms import SampleNorms
from .scope import Scope

LEAST, LARGE = -1074, 900  # exponents of the smallest number, and of what may still be multiplied


@dataclass(frozen=True)
class Scaled:
    """Factors of the curvature, or of the gradient, over two to `exponent`, and their bounds.

    `vanishes` says that every product of the computed factors is exactly zero: what is left are errors.
    """

    forward: Forward
    bound: Bounds
    exponent: int = 0
    vanishes: bool = False

    def back(self, value: float, error: float) -> tuple[float, float]:
        """A value of the scaled problem and its error, made those of the problem itself; inf on overflow."""
        return enclosed_times_power(value, error, self.exponent)


def needs_no_scaling(forward: Forward, scope: Scope) -> bool:
    """Whether the values alone tell that scaling is of no use for a matrix, whatever their errors.

    Asked before any bound is found, so that what comes without one costs none.
    """
    sups = forward.net.activation.sup0, forward.net.activation.sup1, forward.net.activation.sup2
    units = forward.S, forward.S1, forward.S2
    losses, both = (forward.G, forward.Lam), (scope.gauss_newton, scope.residual)
    parts = scope.has("a"), scope.has("W"), scope.has("b"), scope.has("c")
    return bool(of_ordinary_size(forward.lengths, forward.net.A, losses, units, sups, parts, both))


@kernel
def of_ordinary_size(x, A, losses, units, sups, parts, both):  # type: ignore[no-untyped-def]
    """Whether products of factors are below `PRODUCTS`, and some sample's part of their mean above `SIZES`.

    x (n,) are the inputs' norms, units are S, S1 and S2, each (n, m): where a supremum is known, it is taken
    for the largest of all.
    """
    (G, Lam), (S, S1, S2) = losses, units
    largest = max(largest_size(A.ravel()), 1.0) * max(largest_size(x), 1.0)
    largest *= largest * max(largest_size(G.ravel()), 1.0) * max(largest_size(Lam.ravel()), 1.0)
    s = sups[0] if sups[0] < PRODUCTS else largest_size(S.ravel())
    s1 = sups[1] if sups[1] < PRODUCTS else largest_size(S1.ravel())
    s2 = sups[2] if sups[2] < PRODUCTS else largest_size(S2.ravel())
    s, s1 = max(s, 1.0), max(s1, 1.0)
    if not largest * s * s * s1 * s1 * max(s2, 1.0) <= PRODUCTS:
        return False
    i = 0
    while i < x.size and sample_size(i, x, A, losses, units, parts, both) < x.size * SIZES:
        i += 1
    return i < x.size


@kernel
def sample_size(i, x, A, losses, units, parts, both):  # type: ignore[no-untyped-def]
    """The size of the largest product among the terms of sample i, about: x (n,) bounds its input's norm."""
    (G, Lam), (S, S1, S2), (a, w, b, c), (newton, residual) = losses, units, parts, both
    (q, m), inputs = A.shape, max(x[i] if w else 0.0, 1.0 if b else 0.0)
    g = lam = value = slope = bend = outer = 0.0
    for o in range(q):
        g = max(g, abs(G[i, o]))
        for p in range(q):
            lam = max(lam, abs(Lam[i, o, p]))
        for k in range(m):
            slope, bend = max(slope, abs(A[o, k] * S1[i, k])), max(bend, abs(A[o, k] * S2[i, k]))
    for k in range(m):
        value, outer = max(value, abs(S[i, k])), max(outer, abs(S1[i, k]))
    J = max(value if a else 0.0, inputs * slope, 1.0 if c else 0.0)
    rest = max(inputs * outer if a else 0.0, inputs * inputs * bend)
    return max(lam * J * J if newton else 0.0, g * rest if residual else 0.0)


@np.errstate(over="ignore", invalid="ignore", divide="ignore")
def scaled_curvature(forward: Forward, scope: Scope, bound: Bounds) -> Scaled:
    """Factors for the curvature of the scope, scaled where they must be; `bound` is that of `forward`."""
    size = bound.total
    if needs_no_scaling(forward, scope) and math.isfinite(size + bound.propagated):
        return Scaled(forward, bound)  # the factors that are taken without a bound
    if _ordinary(forward, size, product_exponent, scope):
        return Scaled(forward, bound)
    forward = _seen(forward, scope, gradient=False)
    values, r = (_curvature_exponent(forward, scope, errors) for errors in (False, True))
    if values == -math.inf:
        return _vanishing(forward, scope, r)
    if not math.isfinite(r):
        return Scaled(forward, bound)
    made = _scaled(forward, scope, math.ceil(r))
    # numbers so small that no power of two takes their underflow to where it is nothing
    lost = not math.isfinite(made.bound.total + made.bound.propagated)
    return Scaled(forward, bound) if lost and math.isfinite(size + bound.propagated) else made


def _ordinary(forward: Forward, size: float, exponent: Callable[[Forward, Scope], int], scope: Scope) -> bool:
    """Whether no factor and no product is so large, nor the sum of all so small, that scaling is of use."""
    if not SIZES <= size < math.inf:
        return False
    if forward.product_bound <= PRODUCTS:
        return True
    return max(exponent(forward, scope), *forward.factor_exponents.values()) <= math.log2(PRODUCTS)


def _vanishing(forward: Forward, scope: Scope, r: float) -> Scaled:
    """Where every product of the factors is zero: zeros, and a bound of what their errors make of 2^r.

    With q outputs and m units the norms of a sample are at most q sqrt(3) and sqrt(m q) times the largest of
    what they are made of, and there are two parts.
    """
    if r == math.inf or math.isnan(r):
        return Scaled(forward, bounds(forward, scope), vanishes=True)
    (n, q), m = forward.F.shape, len(forward.net.W)
    exponent = LEAST if r < LEAST else math.ceil(r) + 1
    beyond = 3.0 * q * q + 2.0 * math.sqrt(m * q) if forward.beyond or r > -math.inf else 0.0
    size = times_power(beyond, exponent)
    if size < math.ldexp(1.0, LARGE):  # as it is, for shifts of any size
        exponent, beyond = 0, size
    names = ("S", "S1", "S2", "Lam", "Lam_error", "G", "G_error")
    zeros = {name: np.zeros_like(getattr(forward, name)) for name in names}
    norms = SampleNorms(**{name: np.zeros(n) for name in vars(forward.norms)})
    nothing = forward.changed(X=_moderate(forward.X), norms=norms, beyond=beyond, **zeros)
    return Scaled(nothing, bounds(nothing, scope), exponent, vanishes=True)


def _moderate(X: Array) -> Array:
    """Inputs (n, d) of sizes up to 1, which are zero where those of X are.

    What is zero in every sample has eigenvalues that are zero exactly, and nothing else has.
    """
    exponents = np.frexp(np.abs(X).max(axis=0, initial=0.0))[1]
    sizes = np.where(X != 0.0, np.maximum(np.ldexp(np.abs(X), -exponents), 2.0**-500), 0.0)
    return np.asarray(np.copysign(sizes, X))


def _weight_exponent(forward: Forward) -> int:
    """The exponent of the output weights; where they are all zero no power of two is better than another."""
    exponent = exponent_of(forward.net.A)
    return 0 if exponent == NOTHING else exponent


@np.errstate(over="ignore", invalid="ignore", divide="ignore")
def scaled_gradient(forward: Forward, scope: Scope, bound: Bounds) -> Scaled:
    """The same for the gradient."""
    size = bound.gradient_size
    if _ordinary(forward, size, gradient_exponent, scope):
        return Scaled(forward, bound)
    forward = _seen(forward, scope, gradient=True)
    values, r = (_gradient_exponent(forward, scope, errors) for errors in (False, True))
    if values == -math.inf:
        return _vanishing(forward, scope, r)
    if not math.isfinite(r):
        return Scaled(forward, bound)
    v = _weight_exponent(forward)
    made = _scaled(forward, scope, math.ceil(r) - v, gradient_exponent)
    return replace(made, exponent=made.exponent + v)


def _input_norms(forward: Forward, scope: Scope) -> Array:
    """Bounds of |x~_i| of the included inputs: |x_i| with W, and 1 with b. Shape (n,)."""
    x = forward.norms.X if scope.has("W") else np.zeros(forward.n)
    return np.hypot(x, float(scope.has("b")))


def _jacobian_exponents(forward: Forward, scope: Scope, errors: bool) -> tuple[Array, Array]:
    """Base-two logarithms of |J_i| and of |F_i| / |g_i|, with their errors if `errors`; -inf for 0."""
    norms, a = forward.norms, scope.has("a")
    pairs = (norms.S, norms.dS), (norms.S1, norms.dS1), (norms.D, norms.dD), (norms.E, norms.dE)
    with np.errstate(divide="ignore", over="ignore"):
        x = np.log2(_input_norms(forward, scope))
        S, S1, D, E = (np.log2(size + error if errors else size) for size, error in pairs)
    J = np.maximum(D + x, S) if a else D + x
    J = np.maximum(J, 0.0) if scope.has("c") else J
    return J, np.maximum(S1 + x, E + 2 * x) if a else E + 2 * x


def _loss_exponents(forward: Forward, errors: bool) -> tuple[Array, Array]:
    """The same of |Lam_i| and |g_i|."""
    with np.errstate(divide="ignore"):
        lam = np.abs(forward.Lam).reshape(forward.n, -1).max(axis=1)
        g = np.abs(forward.G).max(axis=1)
        if errors:
            lam, g = lam + forward.Lam_error, g + forward.G_error
        return np.log2(lam), np.log2(g)


def _curvature_exponent(forward: Forward, scope: Scope, errors: bool) -> float:
    """The same of the curvature."""
    J, F = _jacobian_exponents(forward, scope, errors)
    lam, g = _loss_exponents(forward, errors)
    newton = float((lam + 2 * J).max()) if scope.gauss_newton else -math.inf
    return max(newton, float((g + F).max()) if scope.residual else -math.inf)


def _gradient_exponent(forward: Forward, scope: Scope, errors: bool) -> float:
    """The same of the gradient."""
    return float((_loss_exponents(forward, errors)[1] + _jacobian_exponents(forward, scope, errors)[0]).max())


def _scaled(
    forward: Forward, scope: Scope, r: int, exponent: Callable[[Forward, Scope], int] = product_exponent
) -> Scaled:
    """The factors for that t and w that make the largest product of factors smallest; v takes A to one."""
    X, Lam, G = (exponent_of(each) for each in (forward.norms.X, forward.Lam, forward.G))
    v = _weight_exponent(forward)
    inputs = [0] if scope.has("b") or X == NOTHING else [X * part // 4 for part in range(5)]
    outer = [exponent for exponent in ((Lam - r) // 2, G - v - r) if abs(exponent) < 4000]
    losses = [0] if scope.has("c") or not outer else [*outer, sum(outer) // len(outer)]
    made = [_moved(forward, t, v, w, r) for t in inputs for w in losses]
    best = min(made, key=lambda each: exponent(each, scope))
    return Scaled(best, bounds(best, scope), r)


def _seen(forward: Forward, scope: Scope, gradient: bool) -> Forward:
    """The factors, zero where they are multiplied by zero or are not asked for, however large they are.

    A sample without inputs contributes nothing to the block of W, one without curvature of the loss nothing
    to G; and inputs are not seen where units are saturated.
    """
    names = ("X", "S", "S1", "S2", "Lam", "Lam_error", "G", "G_error")
    kept = {name: getattr(forward, name).copy() for name in names}
    norms = {name: each.copy() for name, each in vars(forward.norms).items()}
    every, a = np.ones(forward.n, dtype=bool), scope.has("a")

    def clear(rows: NDArray[np.bool_], *cleared: str) -> None:
        for name in cleared:
            for each in (kept, norms):
                if name in each:
                    each[name][rows] = 0.0

    g, lam = forward.loss_norms
    unbent, uncurved = g + forward.G_error == 0.0, lam + forward.Lam_error == 0.0
    if gradient:
        clear(every, "S2", "E", "dE", "dS2", "Lam", "Lam_error")
        clear(unbent if a else every, "S", "dS")
    else:
        clear(every & (not scope.residual) | unbent, "S2", "E", "dE", "dS2", "G", "G_error")
        clear(every & (not scope.gauss_newton) | uncurved, "Lam", "Lam_error")
        clear(every & (not (scope.gauss_newton and a)) | uncurved, "S", "dS")
    clear(np.isneginf(np.maximum(*_jacobian_exponents(forward, scope, errors=True))), *kept, *norms)
    slopes = sum(norms[name] for name in ("D", "dD", "S1", "dS1", "E", "dE", "S2", "dS2"))
    clear(slopes == 0.0, "X")
    if forward.beyond:  # derivatives that have faded are not zero: inputs that are must stay the only ones
        gone = (kept["X"] != forward.X).any(axis=1)
        kept["X"][gone] = _moderate(forward.X)[gone]
    net = forward.net if slopes.any() else replace(forward.net, a=np.zeros_like(forward.net.a))
    return forward.changed(net=net, norms=SampleNorms(**norms), **kept)


def _moved(forward: Forward, t: int, v: int, w: int, r: int) -> Forward:
    """The factors for two to t, v, w and r."""
    first, second = v + w + t, v + w + 2 * t
    powers = {"S": w, "D": w + t, "S1": first, "E": second, "S2": second + v, "X": -t}
    powers |= {f"d{name}": powers[name] for name in ("S", "D", "S1", "E", "S2")}
    with np.errstate(over="ignore", under="ignore"):
        norms = {name: np.ldexp(each, powers.get(name, 0)) for name, each in vars(forward.norms).items()}
        moved = {"X": -t, "S": w, "S1": first, "S2": second + v, "Lam": -2 * w - r, "G": -v - w - r}
        moved |= {f"{name}_error": moved[name] for name in ("Lam", "G")}
        factors = {name: np.ldexp(getattr(forward, name), power) for name, power in moved.items()}
        for name in ("S", "S1", "S2"):  # what underflows to zero is not zero
            size = getattr(forward.norms, name) + getattr(forward.norms, f"d{name}")
            norms[f"d{name}"] += SUBNORMAL * (size > 0.0)
        for name, size in zip(("G", "Lam"), forward.loss_norms, strict=True):
            factors[f"{name}_error"] += SUBNORMAL * (size + getattr(forward, f"{name}_error") > 0.0)
        A = np.ldexp(forward.net.a, -v)
    if not all(np.isfinite(each).all() for each in (*factors.values(), *norms.values(), A)):
        factors["G"] = np.full_like(forward.G, np.inf)  # the worst of choices
    net, beyond = replace(forward.net, a=A), times_power(forward.beyond, -r)
    return forward.changed(net=net, norms=SampleNorms(**norms), beyond=beyond, **factors)
