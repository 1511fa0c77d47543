"""The numbers that proofs speak of, from their definitions, in networks of any size."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from theory.proofs.any_size import matrices as of
from theory.proofs.any_size.network import AnySize, a, b, g, s, size, stretch, w, x
from theory.proofs.any_size.norms import at_unit, inner, over_all, rayleigh, trace
from theory.proofs.any_size.reading import SAMPLE, UNIT, Reading
from theory.proofs.any_size.sums import FIRST_UNIT, OUT, SIZES, Sums, canonical, fresh
from theory.proofs.lemmas.draws import t

n, d, m, q = (SIZES[each] for each in "ijko")


def mean_square_of_outputs(entry: Callable[[sp.Symbol, sp.Symbol], Sums]) -> Sums:
    """The mean over samples of the sum over outputs of squares."""
    i, o = fresh("io")
    return (entry(i, o) * entry(i, o)).over(i, o) * (1 / n)


def mean_of_slopes(weight: Callable[[sp.Symbol], Sums]) -> Sums:
    """E[weight |u|^2]."""
    i, o, k = fresh("iok")
    u = of.bias_slope(i, o, k)
    return (weight(i) * u * u).over(i, o, k) * (1 / n)


def one_plus_square(i: sp.Symbol) -> Sums:
    """1 + |x_i|^2."""
    return Sums.of(1) + of.plain_square(i)


def input_gradient(at: AnySize) -> Sums:
    """E|grad_x f|^2, from the derivatives of every output by its own input."""
    i, o, j = fresh("ioj")
    slope = at.slope(i, o, "x", (i, j))
    return (slope * slope).over(i, o, j) * (1 / n)


def squared_gradient(at: AnySize, *left_out: str) -> Sums:
    """|grad R|^2, without the groups left out."""
    groups = tuple(part for part in at.parts if part[0] not in left_out)
    return over_all(groups, lambda name, to: at.gradient(name, to) * at.gradient(name, to))


def imbalance(at: AnySize) -> Sums:
    """w~_k . dR/dw~_k - p a_k . dR/da_k, of unit UNIT."""
    j, o = fresh("jo")
    found = (Sums.of(w(UNIT, j)) * at.gradient("w", (UNIT, j))).over(j)
    if at.biased:
        found += Sums.of(b(UNIT)) * at.gradient("b", (UNIT,))
    return found - (Sums.of(a(o, UNIT)) * at.gradient("a", (o, UNIT))).over(o) * at.degree


def twin_square(at: AnySize) -> Sums:
    """|dR/dw~_k|^2 of the first unit."""
    (j,) = fresh("j")
    by_weight = at.gradient("w", (FIRST_UNIT, j))
    found = (by_weight * by_weight).over(j)
    return found + at.gradient("b", (FIRST_UNIT,)) * at.gradient("b", (FIRST_UNIT,)) if at.biased else found


def mean_jacobian(at: AnySize) -> Sums:
    """|E J|^2 of a network with one output."""
    (i,) = fresh("i")

    def entry(name: str, to: Any) -> Sums:
        return at.slope(i, OUT, name, to).over(i) * (1 / n)

    return over_all(at.parts, lambda name, to: entry(name, to) * entry(name, to))


def image_of_input(i: sp.Symbol, j: sp.Symbol) -> Sums:
    """(M x_i)_j with M = sum_k a_k w_k w_k^T."""
    k, l = fresh("kj")
    return Sums.of(a(OUT, k) * w(k, j) * w(k, l) * x(i, l)).over(k, l)


def quadratic_gradient() -> Sums:
    """4 E|M x|^2."""
    i, j = fresh("ij")
    return (image_of_input(i, j) * image_of_input(i, j)).over(i, j) * (4 / n)


def row_square(k: sp.Symbol) -> Sums:
    """|w_k|^2."""
    (j,) = fresh("j")
    return Sums.of(w(k, j) ** 2).over(j)


def block_paths(to: Reading, name: str) -> sp.Expr:
    """sum_k |w_k| sqrt(M_kk)."""
    return to.roots_of_units(row_square(UNIT) * at_unit(of.MATRICES[name](to.at)))


def correlation(at: AnySize) -> Sums:
    """|E[g x~]|^2 of a network with one output."""
    i, j = fresh("ij")
    mean = Sums.of(g(i, OUT) * x(i, j)).over(i) * (1 / n)
    found = (mean * mean).over(j)
    constant = Sums.of(g(i, OUT)).over(i) * (1 / n)
    return found + constant * constant if at.biased else found


def side(at: AnySize, on: Callable[[sp.Symbol], sp.Expr]) -> Sums:
    """(E[1 (w x + b)])^2 (P^2 + (E[1 x])^2), 1 the indicator `on` and P its mean, of UNIT; one input."""
    (i,) = fresh("i")
    whole, (j,) = Sums.of(on(i)), fresh("j")
    reach = (whole * at.z(i, UNIT)).over(i) * (1 / n)
    share = whole.over(i) * (1 / n)
    place = (whole * Sums.of(x(i, j))).over(i) * (1 / n)
    return reach * reach * (share * share + (place * place).over(j))


def slope_means(k: sp.Symbol, value: Callable[[sp.Symbol], Sums]) -> Sums:
    """E[s'(z_k)^2 value]."""
    (i,) = fresh("i")
    return (Sums.of(s(1, i, k) ** 2) * value(i)).over(i) * (1 / n)


def over_balanced(entry: Callable[[sp.Symbol], Sums]) -> Sums:
    """The sum over units of |a_k| / |w~_k| times an entry."""
    (k,) = fresh("k")
    return (Sums.of(stretch(k) ** 2) * entry(k)).over(k)


def mean_input_square(at: AnySize) -> Sums:
    """E|x~|^2."""
    (i,) = fresh("i")
    return of.input_square(at, i).over(i) * (1 / n)


def balanced_paths() -> Sums:
    """sum_k |a_k| |w~_k|."""
    return over_balanced(lambda k: Sums.of(size(k) ** 2))


def active(i: sp.Symbol) -> sp.Expr:
    """1 where unit UNIT, a rectifier, is active: its slope."""
    return s(1, i, UNIT)


def passive(i: sp.Symbol) -> sp.Expr:
    """1 where it is not."""
    return 1 - s(1, i, UNIT)


def least_sides(to: Reading) -> sp.Symbol:
    """The sum over units of the smaller of the two sides of its kink."""
    sides = (of.column_square(UNIT) * side(to.at, on) for on in (active, passive))
    return to.symbol("sum over units of the least root of", *sides)


NUMBERS: dict[str, Callable[[Reading], sp.Expr]] = {
    "n": lambda to: n,
    "q": lambda to: sp.S.One if to.at.alone else q,
    "m": lambda to: m,
    "d": lambda to: d,
    "degree": lambda to: sp.sympify(to.at.degree),
    "risk": lambda to: (
        to.number(mean_square_of_outputs(lambda i, o: Sums.of(g(i, o))) * sp.Rational(1, 2))
        if to.at.squared
        else t("risk")
    ),
    "mean_square(r)": lambda to: to.number(mean_square_of_outputs(lambda i, o: Sums.of(g(i, o)))),
    "mean_square_output": lambda to: to.number(mean_square_of_outputs(to.at.f)),
    "mean_square_jacobian": lambda to: to.number(trace(of.tangent_kernel(to.at))),
    "mean_jacobian^2": lambda to: to.number(mean_jacobian(to.at)),
    "input_gradient": lambda to: to.number(input_gradient(to.at)),
    "quadratic_gradient": lambda to: to.number(quadratic_gradient()),
    "norm(a, c)": lambda to: to.root(inner(*[of.MATRICES["a_c"](to.at)] * 2)),
    "least_trace": lambda to: (
        2
        * to.roots_of_units(of.column_square(UNIT) * of.mean_activity(UNIT) * of.mean_reach(to.at, UNIT) * q)
    ),
    "mean_square_input": lambda to: to.number(mean_input_square(to.at)),
    "one": lambda to: sp.S.One,
    "half": lambda to: sp.Rational(1, 2),
    "quarter": lambda to: sp.Rational(1, 4),
    "slope_at_zero": lambda to: to.root(Sums.of(sp.Function("s_at_0", real=True)(1) ** 2)),
    "correlation": lambda to: to.root(correlation(to.at)),
    "silent_descent": lambda to: -2 * sp.Symbol("least(moments)", real=True),
    "energies(balances, s1, W~, X~)": lambda to: to.number(
        over_balanced(lambda k: slope_means(k, lambda i: to.at.z(i, k) * to.at.z(i, k)))
    ),
    "reaches(balances, s1, W~, X~)": lambda to: to.number(
        over_balanced(lambda k: Sums.of(size(k) ** 2) * slope_means(k, lambda i: of.input_square(to.at, i)))
    ),
    "loads(balances, W~, X~)": lambda to: to.number(balanced_paths() * mean_input_square(to.at)),
    "mean_trace(Lam, J*J')": lambda to: to.number(trace(of.gauss_newton(to.at))),
    "mean_of_traces(J*J')": lambda to: to.number(trace(of.tangent_kernel(to.at))),
    "kink_variation": lambda to: 2 * least_sides(to),
    "least_sum(active sides, passive sides)": least_sides,
    "total(active sides)": lambda to: to.roots_of_units(of.column_square(UNIT) * side(to.at, active)),
    "sum(|a||w~|)": lambda to: to.number(balanced_paths()),
    "first_activity": lambda to: to.number(of.mean_activity(FIRST_UNIT)),
    "unit_gradient": lambda to: to.root(squared_gradient(to.at, "c")),
    "gradient_norm": lambda to: to.root(squared_gradient(to.at)),
    "kernel_energy": lambda to: to.number(rayleigh(of.tangent_kernel(to.at), of.MATRICES["r/n"](to.at))),
    "imbalance_rate": lambda to: (
        to.symbol("largest size over units of", imbalance(to.at))
        if canonical(to.at.settled(imbalance(to.at)))
        else sp.S.Zero
    ),
    "twin_weight": lambda to: to.root(Sums.of(a(OUT, FIRST_UNIT) ** 2)),
    "twin_gradient": lambda to: to.root(twin_square(to.at)),
    "mean_square(a*s1)": lambda to: to.number(mean_of_slopes(lambda i: Sums.of(1))),
    "mean_of(|u|^2)": lambda to: to.number(mean_of_slopes(lambda i: Sums.of(1))),
    "trace(G_W)": lambda to: to.number(mean_of_slopes(of.plain_square)),
    "mean_product(|x|^2, |u|^2)": lambda to: to.number(mean_of_slopes(of.plain_square)),
    "trace(G_Wb)": lambda to: to.number(mean_of_slopes(one_plus_square)),
    "mean_product(1 + |x|^2, |u|^2)": lambda to: to.number(mean_of_slopes(one_plus_square)),
    "smallest_input": lambda to: to.symbol("least over samples of", of.plain_square(SAMPLE)),
    "smallest(|x|^2)": lambda to: to.symbol("least over samples of", of.plain_square(SAMPLE)),
    "sum(|w|sqrt(G_bb))": lambda to: block_paths(to, "G_bb"),
    "sum(|w|sqrt(H_bb))": lambda to: block_paths(to, "H_bb"),
    "sum(|a||w|)": lambda to: to.roots_of_units(of.column_square(UNIT) * row_square(UNIT)),
    "sum(|a||w|^2)": lambda to: to.roots_of_units(
        of.column_square(UNIT) * row_square(UNIT) * row_square(UNIT)
    ),
}
"""The numbers of theorems and proofs, from their definitions."""
