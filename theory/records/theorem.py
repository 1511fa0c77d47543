"""A theorem as a record: what it claims, under which hypotheses, and whether it holds at a network."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import sympy as sp

from theory.quantities.check import Check, compare, evaluate, not_applicable
from theory.quantities.example import Example
from theory.quantities.hypotheses import Hypothesis
from theory.quantities.network import Situation
from theory.quantities.registry import latex

PROVED, REFUTED, CONJECTURED = "proved", "refuted", "conjectured"


@dataclass(frozen=True)
class Variant:
    """One relation of a theorem, and the hypotheses it needs beyond the theorem's own.

    Parameters
    ----------
    relation : sympy.Le or sympy.Eq
        Between expressions in the symbols of :mod:`theory.quantities.registry`.
    hypotheses : tuple of Hypothesis
    equality : str
        When the two sides are equal, if known.
    """

    relation: sp.Basic
    hypotheses: tuple[Hypothesis, ...] = ()
    equality: str = ""

    def latex(self) -> str:
        """The relation in LaTeX."""
        return latex(self.relation)

    def check(self, at: Situation) -> Check:
        """Compare the sides; the theorem's own hypotheses are taken as given."""
        return checked(self, at, lambda side: evaluate(side, at))


def checked(variant: Variant, at: Any, side: Callable[[sp.Basic], Any]) -> Check:
    """Compare the two sides of a relation at `at`, `side` evaluating each."""
    failed = first_failure(variant.hypotheses, at)
    if failed:
        return not_applicable(failed)
    try:
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            left, right = (side(each) for each in variant.relation.args)
    except OverflowError:
        return not_applicable("a side overflows")
    if not all(map(math.isfinite, (left.value, left.error, right.value, right.error))):
        return not_applicable("a side overflows, or its rounding error has no finite bound")
    return compare(left, right, isinstance(variant.relation, sp.Eq))


@dataclass(frozen=True)
class Theorem:
    """A claim about two-layer networks that can be checked at any of them.

    Parameters
    ----------
    id, name : str
        A stable identifier, and what people call it.
    statement : str
        The claim in words.
    variants : dict of str to Variant
        The relations it consists of, each with a short label.
    hypotheses : tuple of Hypothesis
        Needed by every variant.
    status : {"proved", "refuted", "conjectured"}
    source : str
        Who stated it, and what is known of the original.
    idea : tuple of str
        The proof in words.
    scope : str
        Losses, outputs and activations to which it extends, and to which not.
    from_memory : bool
        Whether the statement of `source` is given from memory; the form stated here is proved all the same
        if the status says so.
    equalities : tuple of Example
        Networks at which the variants they name are equalities.
    refutation : Example or None
        A network that violates every variant, if the status is "refuted".
    proof : dict of str to tuple of theory.proofs.steps.Step
        The proof of each variant as a chain of steps that ``theory.proofs.steps.faults`` follows; empty if
        refuted.
    """

    id: str
    name: str
    statement: str
    variants: dict[str, Variant]
    hypotheses: tuple[Hypothesis, ...]
    status: str
    source: str
    idea: tuple[str, ...] = ()
    scope: str = ""
    from_memory: bool = False
    equalities: tuple[Example, ...] = ()
    refutation: Example | None = None
    proof: Mapping[str, Any] = field(default_factory=dict)

    def latex(self) -> str:
        """All relations in LaTeX, one line each."""
        return " \\\\\n".join(variant.latex() for variant in self.variants.values())

    def check(self, net: Any, X: Any, y: Any, loss: Any = "squared") -> Check:
        """Check every variant at a network, with error-aware comparison.

        Parameters
        ----------
        net, X, y, loss
            As for ``twolayer.Hessian``.

        Returns
        -------
        Check
            Of the tightest variant (largest ratio, or the first that fails), with all variants inside.

        Raises
        ------
        ValueError
            If the data does not fit the network or the loss.

        Notes
        -----
        O(n m (d + m)) time beyond a forward pass, unless a variant speaks of the whole Hessian.
        """
        return self.check_at(Situation(net, X, y, loss))

    def check_at(self, at: Situation) -> Check:
        """Check at a situation, whose quantities are shared with earlier checks there."""
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            return self._check_at(at)

    def _check_at(self, at: Situation) -> Check:
        failed = first_failure(self.hypotheses, at)
        if failed:
            return not_applicable(failed)
        checks = {name: variant.check(at) for name, variant in self.variants.items()}
        applicable = [check for check in checks.values() if check.applicable]
        if not applicable:
            return Check(False, None, None, math.nan, None, next(iter(checks.values())).why, checks)
        worst = min(
            applicable, key=lambda check: (check.holds, -check.ratio if check.ratio == check.ratio else 0)
        )
        return Check(True, worst.left, worst.right, worst.ratio, worst.holds, worst.why, checks)


def first_failure(hypotheses: tuple[Hypothesis, ...], at: Situation) -> str:
    """Return what is wrong with the first hypothesis that fails, or ""."""
    for hypothesis in hypotheses:
        try:
            found = hypothesis.failure(at)
        except OverflowError:
            found = "a value beyond the floating-point range"
        if found:
            return f"needs {hypothesis.statement}; got {found}"
    return ""
