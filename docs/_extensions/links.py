"""Every link within the built site must lead to a page, a file or an anchor of it.

What does not is a warning at the end of the build, and so an error of ``nox -s docs``.
"""

from __future__ import annotations

import os
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from sphinx.util import logging

LOGGER = logging.getLogger(__name__)


class Page(HTMLParser):
    """The anchors of a page, and where its links and pictures lead."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.targets: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what an element is called and leads to."""
        for name, value in attrs:
            if value and (name == "id" or (name == "name" and tag == "a")):
                self.anchors.add(value)
            if value and name in ("href", "src"):
                self.targets.add(value)


def dead(folder: Path) -> list[str]:
    """The links of the site in `folder` that lead nowhere, each as "page: target".

    The way back from a page of source code may miss its anchor, since viewcode knows
    one name of a module alone; the page must be there.
    """
    top = folder.resolve()
    pages = {path: Page(path) for path in sorted(top.rglob("*.html"))}
    return [
        f"{path.relative_to(top)}: {target}"
        for path, page in pages.items()
        for target in sorted(page.targets)
        if not leads(pages, path, target, anchors=top / "_modules" not in path.parents)
    ]


def leads(pages: dict[Path, Page], path: Path, target: str, *, anchors: bool) -> bool:
    """Whether a `target` on the page at `path` is outside of the site, or exists."""
    link = urlsplit(target)
    if link.scheme or link.netloc:
        return True
    place = path
    if link.path:
        place = Path(os.path.normpath(path.parent / unquote(link.path)))
    anchor = unquote(link.fragment) if anchors and place in pages else ""
    return place.is_file() and (not anchor or anchor in pages[place].anchors)


def check(app: Any, failure: Exception | None) -> None:
    """Warn of every dead link of what was built."""
    if failure is None and app.builder.name == "html":
        for each in dead(Path(app.outdir)):
            LOGGER.warning("a link leads nowhere: %s", each)


def setup(app: Any) -> dict[str, bool]:
    """Check when the site is built."""
    app.connect("build-finished", check)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
