"""Which terms of proofs are not negative, or positive under a hypothesis."""

from __future__ import annotations

from theory.proofs.facts import FACTS
from theory.proofs.lemmas.lemma import CALL
from theory.records import hypotheses as needs
from theory.records.theorem import Hypothesis

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
NOT_NEGATIVE = {
    "C1",
    "C2",
    "d",
    "degree",
    "correlation",
    "first_activity",
    "gradient_norm",
    "imbalance_rate",
    "input_gradient",
    "kernel_energy",
    "least_trace",
    "m",
    "mean_jacobian^2",
    "mean_of(|u|^2)",
    "mean_square(a*s1)",
    "mean_square(r)",
    "mean_square_input",
    "mean_square_jacobian",
    "mean_square_output",
    "n",
    "norm(a, c)",
    "q",
    "risk",
    "smallest(|x|^2)",
    "smallest_input",
    "sum(|a||w|)",
    "sum(|a||w|^2)",
    "sum(|a||w~|)",
    "sum(|w|sqrt(G_bb))",
    "sum(|w|sqrt(H_bb))",
    "trace(G_W)",
    "trace(G_Wb)",
    "slope_at_zero",
    "twin_gradient",
    "twin_weight",
    "unit_gradient",
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
