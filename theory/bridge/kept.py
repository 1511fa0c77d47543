"""Derived activations on disk: a formula that was understood once is not derived again by the next process.

What is kept is the text of the emitted module and the measured floor, behind a checksum, in the folder of
the machine code, which this user alone may write. A text is run only if it is made of what emitted modules
are made of: numbers, arithmetic, and calls of this package's kernels.
"""

import ast
import hashlib
import json
import os
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path

import sympy as sp

from twolayer.jit import kernel_folder, read_own

SOURCES = Path(__file__).parents[1]
ROOMS = ("expressions", "analysis", "derivation", "emit", "bridge")
MODULES = {"math", "numpy", "numpy.typing", "twolayer", "twolayer.elementary", "twolayer.jit"}
NUMPY = {"float64", "int64", "inf"}
FUNCTIONS = {"abs", "range", "jet", "near_jet", "third_bound", "min", "max"}
LARGEST = 1_000_000
STATEMENTS = (ast.Module, ast.Import, ast.ImportFrom, ast.alias, ast.FunctionDef, ast.arguments, ast.arg)
STEPS = (ast.Assign, ast.AugAssign, ast.Expr, ast.For, ast.If, ast.Return, ast.Load, ast.Store)
VALUES = (ast.Constant, ast.Name, ast.Attribute, ast.Call, ast.Subscript, ast.Tuple, ast.BinOp, ast.UnaryOp)
CHOICES = (ast.Compare, ast.BoolOp, ast.IfExp, ast.operator, ast.unaryop, ast.cmpop, ast.boolop)
ALLOWED = (*STATEMENTS, *STEPS, *VALUES, *CHOICES)


def kept(question: str) -> tuple[str, float] | None:
    """The module's text and the floor that were kept for a `question`; None if there is nothing sound.

    Examples
    --------
    >>> kept("what nobody asked") is None
    True
    """
    path = _path(question)
    if path is None:
        return None
    try:
        written = read_own(path, LARGEST)
        if written[:64] != _checksum(written[64:]):
            return None
        found = json.loads(written[64:])
        text, floor = found["text"], found["floor"]
        if found["question"] != question or not isinstance(floor, float) or not is_emitted(text):
            return None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return text, floor


def keep(question: str, text: str, floor: float) -> None:
    """Keep a module's `text` and its `floor` for the next process; a full disk loses nothing but time."""
    path = _path(question)
    if path is None:
        return
    body = json.dumps({"question": question, "text": text, "floor": floor}).encode()
    with suppress(OSError):
        write_whole(path, _checksum(body) + body)


def write_whole(path: Path, content: bytes) -> None:
    """Make a file hold `content`, at once for whoever reads it."""
    handle, draft = tempfile.mkstemp(dir=path.parent, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.replace(draft, path)
    except BaseException:  # a disk that is full, say: no part is left on it
        with suppress(OSError):
            os.unlink(draft)
        raise


def is_emitted(text: str) -> bool:
    """Whether a module's `text` holds nothing but what emitted modules are made of.

    Examples
    --------
    >>> is_emitted("import math\\nS = math.sqrt(2.0)"), is_emitted("import os"), is_emitted("open('a')")
    (True, False, False)
    """
    nodes = list(ast.walk(ast.parse(text)))
    return all(isinstance(node, ALLOWED) and _harmless(node) for node in nodes)


def _harmless(node: ast.AST) -> bool:
    if isinstance(node, ast.Import):
        return all(each.name in MODULES for each in node.names)
    if isinstance(node, ast.ImportFrom):
        return node.level == 0 and node.module in MODULES and all(_public(each.name) for each in node.names)
    if isinstance(node, ast.Attribute):
        numpys = isinstance(node.value, ast.Name) and node.value.id == "np"
        return isinstance(node.value, ast.Name) and (node.attr in NUMPY if numpys else _public(node.attr))
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Attribute) or getattr(node.func, "id", "") in FUNCTIONS
    if isinstance(node, ast.FunctionDef):
        return all(getattr(each, "id", "") in ("kernel", "scalar_kernel") for each in node.decorator_list)
    return not isinstance(node, ast.Name) or node.id == "_" or _public(node.id)


def _public(name: str) -> bool:
    return not name.startswith("_") and name != "*"


def _checksum(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=32).hexdigest().encode()


def _path(question: str) -> Path | None:
    folder = kernel_folder()
    digest = hashlib.blake2b(f"{_version()}\0{question}".encode("utf-8", "backslashreplace"), digest_size=12)
    return None if folder is None else folder / f"derivation_{digest.hexdigest()}.json"


@cache
def _version() -> str:
    """What derivations depend on: the sources of the rooms that make them, and sympy."""
    digest = hashlib.blake2b(sp.__version__.encode(), digest_size=12)
    for room in ROOMS:
        for path in sorted((SOURCES / room).glob("*.py")):
            digest.update(f"{room}/{path.name}\0".encode() + path.read_bytes())
    return digest.hexdigest()
