"""The pages of all theorems, and the one that lists them."""

import re

from theory import theorems, theorems_at_any_depth
from theory.pages.any_depth import PATH, any_depth_page
from theory.pages.theorem import page as theorem_page
from theory.pages.typeset import sentence, words
from theory.proofs.lemmas.norms import lemmas
from theory.proofs.steps import By
from theory.records.theorem import Theorem

THEOREMS = "docs/theorems.md"

HEAD = """# Theorems

These pages are made from the records in `theory.theorems` by `python -m theory.pages --update`. Every
relation can be checked at any network, aware of rounding, by `theorems[id].check(net, X, y)`; `twolayer
verify` tries all of them on random and adversarial networks. `python -m benchmarks.false_alarms` counts how
often what is proved is called violated in a million comparisons, many at equality but for rounding: never.

| theorem | id | status | relations |
|---|---|---|---|
"""

DEEP = """
## At any depth

On networks of any depth, with proofs and steps, on [one page](theorems/any-depth.md):

| theorem | id | statement |
|---|---|---|
"""

PROOFS = """
## What a proof is

A proof is a chain of steps from the left side of a relation to its right side, and a step is one of three.

An **identity** is verified in symbols, for a generic activation and, where the theorem is for any loss, a
generic loss, twice over.

- *In networks of any size* (`theory.proofs.any_size`). Every term is a sum of products of letters
  with indices, such as $\\sum_{i,k} a_k s'(z_{ik}) x_{ij}$, in which all indices but the free ones run over
  ranges of which nothing is said but their names $n$, $d$, $m$ and $q$; derivatives act on the letters, and
  Kronecker deltas are contracted. Values and derivatives of a generic activation at different
  pre-activations are independent, and so are all other letters. Two such sums are therefore equal in
  networks of every size exactly if their terms agree up to the names of summed indices, which is what is
  compared. Roots, absolute values and minima of sums are taken as they are: they are equal if what stands
  below them is. An identity that happens to hold for one or two units alone is refused.
- *Written out in small networks* (`theory.proofs.small`), with the derivatives that sympy takes
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


def theorem_pages() -> dict[str, str]:
    """The text of every page on theorems, by its path."""
    found = {f"docs/theorems/{name}.md": theorem_page(theorem) for name, theorem in theorems.items()}
    return {THEOREMS: index(), **found, PATH: any_depth_page()}


def index() -> str:
    """The page that lists the theorems and the lemmas."""
    ordered = sorted(theorems.values(), key=number)
    names = "\n".join(f"theorems/{name}" for name in (*(each.id for each in ordered), "any-depth"))
    rows = "\n".join(map(row, ordered))
    deep = "".join(
        f"| {words(each.name.split(',')[0])} | `{each.id}` | {sentence(each.statement)} |\n"
        for each in sorted(theorems_at_any_depth.values(), key=number)
    )
    return HEAD + rows + "\n" + DEEP + deep + PROOFS + lemma_table() + CONTENTS.format(names=names)


def number(theorem: Theorem) -> int:
    """The number by which a theorem is called, as in T7.

    Raises
    ------
    ValueError
        If its name begins with none.
    """
    found = re.match(r"T([0-9]+)\b", theorem.name)
    if found is None:
        raise ValueError(f"the name of a theorem must begin with its number; got {theorem.name!r}")
    return int(found[1])


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
