"""Symmetries: the function stays, the canonical form does not see them, orbits are counted by listing."""

from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

import twolayer as tl
from numerics.landscape.landscape import NetworkLandscape
from numerics.landscape.symmetry import balanced, canonical, distance, orbit_size
from numerics.landscape.zero_modes import zero_modes

ACTIVATIONS = ["tanh", "gaussian", "softplus", "relu", "square", "cube", "identity", "relu_squared"]


def random_net(rng, activation, m=3, outputs=None, biases=True):
    a = rng.normal(size=m if outputs is None else (outputs, m))
    b = rng.normal(size=m) if biases else None
    return tl.TwoLayer(a, rng.normal(size=(m, 2)), b, activation=activation)


def image(net, rng):
    """Another network of the same function, by the symmetries of its activation."""
    order, m = rng.permutation(len(net.W)), len(net.W)
    A, W, b = net.A[:, order], net.W[order], None if net.b is None else net.b[order]
    outer, inner = np.ones(m), np.ones(m)
    if net.activation.parity:
        inner = rng.choice([-1.0, 1.0], size=m)
        outer = inner if net.activation.parity == "odd" else outer
    if net.activation.homogeneity:
        t = rng.uniform(0.3, 3.0, size=m)
        inner, outer = inner * t, outer * t ** float(-net.activation.homogeneity)
    A = A * outer
    return tl.TwoLayer(
        A[0] if net.scalar else A, W * inner[:, None], None if b is None else b * inner, net.c, net.activation
    )


@given(st.sampled_from(ACTIVATIONS), st.sampled_from([None, 2]), st.booleans(), st.integers(0, 10**6))
@settings(max_examples=60)
def test_images_have_one_function_one_canonical_form_and_no_distance(activation, outputs, biases, seed):
    rng = np.random.default_rng(seed)
    net = random_net(rng, activation, outputs=outputs, biases=biases)
    other, X = image(net, rng), rng.normal(size=(5, 2))
    size = 1 + np.abs(net(X)).max()
    assert_allclose(other(X), net(X), atol=1e-10 * size)
    assert_allclose(canonical(net)(X), net(X), atol=1e-10 * size)
    assert_allclose(canonical(other).theta, canonical(net).theta, atol=1e-9 * (1 + np.abs(net.theta).max()))
    assert distance(net, other) < 1e-7 * (1 + np.abs(net.theta).max())


def test_the_distance_is_the_least_over_all_images():
    rng = np.random.default_rng(1)
    one, two = random_net(rng, "tanh"), random_net(rng, "tanh")
    least = min(
        np.linalg.norm(
            one.theta - tl.TwoLayer(two.a[list(p)] * s, two.W[list(p)] * s[:, None], two.b[list(p)] * s).theta
        )
        for p in permutations(range(3))
        for s in (np.array(signs) for signs in product([1.0, -1.0], repeat=3))
    )
    assert_allclose(distance(one, two), least)


def listed(net):
    """Orbit size by listing every image."""
    signs = {"odd": (1, 1), "even": (0, 1)}.get(net.activation.parity)
    images = set()
    for p in permutations(range(len(net.W))):
        flips = product([1.0, -1.0], repeat=len(p)) if signs else [np.ones(len(p))]
        for s in flips:
            inner = np.array(s)
            outer = inner if net.activation.parity == "odd" else np.ones(len(p))
            rows = (net.a[list(p)] * outer, net.W[list(p)] * inner[:, None])
            images.add(tuple(np.concatenate([part.ravel() + 0.0 for part in rows])))
    return len(images)


@pytest.mark.parametrize("activation", ["tanh", "gaussian", "softplus"])
@pytest.mark.parametrize(
    ("a", "W"),
    [
        ([1.0, 2.0, 3.0], [[1.0], [2.0], [3.0]]),
        ([1.0, 1.0, 3.0], [[2.0], [2.0], [3.0]]),
        ([1.0, -1.0, 3.0], [[2.0], [-2.0], [3.0]]),
        ([1.0, 1.0, 1.0], [[2.0], [-2.0], [2.0]]),
        ([0.0, 1.0, 1.0], [[0.0], [1.0], [1.0]]),
        ([0.0, 2.0, 2.0], [[1.0], [0.0], [0.0]]),
    ],
)
def test_orbits_are_counted(activation, a, W):
    net = tl.TwoLayer(a, W, activation=activation)
    assert orbit_size(net) == listed(net)


