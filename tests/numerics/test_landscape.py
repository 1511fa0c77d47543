"""Landscapes: the same numbers whether a network, functions or differences supply them."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose

import twolayer as tl
from numerics.landscape import potentials
from numerics.landscape.landscape import (
    FunctionLandscape,
    Landscape,
    NetworkLandscape,
    checked_point,
    hessian_at,
    values_at,
)

RNG = np.random.default_rng(0)
SHAPES = [
    ("tanh", "squared", None),
    ("gelu", "logistic", None),
    ("relu", "pseudo_huber", 2),
    ("sin", "softmax", 3),
]


def network(activation, loss, outputs):
    a = RNG.normal(size=4 if outputs is None else (outputs, 4))
    c = None if outputs is None else RNG.normal(size=outputs)
    net = tl.TwoLayer(a, RNG.normal(size=(4, 3)), RNG.normal(size=4), c, activation=activation)
    shape = (7,) if outputs is None or loss == "softmax" else (7, outputs)
    y = RNG.normal(size=shape) if loss in ("squared", "pseudo_huber") else RNG.integers(0, 2, shape)
    return net, RNG.normal(size=(7, 3)), y


@pytest.mark.parametrize(("activation", "loss", "outputs"), SHAPES)
def test_a_network_landscape_is_the_risk_with_its_exact_derivatives(activation, loss, outputs):
    net, X, y = network(activation, loss, outputs)
    place = NetworkLandscape(net, X, y, loss)
    H, v = tl.Hessian(net, X, y, loss), RNG.normal(size=net.n_parameters)
    assert isinstance(place, Landscape)
    assert_allclose(place.value(net.theta), tl.risk(net, X, y, loss).value, rtol=1e-13)
    assert_allclose(place.gradient(net.theta), tl.gradient(net, X, y, loss), rtol=1e-13, atol=1e-14)
    assert_allclose(place.hessian(net.theta), H.toarray(), rtol=1e-12, atol=1e-14)
    assert_allclose(place.hessian_product(net.theta, v), H @ v, rtol=1e-12, atol=1e-13)
    assert_allclose(place.outputs(net.theta, X), net(X), rtol=1e-13)


@pytest.mark.parametrize("hidden", [False, True])
@pytest.mark.parametrize("output", [False, True])
def test_the_gradient_of_one_output_has_every_part(hidden, output):
    b, c = (RNG.normal(size=4) if hidden else None), (0.3 if output else None)
    X, y = RNG.normal(size=(7, 3)), RNG.normal(size=7)
    for net in (
        tl.TwoLayer(RNG.normal(size=4), RNG.normal(size=(4, 3)), b, c),
        tl.TwoLayer(RNG.normal(size=(1, 4)), RNG.normal(size=(4, 3)), b, None if c is None else [c]),
    ):
        target = y if net.scalar else y[:, None]
        place = NetworkLandscape(net, X, target)
        assert_allclose(place.gradient(net.theta), tl.gradient(net, X, target), rtol=1e-12, atol=1e-14)


def test_the_previous_point_is_not_returned_for_a_new_one():
    net, X, y = network("tanh", "squared", None)
    place, theta = NetworkLandscape(net, X, y), net.theta.copy()
    before = place.value(theta)
    theta[0] += 1.0
    assert place.value(theta) == NetworkLandscape(net, X, y).value(theta) != before


def test_overflow_is_a_wall():
    net = tl.TwoLayer([1.0], [[1.0]], activation="cube")
    place = NetworkLandscape(net, [[1.0]], [0.0])
    assert place.value(np.array([1e200, 1e100])) == np.inf


@pytest.mark.parametrize(
    "potential", [potentials.powers([1.0, 3.0, 0.2], [2.0, 4.0, 3.0]), potentials.CosineLattice(3)]
)
def test_potentials_agree_with_differences_of_themselves(potential):
    theta, v = np.array([0.3, -0.4, 0.2]), RNG.normal(size=3)
    slope = (potential.value(theta + 1e-6 * v) - potential.value(theta - 1e-6 * v)) / 2e-6
    assert_allclose(potential.gradient(theta) @ v, slope, rtol=1e-7)
    by_difference = FunctionLandscape(potential.value, potential.gradient)
    assert not by_difference.exact_curvature
    assert_allclose(by_difference.hessian_product(theta, v), potential.hessian_product(theta, v), rtol=1e-7)
    assert_allclose(by_difference.hessian(theta), potential.hessian(theta), atol=1e-7)
    assert_allclose(potential.values(np.array([theta, v])), [potential.value(theta), potential.value(v)])


def test_a_hessian_is_assembled_from_products():
    class Products:
        dimension = 2

        def value(self, theta):
            return float(theta @ theta)

        def gradient(self, theta):
            return 2 * theta

        def hessian_product(self, theta, vector):
            return 2 * vector

    assert_allclose(hessian_at(Products(), np.ones(2)), 2 * np.eye(2))
    assert values_at(Products(), np.ones((3, 2))).tolist() == [2.0, 2.0, 2.0]


def test_bad_points_and_bad_landscapes_are_named():
    bowl = potentials.ellipsoid([1.0, 2.0])
    broken = FunctionLandscape(lambda x: np.nan, lambda x: x)
    with pytest.raises(ValueError, match=r"start must be \(2,\) to match the landscape; got \(3,\)"):
        checked_point(bowl, "start", np.zeros(3))
    with pytest.raises(
        ValueError, match="start must be a point where the landscape is finite; got the value nan"
    ):
        checked_point(broken, "start", np.zeros(3))
    with pytest.raises(ValueError, match="must have a value or inf everywhere; got NaN"):
        values_at(broken, np.zeros((2, 3)))
    with pytest.raises(ValueError, match="value must be a function of theta; got int"):
        FunctionLandscape(3, lambda x: x)
    with pytest.raises(ValueError, match="coefficients must be positive and exponents at least 2"):
        potentials.powers([1.0, -1.0], 2)


def test_many_values_at_once():
    net, X, y = network("gelu", "softmax", 3)
    place, points = NetworkLandscape(net, X, y, "softmax"), RNG.normal(size=(21, net.n_parameters))
    assert_allclose(place.values(points), [place.value(point) for point in points], rtol=1e-12)


def test_a_network_landscape_travels_between_processes():
    net, X, y = network("tanh", "squared", None)
    place = NetworkLandscape(net, X, y)
    place.values(net.theta[None])
    copy = pickle.loads(pickle.dumps(place))
    assert copy.value(net.theta) == place.value(net.theta)
    assert copy.values(net.theta[None]) == place.values(net.theta[None])


@pytest.mark.parametrize(
    "dressed",
    [
        np.ndarray.tolist,
        lambda theta: theta.astype(">f8"),
        lambda theta: np.asfortranarray(theta),
        lambda theta: np.repeat(theta, 2, axis=-1)[..., ::2],
        np.ma.array,
    ],
    ids=["list", "big endian", "by columns", "with gaps", "unmasked"],
)
def test_parameters_of_other_make_give_the_same_numbers(dressed):
    net, X, y = network("tanh", "squared", None)
    place, points = NetworkLandscape(net, X, y), RNG.normal(size=(3, net.n_parameters))
    points.setflags(write=False)
    assert_allclose(place.values(dressed(points)), place.values(points.copy()), rtol=1e-14)
    for asked in (place.value, place.gradient, place.hessian, place.gauss_newton, place.conserved):
        assert_allclose(asked(dressed(points[0])), asked(points[0].copy()), rtol=1e-14)
    assert place.values(np.full((1, net.n_parameters), np.inf)).shape == (1,)


def test_parameters_that_would_be_misread_are_refused():
    net, X, y = network("tanh", "squared", None)
    place = NetworkLandscape(net, X, y)
    hidden = np.ma.array(net.theta, mask=np.arange(net.n_parameters) == 0)
    for asked in (place.value, place.gradient, place.hessian):
        with pytest.raises(ValueError, match="theta must have all its entries; got a masked array"):
            asked(hidden)
        with pytest.raises(ValueError, match=r"theta must be \(\d+,\) to match the network; got"):
            asked(net.theta[1:])
    with pytest.raises(ValueError, match=r"points must be \(k, \d+\) with k >= 1 to match the network"):
        place.values(net.theta)
    with pytest.raises(ValueError, match="points must have all its entries"):
        place.values(hidden[None])
