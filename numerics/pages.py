"""What the reports share: a page with everything in it, its tables, lists and figures."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from html import escape
from importlib.resources import files

from numerics.plotting import Drawn


def document(title: str, parts: Iterable[str]) -> str:
    """A page called `title`, its style inside, made of those `parts` that are not empty."""
    css = (files("numerics") / "assets" / "report.css").read_text(encoding="utf-8")
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title>'
    body = "\n".join(part for part in parts if part)
    top = f'<!DOCTYPE html>\n<html lang="en">\n<head>{head}<style>\n{css}</style></head>'
    return f"{top}\n<body>\n{body}\n</body>\n</html>\n"


SYMBOLS = {
    r"\|([A-Z](?:_[a-z]+)?)\|_F": r"‖\1‖<sub>F</sub>",
    r"\bgrad_x f\b": "∇<sub>x</sub><i>f</i>",
    r"λmax|\blmax\b": "λ<sub>max</sub>",
    r"\bsum_([a-z])\b": r"Σ<sub>\1</sub>",
    r"\b([A-Za-z])_([a-z]{1,2}|\d)\b": r"<i>\1</i><sub>\2</sub>",
    r"(?<!<i>)\b([HGRW])\b(?![&;])": r"<i>\1</i>",
    r"\^(\d|T)": r"<sup>\1</sup>",
    r"(?<![\w.−-])-(?=\d)": "−",
}
"""Symbols as they stand in plain text, and in a page."""


def typeset(text: str) -> str:
    """`text` as HTML, its symbols set as a formula would be.

    Examples
    --------
    >>> typeset("|H|_F < 2")
    '‖<i>H</i>‖<sub>F</sub> &lt; 2'
    """
    found = escape(text)
    for plain, made in SYMBOLS.items():
        found = re.sub(plain, made, found)
    return found


def listed(items: Iterable[str]) -> str:
    """`items` of text as a list."""
    return "<ul>" + "".join(f"<li>{typeset(item)}</li>" for item in items) + "</ul>"


def definitions(pairs: dict[str, str]) -> str:
    """`pairs` of words and texts as a list of definitions."""
    return (
        "<dl>"
        + "".join(f"<dt>{typeset(key)}</dt><dd>{typeset(text)}</dd>" for key, text in pairs.items())
        + "</dl>"
    )


def embedded(each: Drawn) -> str:
    """The figure `each` inside the page, with its caption."""
    image = base64.b64encode(each.path.read_bytes()).decode()
    return (
        f'<figure><img src="data:image/png;base64,{image}" '
        f'alt="{escape(f"{each.heading} {each.how_to_read}")}"><figcaption>'
        f"<b>{typeset(each.heading)}</b> {typeset(each.caption)} <i>How to read:</i> "
        f"{typeset(each.how_to_read)} "
        f"</figcaption></figure>"
    )


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table of cells that are HTML already: `head`, then `rows`."""
    top = "".join(f'<th scope="col">{cell}</th>' for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'


def number(value: float | None) -> str:
    """Return a number with three digits, or a dash.

    Examples
    --------
    >>> number(0.12345), number(123456.0), number(None)
    ('0.123', '1.23e+05', '–')
    """
    return "–" if value is None else f"{value:.3g}"
