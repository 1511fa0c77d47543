"""Gradients of curvature against forward-mode derivatives; walks that stay on the manifold of zero loss."""

import numpy as np
import pytest

import twolayer as tl
from numerics.falsify.dual.arrays import constant, variables
from numerics.falsify.dual.network import DualNetwork
from numerics.falsify.dual.norms import NORMS
from numerics.falsify.dual.third import third_derivative
from numerics.manifold import newton_norm_gradient, trace_gradient, walk
from numerics.manifold.study import draw, journeys, table
from numerics.training.newton import gauss_newton
from tests.oracle.strategies import random_problem
from theory.expressions.activations import ACTIVATIONS

CASES = [
    ("tanh", "squared", None, True, True),
    ("gelu", "squared", None, False, False),
    ("sin", "logistic", None, True, False),
    ("softplus", "pseudo_huber", None, False, True),
    ("relu", "squared", None, True, True),
    ("cube", "pseudo_huber", None, True, True),
    ("tanh", "squared", 1, True, True),
    ("tanh", "squared", 3, True, True),
    ("relu", "pseudo_huber", 2, True, False),
    ("gelu", "softmax", 3, True, True),
    ("cube", "softmax", 2, False, False),
]


def by_forward_mode(problem, loss):
    """tr H and |G|_F with their derivatives by theta, from arrays that carry them."""
    net, run = problem.net, problem.hessian.forward
    theta = variables(net.theta)
    parts = {name: theta[where].reshape(*net.parts[name].shape) for name, where in net.layout.items()}
    q = net.n_outputs
    named = {"A": parts["a"].reshape(q, -1), "W": parts["W"], "X": constant(np.asarray(problem.X))}
    if "b" in parts:
        named["b"] = parts["b"]
    if "c" in parts:
        named["c"] = parts["c"].reshape(q)
    real = run.loss.labels == "real"
    if real:
        named["y"] = constant(np.asarray(run.y, dtype=float).reshape(-1, q))
    third = third_derivative(ACTIVATIONS[net.activation.name])
    labels = None if real else run.y if loss == "softmax" else np.asarray(run.y, dtype=float).reshape(-1, q)
    at = DualNetwork(named, net.activation, third, run.loss, labels)
    return NORMS["trace"](at, "H"), NORMS["frobenius"](at, "G")


@pytest.mark.parametrize(("activation", "loss", "q", "biased", "offset"), CASES)
def test_gradients_are_those_of_forward_mode(activation, loss, q, biased, offset):
    options = {"activation": activation, "loss": loss, "biased": biased, "offset": offset}
    problem = random_problem(4, n=7, d=3, m=4, q=q, **options)
    trace, norm = by_forward_mode(problem, loss)
    value, slope = trace_gradient(problem.net, problem.X, problem.y, loss)
    assert value == pytest.approx(float(problem.hessian.trace()), rel=1e-12)
    assert np.abs(slope - trace.slope).max() <= 1e-11 * np.abs(trace.slope).max()
    square, slope = newton_norm_gradient(problem.net, problem.X, problem.y, loss)
    assert square == pytest.approx(float(problem.hessian.gauss_newton.frobenius_norm()) ** 2, rel=1e-12)
    expected = 2 * norm.value * norm.slope
    assert np.abs(slope - expected).max() <= 1e-11 * np.abs(expected).max()


@pytest.mark.parametrize(("activation", "loss", "q", "biased", "offset"), CASES)
def test_gradients_are_those_of_differences(activation, loss, q, biased, offset):
    options = {"activation": activation, "loss": loss, "biased": biased, "offset": offset}
    problem = random_problem(5, n=4, d=2, m=3, q=q, **options)
    theta, step = problem.net.theta, 1e-3
    for slope_of, value_of in (
        (trace_gradient, lambda H: float(H.trace())),
        (newton_norm_gradient, lambda H: float(H.gauss_newton.frobenius_norm()) ** 2),
    ):
        slope = slope_of(problem.net, problem.X, problem.y, loss)[1]
        for place, direction in enumerate(np.eye(len(theta))):
            values = {
                k: value_of(
                    tl.Hessian(
                        problem.net.replace(theta + k * step * direction), problem.X, problem.y, loss=loss
                    )
                )
                for k in (-2, -1, 1, 2)
            }
            found = (8 * (values[1] - values[-1]) - (values[2] - values[-2])) / (12 * step)
            assert slope[place] == pytest.approx(found, rel=1e-6, abs=1e-6 * np.abs(slope).max())


