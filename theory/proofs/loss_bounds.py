"""How curved each loss is: Lam is semidefinite, and at most a constant times the identity.

Every bound is shown by an identity whose right side is visibly not negative. For softmax it is one between
forms v . Lam v of any number of classes, multiplied out with the sum of all probabilities in the place of 1.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import cache

import sympy as sp

from theory.derivation import letters
from theory.derivation.loss_derivatives import loss_forms
from theory.expressions.losses import f, y
from theory.proofs.any_size.sums import Sums, canonical, fresh, letter

CEILINGS: dict[str, Fraction] = {
    "squared": Fraction(1),
    "logistic": Fraction(1, 4),
    "softmax": Fraction(1, 2),
    "pseudo_huber": Fraction(1),
}
"""The largest eigenvalue of Lam is at most this."""

probability, v = letter("p"), letter("v")
LENGTH = sp.sqrt(1 + (f - y) ** 2)

CERTIFICATES: dict[str, sp.Expr] = {
    "squared": sp.S.Zero,
    "logistic": ((sp.exp(f) - 1) / (2 * (sp.exp(f) + 1))) ** 2,
    "pseudo_huber": (f - y) ** 2 * (LENGTH**2 + LENGTH + 1) / (LENGTH**3 * (LENGTH + 1)),
}
"""The ceiling minus the curvature, in a form that is visibly not negative."""


@cache
def bounded(name: str) -> bool:
    """Whether the curvature of a loss is shown to lie between zero and its ceiling.

    Examples
    --------
    >>> [bounded(name) for name in CEILINGS]
    [True, True, True, True]
    """
    if name == "softmax":
        return vanishes(below_half()) and vanishes(semidefinite())
    curvature, certificate = loss_forms(name).curvature, CERTIFICATES[name]
    gap = sp.Rational(CEILINGS[name]) - sp.sympify(curvature) - certificate
    signs = sp.sympify(curvature).is_positive, sp.sympify(certificate).is_nonnegative
    return all(signs) and sp.expand(sp.fraction(sp.together(gap))[0]) == 0


def vanishes(form: Sums) -> bool:
    """Whether a form in probabilities and a vector is zero for any number of classes."""
    return canonical(form) == 0


def over_pairs(entry: Callable[[sp.Symbol, sp.Symbol], sp.Expr]) -> Sums:
    """Half the sum over pairs of classes."""
    o, r = fresh("oo")
    return Sums.of(entry(o, r)).over(o, r) * sp.Rational(1, 2)


def total() -> Sums:
    """The sum of all probabilities, in the place of 1."""
    (o,) = fresh("o")
    return Sums.of(probability(o)).over(o)


def curvature_form() -> Sums:
    """v . Lam v, of degree two in the probabilities: what is of degree one is multiplied by their sum."""
    one, other = fresh("oo")
    named = loss_forms("softmax").curvature.xreplace({letters.o: one, letters.r: other})
    entry = named.replace(lambda each: isinstance(each, sp.Indexed), lambda each: probability(*each.indices))
    found = Sums.of(0)
    for term in sp.Add.make_args(sp.expand(entry)):
        part = Sums.of(term * v(one) * v(other)).over(one, other)
        degree = sum(power for base, power in term.as_powers_dict().items() if base.func == probability)
        found += part if degree == 2 else part * total()
    return found


def semidefinite() -> Sums:
    """v . Lam v minus half the sum of p_o p_r (v_o - v_r)^2."""
    squares = over_pairs(lambda o, r: probability(o) * probability(r) * (v(o) - v(r)) ** 2)
    return curvature_form() - squares


def below_half() -> Sums:
    """|v|^2 / 2 - v . Lam v minus the sums of (1 - 2 p_o)^2 v_o^2 / 2 and, over pairs of different classes,
    of p_o p_r (v_o + v_r)^2.
    """
    (o,) = fresh("o")
    ones = total() * total() * Sums.of(v(o) ** 2).over(o) * sp.Rational(1, 2)
    away = total() - Sums.of(2 * probability(o))
    alone = (away * away * Sums.of(v(o) ** 2)).over(o) * sp.Rational(1, 2)
    pairs = over_pairs(lambda i, j: probability(i) * probability(j) * (v(i) + v(j)) ** 2)
    with_itself = Sums.of(probability(o) ** 2 * 4 * v(o) ** 2).over(o) * sp.Rational(1, 2)
    return ones - curvature_form() - alone - (pairs - with_itself)
