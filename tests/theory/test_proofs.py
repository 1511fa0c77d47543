"""Proofs are chains of steps: the right ones follow, planted ones do not, and lemmas and facts hold."""

import numpy as np
import pytest
import sympy as sp

from theory import theorems
from theory.proofs.facts import FACTS, known_fact, shown
from theory.proofs.lemmas.draws import at_most, draws, psd, symmetric, t, vector
from theory.proofs.lemmas.lemma import Lemma, excess
from theory.proofs.lemmas.norms import definite, lemmas
from theory.proofs.steps import By, Identity, Same, Step, faults
from theory.quantities.hypotheses import INTERPOLATION, NO_KINK, SQUARED_LOSS
from theory.records.theorem import PROVED

WW, GRADIENT = "W*W'", t("input_gradient")
PAIRING, TRACE, FROBENIUS = t(f"inner({WW}, G_bb)"), t("trace(G_bb)"), t("frobenius(W)")
SPECTRAL_WW, SPECTRAL = t(f"spectral({WW})"), t("spectral(W)")
RELATIONS = [(name, relation) for name, each in theorems.items() for relation in each.proof]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "relation"), RELATIONS)
def test_every_step_follows(name, relation):
    theorem, variant = theorems[name], theorems[name].variants[relation]
    hypotheses = (*theorem.hypotheses, *variant.hypotheses)
    assert faults(variant.relation, theorem.proof[relation], hypotheses) == []


def test_every_relation_that_is_proved_has_a_chain():
    proved = [each for each in theorems.values() if each.status == PROVED]
    assert [each.id for each in proved if each.variants.keys() != each.proof.keys()] == []


@pytest.mark.parametrize("name", lemmas)
def test_a_lemma_holds_at_random_objects(name):
    assert excess(lemmas[name], np.random.default_rng(0), 300) <= 0


@pytest.mark.parametrize("name", [name for name, lemma in lemmas.items() if lemma.squares])
def test_a_symbolic_lemma_is_a_sum_of_squares(name):
    left, right = lemmas[name].squares()
    assert sp.expand(left - right) == 0
    assert all(
        term == 0 or term.as_base_exp()[1] == 2 or 2 in term.as_powers_dict().values()
        for term in sp.Add.make_args(right)
    )


@pytest.mark.slow
@pytest.mark.parametrize("claim", FACTS, ids=" ".join)
def test_a_fact_is_shown_in_symbols(claim):
    assert shown(claim)


FALSE_LEMMAS = {
    "von Neumann without semidefiniteness": (
        t("inner(?A, ?B)"),
        t("spectral(?A)") * t("trace(?B)"),
        draws(A=symmetric, B=symmetric),
    ),
    "Cauchy-Schwarz with spectral norms": (
        t("inner(?A, ?B)"),
        t("spectral(?A)") * t("spectral(?B)"),
        lambda rng: {"?A": np.eye(3), "?B": np.eye(3)},
    ),
    "AM-GM without its factor": (
        4 * t("inner(?A, ?B)"),
        t("frobenius(?A)") ** 2 + t("frobenius(?B)") ** 2,
        draws(A=symmetric, B=symmetric),
    ),
    "trace below Frobenius": (t("trace(?A)"), t("frobenius(?A)"), draws(A=psd)),
    "Frobenius below trace, indefinite": (t("frobenius(?A)"), t("trace(?A)"), draws(A=symmetric)),
    "Jensen the wrong way": (t("mean_square(?v)"), t("mean_of(?v)") ** 2, draws(v=vector)),
    "Hadamard the wrong way": (
        t("diagonal_logs(?A)"),
        t("logdet(?A)"),
        draws(A=definite),
    ),
    "Rayleigh without the square": (
        t("rayleigh(?A, ?v)"),
        t("lmax(?A)") * t("norm(?v)"),
        draws(A=psd, v=vector),
    ),
}


@pytest.mark.parametrize("name", FALSE_LEMMAS)
def test_a_false_lemma_is_caught(name):
    left, right, draw = FALSE_LEMMAS[name]
    assert excess(Lemma(name, at_most(left, right), (), draw), np.random.default_rng(1), 300) > 0


def le(left, right):
    return sp.Le(left, right, evaluate=False)


