r"""The second derivatives of g . f by the weights of two layers, sample by sample, g held fixed.

With T_kl = dz_k/dz_l, A_kl = d delta_k/dz_l and B_kl = dh_(k-1)/dz_l for l <= k (B_ll = 0):

    d2(g.f) / dW^_k[a, b] dW^_l[c, d] = h^_(l-1)[d] (A_kl[a, c] h^_(k-1)[b] + delta_k[a] B_kl[b, c])

    B_kl = diag(s'(z_(k-1))) T_(k-1),l          T_kl = W_k B_kl          T_ll = I
    A_kl = diag(v_k) T_kl + diag(s'(z_k)) W_(k+1)^T A_(k+1),l            A_Ll = 0

Arrays have the index c of the lower layer first: A (n, m_l, m_k), B (n, m_l, m_(k-1)).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from numerics.deep.forward import Forward, product_error
from twolayer.arrays import Array
from twolayer.errors.rounding import SLACK, SUBNORMAL, UNIT, scaled_norms


@dataclass(frozen=True)
class Pair:
    """A_kl and B_kl of some samples, None where they are zero, with bounds per sample.

    Attributes
    ----------
    A, B : ndarray or None, shapes (rows, m_l, m_k) and (rows, m_l, m_(k-1))
    size_A, error_A, size_B, error_B : ndarray, shape (rows,)
        Of Frobenius norms.
    """

    A: Array | None
    B: Array | None
    size_A: Array
    error_A: Array
    size_B: Array
    error_B: Array


def pairs(run: Forward, l: int, rows: slice) -> dict[int, Pair]:
    """A_kl and B_kl for the layer with index `l` and every k >= l, at the samples `rows`.

    O(rows L m^3) time and O(rows L m^2) memory. For a piecewise linear activation every A is None.
    """
    last, count = run.net.depth - 1, len(run.F[rows])
    T, reach, B = _chain(run, l, rows)
    found: dict[int, Pair] = {}
    above: Perhaps = (None, np.zeros(count), np.zeros(count))
    for k in range(last, l - 1, -1):
        run.watch.require_time("second derivatives")
        if k < last:
            above = _bend(run, k, rows, T[k], reach[k], above)
        b = B.get(k, (None, np.zeros(count), np.zeros(count)))
        found[k] = Pair(above[0], b[0], above[1], above[2], b[1], b[2])
    return found


Bounded = tuple[Array, Array, Array]
Perhaps = tuple[Array | None, Array, Array]


def _chain(
    run: Forward, l: int, rows: slice
) -> tuple[dict[int, Bounded], dict[int, Array], dict[int, Bounded]]:
    """T_kl for hidden k >= l and B_kl for k > l, each with sizes and errors; bounds of the rows of T_kl."""
    net, count = run.net, len(run.F[rows])
    m = net.sizes[l + 1]
    eye = np.broadcast_to(np.eye(m), (count, m, m))
    T: dict[int, Bounded] = {l: (eye, np.full(count, m**0.5), np.zeros(count))}
    reach = {l: np.ones(count)}
    B: dict[int, Bounded] = {}
    for k in range(l + 1, net.depth):
        run.watch.require_time("second derivatives")
        value, size, error = T[k - 1]
        below, here = run.sizes[k - 1], run.sizes[k]
        made = value * run.S1[k - 1][rows, None, :]
        lost = SLACK * (below.s1[rows] * error + (below.ds1[rows] + UNIT * below.s1[rows]) * size)
        lost = lost + made.shape[1] * made.shape[2] * SUBNORMAL
        B[k] = made, _size(made) + lost, lost
        if k < net.depth - 1:
            moved = made.reshape(-1, made.shape[2]) @ net.layers[k][0].T
            moved = moved.reshape(count, m, -1)
            off = here.spectral * lost + m**0.5 * product_error(here, made.shape[2], B[k][1])
            T[k] = moved, _size(moved) + SLACK * off, SLACK * off
            longest = scaled_norms(moved.transpose(0, 2, 1).reshape(-1, m)).reshape(count, -1).max(axis=1)
            reach[k] = longest + T[k][2]
    return T, reach, B


def _bend(run: Forward, k: int, rows: slice, T: Bounded, reach: Array, above: Perhaps) -> Perhaps:
    """A_kl from T_kl, of rows no longer than `reach`, and A_(k+1),l.

    None where all that was computed is zero, which its error bounds. The error of v, of norm dv, moves A by
    dv times the longest row at most.
    """
    here, over, v = run.sizes[k], run.sizes[k + 1], run.v[k][rows]
    value = T[0] * v[:, None, :] if v.any() else None
    largest = np.abs(v).max(axis=1) + here.dv[rows]
    error = largest * T[2] + here.dv[rows] * reach + 2 * UNIT * largest * T[1]
    wide, inner = T[0].shape[1], run.net.sizes[k + 2]
    if above[1].any():
        size = over.spectral * above[1]
        off = over.spectral * above[2] + wide**0.5 * product_error(over, inner, above[1])
        error += here.s1[rows] * off + (here.ds1[rows] + 3 * UNIT * here.s1[rows]) * size
    if above[0] is not None:
        pulled = (above[0].reshape(-1, inner) @ run.net.layers[k + 1][0]).reshape(len(v), wide, -1)
        pulled *= run.S1[k][rows, None, :]
        pulled += 0.0 if value is None else value
        value = pulled
    error = SLACK * error + wide * v.shape[1] * SUBNORMAL
    return value, error if value is None else _size(value) + error, error


def _size(values: Array) -> Array:
    return scaled_norms(values.reshape(len(values), -1))
