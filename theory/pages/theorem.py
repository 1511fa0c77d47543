"""The page of one theorem, made from its record."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from theory.pages.typeset import sentence, words
from theory.proofs.assumptions import verified_for
from theory.proofs.steps import By, Chain, Identity, Step
from theory.quantities.example import Example
from theory.records.theorem import PROVED, REFUTED, Theorem, Variant

READING = """Each tick is {quantity} at one of 300 random and adversarial networks that a relation was aimed
at (`python -m numerics.verify.tightness_figures docs/theorems`), from 1e-8 on. {lesson}"""
RATIO = "left / right"
GAP = "the gap between the sides over the bound of its rounding error"
ATTAINED = "The line at 1 is equality, and the diamonds are the equality cases below."
NEVER_BEYOND = "The line at 1 is equality; no tick lies beyond it."
REFUTED_BEYOND = "What lies beyond the line at 1 refutes the claim; the orange mark is the network below."
IDENTITY = "An identity holds where it stays below the line at 1."
EXPONENTIALS = " Where the sides are logarithms, left and right are those of which they are."


def page(theorem: Theorem) -> str:
    """The text of the page: statement, hypotheses, tightness, proof, equality cases, refutation, source."""
    memory = " The statement of the source is given from memory." if theorem.from_memory else ""
    lines = [f"# {theorem.name}", "", f"`{theorem.id}`: **{theorem.status}**.{memory}", ""]
    lines += [sentence(theorem.statement), ""]
    for name, variant in theorem.variants.items():
        lines += relation(name, variant)
    lines += hypotheses(theorem)
    lines += [f"Scope: {sentence(theorem.scope)}", ""] if theorem.scope else []
    lines += [
        "## How tight it is",
        "",
        f"![tightness of {theorem.id}]({theorem.id}.png)",
        "",
        *reading(theorem),
    ]
    if theorem.status == PROVED:
        lines += proofs(theorem)
    lines += equalities(theorem)
    if theorem.status == REFUTED and theorem.refutation is not None:
        lines += refutation(theorem, theorem.refutation)
    return "\n".join(
        [*lines, "## Source", "", words(theorem.source), "", "[All theorems](../theorems.md)", ""]
    )


def relation(name: str, variant: Variant) -> list[str]:
    """A relation in LaTeX, with what it needs of its own."""
    lines = [f"({name})", "", f"$${variant.latex()}$$", ""]
    needs = "; ".join(sentence(each.statement) for each in variant.hypotheses)
    notes = [f"Needs {needs}."] if needs else []
    if variant.equality not in ("", "always"):
        notes.append(f"Equality: {sentence(variant.equality)}.")
    return [*lines, " ".join(notes), ""] if notes else lines


def hypotheses(theorem: Theorem) -> list[str]:
    """What every relation needs."""
    if not theorem.hypotheses:
        return ["Nothing else is needed.", ""]
    return ["All of it needs " + "; ".join(sentence(each.statement) for each in theorem.hypotheses) + ".", ""]


def reading(theorem: Theorem) -> list[str]:
    """How to read the figure."""
    kinds = {isinstance(variant.relation, sp.Eq) for variant in theorem.variants.values()}
    lessons = [_lesson(theorem)] * (False in kinds) + [IDENTITY] * (True in kinds)
    quantity = " or, of an identity, ".join([RATIO] * (False in kinds) + [GAP] * (True in kinds))
    names = {item.name for variant in theorem.variants.values() for item in variant.relation.free_symbols}
    logarithms = EXPONENTIALS if any(name.startswith("logdet") for name in names) else ""
    return [READING.format(quantity=quantity, lesson=" ".join(lessons)) + logarithms, ""]


def _lesson(theorem: Theorem) -> str:
    if theorem.status == REFUTED:
        return REFUTED_BEYOND
    return ATTAINED if theorem.equalities else NEVER_BEYOND


def proofs(theorem: Theorem) -> list[str]:
    """The idea, and the chain of every relation."""
    lines = ["## Proof", "", *(f"- {sentence(step)}" for step in theorem.idea), ""]
    for name, chain in theorem.proof.items():
        variant = theorem.variants[name]
        lines += [f"### Steps of ({name})", "", "```none", *steps(variant, chain), "```", ""]
        lines += checked(chain, (*theorem.hypotheses, *variant.hypotheses))
    return lines


def steps(variant: Variant, chain: Any, why: Callable[[Any], str] | None = None) -> list[str]:
    """One step a line, in the terms that the machine reads, and its reason below it, as `why` says it."""
    lines = [f"   {variant.relation.args[0]}"]
    for step in chain:
        lines += [f"{step.sign:>2} {step.to}", f"        {(why or reason)(step)}"]
    return lines


def reason(step: Step) -> str:
    """Why a step follows."""
    if isinstance(step.reason, By):
        return f"lemma: {step.reason.words}"
    return f"{'identity' if isinstance(step.reason, Identity) else 'fact'}: {step.reason.words}"


def checked(chain: Chain, given: tuple[Any, ...]) -> list[str]:
    """In which networks its identities were verified."""
    if not any(isinstance(step.reason, Identity) for step in chain):
        return []
    return [f"Identities verified {verified_for(given)}.", ""]


def equalities(theorem: Theorem) -> list[str]:
    """The cases of equality, as code that runs."""
    lines = ["## Equality", ""] if theorem.equalities else []
    for example in theorem.equalities:
        named = ", ".join(example.variants)
        lines += [f"In ({named}), {sentence(example.note)}:", "", *runnable(theorem, example), ""]
    return lines


def refutation(theorem: Theorem, example: Example) -> list[str]:
    """The counter-example, as code that runs."""
    return ["## Refutation", "", f"{sentence(example.note)}:", "", *runnable(theorem, example), ""]


def runnable(theorem: Theorem, example: Example) -> list[str]:
    """Code that checks a theorem at an example, and what it prints."""
    loss = "" if example.loss == "squared" else f", loss={example.loss!r}"
    code = [
        "from theory import theorems",
        example.snippet(),
        f'check = theorems["{theorem.id}"].check(net, X, y{loss})',
        f"for name in {list(example.variants)!r}:",
        "    one = check.variants[name]",
        '    print(f"{name}: left {one.left.value:.6g}, right {one.right.value:.6g}, holds: {one.holds}")',
    ]
    checks = theorem.check_at(example.situation()).variants
    printed = [
        f"{name}: left {checks[name].left.value:.6g}, right {checks[name].right.value:.6g}, "
        f"holds: {checks[name].holds}"
        for name in example.variants
    ]
    return ["```python", *code, "```", "```text", *printed, "```"]
