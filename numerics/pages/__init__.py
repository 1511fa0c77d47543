"""What all reports share: their templates, how symbols and numbers are set, tables, sections, figures."""

from numerics.pages.parts import Picture, Section, Table, picture
from numerics.pages.study import study_page
from numerics.pages.templates import rendered
from numerics.pages.typesetting import number, typeset, with_spread

__all__ = [
    "Picture",
    "Section",
    "Table",
    "number",
    "picture",
    "rendered",
    "study_page",
    "typeset",
    "with_spread",
]
