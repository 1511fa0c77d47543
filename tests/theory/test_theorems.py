"""Theorems T1 to T5 as records: what they say, and that they say so at random networks."""

import math

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import twolayer as tl
from numerics.training.trainers import gauss_newton
from tests.oracle.strategies import ordinary, problems
from theory import theorems
from theory.bridge.network import Uncertain
from theory.quantities.check import compare, evaluate
from theory.quantities.network import Situation
from theory.quantities.registry import QUANTITIES, symbol, value
from theory.records.theorem import PROVED, REFUTED


def problem(seed, n=6, d=3, m=4, q=None, activation="tanh", biases=True):
    rng = np.random.default_rng(seed)
    a = rng.normal(size=m if q is None else (q, m))
    b = rng.normal(size=m) if biases else None
    net = tl.TwoLayer(a, rng.normal(size=(m, d)), b, activation=activation)
    return net, rng.normal(size=(n, d)), rng.normal(size=n if q is None else (n, q))


def differences(function, X, step=1e-6):
    """Central differences of function(X), (n, ...), by the coordinates of X."""
    columns = []
    for j in range(X.shape[1]):
        move = np.zeros(X.shape[1])
        move[j] = step
        columns.append((function(X + move) - function(X - move)) / (2 * step))
    return np.stack(columns, axis=-1)


@pytest.mark.slow
@given(problems(losses=("squared",)))
@settings(max_examples=150)
def test_what_is_proved_holds_at_nasty_networks(p):
    for theorem in theorems.values():
        check = theorem.check(p.net, p.X, p.y, p.loss)
        if theorem.status == PROVED and check.applicable:
            failed = {name: each.why for name, each in check.variants.items() if each.holds is False}
            assert failed == {}


@given(ordinary(losses=("squared",)))
def test_what_is_proved_applies_to_ordinary_networks(p):
    assert theorems["input-gradient-identity"].check(p.net, p.X, p.y).applicable
    assert theorems["input-gradient"].check(p.net, p.X, p.y).applicable


@given(st.integers(0, 10**6), st.sampled_from([None, 2]))
def test_equality_with_one_unit(seed, q):
    check = theorems["input-gradient"].check(*problem(seed, m=1, q=q))
    for name in ("i", "ii", "iii", "v"):
        assert check.variants[name].why == "left = right within rounding"


@pytest.mark.parametrize("q", [None, 2])
def test_the_input_gradient_is_that_of_the_function(q):
    net, X, y = problem(1, q=q)
    slopes = differences(net, X)
    found = value("input_gradient", Situation(net, X, y))
    np.testing.assert_allclose(found.value, (slopes**2).sum() / len(X), rtol=1e-8)


@pytest.mark.parametrize("q", [None, 2])
def test_the_blocks_are_those_of_the_hessian(q):
    net, X, y = problem(2, q=q)
    at, H = Situation(net, X, y), tl.Hessian(net, X, y)
    parts = {
        "H_bb": H.block("b"),
        "G_bb": H.gauss_newton.block("b"),
        "G_Wb": H.gauss_newton.block(("W", "b")),
    }
    for name, part in parts.items():
        M = part.toarray()
        wanted = {
            "trace": np.trace(M),
            "frobenius": np.linalg.norm(M),
            "lmax": np.linalg.eigvalsh(M)[-1],
            "spectral": np.linalg.norm(M, 2),
            "nuclear": np.linalg.norm(M, "nuc"),
        }
        for norm, number in wanted.items():
            if f"{norm}({name})" in QUANTITIES:
                assert value(f"{norm}({name})", at).value == pytest.approx(number, rel=1e-12)


def test_quantities_of_weights_against_their_definitions():
    net, X, y = problem(3)
    W, G = net.W, tl.Hessian(net, X, y).gauss_newton.block("b").toarray()
    lengths = np.linalg.norm(W, axis=1)
    wanted = {
        "norm(a)": np.linalg.norm(net.a),
        "norm1(a)": np.abs(net.a).sum(),
        "norm_inf(a)": np.abs(net.a).max(),
        "spectral(W)": np.linalg.norm(W, 2),
        "frobenius(W)": np.linalg.norm(W),
        "frobenius(W*W')": np.linalg.norm(W @ W.T),
        "inner(W*W', G_bb)": np.trace(W @ W.T @ G),
        "sum(|a||w|^2)": np.abs(net.a) @ lengths**2,
        "sum(|w|sqrt(G_bb))": lengths @ np.sqrt(np.diag(G)),
        "smallest_input": (X**2).sum(axis=1).min(),
        "risk": ((net(X) - y) ** 2).mean() / 2,
        "C2": 4 / 3**1.5,
        "lmax(H)": np.linalg.eigvalsh(tl.Hessian(net, X, y).toarray())[-1],
        "n": 6,
    }
    at = Situation(net, X, y)
    for name, number in wanted.items():
        assert value(name, at).value == pytest.approx(number, rel=1e-12), name


@given(st.integers(0, 10**6), st.floats(1e-8, 1e8))
def test_bounds_of_quantities_cover_a_longer_sum(seed, scale):
    """Duplicated data changes the arithmetic and not the mean."""
    net, X, y = problem(seed)
    net = tl.TwoLayer(net.a * scale, net.W, net.b)
    once, twice = Situation(net, X, y), Situation(net, np.tile(X, (7, 1)), np.tile(y, 7))
    for name in ("input_gradient", "trace(G_bb)", "lmax(H_bb)", "frobenius(H_bb)", "risk", "trace(G_Wb)"):
        left, right = value(name, once), value(name, twice)
        assert abs(left.value - right.value) <= left.error + right.error
        assert left.error <= 1e-11 * max(abs(left.value), abs(value("trace(G_bb)", once).value) * scale)


