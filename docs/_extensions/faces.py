"""Directives that write the reference from the packages themselves.

``.. face:: numerics.basins`` lists and documents every public name of a face;
``.. commands::`` shows what every command says of itself, and enters its options into
the inventory. When the site is built, whatever the inventory lacks is a warning.
"""

from __future__ import annotations

import ast
import inspect
import zlib
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from pkgutil import walk_packages
from types import ModuleType
from typing import Any

import click
from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList
from sphinx.util import logging

LOGGER = logging.getLogger(__name__)

FACES = ("twolayer", "twolayer.testing", "theory", "theory.certify", "numerics")
"""What users import; rooms that one of these shows among its names belong to it."""

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
            lines += ["", f".. py:data:: {name}", f"   :type: {type(it).__name__}", ""]
            lines += [f"   {said_of(face, name)}".replace("`", "``")]
    return lines


def said_of(face: str, name: str) -> str:
    """What stands below the definition of a constant that `face` shows.

    Raises
    ------
    ValueError
        If no module of the package says anything of it.
    """
    top = face.partition(".")[0]
    homes = [face, *(module for module in modules(top) if module.startswith(face))]
    for home in dict.fromkeys([*homes, *modules(top)]):
        if text := constants(home).get(name):
            return text
    raise ValueError(f"{face}.{name} must have a line below its definition; got none")


@cache
def modules(top: str) -> list[str]:
    """Names of all modules of the package `top`."""
    return [each.name for each in walk_packages(import_module(top).__path__, f"{top}.")]


@cache
def constants(module: str) -> dict[str, str]:
    """What stands below each assignment of a `module`, by the names assigned."""
    place = Path(*module.split("."))
    root = Path(import_module(module.partition(".")[0]).__path__[0]).parent
    path = root / place.with_suffix(".py")
    path = path if path.is_file() else root / place / "__init__.py"
    body = ast.parse(path.read_text(encoding="utf-8")).body
    return {
        target.id: " ".join(below.value.value.split())
        for one, below in pairwise(body)
        if isinstance(one, ast.Assign | ast.AnnAssign) and isinstance(below, ast.Expr)
        if isinstance(below.value, ast.Constant) and isinstance(below.value.value, str)
        for target in ast.walk(one)
        if isinstance(target, ast.Name) and isinstance(target.ctx, ast.Store)
    }


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
        """A section with the name of every command, and its help."""
        env = self.state.document.settings.env
        env.note_reread()
        shown: list[nodes.Node] = []
        for name, command, context in commands():
            anchor = f"twolayer-{name}"
            section = nodes.section(ids=[anchor], names=[anchor])
            section += nodes.title("", "", nodes.literal("", f"twolayer {name}"))
            text = command.get_help(context)
            section += nodes.literal_block("", text, language="text")
            shown.append(section)
            for option in options(command):
                domain = env.get_domain("std")
                domain.add_program_option(anchor, option, env.docname, anchor)
        return shown


def commands() -> Iterator[tuple[str, click.Command, click.Context]]:
    """Every command: its name, itself, and the context in which it says its help."""
    from numerics.commands.main import main

    context = click.Context(main, info_name="twolayer")
    for name in main.list_commands(context):
        command = main.get_command(context, name)
        assert command is not None
        yield name, command, click.Context(command, info_name=name, parent=context)


def options(command: click.Command) -> list[str]:
    """The long names of the options of a command, in the order of its help."""
    return [
        name
        for each in command.params
        if isinstance(each, click.Option)
        for name in (*each.opts, *each.secondary_opts)
        if name.startswith("--")
    ]


def public() -> Iterator[str]:
    """Every public name, as users write it: names of faces, and options of commands."""
    waiting = list(FACES)
    seen: set[str] = set()
    while waiting:
        face = waiting.pop()
        if face in seen:
            continue
        seen.add(face)
        for name in import_module(face).__all__:
            it = getattr(import_module(face), name)
            if isinstance(it, ModuleType):
                waiting += [it.__name__] if hasattr(it, "__all__") else []
            else:
                yield f"{face}.{name}"
    for name, command, _ in commands():
        yield from (f"twolayer-{name}.{option}" for option in options(command))


def inventory(path: Path) -> set[str]:
    """The names in a file ``objects.inv``: four lines, then compressed ones."""
    *_, packed = path.read_bytes().split(b"\n", 4)
    lines = zlib.decompress(packed).decode().splitlines()
    return {line.split(maxsplit=1)[0] for line in lines}


def missing(folder: Path) -> list[str]:
    """The public names that the inventory in `folder` lacks."""
    known = inventory(folder / "objects.inv")
    return sorted(set(public()) - known)


def without_source(folder: Path) -> list[str]:
    """Functions and classes in `folder` of which the reference shows no source."""
    found = []
    for page in sorted((folder / "reference").glob("*.html")):
        for entry in page.read_text(encoding="utf-8").split('<dl class="py ')[1:]:
            kind, _, rest = entry.partition('">')
            head = rest.partition("</dt>")[0]
            if kind in ("class", "function") and "viewcode-link" not in head:
                found.append(head.partition('id="')[2].partition('"')[0])
    return found


def check(app: Any, failure: Exception | None) -> None:
    """Warn of every public name that the site does not explain, or has no source of."""
    if failure is None and app.builder.name == "html":
        for name in missing(Path(app.outdir)):
            LOGGER.warning("the reference must explain %s", name)
        for name in without_source(Path(app.outdir)):
            LOGGER.warning("the reference must link to the source of %s", name)


def setup(app: Any) -> dict[str, Any]:
    """Register the directives with Sphinx, and check when the site is built."""
    app.add_directive("face", Face)
    app.add_directive("commands", Commands)
    app.connect("build-finished", check)
    # What an older version of this read is not enough for the inventory: read anew.
    safe = {"parallel_read_safe": True, "parallel_write_safe": True}
    return {**safe, "env_version": 1}
