"""What is taken of matrices, as sums over indices of any range."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from theory.proofs.any_size import matrices as of
from theory.proofs.any_size.matrices import Tensor
from theory.proofs.any_size.network import AnySize
from theory.proofs.any_size.reading import UNIT, Reading
from theory.proofs.any_size.sums import FIRST_UNIT, OUT, SIZES, Sums, fresh


def over_all(groups: tuple[Any, ...], entry: Callable[..., Sums]) -> Sums:
    """The sum over every group of indices."""
    found = Sums.of(0)
    for group, kinds in groups:
        at = fresh(kinds)
        found += entry(group, at).over(*at)
    return found


def inner(left: Tensor, right: Tensor) -> Sums:
    """Sum of the products of entries."""
    return over_all(
        left.rows,
        lambda one, row: over_all(
            left.columns,
            lambda other, column: left.entry(one, row, other, column) * right.entry(one, row, other, column),
        ),
    )


def trace(A: Tensor) -> Sums:
    """Sum of the diagonal."""
    return over_all(A.rows, lambda group, at: A.entry(group, at, group, at))


def rayleigh(A: Tensor, v: Tensor) -> Sums:
    """v . A v."""
    return inner(v, of.times(A, v))


def at_unit(A: Tensor, unit: sp.Symbol = UNIT) -> Sums:
    """An entry of a vector over units, or of the diagonal of a matrix."""
    column = ("", ()) if A.columns == of.ALONE else ("unit", (unit,))
    return A.entry("unit", (unit,), *column)


def paths(A: Tensor, B: Tensor) -> Sums:
    """The product of the entries of unit UNIT."""
    return at_unit(A) * at_unit(B)


def size_square(name: str, at: AnySize) -> Sums:
    """The square of the entry of unit UNIT of a vector over units."""
    if name == "a":
        return of.column_square(UNIT)
    entry = at_unit(of.MATRICES[name](at))
    return entry * entry


def length(to: Reading, A: Tensor) -> sp.Expr:
    """The root of the sum of the squares of the entries."""

    def entry(*at: Any) -> Sums:
        return to.settled(A.entry(*at))

    settled = Tensor(A.rows, A.columns, entry)
    return to.root(inner(settled, settled))


NORMS: dict[str, Callable[[Reading, Tensor], sp.Expr]] = {
    "trace": lambda to, A: to.number(trace(A)),
    "frobenius": length,
    "norm": length,
    "rows": lambda to, A: sum(sp.Mul(*(SIZES[each] for each in kinds)) for _, kinds in A.rows),
    "entry": lambda to, A: to.number(A.entry("a", (OUT, FIRST_UNIT), "a", (OUT, FIRST_UNIT))),
    "total": lambda to, v: to.number(over_all(v.rows, lambda group, at: v.entry(group, at, "", ()))),
}
"""What is taken of one matrix or vector."""

OF_SIZES: dict[str, Callable[..., Sums]] = {
    "norm1": lambda square: square,
    "weighted": lambda A, square: at_unit(A) * at_unit(A) * square,
    "spread": lambda A, square: at_unit(A) * square,
}
"""Squares of what is summed over units, from the square of an entry of a vector over units."""

PAIRS: dict[str, Callable[[Reading, Tensor, Tensor], sp.Expr]] = {
    "inner": lambda to, A, B: to.number(inner(A, B)),
    "rayleigh": lambda to, A, v: to.number(rayleigh(A, v)),
    "paths": lambda to, A, B: to.roots_of_units(paths(A, B)),
    "roots": lambda to, one, other: to.roots_of_units(paths(one, other)),
}
"""What is taken of two."""
