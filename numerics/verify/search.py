"""Trying every theorem on random and adversarial networks."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import sympy as sp

from numerics.verify.cases import arrays, case, jittered
from theory import theorems
from theory.claims import Claim
from theory.expressions.names import require_known
from theory.quantities.check import Check
from theory.quantities.hypotheses import Hypothesis
from theory.quantities.network import Situation
from theory.records.theorem import PROVED, REFUTED, Theorem, Variant

ATTEMPTS = 12  # cases drawn for each one wanted, before giving up on hypotheses that do not hold
RESOLVED = 1e-6  # relative error of a side above which its ratio says nothing
ONE_IN = 10  # every variant is checked at one in this many of its theorem's networks at least
ADVERSARIAL = 0.25  # share of cases that are equality cases, moved a little


@dataclass
class Tally:
    """What was found about one theorem.

    Attributes
    ----------
    theorem : Theorem
    cases, not_applicable, violations : int
        Networks at which it was checked; at which a hypothesis failed; at which a relation failed.
    tightest_ratio : float
        Largest left / right of its inequalities (1 for identities), NaN if none could be resolved.
    tightest, violation : tuple or None
        Variant and Situation of the tightest ratio, and of the first violation with what was found.
    strict_ratio, strict
        Likewise of the tightest inequality whose sides are apart beyond rounding, so that it can be proved.
    seconds : float
        Time spent on it; what theorems share is charged to the first that asks.
    """

    theorem: Theorem
    cases: int = 0
    not_applicable: int = 0
    violations: int = 0
    tightest_ratio: float = math.nan
    tightest: tuple[str, Situation] | None = None
    strict_ratio: float = math.nan
    strict: tuple[str, Situation] | None = None
    violation: tuple[str, Situation, str] | None = None
    seconds: float = 0.0
    by_variant: dict[str, int] = field(default_factory=dict)

    @property
    def rarest(self) -> tuple[Hypothesis, ...]:
        """The hypotheses of the variant with the fewest cases."""
        variants = self.theorem.variants
        name = min(variants, key=lambda name: self.by_variant.get(name, 0))
        return (*self.theorem.hypotheses, *variants[name].hypotheses)

    @property
    def progress(self) -> int:
        """How many cases the theorem has had; a variant's count as ONE_IN each."""
        return min(self.cases, *(ONE_IN * self.by_variant.get(name, 0) for name in self.theorem.variants))

    @property
    def passed(self) -> bool:
        """Whether a proved theorem was never violated, or a refuted one was."""
        return (self.violations > 0) == (self.theorem.status == REFUTED)

    def try_at(self, at: Situation) -> None:
        """Check the theorem at a network and count."""
        start = time.perf_counter()
        try:
            check = self.theorem.check_at(at)
        except ValueError:  # a value beyond the floating-point range
            self.not_applicable += 1
            return
        finally:
            self.seconds += time.perf_counter() - start
        self.cases += check.applicable
        self.not_applicable += not check.applicable
        self.violations += check.holds is False
        for name, each in check.variants.items():
            self._note(name, each, at)

    def _note(self, name: str, check: Check, at: Situation) -> None:
        self.by_variant[name] = self.by_variant.get(name, 0) + check.applicable
        if check.holds is False and self.violation is None:
            self.violation = name, at, check.why
        ratio = tightness(self.theorem.variants[name], check)
        if not ratio <= self.tightest_ratio and not math.isnan(ratio):
            self.tightest_ratio, self.tightest = ratio, (name, at)
        if apart(check) and not ratio <= self.strict_ratio and not math.isnan(ratio):
            self.strict_ratio, self.strict = ratio, (name, at)

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        found: dict[str, Any] = {
            "id": self.theorem.id,
            "status": self.theorem.status,
            "cases": self.cases,
            "not_applicable": self.not_applicable,
            "violations": self.violations,
            "tightest_ratio": None if math.isnan(self.tightest_ratio) else self.tightest_ratio,
            "seconds": round(self.seconds, 3),
            "passed": self.passed,
            "variants": self.by_variant,
        }
        if self.tightest:
            found["tightest"] = {"variant": self.tightest[0], "network": plain(self.tightest[1])}
        if self.violation:
            name, at, why = self.violation
            found["violation"] = {"variant": name, "why": why, "network": plain(at)}
        return found


def verify(
    ids: Sequence[str] = (),
    samples: int = 2000,
    seed: int = 0,
    progress: Callable[[int], Any] | None = None,
) -> tuple[list[Tally], bool]:
    """Check theorems on their own examples, then on random and adversarial networks.

    Parameters
    ----------
    ids : sequence of str
        Which theorems; none means all.
    samples : int
        Networks at which every theorem is checked at least; each of its variants at a tenth of them.
    seed : int
        Determines every network.
    progress : callable, optional
        Called with the number of checks just made.

    Returns
    -------
    tallies : list of Tally
    partial : bool
        Whether the user interrupted the search; what was counted so far is returned.

    Raises
    ------
    ValueError
        If an id is unknown.

    Examples
    --------
    >>> (tally,), partial = verify(["input-gradient-identity"], samples=20)
    >>> tally.cases, tally.violations, partial
    (20, 0, False)
    """
    tallies = [Tally(theorem) for theorem in chosen(ids)]
    try:
        for tally in tallies:
            _try_examples(tally)
    except KeyboardInterrupt:
        return tallies, True
    return tallies, search(tallies, samples, np.random.default_rng(seed), progress, _draw)


