"""Labels, fractions and their intervals, the same on every executor."""

import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest
from scipy.stats import binom

import twolayer as tl
from numerics import basins
from numerics.basins.classes import by_accuracy, by_interpolation
from numerics.basins.map import BasinMap
from numerics.descents.methods import METHODS
from numerics.landscape.landscape import FunctionLandscape, NetworkLandscape
from numerics.landscape.potentials import CosineLattice, ellipsoid
from numerics.statistics.shares import share, shares, together
from numerics.sweeps.store import SweepError


def rng():
    return np.random.default_rng(5)


def test_labels_on_a_lattice_are_its_cells():
    lattice, basin = CosineLattice(2), BasinMap(CosineLattice(2))
    starts = rng().uniform(-1.45, 1.45, size=(40, 2))
    labels = [basin(start) for start in starts]
    cells = [tuple(np.round(start).astype(int)) for start in starts]
    assert len(set(zip(labels, cells, strict=True))) == len(set(labels)) == len(set(cells))
    for start, label in zip(starts, labels, strict=True):
        assert np.allclose(basin.minima[label].theta, np.round(start), atol=1e-9)
    assert basin.minima[0].value == -2.0
    assert lattice.in_basin(np.array([[0.4, 0.4], [0.4, 0.6]])).tolist() == [True, False]


def student():
    """Two tanh units taught by two: every image of the teacher under symmetry is one minimum."""
    X = rng().normal(size=(60, 2))
    teacher = tl.TwoLayer([1.0, -1.5], [[1.0, 0.5], [-0.5, 1.2]])
    return NetworkLandscape(teacher, X, teacher(X)), teacher


def test_images_of_a_minimum_share_its_label():
    place, teacher = student()
    basin = BasinMap(place)
    image = tl.TwoLayer(-teacher.a[::-1], -teacher.W[::-1])
    noise = 0.05 * rng().normal(size=teacher.n_parameters)
    assert [basin(teacher.theta + noise), basin(image.theta + noise), basin(teacher.theta)] == [0, 0, 0]
    assert basin.minima[0].orbit == 8
    assert basin.minima[0].flat == 0


def test_no_minimum_and_undecided_are_labels_of_their_own():
    basin = BasinMap(CosineLattice(1))
    assert basin([0.5]) == basins.NO_MINIMUM  # on the edge, a maximum
    hurried = BasinMap(ellipsoid([1.0, 1e6]), max_steps=2)
    assert hurried([1.0, 1.0]) == basins.NOT_DECIDED
    assert hurried.minima == []


def test_disagreement_at_a_tenth_of_the_tolerance_is_undecided():
    """A planted solver whose end depends on the tolerance."""
    basin = BasinMap(CosineLattice(1))
    honest = basin.land([0.3])

    def fickle(landscape, start, *, rng, rtol=1e-5):
        shift = 0.0 if rtol > 5e-6 else 1.0
        return type(honest)(**{**vars(honest), "theta": honest.theta + shift})

    METHODS["fickle"] = fickle
    try:
        planted = BasinMap(CosineLattice(1), "fickle")
        planted.confirm = True
        landing = planted.land([0.3])
    finally:
        del METHODS["fickle"]
    assert (landing.status, landing.why) == ("undecided", "at a tenth of the tolerance: another minimum")


@pytest.mark.parametrize(
    ("method", "options"),
    [("flow", {}), ("gradient_descent", {"learning_rate": 0.005}), ("lbfgs", {})],
)
def test_small_steps_agree_with_the_flow_and_line_searches_scramble(method, options):
    starts = rng().uniform(-1.5, 1.5, size=(40, 1))
    found = basins.sample(CosineLattice(1), starts, rng=rng(), method=method, **options)
    ends = np.array([landing.theta[0] for landing in found.landings])
    agree = np.mean(np.abs(ends - np.round(starts[:, 0])) < 1e-6)
    assert (agree < 1) == (method == "lbfgs")


def test_sgd_needs_samples_and_is_seeded_per_start():
    place, teacher = student()
    with pytest.raises(ValueError, match="landscape must be a NetworkLandscape for sgd"):
        BasinMap(CosineLattice(1), "sgd", learning_rate=0.1, batch_size=2)([0.1])
    starts = teacher.theta + 0.3 * rng().normal(size=(4, teacher.n_parameters))
    options = {"method": "sgd", "learning_rate": 0.05, "batch_size": 10, "steps": 200}
    once, again = (basins.sample(place, starts, rng=rng(), **options) for _ in range(2))
    assert [one.time for one in once.landings] == [one.time for one in again.landings]
    assert set(once.labels) == {0}


