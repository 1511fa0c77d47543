"""The vectors and matrices of proofs, entry by entry, in networks of any size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import sympy as sp

from theory.proofs.any_size.network import AnySize, Part, a, b, c, delta, g, s, size, stretch, w, x
from theory.proofs.any_size.sums import FIRST_UNIT, OUT, SECOND_UNIT, SIZES, Indices, Sums, fresh
from theory.quantities.rescaling import FACTOR

Entry = Callable[[str, Indices, str, Indices], Sums]
ALONE: tuple[Part, ...] = (("", ""),)
UNITS: tuple[Part, ...] = (("unit", "k"),)
SAMPLES: tuple[Part, ...] = (("output", "io"),)
n, q = SIZES["i"], SIZES["o"]
NONE = Sums.of(0)


@dataclass(frozen=True)
class Tensor:
    """A matrix, or a vector if its columns are ALONE.

    Parameters
    ----------
    rows, columns : tuple of Part
        Groups of indices.
    entry : callable
        Group and indices of the row, and of the column -> the entry.
    """

    rows: tuple[Part, ...]
    columns: tuple[Part, ...]
    entry: Entry


def vector(rows: tuple[Part, ...], entry: Callable[[str, Indices], Sums]) -> Tensor:
    """A vector."""
    return Tensor(rows, ALONE, lambda group, at, *_: entry(group, at))


def of_units(entry: Callable[[sp.Symbol], Sums]) -> Tensor:
    """A vector over units."""
    return vector(UNITS, lambda _, at: entry(at[0]))


def square_of_units(entry: Callable[[sp.Symbol, sp.Symbol], Sums]) -> Tensor:
    """A matrix over units."""
    return Tensor(UNITS, UNITS, lambda _, at, __, to: entry(at[0], to[0]))


def of_parameters(at: AnySize, **groups: Callable[..., Sums]) -> Tensor:
    """A vector over parameters, by groups; those left out are zero."""
    return vector(at.parts, lambda group, to: groups[group](*to) if group in groups else NONE)


def jacobian(at: AnySize) -> Tensor:
    """J, without the root of n."""
    return Tensor(SAMPLES, at.parts, lambda _, row, name, to: at.slope(row[0], row[1], name, to))


def gauss_newton(at: AnySize) -> Tensor:
    """G."""

    def entry(one: str, row: Indices, other: str, column: Indices) -> Sums:
        i, o, r = fresh("ioo")
        left, right = at.slope(i, o, one, row), at.slope(i, r, other, column)
        return (left * at.curvature(i, o, r) * right).over(i, o, r) * (1 / n)

    return Tensor(at.parts, at.parts, entry)


def hessian(at: AnySize) -> Tensor:
    """H, the derivative of the gradient of the risk."""
    return Tensor(at.parts, at.parts, at.hessian)


def residual(at: AnySize) -> Tensor:
    """The residual part of H."""

    def entry(one: str, row: Indices, other: str, column: Indices) -> Sums:
        i, o = fresh("io")
        second = at.derivative(at.slope(i, o, one, row), other, column)
        return (Sums.of(g(i, o)) * second).over(i, o) * (1 / n)

    return Tensor(at.parts, at.parts, entry)


def tangent_kernel(at: AnySize) -> Tensor:
    """K = J J^T / n."""

    def entry(_: str, row: Indices, __: str, column: Indices) -> Sums:
        found = NONE
        for name, kinds in at.parts:
            to = fresh(kinds)
            found += (at.slope(row[0], row[1], name, to) * at.slope(column[0], column[1], name, to)).over(*to)
        return found * (1 / n)

    return Tensor(SAMPLES, SAMPLES, entry)


def bias_slope(i: sp.Symbol, o: sp.Symbol, k: sp.Symbol) -> Sums:
    """u, the derivative of output o by the hidden bias of unit k."""
    return Sums.of(a(o, k) * s(1, i, k))


def bias_block(at: AnySize) -> Tensor:
    """G_bb."""

    def entry(k: sp.Symbol, l: sp.Symbol) -> Sums:
        i, o, r = fresh("ioo")
        whole = bias_slope(i, o, k) * at.curvature(i, o, r) * bias_slope(i, r, l)
        return whole.over(i, o, r) * (1 / n)

    return square_of_units(entry)


def mean_bend(k: sp.Symbol) -> Sums:
    """E[sum_o g_o a_ok s''(z_k)]."""
    i, o = fresh("io")
    return Sums.of(g(i, o) * a(o, k) * s(2, i, k)).over(i, o) * (1 / n)


def slope_gram(k: sp.Symbol, l: sp.Symbol) -> Sums:
    """E[u u^T]."""
    i, o = fresh("io")
    return (bias_slope(i, o, k) * bias_slope(i, o, l)).over(i, o) * (1 / n)


def mean_value(k: sp.Symbol) -> Sums:
    """E s(z_k)."""
    (i,) = fresh("i")
    return Sums.of(s(0, i, k)).over(i) * (1 / n)


def mean_slopes(at: AnySize, k: sp.Symbol) -> Sums:
    """|a_k|^2 |E[s'(z_k) x~]|^2."""
    i, j = fresh("ij")
    place = Sums.of(s(1, i, k) * x(i, j)).over(i) * (1 / n)
    share = Sums.of(s(1, i, k)).over(i) * (1 / n)
    square = (place * place).over(j)
    return column_square(k) * (square + share * share if at.biased else square)


def diagonal(entry: Callable[[sp.Symbol], Sums]) -> Tensor:
    """A diagonal matrix over units."""
    return square_of_units(lambda k, l: Sums.of(delta(k, l)) * entry(k))


def plus(one: Tensor, other: Tensor) -> Tensor:
    """The sum of two matrices."""
    return Tensor(one.rows, one.columns, lambda *at: one.entry(*at) + other.entry(*at))


def weight_gram() -> Tensor:
    """W W^T."""
    (j,) = fresh("j")
    return square_of_units(lambda k, l: Sums.of(w(k, j) * w(l, j)).over(j))


def times(left: Tensor, right: Tensor) -> Tensor:
    """The product of two matrices, or of a matrix and a vector."""

    def entry(one: str, row: Indices, other: str, column: Indices) -> Sums:
        found = NONE
        for group, kinds in left.columns:
            to = fresh(kinds)
            found += (left.entry(one, row, group, to) * right.entry(group, to, other, column)).over(*to)
        return found

    return Tensor(left.rows, right.columns, entry)


def transposed(A: Tensor) -> Tensor:
    """A^T."""
    return Tensor(A.columns, A.rows, lambda one, row, other, column: A.entry(other, column, one, row))


def input_square(at: AnySize, i: sp.Symbol) -> Sums:
    """|x~_i|^2."""
    return plain_square(i) + Sums.of(int(at.biased))


def plain_square(i: sp.Symbol) -> Sums:
    """|x_i|^2."""
    (j,) = fresh("j")
    return Sums.of(x(i, j) ** 2).over(j)


def mean_activity(k: sp.Symbol) -> Sums:
    """E s(z_k)^2."""
    (i,) = fresh("i")
    return Sums.of(s(0, i, k) ** 2).over(i) * (1 / n)


def mean_reach(at: AnySize, k: sp.Symbol) -> Sums:
    """E[s'(z_k)^2 |x~|^2]."""
    (i,) = fresh("i")
    return (Sums.of(s(1, i, k) ** 2) * input_square(at, i)).over(i) * (1 / n)


def column_square(k: sp.Symbol) -> Sums:
    """|a_k|^2."""
    (o,) = fresh("o")
    return Sums.of(a(o, k) ** 2).over(o)


def rescaled(at: AnySize, whole: Tensor, factor: Callable[[sp.Symbol], Sums]) -> Tensor:
    """D^-1 M D^-1, the output weights of unit k divided by `factor` of k and its inputs multiplied by it."""

    def by(group: str, to: Indices) -> Sums:
        if group == "a":
            return factor(to[1])
        return Sums.of(1) if group == "c" else _inverse(factor(to[0]))

    def entry(one: str, row: Indices, other: str, column: Indices) -> Sums:
        return whole.entry(one, row, other, column) * by(one, row) * by(other, column)

    return Tensor(at.parts, at.parts, entry)


def _inverse(factor: Sums) -> Sums:
    """The inverse of a factor that is one letter, or 1 but for the first unit."""
    terms = sp.Add.make_args(factor.expression)
    if len(terms) == 1:
        return Sums.of(1 / factor.expression)
    return Sums.of(1 + (1 / sp.Integer(int(FACTOR)) - 1) * _at_first(factor))


def _at_first(factor: Sums) -> sp.Expr:
    return next(iter(factor.expression.atoms(sp.KroneckerDelta)))


def stretching(k: sp.Symbol) -> Sums:
    """FACTOR for the first unit and 1 for the others."""
    return Sums.of(1 + (int(FACTOR) - 1) * delta(k, FIRST_UNIT))


def scalings(at: AnySize) -> Tensor:
    """The directions (A_k, -w~_k), one column for every unit."""
    groups: dict[str, Callable[..., sp.Expr]] = {
        "a": lambda l, o, k: a(o, k) * delta(k, l),
        "w": lambda l, k, j: -w(k, j) * delta(k, l),
        "b": lambda l, k: -b(k) * delta(k, l),
        "c": lambda l, o: sp.S.Zero,
    }
    return Tensor(at.parts, UNITS, lambda group, row, _, to: Sums.of(groups[group](to[0], *row)))


def exchange(at: AnySize) -> Tensor:
    """The direction that moves output weight from one twin to the other."""
    return of_parameters(at, a=lambda o, k: Sums.of(delta(k, FIRST_UNIT) - delta(k, SECOND_UNIT)))


def dead_slopes(at: AnySize) -> Tensor:
    """s'(0) E[g x~] as a vector over the inputs of a unit."""
    (i,) = fresh("i")
    slope = sp.Function("s_at_0", real=True)(1)
    groups: dict[str, Callable[..., Sums]] = {
        "w": lambda j: Sums.of(slope * g(i, OUT) * x(i, j)).over(i) * (1 / n),
        "b": lambda: Sums.of(slope * g(i, OUT)).over(i) * (1 / n),
    }
    rows: tuple[Part, ...] = (("w", "j"), *([("b", "")] * at.biased))
    return vector(rows, lambda group, to: groups[group](*to))


MATRICES: dict[str, Callable[[AnySize], Tensor]] = {
    "W": lambda at: Tensor(UNITS, (("input", "j"),), lambda _, row, __, to: Sums.of(w(*row, *to))),
    "W*W'": lambda at: weight_gram(),
    "G_bb": bias_block,
    "gram(a*s1)": lambda at: square_of_units(slope_gram),
    "H_bb": lambda at: plus(bias_block(at), diagonal(mean_bend)),
    "mean(r*a*s2)": lambda at: of_units(mean_bend),
    "diag(mean(r*a*s2))": lambda at: diagonal(mean_bend),
    "G": gauss_newton,
    "J'*J": gauss_newton,
    "H": hessian,
    "R": residual,
    "K": tangent_kernel,
    "J*J'": tangent_kernel,
    "J": jacobian,
    "theta": lambda at: of_parameters(
        at,
        a=lambda *to: Sums.of(a(*to)),
        w=lambda *to: Sums.of(w(*to)),
        b=lambda *to: Sums.of(b(*to)),
        c=lambda *to: Sums.of(c(*to)),
    ),
    "a_c": lambda at: of_parameters(at, a=lambda *to: Sums.of(a(*to)), c=lambda *to: Sums.of(c(*to))),
    "e_c": lambda at: of_parameters(at, c=lambda o: Sums.of(delta(o, OUT))),
    "ones": lambda at: vector(SAMPLES, lambda *_: Sums.of(1 / sp.sqrt(n))),
    "r/n": lambda at: vector(SAMPLES, lambda _, to: Sums.of(g(*to) / sp.sqrt(n))),
    "activities": lambda at: of_units(lambda k: mean_activity(k) * q),
    "reaches": lambda at: of_units(lambda k: column_square(k) * mean_reach(at, k)),
    "mean values": lambda at: of_units(lambda k: mean_value(k) * mean_value(k)),
    "mean slopes": lambda at: of_units(lambda k: mean_slopes(at, k)),
    "balanced activities": lambda at: of_units(lambda k: mean_activity(k) * q * Sums.of(stretch(k) ** 2)),
    "balanced reaches": lambda at: of_units(
        lambda k: Sums.of(stretch(k) ** 2 * size(k) ** 2) * mean_reach(at, k)
    ),
    "balanced G": lambda at: rescaled(at, gauss_newton(at), lambda k: Sums.of(stretch(k))),
    "balanced H": lambda at: rescaled(at, hessian(at), lambda k: Sums.of(stretch(k))),
    "stretched G": lambda at: rescaled(at, gauss_newton(at), stretching),
    "stretched H": lambda at: rescaled(at, hessian(at), stretching),
    "H*V": lambda at: times(hessian(at), scalings(at)),
    "G*v": lambda at: times(gauss_newton(at), exchange(at)),
    "H*v": lambda at: times(hessian(at), exchange(at)),
    "dead slopes": dead_slopes,
}
"""The matrices and vectors of theorems, at any size."""
