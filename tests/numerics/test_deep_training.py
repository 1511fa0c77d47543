"""Training of deep networks: gradients by differences, kernels by dense Jacobians, ends by claims."""

import numpy as np
import pytest

from numerics import deep
from numerics.deep.tangents import tangent
from numerics.deep.training import gauss_newton, gradient_descent, interpolates, lbfgs, sgd

RNG = np.random.default_rng(0)
X = RNG.normal(size=(7, 3))


def targets(loss: str, q: int) -> np.ndarray:
    return RNG.integers(0, q, 7) if loss == "softmax" else RNG.normal(size=(7, q))


SIZES = {1: [3, 2], 2: [3, 9, 2], 3: [3, 8, 6, 2], 6: [3, 8, 8, 8, 8, 8, 2]}


@pytest.mark.parametrize("loss", ["squared", "softmax", "pseudo_huber"])
@pytest.mark.parametrize("depth", SIZES)
@pytest.mark.parametrize("biases", [True, False])
def test_gradient_by_differences_and_kernel_by_the_dense_jacobian(loss, depth, biases):
    net = deep.random_network(SIZES[depth], "tanh", seed=depth, biases=biases)
    at = tangent(net, X, targets(loss, 2), loss)
    step = 1e-6
    J = np.zeros((14, net.n_parameters))
    slope = np.zeros(net.n_parameters)
    for index, unit in enumerate(np.eye(net.n_parameters)):
        up, down = at.moved(step * unit), at.moved(-step * unit)
        J[:, index] = (up.outputs - down.outputs).ravel() / (2 * step)
        slope[index] = (up.risk - down.risk) / (2 * step)
    np.testing.assert_allclose(at.gradient, slope, atol=1e-8)
    np.testing.assert_allclose(at.kernel, J @ J.T, atol=1e-7)
    weights = RNG.normal(size=(7, 2))
    np.testing.assert_allclose(at.pulled_back(weights), J.T @ weights.ravel(), atol=1e-7)


@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("depth", [2, 3, 6])
@pytest.mark.parametrize("scale", [1e-4, 1.0, 3.0])
def test_the_finish_interpolates_to_rounding(activation, depth, scale):
    sizes = [3, *[24] * (depth - 1), 2]
    y = scale * targets("squared", 2)
    found = gauss_newton(deep.random_network(sizes, activation, seed=3), X, y, steps=400)
    assert found.converged
    assert np.abs(found.net(X) - y).max() < 1e-11 * scale
    H = deep.Hessian(found.net, X, y)
    assert (np.linalg.norm(H.forward.G, axis=1) <= H.forward.G_error).all()


def test_what_cannot_be_interpolated_says_so():
    """Seven samples with two targets each and four parameters."""
    found = gauss_newton(deep.Network([[[1.0, 0.0, 0.0]], [[1.0], [0.5]]]), X, targets("squared", 2))
    assert not found.converged
    assert not interpolates(tangent(found.net, X, targets("squared", 2)))


def test_softmax_goes_to_its_target():
    y = targets("softmax", 2)
    found = gauss_newton(deep.random_network(SIZES[3], seed=0), X, y, loss="softmax", target=1e-3)
    assert (found.risk <= 1e-3, found.why) == (True, "the risk fell to the target")
    assert (found.net(X).argmax(axis=1) == y).all()


def test_descent_is_descent_and_a_long_step_is_not():
    net, y = deep.random_network(SIZES[3], seed=0), targets("squared", 2)
    risks = [
        gradient_descent(net, X, y, learning_rate=0.02, steps=steps).risk for steps in (1, 10, 100, 1000)
    ]
    assert risks == sorted(risks, reverse=True)
    cube = deep.random_network(SIZES[3], "cube", seed=0)
    assert gradient_descent(cube, X, y, learning_rate=1e3, steps=100).why.startswith("the risk grew")


def test_sgd_of_one_batch_is_descent_and_repeats_itself():
    net, y = deep.random_network(SIZES[2], seed=0), targets("squared", 2)
    whole = sgd(net, X, y, learning_rate=0.1, batch_size=7, epochs=5, rng=np.random.default_rng(0))
    straight = gradient_descent(net, X, y, learning_rate=0.1, steps=5)
    np.testing.assert_allclose(whole.net.theta, straight.net.theta, rtol=1e-12)
    runs = [
        sgd(net, X, y, learning_rate=0.1, batch_size=2, epochs=9, momentum=0.5, rng=np.random.default_rng(1))
        for _ in range(2)
    ]
    assert (runs[0].net.theta == runs[1].net.theta).all()
    assert runs[0].steps == 36


def test_lbfgs_reaches_its_target():
    y = targets("squared", 2)
    found = lbfgs(deep.random_network([3, 20, 20, 2], seed=0), X, y, steps=500, target=1e-4)
    assert found.converged
    assert found.risk <= 1e-4


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"learning_rate": 0.0}, "learning_rate must be positive"),
        ({"steps": -1}, "steps must be positive"),
        ({"learning_rate": np.nan}, "learning_rate must be positive"),
    ],
)
def test_bad_numbers(change, message):
    net, y = deep.random_network(SIZES[2], seed=0), targets("squared", 2)
    with pytest.raises(ValueError, match=message):
        gradient_descent(net, X, y, **{"learning_rate": 0.1, "steps": 3} | change)
    with pytest.raises(ValueError, match="must"):
        gauss_newton(net, X[:, :2], y)


def test_descent_that_diverges_says_so_without_a_warning():
    """The last gradient has squares beyond the floats."""
    net = deep.Network([[[1.0]], [[1.0]]], activation="identity")
    found = gradient_descent(net, [[1e80]], [[1.0]], learning_rate=1.0, steps=50)
    assert found.why == "the risk grew beyond all measure"
    assert 1e154 < found.gradient_norm < np.inf