def test_interpolation_is_recognised():
    net, X, y = problem(4, n=3, m=6)
    theorem = theorems["interpolation"]
    before = theorem.check(net, X, y)
    assert (before.applicable, before.holds) == (False, None)
    assert before.why.startswith("needs every residual to be zero within its rounding error; got 3 of 3")
    after = theorem.check(gauss_newton(net, X, y).net, X, y)
    assert after.applicable
    assert after.holds
    assert after.variants["|H|"].ratio == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("residuals", {"activation": "cube"}, "needs a bounded second derivative"),
        ("input-gradient", {"loss": "pseudo_huber"}, "needs the squared loss; got the pseudo_huber loss"),
    ],
)
def test_hypotheses_that_fail_are_named(name, arguments, words):
    loss = arguments.pop("loss", "squared")
    check = theorems[name].check(*problem(5, **arguments), loss)
    assert (check.applicable, check.holds, check.left) == (False, None, None)
    assert check.why.startswith(words)


def test_a_kink_is_a_failed_hypothesis():
    net = tl.TwoLayer([1.0], [[1.0]], [0.0], activation="relu")
    check = theorems["residuals"].check(net, [[0.0], [1.0]], [0.0, 1.0])
    assert check.why == "needs no pre-activation to sit at a kink of the activation; got 1 that do"


def test_a_variant_that_needs_biases_says_so():
    check = theorems["input-gradient"].check(*problem(6, biases=False))
    assert check.applicable
    assert "needs hidden biases" in check.variants["i, G"].why


def test_the_unsquared_form_is_refuted_by_its_counter_example():
    """tanh(z) = -1/sqrt(3), w^2 = 10, a^2 = 1000; s' = 2/3, s'' = 4/3^1.5; r makes a^2 s'^2 + r a s'' = 0."""
    a, w, z = 1000**0.5, 10**0.5, -math.atanh(3**-0.5)
    first, second = 2 / 3, 4 / 3**1.5
    r = -a * first**2 / second
    net = tl.TwoLayer([a], [[w]])
    y = [float(net([[z / w]])[0]) - r]
    theorem = theorems["wu-zhu-e-unsquared"]
    check = theorem.check(net, [[z / w]], y)
    assert theorem.status == REFUTED
    assert check.holds is False
    left, right = 2 * (w * a * first) ** 2, w**4 + 2 * second * a * abs(r)
    assert check.ratio == pytest.approx(left / right, rel=1e-9)
    assert theorems["wu-zhu-e"].check(net, [[z / w]], y).holds


@pytest.mark.parametrize("identifier", theorems)
def test_a_record_is_complete(identifier):
    theorem = theorems[identifier]
    assert theorem.id == identifier
    assert theorem.statement
    assert theorem.source
    assert theorem.status in (PROVED, REFUTED)
    assert bool(theorem.idea) == bool(theorem.proof) == (theorem.status == PROVED)
    assert theorem.latex().count("\\\\\n") == len(theorem.variants) - 1
    for variant in theorem.variants.values():
        assert variant.relation.free_symbols == {symbol(item.name) for item in variant.relation.free_symbols}


def test_a_false_relation_is_caught():
    """T1 with a factor that does not belong there."""
    variant = theorems["input-gradient-identity"].variants["identity"]
    left, right = variant.relation.args
    planted = sp.Eq(left, right * sp.Rational(1000001, 1000000), evaluate=False)
    check = type(variant)(planted).check(Situation(*problem(7)))
    assert check.holds is False
    assert check.why.startswith("left falls short of right by")


@given(st.floats(-1e3, 1e3), st.floats(0, 10), st.floats(-1e3, 1e3), st.floats(0, 10), st.data())
def test_uncertain_arithmetic_contains_every_result(x, dx, y, dy, data):
    one = data.draw(st.floats(x - dx, x + dx))
    other = data.draw(st.floats(y - dy, y + dy))
    u, v = Uncertain(x, dx), Uncertain(y, dy)
    exact = {
        "sum": (u + v, sp.Rational(one) + sp.Rational(other)),
        "difference": (u - v, sp.Rational(one) - sp.Rational(other)),
        "product": (u * v, sp.Rational(one) * sp.Rational(other)),
        "square": (u**2, sp.Rational(one) ** 2),
    }
    if other:
        exact["quotient"] = (u / v, sp.Rational(one) / sp.Rational(other))
    if one >= 0:
        exact["root"] = (u.sqrt(), sp.sqrt(sp.Rational(one)))
    for name, (found, truth) in exact.items():
        if math.isfinite(found.error):
            gap = abs(sp.Rational(found.value) - truth)
            assert bool(gap <= sp.Rational(found.error) * (1 + sp.Rational(1, 10**9))), name


def test_comparison_is_aware_of_error():
    assert compare(Uncertain(1.0, 0.0), Uncertain(1.0, 0.0), equal=True).holds
    assert compare(Uncertain(1.1, 0.06), Uncertain(1.0, 0.06), equal=True).holds
    assert not compare(Uncertain(1.2, 0.06), Uncertain(1.0, 0.06), equal=True).holds
    assert not compare(Uncertain(1.2, 0.06), Uncertain(1.0, 0.06), equal=False).holds
    assert math.isnan(compare(Uncertain(0.0), Uncertain(0.0), equal=True).ratio)


def test_an_unknown_quantity_or_expression():
    with pytest.raises(ValueError, match=r"name must be one of \d+ .*: the nearest are trace\(H\)"):
        symbol("tracee(H)")
    with pytest.raises(ValueError, match="expression must be made of quantities"):
        evaluate(sp.sin(symbol("n")), Situation(*problem(0)))
