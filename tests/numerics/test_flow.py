"""Gradient flow against paths known in closed form, and every way in which it can fail to end."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import twolayer as tl
from numerics.basins import BasinMap
from numerics.descents.flow import flow
from numerics.landscape.landscape import FunctionLandscape, NetworkLandscape
from numerics.landscape.potentials import CosineLattice, ellipsoid, powers

RNG = np.random.default_rng(4)


@pytest.mark.parametrize("solver", ["LSODA", "BDF", "Radau"])
def test_every_start_in_the_cube_flows_to_its_centre(solver):
    lattice = CosineLattice(3, 2.0)
    for start in RNG.uniform(-0.999, 0.999, size=(5, 3)):
        landing = flow(lattice, start + np.array([2.0, 0.0, -4.0]), solver=solver)
        assert landing.status == "converged"
        assert_allclose(landing.theta, [2.0, 0.0, -4.0], atol=1e-12)


def test_a_stiff_quadratic_takes_few_steps():
    """Condition 1e8: an explicit method would need some 1e8 steps."""
    landing = flow(ellipsoid(np.geomspace(1e-4, 1e4, 10)), np.ones(10))
    assert landing.status == "converged"
    assert landing.steps < 2000
    assert_allclose(landing.theta, 0, atol=1e-10)


def test_a_minimum_without_curvature_is_reached_slowly_and_called_by_its_name():
    """x' = -4 x^3 falls like t^(-1/2): the finish has no curvature to work with."""
    landing = flow(powers([1.0, 1.0], 4.0), [1.0, -0.5], horizon=1e30)
    assert landing.status == "undecided"
    assert_allclose(landing.theta, 0, atol=1e-2)


def test_the_flow_passes_a_saddle_and_a_start_on_it_stays():
    well = FunctionLandscape(
        lambda x: (x[0] ** 2 - 1) ** 2 + x[1] ** 2,
        lambda x: np.array([4 * x[0] * (x[0] ** 2 - 1), 2 * x[1]]),
        lambda x: np.diag([12 * x[0] ** 2 - 4, 2.0]),
    )
    held = flow(well, [0.0, 0.0])
    assert held.status == "saddle"
    assert "curvature -4" in held.why
    for side in (1.0, -1.0):
        passed = flow(well, [side * 1e-5, 0.7])
        assert passed.status == "converged"
        assert_allclose(passed.theta, [side, 0.0], atol=1e-12)


def test_no_minimum_at_a_finite_distance():
    down = FunctionLandscape(lambda x: -(x @ x), lambda x: -2 * x, lambda x: -2 * np.eye(len(x)))
    assert flow(down, [1.0, 0.0]).status == "diverged"
    slope = FunctionLandscape(lambda x: np.exp(-x[0]), lambda x: -np.exp(-x), lambda x: np.diag(np.exp(-x)))
    drifting = flow(slope, [0.0])
    assert drifting.status == "diverged"
    assert "still drifting" in drifting.why


def test_separable_labels_have_no_minimum():
    net = tl.TwoLayer([0.3], [[0.5]], [0.1])
    place = NetworkLandscape(net, [[-1.0], [1.0]], [0, 1], "logistic")
    assert flow(place, net.theta).status == "diverged"


def test_a_wall_and_a_hole_are_not_minima():
    wall = FunctionLandscape(
        lambda x: np.inf if x[0] < 1 else x[0] ** 2,
        lambda x: np.full(1, np.nan) if x[0] < 1 else 2 * x,
        lambda x: np.full((1, 1), np.nan) if x[0] < 1 else 2 * np.eye(1),
    )
    assert flow(wall, [2.0]).status == "undecided"
    with pytest.raises(ValueError, match="start must be a point where the landscape is finite; got"):
        flow(wall, [0.0])


