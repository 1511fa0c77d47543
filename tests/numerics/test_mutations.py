"""Planted mistakes in registered theorems: each is refuted by a network, and most by a step of their proof.

A mutation is a relation as text, in place of the one registered; or the hypotheses that are dropped.
"""

import pytest

from numerics.falsify.search import falsify
from numerics.falsify.starts import Family
from theory import claim, theorems
from theory.claims import Claim
from theory.proofs.steps import Step
from theory.quantities import hypotheses as needs

MISTAKEN = {
    "T1, a factor": ("input-gradient-identity/identity", "input_gradient == 1.001*inner(W*W', G_bb)"),
    "T1, half": ("input-gradient-identity/identity", "2*input_gradient == inner(W*W', G_bb)"),
    "T2 (i), a constant": ("input-gradient/i", "input_gradient <= 0.999*spectral(W)**2*trace(G_bb)"),
    "T2 (i), an exponent": ("input-gradient/i", "input_gradient <= spectral(W)*trace(G_bb)"),
    "T2 (i), a norm": ("input-gradient/i", "input_gradient <= spectral(W)**2*lmax(G_bb)"),
    "T2 (i), a sign": ("input-gradient/i", "spectral(W)**2*trace(G_bb) <= input_gradient"),
    "T2 (ii), a norm": ("input-gradient/ii", "input_gradient <= frobenius(W)**2*least(G_bb)"),
    "T2 (iii), a norm": ("input-gradient/iii", "input_gradient <= spectral(W*W')*frobenius(G_bb)"),
    "T2 (iv), a constant": (
        "input-gradient/iv",
        "input_gradient <= spectral(W)**2*trace(G_Wb)/(2 + smallest_input)",
    ),
    "T2 (v), another block": ("input-gradient/v", "input_gradient <= sum(|w|sqrt(H_bb))**2"),
    "T3, the squared norm": ("interpolation/|H|", "frobenius(H)**2 == frobenius(G)"),
    "T4 trace, half the constant": (
        "residuals/trace",
        "input_gradient <= spectral(W)**2*(trace(H_bb) + C2*norm1(a)*sqrt(2*risk)/2)",
    ),
    "T4 trace, a norm": (
        "residuals/trace",
        "input_gradient <= spectral(W)**2*(trace(H_bb) + C2*norm(a)*sqrt(2*risk))",
    ),
    "T4 trace, C1 for C2": (
        "residuals/trace",
        "input_gradient <= spectral(W)**2*(trace(H_bb) + C1*norm1(a)*sqrt(2*risk))",
    ),
    "T4 trace, the factor 1/2 of the risk": (
        "residuals/trace",
        "input_gradient <= spectral(W)**2*(trace(H_bb) + C2*norm1(a)*sqrt(risk))",
    ),
    "T4 frobenius, a norm": (
        "residuals/frobenius",
        "input_gradient <= frobenius(W*W')*(frobenius(H_bb) + C2*norm_inf(a)*sqrt(2*risk))",
    ),
    "T4 spectral, a sign": (
        "residuals/spectral",
        "input_gradient <= frobenius(W)**2*(spectral(H_bb) - C2*norm_inf(a)*sqrt(2*risk))",
    ),
    "T5, an exponent": (
        "wu-zhu-e/rebuilt",
        "2*input_gradient <= frobenius(W)**2 + frobenius(H_bb)**2 + 2*C2*sum(|a||w|^2)*sqrt(2*risk)",
    ),
    "T5, a constant": (
        "wu-zhu-e/rebuilt",
        "2*input_gradient <= frobenius(W)**4 + frobenius(H_bb)**2 + C2*sum(|a||w|^2)*sqrt(2*risk)",
    ),
    "T5, another constant": (
        "wu-zhu-e/rebuilt",
        "2.1*input_gradient <= frobenius(W)**4 + frobenius(H_bb)**2 + 2*C2*sum(|a||w|^2)*sqrt(2*risk)",
    ),
    "T6, a constant": ("conditioned-converse/trace", "trace(G_bb) <= 0.99*input_gradient/least(W*W')"),
    "T6, a norm": ("conditioned-converse/trace", "trace(G_bb) <= input_gradient/frobenius(W)**2"),
    "T6, nuclear for frobenius of W W^T": (
        "conditioned-converse/lmax",
        "lmax(G_bb) <= input_gradient/spectral(W)**2",
    ),
    "T7, a constant": ("balanced-relu/trace", "trace(balanced G) <= q*mean_square_input*sum(|a||w~|)"),
    "T7, the least trace": ("balanced-relu/least", "1.01*least_trace <= trace(balanced G)"),
    "T9, an exponent": ("curvature-lower-bounds/outputs", "mean_square_output/norm(a, c) <= lmax(G)"),
    "T9, a constant": (
        "curvature-lower-bounds/homogeneous",
        "(2 + degree)**2*mean_square_output/norm(theta)**2 <= lmax(G)",
    ),
    "T9, twice the bias": ("curvature-lower-bounds/output bias", "2 <= lmax(G)"),
    "T9, the mean Jacobian": ("curvature-lower-bounds/mean jacobian", "1.01*mean_jacobian^2 <= lmax(G)"),
    "T9, the variation": ("curvature-lower-bounds/variation", "1 + 4*kink_variation <= lmax(G)"),
    "T10, a rank": ("tangent-kernel-spectrum/rank", "rank(G) <= m"),
    "T10, another matrix": ("tangent-kernel-spectrum/trace", "trace(H) == trace(K)"),
    "T10, a norm": ("tangent-kernel-spectrum/nuclear", "nuclear(G) == frobenius(K)"),
    "T11, another rate": ("conservation/rate", "imbalance_rate == gradient_norm"),
    "T12, a sign": ("radial-volume-bias/short, block", "diagonal_logs(H_bb) <= logdet(H_bb)"),
    "T12, the other mean": ("radial-volume-bias/by at most, block", "mean_log(H_bb) <= diagonal_logs(H_bb)"),
    "interlacing, a sign": ("interlacing/largest", "lmax(H) <= lmax(H_bb)"),
    "Weyl, a term": ("weyl/above", "lmax(H) <= lmax(G)"),
    "Weyl, a norm": ("weyl/above", "lmax(H) <= lmax(G) + least(R)"),
    "order, an exponent": ("norm-order/product", "frobenius(G)**2 <= lmax(G)**2"),
    "order, a root": ("norm-order/trace", "trace(G) <= sqrt(n)*lmax(G)"),
    "negative index, an end": ("negative-index/least", "least(R) <= 2*least(H)"),
    "Sobolev, mean for minimum": (
        "sobolev-regularisation/trace",
        "input_gradient <= spectral(W)**2*trace(G_W)/mean_square_input",
    ),
    "kernel flow, a constant": ("tangent-kernel-flow/lojasiewicz", "3*least(K)*risk <= gradient_norm**2"),
    "kernel flow, the factor 1/2": ("tangent-kernel-flow/smooth", "gradient_norm**2 <= lmax(G)*risk"),
    "twins, the root of 2": ("duplicated-unit/H", "twin_weight*norm(H*v) == twin_gradient"),
    "dead unit, a constant": ("dead-unit/descent", "2*slope_at_zero*correlation <= -least(H)"),
    "quadratic units, a constant": (
        "quadratic-units/input gradient",
        "input_gradient == quadratic_gradient/2",
    ),
    "Lipschitz, an exponent": ("lipschitz/norms", "input_gradient <= C1*spectral(W)*norm(a)"),
    "Lipschitz, a norm": ("lipschitz/paths", "input_gradient <= C1**2*spectral(W)**2*norm_inf(a)**2"),
    "logistic, a constant": ("bounded-loss-curvature/logistic", "4.1*trace(G) <= mean_square_jacobian"),
    "zero modes, another gradient": ("scaling-zero-modes/modes", "norm(H*V) == gradient_norm"),
    "rescaling, an exponent": ("reparametrisation/G", "100**3*first_activity <= lmax(stretched G)"),
}
DROPPED = {
    "T2, hidden biases": ("input-gradient/i, G", (needs.HIDDEN_BIASES,)),
    "T3, interpolation": ("interpolation/i", (needs.INTERPOLATION,)),
    "T3, interpolation of an identity": ("interpolation/tr H", (needs.INTERPOLATION,)),
    "T7, interpolation": ("balanced-relu/lmax", (needs.INTERPOLATION,)),
    "T7, no output bias": ("balanced-relu/trace", (needs.NO_OUTPUT_BIAS,)),
    "T7, degree 1": ("balanced-relu/trace", (needs.FIRST_DEGREE,)),
    "T9, an output bias": ("curvature-lower-bounds/output bias", (needs.OUTPUT_BIAS,)),
    "T9, no output bias": ("curvature-lower-bounds/homogeneous", (needs.NO_OUTPUT_BIAS,)),
    "T10, interpolation": ("tangent-kernel-spectrum/rank of H", (needs.INTERPOLATION,)),
    "dead unit, s(0) = 0": ("dead-unit/descent", (needs.ZERO_AT_ZERO,)),
    "flow, the squared loss": ("tangent-kernel-flow/smooth", (needs.SQUARED_LOSS,)),
}


