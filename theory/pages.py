"""Write the page of all theorems from their records, or check that it is up to date.

``python -m theory.pages`` shows how docs/theorems.md differs from what the records give, and exits with 1
if it does; ``python -m theory.pages --update`` rewrites it.
"""

import argparse
import difflib
import sys
from pathlib import Path

from theory import theorems
from theory.lemmas import lemmas
from theory.proof import By, Chain
from theory.theorem import REFUTED, Theorem, Variant

PAGE = Path(__file__).resolve().parent.parent / "docs" / "theorems.md"
HEAD = """# Theorems

This page is made from the records in `theory.theorems` by `python -m theory.pages --update`. Every relation
can be checked at any network, aware of rounding, by `theorems[id].check(net, X, y)`; `twolayer verify` tries
all of them on random and adversarial networks.

A proof is a chain of steps. "by definition" and its like are identities. Each is verified in symbols, for a
generic activation and, where the theorem is for any loss, a generic loss: in networks of any size, as sums
over samples, inputs, units and outputs whose ranges have no number (`theory.indexed`), and once more written
out in small networks (`theory.model`), with the derivatives that sympy takes of the risk itself. A name is
that of a lemma (listed at the end), of which the step is a non-negative multiple.

![left over right of every inequality](figures/tightness.png)

How tight they are (`python -m numerics.tightness docs/figures/tightness.png`): each tick is left / right at
one network, from 1e-8 on; a relation whose ticks reach 1 is attained, and rows without ticks compare numbers
that are seldom both positive.
"""


def page() -> str:
    """The text of the page."""
    parts = [HEAD, *map(section, theorems.values()), lemma_table()]
    return "\n".join(parts)


def section(theorem: Theorem) -> str:
    """One theorem: statement, relations, hypotheses, proof, equality cases, refutation, source."""
    status = f"**{theorem.status}**" + (" (source from memory)" if theorem.from_memory else "")
    lines = [f"## {theorem.name}", "", f"`{theorem.id}`, {status}. {words(theorem.statement)}", ""]
    for name, variant in theorem.variants.items():
        lines += relation(name, variant)
    if theorem.hypotheses:
        lines += ["Needs " + "; ".join(words(each.statement) for each in theorem.hypotheses) + ".", ""]
    lines += [f"Scope: {words(theorem.scope)}", ""] if theorem.scope else []
    if theorem.proof:
        lines += ["Idea of the proof:", "", *(f"- {words(step)}" for step in theorem.proof), ""]
    for name, chain in theorem.chains.items():
        lines += proof(name, theorem.variants[name], chain)
    lines += examples(theorem)
    return "\n".join([*lines, f"Source: {words(theorem.source)}", ""])


def words(text: str) -> str:
    """Text with the characters that Markdown would take for markup escaped."""
    for mark in "\\_*|<$":
        text = text.replace(mark, "\\" + mark)
    return text


def relation(name: str, variant: Variant) -> list[str]:
    """A relation in LaTeX, with what it needs of its own."""
    lines = [f"({name})", "", f"$${variant.latex()}$$", ""]
    needs = "; ".join(words(each.statement) for each in variant.hypotheses)
    notes = [f"Needs {needs}."] if needs else []
    if variant.equality not in ("", "always"):
        notes.append(f"Equality: {words(variant.equality)}.")
    return [*lines, " ".join(notes), ""] if notes else lines


def proof(name: str, variant: Variant, chain: Chain) -> list[str]:
    """The steps of a proof, one a line, in the terms that the machine reads."""
    lines = [f"Proof of ({name}):", "", "```none", f"   {variant.relation.args[0]}"]
    lines += [f"{step.sign:>2} {step.to}    [{step.reason.words}]" for step in chain]
    return [*lines, "```", ""]


def examples(theorem: Theorem) -> list[str]:
    """Equality cases as a list, a refutation as code that runs."""
    lines = []
    for example in theorem.equalities:
        named = ", ".join(example.variants)
        lines += [f"Equality in ({named}), {words(example.note)}:", "", *fenced(example.snippet()), ""]
    if theorem.status == REFUTED and theorem.refutation is not None:
        code = [
            "from theory import theorems",
            theorem.refutation.snippet(),
            f'print(theorems["{theorem.id}"].check(net, X, y).holds)',
        ]
        lines += [f"Refuted by this network ({words(theorem.refutation.note)}):", ""]
        lines += [*fenced("\n".join(code)), "```text", "False", "```", ""]
    return lines


def fenced(code: str) -> list[str]:
    """Python as a block."""
    return ["```python", code, "```"]


def lemma_table() -> str:
    """The lemmas, and how each is checked."""
    used = {
        step.reason.lemma.name
        for theorem in theorems.values()
        for chain in theorem.chains.values()
        for step in chain
        if isinstance(step.reason, By)
    }
    lines = ["## Lemmas", "", "| lemma | statement | checked | source |", "|---|---|---|---|"]
    for name in sorted(used):
        lemma = lemmas[name]
        left, right = (str(side).replace("?", "") for side in lemma.relation.args)
        sign = "<=" if lemma.relation.rel_op == "<=" else "="
        cells = (words(name), f"`{left} {sign} {right}`", lemma.verification, words(lemma.source))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def main() -> int:
    """Command line; see the module's docstring."""
    parser = argparse.ArgumentParser(prog="python -m theory.pages", description=__doc__)
    parser.add_argument("--update", action="store_true", help="rewrite the page")
    update = parser.parse_args().update
    wanted = page()
    found = PAGE.read_text() if PAGE.exists() else ""
    if update:
        PAGE.write_text(wanted)
        return 0
    lines = (found.splitlines(keepends=True), wanted.splitlines(keepends=True))
    sys.stdout.writelines(difflib.unified_diff(*lines, "checked in", "made"))
    return int(found != wanted)


if __name__ == "__main__":
    sys.exit(main())
