"""The Hessian times a vector, and matrices that are formed: the tangent kernel, the Hessian where P allows.

A product is one pass forward and one back beyond those of the gradient.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from numerics.deep.forward import Forward
from numerics.deep.frobenius import level_inputs, level_rows
from numerics.deep.network import refuse_overflow
from numerics.deep.norms import BRIEF, ENTRIES, SUMMED, Bounds, Scope, majorant, mean, steps, watched
from numerics.deep.second_derivatives import pairs
from twolayer.arrays import Array
from twolayer.curvature.triangle import mirror
from twolayer.errors.rounding import SLACK, gamma, scaled_norm, scaled_norms
from twolayer.memory import available
from twolayer.spectrum.extremes.counting import above, on_sides
from twolayer.spectrum.extremes.records import Counter
from twolayer.spectrum.extremes.watch import Watch

Directions = dict[int, tuple[Array | None, Array | None]]
COUNTED = 8000  # order up to which a matrix is factored: minutes
FORMING = 5  # copies of the matrix at most, while it is formed
COPIES = 8  # of the matrix, while it is factored and verified


def widths(run: Forward, scope: Scope) -> dict[int, int]:
    """The number of parameters meant of each layer."""
    sizes = {l: run.net.layers[l][0].shape for l in scope.layers}
    return {l: m * (d * scope.weights(l) + scope.bias(run, l)) for l, (m, d) in sizes.items()}


def tangent_kernel(run: Forward, scope: Scope, bound: Bounds) -> tuple[Array, float]:
    """E E^T / n, (n q, n q), and a bound of the Frobenius norm of its error; O(n^2 q^2 m L) time.

    E_i = C_i^T J_i with Lam_i = C_i C_i^T, so that the non-zero eigenvalues are those of G (theorem T10).
    """
    E, missed = level_rows(run, scope)
    n, q = run.F.shape
    K = np.zeros((n * q, n * q))
    most = min(BRIEF // (n * q**2 * sum(run.net.sizes[1:])), ENTRIES // (n * q**2))
    rows = max(1, min(n, most))
    inputs = {l: level_inputs(run, scope, l) for l in scope.layers}
    for start in range(0, n, rows):  # the lower part
        run.watch.stage((start / n) ** 2, "the tangent kernel")
        stop = min(start + rows, n)
        here, on = slice(start * q, stop * q), slice(0, stop * q)
        for l, h in inputs.items():
            flat = E[l].reshape(n * q, -1)
            gram = np.repeat(h[start:stop] @ h[:stop].T, q, axis=1)
            K[here, on] += np.repeat(gram, q, axis=0) * (flat[here] @ flat[on].T)
        K[here, on] /= n
    mirror(K.T)
    steps = gamma(2 * max(run.net.sizes) + run.net.depth + 8)
    return K, SLACK * (steps * bound.size + missed + bound.propagated)


def dense(run: Forward, scope: Scope) -> Array:
    """The (P, P) matrix of the scope; O(n q P^2) time, O(P^2) memory beyond a block of samples."""
    start, where = 0, {}
    for l, width in widths(run, scope).items():
        where[l] = slice(start, start + width)
        start += width
    H = np.zeros((start, start))
    if scope.gauss_newton:
        _add_gauss_newton(run, scope, H)
    if scope.residual:
        for l in scope.layers:
            _add_residual(run, scope, l, {k: where[k] for k in scope.layers if k >= l}, H)
    H /= run.n
    mirror(H.T)
    return H


def require_memory(order: int) -> None:
    """Refuse a matrix of this order that would not fit into memory while it is formed."""
    needed, there = FORMING * 8 * order**2, available()
    if needed > there:
        raise MemoryError(
            f"the matrix must fit into memory ({there / 2**30:.0f} GiB); "
            f"got {needed / 2**30:.0f} GiB: use frobenius_norm, trace, diagonal, block or H @ v"
        )


def dense_error(run: Forward, bound: Bounds) -> float:
    """Bound of the Frobenius norm of the error of `dense`."""
    n, q = run.F.shape
    error = float(SLACK * gamma(n * q + q + SUMMED) * bound.size + bound.propagated)
    refuse_overflow("bounds of rounding errors", error)
    return error


def _add_gauss_newton(run: Forward, scope: Scope, H: Array) -> None:
    n, q = run.F.shape
    rows = max(1, min(n, 20_000_000 // (q * len(H))))
    for start in range(0, n, rows):
        run.watch.stage(start / n, "forming G")
        block = slice(start, min(start + rows, n))
        J = np.concatenate([_by_parameters(run, scope, l, block) for l in scope.layers], axis=2)
        H += np.matmul(run.Lam[block], J).reshape(-1, len(H)).T @ J.reshape(-1, len(H))


def _by_parameters(run: Forward, scope: Scope, l: int, rows: slice) -> Array:
    """Derivatives by the parameters of a layer, (rows, q, width), from those by its pre-activations."""
    J, parts = run.J[l][rows], []
    if scope.weights(l):
        parts.append((J[:, :, :, None] * run.h[l][rows, None, None, :]).reshape(len(J), J.shape[1], -1))
    return np.concatenate([*parts, J] if scope.bias(run, l) else parts, axis=2)


def _add_residual(run: Forward, scope: Scope, l: int, where: dict[int, slice], H: Array) -> None:
    """Add n times the blocks [k, l], k >= l, of the residual part below the diagonal of `H`."""
    for rows in watched(run, l, "forming R", scope.layers):
        low = scope.inputs(run, l)[rows]
        for k, pair in pairs(run, l, rows).items():
            if k not in where:
                continue
            high, delta = scope.inputs(run, k)[rows], run.delta[k][rows]
            block = np.zeros((len(delta[0]), len(high[0]), run.net.sizes[l + 1], len(low[0])))
            if pair.A is not None:
                block += np.einsum("ib,id,ica->abcd", high, low, pair.A, optimize=True)
            if pair.B is not None and scope.weights(k):
                inner = pair.B.shape[2]
                block[:, :inner] += np.einsum("ia,id,icb->abcd", delta, low, pair.B, optimize=True)
            across = _laid_out(scope.bias(run, l), block.reshape(-1, *block.shape[2:]).transpose(1, 2, 0))
            made = _laid_out(scope.bias(run, k), across.T.reshape(*block.shape[:2], -1))
            H[where[k], where[l]] += made


def _laid_out(biased: bool, block: Array) -> Array:
    """Rows by unit and input^ of a layer, (m_l, inputs^, rest), as its parameters: (width, rest)."""
    if not biased:
        return block.reshape(-1, block.shape[2])
    weights = block[:, :-1].reshape(-1, block.shape[2])
    return np.concatenate([weights, block[:, -1]])


def counter(run: Forward, scope: Scope, bound: Bounds, which: str, watch: Watch) -> Counter | None:
    """Counts the eigenvalues beyond a point in the order `which`; None where that would be long.

    Every count takes O(P^3) time, and the first one O(n q P^2) more to form the matrix.

    Parameters
    ----------
    run : Forward
    scope : Scope
    bound : Bounds
    which : {"largest", "smallest", "magnitude"}
    watch : Watch
    """
    P = sum(widths(run, scope).values())
    if P > COUNTED or available() < COPIES * 8 * P**2:
        return None
    formed: list[Array] = []

    def side(sign: float, x: float, values: Array, vectors: Array) -> tuple[int, float]:
        if not formed:
            watch.announce("a count of eigenvalues", run.F.size * P**2 + 6.0 * P**3)
            formed.append(dense(run, scope))
        count, error = above(sign * formed[0], x, values, vectors, partial(watch.require_time, "a count"))
        return count, SLACK * (error + dense_error(run, bound))

    return on_sides(which, P, side)


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