CHAIN_RULE = Step(PAIRING, Identity())
NEUMANN = By("von Neumann, spectral", A=WW, B="G_bb")
FALSE_STEPS = {
    "a factor in an identity": (2 * GRADIENT, PAIRING, Identity()),
    "a sign in an identity": (GRADIENT, -PAIRING, Identity()),
    "an exponent in an identity": (GRADIENT, PAIRING**2, Identity()),
    "another matrix in an identity": (GRADIENT, t(f"inner({WW}, H_bb)"), Identity()),
    "the residual part with the wrong sign": (
        PAIRING,
        t(f"inner({WW}, H_bb)") + t(f"inner({WW}, diag(mean(r*a*s2)))"),
        Identity(),
    ),
    "half the constant of the risk": (t("mean_square(r)"), t("risk"), Identity()),
    "a constant below one": (PAIRING, SPECTRAL_WW * TRACE / 2, NEUMANN),
    "the norm of another lemma": (PAIRING, t(f"frobenius({WW})") * t("frobenius(G_bb)"), NEUMANN),
    "an exponent too few": (SPECTRAL_WW * TRACE, SPECTRAL * TRACE, By("Gram, spectral", V="W")),
    "a Frobenius norm for a spectral one": (
        SPECTRAL_WW * TRACE,
        FROBENIUS**2 * TRACE,
        By("Gram, spectral", V="W"),
    ),
    "a lemma the wrong way round": (SPECTRAL_WW * TRACE, PAIRING, NEUMANN),
    "a negative multiple": (-PAIRING, -SPECTRAL_WW * TRACE, NEUMANN),
    "semidefiniteness that H_bb lacks": (
        t(f"inner({WW}, H_bb)"),
        SPECTRAL_WW * t("trace(H_bb)"),
        By("von Neumann, spectral", A=WW, B="H_bb"),
    ),
    "a block without hidden biases": (TRACE, t("trace(G)"), By("principal block, trace", N="G_bb", M="G")),
    "a trace of an indefinite block": (
        t("trace(H_bb)"),
        t("trace(H)"),
        By("principal block, trace", N="H_bb", M="H"),
    ),
    "H for G without interpolation": (t("frobenius(H)"), t("frobenius(G)"), Same("H", "G")),
    "a bound of s'' that is not assumed": (
        t("norm1(mean(r*a*s2))"),
        t("C2") * t("norm1(a)") * sp.sqrt(t("mean_square(r)")),
        By("averages, norm1", r="r", a="a", s="s2", C="C2"),
    ),
    "a division by what may vanish": (
        TRACE,
        PAIRING / t(f"least({WW})"),
        By("least eigenvalue", A=WW, B="G_bb"),
    ),
    "a sum that is not one": (
        t("lmax(G)"),
        t("lmax(H)") + t("spectral(R)"),
        By("Weyl", M="G", N="H", K="R"),
    ),
    "a renaming of the wrong matrix": (t("trace(G)"), t("trace(K)"), Same("G", "J'*J")),
    "nothing for something": (TRACE, 2 * TRACE, By("Gram, trace", V="W")),
}


@pytest.mark.parametrize("name", FALSE_STEPS)
def test_a_false_step_is_caught(name):
    before, after, reason = FALSE_STEPS[name]
    assert faults(le(before, after), (Step(after, reason),), (SQUARED_LOSS,)) != []


def test_a_dropped_step_is_caught():
    relation = theorems["input-gradient"].variants["i"].relation
    chain = theorems["input-gradient"].proof["i"]
    for missing in range(len(chain)):
        assert faults(relation, (*chain[:missing], *chain[missing + 1 :]), ()) != []


def test_a_dropped_hypothesis_is_caught():
    theorem = theorems["interpolation"]
    relation, chain = theorem.variants["|H|"].relation, theorem.proof["|H|"]
    assert faults(relation, chain, (SQUARED_LOSS, INTERPOLATION, NO_KINK)) == []
    assert "needs no pre-activation" in faults(relation, chain, (SQUARED_LOSS, INTERPOLATION))[0]


def test_an_inequality_proves_no_identity():
    relation = sp.Eq(PAIRING, SPECTRAL_WW * TRACE, evaluate=False)
    assert faults(relation, (Step(SPECTRAL_WW * TRACE, NEUMANN),), ()) == [
        "step 1: an inequality proves no identity"
    ]


def test_the_mistaken_form_of_t5_has_no_such_proof():
    relation = theorems["wu-zhu-e-unsquared"].variants["false"].relation
    hypotheses = theorems["wu-zhu-e-unsquared"].hypotheses
    assert "the chain does not end at the right side" in faults(
        relation, theorems["wu-zhu-e"].proof["rebuilt"], hypotheses
    )


def test_an_unknown_claim_and_an_unbound_placeholder():
    assert known_fact(("psd", "H"), ()) == "nothing says that psd H"
    with pytest.raises(ValueError, match="bound must name every placeholder"):
        lemmas["Cauchy-Schwarz"].instance({"?A": "G"})


DROPPED = [
    (name, relation, each)
    for name, relation in [
        ("balanced-relu", "trace"),
        ("balanced-relu", "lmax"),
        ("dead-unit", "descent"),
        ("quadratic-units", "descent"),
        ("bounded-loss-curvature", "softmax"),
        ("lipschitz", "paths"),
    ]
    for each in (*theorems[name].hypotheses, *theorems[name].variants[relation].hypotheses)
]
UNUSED = {  # what only makes the quantities defined, or is there for another relation of the theorem
    ("balanced-relu", "lmax", "no output bias"),
    ("balanced-relu", "lmax", "s(t z) = t s(z) for t > 0, and |s'| <= 1"),
}


@pytest.mark.parametrize(
    ("name", "relation", "dropped"), DROPPED, ids=lambda each: getattr(each, "statement", each)
)
def test_a_proof_uses_its_hypotheses(name, relation, dropped):
    theorem, variant = theorems[name], theorems[name].variants[relation]
    kept = tuple(each for each in (*theorem.hypotheses, *variant.hypotheses) if each is not dropped)
    found = faults(variant.relation, theorem.proof[relation], kept)
    assert (found == []) == ((name, relation, dropped.statement) in UNUSED)


PLANTED = {
    "balanced-relu": ("trace", sp.Rational(1, 2)),
    "bounded-loss-curvature": ("softmax", sp.Rational(9, 10)),
    "dead-unit": ("descent", sp.Rational(1, 2)),
    "quadratic-units": ("descent", sp.Rational(1, 2)),
    "lipschitz": ("paths", sp.Rational(1, 2)),
    "curvature-lower-bounds": ("variation", sp.Rational(1, 2)),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", PLANTED)
def test_a_proof_does_not_prove_another_constant(name):
    theorem, (relation, factor) = theorems[name], PLANTED[name]
    left, right = theorem.variants[relation].relation.args
    hypotheses = (*theorem.hypotheses, *theorem.variants[relation].hypotheses)
    *begin, last = theorem.proof[relation]
    wrong = (*begin, Step(factor * last.to, last.reason))
    assert faults(le(left, factor * right), wrong, hypotheses) != []
