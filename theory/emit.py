"""Write the generated modules of `twolayer`, or check that they are up to date.

``python -m theory.emit`` shows how the checked-in modules differ from what the expressions give, and
exits with 1 if they do; ``python -m theory.emit --update`` rewrites them.
"""

import argparse
import difflib
import sys
from pathlib import Path

from theory import modules
from theory.activations import ACTIVATIONS
from theory.activations import z as activation_symbol
from theory.losses import LOSSES
from theory.losses import f as loss_symbol
from theory.pair_forms import pair_kernels
from theory.templates import unit_kernels

GENERATED = Path(__file__).resolve().parent.parent / "twolayer" / "generated"


def generated() -> dict[str, str]:
    """Text of every generated module, by its path under ``twolayer/generated``."""
    texts = {
        "__init__.py": '"""Modules written by theory.emit; do not edit them."""\n',
        "activations/__init__.py": '"""One generated module per activation."""\n',
        "losses/__init__.py": '"""One generated module per loss."""\n',
        "unit.py": modules.template_module(
            "Templates of one unit.", unit_kernels(), "theory.templates", ".."
        ),
        "pair.py": modules.template_module(
            "Templates of a pair of samples.", pair_kernels(), "theory.pair_forms", ".."
        ),
        "losses/softmax.py": modules.softmax_module("theory.loss_forms", "..."),
    }
    for name, expression in ACTIVATIONS.items():
        text = modules.activation_module(name, expression, activation_symbol, "theory.activations", "...")
        texts[f"activations/{name}.py"] = text
    for name, expression in LOSSES.items():
        text = modules.loss_module(name, expression, loss_symbol, "theory.losses", "...")
        texts[f"losses/{name}.py"] = text
    return texts


def present(folder: Path = GENERATED) -> dict[str, str]:
    """Text of every module that lies in `folder`, by path."""
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*.py")}


def difference(found: dict[str, str], wanted: dict[str, str]) -> str:
    """Unified diff from the modules found to those wanted; empty if none differs."""
    parts: list[str] = []
    for path in sorted(found.keys() | wanted.keys()):
        before = found.get(path, "").splitlines(keepends=True)
        after = wanted.get(path, "").splitlines(keepends=True)
        parts += difflib.unified_diff(before, after, f"checked in/{path}", f"emitted/{path}")
    return "".join(parts)


def write(folder: Path, found: dict[str, str], wanted: dict[str, str]) -> None:
    """Make `folder` hold the wanted modules and no other."""
    for path in found.keys() - wanted.keys():
        (folder / path).unlink()
    for path, text in wanted.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)


def main() -> int:
    """Command line; see the module's docstring."""
    parser = argparse.ArgumentParser(prog="python -m theory.emit", description=__doc__)
    parser.add_argument("--update", action="store_true", help="rewrite the modules")
    update = parser.parse_args().update
    found, wanted = present(), generated()
    if update:
        write(GENERATED, found, wanted)
        return 0
    sys.stdout.write(difference(found, wanted))
    return int(found != wanted)


if __name__ == "__main__":
    sys.exit(main())