def original(name):
    """The theorem, the name of the relation, and its claim."""
    identifier, _, variant = name.partition("/")
    return theorems[identifier], variant, claim(name)


def mutants():
    for label, (name, text) in MISTAKEN.items():
        yield label, name, Claim(label, claim(text).relation, original(name)[2].hypotheses)
    for label, (name, dropped) in DROPPED.items():
        claimed = original(name)[2]
        rest = tuple(each for each in claimed.hypotheses if each not in dropped)
        assert len(rest) == len(claimed.hypotheses) - len(dropped), label
        yield label, name, Claim(label, claimed.relation, rest)


MUTANTS = {label: (name, mutant) for label, name, mutant in mutants()}


FAMILIES = {
    "flow, the squared loss": Family(loss="logistic"),
    "T4 frobenius, a norm": Family(activation="square"),  # any activation will do, in some seconds
}
TRIES = 800


SLOW = {"T9, a constant", "T9, the variation", "T9, no output bias", "zero modes, another gradient"}
"""What the proofs refute as well, by identities that take seconds."""


def proof_faults(label):
    """What the steps object that a mutation leaves without ground."""
    name, mutant = MUTANTS[label]
    theorem, variant, _ = original(name)
    *steps, last = theorem.proof[variant]
    steps.append(Step(mutant.relation.args[1], last.reason))
    befores = [mutant.relation.args[0], *(step.to for step in steps)]
    kept = mutant.relation.args[0] == theorem.variants[variant].relation.args[0]
    touched = range(len(steps)) if label in DROPPED else {len(steps) - 1 if kept else 0}
    found = (steps[k].reason.faults(befores[k], steps[k].to, mutant.hypotheses) for k in touched)
    return next(filter(None, found), "")


@pytest.mark.slow
@pytest.mark.parametrize("label", MUTANTS)
def test_a_network_refutes_the_mutation(label):
    found = falsify(MUTANTS[label][1], FAMILIES.get(label), tries=TRIES, seconds=60)
    assert found.refuted, found.verdict()
    assert MUTANTS[label][1].check_at(found.example.situation()).holds is False
    assert original(MUTANTS[label][0])[2].check_at(found.example.situation()).holds is not False


@pytest.mark.slow
@pytest.mark.parametrize("label", [label for label in MUTANTS if label not in SLOW])
def test_a_step_of_its_proof_refutes_it_too(label):
    assert proof_faults(label)


def test_there_are_enough_mutations_of_every_kind():
    assert len(MUTANTS) >= 60
    assert {name.split("/")[0] for name, _ in MUTANTS.values()} >= {
        identifier for identifier, theorem in theorems.items() if theorem.status == "proved"
    }
