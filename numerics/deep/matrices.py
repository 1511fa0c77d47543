"""Matrices that are formed: curvature rows, the tangent kernel, the Hessian where P allows; counts in it."""

from __future__ import annotations

import math

import numpy as np

from numerics.deep.forward import Forward
from numerics.deep.frobenius import level_inputs, level_rows
from numerics.deep.network import refuse_overflow
from numerics.deep.norms import SUMMED, Bounds, Scope, tiles
from numerics.deep.second_derivatives import pairs
from twolayer.arrays import Array
from twolayer.errors.rounding import SLACK, UNIT, gamma
from twolayer.memory import available
from twolayer.spectrum.extremes.records import Counter
from twolayer.spectrum.extremes.watch import Watch
from twolayer.spectrum.factored.ldl import Factorization

COUNTED = 8000  # order up to which a matrix is factored: minutes
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
    K = np.zeros((n, q, n * q))
    for l in scope.layers:
        flat, h = E[l].reshape(n * q, -1), level_inputs(run, scope, l)
        K += np.repeat(h @ h.T, q, axis=1)[:, None, :] * (flat @ flat.T).reshape(n, q, n * q)
    steps = gamma(2 * max(run.net.sizes) + run.net.depth + 8)
    return K.reshape(n * q, n * q) / n, SLACK * (steps * bound.size + missed + bound.propagated)


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
    H = np.tril(H) + np.tril(H, -1).T
    return np.asarray(H / run.n)


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
    for rows in tiles(run, l):
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

    def beyond(x: float) -> tuple[int, float]:
        if not formed:
            watch.announce("a count of eigenvalues", run.F.size * P**2 + 6.0 * P**3)
            formed.append(dense(run, scope))
        count, error = 0, 0.0
        for sign in {"largest": (1.0,), "smallest": (-1.0,)}.get(which, (1.0, -1.0)):
            more, off = above(sign * formed[0], x)
            count, error = count + more, max(error, off)
        return count, SLACK * (error + dense_error(run, bound))

    return beyond


def above(H: Array, x: float) -> tuple[int, float]:
    """A number and an error e: no more eigenvalues of the symmetric array `H` (P, P) are above x + e.

    Examples
    --------
    >>> above(np.diag([3.0, 1.0, -2.0]), 0.5)[0]
    2
    """
    _, exponent = math.frexp(max(float(np.abs(H).max(initial=0.0)), abs(x)))
    B = np.ldexp(H, -exponent)
    B.flat[:: len(B) + 1] -= math.ldexp(x, -exponent)
    lost = UNIT * (1 + float(np.abs(B.diagonal()).max(initial=0.0))) * 2
    F = Factorization(B)
    return int((F.pivots > 0).sum()), math.ldexp(F.error + lost, exponent)
