"""The verdicts as a section of a page, and as lines of text."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files

from jinja2 import Environment

from numerics.verdicts.claims import UNDECIDED, Verdict


def section(verdicts: Sequence[Verdict], command: str) -> str:
    """HTML of the table of `verdicts`; `command` makes the numbers of all of them."""
    template = (files("numerics") / "assets" / "verdict.html").read_text(encoding="utf-8")
    open_ones = [verdict for verdict in verdicts if verdict.level == UNDECIDED]
    missing = f"Everything was measured by: {command}"
    if open_ones:
        missing = (
            f"{len(open_ones)} of {len(verdicts)} claims are not decided by this run. For all: {command}"
        )
    return Environment(autoescape=True).from_string(template).render(verdicts=verdicts, missing=missing)


def lines(verdicts: Sequence[Verdict]) -> list[str]:
    """One line per verdict, for a terminal."""
    width = max(len(verdict.level) for verdict in verdicts)
    return [f"{verdict.level:{width}}  {verdict.claim.text}" for verdict in verdicts]
