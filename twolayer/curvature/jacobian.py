"""The Jacobian of the outputs by the parameters, row by row."""

from __future__ import annotations

import numpy as np

from twolayer.forward.scope import Scope, order

from ..arrays import Array
from ..forward.values import Values
from ..jit import kernel


def jacobian(forward: Values, scope: Scope, rows: slice, weights: Array) -> Array:
    """J of some samples, output by output, each row times its weight; shape (rows q, P).

    Parameters
    ----------
    forward : Values
    scope : Scope
    rows : slice
        Of the samples.
    weights : ndarray, shape (n, q)

    Examples
    --------
    >>> from twolayer import Hessian, TwoLayer
    >>> H = Hessian(TwoLayer(a=[2.0], W=[[1.0]], activation="identity"), [[3.0]], [0.0])
    >>> jacobian(H.forward, H.scope, slice(0, 1), np.ones((1, 1)))  # df/da = w x, df/dw = a x
    array([[3., 6.]])
    """
    S, S1, X = forward.S[rows], forward.S1[rows], forward.X[rows]
    groups, net = tuple(scope.has(name) > 0 for name in "aWbc"), forward.net
    J = np.empty((len(X) * net.n_outputs, order(forward, scope)))
    fill(S, S1, X, net.A, weights[rows], groups, J)
    return J


@kernel
def fill(S, S1, X, A, weights, groups, J):  # type: ignore[no-untyped-def]
    """Fill J (n q, P); `groups` says which of a, W, b, c are included."""
    (n, m), q, d = S.shape, A.shape[0], X.shape[1]
    has_a, has_W, has_b, has_c = groups
    for i in range(n):
        for o in range(q):
            row, weight, start = J[i * q + o], weights[i, o], 0
            if has_a:
                row[: q * m] = 0.0
                for k in range(m):
                    row[o * m + k] = weight * S[i, k]
                start = q * m
            if has_W:
                for k in range(m):
                    slope = weight * (S1[i, k] * A[o, k])
                    for j in range(d):
                        row[start + j] = slope * X[i, j]
                    start += d
            if has_b:
                for k in range(m):
                    row[start + k] = weight * (S1[i, k] * A[o, k])
                start += m
            if has_c:
                row[start:] = 0.0
                row[start + o] = weight
