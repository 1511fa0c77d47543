"""The flow of small ReLU networks where its path or its end is known, and of degenerate ones.

Orthogonal inputs: Boursier, Pillaud-Vivien & Flammarion (2022), Gradient flow dynamics of shallow ReLU
networks for square loss and orthogonal inputs. A balanced unit along its only sample grows like a logistic
curve, as in a linear network.
"""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import twolayer as tl
from numerics.descents.flow import flow
from numerics.descents.piecewise import PiecewiseSteps
from numerics.descents.rosenbrock import Derivatives, Tangent
from numerics.descents.segment import Segment
from numerics.landscape.landscape import FunctionLandscape, NetworkLandscape


def place(a, W, X, y, b=None, activation="relu"):
    return NetworkLandscape(tl.TwoLayer(a, W, b, activation=activation), X, y)


def followed(landscape, time, rtol=1e-8):
    """Parameters after a time, by the flow's own steps."""
    steps = PiecewiseSteps(landscape, landscape.net.theta, time, rtol, 1e-3 * rtol, 1e-3)
    while not steps.ended:
        assert steps.advance(0.0, 100)[0] is None
    return steps.theta


def stepped(landscape, time, count=20_000):
    """The same by small steps of Euler."""
    theta = landscape.net.theta
    for _ in range(count):
        theta = theta - time / count * landscape.gradient(theta)
    return theta


def logistic(target, begin, time):
    """u(time) of u' = 2 (target - u) u."""
    return target / (1 + (target / begin - 1) * np.exp(-2 * target * time))


@pytest.mark.parametrize("time", [1.0, 5.0, 20.0])
def test_units_along_orthogonal_samples_grow_as_logistic_curves(time):
    """Each unit's kink passes through the other's sample, from the beginning and for ever."""
    targets, begin, X = np.array([1.0, 2.0, 0.5]), np.array([1e-3, 1e-4, 1e-2]), np.eye(3)
    signs = np.array([1.0, -1.0, 1.0])
    here = place(signs * np.sqrt(begin), np.diag(np.sqrt(begin)), X, signs * targets)
    theta = followed(here, time)
    expected = np.array([logistic(u, v, time / 3) for u, v in zip(targets, begin, strict=True)])
    net = here.net.replace(theta)
    assert_allclose(signs * net.a, np.sqrt(expected), rtol=2e-5)
    assert_allclose(net.W, np.diag(np.sqrt(expected)), rtol=2e-5, atol=1e-12)


def test_small_starts_end_in_one_direction_for_each_sign():
    """Orthogonal inputs: units of either sign end along the sum of y_i x_i of that sign, of norm |y|."""
    rng, y, size = np.random.default_rng(0), np.array([1.0, 1.0, -0.5, -0.5]), 1e-9
    W = rng.normal(size=(24, 4))
    W *= size / np.linalg.norm(W, axis=1)[:, None]
    here = place(size * rng.choice([-1.0, 1.0], size=24), W, np.eye(4), y)
    landing = flow(here, here.net.theta)
    net = tl.TwoLayer(landing.theta[:24], landing.theta[24:].reshape(24, 4), activation="relu")
    assert (landing.status, landing.rung) == ("converged", "interpolates")
    for sign in (1.0, -1.0):
        wanted = np.where(sign * y > 0, np.abs(y), 0.0)
        mine = sign * net.a > 0
        assert_allclose((net.a[mine] ** 2).sum(), np.linalg.norm(wanted), rtol=0.02)
        large = mine & (np.abs(net.a) > 0.05)
        across = net.W[large] @ wanted / np.linalg.norm(wanted) / np.linalg.norm(net.W[large], axis=1)
        assert_allclose(across, 1.0, atol=0.02)
    balance = (net.W**2).sum(axis=1) - net.a**2
    assert_allclose(balance, 0.0, atol=1e-12)


def test_units_turn_before_they_grow():
    """Two samples, tiny weights: a unit turns to the mean of y_i x_i of those it is active on, still tiny."""
    X, y, size = np.array([[1.0, 0.2], [0.3, 1.0]]), np.array([1.0, 0.7]), 1e-9
    angle = np.array([0.1, 0.8, 1.2])
    W = size * np.column_stack([np.cos(angle), np.sin(angle)])
    here = place(size * np.ones(3), W, X, y)
    net = here.net.replace(followed(here, 12.0))
    lengths = np.linalg.norm(net.W, axis=1)
    mean = y @ X / np.linalg.norm(y @ X)
    assert (lengths < 1e-3).all()
    assert (lengths > 100 * size).all()
    assert_allclose(net.W @ mean / lengths, 1.0, atol=1e-4)


