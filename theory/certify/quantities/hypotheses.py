"""The hypotheses of theorems, decided at the exact numbers of a network: true, false, or undecided."""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp

from theory.certify.balls.balls import Undecided, hull
from theory.certify.balls.programs import evaluated
from theory.certify.quantities.matrices import named
from theory.certify.quantities.network import BallNetwork
from theory.certify.quantities.norms import spectrum, structural_rank
from theory.certify.quantities.units import twins
from theory.expressions.activations import ACTIVATIONS, z
from theory.quantities import hypotheses as needs
from theory.quantities.hypotheses import Hypothesis

Decision = Callable[[BallNetwork], bool]


def _interpolation(at: BallNetwork) -> bool:
    slopes = [number for jet in at.losses for number in jet.slope]
    if any(not number.contains(0) for number in slopes):
        return False
    return _certain(all(number.is_zero() for number in slopes), "whether every residual is zero")


def _certain(answer: bool, what: str) -> bool:
    if not answer:
        raise Undecided(f"{what} is not decided")
    return True


def _positive(name: str) -> Decision:
    def decide(at: BallNetwork) -> bool:
        least, size = spectrum(name, at)[0], named(name, at).nrows()
        singular = structural_rank(name, at) < size or (name == "H" and _interpolates_too_few(at))
        return least > 0 or not _certain(singular or least <= 0, f"whether {name} is positive definite")

    return decide


def _interpolates_too_few(at: BallNetwork) -> bool:
    """Whether H = G, every residual being zero, and G has too low a rank by its shape."""
    flat = all(number.is_zero() for jet in at.losses for number in jet.slope)
    return flat and structural_rank("G", at) < at.subject.n_parameters


def _zero_at_zero(at: BallNetwork) -> bool:
    value = at.activation.expression.subs(z, 0)
    return not value.is_nonzero if value.is_zero or value.is_nonzero else _certain(False, "whether s(0) = 0")


def _dead_unit(at: BallNetwork) -> bool:
    subject = at.subject
    silent = ~subject.A.any(axis=0) & ~subject.W.any(axis=1) & (True if subject.b is None else subject.b == 0)
    return bool(silent.any())


def _balanceable(at: BallNetwork) -> bool:
    subject = at.subject
    inputs = subject.W.any(axis=1) | (False if subject.b is None else subject.b != 0)
    return bool((subject.A.any(axis=0) & inputs).all())


def _is_finite(order: int) -> Decision:
    return lambda at: at.activation.constants.suprema[order - 1].value != float("inf")


def _first_degree(at: BallNetwork) -> bool:
    found = at.activation.constants
    if found.homogeneity != 1:
        return False
    # not the float of the supremum, which is rounded
    lower, upper = at.activation.suprema[0]
    exact = found.suprema[0].exact
    slope = hull(lower, upper) if exact is None else evaluated(exact)
    return slope <= 1 or not _certain(slope > 1, "whether |s'| <= 1")


def _activation_is(name: str) -> Decision:
    return lambda at: bool(sp.expand(at.activation.expression - ACTIVATIONS[name]) == 0)


DECISIONS: dict[Hypothesis, Decision] = {
    needs.SQUARED_LOSS: lambda at: at.subject.loss == "squared",
    needs.LOGISTIC_LOSS: lambda at: at.subject.loss == "logistic",
    needs.SOFTMAX_LOSS: lambda at: at.subject.loss == "softmax",
    needs.PSEUDO_HUBER_LOSS: lambda at: at.subject.loss == "pseudo_huber",
    needs.INTERPOLATION: _interpolation,
    needs.NO_KINK: lambda at: at.units.kinks == 0,
    needs.BOUNDED_SECOND_DERIVATIVE: _is_finite(2),
    needs.BOUNDED_SLOPE: _is_finite(1),
    needs.HIDDEN_BIASES: lambda at: at.biased,
    needs.NO_HIDDEN_BIASES: lambda at: not at.biased,
    needs.ONE_OUTPUT: lambda at: at.sizes[3] == 1,
    needs.ONE_INPUT: lambda at: at.sizes[1] == 1,
    needs.OUTPUT_BIAS: lambda at: at.subject.c is not None,
    needs.NO_OUTPUT_BIAS: lambda at: at.subject.c is None,
    needs.FEW_UNITS: lambda at: at.sizes[2] <= at.sizes[1],
    needs.INDEPENDENT_ROWS: lambda at: at.subject.weight_rank() == at.sizes[2],
    needs.POSITIVE_DEFINITE: _positive("H"),
    needs.POSITIVE_DEFINITE_BLOCK: _positive("H_bb"),
    needs.FIRST_DEGREE: _first_degree,
    needs.HOMOGENEOUS: lambda at: at.activation.constants.homogeneity is not None,
    needs.RELU: _activation_is("relu"),
    needs.QUADRATIC: _activation_is("square"),
    needs.BALANCEABLE: _balanceable,
    needs.OUTPUT_WEIGHTS: lambda at: bool(at.subject.a.any()),
    needs.PARAMETERS: lambda at: any(part.any() for part in at.subject.parts.values()),
    needs.INPUTS: lambda at: bool(at.subject.X.any(axis=1).all()),
    needs.TWINS: lambda at: twins(at) is not None,
    needs.DEAD_UNIT: _dead_unit,
    needs.ZERO_AT_ZERO: _zero_at_zero,
    needs.SILENT_INPUT: lambda at: not at.subject.W.any(axis=1).all(),
}
"""Each hypothesis of :mod:`theory.quantities.hypotheses` as a decision that may raise Undecided."""


def holds(hypothesis: Hypothesis, at: BallNetwork) -> bool:
    """Whether a hypothesis is true at the exact numbers of a network.

    Raises
    ------
    Undecided
        If balls of this precision do not decide it, or it is not known here.
    """
    if hypothesis not in DECISIONS:
        raise Undecided(f"there is no decision of {hypothesis.statement!r} in balls")
    return DECISIONS[hypothesis](at)
