"""Polynomials in the letters of a network of any size: sums over samples, inputs, units and outputs.

An index is a symbol whose name begins with its kind: i a sample, j an input, k a unit, o an output. A letter
is a function of indices. Every index of a term that is not free is summed over its whole range, of which
nothing is said but its name: n, d, m or q. Two such polynomials are the same for all sizes if and only if
their terms are, up to the names of summed indices; so an identity that :func:`canonical` confirms holds for
every number of samples, inputs, units and outputs, and one that holds for small numbers alone is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import count, permutations, product
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef

SIZES = dict(zip("ijko", sp.symbols("n d m q", positive=True, integer=True), strict=True))
FIRST_UNIT, SECOND_UNIT, OUT = (sp.Symbol(name, integer=True) for name in ("k_first", "k_second", "o_first"))
NUMBERS = count()
FIXED = frozenset({FIRST_UNIT, SECOND_UNIT, OUT})
Indices = tuple[sp.Symbol, ...]


def letter(name: str) -> Any:
    """A letter, to be applied to indices."""
    return sp.Function(name, real=True)


class Curvature(sp.Function):
    """The letter Lam(i, o, r), symmetric in its outputs."""

    is_real = True

    @classmethod
    def eval(cls, i: sp.Symbol, o: sp.Symbol, r: sp.Symbol) -> sp.Expr | None:
        """Itself with its outputs in order."""
        one, other = sorted((o, r), key=sp.default_sort_key)
        return None if (one, other) == (o, r) else cls(i, one, other)


def fresh(kinds: str) -> Indices:
    """New indices, one for each letter of `kinds`."""
    return tuple(sp.Symbol(f"{each}{next(NUMBERS)}", integer=True) for each in kinds)


def kind(index: sp.Symbol) -> str:
    """What an index counts: i, j, k or o."""
    return str(index.name[0])


def indices(term: sp.Expr) -> set[sp.Symbol]:
    """The indices of a term."""
    return {item for item in term.free_symbols if item.is_integer and item not in SIZES.values()}


@dataclass(frozen=True)
class Sums:
    """A polynomial in letters; each index that is not in `free` is summed.

    Parameters
    ----------
    expression : sympy.Expr
        Expanded.
    free : frozenset of sympy.Symbol

    Examples
    --------
    >>> i, k = fresh("ik")
    >>> outputs = Sums.of(letter("a")(k) * letter("s")(i, k)).over(k)
    >>> canonical((outputs * outputs).over(i))
    a(k_0)*a(k_1)*s(i_0, k_0)*s(i_0, k_1)
    """

    expression: sp.Expr
    free: frozenset[sp.Symbol]

    @staticmethod
    def of(expression: Any) -> Sums:
        """A polynomial all of whose indices are free."""
        given = sp.expand(expression)
        return Sums(given, frozenset(indices(given)) - FIXED)

    def __add__(self, other: Sums) -> Sums:
        return Sums(self.expression + other.expression, self.free | other.free)

    def __neg__(self) -> Sums:
        return Sums(sp.expand(-self.expression), self.free)

    def __sub__(self, other: Sums) -> Sums:
        return self + (-other)

    def __mul__(self, other: Any) -> Sums:
        """The product; summed indices of the second factor are renamed."""
        if not isinstance(other, Sums):
            return Sums(sp.expand(self.expression * other), self.free)
        bound = indices(other.expression) - other.free - FIXED
        renamed = other.expression.xreplace({each: fresh(kind(each))[0] for each in bound})
        free = self.free | other.free
        return Sums(contracted(self.expression * renamed, free), free)

    def over(self, *summed: sp.Symbol) -> Sums:
        """The sum over indices that were free."""
        expression, free = self.expression, self.free - set(summed)
        for index in summed:
            terms = sp.Add.make_args(expression)
            expression = sum((t if t.has(index) else t * SIZES[kind(index)] for t in terms), sp.S.Zero)
        return Sums(contracted(expression, free), free)


def contracted(expression: sp.Expr, free: frozenset[sp.Symbol]) -> sp.Expr:
    """The expression without the Kronecker deltas of summed indices."""
    terms = sp.Add.make_args(sp.expand(expression))
    return sum((_without_deltas(term, free | FIXED) for term in terms), sp.S.Zero)


def _without_deltas(term: sp.Expr, free: frozenset[sp.Symbol]) -> sp.Expr:
    """The term without deltas; one between free indices stays, and the rest speaks of the first of them."""
    kept = sp.S.One
    for _ in range(len(term.atoms(sp.KroneckerDelta))):
        deltas = sorted(term.atoms(sp.KroneckerDelta), key=str)
        if not deltas:
            break
        one, other = sorted(deltas[0].args, key=lambda index: (index not in free, str(index)))
        if {one, other} <= FIXED:
            return sp.S.Zero
        kept *= deltas[0] if other in free else 1
        term = term.xreplace({deltas[0]: sp.S.One}).xreplace({other: one})
    return kept * term


def replaced(sums: Sums, rule: Callable[[sp.Expr], Sums | None]) -> Sums:
    """Every letter for which `rule` has something put in its place; a power becomes a product."""
    found = Sums(sp.S.Zero, sums.free)
    for term in sp.Add.make_args(sums.expression):
        kept, parts = sp.S.One, []
        for base, power in term.as_powers_dict().items():
            new = rule(base) if isinstance(base, AppliedUndef) else None
            parts += [] if new is None else [new] * int(power)
            kept *= base**power if new is None else 1
        there = frozenset(indices(term)) - FIXED
        part = Sums(kept, there)
        for each in parts:
            part = part * each
        found += part.over(*(there - sums.free))
    return found


def canonical(sums: Sums) -> sp.Expr:
    """The polynomial with its summed indices named by their places: zero if and only if it vanishes at
    every size, for letters that are independent.
    """
    expression = contracted(sums.expression, sums.free)
    return sp.Add(*(_canonical(term, sums.free | FIXED) for term in sp.Add.make_args(expression)))


def _canonical(term: sp.Expr, free: frozenset[sp.Symbol]) -> sp.Expr:
    """The first of the ways to name the summed indices of a term."""
    bound = indices(term) - free
    if not bound:
        return term
    factors = [(base, power) for base, power in term.as_powers_dict().items() if indices(base)]
    signs = {index: _signature(index, factors, bound) for index in bound}
    best = min(_namings(signs), key=lambda naming: _spelling(factors, naming))
    return term.xreplace(best)


def _signature(index: sp.Symbol, factors: Any, bound: set[sp.Symbol]) -> str:
    """What does not change when summed indices are renamed: the places at which an index stands."""
    places = []
    for base, power in factors:
        for place, argument in enumerate(base.args):
            if argument == index:
                others = ["." if each in bound else str(each) for each in base.args]
                seat = "any" if isinstance(base, Curvature) and place else place
                places.append(f"{base.func}{power}@{seat}{others}")
    return "".join(sorted(places))


def _namings(signs: dict[sp.Symbol, str]) -> Iterator[dict[sp.Symbol, sp.Symbol]]:
    """All ways to number the indices of each kind that respect the order of their signatures."""
    groups: dict[tuple[str, str], list[sp.Symbol]] = {}
    for index, sign in signs.items():
        groups.setdefault((kind(index), sign), []).append(index)
    keys = sorted(groups)
    for orders in product(*(permutations(groups[key]) for key in keys)):
        yield dict(_numbered(keys, orders))


def _numbered(keys: list[tuple[str, str]], orders: Iterable[Indices]) -> Iterator[tuple[Any, Any]]:
    counts = dict.fromkeys(SIZES, 0)
    for (letter_, _), order in zip(keys, orders, strict=True):
        for index in order:
            yield index, sp.Symbol(f"{letter_}_{counts[letter_]}", integer=True)
            counts[letter_] += 1


def _spelling(factors: Any, naming: dict[sp.Symbol, sp.Symbol]) -> list[tuple[str, str]]:
    return sorted((str(base.xreplace(naming)), str(power)) for base, power in factors)
