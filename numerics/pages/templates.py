"""The templates of the reports, with every text escaped."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from numerics.pages.typesetting import cell, typeset


def asset(name: str) -> str:
    """The text of the file `name` that is shipped with the package."""
    return (files("numerics") / "assets" / name).read_text(encoding="utf-8")


def rendered(name: str, **values: Any) -> str:
    """The template `name` as a page with its style inside.

    Parameters
    ----------
    name : str
        A file of numerics/assets.
    values
        What the template names. Text is escaped; the filter ``set`` typesets its symbols, ``cell`` its
        numbers.

    Raises
    ------
    jinja2.UndefinedError
        If the template names what is not among the `values`.
    """
    environment = Environment(
        loader=FunctionLoader(asset),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"set": lambda text: typeset(text), "cell": cell}
    return environment.get_template(name).render(css=Markup(asset("report.css")), **values)
