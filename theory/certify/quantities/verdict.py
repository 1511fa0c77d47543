"""A theorem's relation proved, or refuted, at the exact numbers of a network."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import reduce
from operator import mul

import sympy as sp

from theory.certify.balls.balls import Undecided, arb, fmpq, power, precision, proved_root, total
from theory.certify.quantities.exact_network import Subject
from theory.certify.quantities.hypotheses import holds
from theory.certify.quantities.network import BallNetwork
from theory.certify.quantities.numbers import quantity
from theory.records.theorem import Theorem, Variant

PROVED, VIOLATED, EQUAL, UNDECIDED = "proved", "violated", "equal", "undecided"
NOT_APPLICABLE = "not applicable"
FIRST_BITS, LAST_BITS = 64, 1024  # bits
COUNT = re.compile(r"(?:rank|negative)\(.*\)|[ndmq]")
CLOSE = 100  # bits to which two sides must agree to be called equal
SUDDEN = 16  # bits by which a radius may shrink more, at a higher precision, than the precision rose


@dataclass(frozen=True)
class Verdict:
    """What balls say of one relation at one network.

    Parameters
    ----------
    verdict : str
        "proved": left <= right is certain. "violated": the contrary is. "equal": both sides were enclosed and
        agree to at least 100 bits, which is all that can be shown of an identity, and proves no inequality.
        "not applicable": a hypothesis is certainly false. "undecided": none of these at the last precision.
    left, right : arb or None
        The sides.
    bits : int
        The precision at which it was decided.
    why : str
        In words.
    """

    verdict: str
    left: arb | None
    right: arb | None
    bits: int
    why: str


def side(expression: sp.Basic, at: BallNetwork) -> arb:
    """A ball around an expression in the symbols of quantities.

    Raises
    ------
    ValueError
        If it is not made of quantities, rational numbers, sums, products, powers and roots.
    """
    if isinstance(expression, sp.Symbol):
        return quantity(expression.name, at)
    if isinstance(expression, sp.Rational):
        return arb(fmpq(int(expression.p), int(expression.q)))
    if isinstance(expression, sp.Add):
        return total(side(term, at) for term in expression.args)
    if isinstance(expression, sp.Mul):
        return reduce(mul, (side(factor, at) for factor in expression.args))
    if isinstance(expression, sp.Pow) and (2 * expression.exp).is_Integer:
        base = side(expression.base, at)
        return (
            power(base, int(expression.exp)) if expression.exp.is_Integer else _half_power(base, expression)
        )
    raise ValueError(f"expression must be made of quantities, rationals, + * ** and roots; got {expression}")


def _half_power(base: arb, expression: sp.Pow) -> arb:
    return power(proved_root(base), int(2 * expression.exp))


def decided(theorem: Theorem, variant: str, of: Subject, last: int = LAST_BITS) -> Verdict:
    """Whether a variant of a theorem holds at a network, its hypotheses included.

    Parameters
    ----------
    theorem : Theorem
    variant : str
        Its label.
    of : Subject
    last : int
        The precision in bits at which to give up; it starts at 64 and is doubled.

    Returns
    -------
    Verdict
    """
    relation, seen, bits = theorem.variants[variant], None, FIRST_BITS
    while True:
        with precision(bits):
            found, seen = _at(theorem, relation, BallNetwork(of), seen)
        if found.verdict != UNDECIDED or 2 * bits > last:
            return found
        bits *= 2


def _at(
    theorem: Theorem, variant: Variant, at: BallNetwork, seen: _Reach | None
) -> tuple[Verdict, _Reach | None]:
    """The verdict at one precision, and how far the sides could reach there or at a lower one."""
    try:
        for hypothesis in (*theorem.hypotheses, *variant.hypotheses):
            if not holds(hypothesis, at):
                return Verdict(NOT_APPLICABLE, None, None, at.bits, f"needs {hypothesis.statement}"), seen
        left, right = (side(expression, at) for expression in variant.relation.args)
    except Undecided as reason:
        return Verdict(UNDECIDED, None, None, at.bits, str(reason)), seen
    if not (left.is_finite() and right.is_finite()):
        return Verdict(UNDECIDED, None, None, at.bits, "a side has no finite ball"), seen
    seen = _Reach.of(left, right, at.bits, seen)
    if all(map(is_integer, variant.relation.args)) and isinstance(variant.relation, sp.Le):
        # the ends of balls around integers are not integers: L <= R is L <= R + 1/2 for them
        return _ordered(left, right, right + arb(0.5), at.bits), seen
    return _compared(left, right, isinstance(variant.relation, sp.Eq), seen.size, at.bits), seen


@dataclass(frozen=True)
class _Reach:
    """How large two sides could be at some precision, and the larger of their radii there."""

    size: arb
    radius: arb
    bits: int

    @classmethod
    def of(cls, left: arb, right: arb, bits: int, before: _Reach | None) -> _Reach:
        """What sides that are told from zero are, else what they could be `before`.

        Where more bits shrank the radius by much more than their number, what was there before was no size of
        the terms but one of an enclosure that said nothing, as of sin(1e25).
        """
        radius = left.rad().max(right.rad())
        least = abs(left).abs_lower().max(abs(right).abs_lower())
        if least > 0:
            return cls(least, radius, bits)
        if before is not None and before.radius <= radius * power(arb(2), bits - before.bits + SUDDEN):
            return cls(before.size, radius, bits)
        return cls(abs(left).max(abs(right)).abs_upper(), radius, bits)


def is_integer(expression: sp.Basic) -> bool:
    """Whether an expression in the symbols of quantities is made of counts alone.

    Examples
    --------
    >>> is_integer(sp.Symbol("rank(G)") + 2 * sp.Symbol("n")), is_integer(sp.Symbol("trace(G)"))
    (True, False)
    """
    if expression.is_Add or expression.is_Mul:
        return all(map(is_integer, expression.args))
    count = isinstance(expression, sp.Symbol) and bool(COUNT.fullmatch(expression.name))
    return count or isinstance(expression, sp.Integer)


def _ordered(left: arb, right: arb, bound: arb, bits: int) -> Verdict:
    """Whether left <= bound, which decides left <= right."""
    if left <= bound:
        return Verdict(PROVED, left, right, bits, "left <= right")
    if left > bound:
        return Verdict(VIOLATED, left, right, bits, "left > right")
    return _open(left, right, bits)


def _compared(left: arb, right: arb, equal: bool, scale: arb, bits: int) -> Verdict:
    gap = abs(left - right).abs_upper()
    close = gap <= scale * power(arb(2), -CLOSE)
    agreed = f"the sides agree to {_agreement(gap, scale)} bits"
    if equal:
        if not left.overlaps(right):
            return Verdict(VIOLATED, left, right, bits, "the sides of an identity differ")
        return Verdict(EQUAL, left, right, bits, agreed) if close else _open(left, right, bits)
    found = _ordered(left, right, right, bits)
    if found.verdict == UNDECIDED and close:
        return Verdict(EQUAL, left, right, bits, agreed)
    return found


def _open(left: arb, right: arb, bits: int) -> Verdict:
    return Verdict(UNDECIDED, left, right, bits, f"the sides overlap at {bits} bits")


def _agreement(gap: arb, scale: arb) -> int:
    """How many leading bits two sides share, relative to their natural size."""
    if gap.is_zero() or not scale > 0:
        return 10_000
    ratio = (gap / scale).abs_upper()
    return max(0, -math.ceil(float(ratio.log()) / math.log(2)))
