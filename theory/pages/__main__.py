"""Write every page of docs/ that is made, or check that they are up to date.

``python -m theory.pages`` shows how docs/activations.md, docs/derivation.md, docs/theorems.md, docs/theorems/
and the tables of docs/architecture.md differ from what the expressions, the records and the rooms'
docstrings give, and exits with 1 if they do;
``python -m theory.pages --update`` rewrites them.
"""

import argparse
import sys
from pathlib import Path

from theory.emit.generated import difference, write
from theory.pages.activations import measured_part
from theory.pages.activations import page as activations_page
from theory.pages.derivation import derivation_page
from theory.pages.rooms import architecture_page
from theory.pages.theorems_index import THEOREMS, theorem_pages

ROOT = Path(__file__).resolve().parents[2]

ACTIVATIONS, DERIVATION = "docs/activations.md", "docs/derivation.md"
ARCHITECTURE = "docs/architecture.md"


def present() -> dict[str, str]:
    """Text of every made page, by its path below the project's folder."""
    paths = [ROOT / name for name in (ACTIVATIONS, ARCHITECTURE, DERIVATION, THEOREMS)]
    paths += (ROOT / "docs/theorems").glob("*.md")
    return {path.relative_to(ROOT).as_posix(): path.read_text() for path in paths if path.exists()}


def wanted(found: dict[str, str]) -> dict[str, str]:
    """What should be there, of what was `found`: measurements and text written by hand are kept."""
    pages = {
        ACTIVATIONS: activations_page(measured_part(found.get(ACTIVATIONS, ""))),
        ARCHITECTURE: architecture_page(found.get(ARCHITECTURE, "")),
        DERIVATION: derivation_page(),
    }
    return pages | theorem_pages()


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
