"""Comparing two expressions in the terms of proofs, in networks of any size."""

from __future__ import annotations

from functools import cache

import sympy as sp

from theory.proofs.any_size.matrices import MATRICES
from theory.proofs.any_size.network import AnySize
from theory.proofs.any_size.norms import NORMS, OF_SIZES, PAIRS, size_square
from theory.proofs.any_size.numbers import NUMBERS
from theory.proofs.any_size.reading import Reading
from theory.proofs.any_size.sums import SIZES, Sums, canonical
from theory.proofs.lemmas.lemma import CALL


def read(name: str, to: Reading) -> sp.Expr:
    """A term such as ``trace(G_bb)`` in polynomials; its own symbol if it is not made of them.

    Examples
    --------
    >>> read("mean_square(r)", Reading(AnySize())) - 2 * read("risk", Reading(AnySize()))
    0
    """
    if name in NUMBERS:
        return NUMBERS[name](to)
    match = CALL.fullmatch(name)
    head, arguments = (match[1], match[2].split(", ")) if match else ("", [])
    if head in OF_SIZES and arguments[-1] in (*MATRICES, "a"):
        whole = [MATRICES[each](to.at) for each in arguments[:-1]]
        return to.roots_of_units(OF_SIZES[head](*whole, size_square(arguments[-1], to.at)))
    parts = [MATRICES[each](to.at) for each in arguments if each in MATRICES]
    if len(parts) == len(arguments) == 1 and head in NORMS:
        return NORMS[head](to, *parts)
    if len(parts) == len(arguments) == 2 and head in PAIRS:
        return PAIRS[head](to, *parts)
    return sp.Symbol(name, real=True)


def as_is(name: sp.Symbol) -> sp.Symbol:
    """A term that is not to be read."""
    return sp.Symbol(f"{name.name} as it is", real=True)


@cache
def agree(left: sp.Expr, right: sp.Expr, at: AnySize, power: int = 1) -> bool:
    """Whether two expressions in terms are the same in networks of every size.

    Examples
    --------
    >>> trace, frobenius = (sp.Symbol(f"{head}(W*W')") for head in ("trace", "frobenius"))
    >>> agree(sp.Symbol("trace(W*W')"), sp.Symbol("frobenius(W)") ** 2, AnySize())
    True
    >>> agree(sp.Symbol("trace(W*W')"), sp.Symbol("frobenius(W*W')"), AnySize())
    False
    """
    common = {each: as_is(each) for each in left.free_symbols & right.free_symbols}
    return bool(common and _equal(left.xreplace(common), right.xreplace(common), at, power)) or _equal(
        left, right, at, power
    )


def _equal(left: sp.Expr, right: sp.Expr, at: AnySize, power: int) -> bool:
    to = Reading(at)
    one, other = (
        side.xreplace({each: read(each.name, to) for each in side.free_symbols}).doit() ** power
        for side in (left, right)
    )
    gap = sp.expand(sp.fraction(sp.together(one - other))[0])
    groups: dict[sp.Expr, Sums] = {}
    for term in sp.Add.make_args(gap):
        rest, value = _multiplied(term, to)
        groups[rest] = groups.get(rest, Sums.of(0)) + value
    return all(canonical(at.settled(value)) == 0 for value in groups.values())


def _multiplied(term: sp.Expr, to: Reading) -> tuple[sp.Expr, Sums]:
    """A term as what is no polynomial, times a polynomial."""
    rest, value = sp.S.One, Sums.of(1)
    for base, power in term.as_powers_dict().items():
        whole = sp.floor(power) if base in to.known else 0
        for _ in range(int(whole)):
            value = value * to.known[base]
        if base.is_number or base in (*SIZES.values(), to.at.degree):
            value = value * base**power
        else:
            rest *= base ** (power - whole)
    return rest, value
