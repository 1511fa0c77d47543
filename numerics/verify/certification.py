"""Theorems certified in ball arithmetic at the networks that a search found tightest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from numerics.verify.search import Tally
from theory.quantities.hypotheses import INTERPOLATION
from theory.quantities.network import Situation
from theory.records.theorem import REFUTED, Theorem

if TYPE_CHECKING:
    from theory.certify import Certificate
    from theory.certify.quantities.verdict import Verdict

VERDICTS = ("proved", "equal", "violated", "undecided", "not applicable")


@dataclass(frozen=True)
class Case:
    """One variant of a theorem at one network.

    Parameters
    ----------
    variant, where : str
        Its label, and which network: "example: ..." or what the search found it to be.
    verdict : Verdict
    certificate : Certificate or None
        None where nothing was decided.
    """

    variant: str
    where: str
    verdict: Verdict
    certificate: Certificate | None

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        found = self.verdict
        why = {"verdict": found.verdict, "bits": found.bits, "why": found.why}
        return {"variant": self.variant, "network": self.where, **why}


@dataclass(frozen=True)
class Certified:
    """What balls say of one theorem."""

    theorem: Theorem
    cases: list[Case]

    @property
    def counts(self) -> dict[str, int]:
        """How many cases have which verdict."""
        found = Counter(case.verdict.verdict for case in self.cases)
        return {verdict: found[verdict] for verdict in VERDICTS}

    @property
    def passed(self) -> bool:
        """Whether something was shown, nothing left undecided, and nothing shown that should not be."""
        found = self.counts
        if self.theorem.status == REFUTED:
            return found["violated"] > 0
        return found["proved"] + found["equal"] > 0 == found["violated"] + found["undecided"]

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        counts = {name.replace(" ", "_"): count for name, count in self.counts.items()}
        return {"passed": self.passed, **counts, "cases": [case.as_dict() for case in self.cases]}


def certified(tally: Tally) -> Certified:
    """Certify a theorem at its examples and at the networks that a search found.

    Parameters
    ----------
    tally : Tally
        Of :func:`numerics.verify.search.verify`.

    Raises
    ------
    ValueError
        If python-flint, the extra ``[certify]``, is not installed.

    Examples
    --------
    >>> from numerics.verify.search import verify
    >>> (tally,), _ = verify(["weyl"], samples=0)
    >>> certified(tally).theorem.id
    'weyl'
    """
    places = [*_examples(tally.theorem), *_found(tally)]
    return Certified(tally.theorem, [_case(tally.theorem, *place) for place in places])


def _examples(theorem: Theorem) -> Iterator[tuple[str, str, Situation]]:
    for example in (*theorem.equalities, theorem.refutation):
        if example is not None:
            at = example.situation()
            variants = theorem.check_at(at).variants
            yield from ((name, f"example: {example.note}", at) for name in _applicable(variants))


def _applicable(variants: Any) -> list[str]:
    return [name for name, check in variants.items() if check.applicable]


def _found(tally: Tally) -> Iterator[tuple[str, str, Situation]]:
    named = {"tightest": tally.tightest, "tightest with sides apart": tally.strict}
    for where, place in named.items():
        if place is not None:
            yield place[0], where, place[1]
    if tally.violation is not None:
        yield tally.violation[0], "violation", tally.violation[1]


def _case(theorem: Theorem, variant: str, where: str, at: Situation) -> Case:
    from theory.certify.balls.balls import Undecided
    from theory.certify.make import theorem_certificate
    from theory.certify.quantities.exact_network import of_situation
    from theory.certify.quantities.verdict import decided

    of = of_situation(at, _interpolates(theorem, variant, at))
    verdict = decided(theorem, variant, of)
    try:
        return Case(variant, where, verdict, theorem_certificate(theorem.id, variant, of, verdict))
    except Undecided:
        return Case(variant, where, verdict, None)


def _interpolates(theorem: Theorem, variant: str, at: Situation) -> bool:
    """Whether targets that equal the outputs within rounding stand for the outputs themselves."""
    needed = INTERPOLATION in (*theorem.hypotheses, *theorem.variants[variant].hypotheses)
    return needed and not INTERPOLATION.failure(at) and at.forward.loss.name in ("squared", "pseudo_huber")


def text(found: Sequence[Certified]) -> str:
    """The verdicts as a table for a person, with what did not pass below it."""
    heads = ["certified", *VERDICTS, "passed"]
    rows = [heads, *(_row(each) for each in found)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    return "\n".join([*lines, "", *(note for each in found for note in _notes(each))]).rstrip()


def _row(each: Certified) -> list[str]:
    return [each.theorem.id, *map(str, each.counts.values()), "yes" if each.passed else "NO"]


def _notes(each: Certified) -> list[str]:
    wrong = ("undecided",) if each.theorem.status == REFUTED else ("undecided", "violated")
    notes = [
        f"{each.theorem.id} ({case.variant}) is {case.verdict.verdict} at {case.where}: {case.verdict.why}"
        for case in each.cases
        if case.verdict.verdict in wrong
    ]
    return notes or ([] if each.passed else [f"{each.theorem.id}: nothing was certified"])
