"""A user's own claim about two-layer networks: a relation as text or in symbols, to be checked anywhere."""

from __future__ import annotations

from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any

import numpy as np
import sympy as sp

from theory.bridge.network import Uncertain
from theory.catalogue import theorems, theorems_at_any_depth
from theory.expressions.parser import Function, Language, parse_relation
from theory.quantities import hypotheses as needs
from theory.quantities.check import Check, arithmetic
from theory.quantities.hypotheses import Hypothesis
from theory.quantities.network import Situation
from theory.quantities.registry import QUANTITIES, latex, symbol
from theory.records.theorem import Theorem, Variant

EXAMPLE = "'input_gradient <= spectral(W)**2 * trace(H_bb)'"
LISTED_FIRST = (
    *("risk", "input_gradient", "norm(a)", "norm1(a)", "norm_inf(a)", "spectral(W)", "frobenius(W)"),
    *(
        f"{head}({M})"
        for head in ("trace", "frobenius", "lmax", "nuclear")
        for M in ("H", "G", "H_bb", "G_bb")
    ),
    *("C1", "C2", "n", "d", "m", "q"),
)
"""The names that an error lists."""

CLAIM = Language(
    "INEQUALITY",
    f"a relation between quantities such as {EXAMPLE}",
    {name: symbol(name) for name in (*LISTED_FIRST, *QUANTITIES)},
    {"sqrt": Function(sp.sqrt), "abs": Function(sp.Abs)},
)


@dataclass(frozen=True)
class Claim:
    """A relation between quantities of a network with data, and the hypotheses under which it is claimed.

    Parameters
    ----------
    name : str
        What :func:`claim` was given: text, or the id of a theorem.
    relation : sympy.Le, sympy.Lt or sympy.Eq
        The smaller side first.
    hypotheses : tuple of Hypothesis
        Where one fails, the claim says nothing.

    Examples
    --------
    >>> print(claim("trace(G) >= lmax(G)"))
    lmax(G) <= trace(G)
    """

    name: str
    relation: sp.Basic
    hypotheses: tuple[Hypothesis, ...] = ()

    def __str__(self) -> str:
        return relation_text(self.relation)

    @property
    def quantities(self) -> frozenset[str]:
        """The names of the quantities it speaks of."""
        return frozenset(item.name for item in self.relation.free_symbols)

    def latex(self) -> str:
        """The relation in LaTeX."""
        return latex(self.relation)

    def check(self, net: Any, X: Any, y: Any, loss: Any = "squared") -> Check:
        """Check the claim at a network, with error-aware comparison.

        Parameters
        ----------
        net, X, y, loss
            As for ``twolayer.Hessian``.

        Returns
        -------
        Check
            ``holds`` is False only if the sides are on the wrong sides beyond their rounding bounds.

        Raises
        ------
        ValueError
            If the data does not fit the network or the loss.

        Examples
        --------
        >>> import twolayer as tl
        >>> net = tl.TwoLayer([10.0, -10.0], [[1.0], [1.0]])
        >>> claim("lmax(G_bb) <= input_gradient").check(net, [[0.0]], [0.0]).holds
        False
        """
        return self.check_at(Situation(net, X, y, loss))

    def check_at(self, at: Situation) -> Check:
        """Check at a situation, whose quantities are shared with earlier checks there.

        Parameters
        ----------
        at : Situation
            A network with its data and loss.
        """
        with np.errstate(all="ignore"):
            found = Variant(self.relation, self.hypotheses).check(at)
        if isinstance(self.relation, sp.StrictLessThan) and found.holds:
            level = found.left.value == found.right.value
            if level and not found.left.error and not found.right.error:
                return replace(found, holds=False, why="left equals right")
        return found


def claim(what: str | sp.Basic | Claim) -> Claim:
    """The claim that a text, a relation or the id of a theorem stands for.

    Parameters
    ----------
    what : str, sympy relation or Claim
        Two sums of products of quantities with ``<=``, ``<``, ``>=``, ``>`` or ``==`` between them: ``risk``,
        ``input_gradient``, ``trace(M)``, ``frobenius(M)``, ``lmax(M)``, ``nuclear(M)`` of M in H, G, H_bb,
        G_bb, ``norm(a)``, ``norm1(a)``, ``norm_inf(a)``, ``spectral(W)``, ``frobenius(W)``, ``C1``, ``C2``,
        ``n``, ``d``, ``m`` and every other name in ``theory.quantities.registry.QUANTITIES``; numbers, ``+ -
        * / **``, ``sqrt``, ``abs`` and parentheses. A sympy relation is in
        ``theory.quantities.registry.symbol(name)``. The id of a theorem stands for its one relation,
        ``"id/variant"`` for one of several.

    Returns
    -------
    Claim

    Raises
    ------
    ValueError
        If it is none of these; the message gives the position and the nearest names.
    TypeError
        If it is neither text nor a relation.

    Notes
    -----
    Text claims something of every network at which its quantities are defined and no pre-activation sits at
    a kink of the activation, where curvature depends on a convention. No text is ever evaluated as code.

    Examples
    --------
    >>> claim("2*risk <= norm(a)**2").relation
    2*risk <= norm(a)**2
    >>> claim("norm-order/largest").relation
    lmax(G) <= frobenius(G)
    >>> claim("trace(Hbb) <= 1")
    Traceback (most recent call last):
    ...
    ValueError: INEQUALITY must be a relation between quantities such as ...; got 'trace(Hbb) <= 1': unknown \
'trace(Hbb)' (nearest: trace(H_bb), trace(H), trace(G_bb)) at position 1
    """
    if isinstance(what, Claim):
        return what
    if isinstance(what, sp.core.relational.Relational):
        return _typed(relation_text(what), what)
    if not isinstance(what, str):
        raise TypeError(f"INEQUALITY must be text, a sympy relation or a Claim; got {type(what).__name__}")
    if not is_registered(what):
        return _typed(what, _parsed(what))
    found = claims(what)
    if len(found) > 1:
        raise ValueError(f"INEQUALITY must be one relation: {', '.join(map(_name, found))}; got {what!r}")
    return found[0]


