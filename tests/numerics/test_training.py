"""Training: to interpolation, to minima that do not interpolate, and never silently unconverged."""

import numpy as np
import pytest

import twolayer as tl
from numerics.training import trainers
from numerics.training.directions import conjugate_solver, kernel_solver, matrix_solver
from numerics.training.newton import _damped
from numerics.training.point import start
from twolayer.forward.scope import Scope
from twolayer.spectrum.tangent_kernel import jacobian_gram


def problem(seed=0, n=12, d=5, m=4, q=None, activation="tanh"):
    rng = np.random.default_rng(seed)
    a, c = (rng.normal(size=m), None) if q is None else (rng.normal(size=(q, m)), rng.normal(size=q))
    net = tl.TwoLayer(a, rng.normal(size=(m, d)), rng.normal(size=m), c, activation)
    return net, rng.normal(size=(n, d)), rng.choice([-1.0, 1.0], size=n if q is None else (n, q))


def jacobian(net, X, step=1e-6):
    """Central differences of the outputs by theta, (n q, P)."""
    columns = []
    for direction in np.eye(net.n_parameters) * step:
        ends = net.replace(net.theta + direction)(X), net.replace(net.theta - direction)(X)
        columns.append((ends[0] - ends[1]).ravel() / (2 * step))
    return np.stack(columns, axis=1)


@pytest.mark.parametrize("q", [None, 1, 3])
def test_the_tangent_kernel_is_that_of_the_jacobian(q):
    net, X, y = problem(q=q)
    J = jacobian(net, X)
    made = jacobian_gram(start(net, X, y, "squared").run, Scope(tuple(net.parts)))
    np.testing.assert_allclose(made, J @ J.T, atol=1e-7)


