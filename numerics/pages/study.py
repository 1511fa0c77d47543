"""The page of one study: its question, the answer, sections."""

from __future__ import annotations

from collections.abc import Sequence

from numerics.pages.parts import Section
from numerics.pages.templates import rendered


def study_page(
    title: str, answer: str, introduction: str, sections: Sequence[Section], stopped: Sequence[str] = ()
) -> str:
    """Return one self-contained HTML page.

    Parameters
    ----------
    title : str
    answer : str
        One sentence.
    introduction : str
        What was done, and what the words mean that the tables use.
    sections : sequence of Section
        Those that hold nothing are left out.
    stopped : sequence of str
        Why the run is partial; empty if it is not.
    """
    return rendered(
        "study.html",
        title=title,
        answer=answer,
        introduction=introduction,
        sections=[section for section in sections if _holds(section)],
        stopped="; ".join(stopped),
    )


def _holds(section: Section) -> bool:
    tables = any(table.rows for table in (*section.tables, *section.folded))
    return bool(tables or section.text or section.items or section.pictures or section.terms)
