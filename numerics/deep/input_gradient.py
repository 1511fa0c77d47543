r"""The input gradient of a deep network and what curvature makes of it: theorems T1 and T2 at any depth.

For f(x) = F(W x + b), whatever F, grad_x f = W^T df/db. With B = (1/n) sum_i sum_o u_io u_io^T,
u = df_o/db, the mean of |grad_x f|^2, summed over outputs, is <W W^T, B>; and B is the block of b of the
Gauss-Newton matrix of the squared loss, whether b is a parameter or not. Only the first layer enters.
"""

from __future__ import annotations

import math

import numpy as np

from numerics.deep.forward import Forward, product_error
from numerics.deep.network import refuse_overflow
from twolayer.arrays import Array
from twolayer.errors.measurement import Measurement
from twolayer.errors.rounding import SLACK, SUBNORMAL, gamma
from twolayer.spectrum.extremes.watch import Watch
from twolayer.spectrum.lapack import verified_eigenvalues, verified_singular_values

CONVENTION = "mean over the samples of |grad_x f|^2, summed over outputs"


def mean_square(run: Forward) -> Measurement:
    """E|grad_x f|^2 over the samples of a pass `run`, with a rounding bound.

    Examples
    --------
    >>> from numerics.deep import Hessian, Network
    >>> run = Hessian(Network([[[3.0]], [2.0]], activation="identity"), [[1.0]], [0.0]).forward
    >>> mean_square(run).value
    36.0
    """
    with np.errstate(over="ignore", invalid="ignore"):
        return _mean_square(run)


def _mean_square(run: Forward) -> Measurement:
    W, size = run.net.layers[0][0], run.sizes[0]
    rows = (run.J[0] @ W).reshape(run.n, -1)
    squares = np.einsum("ij,ij->i", rows, rows)
    off = size.spectral * size.dJ + product_error(size, len(W), size.J)
    reach = size.spectral * size.J + off
    error = np.mean(off * (2 * reach + off) + gamma(rows.shape[1] + 2) * reach**2)
    lost = 4 * SUBNORMAL * rows.shape[1] * bool(np.any(reach > 0))  # squares that vanish are not zero
    return _measured(math.fsum(squares) / run.n, SLACK * float(error) + lost, "closed form")


def bounds(run: Forward, watch: Watch | None = None) -> dict[str, Measurement]:
    """Upper bounds of E|grad_x f|^2 by the curvature in the first layer's biases, by name (theorem T2).

    Parameters
    ----------
    run : Forward
    watch : Watch, optional

    Returns
    -------
    dict of str to Measurement
        "trace": |W|_2^2 tr B; "spectral": |W|_F^2 lmax(B); "frobenius": |W W^T|_F |B|_F; "units":
        (sum_k |w_k| sqrt(B_kk))^2, which no rescaling of units changes. All are equal to it at m_1 = 1. For
        the squared loss B is the block of b_1 of G, and at interpolation of H (theorem T3).

    Notes
    -----
    O(n q m^2 + m^3) time, m = m_1. Page "theory", T2.

    Examples
    --------
    >>> from numerics.deep import Hessian, Network
    >>> run = Hessian(Network([[[3.0]], [2.0]], activation="identity"), [[1.0]], [0.0]).forward
    >>> {name: round(float(bound), 9) for name, bound in bounds(run).items()}
    {'trace': 36.0, 'spectral': 36.0, 'frobenius': 36.0, 'units': 36.0}
    """
    watch = watch or Watch()
    watch.stage(0.0, "curvature in the first layer's biases")
    W, (B, off) = run.net.layers[0][0], bias_curvature(run)
    gram = W @ W.T
    size = float(np.linalg.norm(W))
    watch.stage(0.0, "singular values of the first layer")
    top, skew = verified_singular_values(W)
    values, error = verified_eigenvalues(B, watch=watch)
    length = _measured(size, gamma(W.size + 4) * size, "")
    widest = _measured(float(top[0]), skew, "")
    largest = _measured(max(float(values[0]), 0.0), error + off, "")
    trace = math.fsum(B.diagonal())
    found = {
        "trace": widest**2 * _measured(trace, math.sqrt(len(B)) * off, ""),
        "spectral": length**2 * largest,
        "frobenius": _norm(gram, gamma(W.shape[1] + 2) * size**2) * _norm(B, off),
        "units": _units(W, B.diagonal(), off),
    }
    return {name: _measured(bound.value, bound.error, f"T2, {name}") for name, bound in found.items()}


def bias_curvature(run: Forward) -> tuple[Array, float]:
    """B, shape (m_1, m_1), and a bound of the Frobenius norm of its error, from a pass `run`."""
    flat, size = run.J[0].reshape(-1, run.net.sizes[1]), run.sizes[0]
    B = flat.T @ flat / run.n
    error = np.mean(size.dJ * (2 * size.J + size.dJ) + gamma(len(flat) + 4) * size.J**2)
    return B, SLACK * float(error)


def _norm(M: Array, error: float) -> Measurement:
    value = float(np.linalg.norm(M))
    return _measured(value, error + gamma(M.size + 4) * value, "")


def _units(W: Array, squares: Array, off: float) -> Measurement:
    """(sum_k |w_k| sqrt(B_kk))^2: a root moves by at most the root of what its square moves by."""
    lengths, roots = np.linalg.norm(W, axis=1), np.sqrt(squares)
    with np.errstate(divide="ignore", invalid="ignore"):
        moved = np.where(roots > 0, np.minimum(off / roots, math.sqrt(off)), math.sqrt(off))
    total = math.fsum(lengths * roots)
    error = math.fsum(lengths * moved) + gamma(W.shape[1] + 10) * total
    return _measured(total, SLACK * error, "") ** 2


def _measured(value: float, error: float, method: str) -> Measurement:
    refuse_overflow("input gradients", [value, error])
    return Measurement(value, float(error), True, method, CONVENTION)