@pytest.mark.parametrize("pool", [ThreadPoolExecutor, ProcessPoolExecutor])
def test_any_executor_gives_the_same_bits(pool):
    starts = rng().uniform(-1.5, 1.5, size=(40, 2))
    here = basins.sample(CosineLattice(2), starts, rng=rng())
    with pool(2) as executor:
        there = basins.sample(CosineLattice(2), starts, rng=rng(), executor=executor)
    assert (here.labels == there.labels).all()
    for one, two in zip(here.landings, there.landings, strict=True):
        assert (one.theta == two.theta).all()


def test_a_sample_that_was_stopped_goes_on_where_it_was(tmp_path):
    starts = rng().uniform(-1.5, 1.5, size=(40, 1))
    whole = basins.sample(CosineLattice(1), starts, rng=rng())
    stop = threading.Event()

    def after_one(done, total):
        stop.set()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        basins.sample(CosineLattice(1), starts, rng=rng(), store=tmp_path / "s", report=after_one)
    assert stop.is_set()
    counts = []
    resumed = basins.sample(
        CosineLattice(1),
        starts,
        rng=rng(),
        store=tmp_path / "s",
        report=lambda done, total: counts.append(done),
    )
    assert counts == [2, 3]
    assert (resumed.labels == whole.labels).all()
    assert [one.time for one in resumed.landings] == [one.time for one in whole.landings]
    with pytest.raises(ValueError, match="store must be a new folder or that of the same sweep"):
        basins.sample(CosineLattice(1), starts + 0.1, rng=rng(), store=tmp_path / "s")
    with pytest.raises(SweepError, match=r"max_seconds = 0 ran out; 0 of 3 pieces are finished and kept"):
        basins.sample(CosineLattice(1), starts, rng=rng(), store=tmp_path / "t", max_seconds=0)


def test_fractions_by_label_and_by_class():
    starts = np.concatenate([np.full(30, 0.2), np.full(10, 1.2), [0.5]])[:, None]
    found = basins.sample(CosineLattice(1), starts, rng=rng())
    assert {label: one.count for label, one in found.fractions().items()} == {0: 30, 1: 10, -1: 1}
    sides = found.fractions(classify=lambda minimum: "far" if minimum.theta[0] > 0.5 else "near")
    assert {name: one.count for name, one in sides.items()} == {"near": 30, "far": 10, "no minimum": 1}
    together = found.fractions(simultaneous=True)
    assert together[0].low < found.fractions()[0].low


@pytest.mark.parametrize(("count", "total"), [(0, 10), (3, 10), (10, 10), (500, 1000)])
def test_the_interval_inverts_the_binomial_tails(count, total):
    found = share(count, total, 0.9)
    if count > 0:
        assert np.isclose(binom.sf(count - 1, total, found.low), 0.05)
    if count < total:
        assert np.isclose(binom.cdf(count, total, found.high), 0.05)
    assert found.low <= found.value <= found.high


@pytest.mark.slow
def test_intervals_cover_as_often_as_stated_and_together_when_asked():
    truth, draw = np.array([0.6, 0.3, 0.1]), np.random.default_rng(0)
    single, joint, repeats = np.zeros(3), 0, 2000
    for _ in range(repeats):
        labels = draw.choice(3, size=60, p=truth).tolist()
        each, both = shares(labels), shares(labels, simultaneous=True)
        held = [label in each and each[label].low <= truth[label] <= each[label].high for label in range(3)]
        single += held
        joint += all(
            label in both and both[label].low <= truth[label] <= both[label].high for label in range(3)
        )
    assert (single / repeats >= 0.95 - 0.01).all()
    assert joint / repeats >= 0.95


@pytest.mark.slow
def test_intervals_hold_together_however_many_rare_classes_there_are():
    """A thousand equal classes, most seen once if at all: a correction by the number seen would fail."""
    draw, held = np.random.default_rng(1), 0
    for _ in range(300):
        labels = draw.integers(1000, size=100).tolist()
        found = shares(labels, 0.9, simultaneous=True)
        held += all(one.low <= 1e-3 <= one.high for one in found.values())
    assert held / 300 >= 0.9


@pytest.mark.parametrize(("count", "total"), [(0, 7), (1, 7), (4, 7), (7, 7), (3, 1000)])
def test_the_joint_interval_solves_its_equations(count, total):
    found = together(count, total, 0.9)
    if count > 1:
        assert np.isclose(binom.sf(count - 1, total, found.low), 0.05 * found.low)
    if count < total:
        assert np.isclose(binom.cdf(count, total, found.high), 0.05 * found.high)
    assert found.low <= share(count, total, 0.9).low
    assert found.high >= share(count, total, 0.9).high


