"""Flow, training and labels are those of the problem in other units: of X, y and theta, 1e-8 to 1e8."""

import numpy as np
import pytest
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


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "square"])
@pytest.mark.parametrize("which", ["X", "theta"])
def test_training_in_other_units(activation, scale, which):
    scale = scale ** (1 / 3)  # squares of third powers of it stay within floats
    net, X, y = drawn(activation, 3)
    inputs, outputs, length = units(activation, *((scale, 1.0) if which == "X" else (1.0, scale)))
    here, there = NetworkLandscape(net, X, y), NetworkLandscape(net, inputs * X, outputs * y)
    ends = [
        trainers.to_minimum(net.replace(by * net.theta), at.X, at.risk.y[:, 0], steps=300)
        for at, by in ((here, 1.0), (there, length))
    ]
    assert ends[0].rung == ends[1].rung or activation != "square"  # without kinks


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
