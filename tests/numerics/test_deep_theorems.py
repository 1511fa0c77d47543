"""Theorems at any depth hold at deep networks, and what is violated is seen."""

import numpy as np
import pytest

from numerics import deep
from numerics.deep.theorems import DeepSituation, check, quantities, verify
from numerics.verify.search import text
from theory import theorems_at_any_depth


@pytest.mark.slow
def test_no_theorem_is_violated_and_every_variant_is_tried():
    tallies, partial = verify(samples=150, seed=3)
    assert not partial
    for tally in tallies:
        assert tally.passed, text([tally], False)
        assert tally.cases >= 150
        assert min(tally.by_variant.values()) >= 15
        assert tally.tightest_ratio == pytest.approx(1.0)


@pytest.mark.parametrize("name", theorems_at_any_depth)
def test_a_theorem_is_checked_at_one_network(name):
    net = deep.random_network([3, 5, 4, 1], "relu", seed=0, biases=False)
    X = np.random.default_rng(0).standard_normal((2, 3))
    found = check(name, net, X, net(X))
    assert found.holds
    assert found.variants


def test_one_first_unit_makes_the_bounds_equalities():
    net = deep.random_network([3, 1, 4, 2], "tanh", seed=0, kind="gaussian")
    X = np.random.default_rng(0).standard_normal((4, 3))
    found = check("input-gradient-any-depth", net, X, net(X))
    for key in ("i", "ii", "iii", "v"):
        assert found.variants[key].ratio == pytest.approx(1.0)


WRONG = {
    "input-gradient-any-depth": ("trace(G_b1b1)", 0.5),
    "interpolation-any-depth": ("trace(H)", 1.001),
    "homogeneous-any-depth": ("lmax(G)", 0.3),
    "positive-eigenvalues-any-depth": ("negative(H)", 0.0),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_quantity_is_a_violation(name, monkeypatch):
    quantity, factor = WRONG[name]
    right = quantities.QUANTITIES[quantity]
    monkeypatch.setitem(
        quantities.QUANTITIES, quantity, lambda at: right(at) * factor if factor else right(at) + 1
    )
    net = deep.random_network([3, 1, 1, 1], "leaky_relu", seed=1, biases=name != "homogeneous-any-depth")
    X = np.abs(np.random.default_rng(0).standard_normal((3, 3)))
    assert check(name, net, X, net(X)).holds is False


def test_hypotheses_that_fail_are_named():
    net = deep.random_network([2, 3, 1], "tanh", seed=0)
    X, y = np.ones((2, 2)), np.zeros((2, 1))
    assert "needs every residual to be zero" in check("interpolation-any-depth", net, X, y).why
    assert "got a network with biases" in check("homogeneous-any-depth", net, X, y).why
    other = DeepSituation(net, X, [[0.0], [1.0]], "logistic")
    assert "got the logistic loss" in theorems_at_any_depth["input-gradient-any-depth"].check_at(other).why
    with pytest.raises(ValueError, match="theorem must be one of input-gradient-identity-any-depth"):
        check("fermat", net, X, y)
    with pytest.raises(ValueError, match="IDS must be one of"):
        verify(["fermat"])


def test_the_same_seed_tries_the_same_networks():
    one, two = (verify(["homogeneous-any-depth"], 8, seed=4)[0][0] for _ in range(2))
    assert (one.cases, one.not_applicable, one.tightest_ratio) == (
        two.cases, two.not_applicable, two.tightest_ratio,
    )  # fmt: skip
    assert one.as_dict()["tightest"]["network"].keys() >= {"W1", "activation", "X", "y"}
