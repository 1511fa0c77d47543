"""Write the generated modules of `twolayer`, or check them.

``python -m theory.emit`` shows how what is checked in differs from what the expressions give, and exits
with 1 if it does; ``python -m theory.emit --update`` rewrites it.
"""

import argparse
import difflib
import sys
from pathlib import Path

from theory.activation_modules import activation_module
from theory.activations import ACTIVATIONS
from theory.activations import z as activation_symbol
from theory.loss_modules import loss_module, softmax_module
from theory.losses import LOSSES
from theory.losses import f as loss_symbol
from theory.modules import template_module
from theory.pair_forms import pair_kernels
from theory.templates import unit_kernels

ROOT = Path(__file__).resolve().parents[2]
GENERATED = "twolayer/generated/"


def generated() -> dict[str, str]:
    """Text of every generated module, by its path."""
    texts = {
        "__init__.py": '"""Modules written by theory.emit; do not edit them."""\n',
        "activations/__init__.py": '"""One generated module per activation."""\n',
        "losses/__init__.py": '"""One generated module per loss."""\n',
        "unit.py": template_module("Templates of one unit.", unit_kernels(), "theory.templates", ".."),
        "pair.py": template_module(
            "Templates of a pair of samples.", pair_kernels(), "theory.pair_forms", ".."
        ),
        "losses/softmax.py": softmax_module("theory.loss_forms", "..."),
    }
    for name, expression in ACTIVATIONS.items():
        text = activation_module(name, expression, activation_symbol, "theory.activations", "...")
        texts[f"activations/{name}.py"] = text
    for name, expression in LOSSES.items():
        text = loss_module(name, expression, loss_symbol, "theory.losses", "...")
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


def main() -> int:
    """Command line; see the module's docstring."""
    parser = argparse.ArgumentParser(prog="python -m theory.emit", description=__doc__)
    parser.add_argument("--update", action="store_true", help="rewrite what differs")
    update = parser.parse_args().update
    before = present()
    after = generated()
    if update:
        write(ROOT, before, after)
        return 0
    sys.stdout.write(difference(before, after))
    return int(before != after)


if __name__ == "__main__":
    sys.exit(main())
