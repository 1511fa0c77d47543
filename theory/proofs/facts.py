"""Facts about the matrices of a network that proofs may use, shown in symbols or given by a hypothesis."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sympy as sp

from theory.proofs import loss_bounds, unit_blocks
from theory.proofs.any_size import matrices
from theory.proofs.any_size.matrices import Tensor, times, transposed
from theory.proofs.any_size.network import AnySize
from theory.proofs.any_size.sums import Sums, canonical, fresh
from theory.proofs.assumptions import MODELS, fitting, settings
from theory.proofs.small.matrices import MATRICES
from theory.proofs.small.network import SmallNetwork
from theory.proofs.small.numbers import vanishes
from theory.quantities import hypotheses as needs
from theory.quantities.hypotheses import Hypothesis

Claim = tuple[str, ...]
Pair = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class Fact:
    """A property of matrices.

    Parameters
    ----------
    small : callable or None
        SmallNetwork -> matrices that must vanish for it to hold in that network; None where a hypothesis
        states it.
    any_size : callable or None
        AnySize -> pairs of matrices that must be equal for it to hold at every size.
    given : tuple of Hypothesis
        Under which it holds.
    why : str
    """

    small: Callable[[SmallNetwork], list[sp.Matrix]] | None
    any_size: Callable[[AnySize], list[Pair]] | None = None
    given: tuple[Hypothesis, ...] = ()
    why: str = ""


def gram(name: str, small: Callable[[SmallNetwork], sp.Matrix], factor: Callable[[AnySize], Tensor]) -> Fact:
    """M = F^T F."""

    def pairs(at: AnySize) -> list[Pair]:
        F = factor(at)
        return [(matrices.MATRICES[name](at), times(transposed(F), F))]

    return Fact(lambda at: [MATRICES[name](at) - small(at).T * small(at)], pairs, why="a Gram matrix")


def curved_gram(name: str, small: Callable[[SmallNetwork], sp.Matrix]) -> Fact:
    """M = E[F^T Lam F], with Lam >= 0 for every loss (theory.proofs.loss_bounds)."""

    def difference(at: SmallNetwork) -> list[sp.Matrix]:
        rows, whole = small(at), sp.zeros(small(at).cols, small(at).cols)
        for i in range(at.n):
            part = rows[i * at.q : (i + 1) * at.q, :]
            whole += part.T * at.curvature(i) * part / at.n
        return [MATRICES[name](at) - whole]

    return Fact(difference, lambda at: [], why="E[F^T Lam F], and Lam >= 0 for every loss")


def principal(name: str, whole: str) -> Fact:
    """The matrix `name` is the block of `whole` by the hidden biases."""

    def pairs(at: AnySize) -> list[Pair]:
        M = matrices.MATRICES[whole](at)
        block = matrices.square_of_units(lambda k, l: M.entry("b", (k,), "b", (l,)))
        return [(matrices.MATRICES[name](at), block)]

    return Fact(
        lambda at: [MATRICES[name](at) - at.block(MATRICES[whole](at), list(at.b))],
        pairs,
        (needs.HIDDEN_BIASES,),
        "its block by the hidden biases",
    )


def equal(name: str, other: str, *given: Hypothesis) -> Fact:
    """Two matrices are the same."""
    return Fact(
        lambda at: [MATRICES[name](at) - MATRICES[other](at)],
        lambda at: [(matrices.MATRICES[name](at), matrices.MATRICES[other](at))],
        given,
        "by definition",
    )


def total(name: str, one: str, other: str) -> Fact:
    """A matrix is the sum of two others."""
    return Fact(
        lambda at: [MATRICES[name](at) - MATRICES[one](at) - MATRICES[other](at)],
        lambda at: [
            (
                matrices.MATRICES[name](at),
                matrices.plus(matrices.MATRICES[one](at), matrices.MATRICES[other](at)),
            )
        ],
        why="by definition",
    )


def bounded_loss(name: str, given: Hypothesis) -> Fact:
    """The curvature Lam of a loss is at most its ceiling."""

    def difference(_: SmallNetwork) -> list[sp.Matrix]:
        return [sp.Matrix([int(not loss_bounds.bounded(name))])]

    return Fact(difference, None, (given,), "theory.proofs.loss_bounds")


def stated(*given: Hypothesis, why: str) -> Fact:
    """What hypotheses say."""
    return Fact(None, None, given, why)


FITTED = (needs.SQUARED_LOSS, needs.INTERPOLATION, needs.NO_KINK)
DELTA = "diag(mean(r*a*s2))"
SQUARES = (
    "|u|^2",
    "activities",
    "reaches",
    "balanced activities",
    "balanced reaches",
    "mean values",
    "mean slopes",
    "balances",
)

FACTS: dict[Claim, Fact] = {
    ("psd", "W*W'"): gram("W*W'", lambda at: at.W.T, lambda at: transposed(matrices.MATRICES["W"](at))),
    ("psd", "G_bb"): curved_gram("G_bb", lambda at: at.u),
    ("psd", "G"): curved_gram("G", lambda at: at.J),
    ("psd", "balanced G"): curved_gram("balanced G", unit_blocks.balanced_jacobian),
    ("psd", "K"): gram("K", lambda at: at.J.T / sp.sqrt(at.n), unit_blocks.kernel_factor),
    ("psd", "J*J'"): gram("J*J'", lambda at: at.J.T / sp.sqrt(at.n), unit_blocks.kernel_factor),
    ("block", "G_bb", "G"): principal("G_bb", "G"),
    ("block", "H_bb", "H"): principal("H_bb", "H"),
    ("block", "bordered(dead slopes)", "H"): Fact(
        unit_blocks.dead_gap,
        unit_blocks.dead_pairs,
        (needs.ONE_OUTPUT, needs.DEAD_UNIT, needs.ZERO_AT_ZERO, needs.NO_KINK),
        "its block by a dead unit",
    ),
    ("block", "2*moments", "H"): Fact(
        unit_blocks.silent_gap,
        unit_blocks.silent_pairs,
        (needs.ONE_OUTPUT, needs.QUADRATIC, needs.NO_HIDDEN_BIASES, needs.SILENT_INPUT),
        "its block by the input weights of a silent unit",
    ),
    ("sum", "H_bb", "G_bb", DELTA): total("H_bb", "G_bb", DELTA),
    ("sum", "H", "G", "R"): total("H", "G", "R"),
    ("sum", "H", "R", "G"): total("H", "R", "G"),
    ("same", "G", "J'*J"): equal("G", "J'*J"),
    ("same", "J'*J", "G"): equal("G", "J'*J"),
    ("same", "K", "J*J'"): equal("K", "J*J'", needs.SQUARED_LOSS),
    ("same", "J*J'", "K"): equal("K", "J*J'", needs.SQUARED_LOSS),
    ("same", "H", "G"): equal("H", "G", *FITTED),
    ("same", "G", "H"): equal("H", "G", *FITTED),
    ("same", "G_bb", "H_bb"): equal("G_bb", "H_bb", *FITTED),
    ("same", "G_bb", "gram(a*s1)"): equal("G_bb", "gram(a*s1)", needs.SQUARED_LOSS),
    ("same", "balanced H", "balanced G"): equal("balanced H", "balanced G", *FITTED, needs.BALANCEABLE),
    ("bounded", "s2", "C2"): stated(needs.BOUNDED_SECOND_DERIVATIVE, why="C2 = sup |s''|"),
    ("bounded", "s1", "C1"): stated(needs.BOUNDED_SLOPE, why="C1 = sup |s'|"),
    ("bounded", "s1", "one"): stated(needs.FIRST_DEGREE, why="|s'| <= 1"),
    ("definite", "H"): stated(needs.POSITIVE_DEFINITE, why="a hypothesis"),
    ("definite", "H_bb"): stated(needs.POSITIVE_DEFINITE_BLOCK, why="a hypothesis"),
    ("below", "Lam", "quarter"): bounded_loss("logistic", needs.LOGISTIC_LOSS),
    ("below", "Lam", "half"): bounded_loss("softmax", needs.SOFTMAX_LOSS),
    ("below", "Lam", "one"): bounded_loss("pseudo_huber", needs.PSEUDO_HUBER_LOSS),
    **{("nonnegative", name): Fact(lambda at: [], why="a sum of squares") for name in SQUARES},
}
"""What is known, by claim; ("sum", M, N, K) is M = N + K, ("block", N, M) that N is a block of M."""


def known_fact(claim: Claim, hypotheses: tuple[Any, ...]) -> str:
    """Why a claim may not be used under these hypotheses, or "" if it may."""
    fact = FACTS.get(claim)
    if fact is None:
        return f"nothing says that {' '.join(claim)}"
    missing = [each.statement for each in fact.given if each not in hypotheses]
    return f"{' '.join(claim)} needs {' and '.join(missing)}" if missing else ""


def shown(claim: Claim) -> bool:
    """Verify a fact in symbols, in small networks and in those of any size, or find it in a hypothesis."""
    fact = FACTS[claim]
    if fact.small is None:
        return bool(fact.given)
    models = dict.fromkeys(fitting(model, fact.given) for model in MODELS)
    entries = (entry for at in models for matrix in fact.small(at) for entry in matrix)
    return all(vanishes(entry) for entry in entries) and shown_at_any_size(fact)


def shown_at_any_size(fact: Fact) -> bool:
    """Compare the matrices of a fact entry by entry, for all sizes at once."""
    if fact.any_size is None:
        return True
    return all(
        canonical(at.settled(gap)) == 0
        for at in settings(fact.given)
        for one, other in fact.any_size(at)
        for gap in gaps(one, other)
    )


def gaps(one: Tensor, other: Tensor) -> list[Sums]:
    """The differences of two matrices, one for every kind of entry."""
    found = []
    for row, row_kinds in one.rows:
        for column, column_kinds in one.columns:
            at, to = fresh(row_kinds), fresh(column_kinds)
            found.append(one.entry(row, at, column, to) - other.entry(row, at, column, to))
    return found
