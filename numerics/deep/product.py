"""Hessian-vector products: one pass forward and one back beyond those of the gradient."""

from __future__ import annotations

import numpy as np

from numerics.deep.forward import Forward
from numerics.deep.network import refuse_overflow
from numerics.deep.norms import Bounds, Scope, majorant, mean, steps
from twolayer.arrays import Array
from twolayer.errors.rounding import SLACK, gamma, scaled_norm, scaled_norms

Directions = dict[int, tuple[Array | None, Array | None]]


def split(run: Forward, scope: Scope, vector: Array) -> Directions:
    """A vector over the parameters of a scope, (P,), as W (m_l, m_(l-1)) and b (m_l,) of layers."""
    found: Directions = {}
    start = 0
    for l in scope.layers:
        W = run.net.layers[l][0]
        weights = bias = None
        if scope.weights(l):
            weights = vector[start : start + W.size].reshape(W.shape)
            start += W.size
        if scope.bias(run, l):
            bias = vector[start : start + len(W)]
            start += len(W)
        found[l] = weights, bias
    return found


def product(run: Forward, scope: Scope, vector: Array) -> Array:
    """The Hessian, or what of it the `scope` means, times a vector, (P,). O(n P) time, O(n m L) memory."""
    directions = split(run, scope, vector)
    dz, dh = _forwards(run, directions)
    top = np.einsum("iop,ip->io", run.Lam, dz[-1]) if scope.gauss_newton else np.zeros_like(dz[-1])
    made: dict[int, Array] = {}
    ddelta = top
    for l in range(run.net.depth - 1, -1, -1):
        if l in scope.layers:
            made[l] = _by_weights(run, scope, l, ddelta, dh[l])
        if l > min(scope.layers):
            back = ddelta @ run.net.layers[l][0]
            weights = directions.get(l, (None, None))[0]
            if scope.residual and weights is not None:
                back += run.delta[l] @ weights
            ddelta = back * run.S1[l - 1]
            if scope.residual:
                ddelta += dz[l - 1] * run.v[l - 1]
    return np.asarray(np.concatenate([made[l] for l in scope.layers]) / run.n)


def _forwards(run: Forward, directions: Directions) -> tuple[list[Array], list[Array]]:
    """dz_l of every layer, and dh_(l-1)."""
    dz: list[Array] = []
    dh: list[Array] = [np.zeros_like(run.h[0])]
    for l, (W, _) in enumerate(run.net.layers):
        step = dh[l] @ W.T if l else np.zeros((run.n, len(W)))
        weights, bias = directions.get(l, (None, None))
        if weights is not None:
            step = step + run.h[l] @ weights.T
        if bias is not None:
            step = step + bias
        dz.append(step)
        if l < run.net.depth - 1:
            dh.append(step * run.S1[l])
    return dz, dh


def _by_weights(run: Forward, scope: Scope, l: int, ddelta: Array, dh: Array) -> Array:
    """What of a product belongs to the layer with index `l`, times n."""
    parts = []
    if scope.weights(l):
        weights = ddelta.T @ run.h[l]
        if scope.residual and l:
            weights += run.delta[l].T @ dh
        parts.append(weights.ravel())
    return np.concatenate([*parts, ddelta.sum(axis=0)] if scope.bias(run, l) else parts)


def gradient(run: Forward) -> Array:
    """The gradient of the risk, shape (P,)."""
    parts = []
    for l, (_, b) in enumerate(run.net.layers):
        parts.append((run.delta[l].T @ run.h[l]).ravel())
        parts += [] if b is None else [run.delta[l].sum(axis=0)]
    return np.asarray(np.concatenate(parts) / run.n)


@np.errstate(over="ignore", invalid="ignore")
def product_error(run: Forward, scope: Scope, propagated: float) -> float:
    """Bound of |computed product - H v| over |v|, H being the true matrix."""
    newton = np.zeros(run.n)
    reach = np.ones(run.n)
    for l in range(run.net.depth - 1, -1, -1):
        if l in scope.layers:
            newton += reach * run.sizes[l].h
        if l:
            reach = reach * run.sizes[l].spectral * run.sizes[l - 1].s1
    lam = scaled_norms(run.Lam.reshape(run.n, -1)) + run.Lam_error
    size = mean(lam * newton**2) if scope.gauss_newton else 0.0
    size += majorant(run, scope.layers) if scope.residual else 0.0
    return float(propagated + SLACK * gamma(steps(run) + run.n) * size)


def surely_above(limit: float, run: Forward, scope: Scope, bound: Bounds, order: int) -> bool:
    """Whether one product shows that the norm of what the `scope` means is above a number; `order` is P."""
    v = np.random.default_rng(0).standard_normal(order)
    with np.errstate(over="ignore", invalid="ignore"):
        made = product(run, scope, v)
    refuse_overflow("entries of the product", made)
    found = scaled_norm(made) / np.linalg.norm(v)
    return bool((1 - 1e-12) * found - product_error(run, scope, bound.propagated) > limit)