def test_balancing_makes_the_conserved_quantity_zero():
    rng = np.random.default_rng(2)
    for activation in ("relu", "square", "cube"):
        net = random_net(rng, activation)
        place = NetworkLandscape(net, rng.normal(size=(4, 2)), np.zeros(4))
        assert_allclose(place.conserved(balanced(net).theta), 0, atol=1e-12)


def minimum_of(net, X):
    """A landscape that has `net` as an interpolating minimum."""
    return NetworkLandscape(net, X, net(X)), net.theta


def test_scaling_is_flat_and_nothing_else_is():
    rng = np.random.default_rng(3)
    net = random_net(rng, "relu_squared")
    modes = zero_modes(*minimum_of(net, rng.normal(size=(80, 2))))
    assert modes.reasons == {"scaling": 3}
    assert modes.residual < 1e-14
    assert modes.unexplained == 0


def test_mixing_of_linear_units():
    """f = a W x depends on one vector of two entries: of 3 + 6 directions, 7 are flat."""
    rng = np.random.default_rng(4)
    net = random_net(rng, "identity", biases=False)
    modes = zero_modes(*minimum_of(net, rng.normal(size=(20, 2))))
    assert modes.predicted.shape[1] == modes.found == 7
    assert modes.residual < 1e-14


@pytest.mark.parametrize(("activation", "back"), [("softplus", 1.0), ("tanh", -1.0), ("gaussian", -1.0)])
def test_equal_units_share_their_weight(activation, back):
    rng = np.random.default_rng(5)
    W, b = rng.normal(size=(3, 2)), rng.normal(size=3)
    W[2], b[2] = back * W[0], back * b[0]
    net = tl.TwoLayer([1.0, 0.5, 0.7], W, b, activation=activation)
    modes = zero_modes(*minimum_of(net, rng.normal(size=(100, 2))))
    assert modes.reasons == {"equal units": 1}
    assert modes.residual < 1e-13
    assert modes.found == 1 + 3  # at interpolation equal units also share (w, b), to first order


def test_silent_units_and_unseen_inputs():
    rng = np.random.default_rng(6)
    X = np.abs(rng.normal(size=(60, 2)))
    net = tl.TwoLayer([1.0, 2.0], [[1.0, 0.3], [-1.0, -1.0]], [0.2, -0.1], activation="relu")
    modes = zero_modes(*minimum_of(net, X))
    assert modes.reasons == {"scaling": 2, "silent units": 4}
    assert (modes.predicted.shape[1], modes.unexplained) == (5, 0)
    flat = X.copy()
    flat[:, 1] = 0.0
    unseen = zero_modes(*minimum_of(random_net(rng, "tanh"), flat))
    assert unseen.reasons == {"inputs without full rank": 3}
    assert unseen.residual < 1e-14


def test_a_common_shift_of_all_outputs_is_flat_for_softmax():
    rng = np.random.default_rng(7)
    net = tl.TwoLayer(rng.normal(size=(3, 2)), rng.normal(size=(2, 2)), c=rng.normal(size=3))
    place = NetworkLandscape(net, rng.normal(size=(30, 2)), rng.integers(0, 3, 30), "softmax")
    modes = zero_modes(place, net.theta)
    assert modes.reasons == {"common shift of outputs": 3}
    assert modes.residual < 1e-14


def test_networks_of_other_shapes_are_refused():
    one = tl.TwoLayer([1.0], [[1.0]])
    with pytest.raises(ValueError, match="second must have the shapes of first"):
        distance(one, tl.TwoLayer([1.0, 2.0], [[1.0], [2.0]]))
