"""Flow of networks with kinks, against small steps of Euler; one codec of landings; scale; separability."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

import twolayer as tl
from numerics.basin_study.classifiers import begin, empty
from numerics.basin_study.problems import spiral
from numerics.descents.flow import flow
from numerics.descents.landing import Landing, as_arrays, from_arrays
from numerics.descents.methods import METHODS
from numerics.descents.piecewise import PiecewiseSteps
from numerics.descents.segment import Segment
from numerics.landscape import sliding
from numerics.landscape.landscape import FunctionLandscape, NetworkLandscape
from numerics.landscape.pattern import Pattern, Units
from twolayer.many.crossings import leaving
from twolayer.many.rodas import ON


def place(m, n, seed, activation="relu"):
    rng = np.random.default_rng(seed)
    net = tl.TwoLayer(rng.normal(size=m), rng.normal(size=(m, 2)), rng.normal(size=m), activation=activation)
    return NetworkLandscape(net, rng.normal(size=(n, 2)), rng.normal(size=n))


@pytest.mark.slow
@pytest.mark.parametrize("activation", ["relu", "leaky_relu"])
def test_the_path_is_that_of_small_steps(activation):
    here, time, step = place(3, 8, 1, activation), 5.0, 2e-4
    theta = here.net.theta
    for _ in range(round(time / step)):
        theta = theta - step * here.gradient(theta)
    steps = PiecewiseSteps(here, here.net.theta, time, 1e-7, 1e-10, 1e-3)
    while not steps.ended:
        assert steps.advance(0.0, 1)[0] is None
    assert_allclose(steps.theta, theta, atol=5e-3)
    assert_allclose(here.conserved(steps.theta), here.conserved(here.net.theta), atol=1e-12)


def test_five_samples_are_interpolated():
    here = place(20, 5, 2)
    landing = flow(here, here.net.theta)
    assert (landing.status, landing.rung) == ("converged", "interpolates")
    assert landing.value < 1e-25


def test_a_start_near_a_saddle_leaves_it():
    here = NetworkLandscape(tl.TwoLayer([1.0], [[1.0]], activation="identity"), [[1.0]], [1.0])
    for size in (1e-9, 1e-12):
        landing = flow(here, [size, 0.0])
        assert landing.status == "converged"
        assert_allclose(landing.theta.prod(), 1.0)


@pytest.mark.parametrize("height", [1e-8, 1.0, 1e8])
@pytest.mark.parametrize("length", [1e-8, 1.0, 1e8])
def test_paths_scale_with_the_problem(height, length):
    def bowl(h, s):
        return FunctionLandscape(
            lambda x: h * (x / s) @ (x / s) / 2, lambda x: h * x / s**2, lambda x: h * np.eye(len(x)) / s**2
        )

    landing = flow(bowl(height, length), np.array([1.0, -0.5]) * length)
    assert landing.status == "converged"
    assert_allclose(landing.theta / length, 0, atol=1e-10)


def test_landings_survive_a_store_and_old_stores_are_read():
    one = Landing(theta=np.ones(2), status="saddle", why="a test", value=0.5, steps=3)
    [again] = from_arrays(as_arrays([one], "flow "), "flow ")
    assert (again.status, again.why, again.value, again.steps) == ("saddle", "a test", 0.5, 3)
    old = {"theta": np.ones((1, 2)), "status": np.array(["diverged"]), "why": np.array(["old"])}
    [read] = from_arrays(old)
    assert read.status == "diverged"
    assert np.isnan(read.value)
    with pytest.raises(ValueError, match="status must be"):
        from_arrays({**old, "status": np.array([9])})


def test_where_quasi_newton_stops_at_kinks_the_flow_leads_on():
    """Line searches stop at kinks, most of which are no minima; every end is decided."""
    rng = np.random.default_rng(1)
    X = rng.normal(size=(60, 2))
    teacher = tl.TwoLayer(rng.normal(size=4), rng.normal(size=(4, 2)), rng.normal(size=4), activation="relu")
    net = tl.TwoLayer(rng.normal(size=3), rng.normal(size=(3, 2)), rng.normal(size=3), activation="relu")
    place = NetworkLandscape(net, X, teacher(X))
    ends = [METHODS["lbfgs"](place, rng.normal(size=12), rng=rng) for _ in range(8)]
    assert {end.status for end in ends} == {"converged"}
    led = [end for end in ends if "the flow from there" in end.why]
    assert led
    for end in led:
        again = flow(place, end.theta)
        assert np.linalg.norm(again.theta - end.theta) <= 1e-6 * np.linalg.norm(end.theta)


@pytest.mark.slow
def test_kinks_do_not_pile_up_where_steps_are_long():
    """Late on a path a kink that was let go is not met again by the rough path inside a long step."""
    problem = replace(spiral(0), activation="relu")
    X, y = problem.genuine
    landing = flow(NetworkLandscape(empty(problem), X, y), begin(problem, 0, 1), rtol=1e-4)
    assert landing.status == "converged"


@pytest.mark.parametrize(("rounding", "holds"), [(0.0, False), (0.9, False), (1.1, False), (3.0, True)])
def test_what_has_let_go_is_not_held_again_by_another_estimate_of_the_rounding(monkeypatch, rounding, holds):
    """f = relu(w x + b) at its kink for x = 1: its slope there is -3 g_2 / (2 g_1), just above 1.

    Whether a kink lets go and where it leads are asked one after the other, with roundings that may differ.
    """
    net, beyond = tl.TwoLayer([1.0], [[1.0]], [-1.0], activation="relu"), 1e-9
    target = 1 + 2 / 3 * (1 + beyond)  # g = (1, 1 - target)
    here = NetworkLandscape(net, [[1.0], [2.0]], [-1.0, target])
    excess = beyond / 2 * np.sqrt(2)  # g_1 / n times what is beyond 1, along x~ = (1, 1)
    pattern = Pattern(Units(here), np.array([[False], [True]]), np.array([[True], [False]]))
    assert sliding.margin(pattern, net.theta, lambda: 0.99 * excess) < 0
    assert sliding.margin(pattern, net.theta, lambda: 1.01 * excess) == 0
    monkeypatch.setattr(sliding, "gradient_rounding", lambda _: rounding * excess)
    left, _ = sliding.turned(pattern, net.theta, np.zeros((2, 1), dtype=bool))
    assert left.held.any() == holds


@pytest.mark.parametrize("activation", ["relu", "leaky_relu"])
@pytest.mark.parametrize("seed", range(4))
def test_kinks_are_crossed_alike_by_kernels_and_one_by_one(activation, seed):
    here = place(3 + seed, 12, seed, activation)
    ends = []
    for compiled in (True, False):
        steps = PiecewiseSteps(here, here.net.theta, 3.0, 1e-8, 1e-11, 1e-3)
        if not compiled:
            steps.clock = None
        while not steps.ended:
            assert steps.advance(0.0, 50)[0] is None
        ends.append((steps.theta, steps.events, steps.local.positive))
        assert_allclose(here.conserved(steps.theta), here.conserved(here.net.theta), atol=1e-12)
    assert_allclose(ends[0][0], ends[1][0], atol=1e-6)
    assert ends[0][1] == ends[1][1] > 0
    assert (ends[0][2] == ends[1][2]).all()


@pytest.mark.parametrize("seed", range(8))
def test_a_step_is_left_where_a_sweep_along_it_first_sees_the_other_side(seed):
    rng = np.random.default_rng(seed)
    m, d, n = 3, 2, 9
    columns = m + np.arange(m * d).reshape(m, d)
    begin, x = rng.normal(size=m + m * d), rng.normal(size=(d, n))
    end, inside = begin + 0.7 * rng.normal(size=begin.shape), 0.2 * rng.normal(size=(2, begin.size))
    sides = np.concatenate([np.sign(begin[columns] @ x), np.linalg.norm(x, axis=0)[None]])
    share, met = leaving(begin, end, inside, columns, x, sides, np.empty((m, n)))
    places = np.linspace(0, 1, 20_001)
    rest = 1 - places[:, None]
    path = rest * begin + places[:, None] * (end + rest * (inside[0] + places[:, None] * inside[1]))
    Z = sides[:-1] * (path[:, columns] @ x)
    outside = np.flatnonzero((Z < 0).any(axis=(1, 2)))
    if not len(met):
        assert not (Z[-1] < 0).any()
        return
    twice = (Z.min(axis=0) < 0) & (Z[-1] >= 0)  # such crossings are not seen
    if not twice.any():
        assert abs(share - places[outside[0]]) < 1e-4
        assert (np.abs(Z[outside[0]].ravel()[met]) < 1e-3).all()


@pytest.mark.parametrize("activation", ["relu", "leaky_relu"])
@pytest.mark.parametrize("scale", [1e-8, 1e-6, 1e6, 1e8])
def test_outer_weights_far_from_the_inner_ones_are_given_their_own_time(activation, scale):
    for seed in (3, 7):
        here = place(4, 12, seed, activation)
        outer = here.net.layout["a"]
        theta, y = here.net.theta.copy(), scale * np.asarray(here.risk.y).ravel()
        theta[outer] *= scale
        assert flow(NetworkLandscape(here.net, here.X, y), theta).status == "converged"


class Drawn(PiecewiseSteps):
    """A step of length 1 on a line, and how far two things are inside after each share of it."""

    def __init__(self, insides):
        self.insides, self.time, self.asked = insides, 0.0, 0

    def _signed(self, theta):
        self.asked += 1
        assert self.asked < 200, "no end"
        return np.array([inside(float(theta[0])) for inside in self.insides] + [np.inf])

    def _least(self, segment, outside):
        return lambda share: float(self._signed(segment(share))[outside].min()) + ON


LINE = Segment(np.zeros(1), np.ones(1), np.zeros((2, 1)), 1.0)


def test_what_comes_back_inside_does_not_keep_a_kink_from_being_met():
    back, out = lambda s: s - 0.9, lambda s: 0.6 - s
    share, outside = Drawn([back, out])._meeting(LINE, np.array([False, True, False]))
    assert_allclose(share, 0.6, rtol=1e-9)
    assert outside.tolist() == [False, True, False]


@pytest.mark.parametrize("kink", [1e-6, 0.003, 0.2, 0.499])
def test_an_early_kink_lies_in_the_later_half_of_the_share_that_is_told(kink):
    share = Drawn([lambda s: s + 1, lambda s: kink - s])._early(LINE)
    assert share / 2 <= kink < share <= 0.5


def test_no_share_is_told_where_nothing_is_left_early():
    for insides in ([lambda s: 0.7 - s], [lambda s: -1.0], [lambda s: 1.0]):
        assert Drawn(insides)._early(LINE) == 1.0
    late = Drawn([lambda s: 0.1 - s])
    late.time = 1e15  # no step may be shorter
    assert late._early(LINE) == 1.0
