"""Write the pages of all theorems from their records, or check that they are up to date.

``python -m theory.pages`` shows how docs/theorems.md and docs/theorems/ differ from what the records give,
and exits with 1 if they do; ``python -m theory.pages --update`` rewrites them.
"""

import argparse
import difflib
import sys
from pathlib import Path

from theory import theorems
from theory.lemmas import lemmas
from theory.proof import By
from theory.theorem import Theorem
from theory.theorem_page import page as theorem_page
from theory.theorem_page import words

DOCS = Path(__file__).resolve().parent.parent / "docs"
HEAD = """# Theorems

These pages are made from the records in `theory.theorems` by `python -m theory.pages --update`. Every
relation can be checked at any network, aware of rounding, by `theorems[id].check(net, X, y)`; `twolayer
verify` tries all of them on random and adversarial networks. `python -m benchmarks.false_alarms` counts how
often what is proved is called violated in a million comparisons, many at equality but for rounding: never.

| theorem | id | status | relations |
|---|---|---|---|
"""
PROOFS = """
## What a proof is

A proof is a chain of steps from the left side of a relation to its right side, and a step is one of three.

An **identity** is verified in symbols, for a generic activation and, where the theorem is for any loss, a
generic loss, twice over.

- *In networks of any size* (`theory.indexed`, `theory.setting`). Every term is a sum of products of letters
  with indices, such as $\\sum_{i,k} a_k s'(z_{ik}) x_{ij}$, in which all indices but the free ones run over
  ranges of which nothing is said but their names $n$, $d$, $m$ and $q$; derivatives act on the letters, and
  Kronecker deltas are contracted. Values and derivatives of a generic activation at different
  pre-activations are independent, and so are all other letters. Two such sums are therefore equal in
  networks of every size exactly if their terms agree up to the names of summed indices, which is what is
  compared. Roots, absolute values and minima of sums are taken as they are: they are equal if what stands
  below them is. An identity that happens to hold for one or two units alone is refused.
- *Written out in small networks* (`theory.model`, `theory.written`), with the derivatives that sympy takes
  of the risk itself. The tests compare every term of the first kind with its namesake of the second.

A **fact** about matrices, such as $H = G$ at zero residuals or that $G_{bb}$ is a block of $G$, is an
identity between their entries and verified like one, under the hypotheses it is given.

An **inequality** must be a non-negative multiple of an instance of a lemma, whose requirements are facts. The
lemmas:

"""
CONTENTS = """
```{{toctree}}
:hidden:
:maxdepth: 1

{names}
```
"""


def pages() -> dict[Path, str]:
    """The text of every page, by its path below the folder of the docs."""
    found = {Path("theorems") / f"{name}.md": theorem_page(theorem) for name, theorem in theorems.items()}
    return {Path("theorems.md"): index(), **found}


def index() -> str:
    """The page that lists the theorems and the lemmas."""
    names = "\n".join(f"theorems/{name}" for name in theorems)
    rows = "\n".join(map(row, theorems.values()))
    return HEAD + rows + "\n" + PROOFS + lemma_table() + CONTENTS.format(names=names)


def row(theorem: Theorem) -> str:
    """One theorem in the table."""
    link = f"[{words(theorem.name)}](theorems/{theorem.id}.md)"
    relations = ", ".join(f"({words(name)})" for name in theorem.variants)
    return f"| {link} | `{theorem.id}` | {theorem.status} | {relations} |"


def lemma_table() -> str:
    """The lemmas that are used, and how each is checked."""
    used = {
        step.reason.lemma.name
        for theorem in theorems.values()
        for chain in theorem.proof.values()
        for step in chain
        if isinstance(step.reason, By)
    }
    lines = ["| lemma | statement | checked | source |", "|---|---|---|---|"]
    for name in sorted(used):
        lemma = lemmas[name]
        left, right = (str(side).replace("?", "") for side in lemma.relation.args)
        sign = "<=" if lemma.relation.rel_op == "<=" else "="
        statement = f"{left} {sign} {right}".replace("|", r"\|")
        cells = (words(name), f"`{statement}`", lemma.verification, words(lemma.source))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def stale() -> list[Path]:
    """Pages of theorems that there are no more."""
    wanted = pages()
    there = (path.relative_to(DOCS) for path in sorted((DOCS / "theorems").glob("*.md")))
    return [path for path in there if path not in wanted]


def main(arguments: list[str] | None = None) -> int:
    """Command line; see the module's docstring."""
    parser = argparse.ArgumentParser(prog="python -m theory.pages", description=__doc__)
    parser.add_argument("--update", action="store_true", help="rewrite the pages")
    update, changed = parser.parse_args(arguments).update, stale()
    for path in changed:
        print(f"{path}: of no theorem", file=sys.stderr)
        if update:
            (DOCS / path).unlink()
    for path, wanted in pages().items():
        target = DOCS / path
        found = target.read_text() if target.exists() else ""
        if found != wanted:
            changed.append(path)
            report(path, found, wanted, update)
    return int(bool(changed) and not update)


def report(path: Path, found: str, wanted: str, update: bool) -> None:
    """Rewrite a page, or show how it differs."""
    if update:
        (DOCS / path).parent.mkdir(exist_ok=True)
        (DOCS / path).write_text(wanted)
        return
    lines = (found.splitlines(keepends=True), wanted.splitlines(keepends=True))
    sys.stdout.writelines(difflib.unified_diff(*lines, f"{path}, checked in", "made"))


if __name__ == "__main__":
    sys.exit(main())
