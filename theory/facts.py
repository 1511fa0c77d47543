"""Facts about the matrices of a network that proofs may use, shown in symbols or given by a hypothesis."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import sympy as sp

from theory import hypotheses as needs
from theory.lemma import CALL
from theory.model import MATRICES, Model, vanishes
from theory.theorem import Hypothesis

Claim = tuple[str, ...]


@dataclass(frozen=True)
class Fact:
    """A property of matrices.

    Parameters
    ----------
    shown : callable or None
        Model -> matrices that must vanish for it to hold; None where a hypothesis states it.
    given : tuple of Hypothesis
        Under which it holds.
    why : str
    """

    shown: Callable[[Model], list[sp.Matrix]] | None
    given: tuple[Hypothesis, ...] = ()
    why: str = ""


def gram(name: str, factor: Callable[[Model], sp.Matrix]) -> Fact:
    """M = F^T F."""
    return Fact(lambda at: [MATRICES[name](at) - factor(at).T * factor(at)], why="a Gram matrix")


def principal(name: str, whole: str) -> Fact:
    """The matrix `name` is the block of `whole` by the hidden biases."""
    return Fact(
        lambda at: [MATRICES[name](at) - at.block(MATRICES[whole](at), list(at.b))],
        (needs.HIDDEN_BIASES,),
        "its block by the hidden biases",
    )


def equal(name: str, other: str, *given: Hypothesis) -> Fact:
    """Two matrices are the same."""
    return Fact(lambda at: [MATRICES[name](at) - MATRICES[other](at)], given, "by definition")


def total(name: str, *parts: str) -> Fact:
    """A matrix is the sum of others."""

    def difference(at: Model) -> list[sp.Matrix]:
        left = MATRICES[name](at)
        for part in parts:
            left -= MATRICES[part](at)
        return [left]

    return Fact(difference, why="by definition")


FITTED = (needs.INTERPOLATION, needs.NO_KINK)
DELTA = "diag(mean(r*a*s2))"

FACTS: dict[Claim, Fact] = {
    ("psd", "W*W'"): gram("W*W'", lambda at: at.W.T),
    ("psd", "G_bb"): gram("G_bb", lambda at: at.u / sp.sqrt(at.n)),
    ("psd", "G"): gram("G", lambda at: at.J / sp.sqrt(at.n)),
    ("psd", "K"): gram("K", lambda at: at.J.T / sp.sqrt(at.n)),
    ("block", "G_bb", "G"): principal("G_bb", "G"),
    ("block", "H_bb", "H"): principal("H_bb", "H"),
    ("sum", "H_bb", "G_bb", DELTA): total("H_bb", "G_bb", DELTA),
    ("sum", "H", "G", "R"): total("H", "G", "R"),
    ("sum", "H", "R", "G"): total("H", "R", "G"),
    ("same", "G", "J'*J"): equal("G", "J'*J"),
    ("same", "J'*J", "G"): equal("G", "J'*J"),
    ("same", "K", "J*J'"): equal("K", "J*J'"),
    ("same", "J*J'", "K"): equal("K", "J*J'"),
    ("same", "H", "G"): equal("H", "G", *FITTED),
    ("same", "G", "H"): equal("H", "G", *FITTED),
    ("same", "G_bb", "H_bb"): equal("G_bb", "H_bb", *FITTED),
    ("bounded", "s2", "C2"): Fact(None, (needs.BOUNDED_SECOND_DERIVATIVE,), "C2 = sup |s''|"),
    ("definite", "H"): Fact(None, (needs.POSITIVE_DEFINITE,), "a hypothesis"),
    ("definite", "H_bb"): Fact(None, (needs.POSITIVE_DEFINITE_BLOCK,), "a hypothesis"),
    ("bounded", "s1", "C1"): Fact(None, (needs.BOUNDED_SLOPE,), "C1 = sup |s'|"),
    **{
        ("nonnegative", name): Fact(lambda at: [], why="a sum of squares")
        for name in ("|u|^2", "activities", "reaches")
    },
}
"""What is known, by claim; ("sum", M, N, K) is M = N + K, ("block", N, M) that N is a block of M."""

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
}
OF_SEMIDEFINITE = {"trace", "lmax", "least"}
NOT_NEGATIVE = {
    "C1",
    "C2",
    "d",
    "degree",
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


def known_fact(claim: Claim, hypotheses: tuple[Any, ...]) -> str:
    """Why a claim may not be used under these hypotheses, or "" if it may."""
    fact = FACTS.get(claim)
    if fact is None:
        return f"nothing says that {' '.join(claim)}"
    missing = [each.statement for each in fact.given if each not in hypotheses]
    return f"{' '.join(claim)} needs {' and '.join(missing)}" if missing else ""


def shown(claim: Claim, models: tuple[Model, ...]) -> bool:
    """Verify a fact in symbols on small networks; what a hypothesis states is taken from it."""
    fact = FACTS[claim]
    if fact.shown is None:
        return bool(fact.given)
    fitted = needs.INTERPOLATION in fact.given
    biased = needs.HIDDEN_BIASES in fact.given
    chosen = [replace(at, fitted=fitted) for at in models if at.biased or not biased]
    return all(vanishes(entry) for at in chosen for matrix in fact.shown(at) for entry in matrix)
