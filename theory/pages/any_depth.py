"""The page of the theorems at any depth, made from their records."""

from __future__ import annotations

from theory import theorems_at_any_depth
from theory.pages.theorem import hypotheses, relation, steps
from theory.pages.typeset import sentence, words
from theory.proofs.any_depth import DEPTHS, SIZES, DepthStep
from theory.proofs.steps import By
from theory.records.theorem import Theorem

PATH = "docs/theorems/any-depth.md"
HEAD = f"""# Theorems at any depth

$f(x) = F(W_1 x + b_1)$, whatever $F$ is: any number of later layers, of any kind. These theorems stand in
`theory.theorems_at_any_depth`; `numerics.deep.theorems.check(id, net, X, y)` checks one at a deep network,
with the rounding bound of every side, and `twolayer verify` tries all of them on random and adversarial
networks of one to six layers.

A step marked "in symbols" is verified by sympy with $F$ an unknown function of all pre-activations of the
first layer and of a later parameter, in {len(SIZES)} sizes of up to two samples, inputs, units and outputs;
Euler's identity in homogeneous networks of {min(map(len, DEPTHS)) - 1} to {max(map(len, DEPTHS)) - 1} layers
whose slopes are letters. The size does not enter these derivations, but that is not what is checked: for
other sizes the words of the proof stand alone. A step "by definition" is not checked. Lemmas are those of
[two layers](../theorems.md).

"""


def any_depth_page() -> str:
    """The text of the page."""
    return (
        HEAD + "\n".join(map(_section, theorems_at_any_depth.values())) + "[All theorems](../theorems.md)\n"
    )


def _section(theorem: Theorem) -> str:
    lines = [
        f"## {theorem.name}",
        "",
        f"`{theorem.id}`: **{theorem.status}**.",
        "",
        sentence(theorem.statement),
        "",
    ]
    for name, variant in theorem.variants.items():
        lines += relation(name, variant)
    lines += [*hypotheses(theorem), f"Scope: {sentence(theorem.scope)}", ""]
    lines += ["Proof:", "", *(f"- {sentence(step)}" for step in theorem.idea), ""]
    for name, chain in theorem.proof.items():
        lines += [f"Steps of ({words(name)}):", "", "```none"]
        lines += [*steps(theorem.variants[name], chain, _reason), "```", ""]
    return "\n".join([*lines, f"Source: {words(theorem.source)}", ""])


def _reason(step: DepthStep) -> str:
    reason = step.reason
    if isinstance(reason, By):
        return f"lemma: {reason.words}"
    return f"{'by definition' if reason.check is None else 'in symbols'}: {reason.words}"
