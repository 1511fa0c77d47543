"""``.. gallery::`` makes the figures of ``twolayer figures --quick`` and shows them.

What is drawn from a run is drawn from the recorded one. All are kept below
``_build``; those whose code and data did not change are not made again.
"""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList
from numerics.figures import Missing, Setting, made
from numerics.figures.catalogue import ROOMS
from numerics.figures.script import Script

FOLDER = "_build/figures"
RECORDED = {"verdict": "measured/quick", "timing": "measured"}
"""Figures that are drawn from a recorded run, and where it lies."""

logging.getLogger("fontTools").setLevel(logging.WARNING)  # it tells of every font


def lines_of(script: Script, module: str, source: Path) -> list[str]:
    """The text of one figure, made in passing; `source` is the folder of the pages."""
    place = RECORDED.get(script.name)
    recorded = None if place is None else source / place
    try:
        (entry,) = made([script], source / FOLDER, Setting(quick=True, folder=recorded))
    except Missing as reason:
        return [f"*{script.title}*: {reason}.", ""]
    caption = re.sub(r"(?<!`)`([^`]+)`(?!`)", r"``\1``", entry["caption"])
    size = f"--data docs/{place}" if recorded else "--quick"
    title = entry["title"] + ("" if entry["title"].endswith("?") else ".")
    command = f"``twolayer figures {script.name} {size}``"
    return [
        f".. figure:: /{FOLDER}/{script.name}.png",
        f"   :alt: {entry['how_to_read']}",
        "",
        f"   **{title}** {entry['how_to_read']}",
        "",
        f"   {caption} {command}, seed {script.seed}, ``{module}``.",
        "",
    ]


class Gallery(Directive):
    """``.. gallery::``."""

    def run(self) -> list[nodes.Node]:
        """Every figure below the subject that it belongs to."""
        source = Path(self.state.document.settings.env.srcdir)
        sections = []
        for subject, modules in ROOMS.items():
            section = nodes.section(ids=[nodes.make_id(subject)])
            section += nodes.title(text=subject)
            section.document = self.state.document
            lines = [
                line
                for each in modules
                for line in lines_of(each.SCRIPT, each.__name__, source)
            ]
            self.state.nested_parse(StringList(lines, "gallery"), 0, section)
            sections.append(section)
        return sections


def setup(app: Any) -> dict[str, bool]:
    """Tell Sphinx of the directive."""
    app.add_directive("gallery", Gallery)
    return {"parallel_read_safe": False}
