"""Claims typed as text, as relations or as ids: what they mean, and what is refused."""

import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

import twolayer as tl
from theory import claim, theorems
from theory.claims import claims, registered, relation_text
from theory.expressions.parser import RELATIONS
from theory.quantities.hypotheses import BOUNDED_SECOND_DERIVATIVE, NO_KINK
from theory.quantities.registry import QUANTITIES, symbol

WANTED = [
    "risk",
    "input_gradient",
    *(
        f"{head}({M})"
        for head in ("trace", "frobenius", "lmax", "nuclear")
        for M in ("H", "G", "H_bb", "G_bb")
    ),
    *("norm(a)", "norm1(a)", "norm_inf(a)", "spectral(W)", "frobenius(W)", "C1", "C2", "n", "d", "m"),
]
VARIANTS = [(name, variant) for name, each in theorems.items() for variant in each.variants]


def one_unit(y=0.0, activation="tanh"):
    return tl.TwoLayer([2.0], [[1.0]], activation=activation), [[0.5]], [y]


@pytest.mark.parametrize("name", WANTED)
def test_every_promised_name_is_read(name):
    assert claim(f"{name} <= 3").relation.args == (symbol(name), 3)


@pytest.mark.parametrize("name", QUANTITIES)
def test_every_quantity_is_read_in_any_spacing(name):
    spaced = name.replace("(", " ( ").replace(")", " )").replace("*", " * ")
    assert claim(f"2*{name}<=1/{spaced}").quantities == {name}


@pytest.mark.parametrize(("name", "variant"), VARIANTS)
def test_the_text_of_a_registered_relation_reads_back(name, variant):
    relation = registered(theorems[name], variant).relation
    again = claim(relation_text(relation)).relation
    assert [sp.simplify(one - other) for one, other in zip(relation.args, again.args, strict=True)] == [0, 0]


@pytest.mark.parametrize("sign", RELATIONS)
def test_the_smaller_side_comes_first(sign):
    found = claim(f"risk {sign} 2").relation
    assert found.args == ((2, symbol("risk")) if ">" in sign else (symbol("risk"), 2))


def test_a_sympy_relation_and_text_agree():
    a, risk = sp.Symbol("norm(a)"), symbol("risk")
    assert claim(a**2 * sp.Float(0.1) >= risk).relation == claim("risk <= norm(a)**2/10").relation


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "expected a number, a name or [(] at position 1"),
        ("risk", "expected <=, <, >=, > or == at position 5"),
        ("risk <= ", "expected a number, a name or [(] at position 8"),
        ("risk <= 1 <= 2", "unexpected '<=' at position 11"),
        ("risk = 1", "unexpected '='; write <= or >= at position 6"),
        ("trace(H)^2 <= 1", r"unexpected '\^'; write [*][*] for a power at position 9"),
        ("trace( Hbb ) <= 1", r"unknown 'trace\( Hbb \)' \(nearest: trace\(H_bb\)"),
        ("2 + lmaxx(H) <= 1", r"unknown 'lmaxx\(H\)' \(nearest: lmax\(H\).* at position 5"),
        ("rsik <= 1", "nearest: risk"),
        ("trace <= 1", "unknown 'trace'"),
        ("2 trace(H) <= 1", "or ==; write [*] between factors at position 3"),
        ("risk**n <= 1", "a power with a variable exponent"),
        ("2**n <= risk", "made of quantities, rationals"),
        ("1 <= 2", "must speak of quantities"),
        ("risk - risk <= 2", "must speak of quantities"),
        ("risk <= 1e999", "outside 1e-300 to 1e300"),
        ("risk <= z", "unknown 'z'"),
        ("input-gradiant", "id of a theorem [(]nearest: input-gradient"),
        ("input-gradient/vi", "one of the relations input-gradient/i,"),
        ("input-gradient", "must be one relation: input-gradient/i,"),
        ("homogeneous-any-depth", "of any depth [(]`twolayer verify homogeneous-any-depth` checks it"),
        ("input-gradient-any-depth/i", "`twolayer verify input-gradient-any-depth` checks it"),
        ("__import__('os') <= 1", "unknown '__import__'|unexpected"),
        ("risk.real <= 1", "unexpected '.'"),
        ("+".join(["risk"] * 100) + " <= 1", "more than 400|more than 150|characters"),
    ],
)
def test_anything_else_is_refused_with_its_place(text, words):
    with pytest.raises(ValueError, match=words) as caught:
        claim(text)
    assert str(caught.value).startswith("INEQUALITY must ")


@pytest.mark.parametrize("wrong", [5, None, sp.true, symbol("risk")])
def test_what_is_no_relation_is_refused(wrong):
    with pytest.raises(TypeError, match="INEQUALITY must be text, a sympy relation or a Claim; got"):
        claim(wrong)


@pytest.mark.parametrize(
    "relation", [sp.Ne(symbol("risk"), 1), sp.Symbol("x") <= symbol("risk"), sp.sin(symbol("risk")) <= 1]
)
def test_relations_outside_the_language_are_refused(relation):
    with pytest.raises(ValueError, match="must"):
        claim(relation)


def test_a_claim_is_checked_at_a_network():
    found = claim("frobenius(W)**2 >= 2").check(*one_unit())
    assert (found.applicable, found.holds) == (True, False)
    assert found.left.value == 2
    assert claim("norm(a) == 2*spectral(W)").check(*one_unit()).holds


def test_strict_claims_are_violated_by_exact_equality_only():
    assert claim("n < m").check(*one_unit()).holds is False
    assert claim("n < 2").check(*one_unit()).holds is True
    assert claim("input_gradient < spectral(W)**2*trace(G_bb)").check(*one_unit()).holds is True


def test_a_quantity_brings_what_it_needs():
    found = claim("C2*risk <= n")
    assert found.hypotheses == (BOUNDED_SECOND_DERIVATIVE, NO_KINK)
    assert "bounded second derivative" in found.check(*one_unit(activation="cube")).why
    assert (
        "kink" in claim("risk <= 1").check(tl.TwoLayer([1.0], [[1.0]], activation="relu"), [[0.0]], [0.0]).why
    )


def test_a_root_of_what_is_negative_is_not_applicable():
    """At y = 9 the residual is negative and tanh'' too: tr H_bb > 0; at y = -9 it is not."""
    assert claim("sqrt(trace(H_bb)) <= 99").check(*one_unit(9.0)).holds
    found = claim("1 <= sqrt(trace(H_bb))").check(*one_unit(-9.0))
    assert (found.applicable, found.holds) == (False, None)


def test_an_id_brings_the_hypotheses_of_its_theorem():
    theorem = theorems["residuals"]
    assert claims("residuals/trace")[0].hypotheses == theorem.hypotheses
    assert [each.name for each in claims("residuals")] == [f"residuals/{name}" for name in theorem.variants]


@given(st.text(alphabet="HGWabmn_rsiktce()<>=*+-/0123456789. ~|^'é\n", max_size=40))
def test_any_text_is_a_claim_or_one_error(text):
    try:
        found, words = claim(text).quantities, ""
    except ValueError as error:
        found, words = frozenset(), str(error)
    assert words.startswith("INEQUALITY must ") or found
    assert found <= QUANTITIES.keys()