@pytest.mark.slow
def test_starts_of_networks_descend_together_as_they_do_alone():
    place, teacher = student()
    starts = teacher.theta + 0.5 * rng().normal(size=(5, teacher.n_parameters))
    options = {"learning_rate": 0.05, "steps": 3000}
    found = basins.sample(place, starts, rng=rng(), method="gradient_descent", **options)
    basin = BasinMap(place, "gradient_descent", **options)
    assert [basin(start) for start in starts] == found.labels.tolist()
    for start, landing in zip(starts, found.landings, strict=True):
        assert (basin.land(start).theta == landing.theta).all()


def test_a_start_in_a_wall_or_a_hole_spoils_no_sample():
    def value(x):
        return np.inf if x[0] > 2 else np.nan if x[0] < -2 else x[0] ** 2

    place = FunctionLandscape(value, lambda x: 2 * x, lambda x: 2 * np.eye(1), dimension=1)
    found = basins.sample(place, [[3.0], [1.0], [-3.0]], rng=rng())
    assert found.labels.tolist() == [basins.NO_MINIMUM, 0, basins.NOT_DECIDED]
    assert [one.why for one in found.landings[::2]] == [
        "the landscape is inf at the start",
        "the landscape is nan at the start",
    ]


def test_functions_that_agree_on_the_samples_alone_are_kept_apart():
    """A large weight that does nothing makes their parameters near each other, relatively."""
    one, two = (tl.TwoLayer([1.0, 0.0], [[1.0, w], [1e3, 0.0]]) for w in (0.0, 5.0))
    place = NetworkLandscape(one, [[1.0, 0.0]], [0.5])
    assert BasinMap(place, tolerance=0.02, probe=[[1.0, 0.0]]).same(one.theta, two.theta)
    assert not BasinMap(place, tolerance=0.02).same(one.theta, two.theta)
    with pytest.raises(ValueError, match="probe must be None for a CosineLattice"):
        BasinMap(CosineLattice(1), probe=[[1.0]])


def test_classes_of_minima():
    place, teacher = student()
    X = rng().normal(size=(50, 2))
    start = teacher.theta + 0.05 * rng().normal(size=teacher.n_parameters)
    found = basins.sample(place, [start], rng=rng())
    wanted = np.sign(teacher(X))
    wanted[:10] *= -1  # four in five are right
    for threshold, name in ((0.8, "good"), (0.81, "bad")):
        assert list(found.fractions(classify=by_accuracy(place, X, wanted, threshold))) == [name]
    assert list(found.fractions(classify=by_interpolation(place))) == ["interpolates"]
    off = NetworkLandscape(teacher, place.X, teacher(place.X) + 0.1)
    assert by_interpolation(off)(found.minima[0]) == "does not interpolate"


def test_bad_arguments_are_named():
    with pytest.raises(
        ValueError, match="method must be one of flow, gradient_descent, sgd, lbfgs; got 'adam'"
    ):
        BasinMap(CosineLattice(1), "adam")
    with pytest.raises(ValueError, match=r"starts must be \(k, 2\) with k >= 1 to match the landscape"):
        basins.sample(CosineLattice(2), np.zeros(3), rng=rng())
    with pytest.raises(ValueError, match="confidence must lie between 0 and 1; got 95"):
        shares([1, 2], 95)
    with pytest.raises(ValueError, match="count must lie in 0"):
        share(3, 2)


@pytest.mark.parametrize("other", ["leaky_relu", "inputs"])
def test_a_store_is_not_taken_up_by_a_network_that_agrees_at_the_first_start(tmp_path, other):
    """Where all units are on, or all are dead, other activations and inputs have the same slopes."""
    starts, X, y = rng().normal(size=(3, 4)), np.abs(rng().normal(size=(6, 1))), np.ones(6)
    starts[0] = [1.0, 1.0, 1.0, 0.5] if other == "leaky_relu" else [1.0, 1.0, -1.0, -0.5]
    net = tl.TwoLayer([1.0, 1.0], [[1.0], [1.0]], activation="relu")

    def labels(place):
        return basins.sample(place, starts, rng=rng(), store=tmp_path / "s", confirm=False).labels

    alike = net if other == "inputs" else tl.TwoLayer(net.a, net.W, activation=other)
    labels(NetworkLandscape(net, X, y))
    with pytest.raises(ValueError, match="store must be a new folder or that of the same sweep"):
        labels(NetworkLandscape(alike, 3 * X if other == "inputs" else X, y))
    assert np.array_equal(labels(NetworkLandscape(net, X, y)), labels(NetworkLandscape(net, X, y)))