@pytest.mark.parametrize("solver", ["LSODA", "BDF", "Radau"])
@pytest.mark.parametrize("hole", [np.nan, np.inf])
def test_every_solver_ends_at_a_hole(solver, hole):
    """The flow towards 0 runs into a region without values: bounded work, and no minimum made up."""
    hollow = FunctionLandscape(
        lambda x: hole if x[0] < 1 else x[0] ** 2,
        lambda x: np.full(1, np.nan) if x[0] < 1 else 2 * x,
        lambda x: np.full((1, 1), np.nan) if x[0] < 1 else 2 * np.eye(1),
    )
    landing = flow(hollow, [2.0], solver=solver)
    assert landing.status == "undecided"
    assert "stopped" in landing.why


def test_too_few_steps_leave_it_undecided():
    landing = flow(ellipsoid([1.0, 1e6]), [1.0, 1.0], max_steps=3)
    assert landing.status == "undecided"
    assert "3 steps" in landing.why


def teacher(activation, seed=3, units=3, n=100):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 2))
    net = tl.TwoLayer(rng.normal(size=units) + 1, rng.normal(size=(units, 2)), activation=activation)
    return net, X, net(X)


@pytest.mark.parametrize("activation", ["tanh", "square"])
def test_a_network_flows_to_its_teacher(activation):
    net, X, y = teacher(activation)
    start = net.replace(net.theta + 0.1 * RNG.normal(size=net.n_parameters))
    landing = flow(NetworkLandscape(start, X, y), start.theta)
    assert landing.status == "converged"
    assert landing.value < 1e-25


def test_conserved_quantities_are_kept_to_the_tolerance():
    """Theorem T11, for degree two: |w_k|^2 - 2 a_k^2."""
    net, X, y = teacher("square")
    start = net.replace(net.theta + 0.1 * RNG.normal(size=net.n_parameters))
    place = NetworkLandscape(start, X, y)
    assert_allclose(place.conserved(start.theta), (start.W**2).sum(axis=1) - 2 * start.a**2)
    coarse, fine = (flow(place, start.theta, rtol=rtol).drift for rtol in (1e-4, 1e-7))
    assert 0 < fine < 1e-5
    assert fine < coarse < 1e-2
    assert np.isnan(flow(ellipsoid([1.0]), [1.0]).drift)


@pytest.mark.parametrize(("planted", "status"), [(1e-9, "converged"), (0.1, "drifted")])
def test_a_drift_beyond_the_tolerance_is_no_landing(planted, status):
    """What is said to be kept changes along the path by a planted share: no label may come of it."""
    centre, scales = np.array([3.0, -2.0]), np.array([1.0, 2.0])

    class Kept(FunctionLandscape):
        def conserved(self, theta):
            return np.array([1.0 + planted * theta[0]])

    bowl = Kept(
        lambda theta: float(scales @ (theta - centre) ** 2) / 2,
        lambda theta: scales * (theta - centre),
        lambda _: np.diag(scales),
        dimension=2,
    )
    landing = flow(bowl, [1.0, 1.0])
    assert landing.status == status
    if status == "drifted":
        assert landing.rung == "stopped"
        assert "conserves changed" in landing.why
    assert (BasinMap(bowl)(np.ones(2)) >= 0) == (status == "converged")


def test_interpolation_is_reached_to_rounding():
    """P = 41 > n = 10: the Hessian at the end is singular, and Gauss-Newton finishes."""
    rng = np.random.default_rng(0)
    net = tl.TwoLayer(rng.normal(size=10) / 3, rng.normal(size=(10, 2)), np.zeros(10), 0.0)
    landing = flow(NetworkLandscape(net, rng.normal(size=(10, 2)), rng.normal(size=10)), net.theta)
    assert landing.status == "converged"
    assert landing.value < 1e-25


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"solver": "Euler"}, "solver must be one of LSODA, BDF, Radau; got 'Euler'"),
        ({"rtol": 0.0}, "rtol must lie between 0 and 1; got 0.0"),
    ],
)
def test_bad_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        flow(ellipsoid([1.0]), [1.0], **options)
