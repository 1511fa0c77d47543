"""Reading the terms of a proof in a network of any size, and comparing two expressions in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef

from theory import tensors as of
from theory.indexed import FIRST, OUT, SIZES, Sums, canonical, fresh, indices
from theory.lemma import CALL
from theory.setting import Setting, a, g, w, x
from theory.tensors import Tensor

n, d, m, q = (SIZES[each] for each in "ijko")
UNIT, SAMPLE = sp.symbols("k_any i_any", integer=True)


@dataclass
class Reading:
    """What terms mean in a setting.

    Polynomials become symbols, so that roots and quotients of them can be written; `known` says which
    polynomial a symbol stands for.

    Parameters
    ----------
    at : Setting
    """

    at: Setting
    known: dict[sp.Symbol, Sums] = field(default_factory=dict)

    def number(self, sums: Sums) -> sp.Expr:
        """A polynomial without free index as a multiple of a symbol, the same for the same polynomial."""
        scale, rest = self._normal(sums)
        if not indices(rest) and not rest.has(AppliedUndef):
            return scale * rest
        name = sp.Symbol(f"[{rest}]", real=True)
        self.known[name] = Sums(rest, frozenset())
        return scale * name

    def settled(self, sums: Sums) -> Sums:
        """A polynomial with what is assumed put in, in its shortest form."""
        return Sums(canonical(self.at.settled(sums)), sums.free)

    def root(self, sums: Sums) -> sp.Expr:
        """The root of a polynomial that is not negative."""
        return sp.sqrt(self.number(sums))

    def roots_of_units(self, sums: Sums) -> sp.Expr:
        """The sum over units of the root of a polynomial in which UNIT is free."""
        scale, rest = self._normal(sums)
        return sp.sqrt(scale) * sp.Symbol(f"sum over units of the root of [{rest}]", positive=True)

    def symbol(self, words: str, *sums: Sums) -> sp.Symbol:
        """A number that depends on nothing but polynomials."""
        parts = ", ".join(f"[{canonical(self.at.settled(each))}]" for each in sums)
        return sp.Symbol(f"{words} {parts}", positive=True)

    def _normal(self, sums: Sums) -> tuple[sp.Expr, sp.Expr]:
        """A positive number, and the polynomial divided by it: the same for proportional polynomials."""
        whole = canonical(self.at.settled(sums))
        first = min(sp.Add.make_args(whole), key=str)
        parts = [part for part in sp.Mul.make_args(first) if not indices(part) and not part.has(AppliedUndef)]
        scale = abs(sp.Mul(*parts))
        return (scale, sp.expand(whole / scale)) if scale else (sp.S.One, whole)


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


def weighted(A: Tensor, square: Sums) -> Sums:
    """The square of a diagonal entry of A times another, of unit UNIT."""
    return at_unit(A) * at_unit(A) * square


def size_square(name: str, at: Setting) -> Sums:
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


HEADS: dict[str, Callable[[Reading, Tensor], sp.Expr]] = {
    "trace": lambda to, A: to.number(trace(A)),
    "frobenius": length,
    "norm": length,
    "rows": lambda to, A: sum(sp.Mul(*(SIZES[each] for each in kinds)) for _, kinds in A.rows),
    "entry": lambda to, A: to.number(A.entry("a", (OUT, FIRST), "a", (OUT, FIRST))),
    "total": lambda to, v: to.number(over_all(v.rows, lambda group, at: v.entry(group, at, "", ()))),
}
"""What is taken of one matrix or vector."""

PAIRS: dict[str, Callable[[Reading, Tensor, Tensor], sp.Expr]] = {
    "inner": lambda to, A, B: to.number(inner(A, B)),
    "rayleigh": lambda to, A, v: to.number(rayleigh(A, v)),
    "paths": lambda to, A, B: to.roots_of_units(paths(A, B)),
    "roots": lambda to, one, other: to.roots_of_units(paths(one, other)),
}
"""What is taken of two."""


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


def input_gradient(at: Setting) -> Sums:
    """E|grad_x f|^2, from the derivatives of every output by its own input."""
    i, o, j = fresh("ioj")
    slope = at.slope(i, o, "x", (i, j))
    return (slope * slope).over(i, o, j) * (1 / n)


def squared_gradient(at: Setting, *left_out: str) -> Sums:
    """|grad R|^2, without the groups left out."""
    groups = tuple(part for part in at.parts if part[0] not in left_out)
    return over_all(groups, lambda name, to: at.gradient(name, to) * at.gradient(name, to))


def imbalance(at: Setting) -> Sums:
    """w~_k . dR/dw~_k - p a_k . dR/da_k, of unit UNIT."""
    j, o = fresh("jo")
    found = (Sums.of(w(UNIT, j)) * at.gradient("w", (UNIT, j))).over(j)
    if at.biased:
        found += Sums.of(sp.Function("b", real=True)(UNIT)) * at.gradient("b", (UNIT,))
    return found - (Sums.of(a(o, UNIT)) * at.gradient("a", (o, UNIT))).over(o) * at.degree


def twin_square(at: Setting) -> Sums:
    """|dR/dw~_k|^2 of the first unit."""
    (j,) = fresh("j")
    by_weight = at.gradient("w", (FIRST, j))
    found = (by_weight * by_weight).over(j)
    return found + at.gradient("b", (FIRST,)) * at.gradient("b", (FIRST,)) if at.biased else found


def mean_jacobian(at: Setting) -> Sums:
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


def correlation(at: Setting) -> Sums:
    """|E[g x~]|^2 of a network with one output."""
    i, j = fresh("ij")
    mean = Sums.of(g(i, OUT) * x(i, j)).over(i) * (1 / n)
    found = (mean * mean).over(j)
    constant = Sums.of(g(i, OUT)).over(i) * (1 / n)
    return found + constant * constant if at.biased else found


def side(at: Setting, on: Callable[[sp.Symbol], sp.Expr]) -> Sums:
    """(E[1 (w x + b)])^2 (P^2 + (E[1 x])^2), 1 the indicator `on` and P its mean, of UNIT; one input."""
    (i,) = fresh("i")
    whole, (j,) = Sums.of(on(i)), fresh("j")
    reach = (whole * at.z(i, UNIT)).over(i) * (1 / n)
    share = whole.over(i) * (1 / n)
    place = (whole * Sums.of(x(i, j))).over(i) * (1 / n)
    return reach * reach * (share * share + (place * place).over(j))


SCALARS: dict[str, Callable[[Reading], sp.Expr]] = {
    "n": lambda to: n,
    "q": lambda to: sp.S.One if to.at.alone else q,
    "m": lambda to: m,
    "d": lambda to: d,
    "degree": lambda to: sp.sympify(to.at.degree),
    "risk": lambda to: to.number(mean_square_of_outputs(lambda i, o: Sums.of(g(i, o))) * sp.Rational(1, 2)),
    "mean_square(r)": lambda to: to.number(mean_square_of_outputs(lambda i, o: Sums.of(g(i, o)))),
    "mean_square_output": lambda to: to.number(mean_square_of_outputs(to.at.f)),
    "mean_square_jacobian": lambda to: to.number(trace(of.tangent_kernel(to.at))),
    "mean_jacobian^2": lambda to: to.number(mean_jacobian(to.at)),
    "input_gradient": lambda to: to.number(input_gradient(to.at)),
    "quadratic_gradient": lambda to: to.number(quadratic_gradient()),
    "norm(a, c)": lambda to: to.root(inner(*[of.MATRICES["a_c"](to.at)] * 2)),
    "least_trace": lambda to: (
        2 * to.roots_of_units(of.column_square(UNIT) * of.mean_activity(UNIT) * of.mean_reach(to.at, UNIT) * q)
    ),
    "first_activity": lambda to: to.number(of.mean_activity(FIRST)),
    "unit_gradient": lambda to: to.root(squared_gradient(to.at, "c")),
    "gradient_norm": lambda to: to.root(squared_gradient(to.at)),
    "kernel_energy": lambda to: to.number(rayleigh(of.tangent_kernel(to.at), of.MATRICES["r/n"](to.at))),
    "imbalance_rate": lambda to: to.symbol("largest size over units of", imbalance(to.at))
    if canonical(to.at.settled(imbalance(to.at)))
    else sp.S.Zero,
    "twin_weight": lambda to: to.root(Sums.of(a(OUT, FIRST) ** 2)),
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


def read(name: str, to: Reading) -> sp.Expr:
    """A term such as ``trace(G_bb)`` in polynomials; its own symbol if it is not made of them.

    Examples
    --------
    >>> read("mean_square(r)", Reading(Setting())) - 2 * read("risk", Reading(Setting()))
    0
    """
    if name in SCALARS:
        return SCALARS[name](to)
    match = CALL.fullmatch(name)
    head, arguments = (match[1], match[2].split(", ")) if match else ("", [])
    if head in ("weighted", "norm1") and arguments[-1] in (*of.MATRICES, "a"):
        square = size_square(arguments[-1], to.at)
        return to.roots_of_units(
            square if head == "norm1" else weighted(of.MATRICES[arguments[0]](to.at), square)
        )
    parts = [of.MATRICES[each](to.at) for each in arguments if each in of.MATRICES]
    if len(parts) == len(arguments) == 1 and head in HEADS:
        return HEADS[head](to, *parts)
    if len(parts) == len(arguments) == 2 and head in PAIRS:
        return PAIRS[head](to, *parts)
    return sp.Symbol(name, real=True)


def as_is(name: sp.Symbol) -> sp.Symbol:
    """A term that is not to be read."""
    return sp.Symbol(f"{name.name} as it is", real=True)


def agree(left: sp.Expr, right: sp.Expr, at: Setting, power: int = 1) -> bool:
    """Whether two expressions in terms are the same in networks of every size.

    Examples
    --------
    >>> trace, frobenius = (sp.Symbol(f"{head}(W*W')") for head in ("trace", "frobenius"))
    >>> agree(sp.Symbol("trace(W*W')"), sp.Symbol("frobenius(W)") ** 2, Setting())
    True
    >>> agree(sp.Symbol("trace(W*W')"), sp.Symbol("frobenius(W*W')"), Setting())
    False
    """
    common = {each: as_is(each) for each in left.free_symbols & right.free_symbols}
    return bool(common and _equal(left.xreplace(common), right.xreplace(common), at, power)) or _equal(
        left, right, at, power
    )


def _equal(left: sp.Expr, right: sp.Expr, at: Setting, power: int) -> bool:
    to = Reading(at)
    one, other = (
        side.xreplace({each: read(each.name, to) for each in side.free_symbols}).doit() ** power
        for side in (left, right)
    )
    gap = sp.expand(sp.fraction(sp.together(one - other))[0])
    groups: dict[sp.Expr, Sums] = {}
    for term in sp.Add.make_args(gap):
        rest, value = _multiplied(term, to.known)
        groups[rest] = groups.get(rest, Sums.of(0)) + value
    return all(canonical(at.settled(value)) == 0 for value in groups.values())


def _multiplied(term: sp.Expr, known: dict[sp.Symbol, Sums]) -> tuple[sp.Expr, Sums]:
    """A term as what is no polynomial, times a polynomial."""
    rest, value = sp.S.One, Sums.of(1)
    for base, power in term.as_powers_dict().items():
        whole = sp.floor(power) if base in known else 0
        for _ in range(int(whole)):
            value = value * known[base]
        if base.is_number or base in SIZES.values():
            value = value * base**power
        else:
            rest *= base ** (power - whole)
    return rest, value
