"""What is known of where training ends: minima, stationary points, and classes that have no minimum."""

from fractions import Fraction

import numpy as np
import pytest

import twolayer as tl
from numerics.descents.flow import flow
from numerics.files.datasets import digits
from numerics.landscape.landscape import NetworkLandscape
from numerics.landscape.rounding import gradient_rounding, risk_rounding
from numerics.landscape.separability import separable_features
from numerics.training import trainers
from numerics.training.many import stochastic_rounds
from twolayer.many.plain_risk import PlainRisk


def network(m, d, q=None, seed=0, activation="tanh"):
    rng = np.random.default_rng(seed)
    a, c = (rng.normal(size=m), 0.0) if q is None else (rng.normal(size=(q, m)), np.zeros(q))
    return tl.TwoLayer(a, rng.normal(size=(m, d)), rng.normal(size=m), c, activation)


@pytest.mark.parametrize("height", [1e-8, 1.0, 1e6])
def test_the_rungs_of_real_targets(height):
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(12, 2)), height * rng.normal(size=12)
    many = trainers.to_minimum(network(20, 2), X, y)
    assert (many.rung, many.converged) == ("interpolates", True)
    twice, opposed = np.tile(X[:3], (2, 1)), np.concatenate([y[:3], -y[:3]])
    flat = trainers.to_minimum(network(6, 2), twice, opposed)
    assert (flat.rung, flat.converged) == ("stationary", True)
    stopped = trainers.gradient_descent(network(6, 2), X, y, learning_rate=1e-3, steps=2)
    assert (stopped.rung, stopped.converged) == ("stopped", False)


@pytest.mark.parametrize("height", [1e-3, 1.0, 1e3])
def test_a_minimum_is_proved(height):
    one = tl.TwoLayer([height], [[1.0]], activation="tanh")
    few = trainers.to_minimum(one, [[-1.0], [1.0], [2.0]], height * np.array([-0.5, 0.7, 0.7]))
    assert (few.rung, few.converged) == ("minimum", True)
    assert few.gradient_norm <= few.gradient_error < 1e-13 * height * max(1.0, height)


@pytest.mark.parametrize("scale", [1e-8, 1.0, 1e8])
def test_two_points_with_two_labels_have_no_minimum(scale):
    """The squares of the loss's derivatives underflow long before they are zero."""
    done = trainers.to_minimum(network(2, 1), scale * np.array([[-1.0], [1.0]]), [0, 1], loss="logistic")
    if scale < 1:  # both points are one for the first layer, as far as it is trained: ln 2 is left
        assert done.rung in ("stationary", "stopped", "no minimum")
    else:
        assert (done.rung, done.converged) == ("no minimum", False)
        assert "infinity" in done.why or "for ever" in done.why
    assert done.rung != "interpolates"


def test_digits_separate_and_reach_a_target_that_is_asked_for():
    inputs, labels = digits()
    X, y = inputs[:30] / 16, labels[:30].astype(int)
    done = trainers.lbfgs(network(5, 64, 10), X, y, loss="softmax", steps=400)
    assert (done.rung, done.converged) == ("no minimum", False)
    again = trainers.newton(done.net, X, y, loss="softmax", target=2 * done.risk)
    assert (again.rung, again.converged) == ("no minimum", True)
    assert again.why == "the risk fell to the target"


def test_features_that_separate_are_found_whatever_the_output_weights():
    net = network(3, 1, seed=2)
    X = np.array([[-2.0], [-1.0], [1.0], [2.0]])
    assert separable_features(PlainRisk(net, X, [0, 0, 1, 1], "logistic").forward(net.theta))
    same = np.zeros((4, 1))
    assert not separable_features(PlainRisk(net, same, [0, 1, 1, 0], "logistic").forward(net.theta))
    three = network(3, 1, 3, seed=2)
    assert separable_features(PlainRisk(three, X, [0, 1, 2, 2], "softmax").forward(three.theta))
    assert not separable_features(PlainRisk(three, same[:3], [0, 1, 2], "softmax").forward(three.theta))