@pytest.mark.parametrize("q", [None, 3])
@pytest.mark.parametrize("loss", ["squared", "pseudo_huber", "logistic"])
def test_both_ways_to_a_gauss_newton_step_agree(q, loss):
    net, X, y = problem(q=q)
    point = start(net, X, (y + 1) / 2, loss)
    through_kernel, scale = kernel_solver(point)
    through_matrix, _ = matrix_solver(point)
    np.testing.assert_allclose(through_kernel(scale), through_matrix(scale), rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("q", [None, 2])
@pytest.mark.parametrize("loss", ["squared", "pseudo_huber"])
@pytest.mark.parametrize("activation", ["tanh", "relu", "softplus"])
def test_interpolation_to_the_last_digit(q, loss, activation):
    net, X, y = problem(q=q, n=8, m=24, activation=activation)
    done = trainers.to_minimum(net, X, y, loss=loss)
    assert (done.converged, done.why) == (True, "every residual is zero within rounding")
    assert done.risk < 1e-28
    np.testing.assert_allclose(done.net(X), y, atol=1e-13)


@pytest.mark.parametrize("loss", ["squared", "logistic", "pseudo_huber"])
def test_a_minimum_that_does_not_interpolate(loss):
    """Two samples at each input, with opposite labels: the best output is half way."""
    net, X, y = problem(n=3, m=6)
    X, y = np.tile(X, (2, 1)), np.concatenate([y, -y])
    done = trainers.to_minimum(net, X, (y + 1) / 2, loss=loss)
    assert (done.converged, done.why) == (True, "the gradient is zero within rounding")
    assert done.gradient_norm <= done.gradient_error < 1e-12
    np.testing.assert_allclose(done.net(X), 0.0 if loss == "logistic" else 0.5, atol=1e-6)
    assert tl.Hessian(done.net, X, (y + 1) / 2, loss).eigenvalues().value[-1] > -1e-12


def test_fewer_parameters_than_samples():
    net, X, noise = problem(n=60, d=2, m=1)
    y = net(X) + 0.1 * noise
    done = trainers.to_minimum(net, X, y)
    assert (done.converged, done.why) == (True, "the gradient is zero within rounding")
    assert 1e-4 < done.risk < trainers.gradient_descent(net, X, y, learning_rate=0.1, steps=100).risk


def test_softmax_with_newton():
    net, X, _ = problem(n=6, m=2, q=3)
    X, labels = np.tile(X, (3, 1)), np.repeat([0, 1, 2], 6)
    done = trainers.to_minimum(net, X, labels, loss="softmax")
    assert done.converged
    assert done.risk == pytest.approx(np.log(3), rel=1e-12)


def test_conjugate_gradients_find_the_same_minimum():
    net, X, y = problem(n=3, m=3)
    X, y = np.tile(X, (2, 1)), np.concatenate([y, -y])
    done = _damped(start(net, X, y, "squared"), conjugate_solver, 100, 0.0, None)
    assert done.converged
    assert done.risk == pytest.approx(0.5, rel=1e-12)


def test_newton_leaves_a_saddle():
    """At zero weights the gradient vanishes and the Hessian does not."""
    net = tl.TwoLayer([0.0], [[0.0]], activation="identity")
    done = trainers.newton(net, [[1.0]], [1.0])
    assert done.risk < 1e-28


def test_separable_logistic_data_has_no_minimum_and_says_so():
    net, X, y = problem(n=6, m=6)
    labels = (y + 1) / 2
    reached = trainers.to_minimum(net, X, labels, loss="logistic", target=1e-3)
    assert (reached.converged, reached.why) == (True, "the risk fell to the target")
    assert reached.risk <= 1e-3
    few = trainers.to_minimum(net, X, labels, loss="logistic", steps=3, finish=3)
    assert (few.converged, few.rung) == (False, "no minimum")
    assert few.why == "the classes are separated: the risk falls to 0 only at infinity"


def test_gradient_descent_follows_the_formula():
    net, X, y = problem()
    done = trainers.gradient_descent(net, X, y, learning_rate=0.1, steps=1)
    np.testing.assert_array_equal(done.net.theta, net.theta - 0.1 * tl.gradient(net, X, y))
    assert (done.converged, done.why, done.steps) == (False, "the step limit was reached", 1)


def test_sgd_on_the_whole_batch_is_gradient_descent():
    net, X, y = problem()
    rng = np.random.default_rng(1)
    stochastic = trainers.sgd(net, X, y, learning_rate=0.1, batch_size=12, epochs=5, rng=rng)
    whole = trainers.gradient_descent(net, X, y, learning_rate=0.1, steps=5)
    np.testing.assert_allclose(stochastic.net.theta, whole.net.theta, rtol=1e-12)


def test_sgd_repeats_with_its_generator():
    def run(seed):
        rng = np.random.default_rng(seed)
        return trainers.sgd(*problem(), learning_rate=0.1, batch_size=5, epochs=3, rng=rng).net.theta

    np.testing.assert_array_equal(run(1), run(1))
    assert not np.array_equal(run(1), run(2))


def test_lbfgs_and_gauss_newton_agree_that_there_is_an_interpolant():
    net, X, y = problem(n=6, m=8)
    assert trainers.lbfgs(net, X, y, steps=2000).risk < 1e-12


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"learning_rate": 0.0, "steps": 3}, "learning_rate must be positive; got 0.0"),
        ({"learning_rate": 1e200, "steps": 9}, "learning_rate must be small enough"),
    ],
)
def test_bad_learning_rates(arguments, message):
    with pytest.raises(ValueError, match=message):
        trainers.gradient_descent(*problem(activation="square"), **arguments)


def test_gauss_newton_refuses_a_loss_that_couples_outputs():
    net, X, _ = problem(q=3)
    with pytest.raises(ValueError, match="loss must be a sum over outputs; got softmax"):
        trainers.gauss_newton(net, X, np.zeros(12), loss="softmax")


def test_the_start_is_left_alone_and_seeded():
    net, X, y = problem()
    before = net.theta
    trainers.to_minimum(net, X, y)
    np.testing.assert_array_equal(net.theta, before)
    nets = [trainers.random_network(4, 3, rng=np.random.default_rng(2)) for _ in range(2)]
    np.testing.assert_array_equal(nets[0].theta, nets[1].theta)
