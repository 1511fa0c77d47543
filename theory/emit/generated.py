"""What the modules of `twolayer/generated/` should say, and how they differ from what is checked in."""

import difflib
from pathlib import Path

from theory.derivation.pair_templates import pair_kernels
from theory.derivation.unit_templates import unit_kernels
from theory.emit.activation_module import activation_module
from theory.emit.loss_module import loss_module, softmax_module
from theory.emit.module_text import template_module
from theory.expressions.activations import ACTIVATIONS
from theory.expressions.activations import z as activation_symbol
from theory.expressions.losses import LOSSES
from theory.expressions.losses import f as loss_symbol

ROOT = Path(__file__).resolve().parents[2]

GENERATED = "twolayer/generated/"


def generated() -> dict[str, str]:
    """Text of every generated module, by its path."""
    texts = {
        "__init__.py": '"""Modules written by theory.emit; do not edit them."""\n',
        "activations/__init__.py": '"""One generated module per activation."""\n',
        "losses/__init__.py": '"""One generated module per loss."""\n',
        "unit.py": template_module(
            "Templates of one unit.", unit_kernels(), "theory.derivation.unit_templates", ".."
        ),
        "pair.py": template_module(
            "Templates of a pair of samples.", pair_kernels(), "theory.derivation.pair_templates", ".."
        ),
        "losses/softmax.py": softmax_module("theory.derivation.loss_derivatives", "..."),
    }
    for name, expression in ACTIVATIONS.items():
        text = activation_module(name, expression, activation_symbol, "theory.expressions.activations", "...")
        texts[f"activations/{name}.py"] = text
    for name, expression in LOSSES.items():
        text = loss_module(name, expression, loss_symbol, "theory.expressions.losses", "...")
        texts[f"losses/{name}.py"] = text
    return {GENERATED + path: text for path, text in texts.items()}


def present(root: Path = ROOT) -> dict[str, str]:
    """Text of every generated module below `root`, by path."""
    paths = (root / GENERATED).rglob("*.py")
    return {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def difference(found: dict[str, str], wanted: dict[str, str]) -> str:
    """Unified diff from the files found to those wanted; empty if none differs."""
    parts: list[str] = []
    for path in sorted(found.keys() | wanted.keys()):
        before = found.get(path, "").splitlines(keepends=True)
        after = wanted.get(path, "").splitlines(keepends=True)
        parts += difflib.unified_diff(before, after, f"checked in/{path}", f"emitted/{path}")
    return "".join(parts)


def write(root: Path, before: dict[str, str], after: dict[str, str]) -> None:
    """Make the files below `root` hold what is wanted, and remove modules that are not."""
    for path in before.keys() - after.keys():
        (root / path).unlink()
    for path, text in after.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
