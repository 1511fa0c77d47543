"""A loss and its derivatives by the outputs, with their exact derivatives by whatever outputs depend on."""

from __future__ import annotations

from typing import Any

import numpy as np

from numerics.dual import Array, Dual, constant, contract
from theory.third import loss_slopes


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
