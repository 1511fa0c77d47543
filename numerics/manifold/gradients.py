"""Gradients of tr H and of |G|_F^2 by the parameters, in closed form, for networks with one output.

Both are sums over samples of products of S, S1, S2 and of g, Lam, so that their gradients need one derivative
more: s''' and d3l/df3, which come from the same expressions (``numerics.falsify.dual.third``).
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
    """What a quantity changes by with each factor: a (m,) and Z (n, m) directly, and f (n,)."""

    a: Array
    Z: Array
    f: Array

    def gradient(self, run: Forward) -> Array:
        """By the parameters theta, shape (P,)."""
        a = run.net.A[0]
        by_z = self.Z + self.f[:, None] * a * run.S1
        parts = {
            "a": self.a + self.f @ run.S,
            "W": by_z.T @ run.X,
            "b": by_z.sum(axis=0),
            "c": self.f.sum(),
        }
        return np.concatenate([np.ravel(parts[name]) for name in run.net.parts])


def trace_gradient(
    net: tl.TwoLayer, X: ArrayLike, y: ArrayLike, loss: str | tl.Loss = "squared"
) -> tuple[float, Array]:
    """tr H and its gradient by theta, shape (P,). O(n m d) time.

    Parameters
    ----------
    net : TwoLayer
        With one output.
    X : array_like, shape (n, d)
    y : array_like, shape (n,)
    loss : str or Loss

    Raises
    ------
    ValueError
        If the network has several outputs, or the data does not fit.

    Notes
    -----
    tr H = (1/n) sum_i Lam_i (|S_i|^2 + |x~_i|^2 |D_i|^2 [+ 1]) + g_i |x~_i|^2 sum_k a_k s''(z_ik); page
    "theory", section 2. At a kink the limit from the left.

    Examples
    --------
    >>> net = tl.TwoLayer(a=[2.0], W=[[1.0]], activation="identity")
    >>> value, slope = trace_gradient(net, [[1.0]], [2.0])  # w^2 + a^2
    >>> value, slope.tolist()
    (5.0, [4.0, 2.0])
    """
    run, x2 = _scalar(net, X, y, loss)
    n, a = run.n, net.a
    g, lam, third = run.G[:, 0], run.Lam[:, 0, 0], _third_of_loss(run)
    squares = (run.S**2).sum(axis=1) + x2 * ((a * run.S1) ** 2).sum(axis=1) + (net.c is not None)
    bends = run.S2 @ a
    S3 = third_of(net.activation)(_preactivations(run))
    weight = (g * x2)[:, None]
    by_z = lam[:, None] * (2 * run.S * run.S1 + 2 * x2[:, None] * a**2 * run.S1 * run.S2) + weight * a * S3
    pulled = Pulled(
        2 * a * ((lam * x2) @ run.S1**2) / n + (g * x2) @ run.S2 / n,
        by_z / n,
        (third * squares + lam * x2 * bends) / n,
    )
    return float((lam * squares + g * x2 * bends).mean()), pulled.gradient(run)


def newton_norm_gradient(
    net: tl.TwoLayer, X: ArrayLike, y: ArrayLike, loss: str | tl.Loss = "squared"
) -> tuple[float, Array]:
    """|G|_F^2 and its gradient by theta, shape (P,). O(n^2 (m + d)) time, O(n^2) memory.

    Parameters
    ----------
    net : TwoLayer
        With one output.
    X : array_like, shape (n, d)
    y : array_like, shape (n,)
    loss : str or Loss

    Raises
    ------
    ValueError
        If the network has several outputs, or the data does not fit.

    Notes
    -----
    |G|_F^2 = n^-2 sum_ij Lam_i Lam_j (J_i . J_j)^2; page "theory", section 2.

    Examples
    --------
    >>> net = tl.TwoLayer(a=[2.0], W=[[1.0]], activation="identity")
    >>> value, slope = newton_norm_gradient(net, [[1.0]], [2.0])  # (w^2 + a^2)^2
    >>> value, slope.tolist()
    (25.0, [40.0, 20.0])
    """
    run, _ = _scalar(net, X, y, loss)
    n, a, lam = run.n, net.a, run.Lam[:, 0, 0]
    D, whole = a * run.S1, slice(0, run.n)
    gram = input_gram(run, _scope(net), whole, whole)
    M = run.S @ run.S.T + gram * (D @ D.T) + (net.c is not None)
    N = 2 * np.outer(lam, lam) * M / n**2
    by_s, by_d = 2 * N @ run.S, 2 * (N * gram) @ D
    by_f = 2 * _third_of_loss(run) * (M**2 @ lam) / n**2
    pulled = Pulled((by_d * run.S1).sum(axis=0), by_s * run.S1 + by_d * a * run.S2, by_f)
    return float(lam @ M**2 @ lam) / n**2, pulled.gradient(run)


def third_of(activation: tl.Activation) -> Callable[[Array], Array]:
    """s''' of an activation, from the expression it was made of; shape (...) -> (...).

    Examples
    --------
    >>> third_of(tl.TwoLayer(a=[1.0], W=[[1.0]], activation="cube").activation)(np.array([2.0]))
    array([6.])
    """
    built_in = activation.name in ACTIVATIONS
    return third_derivative(activation_expression(activation.name if built_in else activation.expression))


def _scalar(net: tl.TwoLayer, X: ArrayLike, y: ArrayLike, loss: str | tl.Loss) -> tuple[Forward, Array]:
    """The forward pass, and |x~_i|^2."""
    if not net.scalar:
        raise ValueError(f"net must have one output, a of shape (m,); got a of shape {np.shape(net.a)}")
    run = forward(net, X, y, loss)
    return run, squared_inputs(run, _scope(net))


def _scope(net: tl.TwoLayer) -> Scope:
    return Scope(tuple(net.parts))


def _preactivations(run: Forward) -> Array:
    Z = run.X @ run.net.W.T
    return np.asarray(Z if run.net.b is None else Z + run.net.b)


def _third_of_loss(run: Forward) -> Array:
    """d3l/df3 of every sample, (n,)."""
    targets = np.asarray(run.y, dtype=np.float64).reshape(run.F.shape)
    return np.array(loss_slopes(run.loss.name, run.loss.labels == "real").third(run.F, targets))[:, 0]
