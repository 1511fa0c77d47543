"""Stationary points on kinks, beside the hull of the gradients about them, by non-negative least squares."""

from itertools import product

import numpy as np
import pytest
from scipy.optimize import nnls

import twolayer as tl
from numerics.descents.flow import flow
from numerics.landscape.clarke import kinks_that_hold
from numerics.landscape.landscape import NetworkLandscape
from numerics.training import trainers

HELD = pytest.mark.parametrize(
    ("activation", "seed"), [("relu", 0), ("relu", 3), ("leaky_relu", 2), ("leaky_relu", 6)]
)

SLOPES = {"relu": (0.0, 1.0), "leaky_relu": (0.01, 1.0)}


def place(activation, seed):
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(25, 2)), rng.normal(size=25)
    net = tl.TwoLayer(rng.normal(size=3), rng.normal(size=(3, 2)), rng.normal(size=3), 0.0, activation)
    return NetworkLandscape(net, X, y)


def pieces(landscape, theta):
    """The gradients (k, P) for every choice of sides of what is on its kink, from the formula."""
    low, high = SLOPES[landscape.net.activation.name]
    net, X, y = landscape.net.replace(theta), landscape.X, landscape.risk.y[:, 0]
    Z = X @ net.W.T + net.b
    on = np.argwhere(np.abs(Z) < 1e-9)
    found = []
    for sides in product((low, high), repeat=len(on)):
        slopes = np.where(Z > 0, high, low)
        slopes[tuple(on.T)] = sides
        r = ((slopes * Z) @ net.a + net.c - y) / len(y)
        inner = (r[:, None] * slopes * net.a).T
        found.append(np.concatenate([r @ (slopes * Z), (inner @ X).ravel(), inner.sum(axis=1), [r.sum()]]))
    return np.array(found), len(on)


def hull_distance(gradients):
    """How far zero is from the convex hull of rows (k, P), relative to the longest."""
    size = np.linalg.norm(gradients, axis=1).max()
    system = np.vstack([gradients.T / size, 1e3 * np.ones(len(gradients))])
    weights, _ = nnls(system, np.append(np.zeros(gradients.shape[1]), 1e3))
    return np.linalg.norm(gradients.T @ weights) / size


@HELD
def test_ends_of_the_flow_on_kinks_are_stationary_for_training(activation, seed):
    here = place(activation, seed)
    end, y = flow(here, here.net.theta), here.risk.y[:, 0]
    assert "kinks that hold the flow" in end.why
    gradients, on = pieces(here, end.theta)
    assert np.linalg.norm(gradients, axis=1).min() > 1e-4
    assert hull_distance(gradients) < 1e-9
    assert 1 <= kinks_that_hold(here, end.theta) <= on
    net = here.net.replace(end.theta)
    trained = trainers.to_minimum(net, here.X, y)
    assert (trained.rung, trained.converged) == ("stationary", True)
    assert trained.why.startswith("stationary in Clarke's sense, at ")
    assert trained.risk <= end.value * (1 + 1e-9)
    for scale in (2.0**-26, 2.0**26):
        other = tl.TwoLayer(scale * net.a, net.W, net.b, scale * net.c, activation)
        assert kinks_that_hold(NetworkLandscape(other, here.X, scale * y), other.theta) >= 1


@pytest.mark.parametrize("activation", ["relu", "leaky_relu"])
def test_points_on_kinks_that_the_flow_leaves_are_not_stationary(activation):
    """Where training stops on a kink, zero is outside the hull; so it is along the kink from an end."""
    seen = 0
    for seed in range(6):
        here = place(activation, seed)
        stopped = trainers.to_minimum(here.net, here.X, here.risk.y[:, 0])
        if stopped.rung != "stopped":
            continue
        gradients, on = pieces(here, stopped.net.theta)
        seen += 1
        assert on > 0
        assert hull_distance(gradients) > 1e-4
        assert kinks_that_hold(here, stopped.net.theta) == 0
    assert seen >= 3


def test_off_kinks_and_for_smooth_units_nothing_is_held():
    here = place("relu", 3)
    end = flow(here, here.net.theta).theta
    assert kinks_that_hold(here, end + 1e-6) == 0
    smooth = tl.TwoLayer([1.0], [[0.0]], activation="tanh")
    assert kinks_that_hold(NetworkLandscape(smooth, [[1.0]], [0.0]), smooth.theta) == 0


def test_the_hull_is_told_from_its_outside():
    square = np.array([[1.0, 1.0], [-1.0, 1.0], [1.0, -1.0], [-1.0, -1.0]])
    assert hull_distance(square) < 1e-9
    assert hull_distance(square + np.array([1.5, 0.0])) > 0.1
