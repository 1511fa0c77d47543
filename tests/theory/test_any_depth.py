"""Proofs at any depth are followed step by step, and a wrong one is not."""

from dataclasses import replace

import pytest
import sympy as sp

from theory import theorems, theorems_at_any_depth
from theory.pages.any_depth import any_depth_page
from theory.proofs import any_depth
from theory.proofs.any_depth import CHAINS, DepthStep, Seen, faults, verified
from theory.proofs.steps import By
from theory.records.any_depth import THEOREMS, evaluate, t
from twolayer.errors.uncertain import known


@pytest.mark.slow
@pytest.mark.parametrize("name", theorems_at_any_depth)
def test_every_relation_has_a_proof_that_is_followed(name):
    theorem = theorems_at_any_depth[name]
    assert theorem.proof.keys() == theorem.variants.keys()
    assert verified(theorem) == []


def test_a_wrong_relation_has_no_proof():
    twice = THEOREMS[1].variants["i"].relation
    wrong = sp.Le(twice.args[0], twice.args[1] / 2, evaluate=False)
    assert faults(wrong, CHAINS["input-gradient-any-depth"]["i"]) == [
        "the chain does not end at the right side"
    ]


def test_a_step_that_is_no_multiple_of_its_lemma_is_refused():
    step = DepthStep(t("lmax(G)") / 2, By("Rayleigh", A="G", v="v"))
    found = faults(sp.Le(t("rayleigh(G, v)"), t("lmax(G)") / 2, evaluate=False), (step,))
    assert len(found) == 1
    assert "times Rayleigh" in found[0]


def test_a_lemma_whose_requirement_nobody_knows_is_refused():
    step = DepthStep(t("spectral(R)") * t("trace(G)"), By("von Neumann, spectral", A="R", B="G"))
    assert faults(sp.Le(t("inner(R, G)"), step.to, evaluate=False), (step,)) == [
        "step 1: nothing says that psd R"
    ]


def test_an_inequality_proves_no_identity():
    chain = CHAINS["positive-eigenvalues-any-depth"]["rank"]
    relation = sp.Eq(t("rank(H)"), t("n") * t("q"), evaluate=False)
    assert faults(relation, chain) == ["step 2: an inequality proves no identity"]


def test_a_false_identity_is_seen_in_symbols(monkeypatch):
    """With W for W^T the chain rule fails, and with residuals H is not G."""
    size = any_depth.Tail(1, 2, 2, 1)
    J = size.jacobian(size.b)
    wrong = (size.W.T * size.W).multiply_elementwise(J.T * J)
    assert not any_depth._none(size.by_inputs() - sum(wrong, sp.S.Zero))
    step = DepthStep(t("trace(G)"), Seen("never", lambda: False))
    relation = sp.Eq(t("trace(H)"), t("trace(G)"), evaluate=False)
    assert faults(relation, (step,)) == ["step 1: never is not so in symbols"]


def test_two_layers_and_any_depth_do_not_share_ids():
    assert not set(theorems) & set(theorems_at_any_depth)
    with pytest.raises(TypeError, match=r"numerics\.deep\.theorems\.check must check"):
        THEOREMS[0].check(None, None, None)


def test_a_side_is_arithmetic_with_the_quantities_it_names():
    class At:
        def quantity(self, name):
            return known({"depth": 3, "mean_square_output": 2, "norm(theta)": 6}[name])

        def constant(self, number):
            return known(number)

    left = THEOREMS[3].variants["theta"].relation.args[0]
    assert evaluate(left, At()).value == 0.5


def test_the_page_shows_every_relation_and_marks_what_is_not_checked():
    text = any_depth_page()
    for theorem in theorems_at_any_depth.values():
        assert all(f"$${variant.latex()}$$" in text for variant in theorem.variants.values())
    assert "by definition: K = J J^T / n" in text
    assert "in symbols: the chain rule, F unknown" in text


def test_a_record_says_everything():
    for theorem in theorems_at_any_depth.values():
        assert theorem.idea
        assert theorem.source
        assert theorem.scope
        assert replace(theorem, proof={}).id.endswith("-any-depth")
