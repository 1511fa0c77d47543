"""Directives that write the reference from the packages themselves.

``.. face:: numerics.basins`` lists and documents every public name of a face;
``.. commands::`` shows what every command says of itself.
"""

from __future__ import annotations

import inspect
from importlib import import_module
from types import ModuleType
from typing import Any

import click
from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList

LINEAR_OPERATOR = "   :inherited-members: LinearOperator"


def lines_of(face: str) -> list[str]:
    """The reStructuredText that documents every public name of a `face`."""
    module = import_module(face)
    found = [(name, getattr(module, name)) for name in sorted(module.__all__)]
    shown = [
        (name, it) for name, it in found if inspect.isroutine(it) or inspect.isclass(it)
    ]
    lines = [
        "",
        f".. currentmodule:: {face}",
        "",
        ".. autosummary::",
        "   :nosignatures:",
        "",
    ]
    lines += [f"   {name}" for name, _ in shown]
    for name, it in shown:
        if not inspect.isclass(it):
            lines += ["", f".. autofunction:: {name}"]
            continue
        lines += ["", f".. autoclass:: {name}", "   :members:"]
        if "LinearOperator" in [base.__name__ for base in it.__mro__]:
            lines[-2] += '(net, X, y, loss="squared")' if name == "Hessian" else ""
            lines.append(LINEAR_OPERATOR)
    for name, it in found:
        if (name, it) not in shown and not isinstance(it, ModuleType):
            lines += ["", f"``{name}``: {type(it).__name__}."]
    return lines


class Face(Directive):
    """``.. face:: PACKAGE``."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Parse what :func:`lines_of` writes."""
        self.state.document.settings.env.note_reread()  # docstrings change
        face = self.arguments[0]
        section = nodes.section(ids=[f"face-{face.replace('.', '-')}"])
        section.document = self.state.document
        self.state.nested_parse(StringList(lines_of(face), face), 0, section)
        return list(section.children)


class Commands(Directive):
    """``.. commands::``."""

    def run(self) -> list[nodes.Node]:
        """A paragraph with the name of every command, and its help."""
        from numerics.commands.main import main

        self.state.document.settings.env.note_reread()
        context = click.Context(main, info_name="twolayer")
        shown: list[nodes.Node] = []
        for name in main.list_commands(context):
            command = main.get_command(context, name)
            inner = click.Context(command, info_name=name, parent=context)
            shown += [nodes.rubric("", "", nodes.literal("", f"twolayer {name}"))]
            shown += [nodes.literal_block("", command.get_help(inner), language="text")]
        return shown


def setup(app: Any) -> dict[str, bool]:
    """Register the directives with Sphinx."""
    app.add_directive("face", Face)
    app.add_directive("commands", Commands)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
