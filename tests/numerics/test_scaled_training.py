"""Training in units of the parameters' own: the same in any units, and to the end on data as it comes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import twolayer as tl
from numerics.landscape.channels import channels, channels_said
from numerics.landscape.landscape import NetworkLandscape
from numerics.training import trainers
from numerics.training.newton import scaled

FACTORS = [1e-8, 1e-3, 1e3, 1e8]


KNOWN = {"stationary", "minimum", "stopped"}
"""Rungs of one point that may differ by rounding: whether the last digits of its gradient come to rest."""


def drawn(activation, seed, n=6, m=3, biased=False):
    rng = np.random.default_rng(seed)
    b = rng.normal(size=m) if biased else None
    net = tl.TwoLayer(rng.normal(size=m), rng.normal(size=(m, 2)), b, activation=activation)
    return net, rng.normal(size=(n, 2)), rng.normal(size=n)


def other_inputs(net, X, y, factors):
    """The same function of inputs in other units."""
    return tl.TwoLayer(net.a, net.W / factors, net.b, activation=net.activation), X * factors, y


def other_targets(net, X, y, factor):
    return tl.TwoLayer(net.a * factor, net.W, net.b, activation=net.activation), X, y * factor


@settings(max_examples=20)
@given(powers=st.tuples(st.integers(-26, 26), st.integers(-26, 26)), target=st.integers(-26, 26))
def test_training_is_the_same_in_units_that_are_powers_of_two(powers, target):
    """1.5e-8 to 6.7e7, every input and the targets in a unit of its own: the same steps."""
    given_, height = drawn("tanh", 3), 2.0**target
    one = scaled(*given_, steps=12, finish=0)
    changed = other_targets(*other_inputs(*given_, 2.0 ** np.array(powers)), height)
    other = scaled(*changed, steps=12, finish=0)
    assert other.steps == one.steps
    np.testing.assert_allclose(other.risk, height**2 * one.risk, rtol=1e-3, atol=1e-24 * height**2)


@pytest.mark.parametrize("factor", FACTORS)
@pytest.mark.parametrize(
    ("activation", "biased"),
    # With biases steps of relu end at kinks, and rounding alone decides on which side.
    [
        *((name, False) for name in ("tanh", "relu", "leaky_relu", "square", "identity")),
        *((name, True) for name in ("tanh", "square", "identity")),
    ],
)
def test_scaled_training_ends_alike_in_other_units(activation, factor, biased):
    problem = drawn(activation, 3, biased=biased)
    first = scaled(*problem)
    for change in (other_targets, other_inputs):
        second = scaled(*change(*problem, factor))
        height = factor if change is other_targets else 1.0
        assert second.rung == first.rung or {first.rung, second.rung} <= KNOWN
        assert abs(second.risk / height**2 - first.risk) <= 1e-6 * first.risk + 1e-24


@pytest.mark.parametrize("factor", [1e-8, 1e8])
def test_what_stops_is_tried_in_units_of_its_own(factor):
    problem = drawn("tanh", 3)
    for change in (other_inputs, other_targets):
        done = trainers.to_minimum(*change(*problem, factor))
        assert done.rung != "stopped"


@pytest.mark.slow
def test_raw_wine_goes_on_where_others_stop():
    datasets = pytest.importorskip("sklearn.datasets")
    X, y = datasets.load_wine(return_X_y=True)
    for seed in range(4):
        rng = np.random.default_rng(seed)
        net = tl.TwoLayer(rng.normal(size=8) / 3, rng.normal(size=(8, 13)) / 4, np.zeros(8), 0.0)
        done = trainers.to_minimum(net, X, y.astype(float))
        other = trainers.lbfgs(net, X, y.astype(float), steps=5000)
        assert done.risk <= other.risk * (1 + 1e-9)
        assert done.rung in ("stationary", "minimum", "stopped")
        assert done.converged == (done.rung != "stopped")


def test_a_parabola_of_ten_thousand_points_as_it_comes():
    """x from -5,000 to 5,000 and x^2: rounding bounds of the worst case exceed every residual."""
    X = np.arange(-5000.0, 5000.0)[:, None]
    y = X[:, 0] ** 2
    exact = tl.TwoLayer([1.1], [[0.9]], activation="square")
    found = trainers.to_minimum(exact, X, y)
    assert found.rung == "interpolates"
    assert abs(found.net.a[0] * found.net.W[0, 0] ** 2 - 1) < 1e-12
    rng = np.random.default_rng(0)
    rough = tl.TwoLayer(rng.normal(size=3), rng.normal(size=(3, 1)), rng.normal(size=3), 0.0)
    done = trainers.to_minimum(rough, X, y, steps=40, finish=20)
    assert done.rung != "interpolates"
    assert done.risk > 0


@pytest.mark.parametrize("activation", ["tanh", "identity", "relu"])
@pytest.mark.parametrize("loss", ["logistic", "softmax"])
def test_separable_classes_have_no_minimum(activation, loss):
    rng = np.random.default_rng(1)
    X = rng.normal(size=(20, 2))
    y = (X[:, 0] > 0).astype(int)
    X[:, 0] += np.sign(X[:, 0])
    a, c = (rng.normal(size=3), 0.0) if loss == "logistic" else (rng.normal(size=(2, 3)), np.zeros(2))
    net = tl.TwoLayer(a, rng.normal(size=(3, 2)), rng.normal(size=3), c, activation)
    for train in (trainers.to_minimum, trainers.lbfgs):
        done = train(net, X, y, loss=loss)
        assert (done.rung, done.converged) == ("no minimum", False)


def test_iris_separates():
    datasets = pytest.importorskip("sklearn.datasets")
    X, y = datasets.load_iris(return_X_y=True)
    rng = np.random.default_rng(0)
    binary = tl.TwoLayer(rng.normal(size=3), rng.normal(size=(3, 4)), np.zeros(3), 0.0)
    done = trainers.to_minimum(binary, X, (y == 0).astype(int), loss="logistic")
    assert (done.rung, done.converged) == ("no minimum", False)


def test_units_that_shrink_and_cancel_are_a_channel():
    """Three units of tanh become a cubic: outer weights grow by hundreds, all inner ones go to zero."""
    before = tl.TwoLayer([1.0, -1.0, 0.5], [[1.0], [0.2], [-0.7]])
    after = tl.TwoLayer([168.0, -644.0, 12.0], [[0.35], [0.2], [-2.0]])
    assert channels(before, after) == [(0, 1)]
    place = NetworkLandscape(before, [[1.0]], [1.0])
    assert channels_said(place, before.theta, after.theta) == "; in a flat channel of units 0 and 1"
    assert channels_said(place, before.theta, before.theta) == ""


@pytest.mark.slow
def test_training_that_stops_in_a_channel_says_so():
    done = trainers.to_minimum(*drawn("tanh", 3, n=20), steps=300)
    assert done.rung == "stopped"
    assert "flat channel" in done.why