def test_a_dead_unit_does_not_move_at_all():
    rng = np.random.default_rng(1)
    X = np.abs(rng.normal(size=(8, 2)))
    W = np.array([[1.0, 0.5], [-1.0, -2.0], [0.3, -0.1]])
    here = place([1.0, -0.7, 0.4], W, X, rng.normal(size=8))
    landing = flow(here, here.net.theta)
    assert landing.status == "converged"
    assert landing.theta[1] == -0.7
    assert (landing.theta[5:7] == [-1.0, -2.0]).all()


@pytest.mark.parametrize("activation", ["relu", "leaky_relu"])
def test_samples_that_are_there_twice_change_nothing(activation):
    rng = np.random.default_rng(2)
    X, y = rng.normal(size=(7, 2)), rng.normal(size=7)
    net = (rng.normal(size=3), rng.normal(size=(3, 2)))
    one = place(*net, X, y, rng.normal(size=3), activation)
    two = NetworkLandscape(one.net, np.concatenate([X, X]), np.concatenate([y, y]))
    assert_allclose(followed(two, 5.0), followed(one, 5.0), rtol=1e-6, atol=1e-7)
    first, second = (flow(each, one.net.theta) for each in (one, two))
    assert first.status == second.status == "converged"
    assert_allclose(first.value, second.value, rtol=1e-9, atol=1e-25)


def test_a_unit_of_zeros_stays_and_the_others_do_not_see_it():
    rng = np.random.default_rng(3)
    a, W, X, y = rng.normal(size=2), rng.normal(size=(2, 2)), rng.normal(size=(6, 2)), rng.normal(size=6)
    small = place(a, W, X, y)
    large = place(np.append(a, 0.0), np.vstack([W, np.zeros(2)]), X, y)
    theta, alone = followed(large, 4.0), followed(small, 4.0)
    assert theta[2] == 0.0
    assert (theta[-2:] == 0.0).all()
    assert_allclose(np.delete(theta, [2, 7, 8]), alone, rtol=1e-6, atol=1e-7)


DEGENERATE = {
    "a kink through three samples": (
        [1.0, -0.5],
        [[0.0, 1.0], [1.0, 0.3]],
        [[1.0, 0], [2, 0], [-1, 0], [1, 1]],
    ),
    "a sample at the origin": (
        [0.8, -1.0],
        [[1.0, 0.2], [-0.4, 1.0]],
        [[0.0, 0], [1, 0.5], [-1, 1], [0.2, -1]],
    ),
    "two units alike": (
        [0.5, 0.5],
        [[1.0, -0.3], [1.0, -0.3]],
        [[1.0, 0.1], [0.2, 1], [-1, 0.4], [0.5, -0.6]],
    ),
    "kinks of two units in one sample": (
        [1.0, -1.0],
        [[0.0, 1.0], [0.0, -2.0]],
        [[1.0, 0], [0.3, 1], [-0.5, -1], [0.4, -0.7]],
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("activation", ["relu", "leaky_relu"])
@pytest.mark.parametrize("name", DEGENERATE)
def test_degenerate_networks_go_where_small_steps_go(name, activation):
    a, W, X = DEGENERATE[name]
    here = place(a, W, X, np.array([1.0, -0.5, 0.4, 0.8])[: len(X)], activation=activation)
    for time in (0.5, 4.0):
        assert_allclose(followed(here, time), stepped(here, time), atol=3e-3)


def tangent(rates, begin):
    landscape = FunctionLandscape(
        lambda x: x @ (rates * x) / 2, lambda x: rates * x, lambda x: np.diag(rates), dimension=len(begin)
    )
    return Tangent(begin, rates * begin, Derivatives(landscape), 1e-5, 1e-8)


def test_the_path_inside_a_step_is_of_order_three_and_bounded_where_it_is_stiff():
    rates, shares = np.array([1.0, 1e6]), np.array([0.1, 0.4, 0.8])
    errors = []
    for h in (0.2, 0.1):
        step = tangent(rates, np.array([1.0, 1e-4]))
        end, _ = step.step(h)
        path = Segment(step.theta, end, step.inside, h)
        found = np.array([path(share) for share in shares])
        errors.append(np.abs(found[:, 0] - np.exp(-h * shares)).max())
        assert (np.abs(found[:, 1]) < 2e-4).all()
        assert_allclose(path(1.0), end)
    assert errors[1] < errors[0] / 10


@pytest.mark.slow
def test_a_wide_network_does_not_chatter_between_kinks():
    """Fast parts that die out within a step must not be taken for slopes that let go of kinks."""
    rng = np.random.default_rng(5)
    along = np.sqrt(rng.uniform(0.05, 1.0, size=20))
    y = np.where(np.arange(20) % 2 == 0, 1.0, -1.0)
    angle = 2 * np.pi * along + np.where(y > 0, 0.0, np.pi)
    X = 2 * along[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    here = place(rng.uniform(-0.7, 0.7, 16), rng.uniform(-0.7, 0.7, (16, 2)), X, y, np.zeros(16))
    landing = flow(here, here.net.theta, rtol=1e-4)
    assert landing.status == "converged"
    assert landing.steps < 3000