def claims(what: str) -> tuple[Claim, ...]:
    """All relations of the theorem whose id is `what`, the one called ``"id/variant"``, or the one typed.

    Raises
    ------
    ValueError
        If it is none of these.

    Examples
    --------
    >>> [each.name for each in claims("simple-but-curved")]
    ['simple-but-curved/absolute', 'simple-but-curved/relative']
    """
    if not is_registered(what):
        return (claim(what),)
    identifier, _, variant = what.strip().partition("/")
    theorem = theorems[identifier]
    if variant and variant not in theorem.variants:
        names = ", ".join(f"{identifier}/{name}" for name in theorem.variants)
        raise ValueError(f"INEQUALITY must be one of the relations {names}; got {what!r}")
    return tuple(registered(theorem, name) for name in ([variant] if variant else theorem.variants))


def registered(theorem: Theorem, variant: str) -> Claim:
    """The claim that a theorem makes by one of its variants."""
    found = theorem.variants[variant]
    return Claim(f"{theorem.id}/{variant}", found.relation, (*theorem.hypotheses, *found.hypotheses))


def is_registered(what: str) -> bool:
    """Whether a text begins with the id of a theorem."""
    return what.strip().partition("/")[0] in theorems


def relation_text(relation: sp.Basic) -> str:
    """A relation as :func:`claim` reads it.

    Examples
    --------
    >>> relation_text(sp.Eq(symbol("trace(H)"), 2 * symbol("risk"), evaluate=False))
    'trace(H) == 2*risk'
    """
    return f"{relation.args[0]} {relation.rel_op} {relation.args[1]}".replace("Abs(", "abs(")


def _name(one: Claim) -> str:
    return one.name


def _parsed(text: str) -> sp.Basic:
    if (name := text.strip().partition("/")[0]) in theorems_at_any_depth:
        raise ValueError(
            f"INEQUALITY must be of two-layer networks; got {text!r}, which is of any depth "
            f"(`twolayer verify {name}` checks it)"
        )
    near = get_close_matches(text.strip().partition("/")[0], list(theorems), n=3)
    if near and not any(sign in text for sign in "<>="):
        raise ValueError(
            f"INEQUALITY must be {CLAIM.wanted}, or the id of a theorem "
            f"(nearest: {', '.join(near)}); got {text!r}"
        )
    return parse_relation(text, CLAIM)


def _typed(name: str, relation: sp.Basic) -> Claim:
    if isinstance(relation, sp.Ge | sp.Gt):
        relation = relation.reversed
    if not isinstance(relation, sp.Le | sp.Lt | sp.Eq):
        raise ValueError(f"INEQUALITY must relate its sides by <=, <, >=, > or ==; got {relation}")
    left, right = (_exact(side) for side in relation.args)
    relation = relation.func(left, right, evaluate=False)
    names = {str(item) for item in relation.free_symbols}
    if not names or not names <= QUANTITIES.keys():
        wrong = ", ".join(sorted(names - QUANTITIES.keys())) or "none"
        raise ValueError(
            "INEQUALITY must speak of quantities, as theory.quantities.registry.symbol(name) makes them; "
            f"got {wrong}"
        )
    for side in (left, right):
        _require_arithmetic(side)
    wanted = [each for name in sorted(names) for each in QUANTITIES[name].needs]
    return Claim(name, relation, tuple(dict.fromkeys([*wanted, needs.NO_KINK])))


def _require_arithmetic(side: sp.Expr) -> None:
    try:
        arithmetic(side, lambda name: Uncertain(1.0), lambda number: Uncertain(1.0))
    except ValueError as reason:
        raise ValueError(f"INEQUALITY must be {CLAIM.wanted}: {reason}") from None


def _exact(side: sp.Expr) -> sp.Expr:
    """The expression with decimal numbers as fractions, and symbols as those of quantities."""
    numbers = {number: sp.Rational(str(float(number))) for number in side.atoms(sp.Float)}
    names = {item: symbol(item.name) for item in side.free_symbols if item.name in QUANTITIES}
    return side.xreplace(numbers | names)
