"""What the terms of a proof mean in networks of any size, as polynomials and what is made of them."""

from __future__ import annotations

from dataclasses import dataclass, field

import sympy as sp
from sympy.core.function import AppliedUndef

from theory.proofs.any_size.network import AnySize
from theory.proofs.any_size.sums import Sums, canonical, indices

UNIT, SAMPLE = sp.symbols("k_any i_any", integer=True)


@dataclass
class Reading:
    """What terms mean in a setting.

    Polynomials become symbols, so that roots and quotients of them can be written.

    Parameters
    ----------
    at : AnySize
    known : dict
        The polynomials that symbols stand for.
    rooted : dict
        The polynomials, UNIT free, of which symbols are the sum of the roots over units.
    """

    at: AnySize
    known: dict[sp.Symbol, Sums] = field(default_factory=dict)
    rooted: dict[sp.Symbol, Sums] = field(default_factory=dict)

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
        name = sp.Symbol(f"sum over units of the root of [{rest}]", nonnegative=True)
        self.rooted[name] = Sums(rest, sums.free)
        return sp.sqrt(scale) * name

    def symbol(self, words: str, *sums: Sums) -> sp.Symbol:
        """A number that depends on nothing but polynomials."""
        parts = ", ".join(f"[{canonical(self.at.settled(each))}]" for each in sums)
        return sp.Symbol(f"{words} {parts}", real=True)

    def _normal(self, sums: Sums) -> tuple[sp.Expr, sp.Expr]:
        """A positive number, and the polynomial divided by it: the same for proportional polynomials."""
        whole = canonical(self.at.settled(sums))
        first = min(sp.Add.make_args(whole), key=str)
        parts = [part for part in sp.Mul.make_args(first) if not indices(part) and not part.has(AppliedUndef)]
        scale = abs(sp.Mul(*parts))
        return (scale, sp.expand(whole / scale)) if scale else (sp.S.One, whole)