def solution(seed=0, n=6, d=3, m=8):
    rng = np.random.default_rng(seed)
    X, y = rng.standard_normal((n, d)), rng.standard_normal(n)
    net = tl.TwoLayer(rng.standard_normal(m), rng.standard_normal((m, d)), rng.standard_normal(m))
    return gauss_newton(net, X, y).net, X, y


@pytest.mark.parametrize("objective", ["trace", "newton norm"])
@pytest.mark.parametrize("uphill", [False, True])
def test_a_walk_stays_where_the_loss_is_zero(objective, uphill):
    net, X, y = solution()
    found = walk(net, X, y, objective, uphill=uphill, steps=25, longest=3.0)
    assert found.path.shape == (len(found.values), len(net.theta))
    assert found.residuals.max() < 1e-13 * (1 + np.abs(y).max())
    assert (np.diff(found.values) * (1 if uphill else -1) > 0).all()
    assert len(found.values) > 3
    assert 0 < found.length <= 3.0 * 1.2
    H = tl.Hessian(found.net, X, y)
    exact = H.trace() if objective == "trace" else H.gauss_newton.frobenius_norm() ** 2
    assert found.values[-1] == pytest.approx(float(exact), rel=1e-10)


def test_a_walk_with_several_outputs_stays_where_the_loss_is_zero():
    rng = np.random.default_rng(2)
    X, Y = rng.standard_normal((4, 3)), rng.standard_normal((4, 2))
    net = tl.TwoLayer(rng.standard_normal((2, 8)), rng.standard_normal((8, 3)), rng.standard_normal(8))
    found = walk(gauss_newton(net, X, Y).net, X, Y, "newton norm", steps=10)
    assert found.residuals.max() < 1e-13 * (1 + np.abs(Y).max())
    assert (np.diff(found.values) < 0).all()
    assert len(found.values) > 3


@pytest.mark.parametrize("seconds", [None, 0.0])
def test_a_walk_that_is_broken_off_keeps_its_way(seconds):
    net, X, y = tl.TwoLayer(a=[4.0], W=[[0.5]], activation="identity"), [[1.0]], [2.0]

    def interrupt(share, doing):
        if share >= 0.02:
            raise KeyboardInterrupt

    found = walk(net, X, y, steps=100, progress=interrupt, max_seconds=seconds)
    assert found.stopped == ("interrupted" if seconds is None else "max_seconds = 0")
    assert len(found.values) == len(found.path) == (3 if seconds is None else 1)
    assert (found.path[-1] == found.net.theta).all()
    assert np.abs(found.residuals).max() < 1e-13


def test_the_flattest_linear_unit_is_balanced():
    net = tl.TwoLayer([4.0], [[0.5]], activation="identity")
    for objective, least in (("trace", 4.0), ("newton norm", 16.0)):
        found = walk(net, [[1.0]], [2.0], objective)
        assert found.values[-1] == pytest.approx(least, rel=1e-9)
        assert found.slope < 1e-5


def test_a_journey_goes_both_ways_and_is_drawn(tmp_path):
    found = journeys(1, samples=20, units=4, steps=6)
    flat, begun, sharp = found[0].row[:3]
    assert flat < begun < sharp
    assert found[0].apart > 0
    assert all(((way >= 0) & (way <= 1)).all() for way in found[0].accuracies)
    assert len(table(found).splitlines()) == 3
    drawn = draw(found, tmp_path)
    assert drawn.path.stat().st_size > 1000


def test_bad_input_is_refused():
    net, X, y = solution()
    with pytest.raises(ValueError, match="objective must be one of trace, newton norm; got 'lmax'"):
        walk(net, X, y, "lmax")
    with pytest.raises(ValueError, match=r"y must be \(1, 2\)"):
        trace_gradient(tl.TwoLayer(np.ones((2, 3)), np.ones((3, 1))), [[1.0]], [[0.0]])
    dead = tl.TwoLayer([0.0], [[0.0]])
    with pytest.raises(ValueError, match="net must be near a solution of zero loss"):
        walk(dead, [[1.0], [2.0]], [1.0, -1.0])
