"""Which terms of proofs are not negative, or positive under a hypothesis."""

from __future__ import annotations

from theory.proofs.facts import FACTS
from theory.proofs.lemmas.lemma import CALL
from theory.quantities import hypotheses as needs
from theory.quantities.hypotheses import Hypothesis
from theory.quantities.registry import QUANTITIES

POSITIVE: dict[Hypothesis, tuple[str, ...]] = {
    needs.INDEPENDENT_ROWS: ("least(W*W')",),
    needs.INPUTS: ("smallest_input", "smallest(|x|^2)"),
    needs.PARAMETERS: ("norm(theta)",),
    needs.OUTPUT_WEIGHTS: ("norm(a, c)",),
}
"""What a hypothesis makes positive."""

NORMS = {
    "frobenius",
    "spectral",
    "nuclear",
    "norm",
    "norm1",
    "norm_inf",
    "rank",
    "negative",
    "paths",
    "weighted",
    "spread",
}
OF_SEMIDEFINITE = {"trace", "lmax", "least"}
NOT_NEGATIVE = {name for name, quantity in QUANTITIES.items() if quantity.not_negative} | {
    "mean_of(|u|^2)",
    "mean_square(a*s1)",
    "mean_square(r)",
    "smallest(|x|^2)",
}


def nonnegative(name: str) -> bool:
    """Whether a term is known not to be negative.

    Examples
    --------
    >>> nonnegative("trace(G_bb)"), nonnegative("trace(H_bb)")
    (True, False)
    """
    match = CALL.fullmatch(name)
    if name in NOT_NEGATIVE or match is None:
        return name in NOT_NEGATIVE
    head, arguments = match[1], match[2].split(", ")
    if head == "inner":
        return all(("psd", each) in FACTS for each in arguments)
    return head in NORMS or (head in OF_SEMIDEFINITE and ("psd", arguments[0]) in FACTS)
