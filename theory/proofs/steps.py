"""Proofs as chains of steps, each of which a machine can follow.

A chain leads from the left side of a relation to its right side. A step is an identity, verified in symbols
for a generic activation in networks of any size (:mod:`theory.proofs.any_size.reading`) and, written out from
the derivatives that sympy takes of the risk itself, in small ones (:mod:`theory.proofs.small.network`); a
renaming by a fact; or an inequality, which must be a non-negative multiple of an instance of a lemma whose
requirements are facts.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import sympy as sp

from theory.proofs.any_size.agreement import agree
from theory.proofs.assumptions import MODELS, fitting, settings
from theory.proofs.facts import known_fact
from theory.proofs.lemmas.lemma import CALL, fill
from theory.proofs.lemmas.norms import lemmas
from theory.proofs.signs import POSITIVE, nonnegative
from theory.proofs.small.network import SmallNetwork
from theory.proofs.small.numbers import vanishes, written_out


@dataclass(frozen=True)
class Identity:
    """The expression before equals the one after by definition of its terms.

    Parameters
    ----------
    words : str
        The reason in words.
    squared : bool
        Compare the squares of two sides of which neither is negative.
    """

    words: str = "by definition"
    squared: bool = False

    def faults(self, before: sp.Expr, after: sp.Expr, hypotheses: tuple[Any, ...]) -> str:
        """What is wrong, or ""."""
        power = 2 if self.squared else 1
        if self.squared and not all(signed(side, hypotheses).is_nonnegative for side in (before, after)):
            return "a side that is squared may be negative"
        for setting in settings(hypotheses):
            if not agree(before, after, setting, power):
                return f"the sides differ at some size: {setting}"
        for at in dict.fromkeys(fitting(model, hypotheses) for model in MODELS):
            if not agree_in_small(before, after, at, power):
                return f"the sides differ for n, d, m, q = {at.n}, {at.d}, {at.m}, {at.q}"
        return ""


@dataclass(frozen=True)
class Same:
    """The matrix `old` is the matrix `new`."""

    old: str
    new: str

    @property
    def words(self) -> str:
        """The reason in words."""
        return f"{self.old} = {self.new}"

    def faults(self, before: sp.Expr, after: sp.Expr, hypotheses: tuple[Any, ...]) -> str:
        """What is wrong, or ""."""
        reason = known_fact(("same", self.old, self.new), hypotheses)
        names = {item: sp.Symbol(renamed(item.name, self), real=True) for item in before.free_symbols}
        if reason or plain(before.xreplace(names) - after) != 0:
            return reason or f"renaming {self.old} does not give the next expression"
        return ""


class By:
    """An instance of a lemma: ``By("Gram, spectral", V="W")``."""

    def __init__(self, lemma: str, **bound: str) -> None:
        self.lemma, self.bound = lemmas[lemma], {f"?{name}": value for name, value in bound.items()}

    @property
    def words(self) -> str:
        """The reason in words."""
        names = ", ".join(f"{key[1:]} = {value}" for key, value in self.bound.items())
        return f"{self.lemma.name} ({names})"

    @property
    def strict(self) -> bool:
        """Whether the lemma is an inequality."""
        return isinstance(self.lemma.relation, sp.Le)

    def faults(self, before: sp.Expr, after: sp.Expr, hypotheses: tuple[Any, ...]) -> str:
        """What is wrong, or ""."""
        for requirement in self.lemma.requires:
            reason = known_fact(tuple(fill(part, self.bound) for part in requirement), hypotheses)
            if reason:
                return reason
        left, right = self.lemma.instance(self.bound).args
        follows = _multiple if self.strict else _replaced
        return follows(self.lemma.name, left, right, before, after, hypotheses)


def _replaced(name: str, left: sp.Expr, right: sp.Expr, before: sp.Expr, after: sp.Expr, _: Any) -> str:
    """An identity replaces one side by the other."""
    for one, other in ((before, after), (after, before)):
        if plain(one.xreplace({left: right}) - other) == 0:
            return ""
    return f"the step does not replace one side of {name} by the other"


def _multiple(
    name: str, left: sp.Expr, right: sp.Expr, before: sp.Expr, after: sp.Expr, hypotheses: tuple[Any, ...]
) -> str:
    """after - before is a non-negative multiple of right - left."""
    gap, step = (plain(rooted(signed(each, hypotheses))) for each in (right - left, after - before))
    factor = sp.factor(sp.cancel(step / gap))
    if factor.is_nonnegative:
        return ""
    return f"the step is not a non-negative multiple of {name}, but {factor} times it"


def plain(expression: sp.Expr) -> sp.Expr:
    """The expression evaluated and expanded."""
    return sp.expand(expression.doit())


def rooted(expression: sp.Expr) -> sp.Expr:
    """Every letter that is not negative replaced by a square, so that roots become letters."""
    letters = [item for item in expression.free_symbols if item.is_nonnegative]
    return expression.subs({item: item**2 for item in letters}, simultaneous=True)


def signed(expression: sp.Expr, hypotheses: tuple[Any, ...]) -> sp.Expr:
    """The expression in letters that know their sign: what is a norm is not negative."""
    positive = {"n", "d", "m", "q"}.union(*(POSITIVE.get(each, ()) for each in hypotheses))
    letters = {}
    for item in expression.free_symbols:
        certain = item.name in positive or item.name.startswith("rows(")
        sign = "positive" if certain else "nonnegative" if nonnegative(item.name) else "real"
        letters[item] = sp.Symbol(item.name, **{sign: True})
    return expression.xreplace(letters)


def renamed(name: str, same: Same) -> str:
    """A term with the matrix `old` of `same` called `new`.

    Examples
    --------
    >>> renamed("inner(W*W', G)", Same("G", "H"))
    "inner(W*W', H)"
    """
    match = CALL.fullmatch(name)
    if match is None:
        return same.new if name == same.old else name
    arguments = (same.new if each == same.old else each for each in match[2].split(", "))
    return f"{match[1]}({', '.join(arguments)})"


@cache
def agree_in_small(before: sp.Expr, after: sp.Expr, at: SmallNetwork, power: int) -> bool:
    """Whether two expressions are the same where every term is written out in a small network."""
    try:
        gap = spelled(before, at) ** power - spelled(after, at) ** power
    except (ValueError, IndexError):  # a term that has no meaning there, such as E[g x~] with several outputs
        return False
    return vanishes(at.euler(gap))


def spelled(expression: sp.Expr, at: SmallNetwork) -> sp.Expr:
    """The expression with every term written out in a small network."""
    return expression.xreplace({item: written_out(item.name, at) for item in expression.free_symbols}).doit()


@dataclass(frozen=True)
class Step:
    """One step of a chain: the next expression, and why it may follow.

    Parameters
    ----------
    to : sympy.Expr
    reason : Identity, Same or By
    """

    to: sp.Expr
    reason: Identity | Same | By

    @property
    def sign(self) -> str:
        """``"<="`` if the reason is an inequality, else ``"="``."""
        return "<=" if isinstance(self.reason, By) and self.reason.strict else "="


Chain = tuple[Step, ...]


def faults(relation: sp.Basic, chain: Chain, hypotheses: tuple[Any, ...]) -> list[str]:
    """What is wrong with a proof of a relation, step by step; nothing if it is complete.

    Parameters
    ----------
    relation : sympy.Le or sympy.Eq
    chain : tuple of Step
        From the left side to the right side of the relation.
    hypotheses : tuple of Hypothesis
        What may be assumed.

    Returns
    -------
    list of str
    """
    found, before = [], relation.args[0]
    for number, step in enumerate(chain, 1):
        if isinstance(relation, sp.Eq) and step.sign == "<=":
            found.append(f"step {number}: an inequality proves no identity")
        reason = step.reason.faults(before, step.to, hypotheses)
        found += [f"step {number}: {reason}"] if reason else []
        before = step.to
    if plain(before - relation.args[1]) != 0:
        found.append("the chain does not end at the right side")
    return found
