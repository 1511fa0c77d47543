"""Write every page of docs/ that is made, or check that they are up to date.

``python -m theory.pages`` shows how docs/activations.md, docs/derivation.md, docs/theorems.md and
docs/theorems/ differ from what the expressions and records give, and exits with 1 if they do;
``python -m theory.pages --update`` rewrites them.
"""

import argparse
import sys
from pathlib import Path

from theory.emit.generated import difference, write
from theory.pages.activations import measured_part
from theory.pages.activations import page as activations_page
from theory.pages.derivation import derivation_page
from theory.pages.theorems_index import THEOREMS, theorem_pages

ROOT = Path(__file__).resolve().parents[2]

ACTIVATIONS, DERIVATION = "docs/activations.md", "docs/derivation.md"


def present() -> dict[str, str]:
    """Text of every made page, by its path below the project's folder."""
    paths = [ROOT / ACTIVATIONS, ROOT / DERIVATION, ROOT / THEOREMS, *(ROOT / "docs/theorems").glob("*.md")]
    return {path.relative_to(ROOT).as_posix(): path.read_text() for path in paths if path.exists()}


def wanted(found: dict[str, str]) -> dict[str, str]:
    """What should be there; of what was `found`, the measurements on the page of activations are kept."""
    measured = measured_part(found.get(ACTIVATIONS, ""))
    return {ACTIVATIONS: activations_page(measured), DERIVATION: derivation_page()} | theorem_pages()


def main(arguments: list[str] | None = None) -> int:
    """Command line; see the module's docstring."""
    parser = argparse.ArgumentParser(prog="python -m theory.pages", description=__doc__)
    parser.add_argument("--update", action="store_true", help="rewrite the pages")
    update, before = parser.parse_args(arguments).update, present()
    after = wanted(before)
    if update:
        write(ROOT, before, after)
        return 0
    sys.stdout.write(difference(before, after))
    return int(before != after)


if __name__ == "__main__":
    sys.exit(main())
