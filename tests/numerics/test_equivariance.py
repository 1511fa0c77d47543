"""Flow, training and labels are those of the problem in other units: of X, y and theta, 1e-8 to 1e8."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

import twolayer as tl
from numerics.basins import BasinMap, by_outputs, sample
from numerics.descents.flow import flow
from numerics.landscape.landscape import NetworkLandscape
from numerics.training import trainers

SCALES = [1e-8, 1e-3, 1e3, 1e8]


def drawn(activation, seed, n=6, m=3):
    rng = np.random.default_rng(seed)
    net = tl.TwoLayer(rng.normal(size=m), rng.normal(size=(m, 2)), activation=activation)
    return net, rng.normal(size=(n, 2)), rng.normal(size=n)


def units(activation, inputs, length):
    """The factors of X, y and theta that leave the flow the same, and by how much outputs are multiplied."""
    degree = {"identity": 1, "relu": 1, "leaky_relu": 1, "square": 2}[activation]
    outputs = inputs**degree * length ** (degree + 1)
    return inputs, outputs, length


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "square"])
@pytest.mark.parametrize("which", ["X", "theta"])
def test_the_flow_in_other_units(activation, scale, which):
    net, X, y = drawn(activation, 3)
    inputs, outputs, length = units(activation, *((scale, 1.0) if which == "X" else (1.0, scale)))
    here, there = NetworkLandscape(net, X, y), NetworkLandscape(net, inputs * X, outputs * y)
    first, second = flow(here, net.theta), flow(there, length * net.theta)
    assert (first.status, first.rung) == (second.status, second.rung)
    assert first.status == "converged"
    assert_allclose(second.theta, length * first.theta, rtol=1e-3, atol=1e-4 * length)


def in_units(net, X, y, columns, height, length=1.0):
    """The same problem with inputs, targets, and the inner weights of homogeneous units multiplied."""
    degree = net.activation.homogeneity or 1
    b, c = (None if part is None else by * part for part, by in ((net.b, length), (net.c, height)))
    a, W = net.a * (height / length**degree), net.W / columns * length
    return tl.TwoLayer(a, W, b, c, net.activation), X * columns, y * height


ACTIVATIONS = ["tanh", "sin", "relu", "leaky_relu", "square", "identity"]


@settings(max_examples=25)
@given(
    activation=st.sampled_from(ACTIVATIONS),
    powers=st.tuples(*[st.integers(-26, 26)] * 4),
    seed=st.integers(0, 5),
    parts=st.booleans(),
)
def test_training_is_the_same_bit_for_bit_in_units_that_are_powers_of_two(activation, powers, seed, parts):
    net, X, y = drawn(activation, seed, n=9)
    rng = np.random.default_rng(seed)
    if parts:
        net = tl.TwoLayer(net.a, net.W, rng.normal(size=3), 0.5, activation)
    length = 2.0 ** powers[3] if net.activation.homogeneity else 1.0
    units = np.ldexp(1.0, powers[:2]), 2.0 ** powers[2], length
    one = trainers.to_minimum(net, X, y, steps=12, finish=6)
    other = trainers.to_minimum(*in_units(net, X, y, *units), steps=12, finish=6)
    expected, _, _ = in_units(one.net, X, y, *units)
    assert np.array_equal(other.net.theta, expected.theta)
    assert (other.rung, other.steps, other.why) == (one.rung, one.steps, one.why)


@pytest.mark.parametrize("scale", [1e-8, 1e8])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_training_in_other_units(activation, scale):
    """Factors that are no powers of two: the same minimum, known as well, wherever one is found."""
    net, X, y = drawn(activation, 2, n=12)
    limits = {"steps": 150, "finish": 60}
    one = trainers.to_minimum(net, X, y, **limits)
    for units in ((scale, 1.0), (1.0, scale), (np.array([scale, 1 / scale]), 1e3)):
        length = scale if net.activation.homogeneity else 1.0
        other = trainers.to_minimum(*in_units(net, X, y, *units, length), **limits)
        assert other.rung == one.rung
        # what has not converged is still on its way, and rounding decides how far
        assert_allclose(other.risk / units[1] ** 2, one.risk, rtol=1e-9 if one.converged else 0.05)


@pytest.mark.parametrize("scale", [1e-8, 1e8])
def test_classes_are_learnt_in_other_units(scale):
    net, X, _ = drawn("tanh", 1, n=30)
    y = (X[:, 0] + np.random.default_rng(5).normal(size=30) > 0).astype(int)
    one = trainers.to_minimum(net, X, y, loss="logistic")
    other = trainers.to_minimum(*in_units(net, X, y, scale, 1)[:2], y, loss="logistic")
    assert other.rung == one.rung
    assert_allclose(other.risk, one.risk, rtol=1e-9 if one.converged else 0.05)


def test_reported_gradients_are_in_the_units_of_the_user():
    net, X, y = drawn("square", 1, n=12)
    done = trainers.to_minimum(*in_units(net, X, y, 1e4, 1e2))
    there = in_units(net, X, y, 1e4, 1e2)
    assert done.risk == float(tl.risk(done.net, *there[1:]))
    assert_allclose(done.gradient_norm, np.linalg.norm(tl.gradient(done.net, *there[1:])), rtol=1e-12)


def test_data_without_size_has_no_units():
    """Columns and targets of zeros, and columns at the ends of the floats, are left where they are."""
    net = tl.TwoLayer([1.0, -1.0], [[1.0, 0.5], [0.3, 0.2]])
    zeros = trainers.to_minimum(net, np.zeros((3, 2)), np.zeros(3))
    assert zeros.rung == "interpolates"
    tiny = trainers.to_minimum(net, np.array([[1e-310, 1.0], [2e-310, 2.0]]), [0.1, 0.2])
    assert tiny.rung == "interpolates"


@pytest.mark.parametrize("scale", [1e-8, 1e-6, 1e-4, 1e4, 1e6, 1e8])
@pytest.mark.parametrize("activation", ["tanh", "softplus", "square", "relu", "leaky_relu"])
def test_no_flow_ends_where_slow_parameters_are_still_on_their_way(activation, scale):
    """With inputs times `scale`, and inner weights over it, ends are flat where both are of size 1.

    Near 1 paths of homogeneous units end; farther off, and of others, all may be told to be on their way.
    """
    ends = 0
    for seed in range(3):
        net, X, y = drawn(activation, seed, n=10)
        net = tl.TwoLayer(net.a, net.W / scale, 0.3 * net.a, 0.0, activation)
        landing = flow(NetworkLandscape(net, scale * X, y), net.theta, max_steps=1500)
        if landing.status == "converged":
            ends += 1
            end = net.replace(landing.theta)
            same = tl.TwoLayer(end.a, end.W * scale, end.b, end.c, activation)
            assert np.linalg.norm(tl.gradient(same, X, y)) < 1e-7 or net.activation.kinks
            lower = flow(NetworkLandscape(same, X, y), same.theta).value
            assert lower >= landing.value * (1 - 1e-6) - 1e-12
    assert ends or not net.activation.homogeneity or not 1e-4 <= scale <= 1e4


@pytest.mark.slow
@pytest.mark.parametrize("scale", [1e-8, 1e8])
def test_labels_in_other_units(scale):
    net, X, y = drawn("relu", 0, n=8, m=2)
    starts = np.random.default_rng(1).normal(size=(4, net.n_parameters))
    here, there = BasinMap(NetworkLandscape(net, X, y)), BasinMap(NetworkLandscape(net, X, scale**2 * y))
    labels = [here(start) for start in starts]
    assert max(labels) >= 0
    assert [there(scale * start) for start in starts] == labels


def test_targets_of_any_size_are_no_divergence():
    net, X, y = drawn("tanh", 5, n=4, m=6)
    for height in (1e5, 1e8):
        landing = flow(NetworkLandscape(net, X, height * y), net.theta)
        assert landing.status != "diverged"


def test_functions_of_a_linear_network_are_one():
    """Twelve starts at risk 0 are twelve points, and one function."""
    rng = np.random.default_rng(0)
    net = tl.TwoLayer(rng.normal(size=3), rng.normal(size=(3, 2)), activation="identity")
    X = rng.normal(size=(10, 2))
    place = NetworkLandscape(net, X, X @ [1.0, -2.0])
    found = sample(place, rng.normal(size=(12, 9)), rng=rng)
    assert len(found.minima) > 1
    shares = found.fractions(classify=by_outputs(place))
    assert list(shares) == [0]
    assert shares[0].count == 12
    with pytest.raises(ValueError, match="to match W"):
        by_outputs(place, np.ones((3, 5)))
