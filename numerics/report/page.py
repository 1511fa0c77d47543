"""The report as one self-contained page, by a template."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any

from numerics.pages import rendered
from numerics.report import tables
from numerics.report.sections import section
from numerics.report.words import LIMITS, UNKNOWN, WORDS
from numerics.verdicts import Verdict, glance
from numerics.verdicts.claims import UNDECIDED
from numerics.verdicts.said import answer

Results = dict[str, Any]


def page(
    results: Results,
    verdicts: Sequence[Verdict],
    pictures: Sequence[dict[str, str]],
    theorems: Sequence[Results],
    date: str,
    first: tuple[str, str],
) -> str:
    """HTML of the whole report.

    Parameters
    ----------
    results : dict
        Of the study of two-layer minima, with "made_with": the command, and why it stopped.
    verdicts : sequence of Verdict
    pictures : sequence of dict
        Name, title, caption, how_to_read, image, the address of the picture within the page, and slim, that
        of one for narrow windows.
    theorems : sequence of dict
        Name, statement and table of those whose sides are evaluated.
    date : str
        When the numbers were made.
    first : (str, str)
        Addresses of the figure of the verdicts, for wide windows and for narrow ones.
    """
    by_name = {picture["name"]: picture for picture in pictures}
    command = results["made_with"]["command"]
    sections = [section(verdict, results, by_name, command) for verdict in verdicts]
    shown = {figure["name"] for each in sections for figure in each["figures"]}
    return rendered(
        "report.html",
        answer=answer(verdicts),
        undecided=sum(verdict.level == UNDECIDED for verdict in verdicts),
        sections=sections,
        rest=[picture for picture in pictures if picture["name"] not in shown],
        glance={
            "image": first[0],
            "slim": first[1],
            "alternative": glance.described(verdicts),
        },
        results=results,
        first=results["arms"][0],
        command=command,
        quick="--quick" in shlex.split(command),
        date=date,
        partial="; ".join(results["made_with"]["stopped"]) or "the run was interrupted",
        words=WORDS,
        limits=LIMITS,
        unknown=UNKNOWN,
        means=tables.means(results),
        correlations=tables.correlations(results),
        theorems=theorems,
        provenance=provenance(results, date),
    )


def provenance(results: Results, date: str) -> dict[str, str]:
    """What made the numbers, by name."""
    data = results["data"]
    about = (
        f"{data['name']}: {data['samples']} samples, {data['inputs']} inputs; {data['labels']}; "
        f"{data['reserve']} in reserve for attacks, {data['test']} to test; SHA-256 {data['sha256']}"
    )
    found = {
        "command": results["made_with"]["command"],
        "date": date,
        "seed": str(results["seed"]),
        "data": about,
        "scaling": data["scaling"],
        "versions": ", ".join(f"{name} {text}" for name, text in results["versions"].items()),
        "time": f"{results['timing']['seconds']:.0f} s for the minima of two-layer networks",
        "credit": data["credit"],
    }
    return {name: text for name, text in found.items() if text}
