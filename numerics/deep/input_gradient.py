r"""The input gradient of a deep network and what curvature makes of it: theorems T1 and T2 at any depth.

For f(x) = F(W x + b), whatever F, grad_x f = W^T df/db. With B = (1/n) sum_i sum_o u_io u_io^T,
u = df_o/db, the mean of |grad_x f|^2, summed over outputs, is <W W^T, B>; and B is the block of b of the
Gauss-Newton matrix of the squared loss, whether b is a parameter or not. Only the first layer enters.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from numerics.deep.forward import Forward, Sizes, product_error
from numerics.deep.network import refuse_overflow
from twolayer.arrays import Array
from twolayer.errors.measurement import Measurement
from twolayer.errors.rounding import NOTHING, SLACK, SUBNORMAL, enclosed_times_power, exponent_of, gamma
from twolayer.errors.uncertain import Uncertain
from twolayer.spectrum.extremes.watch import Watch
from twolayer.spectrum.lapack import verified_eigenvalues, verified_singular_values

VANISHED = 2.0**-1000  # more than underflow takes from a sum of products of numbers of size 1
CONVENTION = "mean over the samples of |grad_x f|^2, summed over outputs"


@dataclass(frozen=True)
class Levelled:
    """What the input gradient is made of, over powers of two: its squares neither overflow nor vanish.

    Attributes
    ----------
    W : ndarray, shape (m_1, d)
        Weights of the first layer, over 2^`outer`.
    J : ndarray, shape (n, q, m_1)
        Derivatives of the outputs by its biases, over 2^`inner`.
    size : Sizes
        Norms of both and errors of J, over the same.
    outer, inner : int
    """

    W: Array
    J: Array
    size: Sizes
    outer: int
    inner: int

    @classmethod
    def of(cls, run: Forward) -> Levelled:
        """Of a pass."""
        (W, _), J, size = run.net.layers[0], run.J[0], run.sizes[0]
        outer, inner = (0 if e == NOTHING else e for e in (exponent_of(W), exponent_of(size.J + size.dJ)))
        moved = replace(
            size,
            spectral=math.ldexp(size.spectral, -outer),
            frobenius=math.ldexp(size.frobenius, -outer),
            J=np.ldexp(size.J, -inner),
            dJ=np.ldexp(size.dJ, -inner),
        )
        return cls(np.ldexp(W, -outer), np.ldexp(J, -inner), moved, outer, inner)

    def back(self, value: float, error: float, method: str, outer: int = 1) -> Measurement:
        """A quadratic value of J, and of W or (`outer` = 0) not, as it was before."""
        found, off = map(float, enclosed_times_power(value, error, 2 * (self.inner + outer * self.outer)))
        refuse_overflow("input gradients", (found, off))
        return Measurement(found, off, True, method, CONVENTION)


def mean_square(run: Forward) -> Measurement:
    """E|grad_x f|^2 over the samples of a pass `run`, with a rounding bound.

    Examples
    --------
    >>> from numerics.deep import Hessian, Network
    >>> run = Hessian(Network([[[3.0]], [2.0]], activation="identity"), [[1.0]], [0.0]).forward
    >>> mean_square(run).value
    36.0
    """
    level = Levelled.of(run)
    W, size = level.W, level.size
    rows = (level.J @ W).reshape(run.n, -1)
    squares = np.einsum("ij,ij->i", rows, rows)
    off = size.spectral * size.dJ + product_error(size, len(W), size.J)
    reach = size.spectral * size.J + off
    error = np.mean(off * (2 * reach + off) + gamma(rows.shape[1] + 2) * reach**2)
    lost = rows.shape[1] * VANISHED * bool(reach.any())
    return level.back(math.fsum(squares) / run.n, SLACK * float(error) + lost, "closed form")


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
    level = Levelled.of(run)
    W, (B, off) = level.W, curvature_of(level)
    gram, size = W @ W.T, float(np.linalg.norm(W))
    watch.stage(0.0, "singular values of the first layer")
    top, skew = verified_singular_values(W)
    values, error = verified_eigenvalues(B, watch=watch)
    length, widest = Uncertain(size, gamma(W.size + 4) * size), Uncertain(float(top[0]), skew)
    found = {
        "trace": widest**2 * Uncertain(math.fsum(B.diagonal()), math.sqrt(len(B)) * off),
        "spectral": length**2 * Uncertain(max(float(values[0]), 0.0), error + off),
        "frobenius": _norm(gram, gamma(W.shape[1] + 2) * size**2) * _norm(B, off),
        "units": _units(W, B.diagonal(), off),
    }
    return {name: level.back(bound.value, bound.error, f"T2, {name}") for name, bound in found.items()}


def bias_curvature(run: Forward) -> tuple[Array, float]:
    """B, shape (m_1, m_1), and a bound of the Frobenius norm of its error, from a pass `run`."""
    level = Levelled.of(run)
    B, error = curvature_of(level)
    moved = level.back(0.0, error, "", outer=0).error + len(B) * SUBNORMAL * bool(error)
    return np.ldexp(B, 2 * level.inner), moved


def curvature_of(level: Levelled) -> tuple[Array, float]:
    """The same over powers of two: shapes (m_1, m_1) and a number."""
    n, (J, size) = len(level.J), (level.J, level.size)
    flat = J.reshape(-1, J.shape[-1])
    B = flat.T @ flat / n
    error = np.mean(size.dJ * (2 * size.J + size.dJ) + gamma(len(flat) + 4) * size.J**2)
    return B, SLACK * float(error) + len(B) * VANISHED * bool(size.J.any() or size.dJ.any())


def _norm(M: Array, error: float) -> Uncertain:
    value = float(np.linalg.norm(M))
    return Uncertain(value, error + gamma(M.size + 4) * value)


def _units(W: Array, squares: Array, off: float) -> Uncertain:
    """(sum_k |w_k| sqrt(B_kk))^2: a root moves by at most the root of what its square moves by."""
    sizes, roots = np.abs(W).max(axis=1, keepdims=True), np.sqrt(squares)
    lengths = sizes[:, 0] * np.linalg.norm(W / np.where(sizes > 0.0, sizes, 1.0), axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        moved = np.where(roots > 0, np.minimum(off / roots, math.sqrt(off)), math.sqrt(off))
    total = math.fsum(lengths * roots)
    error = math.fsum(lengths * moved) + gamma(W.shape[1] + 14) * total
    return Uncertain(total, SLACK * error) ** 2
