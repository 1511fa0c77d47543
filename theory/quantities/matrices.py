"""The matrices that theorems speak of: H, G and their blocks, K and W W^T."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np

from theory.bridge import network
from theory.bridge.floor import SUBNORMAL
from theory.bridge.network import SLACK, UNIT, Array, Spectrum, Uncertain
from theory.quantities.network import Situation
from theory.quantities.norms import Matrix, gamma, size


def sample_mean(values: Array) -> float:
    """Upper bound of the mean of non-negative values. `values` has shape (n,)."""
    return float(SLACK * values.mean())


def bias_block(at: Situation) -> Matrix:
    """G_bb."""
    run, norms = at.forward, at.forward.norms
    A, S1 = run.net.A, run.S1
    n, q = run.F.shape
    if q == 1:
        U = S1 * A * np.sqrt(run.Lam[:, 0])
        entries = U.T @ U / n
    else:
        U = S1[:, None, :] * A
        entries = np.tensordot(U, np.matmul(run.Lam, U), axes=([0, 1], [0, 1])) / n
    Lam = np.sqrt((run.Lam**2).sum(axis=(1, 2)))
    each = Lam * (2 * norms.D + norms.dD) * norms.dD + run.Lam_error * (norms.D + norms.dD) ** 2
    arithmetic = gamma(n * q + q + 8) * sample_mean(Lam * norms.D**2)
    lost = 4 * q * q * SUBNORMAL * bool((norms.D + norms.dD).any())  # squares that vanish are not zero
    return Matrix((entries + entries.T) / 2, sample_mean(each) + arithmetic + lost + run.beyond)


def curvature_block(at: Situation) -> Matrix:
    """H_bb."""
    run, norms, G_bb = at.forward, at.forward.norms, at.once("G_bb", bias_block)
    n, q = run.F.shape
    diagonal = (run.GA * run.S2).mean(axis=0)
    g = np.sqrt((run.G**2).sum(axis=1))
    each = run.G_error * (norms.E + norms.dE) + g * norms.dE
    arithmetic = gamma(n + q + 4) * sample_mean(g * norms.E) + UNIT * float(np.linalg.norm(G_bb.entries))
    error = SLACK * (G_bb.error + sample_mean(each) + arithmetic)
    return Matrix(G_bb.entries + np.diag(diagonal), error)


def weight_gram(at: Situation) -> Matrix:
    """W W^T, (m, m)."""
    W = at.net.W
    return Matrix(W @ W.T, SLACK * gamma(W.shape[1]) * float((W**2).sum()))


OPERATORS: dict[str, Callable[[Situation], Any]] = {
    "G": lambda at: at.hessian.gauss_newton,
    "H": lambda at: at.hessian,
    "R": lambda at: at.hessian.residual,
}


class OperatorMatrix(Matrix):
    """G, H or R: its entries are formed where they are asked for, its spectrum is the operator's own."""

    operator: Any

    def __init__(self, operator: Any) -> None:
        object.__setattr__(self, "operator", operator)

    @cached_property
    def entries(self) -> Array:
        """The (P, P) array."""
        made: Array = self.operator.toarray()
        return made

    @cached_property
    def error(self) -> float:
        """Bound of the Frobenius norm of the error of `entries`."""
        return float(self.operator.rounding_error())

    @cached_property
    def spectrum(self) -> Spectrum:
        """All eigenvalues, by the cheapest method and shared with whoever asked the operator before."""
        return network.spectrum_of(self.operator)


def of_operator(name: str) -> Callable[[Situation], Matrix]:
    """How to find the (P, P) matrix `name`, one of G, H and R."""
    return lambda at: OperatorMatrix(OPERATORS[name](at))


def augmented_squares(at: Situation) -> Array:
    """|x~_i|^2 of every sample: |x_i|^2, plus 1 with hidden biases; (n,)."""
    X = at.forward.X
    return np.asarray(np.einsum("ij,ij->i", X, X) + (at.net.b is not None))


def jacobian_sizes(at: Situation) -> tuple[Array, Array]:
    """Upper bounds of |J_i|_F and of the error of J_i, each (n,)."""
    norms, q, squares = at.forward.norms, at.net.n_outputs, SLACK * augmented_squares(at)
    offset = q * (at.net.c is not None)
    S, D = (np.sqrt(q) * each for each in (norms.S, norms.dS)), (norms.D, norms.dD)
    pairs = [np.hypot(s, np.sqrt(squares) * d) for s, d in zip(S, D, strict=True)]
    return SLACK * np.hypot(pairs[0], np.sqrt(offset)), SLACK * pairs[1]


def tangent_kernel(at: Situation) -> Matrix:
    """K = J J^T / n, (n q, n q), from inner products over units and inputs, not from J."""
    run, K = at.forward, network.kernel(at.forward)
    n = len(run.X)
    J, dJ = (size(each) for each in jacobian_sizes(at))
    steps = gamma(run.S.shape[1] + run.X.shape[1] + 8)
    lost = 4 * len(K) * SUBNORMAL * (J + dJ > 0)
    return Matrix((K + K.T) / (2 * n), SLACK * (2 * J * dJ + dJ**2 + steps * J**2) / n + lost)


def mean_square_jacobian(at: Situation) -> Uncertain:
    """E|J|_F^2, the trace of K."""
    run, net = at.forward, at.net
    U = np.einsum("ik,ok->i", run.S1**2, net.A**2)
    each = net.n_outputs * ((run.S**2).sum(axis=1) + (net.c is not None)) + augmented_squares(at) * U
    J, dJ = jacobian_sizes(at)
    value = float(each.mean())
    steps = gamma(2 * run.S.shape[1] + run.X.shape[1] + len(J) + 8)
    return Uncertain(value, SLACK * (sample_mean(2 * J * dJ + dJ**2) + steps * sample_mean(J**2)))


def gradient(at: Situation) -> tuple[Array, float]:
    """The gradient of the risk, (P,), and a bound of the norm of its error."""
    found: tuple[Array, float] = at.once("gradient", lambda here: network.gradient(here.forward))
    return found


def kernel_energy(at: Situation) -> Uncertain:
    """E[g . (K g)] = g^T K g / n, g the loss derivatives of all samples."""
    K, run = at.once("K", tangent_kernel), at.forward
    g, n = run.G.ravel(), len(run.X)
    length, error = float(np.linalg.norm(g)), float(np.linalg.norm(run.G_error))
    spread = K.error * (length + error) ** 2 + size(K.entries) * error * (2 * length + error)
    rounding = gamma(2 * len(g) + 4) * size(K.entries) * length**2
    return Uncertain(float(g @ K.entries @ g) / n, SLACK * (spread + rounding) / n)


def applied(matrix: Matrix, V: Array) -> Uncertain:
    """|M V|_F for an exact (P, r) array V."""
    value, length = size(matrix.entries @ V), size(V)
    rounding = gamma(len(V) + 4) * size(matrix.entries) * length
    return Uncertain(value, SLACK * (matrix.error * length + rounding + gamma(V.size + 4) * value))


def gradient_size(at: Situation, entries: slice | Array) -> Uncertain:
    """Norm of some entries of the gradient. The entries are a slice or an index of (P,)."""
    vector, error = gradient(at)
    value = size(vector[entries])
    return Uncertain(value, SLACK * (error + gamma(len(vector) + 4) * value))
