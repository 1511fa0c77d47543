"""Formulas as MathML, written when the site is built.

Reading it needs neither a network nor a script.
"""

from __future__ import annotations

import html
import re
from typing import Any

from docutils import nodes
from latex2mathml.converter import convert


def mathml(latex: str, display: str) -> str:
    """The MathML of a formula, its LaTeX kept for copying and for reading aloud.

    Raises
    ------
    ValueError
        If a part of it is not understood.
    """
    known = latex.strip().replace("{aligned}", "{split}")
    if "\\\\" in known and "\\begin" not in known:
        known = f"\\begin{{split}}{known}\\end{{split}}"
    made = convert(known, display=display)
    if re.search(r"<m[io]>(&|\\[A-Za-z]+)</m", made):
        raise ValueError(
            f"a formula must be one that latex2mathml knows; got {latex!r}"
        )
    return made.replace(
        "<math ", f'<math alttext="{html.escape(latex.strip(), quote=True)}" ', 1
    )


def inline(translator: Any, node: nodes.math) -> None:
    """Write a formula in running text."""
    translator.body.append(mathml(node.astext(), "inline"))
    raise nodes.SkipNode


def displayed(translator: Any, node: nodes.math_block) -> None:
    """Write a formula of its own."""
    translator.body.append(f'<div class="math">{mathml(node.astext(), "block")}</div>')
    raise nodes.SkipNode


def setup(app: Any) -> dict[str, bool]:
    """Register the renderer with Sphinx."""
    app.add_html_math_renderer("mathml", (inline, None), (displayed, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