def chosen(ids: Sequence[str]) -> list[Theorem]:
    """The theorems called `ids`, or all.

    Raises
    ------
    ValueError
        If an id is unknown.
    """
    require_known("IDS", ids, theorems)
    return [theorems[name] for name in ids or theorems]


def _try_examples(tally: Tally) -> None:
    theorem = tally.theorem
    for example in (*theorem.equalities, theorem.refutation):
        if example is not None:
            tally.try_at(example.situation())


def search(
    tallies: list[Tally],
    samples: int,
    rng: np.random.Generator,
    progress: Callable[[int], Any] | None,
    draw: Callable[[Theorem, tuple[Hypothesis, ...], np.random.Generator], Any],
) -> bool:
    """Aim at the theorem that had the fewest cases; those that lack cases are checked there too.

    Parameters
    ----------
    tallies : list of Tally
        Of what is sought; they are counted up.
    samples : int
    rng : numpy Generator
    progress : callable or None
        Called with the number of checks just made.
    draw : callable
        ``draw(theorem, wanted, rng)`` returns a network with data at which the hypotheses `wanted` mostly
        hold.

    Returns
    -------
    bool
        Whether the user interrupted it.
    """
    try:
        for _ in range(ATTEMPTS * samples * max(len(tallies), 1)):
            unfinished = [tally for tally in tallies if tally.progress < samples]
            if not unfinished:
                break
            aimed = min(unfinished, key=lambda tally: tally.progress)
            at = draw(aimed.theorem, aimed.rarest, rng)
            for tally in unfinished:
                if tally.cases >= samples and tally is not aimed:
                    continue
                before = tally.cases
                tally.try_at(at)
                if progress and before < tally.cases <= samples:
                    progress(1)
    except KeyboardInterrupt:
        return True
    return False


def _draw(theorem: Theorem, wanted: tuple[Hypothesis, ...], rng: np.random.Generator) -> Situation:
    examples = [*theorem.equalities, *([theorem.refutation] if theorem.refutation else [])]
    if examples and rng.random() < ADVERSARIAL:
        return jittered(examples[rng.integers(len(examples))], rng)
    return case(rng, wanted)


def tightness(claim: Variant | Claim, check: Check) -> float:
    """left / right where both are positive and resolved, 1 for an identity that holds, else NaN."""
    if not check.applicable:
        return math.nan
    if isinstance(claim.relation, sp.Eq):
        return 1.0 if check.holds else math.nan
    sides = (check.left, check.right)
    if not all(side.value > 0 and side.error <= RESOLVED * side.value for side in sides):
        return math.nan
    return check.ratio


def apart(check: Check) -> bool:
    """Whether left is less than right beyond rounding."""
    if not check.applicable:
        return False
    return bool(check.left.value + check.left.error < check.right.value - check.right.error)


def plain(at: Situation) -> dict[str, Any]:
    """The network and its data as lists, for JSON."""
    named = {key: item.tolist() if isinstance(item, np.ndarray) else item for key, item in arrays(at).items()}
    return {**named, "loss": at.loss}


def save(tallies: list[Tally], folder: Path) -> None:
    """Write the network of every tightest ratio to ``folder / (id + ".npz")``, for ``twolayer norms``."""
    for tally in tallies:
        if tally.tightest:
            np.savez(folder / f"{tally.theorem.id}.npz", **arrays(tally.tightest[1]))


def text(tallies: list[Tally], partial: bool) -> str:
    """The counts as a table for a person, with what went wrong below it."""
    heads = ["theorem", "status", "cases", "n/a", "violations", "tightest", "by", "seconds"]
    rows = [heads, *map(_row, tallies)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    notes = [_note(tally) for tally in tallies if not tally.passed or tally.theorem.status == REFUTED]
    notes += ["Partial: interrupted before the end."] if partial else []
    return "\n".join([*lines, "", *filter(None, notes)]).rstrip()


def _row(tally: Tally) -> list[str]:
    ratio = "-" if math.isnan(tally.tightest_ratio) else f"{tally.tightest_ratio:.6g}"
    where = tally.tightest[0] if tally.tightest else "-"
    counts = map(str, (tally.cases, tally.not_applicable, tally.violations))
    return [tally.theorem.id, tally.theorem.status, *counts, ratio, where, f"{tally.seconds:.1f}"]


def _note(tally: Tally) -> str:
    theorem = tally.theorem
    if tally.violation is None:
        return f"{theorem.id}: refuted, but no violation was found" if theorem.status == REFUTED else ""
    name, at, why = tally.violation
    verdict = "as it should be" if theorem.status == REFUTED else "although it is " + PROVED
    return f"{theorem.id} ({name}) is violated, {verdict}: {why}, at {at.net!r}"
