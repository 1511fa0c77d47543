"""The findings of docs/deep.md, from what ``twolayer deep`` wrote.

``twolayer deep --executor processes:2 --out FOLDER``, then ``python -m benchmarks.deep_page FOLDER``.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from markupsafe import Markup

from numerics.deep_study import tables_shown
from numerics.deep_study.findings import conclusions, correlations
from numerics.files.folders import write_text
from numerics.pages import Table

from . import basins_page
from .fingerprint import ROOT, date
from .report import machine

PAGE = ROOT / "docs" / "measured" / "deep.txt"
Results = dict[str, Any]


def written(results: Results, day: str) -> str:
    """The sentences and the rank correlations of a run, with the code of that `day`."""
    sentences = "\n".join(f"- {plain(each)}" for each in results["conclusions"])
    ranks = table(tables_shown.correlations(results, whole=True))
    partial = [f"Partial: {each}" for each in results["stopped"]]
    return "\n\n".join([made(results, day), *partial, sentences, ranks]) + "\n"


def made(results: Results, day: str) -> str:
    """With what the numbers were made, and of how many minima."""
    found, count, data = machine(), len(results["minima"]), results["data"]["name"]
    versions = ", ".join(f"{name} {results['versions'][name]}" for name in ("python", "numpy", "scipy"))
    return (
        f"*{count} minima on {data}, made by `twolayer deep --seed {results['seed']}` with "
        f"the code of {day}; {found['processor']}, {found['cores']} cores, {versions}.*"
    )


def table(one: Table) -> str:
    """A table in Markdown, its caption above it.

    >>> print(table(Table("Norms", ["of", "|H|"], [["all", "2"]])))
    **Norms**
    <BLANKLINE>
    | of | \\|H\\| |
    |---|---|
    | all | 2 |
    """
    heads = tuple(plain(cell) for cell in one.head)
    rows = ([plain(cell) for cell in row] for row in one.rows)
    return f"**{plain(one.caption)}**\n\n" + basins_page.table(heads, rows).rstrip()


def plain(text: str) -> str:
    """Text or markup as text that Markdown leaves alone.

    >>> plain("|H|_F < 1"), plain(Markup("<i>R</i> &lt; 1"))
    ('\\\\|H\\\\|_F < 1', 'R < 1')
    """
    bare = text.striptags() if isinstance(text, Markup) else str(text)
    return bare.replace("|", "\\|").replace("*", "\\*")


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.deep_page", description=__doc__)
    parser.add_argument("folder", type=Path, help="what twolayer deep wrote, at full size")
    folder = parser.parse_args(words).folder
    if not (folder / "results.json").is_file():
        parser.error(f"folder must be one of twolayer deep; got {folder}")
    results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    if "arms" not in results or "--quick" in results["made_by"]:
        parser.error("the run must be one of twolayer deep of full size; got another or a quick one")
    results["correlations"] = correlations(results["minima"])  # of the minima, by the rules of this day
    write_text(PAGE, written({**results, "conclusions": conclusions(results)}, date()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
