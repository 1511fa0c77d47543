"""Gradients of tr H and of |G|_F^2 by the parameters, in closed form.

Both are sums over samples of products of A, S, S1, S2 and of g, Lam, so that their gradients need one
derivative more: s''' and d3l/df3, which come from the same expressions (``numerics.falsify.dual.third``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

import twolayer as tl
from numerics.falsify.dual.third import loss_slopes, third_derivative
from theory.analysis.admission import activation_expression
from theory.expressions.activations import ACTIVATIONS
from twolayer.arrays import Array
from twolayer.forward.errors import Forward, forward
from twolayer.forward.scope import Scope, input_gram, squared_inputs


@dataclass(frozen=True)
class Pulled:
    """What a quantity changes by with each factor: A (q, m) and Z (n, m) directly, and F (n, q)."""

    A: Array
    Z: Array
    F: Array

    def gradient(self, run: Forward) -> Array:
        """By the parameters theta, shape (P,)."""
        by_z = self.Z + (self.F @ run.net.A) * run.S1
        parts = {
            "a": self.A + self.F.T @ run.S,
            "W": by_z.T @ run.X,
            "b": by_z.sum(axis=0),
            "c": self.F.sum(axis=0),
        }
        return np.concatenate([np.ravel(parts[name]) for name in run.net.parts])


def trace_gradient(
    net: tl.TwoLayer, X: ArrayLike, y: ArrayLike, loss: str | tl.Loss = "squared"
) -> tuple[float, Array]:
    """tr H and its gradient by theta, shape (P,). O(n m d + n m q^2) time.

    Parameters
    ----------
    net : TwoLayer
    X : array_like, shape (n, d)
    y : array_like, shape (n,) or (n, q)
    loss : str or Loss

    Raises
    ------
    ValueError
        If the data does not fit.

    Notes
    -----
    tr H = (1/n) sum_i tr Lam_i (|S_i|^2 [+ 1])
    + |x~_i|^2 sum_k (a_k . Lam_i a_k s'(z_ik)^2 + g_i . a_k s''(z_ik)), a_k the weights (q,) that leave
    unit k; page "theory", section 2. At a kink the limit from the left.

    Examples
    --------
    >>> net = tl.TwoLayer(a=[2.0], W=[[1.0]], activation="identity")
    >>> value, slope = trace_gradient(net, [[1.0]], [2.0])  # w^2 + a^2
    >>> value, slope.tolist()
    (5.0, [4.0, 2.0])
    """
    run = forward(net, X, y, loss)
    x2, A, slopes = squared_inputs(run, _scope(net))[:, None], run.net.A, run.S1**2
    squares = (run.S**2).sum(axis=1) + (net.c is not None)
    pushed = run.Lam @ A  # Lam_i a_k, (n, q, m)
    curved, bent = np.einsum("iok,ok->ik", pushed, A), run.G @ A
    traces, third = np.einsum("ioo->i", run.Lam), third_of(net.activation)(_preactivations(run))
    by_z = 2 * traces[:, None] * run.S * run.S1 + x2 * (2 * curved * run.S1 * run.S2 + bent * third)
    by_curvature = squares[:, None, None] * np.eye(len(A)) + np.einsum("ok,ik,rk->ior", A, x2 * slopes, A)
    pulled = Pulled(
        (2 * np.einsum("iok,ik->ok", pushed, x2 * slopes) + run.G.T @ (x2 * run.S2)) / run.n,
        by_z / run.n,
        (_through_loss(run, by_curvature) + np.einsum("ior,ir->io", run.Lam, (x2 * run.S2) @ A.T)) / run.n,
    )
    value = traces @ squares + float((x2 * (curved * slopes + bent * run.S2)).sum())
    return float(value) / run.n, pulled.gradient(run)


def newton_norm_gradient(
    net: tl.TwoLayer, X: ArrayLike, y: ArrayLike, loss: str | tl.Loss = "squared"
) -> tuple[float, Array]:
    """|G|_F^2 and its gradient by theta, shape (P,). O(n^2 q^2 (m + d)) time, O(n^2 q^2) memory.

    Parameters
    ----------
    net : TwoLayer
    X : array_like, shape (n, d)
    y : array_like, shape (n,) or (n, q)
    loss : str or Loss

    Raises
    ------
    ValueError
        If the data does not fit.

    Notes
    -----
    |G|_F^2 = n^-2 sum_ij <K_ij, Lam_i K_ij Lam_j>, K_ij = J_i J_j^T, (q, q); page "theory", section 2.

    Examples
    --------
    >>> net = tl.TwoLayer(a=[2.0], W=[[1.0]], activation="identity")
    >>> value, slope = newton_norm_gradient(net, [[1.0]], [2.0])  # (w^2 + a^2)^2
    >>> value, slope.tolist()
    (25.0, [40.0, 20.0])
    """
    run = forward(net, X, y, loss)
    n, A, whole = run.n, run.net.A, slice(0, run.n)
    q = len(A)
    gram = input_gram(run, _scope(net), whole, whole)[:, None, :, None]
    D = (A * run.S1[:, None, :]).reshape(n * q, -1)
    outer = run.S @ run.S.T + (net.c is not None)
    K = (D @ D.T).reshape(n, q, n, q) * gram + outer[:, None, :, None] * np.eye(q)[:, None, :]
    # (i, o, j, r) throughout: two samples and an output of each
    right = np.einsum("iojs,jsr->iojr", K, run.Lam)
    pushed = np.einsum("ios,isjr->iojr", run.Lam, right)
    N = 2 * pushed / n**2
    by_s = 2 * np.einsum("iojo->ij", N) @ run.S
    by_d = 2 * ((N * gram).reshape(n * q, n * q) @ D).reshape(n, q, -1)
    by_curvature = 2 * np.einsum("iojr,isjr->ios", right, K) / n**2
    pulled = Pulled(
        np.einsum("iok,ik->ok", by_d, run.S1),
        by_s * run.S1 + np.einsum("iok,ok->ik", by_d, A) * run.S2,
        _through_loss(run, by_curvature),
    )
    return float((K * pushed).sum()) / n**2, pulled.gradient(run)


def third_of(activation: tl.Activation) -> Callable[[Array], Array]:
    """s''' of an activation, from the expression it was made of; shape (...) -> (...).

    Examples
    --------
    >>> third_of(tl.TwoLayer(a=[1.0], W=[[1.0]], activation="cube").activation)(np.array([2.0]))
    array([6.])
    """
    built_in = activation.name in ACTIVATIONS
    return third_derivative(activation_expression(activation.name if built_in else activation.expression))


def _scope(net: tl.TwoLayer) -> Scope:
    return Scope(tuple(net.parts))


def _preactivations(run: Forward) -> Array:
    Z = run.X @ run.net.W.T
    return np.asarray(Z if run.net.b is None else Z + run.net.b)


def _through_loss(run: Forward, by_curvature: Array) -> Array:
    """What a change of Lam, shape (n, q, q), is by the outputs, (n, q): d3l/df3 of every sample times it."""
    slopes = loss_slopes(run.loss.name, run.loss.labels == "real")
    if run.loss.separable:
        targets = np.asarray(run.y, dtype=np.float64).reshape(run.F.shape)
        return np.asarray(slopes.third(run.F, targets) * np.einsum("ioo->io", by_curvature))
    probabilities = run.G + np.eye(run.F.shape[1])[run.y]
    return np.asarray(np.einsum("iorp,ior->ip", slopes.third(probabilities), by_curvature))
