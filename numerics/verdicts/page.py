"""The verdicts as a section of a page, and as lines of text."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files

from jinja2 import Environment

from numerics.verdicts import glance
from numerics.verdicts.claims import LEVELS, UNDECIDED, Verdict


def section(verdicts: Sequence[Verdict], command: str, date: str = "") -> str:
    """HTML of the answer in one sentence, the table of `verdicts` and their figure.

    Parameters
    ----------
    verdicts : sequence of Verdict
    command : str
        What made the numbers.
    date : str
        When.
    """
    template = (files("numerics") / "assets" / "verdict.html").read_text(encoding="utf-8")
    return (
        Environment(autoescape=True)
        .from_string(template)
        .render(
            verdicts=verdicts,
            answer=answer(verdicts),
            undecided=sum(verdict.level == UNDECIDED for verdict in verdicts),
            command=command,
            date=date,
            picture=glance.embedded(verdicts),
            alternative=glance.described(verdicts),
        )
    )


def answer(verdicts: Sequence[Verdict]) -> str:
    """How many claims got which verdict, as a sentence."""
    counts = {level: sum(verdict.level == level for verdict in verdicts) for level in LEVELS}
    said = [f"{count} {'is' if count == 1 else 'are'} {level}" for level, count in counts.items() if count]
    return f"Of the {len(verdicts)} claims, {', '.join(said)}."


def lines(verdicts: Sequence[Verdict]) -> list[str]:
    """One line per verdict, for a terminal."""
    width = max(len(verdict.level) for verdict in verdicts)
    return [f"{verdict.level:{width}}  {verdict.claim.text}" for verdict in verdicts]
