"""Starts next to stationary points, where the first gradient is small: the flow leaves, or says what is."""

import numpy as np
import pytest

import twolayer as tl
from numerics.basin_study.problems import teacher_student
from numerics.descents.finish import finish, lowest_curvature
from numerics.descents.flow import flow
from numerics.landscape.landscape import NetworkLandscape
from numerics.training.starts import starts

OFF = [1e-9, 1e-11, 1e-13, 1e-14]


def student(activation, n=12):
    rng = np.random.default_rng(3)
    teacher = tl.TwoLayer([1.0, -0.7], [[1.0, 0.3], [-0.5, 1.2]], activation=activation)
    X = rng.normal(size=(n, 2))
    net = tl.TwoLayer([1.0] * 2, [[1.0, 0.5]] * 2, activation=activation)
    return NetworkLandscape(net, X, teacher(X))


def beside(place, activation, share, off, seed=0):
    """A start at the best single unit, twice, its outer weight split by `share`; and that minimum's risk."""
    one = NetworkLandscape(
        tl.TwoLayer([0.5], [[0.6, 0.2]], activation=activation), place.X, place.risk.y[:, 0]
    )
    end = flow(one, one.net.theta)
    assert end.status == "converged"
    (a, *w), rng = end.theta, np.random.default_rng(seed)
    theta = np.array([share * a, (1 - share) * a, *w, *w])
    return theta + off * rng.normal(size=6), end.value


@pytest.mark.parametrize("off", OFF)
@pytest.mark.parametrize("activation", ["tanh", "identity"])
@pytest.mark.parametrize("share", [0.5, 0.3])
def test_beside_a_unit_that_is_there_twice(activation, share, off):
    """A saddle for tanh, which is left; a minimum that holds the flow, or a plain, is called stationary."""
    place = student(activation)
    start, risk = beside(place, activation, share, off)
    landing = flow(place, start)
    assert landing.status == "converged", landing.why
    assert landing.value <= risk * (1 + 1e-9) + 1e-30
    if activation == "tanh":
        assert landing.rung == "interpolates"


@pytest.mark.parametrize("off", OFF)
@pytest.mark.parametrize("activation", ["relu", "leaky_relu"])
def test_beside_a_unit_with_a_kink_that_is_there_twice(activation, off):
    place = student(activation)
    start, risk = beside(place, activation, 0.5, off)
    landing = flow(place, start)
    assert landing.status == "converged", landing.why
    assert landing.value <= risk * (1 + 1e-9) + 1e-30


@pytest.mark.parametrize("off", OFF)
@pytest.mark.parametrize("activation", ["tanh", "relu", "leaky_relu", "softplus", "identity"])
def test_beside_the_network_of_zeros(activation, off):
    """By homogeneity the first gradient is as small as the start, but no rounding of zero."""
    place = student(activation)
    landing = flow(place, off * np.random.default_rng(1).normal(size=6))
    assert landing.status == "converged", landing.why
    assert landing.value < 0.8 * place.value(np.zeros(6))


def test_few_outputs_are_finished_without_the_hessian(monkeypatch):
    """30 outputs, 150 parameters: the finish ends where that by the Gauss-Newton matrix does."""
    rng = np.random.default_rng(5)
    net = tl.TwoLayer(rng.normal(size=30), rng.normal(size=(30, 4)), activation="tanh")
    place = NetworkLandscape(net, rng.normal(size=(30, 4)), rng.normal(size=30))
    with monkeypatch.context() as without:
        without.setattr(NetworkLandscape, "hessian", None)
        landing = flow(place, net.theta)
    assert (landing.status, landing.rung) == ("converged", "interpolates")
    near = landing.theta + 1e-5 * rng.normal(size=150)
    end, settled = finish(place, near)
    for _ in range(6):
        near = near - np.linalg.pinv(place.gauss_newton(near), rcond=1e-9, hermitian=True) @ place.gradient(
            near
        )
    assert settled
    np.testing.assert_allclose(end, near, atol=1e-9)


def test_the_least_curvature_of_few_outputs_has_the_sign_of_the_least_eigenvalue():
    rng = np.random.default_rng(6)
    net = tl.TwoLayer(np.zeros(20), np.zeros((20, 4)), activation="tanh")
    place = NetworkLandscape(net, rng.normal(size=(10, 4)), rng.normal(size=10))
    assert lowest_curvature(place, net.theta)[0] == -1
    end = flow(place, rng.normal(size=100)).theta
    assert np.linalg.eigvalsh(place.hessian(end))[0] < 1e-12
    assert lowest_curvature(place, end)[0] == 0


@pytest.mark.parametrize("which", [87, 97, 102, 118])
def test_a_path_towards_infinity_is_no_minimum_when_time_is_up(which):
    """Its gradient is within some thousand roundings, as beside a saddle, but it has gone far and goes on."""
    net, X, y = teacher_student(0)
    begin = starts(net, 1, seed=0, scale=1.0, first=which)[0]
    landing = flow(NetworkLandscape(net, X, y), begin, rtol=1e-4)
    assert (landing.status, landing.rung) == ("diverged", "no minimum")
    assert np.linalg.norm(landing.theta) > 50 * np.linalg.norm(begin)
