"""Short ways to write the relations of a theorem."""

import sympy as sp

from theory.quantities.hypotheses import Hypothesis
from theory.quantities.registry import symbol
from theory.records.theorem import Variant


def times(*factors: sp.Expr) -> sp.Expr:
    """Product, kept in the order written."""
    return sp.Mul(*factors, evaluate=False)


def at_most(left: sp.Expr, right: sp.Expr, *hypotheses: Hypothesis, equality: str = "") -> Variant:
    """A variant left <= right, kept as written; `hypotheses` and `equality` as in Variant."""
    return Variant(sp.Le(left, right, evaluate=False), hypotheses, equality)


def equal(left: sp.Expr, right: sp.Expr, *hypotheses: Hypothesis) -> Variant:
    """A variant left = right, kept as written; `hypotheses` as in Variant."""
    return Variant(sp.Eq(left, right, evaluate=False), hypotheses, "always")


def bound(left: str, right: str, *hypotheses: Hypothesis, equality: str = "") -> Variant:
    """The variant that one quantity is at most another; `hypotheses` and `equality` as in Variant.

    Examples
    --------
    >>> bound("lmax(G)", "trace(G)", equality="rank 1").relation
    lmax(G) <= trace(G)
    """
    return at_most(symbol(left), symbol(right), *hypotheses, equality=equality)
