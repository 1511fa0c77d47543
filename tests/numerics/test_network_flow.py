"""The compiled gradient flow of networks: its method's order, its derivatives, its paths and its labels."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.integrate import solve_ivp

import twolayer as tl
from numerics.basins.map import BasinMap
from numerics.descents.compiled import LARGEST, CompiledSteps, Kernels, smooth_pattern, suits
from numerics.descents.flow import flow
from numerics.descents.piecewise import PiecewiseSteps
from numerics.descents.solvers import begun
from numerics.landscape.landscape import NetworkLandscape
from numerics.landscape.pattern import Pattern
from numerics.landscape.potentials import CosineLattice
from twolayer.many import flow as kernel

SHAPES = [(1, 1, 1), (1, 2, 1), (3, 2, 5), (2, 1, 8), (4, 3, 9), (2, 5, 17)]


def place(m, d, n, seed=0, biases=True, activation="tanh", loss="squared", size=1.0):
    rng = np.random.default_rng([seed, m, d, n])
    a, W = size * rng.normal(size=m), size * rng.normal(size=(m, d))
    net = tl.TwoLayer(a, W, *((size * rng.normal(size=m), 0.3) if biases else ()), activation=activation)
    y = rng.integers(0, 2, size=n) if loss == "logistic" else rng.normal(size=n)
    return NetworkLandscape(net, rng.normal(size=(n, d)), y, loss)


def faults(A, C, gamma):
    """How far the method is from each condition of order four (Hairer & Wanner, section IV.7), and R(inf)."""
    gammas = np.linalg.inv(np.eye(6) / gamma - np.pad(C, ((0, 0), (0, 1))))
    alphas = np.pad(A, ((0, 0), (0, 1))) @ gammas
    betas, b = alphas + gammas, np.append(A[-1], 1.0) @ gammas
    alpha, beta = alphas.sum(axis=1), betas.sum(axis=1)
    order = {
        1: [b.sum() - 1],
        2: [b @ beta - 1 / 2],
        3: [b @ alpha**2 - 1 / 3, b @ betas @ beta - 1 / 6],
        4: [
            b @ alpha**3 - 1 / 4,
            b @ (alpha * (alphas @ beta)) - 1 / 8,
            b @ betas @ alpha**2 - 1 / 12,
            b @ betas @ betas @ beta - 1 / 24,
        ],
    }
    at_infinity = 1 - b @ np.linalg.solve(betas, np.ones(6))
    return np.abs(np.concatenate([*order.values(), [at_infinity]])).max()


def test_the_coefficients_make_a_method_of_order_four_that_damps_stiffness():
    assert faults(kernel.A, kernel.C, kernel.GAMMA) < 1e-12
    for table in (kernel.A, kernel.C):
        for entry in np.argwhere(table):
            wrong = table.copy()
            wrong[tuple(entry)] *= 1 + 1e-7
            tables = (wrong, kernel.C) if table is kernel.A else (kernel.A, wrong)
            assert faults(*tables, kernel.GAMMA) > 1e-12


def derivatives(landscape, theta):
    """What the kernels say of the gradient and of the Hessian."""
    kernels = Kernels(landscape)
    g, H = kernels.curvature(theta, *smooth_pattern(len(theta))[:2])
    return kernels, g, H


@pytest.mark.parametrize("loss", ["squared", "logistic", "pseudo_huber"])
@pytest.mark.parametrize("activation", ["tanh", "erf", "square", "softplus"])
@pytest.mark.parametrize("biases", [True, False])
def test_derivatives_are_those_of_the_landscape(activation, loss, biases):
    for m, d, n in SHAPES:
        here = place(m, d, n, 0, biases, activation, loss)
        _, g, H = derivatives(here, here.net.theta)
        assert_allclose(g, here.gradient(here.net.theta), rtol=0, atol=1e-13 * (1 + np.abs(g).max()))
        assert_allclose(H, here.hessian(here.net.theta), rtol=0, atol=1e-13 * (1 + np.abs(H).max()))


@pytest.mark.parametrize("loss", ["squared", "logistic", "pseudo_huber", "softmax"])
@pytest.mark.parametrize("biases", [True, False])
def test_derivatives_of_several_outputs_are_those_of_the_landscape(loss, biases):
    for q, (m, d, n) in zip((2, 3, 2, 10, 4, 2), SHAPES, strict=True):
        rng = np.random.default_rng([q, m, d, n])
        rest = (rng.normal(size=m), rng.normal(size=q)) if biases else ()
        net = tl.TwoLayer(rng.normal(size=(q, m)), rng.normal(size=(m, d)), *rest)
        y = {"softmax": rng.integers(0, q, n), "logistic": rng.integers(0, 2, (n, q))}.get(loss)
        here = NetworkLandscape(
            net, rng.normal(size=(n, d)), rng.normal(size=(n, q)) if y is None else y, loss
        )
        kernels, g, H = derivatives(here, net.theta)
        assert_allclose(g, here.gradient(net.theta), rtol=0, atol=1e-13 * (1 + np.abs(g).max()))
        assert_allclose(H, here.hessian(net.theta), rtol=0, atol=1e-13 * (1 + np.abs(H).max()))
        assert_allclose(kernels.gradient(net.theta, *smooth_pattern(len(g))[:2]), g, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("q", [1, 2])
def test_derivatives_in_a_pattern_are_those_of_the_pattern(q):
    """Slopes of a pattern that theta is not in, and two samples held at the kink of one unit."""
    rng = np.random.default_rng(q)
    net = tl.TwoLayer(rng.normal(size=(q, 3)), rng.normal(size=(3, 3)), rng.normal(size=3), activation="relu")
    here = NetworkLandscape(net, rng.normal(size=(9, 3)), rng.normal(size=(9, q)))
    held = np.zeros((9, 3), dtype=bool)
    held[[2, 5], 1] = True
    steps = PiecewiseSteps(here, net.theta, 1.0, 1e-5, 1e-8, 0.01)
    steps._enter(Pattern(steps.units, rng.random((9, 3)) < 0.5, held))
    theta = steps.local.projected(net.theta)
    found = steps.derivatives
    assert len(found.given[1]) == 2
    assert_allclose(found.gradient(theta), steps.local.gradient(theta), atol=1e-13)
    g, H = found.kernels.curvature(theta, *found.given)
    assert_allclose(g, steps.local.gradient(theta), atol=1e-13)
    assert_allclose(H, steps.local.hessian(theta), atol=1e-13)


def reference(landscape, theta, time):
    return solve_ivp(
        lambda _, x: -landscape.gradient(x), (0, time), theta, method="DOP853", rtol=1e-13, atol=1e-15
    ).y[:, -1]


def test_one_step_errs_by_its_fifth_power_and_says_so_by_the_fourth():
    here = place(3, 2, 20, seed=2)
    theta, P = here.net.theta, here.dimension
    (kernels, g, H), given = derivatives(here, theta), smooth_pattern(P)[:2]
    E, absolute = np.empty((P, P)), np.append(0.0, np.ones(P))
    lengths = 0.1 * 0.5 ** np.arange(3)
    errors, said = [], []
    for h in lengths:
        assert kernel.factor(H, 1 / (kernel.GAMMA * h), E)
        end, error = kernels.attempt(theta, g, E, h, absolute, given)
        said.append(error)
        errors.append(np.linalg.norm(end - reference(here, theta, h)) / np.sqrt(P))
    assert np.all(np.array(errors) < said)
    assert abs(np.polyfit(np.log(lengths), np.log(errors), 1)[0] - 5) < 0.25
    assert abs(np.polyfit(np.log(lengths), np.log(said), 1)[0] - 4) < 0.25


def test_the_path_is_that_of_an_explicit_solver_within_the_tolerance():
    for m, d, n in SHAPES:
        here = place(m, d, n, seed=4)
        theta, time = here.net.theta, 20.0
        for rtol in (1e-4, 1e-6, 1e-8):
            steps = CompiledSteps(here, theta, time, rtol, 1e-3 * rtol, 1e6, 0.01)
            while not steps.ended:
                failure, points = steps.advance(0.0, 1000)
                assert failure is None
                assert_array_equal(points[-1], steps.theta)
            assert steps.time == time
            assert np.abs(steps.theta - reference(here, theta, time)).max() < 10 * rtol


@pytest.mark.slow
def test_labels_are_those_of_a_fine_radau():
    """Two units learn from five: several minima at finite distances."""
    rng = np.random.default_rng([0, 3])
    teacher = tl.TwoLayer(rng.normal(size=5), 1.5 * rng.normal(size=(5, 2)))
    X = rng.normal(size=(40, 2))
    here = NetworkLandscape(tl.TwoLayer(np.ones(2), np.ones((2, 2))), X, teacher(X))
    basin = BasinMap(here)
    fine = BasinMap(here, solver="Radau", rtol=1e-7, confirm=False)
    labels = []
    for start in 2 * rng.normal(size=(16, 6)):
        ours, theirs = basin.land(start), fine.land(start)
        labels.append(basin.label(ours))
        assert ours.status == theirs.status == "converged"
        assert basin.same(ours.theta, theirs.theta)
    assert len(set(labels)) > 1


def test_a_step_does_not_jump_across_a_direction_in_which_the_flow_runs_apart():
    rng = np.random.default_rng(6)
    Q = np.linalg.qr(rng.normal(size=(4, 4)))[0]
    H, E = Q @ np.diag([-1.0, 0.5, 1.0, 2.0]) @ Q.T, np.empty((4, 4))
    assert not kernel.factor(H, 0.99, E)
    assert not kernel.factor(np.full((4, 4), np.nan), 1.0, E)
    assert kernel.factor(H, 1.01, E)
    right = rng.normal(size=4)
    found = right.copy()
    kernel.solve(E, found)
    assert_allclose((H + 1.01 * np.eye(4)) @ found, right, atol=1e-10)


def test_a_start_beside_a_saddle_leaves_it_on_its_side():
    """f = a w x, y = 1: the origin is a saddle; both sides lead to a w = 1, on branches of their own."""
    here = NetworkLandscape(tl.TwoLayer([1.0], [[1.0]], activation="identity"), [[1.0]], [1.0])
    assert flow(here, [0.0, 0.0]).status == "saddle"
    for side in (1.0, -1.0):
        landing = flow(here, [side * 1e-6, 0.0])
        assert landing.status == "converged"
        assert np.sign(landing.theta[0]) == side
        assert_allclose(landing.theta.prod(), 1.0)


@pytest.mark.parametrize("size", [1e-8, 1e-4, 1.0, 1e4, 1e8])
@pytest.mark.parametrize("activation", ["tanh", "square", "relu", "cube"])
def test_every_scale_ends_with_a_verdict(size, activation):
    here = place(2, 2, 6, 7, True, activation, "squared", size)
    landing = flow(here, here.net.theta, max_steps=300)
    assert landing.status in ("converged", "saddle", "diverged", "undecided")
    assert landing.steps <= 300
    assert np.isfinite(landing.theta).all()
    assert landing.value <= here.value(here.net.theta)


@pytest.mark.parametrize(("goal", "far"), [(np.inf, np.inf), (0.0, 0.0)])
def test_every_call_takes_a_step(goal, far):
    """The caller judges the gradient and the distance by roundings of its own: it must not wait for ever."""
    here = place(3, 2, 9)
    steps = CompiledSteps(here, here.net.theta, 1e12, 1e-5, 1e-8, far, 0.01)
    times = [steps.time]
    for _ in range(3):
        assert steps.advance(goal, 50)[1].shape == (1, here.dimension)
        times.append(steps.time)
    assert np.all(np.diff(times) > 0)


def test_who_is_taken_by_the_compiled_solver():
    assert suits(place(3, 2, 5))
    rng = np.random.default_rng(8)
    two = tl.TwoLayer(rng.normal(size=(2, 3)), rng.normal(size=(3, 2)))
    assert suits(NetworkLandscape(two, rng.normal(size=(5, 2)), rng.normal(size=(5, 2))))
    assert suits(NetworkLandscape(two, rng.normal(size=(5, 2)), rng.integers(0, 2, 5), "softmax"))
    assert not suits(place(LARGEST, 2, 5))
    assert not suits(CosineLattice(2))


@pytest.mark.parametrize(("q", "loss"), [(3, "squared"), (3, "softmax"), (1, "squared")])
def test_the_path_of_several_outputs_or_many_parameters_is_that_of_an_explicit_solver(q, loss):
    rng = np.random.default_rng(q)
    m = 3 if q > 1 else 30
    a = rng.normal(size=(q, m)) if q > 1 else rng.normal(size=m)
    net = tl.TwoLayer(a, rng.normal(size=(m, 2)), rng.normal(size=m))
    y = rng.integers(0, q, 12) if loss == "softmax" else rng.normal(size=(12, q) if q > 1 else 12)
    here = NetworkLandscape(net, rng.normal(size=(12, 2)), y, loss)
    steps = begun(here, net.theta, None, 5.0, 1e-7, 1.0, 1e6)
    while not steps.ended:
        assert steps.advance(0.0, 1000)[0] is None
    assert np.abs(steps.theta - reference(here, net.theta, 5.0)).max() < 1e-5


def test_the_same_start_gives_the_same_bits_here_and_after_a_journey():
    here = place(3, 2, 9, seed=9)
    first = flow(here, here.net.theta)
    again = flow(pickle.loads(pickle.dumps(here)), here.net.theta)
    assert_array_equal(first.theta, again.theta)
    assert (first.steps, first.time) == (again.steps, again.time)
