"""A network with data whose every array carries derivatives, and the matrices of its curvature."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from numerics.falsify.dual.arrays import Dual, constant, contract, joined
from numerics.falsify.dual.third import loss_slopes
from twolayer.arrays import Array


@dataclass(frozen=True, eq=False)
class DualNetwork:
    """A network with data, as arrays with derivatives.

    Parameters
    ----------
    parts : mapping of str to Dual
        A (q, m), W (m, d), X (n, d), y (n, q) of real targets, and b (m,) and c (q,) where they are there.
        Without y every residual is zero.
    activation : twolayer.Activation
    third : callable
        Its third derivative, as ``numerics.falsify.dual.third.third_derivative`` makes it.
    loss : twolayer.Loss
    labels : ndarray, optional
        Targets that are labels: (n, q), or (n,) for softmax.
    """

    parts: Mapping[str, Dual]
    activation: Any
    third: Callable[[Array], Array]
    loss: Any
    labels: Any = None

    @property
    def A(self) -> Dual:
        """Output weights, (q, m)."""
        return self.parts["A"]

    @property
    def W(self) -> Dual:
        """Hidden weights, (m, d)."""
        return self.parts["W"]

    @cached_property
    def sizes(self) -> tuple[int, int, int, int]:
        """n, d, m, q."""
        (n, d), (q, m) = self.parts["X"].shape, self.A.shape
        return n, d, m, q

    @cached_property
    def inputs(self) -> Dual:
        """X, with a column of ones where there are hidden biases: x~, (n, d~)."""
        X = self.parts["X"]
        return joined([X, constant(np.ones((len(X.value), 1)))], 1) if "b" in self.parts else X

    @cached_property
    def rows(self) -> Dual:
        """W, with b as a last column where there are hidden biases: w~, (m, d~)."""
        m = len(self.W.value)
        return joined([self.W, self.parts["b"].reshape(m, 1)], 1) if "b" in self.parts else self.W

    @cached_property
    def jets(self) -> tuple[Dual, Dual, Dual]:
        """S, S1, S2 at the pre-activations, (n, m) each."""
        Z = contract("ij,kj->ik", self.inputs, self.rows)
        flat = np.ascontiguousarray(Z.value).ravel()
        values = [np.empty_like(flat) for _ in range(3)]
        self.activation.jets(flat, *values)
        values.append(self.third(flat))
        S, S1, S2, S3 = (each.reshape(Z.shape) for each in values)
        return Z.through(S, S1), Z.through(S1, S2), Z.through(S2, S3)

    @cached_property
    def outputs(self) -> Dual:
        """F, (n, q)."""
        F = contract("ik,ok->io", self.jets[0], self.A)
        return F + self.parts["c"] if "c" in self.parts else F

    @cached_property
    def loss_jets(self) -> tuple[Dual, Dual, Dual | None]:
        """l, g = dl/df (n, q) and Lam = d2l/df2 (n, q, q), None for the squared loss: the identity."""
        if self.labels is not None:
            return labelled(self.loss, self.outputs, self.labels)
        y = self.parts.get("y", self.outputs)
        if self.loss.name != "squared":
            return targeted(self.loss, self.outputs, y)
        gap = self.outputs - y
        return gap * gap / 2, gap, None

    @property
    def g(self) -> Dual:
        """dl/df, (n, q)."""
        return self.loss_jets[1]

    def weighed(self, derivatives: Dual) -> Dual:
        """Lam times `derivatives` of the outputs, (n, q, ...)."""
        Lam = self.loss_jets[2]
        return derivatives if Lam is None else contract("iop,ipk->iok", Lam, derivatives)

    @cached_property
    def U(self) -> Dual:
        """u, the derivative of the outputs by the hidden biases, (n, q, m)."""
        return contract("ik,ok->iok", self.jets[1], self.A)

    @cached_property
    def bends(self) -> Dual:
        """(A^T g)_k s''(z_k), (n, m)."""
        return contract("io,ok->ik", self.g, self.A) * self.jets[2]

    @cached_property
    def jacobian(self) -> Dual:
        """J, (n, q, P), with the parameters in the order A, w~ unit by unit, c."""
        n, _, m, q = self.sizes
        eye = constant(np.eye(q))
        by_outputs = contract("ik,op->iopk", self.jets[0], eye).reshape(n, q, q * m)
        by_inputs = contract("iok,ij->iokj", self.U, self.inputs).reshape(n, q, -1)
        parts = [by_outputs, by_inputs]
        if "c" in self.parts:
            parts.append(constant(np.broadcast_to(np.eye(q), (n, q, q))))
        return joined(parts, 2)

    def once(self, name: str, evaluate: Callable[[DualNetwork], Dual]) -> Dual:
        """What `evaluate` gives here, kept under `name`."""
        if name not in self._found:
            self._found[name] = evaluate(self)
        return self._found[name]

    @cached_property
    def _found(self) -> dict[str, Dual]:
        return {}


def targeted(loss: Any, F: Dual, y: Dual) -> tuple[Dual, Dual, Dual]:
    """l, g and Lam of a `loss` of real targets `y` at outputs `F`, all (n, q) but Lam (n, q, q)."""
    L, G, Lam = _filled(loss, F.value, y.value, (F.shape,) * 3)
    slopes = loss_slopes(loss.name, real=True)
    values, by_output = (L, G, Lam), (G, Lam, slopes.third(F.value, y.value))
    found = [
        Dual(value, one * F.slope + other(F.value, y.value) * y.slope)
        for value, one, other in zip(values, by_output, slopes.by_target, strict=True)
    ]
    return found[0], found[1], _diagonals(found[2])


def labelled(loss: Any, F: Dual, labels: Any) -> tuple[Dual, Dual, Dual]:
    """l, g and Lam of a `loss` whose targets are `labels`, at outputs `F`."""
    n, q = F.shape
    slopes = loss_slopes(loss.name, real=False)
    if loss.separable:
        L, G, Lam = _filled(loss, F.value, labels, (F.shape,) * 3)
        return F.through(L, G), F.through(G, Lam), _diagonals(F.through(Lam, slopes.third(F.value, labels)))
    L, G, Lam = _filled(loss, F.value, labels, ((n,), (n, q), (n, q, q)))
    third = slopes.third(G + np.eye(q)[labels])
    return (
        Dual(L, np.einsum("io,tio->ti", G, F.slope)),
        Dual(G, np.einsum("iop,tip->tio", Lam, F.slope)),
        Dual(Lam, np.einsum("iopr,tir->tiop", third, F.slope)),
    )


def _filled(loss: Any, F: Array, y: Any, shapes: tuple[tuple[int, ...], ...]) -> list[Array]:
    """l, dl/df and d2l/df2 by the compiled loss."""
    found = [np.empty(shape) for shape in shapes]
    flat = [np.ascontiguousarray(item) for item in (F, y)]
    if loss.separable:
        loss.losses(*(item.ravel() for item in (*flat, *found)))
    else:
        loss.losses(*flat, *found)
    return found


def _diagonals(entries: Dual) -> Dual:
    """(n, q, q) with the entries (n, q) on diagonals."""
    return contract("io,op->iop", entries, constant(np.eye(entries.shape[1])))
