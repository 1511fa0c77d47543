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
from dataclasses import dataclass, replace

import numpy as np

from ..arrays import Array
from ..errors.rounding import NOTHING, SUBNORMAL, exponent_of, times_power
from .bounds import Bounds, bounds, input_norms
from .errors import Forward, SampleNorms
from .scope import Scope

PRODUCTS = 200  # products of factors below two to this are left alone,
SIZES = -100  # unless the sum of them all is smaller than two to this


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
        if self.exponent == 0:
            return value, error
        lost = SUBNORMAL if error > 0 or value != 0 else 0.0
        return times_power(value, self.exponent), times_power(error, self.exponent) + 2 * lost


@np.errstate(over="ignore", invalid="ignore", divide="ignore")
def scaled_curvature(forward: Forward, scope: Scope, bound: Bounds) -> Scaled:
    """Factors for the curvature of the scope, scaled where they must be; `bound` is that of `forward`."""
    size = bound.total
    if forward.product_exponent <= PRODUCTS and math.isfinite(size) and size >= math.ldexp(1.0, SIZES):
        return Scaled(forward, bound)
    if not math.isfinite(_curvature_exponent(forward, scope, errors=False)):
        return Scaled(forward, bound, vanishes=True)
    r = _curvature_exponent(forward, scope, errors=True)
    if not math.isfinite(r):
        return Scaled(forward, bound)
    made = _scaled(forward, scope, math.ceil(r))
    # numbers so small that no power of two takes their underflow to where it is nothing
    lost = not math.isfinite(made.bound.total + made.bound.propagated)
    return Scaled(forward, bound) if lost and math.isfinite(size + bound.propagated) else made


def _weight_exponent(forward: Forward) -> int:
    """The exponent of the output weights; where they are all zero no power of two is better than another."""
    exponent = exponent_of(forward.net.A)
    return 0 if exponent == NOTHING else exponent


@np.errstate(over="ignore", invalid="ignore", divide="ignore")
def scaled_gradient(forward: Forward, scope: Scope, bound: Bounds) -> Scaled:
    """The same for the gradient."""
    size = bound.gradient_size
    if forward.product_exponent <= PRODUCTS and math.isfinite(size) and size >= math.ldexp(1.0, SIZES):
        return Scaled(forward, bound)
    sizes = [_gradient_exponent(forward, scope, errors) for errors in (False, True)]
    if not all(map(math.isfinite, sizes)):
        return Scaled(forward, bound)
    r = sizes[1]
    v = _weight_exponent(forward)
    made = _scaled(forward, scope, math.ceil(r) - v)
    return replace(made, exponent=made.exponent + v)


def _jacobian_exponents(forward: Forward, scope: Scope, errors: bool) -> tuple[Array, Array]:
    """Base-two logarithms of |J_i| and of |F_i| / |g_i|, with their errors if `errors`; -inf for 0."""
    norms, a = forward.norms, scope.has("a")
    pairs = (norms.S, norms.dS), (norms.S1, norms.dS1), (norms.D, norms.dD), (norms.E, norms.dE)
    with np.errstate(divide="ignore", over="ignore"):
        x = np.log2(input_norms(forward, scope))
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


def _scaled(forward: Forward, scope: Scope, r: int) -> Scaled:
    """The factors for that t and w that make the largest product of factors smallest; v takes A to one."""
    forward = _seen(forward, scope)
    X, Lam, G = (exponent_of(each) for each in (forward.norms.X, forward.Lam, forward.G))
    v = _weight_exponent(forward)
    inputs = [0] if scope.has("b") or X == NOTHING else [X * part // 4 for part in range(5)]
    outer = [exponent for exponent in ((Lam - r) // 2, G - v - r) if abs(exponent) < 4000]
    losses = [0] if scope.has("c") or not outer else [*outer, sum(outer) // len(outer)]
    made = [_moved(forward, t, v, w, r) for t in inputs for w in losses]
    best = min(made, key=lambda each: each.product_exponent)
    return Scaled(best, bounds(best, scope), r)


def _seen(forward: Forward, scope: Scope) -> Forward:
    """The factors, zero where they do not matter: at samples that contribute nothing, and S without a.

    A sample without inputs contributes nothing to the block of W, however large its factors are.
    """
    idle = np.isneginf(np.maximum(*_jacobian_exponents(forward, scope, errors=True)))
    if not idle.any() and scope.has("a"):
        return forward
    names = ("S", "S1", "S2", "Lam", "Lam_error", "G", "G_error")
    kept = {name: getattr(forward, name).copy() for name in names}
    norms = {name: each.copy() for name, each in vars(forward.norms).items()}
    for each in (*kept.values(), *norms.values()):
        each[idle] = 0.0
    if not scope.has("a"):
        for each in (kept["S"], norms["S"], norms["dS"]):
            each[...] = 0.0
    return replace(forward, norms=SampleNorms(**norms), **kept)


def _moved(forward: Forward, t: int, v: int, w: int, r: int) -> Forward:
    """The factors for two to t, v, w and r."""
    first, second = v + w + t, v + w + 2 * t
    powers = {"S": w, "D": w + t, "S1": first, "E": second, "S2": second + v, "X": -t}
    powers |= {f"d{name}": powers[name] for name in ("S", "D", "S1", "E")}
    with np.errstate(over="ignore", under="ignore"):
        norms = {name: np.ldexp(each, powers.get(name, 0)) for name, each in vars(forward.norms).items()}
        moved = {"X": -t, "S": w, "S1": first, "S2": second + v, "Lam": -2 * w - r, "G": -v - w - r}
        moved |= {f"{name}_error": moved[name] for name in ("Lam", "G")}
        factors = {name: np.ldexp(getattr(forward, name), power) for name, power in moved.items()}
        A = np.ldexp(forward.net.a, -v)
    if not all(np.isfinite(each).all() for each in (*factors.values(), *norms.values(), A)):
        factors["G"] = np.full_like(forward.G, np.inf)  # the worst of choices
    return replace(forward, net=replace(forward.net, a=A), norms=SampleNorms(**norms), **factors)