@pytest.mark.parametrize("spread", [1.0, 1e4])
@pytest.mark.parametrize("n", [3, 50, 400])
def test_the_rounding_of_a_gradient_is_near_the_truth(n, spread):
    """A square unit's gradient is a polynomial: rationals give it without rounding."""
    rng = np.random.default_rng(n)
    X, y = spread * np.sort(rng.normal(size=n))[:, None], rng.normal(size=n) * spread**2
    net = tl.TwoLayer([1.25], [[0.7]], [0.3], activation="square")
    run = PlainRisk(net, X, y).forward(net.theta)
    found = tl.gradient(net, X, y)
    a, w, b = (Fraction(float(part)) for part in net.theta)
    exact = [Fraction(0)] * 3
    for x, t in zip(X[:, 0], y, strict=True):
        z = w * Fraction(float(x)) + b
        r = a * z * z - Fraction(float(t))
        for k, slope in enumerate((z * z, 2 * a * z * Fraction(float(x)), 2 * a * z)):
            exact[k] += r * slope / n
    error = float(sum((Fraction(float(g)) - e) ** 2 for g, e in zip(found, exact, strict=True))) ** 0.5
    estimate = gradient_rounding(run)
    assert error <= estimate <= 1e4 * max(error, 1e-17 * float(np.linalg.norm(found)))


def test_rounds_of_epochs_take_every_sample_once():
    rounds = list(stochastic_rounds(7, 1000, 3, np.random.default_rng(0)))
    rows = np.concatenate([each for each, _ in rounds])
    sizes = np.concatenate([each for _, each in rounds])
    assert len(rows) == len(sizes) == 1000
    assert len(rounds) == 3
    taken = [row[:size] for row, size in zip(rows, sizes, strict=True)]
    for first in range(0, 999, 3):
        assert sorted(np.concatenate(taken[first : first + 3])) == list(range(7))


def test_classes_that_separate_but_for_samples_that_stay_have_no_minimum():
    """Without biases x = 0 keeps its ln 2 for ever, and the risk of the other falls for ever."""
    net = tl.TwoLayer([1.0], [[1.0]])
    done = trainers.to_minimum(net, [[0.0], [1.0]], [0, 1], loss="logistic", steps=20, finish=10)
    assert (done.rung, done.converged) == ("no minimum", False)
    mixed = trainers.to_minimum(net, [[-1.0], [1.0], [1.0]], [0, 1, 0], loss="logistic")
    assert mixed.rung in ("minimum", "stationary", "stopped")


@pytest.mark.parametrize("activation", ["tanh", "sin", "gelu"])
def test_the_rounding_of_a_risk_knows_what_cancels(activation):
    """Outputs are sums of terms that are hundreds of times as large: the risk is known to few digits."""
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(12, 2)), rng.normal(size=12)
    net = tl.TwoLayer([1.0, -0.5], [[1.0, 0.2], [0.3, 0.8]], activation=activation)
    both = tl.TwoLayer(
        np.concatenate([net.a, [300.0, -300.0]]),
        np.concatenate([net.W, [[1.0, 1.0]] * 2]),
        activation=activation,
    )
    run = PlainRisk(both, X, y).forward(both.theta)
    few = PlainRisk(net, X, y).forward(net.theta)
    assert abs(float(run.L.mean()) - float(few.L.mean())) <= risk_rounding(run)
    assert risk_rounding(run) > 10 * risk_rounding(few)


@pytest.mark.parametrize(("activation", "seed"), [("relu", 1), ("leaky_relu", 9)])
def test_an_end_at_a_kink_says_so_and_the_flow_goes_on_from_there(activation, seed):
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(25, 2)), rng.normal(size=25)
    net = tl.TwoLayer(rng.normal(size=3), rng.normal(size=(3, 2)), rng.normal(size=3), 0.0, activation)
    end = trainers.to_minimum(net, X, y)
    shares = np.abs(X @ end.net.W.T + end.net.b) / np.hypot(np.linalg.norm(X, axis=1), 1)[:, None]
    on = int((shares <= 1e-10 * np.hypot(np.linalg.norm(end.net.W, axis=1), end.net.b)).sum())
    assert (end.rung, on > 0) == ("stopped", True)
    said = f"at {on} kink{'s' if on > 1 else ''}, along which the gradient flow may go on"
    assert end.why.endswith(said)
    led = flow(NetworkLandscape(end.net, X, y), end.net.theta)
    assert led.status == "converged"
    assert led.value < end.risk
