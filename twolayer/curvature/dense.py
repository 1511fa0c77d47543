"""The Hessian as an array, assembled from matrix products over samples."""

from __future__ import annotations

import numpy as np

from twolayer.forward.bounds import Bounds
from twolayer.forward.scope import Scope, sizes, unit_columns, unit_inputs

from ..arrays import Array
from ..errors.rounding import SLACK, gamma
from ..forward.errors import Forward
from ..forward.values import Values
from . import dense_by_pairs

BLOCK_ENTRIES = 2**22  # Jacobian entries held at a time: 32 MB


def dense(forward: Values, scope: Scope) -> Array:
    """The (P, P) matrix of the scope, P counting the included parameters. O(n q P^2) time, O(P^2) memory."""
    P = sum(sizes(forward, scope).values())
    H = np.zeros((P, P))
    inputs = unit_inputs(forward, scope)
    if dense_by_pairs.suits(forward, inputs):
        dense_by_pairs.fill_input_blocks(forward, scope, inputs, unit_columns(forward, scope), H)
        if scope.gauss_newton:
            fill_output_rows(forward, scope, inputs, H)
    else:
        if scope.gauss_newton:
            add_gauss_newton(forward, scope, H)
        if scope.residual:
            add_residual_inputs(forward, inputs, unit_columns(forward, scope), H)
    if scope.residual and scope.has("a"):
        add_residual_outputs(forward, inputs, unit_columns(forward, scope), H)
    return H


def dense_error(forward: Forward, bound: Bounds) -> float:
    """Bound of the Frobenius norm of the error of `dense`."""
    n, q = forward.F.shape
    steps = gamma(n * q + q + n // 64 + 20)
    return float(SLACK * (steps * bound.total + bound.propagated))


def jacobian(forward: Values, scope: Scope, rows: slice) -> Array:
    """J of some samples, shape (rows, q, P): output by included parameter."""
    net, S1 = forward.net, forward.S1[rows]
    count, (q, m) = S1.shape[0], net.A.shape
    J = np.zeros((count, q, sum(sizes(forward, scope).values())))
    D = S1[:, None, :] * net.A
    start = 0
    for name, size in sizes(forward, scope).items():
        part = J[:, :, start : start + size]
        start += size
        if name == "a":
            for o in range(q):
                part[:, o, o * m : (o + 1) * m] = forward.S[rows]
        elif name == "W":
            X = forward.X[rows]
            np.multiply(D[..., None], X[:, None, None, :], out=_units(part, X.shape[1]))
        elif name == "b":
            part[...] = D
        else:
            part[...] = np.eye(q)
    return J


def _units(part: Array, d: int) -> Array:
    """View the trailing axis (m d,) of a strided block as (m, d)."""
    strides = (*part.strides[:-1], d * part.strides[-1], part.strides[-1])
    shape = (*part.shape[:-1], part.shape[-1] // d, d)
    return np.lib.stride_tricks.as_strided(part, shape, strides)


def add_gauss_newton(forward: Values, scope: Scope, H: Array) -> None:
    """Add (1/n) sum_i J_i^T Lam_i J_i to `H`. `H` has shape (P, P)."""
    n, q = forward.F.shape
    step = max(1, BLOCK_ENTRIES // (q * H.shape[0]))
    for start in range(0, n, step):
        rows = slice(start, start + step)
        J = jacobian(forward, scope, rows)
        Lam = forward.Lam[rows] / n
        if q == 1:
            J = J[:, 0] * np.sqrt(Lam[:, 0])  # every loss offered is convex in f
            H += J.T @ J
        else:
            flat = J.reshape(-1, H.shape[0])
            H += flat.T @ np.matmul(Lam, J).reshape(flat.shape)
    if q > 1:
        H += H.T
        H *= 0.5


def fill_output_rows(forward: Values, scope: Scope, inputs: Array, H: Array) -> None:
    """Write the rows and columns of a and c of a scalar network's Gauss-Newton matrix into `H`.

    `H` has shape (P, P), `inputs` (n, d~).
    """
    lam = forward.Lam[:, 0] / forward.n
    S, D = forward.S, forward.S1 * forward.net.A[0]
    columns, m = unit_columns(forward, scope), forward.S.shape[1]
    if scope.has("a"):
        H[:m, :m] = S.T @ (S * lam)
        for j in range(inputs.shape[1]):
            block = (S * (lam * inputs[:, j : j + 1])).T @ D
            H[:m, columns[:, j]] = block
            H[columns[:, j], :m] = block.T
    if scope.has("c"):
        if scope.has("a"):
            H[-1, :m] = H[:m, -1] = lam[:, 0] @ S
        H[-1, columns] = H[columns, -1] = D.T @ (inputs * lam)
        H[-1, -1] = lam.sum()


def add_residual_outputs(forward: Values, inputs: Array, columns: np.ndarray, H: Array) -> None:
    """Add the residual blocks [a_ok, w~_k] = (1/n) sum_i g_io S1_ik x~_i.

    `H` has shape (P, P), `inputs` (n, d~).
    """
    (q, m), n = forward.net.A.shape, forward.n
    units = np.arange(m)[:, None]
    for o in range(q):
        block = (forward.S1 * (forward.G[:, o : o + 1] / n)).T @ inputs
        H[o * m + units, columns] += block
        H[columns, o * m + units] += block


def add_residual_inputs(forward: Values, inputs: Array, columns: np.ndarray, H: Array) -> None:
    """Add the residual blocks [w~_k, w~_k] = (1/n) sum_i (A^T g_i)_k S2_ik x~_i x~_i^T.

    `H` has shape (P, P), `inputs` (n, d~).
    """
    V = forward.GA / forward.n * forward.S2
    for j in range(inputs.shape[1]):
        block = (V * inputs[:, j : j + 1]).T @ inputs[:, j:]
        H[columns[:, j : j + 1], columns[:, j:]] += block
        H[columns[:, j + 1 :], columns[:, j : j + 1]] += block[:, 1:]
