"""Proofs that a trained network is next to exactly one minimum: true where there is one, never elsewhere."""

import numpy as np
import pytest

import twolayer as tl
from numerics.training import trainers
from tests.oracle import oracle
from tests.oracle.problem import Problem
from theory.certify import unique_minimum
from theory.certify.balls.balls import precision
from theory.certify.quantities.exact_network import subject
from theory.certify.quantities.matrices import gradient, named
from theory.certify.quantities.network import BallNetwork


def trained(seed: int, n: int, d: int, m: int, noise: float = 0.05, **kinds: object):
    """A network trained to a minimum near a teacher, and its data."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d))
    net = tl.TwoLayer(rng.normal(size=m), rng.normal(size=(m, d)), rng.normal(size=m), 0.1, **kinds)
    y = net(X) + noise * rng.normal(size=n)
    return trainers.to_minimum(net, X, y, steps=1000).net, X, y


SMALL = trained(1, 60, 2, 3)


def moved(net: tl.TwoLayer, step: np.ndarray) -> tl.TwoLayer:
    return net.replace(net.theta + step)


def test_a_trained_network_is_next_to_exactly_one_minimum():
    net, X, y = SMALL
    found = unique_minimum(net, X, y)
    assert found.proved, found.why
    assert 0 < found.within * net.n_parameters**0.5 <= found.radius
    assert 0 < found.least_eigenvalue < tl.Hessian(net, X, y).eigenvalues().value.min()


@pytest.mark.parametrize("loss", ["squared", "pseudo_huber", "logistic"])
def test_other_losses(loss):
    net, X, y = trained(1, 60, 2, 2)
    labels = (y > np.median(y)).astype(float) if loss == "logistic" else y
    if loss == "logistic":
        X, labels = np.vstack([X, X]), np.concatenate([labels, 1 - labels])  # not separable
        net = tl.TwoLayer([0.5], [[1.0, 0.5]], activation="tanh")
    start = trainers.to_minimum(net, X, labels, loss=loss, steps=1000)
    found = unique_minimum(start.net, X, labels, loss=loss)
    assert found.proved == (found.why.startswith("one zero"))
    assert found.proved or "positive definite" in found.why


def test_newton_from_inside_the_box_leads_to_the_one_zero():
    net, X, y = SMALL
    found, rng = unique_minimum(net, X, y), np.random.default_rng(0)
    zeros = []
    for _ in range(4):
        theta = net.theta + found.radius * rng.uniform(-1, 1, net.n_parameters)
        for _ in range(6):
            there = net.replace(theta)
            theta = theta - np.linalg.solve(tl.Hessian(there, X, y).toarray(), tl.gradient(there, X, y))
        zeros.append(theta)
    assert np.abs(np.array(zeros) - net.theta).max() <= found.within + 1e-12


def test_the_hessian_over_a_box_holds_those_at_its_points():
    net, X, y = SMALL
    rng, radius = np.random.default_rng(2), 1e-3
    with precision(100):
        box = BallNetwork(subject(net, X, y), radius)
        H, g = named("H", box), gradient(box)
        for corner in (rng.uniform(-1, 1, net.n_parameters), np.sign(rng.normal(size=net.n_parameters))):
            there = moved(net, 0.999 * radius * corner)
            truth = oracle.reference(Problem(there.a, there.W, there.b, there.c, X, y))
            assert H.overlaps(truth.H)  # the truth is known to 100 digits
            assert all(ball.overlaps(e) for ball, e in zip(g, truth.gradient, strict=True))


def test_targets_that_are_the_outputs_stay_where_they_are_over_a_box():
    net, X, _ = SMALL
    with precision(100):
        box = BallNetwork(subject(net, X, None), 1e-3)
        there = moved(net, np.full(net.n_parameters, 0.9e-3))
        targets = oracle.floats(oracle.reference(Problem(net.a, net.W, net.b, net.c, X, np.zeros(len(X)))).f)
        truth = oracle.reference(Problem(there.a, there.W, there.b, there.c, X, targets[:, 0]))
        assert named("H", box).overlaps(truth.H)
        assert named("R", box).overlaps(truth.R)
        assert not all(entry.is_zero() for entry in named("R", box).entries())


def test_away_from_a_minimum_nothing_is_proved():
    net, X, y = SMALL
    far = moved(net, np.full(net.n_parameters, 0.05))
    assert not unique_minimum(far, X, y).proved
    near = moved(net, np.full(net.n_parameters, 1e-7))
    assert not unique_minimum(near, X, y, radius=1e-9).proved


def test_too_large_a_radius_is_not_proved():
    net, X, y = SMALL
    found = unique_minimum(net, X, y, radius=1.0)
    assert not found.proved
    assert "within 1" in found.why


def test_minima_that_are_not_isolated_are_never_proved():
    net, X, y = trained(3, 5, 2, 3)  # fewer samples than parameters
    assert not unique_minimum(net, X, y).proved
    relu, X, y = trained(4, 60, 2, 2, activation="relu")  # units can be rescaled
    assert not unique_minimum(relu, X, y).proved
    twins = tl.TwoLayer([1.0, 1.0], [[1.0], [1.0]], activation="tanh")
    inputs = np.linspace(-1, 1, 20)[:, None]
    assert not unique_minimum(twins, inputs, None).proved


def test_a_saddle_is_no_minimum():
    saddle = tl.TwoLayer([0.0], [[0.0]], activation="identity")
    found = unique_minimum(saddle, [[1.0]], [1.0])
    assert not found.proved
    assert "least eigenvalue" in found.why


def test_a_kink_in_the_box_is_said():
    net = tl.TwoLayer([1.0], [[1.0]], [0.0], activation="leaky_relu")
    assert not unique_minimum(net, [[0.0], [1.0], [-1.0]], [0.0, 1.0, -0.01]).proved


@pytest.mark.parametrize("radius", [0.0, -1.0, np.inf, np.nan])
def test_a_radius_must_be_positive_and_finite(radius):
    with pytest.raises(ValueError, match="radius must be positive"):
        unique_minimum(*SMALL, radius=radius)
