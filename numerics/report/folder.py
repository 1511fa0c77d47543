"""The folder that ``twolayer reproduce`` leaves: results, figures, the report, and a PDF of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from numerics.figures import FIGURES, Missing, Setting, attempted
from numerics.files.folders import write_text
from numerics.report.page import page
from numerics.report.pictures import embedded, slim
from numerics.report.printed import printed
from numerics.report.studies import Pictures, write_numbers
from numerics.report.tables import checked
from numerics.sweeps.executors import Each
from numerics.verdicts import Verdict, glance

Results = dict[str, Any]

SHOWN = {
    "two-layer": ("labels", "attack", "flatness", "ranks", "bounds"),
    "basins": ("starts", "ways", "fractions", "frequency", "scrambling", "known-volumes"),
    "deep": ("depth",),
}
"""Figures that the results of each study allow."""

IMAGES = "UCI 8x8 digits"
"""The data of which wrong labels are shown."""


def write(
    folder: Path,
    results: Results,
    studies: Mapping[str, Results],
    verdicts: Sequence[Verdict],
    date: str,
    each: Each = map,
) -> None:
    """Draw the figures of a run, and write report.html and, where a browser is at hand, report.pdf.

    What the commands of the other studies leave is written into folders of their names.

    Parameters
    ----------
    folder : Path
        Holds results.json.
    results : dict
        Of the study of two-layer minima.
    studies : dict
        Results of what was run beside it, by name: "basins", "deep".
    verdicts : sequence of Verdict
    date : str
        When.
    each : callable
        How figures are made: here, one by one, by default.
    """
    names = [name for study in ("two-layer", *studies) for name in SHOWN[study]]
    if results["data"]["name"] != IMAGES:
        names.remove("labels")
    write_numbers(folder, studies)
    others = each(Pictures(folder, results["made_with"]["command"], date), list(studies.items()))
    first = each(partial(drawn_glance, verdicts), (False, True))
    theorems = checked(results)  # its formulas are set here while processes draw
    pictures = drawn(names, folder, each) if results["minima"] else []
    wide, narrow = first
    write_text(folder / "report.html", page(results, verdicts, pictures, theorems, date, (wide, narrow)))
    list(others)
    printed(folder / "report.html", folder / "report.pdf")


def drawn(names: Sequence[str], folder: Path, each: Each = map) -> list[dict[str, str]]:
    """Make the figures `names` from the results in `folder`, and give them as the page wants them.

    A figure whose data a partial run has not reached is left out.
    """
    setting, place = Setting(quick=True, folder=folder), folder / "figures"
    found = attempted([FIGURES[name] for name in names], place, setting, each)
    entries = [entry for entry in found if not isinstance(entry, Missing)]
    narrow = each(partial(drawn_slim, place), [entry["name"] for entry in entries])
    return [shown(entry, place, image) for entry, image in zip(entries, narrow, strict=True)]


def drawn_glance(verdicts: Sequence[Verdict], narrow: bool) -> str:
    """The figure of the verdicts as an address within the page, for narrow windows or for wide ones."""
    return slim(glance.figure, verdicts) if narrow else glance.embedded(verdicts)


def drawn_slim(place: Path, name: str) -> str:
    """The figure `name`, from its data in the folder `place`, for narrow windows."""
    with np.load(place / f"{name}.npz") as stored:
        return slim(FIGURES[name].draw, dict(stored))


def shown(entry: dict[str, Any], place: Path, narrow: str) -> dict[str, str]:
    """What the page says and shows of a figure in the folder `place`, given its `entry` in the index."""
    name, title = entry["name"], entry["title"]
    return {
        "name": name,
        "title": title if title.endswith("?") else f"{title}.",
        "caption": entry["caption"],
        "how_to_read": entry["how_to_read"],
        "image": embedded((place / f"{name}.png").read_bytes()),
        "slim": narrow,
        "files": f"figures/{name}",
    }
