"""The parts of a page: tables, figures, sections."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from numerics.plotting import Drawn

WIDTH = slice(16, 20)
"""Where a PNG says how many pixels wide it is."""

NARROW = 1000
"""Figures of fewer pixels are of one column: 700 pixels or so, against 1,400 of two."""


@dataclass(frozen=True)
class Table:
    """A table for a template.

    Parameters
    ----------
    caption : str
    head : sequence of str or Markup
    rows : sequence of sequences
        The first cell of a row names it.
    """

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Picture:
    """A figure inside a page.

    Parameters
    ----------
    title, caption, how_to_read : str
    image : str
        The address of the image within the page.
    files : str
        Where its data and other formats are, for the line under it.
    narrow : bool
        Whether it was drawn for one column of two: letters would be too large over the whole width.
    """

    title: str
    caption: str
    how_to_read: str
    image: str
    files: str
    narrow: bool = False


@dataclass(frozen=True)
class Section:
    """A section of the page of a study; what is empty is not shown.

    Parameters
    ----------
    title : str
    text : sequence of str
        Paragraphs.
    items : sequence of str
        A list.
    pictures : sequence of Picture
    tables : sequence of Table
        Those without rows are left out.
    terms : mapping of str to str
        A list of definitions.
    folded : sequence of Table
        Tables that open at a click, for those who want all numbers.
    """

    title: str
    text: Sequence[str] = ()
    items: Sequence[str] = ()
    pictures: Sequence[Picture] = ()
    tables: Sequence[Table] = ()
    terms: Mapping[str, str] = field(default_factory=dict)
    folded: Sequence[Table] = ()


def picture(drawn: Drawn) -> Picture:
    """The figure `drawn`, with the image in it."""
    png = drawn.path.read_bytes()
    image = base64.b64encode(png).decode()
    return Picture(
        title=drawn.heading,
        caption=drawn.caption,
        how_to_read=drawn.how_to_read,
        image=f"data:image/png;base64,{image}",
        files=f"{drawn.path.stem}.pdf",
        narrow=int.from_bytes(png[WIDTH], "big") < NARROW,
    )
