"""A network of any size in letters: its outputs, and their derivatives by every letter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef

from theory.proofs.any_size.sums import (
    FIRST_UNIT,
    FIXED,
    OUT,
    SECOND_UNIT,
    SIZES,
    Curvature,
    Indices,
    Sums,
    canonical,
    fresh,
    indices,
    kind,
    letter,
    replaced,
)

a, w, b, c, x, s, g = map(letter, "awbcxsg")
unit_vector, size, stretch = letter("e"), letter("size"), letter("stretch")
n, d, m, q = (SIZES[each] for each in "ijko")
delta = sp.KroneckerDelta
Part = tuple[str, str]  # the name of a group of parameters, and the kinds of its indices


@dataclass(frozen=True)
class AnySize:
    """What is assumed of a network and its loss, of whatever size.

    Parameters
    ----------
    biased, offset : bool
        Whether there are hidden biases and an output bias.
    squared : bool
        Whether the loss is the squared one; else its derivatives g and Lam are letters.
    fitted : bool
        Whether g is zero.
    alone : bool
        Whether there is one output.
    degree : sympy.Expr or None
        Of homogeneity: s is z s' over it.
    linear : bool
        Whether s'' is zero as well, so that s = z s'.
    quadratic : bool
        Whether s(z) = z^2.
    twins : bool
        Whether the second of two units has the input weights of the first.
    dead, silent : bool
        Whether the first unit has no weights and s(0) = 0; no input weights.
    balanced : bool
        Whether every unit has weights: then a_k = stretch_k^2 size_k e_k with |e_k| = 1, size_k the length of
        w~_k, and `stretch` is what balances the unit.
    """

    biased: bool = True
    offset: bool = True
    squared: bool = True
    fitted: bool = False
    alone: bool = False
    degree: sp.Expr | None = None
    linear: bool = False
    quadratic: bool = False
    twins: bool = False
    dead: bool = False
    silent: bool = False
    balanced: bool = False

    @property
    def parts(self) -> tuple[Part, ...]:
        """The groups of parameters."""
        found = [("a", "ok"), ("w", "kj")]
        return (*found, *([("b", "k")] * self.biased), *([("c", "o")] * self.offset))

    def z(self, i: sp.Symbol, k: sp.Symbol) -> Sums:
        """The pre-activation of unit k at sample i."""
        (j,) = fresh("j")
        inner = Sums.of(w(k, j) * x(i, j)).over(j)
        return inner + Sums.of(b(k)) if self.biased else inner

    def f(self, i: sp.Symbol, o: sp.Symbol) -> Sums:
        """Output o at sample i."""
        (k,) = fresh("k")
        units = Sums.of(a(o, k) * s(0, i, k)).over(k)
        return units + Sums.of(c(o)) if self.offset else units

    def slope(self, i: sp.Symbol, o: sp.Symbol, name: str, target: Indices) -> Sums:
        """The derivative of output o at sample i by a parameter or an input, such as ``("w", (k, j))``."""
        return self.derivative(self.f(i, o), name, target)

    def derivative(self, sums: Sums, name: str, target: Indices) -> Sums:
        """The derivative of a polynomial by the letter `name` at indices that are free in the result."""
        free = sums.free | (set(target) - FIXED)
        found = Sums(sp.S.Zero, free)
        for atom in sums.expression.atoms(AppliedUndef):
            inner = self._of_letter(atom, name, target)
            if inner is not None:
                bound = indices(atom) - sums.free - FIXED
                outer = Sums(sp.diff(sums.expression, atom), sums.free | bound)
                found += (outer * inner).over(*bound)
        return found

    def _of_letter(self, atom: sp.Expr, name: str, target: Indices) -> Sums | None:
        """The derivative of one letter, None if it is zero."""
        head = str(atom.func)
        if head == name:
            return Sums.of(sp.Mul(*(delta(*pair) for pair in zip(atom.args, target, strict=True))))
        if head == "g":
            return self._of_loss(atom.args, name, target)
        if head == "s" and name in ("w", "b", "x"):
            order, i, k = atom.args
            step = s(order + 1, i, k)
            inner = {
                "w": lambda: delta(k, target[0]) * x(i, target[1]),
                "b": lambda: delta(k, target[0]),
                "x": lambda: delta(i, target[0]) * w(k, target[1]),
            }[name]()
            return Sums.of(step * inner)
        return None

    def _of_loss(self, at: Indices, name: str, target: Indices) -> Sums:
        """The derivative of g = dl/df by a parameter: Lam times that of the outputs."""
        i, o = at
        (r,) = fresh("o")
        return (self.curvature(i, o, r) * self.slope(i, r, name, target)).over(r)

    def curvature(self, i: sp.Symbol, o: sp.Symbol, r: sp.Symbol) -> Sums:
        """The second derivative of the loss of sample i by outputs o and r; symmetric."""
        return Sums.of(delta(o, r) if self.squared else Curvature(i, o, r))

    def gradient(self, name: str, target: Indices) -> Sums:
        """The derivative of the risk by a parameter."""
        i, o = fresh("io")
        return (Sums.of(g(i, o)) * self.slope(i, o, name, target)).over(i, o) * (1 / n)

    def hessian(self, one: str, at: Indices, other: str, to: Indices) -> Sums:
        """The second derivative of the risk by two parameters."""
        return self.derivative(self.gradient(one, at), other, to)

    def settled(self, sums: Sums) -> Sums:
        """The polynomial with what is assumed put in."""
        for rule in self._rules():
            sums = replaced(sums, rule)
        expression = sums.expression
        if self.alone:
            single = {index: OUT for index in indices(expression) if kind(index) == "o"}
            expression = expression.xreplace(single).subs(q, 1)
        if self.balanced:
            expression = _of_unit_length(sp.expand(expression), sums.free)
        return Sums(sp.expand(expression), sums.free)

    def _rules(self) -> list[Callable[[Any], Sums | None]]:
        rules: list[Callable[[Any], Sums | None]] = []
        empty = [self._of_first_unit] * (self.dead or self.silent)
        rules += [self._twin] * self.twins + [*empty, self._activation, *empty]
        return rules + [_nothing("g")] * self.fitted + [_balanced] * self.balanced

    def _activation(self, atom: Any) -> Sums | None:
        """s and its derivatives in z, or in s'."""
        if str(atom.func) != "s":
            return None
        order, i, k = atom.args
        if self.quadratic:
            forms = (lambda: self.z(i, k) * self.z(i, k), lambda: self.z(i, k) * 2, lambda: Sums.of(2))
            return forms[order]() if order < 3 else Sums.of(0)
        if order == 0 and (self.degree is not None or self.linear):
            return self.z(i, k) * Sums.of(s(1, i, k)) * (1 / sp.sympify(1 if self.linear else self.degree))
        return Sums.of(0) if self.linear and order > 1 else None

    def _twin(self, atom: Any) -> Sums | None:
        """The input weights and values of the second unit are those of the first."""
        alike = str(atom.func) in ("w", "b", "s") and SECOND_UNIT in atom.args
        return Sums.of(atom.xreplace({SECOND_UNIT: FIRST_UNIT})) if alike else None

    def _of_first_unit(self, atom: Any) -> Sums | None:
        """Weights of the first unit that are zero, and what its activation then is."""
        head = str(atom.func)
        if FIRST_UNIT not in atom.args:
            return None
        if head in ("w", "b") or (head == "a" and self.dead) or (head == "s" and atom.args[0] == 0):
            return Sums.of(0)
        return Sums.of(letter("s_at_0")(atom.args[0])) if head == "s" and self.dead else None


def _nothing(head: str) -> Callable[[Any], Sums | None]:
    return lambda atom: Sums.of(0) if str(atom.func) == head else None


def _balanced(atom: Any) -> Sums | None:
    if str(atom.func) != "a":
        return None
    o, k = atom.args
    return Sums.of(stretch(k) ** 2 * size(k) * unit_vector(o, k))


def _of_unit_length(expression: sp.Expr, free: frozenset[sp.Symbol]) -> sp.Expr:
    """Sums over o of e(o, k)^2 are 1."""
    terms = []
    for term in sp.Add.make_args(expression):
        for base, power in term.as_powers_dict().items():
            if str(base.func) == "e" and power == 2 and base.args[0] not in free:
                rest = term / base**2
                term = term if rest.has(base.args[0]) else rest
        terms.append(term)
    return sp.Add(*terms)


def vanishes(sums: Sums, at: AnySize) -> bool:
    """Whether a polynomial is zero at every size."""
    return canonical(at.settled(sums)) == 0
