"""The report as one self-contained page, by a template."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup, escape

from numerics.pages import typeset
from numerics.report import tables
from numerics.report.sections import section
from numerics.report.words import LIMITS, UNKNOWN, WORDS
from numerics.verdicts import Verdict, glance
from numerics.verdicts.claims import UNDECIDED
from numerics.verdicts.said import answer

Results = dict[str, Any]

POWER = r"(?<![\w.])([\d.]+)e([+-]?)0*(\d+)\b"


def page(results: Results, verdicts: Sequence[Verdict], pictures: Sequence[dict[str, str]], date: str) -> str:
    """HTML of the whole report.

    Parameters
    ----------
    results : dict
        Of the study of two-layer minima, with "made_with": the command, and why it stopped.
    verdicts : sequence of Verdict
    pictures : sequence of dict
        Name, title, caption, how_to_read and image, the address of the picture within the page.
    date : str
        When the numbers were made.
    """
    by_name = {picture["name"]: picture for picture in pictures}
    command = results["made_with"]["command"]
    sections = [section(verdict, results, by_name, command) for verdict in verdicts]
    assets = files("numerics") / "assets"
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"set": lambda text: Markup(typeset(str(text))), "cell": cell}
    shown = {figure["name"] for each in sections for figure in each["figures"]}
    return environment.from_string((assets / "report.html").read_text(encoding="utf-8")).render(
        css=Markup((assets / "report.css").read_text(encoding="utf-8")),
        answer=answer(verdicts),
        undecided=sum(verdict.level == UNDECIDED for verdict in verdicts),
        sections=sections,
        rest=[picture for picture in pictures if picture["name"] not in shown],
        glance={"image": glance.embedded(verdicts), "alternative": glance.described(verdicts)},
        results=results,
        first=results["arms"][0],
        command=command,
        date=date,
        partial="; ".join(results["made_with"]["stopped"]) or "the run was interrupted",
        words=WORDS,
        limits=LIMITS,
        unknown=UNKNOWN,
        means=tables.means(results),
        correlations=tables.correlations(results),
        theorems=tables.checked(results),
        provenance=provenance(results, date),
    )


def cell(text: str) -> Markup:
    """A cell of a table as HTML: numbers with a true minus, powers of ten as such.

    Examples
    --------
    >>> cell("-1.5e-31")
    Markup('−1.5 × 10<sup>−31</sup>')
    """
    if isinstance(text, Markup):
        return text
    signed = re.sub(r"(?<![\w.])-(?=\d)", "−", str(escape(text)))
    return Markup(re.sub(POWER, power, signed))


def power(found: re.Match[str]) -> str:
    """A number as float writes it, with its power of ten written out."""
    sign = "−" if found[2] == "-" else ""
    return f"{found[1]} × 10<sup>{sign}{found[3]}</sup>"


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
