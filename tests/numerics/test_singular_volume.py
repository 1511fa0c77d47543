"""Soft volumes where the zero set crosses itself, symmetry makes images, or wells lie beside wells."""

import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose

import twolayer as tl
from benchmarks import battery, battery_truths
from benchmarks.battery_cases import cases
from benchmarks.battery_page import page
from benchmarks.battery_regions import regions
from numerics import volume
from numerics.landscape.landscape import FunctionLandscape, NetworkLandscape
from numerics.sweeps.workplace import Workplace
from numerics.volume.annealing import Annealing, log_mean, tuned
from numerics.volume.images import Images, images_of
from numerics.volume.wells.posterior import Posterior
from numerics.volume.wells.search import Search, joined


def rng():
    return np.random.default_rng(7)


def arms(n_beta):
    """f = a tanh(w x) of teacher 0 about (0, 2): {a w = 0} is a cross, and walkers there keep to one arm."""
    X = np.random.default_rng(0).normal(size=(20, 1))
    place = NetworkLandscape(tl.TwoLayer([0.0], [[2.0]]), X, np.zeros(20))
    return volume.learning_coefficient(place, [0.0, 2.0], n_beta=n_beta, gamma=1.0, rng=rng())


@pytest.mark.slow
@pytest.mark.parametrize(("n_beta", "truth"), [(1e3, -2.891), (1e5, -5.042), (1e7, -7.213)])
def test_a_crossing_zero_set_is_counted_whole(n_beta, truth):
    found = arms(n_beta)
    assert found.verdict == "trusted"
    assert abs(found.log_volume - truth) < 1.5 * found.error < 0.2
    assert "from the whole Gaussian" in found.why


def grouped(net):
    """Every permutation and sign flip of a tanh network's units, as functions of theta, one by one."""
    m, layout = len(net.W), net.layout

    def moved(theta, order, signs):
        parts = {name: theta[layout[name]].reshape(np.shape(part)) for name, part in net.parts.items()}
        shaped = {
            "a": parts["a"][list(order)] * signs,
            "W": parts["W"][list(order)] * signs[:, None],
            "b": parts["b"][list(order)] * signs,
            "c": parts["c"],
        }
        found = theta.copy()
        for name, part in shaped.items():
            found[layout[name]] = np.ravel(part)
        return found

    return [
        lambda theta, o=order, s=signs: moved(theta, o, np.array(s))
        for order in itertools.permutations(range(m))
        for signs in itertools.product([1.0, -1.0], repeat=m)
    ]


@pytest.mark.parametrize("units", [1, 2, 3])
def test_the_sum_over_images_is_that_of_every_group_element(units):
    draw = rng()
    net = tl.TwoLayer(draw.normal(size=units), draw.normal(size=(units, 2)), draw.normal(size=units), 0.3)
    group, images, gamma = grouped(net), Images(net, net.theta), 0.7
    points = net.theta + draw.normal(size=(200, net.n_parameters))
    all_images = np.array([[g(theta) for g in group] for theta in points])
    away = ((all_images - net.theta) ** 2).sum(axis=2)
    nearest = ((points - net.theta) ** 2).sum(axis=1) <= away.min(axis=1) + 1e-12
    found = images.energy(points, gamma)
    assert_allclose(np.isfinite(found), nearest)
    assert 0 < nearest.sum() < 200
    assert_allclose(found[nearest], -np.log(np.exp(-gamma / 2 * away[nearest]).sum(axis=1)))
    folded = images.folded(points)
    assert_allclose(((folded - net.theta) ** 2).sum(axis=1), away.min(axis=1))
    place = NetworkLandscape(net, draw.normal(size=(5, 2)), np.zeros(5))
    assert_allclose(place.values(folded), place.values(points))


def test_equal_and_dead_units_have_a_stabiliser():
    net = tl.TwoLayer([1.0, 1.0, 0.0], [[2.0], [2.0], [0.0]])
    assert_allclose(Images(net, net.theta).log_stabiliser, np.log(2 * 2))
    relu = tl.TwoLayer([1.0, 1.0, 0.0], [[2.0], [2.0], [0.0]], activation="relu")
    assert_allclose(Images(relu, relu.theta).log_stabiliser, np.log(2))


def test_a_landscape_without_units_has_no_images():
    assert images_of(FunctionLandscape(lambda x: 0.0, lambda x: x), np.zeros(2)) is None
    one = tl.TwoLayer([1.0], [[1.0]], activation="gelu")
    assert images_of(NetworkLandscape(one, [[1.0]], [1.0]), one.theta) is None


def test_images_are_counted_that_walkers_cannot_reach():
    """f = a tanh(w x) at its teacher: the image (-a, -w) lies behind a barrier, and its weight is known."""
    X = np.random.default_rng(0).normal(size=(20, 1))
    known = battery_truths.Student(
        "tanh", X, np.tanh(0.4 * X[:, 0]) * 0.5, np.array([0.5]), np.array([[0.4]])
    )
    net = tl.TwoLayer([0.5], [[0.4]])
    place = NetworkLandscape(net, X, net(X))
    found = volume.learning_coefficient(place, net.theta, n_beta=1e4, gamma=1.0, steps=400, rng=rng())
    truth = known.soft(1e4, 1.0)
    assert abs(found.log_volume - truth) < 1.5 * found.error < 0.2
    alone = battery_truths.Student("relu", X, np.zeros(20), np.array([0.0]), np.array([[1.0]]))
    assert abs(alone.soft(1e4, 1.0) - truth) > 0.1  # the truths themselves tell networks apart


def test_walls_cut_the_gaussian_of_the_quadratic_part():
    """A bowl with a wall through 0.3: the share of the Gaussian beyond belongs to the integral."""
    place = FunctionLandscape(
        lambda x: x @ x / 2 if x[0] < 0.3 else np.inf,
        lambda x: x,
        lambda x: np.eye(len(x)),
        values=lambda p: np.where(p[:, 0] < 0.3, (p**2).sum(axis=1) / 2, np.inf),
    )
    found = volume.learning_coefficient(place, [0.0, 0.0], n_beta=3.0, gamma=1.0, steps=400, rng=rng())
    truth = -np.log(4) + np.log(0.7257468822499265)  # the normal law below 0.6
    assert abs(found.log_volume - truth) < 1.5 * found.error < 0.1


def two_gaussians(D, distance, wide):
    """Minus ln of a sum of two Gaussians of equal peak, 0.05 and 0.05 `wide`; and ln of its integral."""
    centres, scales = np.zeros((2, D)), np.array([0.05, 0.05 * wide])
    centres[1, 0] = distance

    def logs(p):
        return np.stack(
            [-((p - c) ** 2).sum(axis=1) / (2 * s * s) for c, s in zip(centres, scales, strict=True)]
        )

    def slope(x):
        share = np.exp(logs(x[None])[:, 0] - np.logaddexp.reduce(logs(x[None])[:, 0]))
        return sum(w * (x - c) / s**2 for w, c, s in zip(share, centres, scales, strict=True))

    place = FunctionLandscape(
        lambda x: -np.logaddexp.reduce(logs(x[None]))[0],
        slope,
        lambda x: np.array([(slope(x + e) - slope(x - e)) / 2e-6 for e in 1e-6 * np.eye(D)]),
        values=lambda p: -np.logaddexp.reduce(logs(p)),
        dimension=D,
    )
    spread = 1 + scales**2
    each = D / 2 * np.log(scales**2 / spread) - (centres**2).sum(axis=1) / (2 * spread)
    return place, np.logaddexp.reduce(each)


@pytest.mark.parametrize(
    ("D", "distance", "wide"), [(1, 1.0, 1.0), (12, 1.5, 1.0), (30, 1.0, 1.5), (60, 1.0, 1.0)]
)
def test_a_second_well_that_walkers_do_not_reach_is_found_and_counted(D, distance, wide):
    place, truth = two_gaussians(D, distance, wide)
    found = volume.learning_coefficient(place, np.zeros(D), n_beta=1.0, gamma=1.0, steps=60, rng=rng())
    assert found.verdict == "trusted"
    assert abs(found.log_volume - truth) < found.error < 0.1
    assert "2 wells, the centre's holds" in found.why


def test_without_descents_the_second_well_is_missed_and_the_value_trusted(monkeypatch):
    """The planted error: what the search is there for."""
    monkeypatch.setattr(Search, "descend", lambda self, starts: None)
    place, truth = two_gaussians(20, 1.0, 1.0)
    found = volume.learning_coefficient(place, np.zeros(20), n_beta=1.0, gamma=1.0, steps=60, rng=rng())
    assert abs(found.log_volume - truth) > 0.4


def test_more_wells_than_are_counted_make_it_doubtful():
    D = 12
    place = FunctionLandscape(
        lambda x: ((x**2 - 1) ** 2).sum(),
        lambda x: 4 * x * (x**2 - 1),
        lambda x: np.diag(12 * x**2 - 4),
        values=lambda p: ((p**2 - 1) ** 2).sum(axis=1),
    )
    found = volume.learning_coefficient(place, np.ones(D), n_beta=100.0, gamma=1.0, steps=60, rng=rng())
    assert found.verdict == "doubtful"
    assert "found more than 24 wells" in found.why


def test_a_lower_well_is_named_and_the_value_is_of_the_cell_given():
    """(x^2 - 1)^2 + x / 5 about its upper minimum: the lower one lies within the Gaussian."""
    place = FunctionLandscape(
        lambda x: float((x[0] ** 2 - 1) ** 2 + x[0] / 5),
        lambda x: 4 * x * (x**2 - 1) + 0.2,
        lambda x: np.array([[12 * x[0] ** 2 - 4]]),
        values=lambda p: (p[:, 0] ** 2 - 1) ** 2 + p[:, 0] / 5,
    )
    top = max(np.roots([4, 0, -4, 0.2]).real)
    found = volume.learning_coefficient(place, [top], n_beta=50.0, gamma=1.0, steps=200, rng=rng())
    x = np.linspace(0, 6, 60001)
    weight = np.exp(-50 * (place.values(x[:, None]) - place.value(np.array([top]))) - (x - top) ** 2 / 2)
    assert found.verdict == "doubtful"
    assert "at distance 1.99 where n beta V is lower by 20" in found.why
    assert abs(found.log_volume - np.log(weight.sum() * (x[1] - x[0]) / np.sqrt(2 * np.pi))) < 2 * found.error


def test_the_search_counts_what_it_meets():
    place, _ = two_gaussians(3, 1.0, 1.0)
    posterior = Posterior(place, np.zeros(3), 1.0, 1.0)
    found = Search(posterior)
    found.descend(np.array([[0.2, 0.0, 0.0], [0.9, 0.1, 0.0], [1.1, 0.0, 0.3], [-0.3, 0.0, 0.0]]))
    assert found.met == [2, 2]
    assert_allclose(posterior.wells[1].at, [1.0, 0.0, 0.0], atol=0.01)
    assert not joined(posterior, np.array([1.0, 0.0, 0.0]), posterior.wells[0])
    assert joined(posterior, np.array([0.1, 0.0, 0.0]), posterior.wells[0])
    assert_allclose(posterior.cell(np.array([[0.4, 0.0, 0.0], [0.6, 0.0, 0.0]])), [0, 1])


@pytest.mark.slow
def test_the_battery_is_trusted_and_wrong_no_more_often_than_stated():
    """The short battery with short runs: a binomial of share 0.05 is above this bound once in a thousand."""
    chosen = [i for i, case in enumerate(cases(True)) if case.kind != "student" or case.n_beta < 1e3]
    task = battery.Tried(True, 0, (("steps", 200),))
    rows = [
        {name: item.item() for name, item in task(("soft", i, 0)).items()} | {"estimator": "soft"}
        for i in chosen
    ]
    found = battery.counts(rows)
    assert found["trusted"] > len(rows) / 2
    assert found["wrong"] <= 0.05 * found["trusted"] + 3.1 * np.sqrt(0.0475 * found["trusted"])
    trusted = [row for row in rows if row["verdict"] == "trusted"]
    assert all(abs(battery.off(row)) < max(0.3, 1.5 * row["error"]) for row in trusted)
    mixtures = [row for row in rows if row["kind"] == "mixture"]
    assert all(row["verdict"] == "trusted" for row in mixtures)  # the second well is found and counted
    assert max(abs(battery.off(row)) for row in mixtures) < 0.02
    planted = [row | {"truth": row["truth"] + 1.0} for row in rows]
    assert battery.counts(planted)["wrong"] > len(rows) / 3


def test_a_quadrature_that_does_not_settle_is_an_error():
    with pytest.raises(ArithmeticError, match="must settle"):
        battery_truths.agreed(lambda nodes: float(nodes))


def test_truths_agree_with_closed_forms():
    one = battery_truths.soft(lambda p: p[:, 0] ** 2 / 2, np.zeros(1), 99.0, 1.0, [[0.0]], 0.01)
    assert_allclose(one, -np.log(100) / 2, atol=1e-9)
    line = battery_truths.Student("identity", np.ones((1, 1)), np.zeros(1), np.zeros(1), np.zeros((1, 1)))
    a, w = np.meshgrid(np.linspace(-8, 8, 2001), np.linspace(-8, 8, 2001))
    density = np.exp(-5.0 * (a * w) ** 2 - (a**2 + w**2) / 2) / (2 * np.pi)
    assert_allclose(line.soft(10.0, 1.0), np.log(density.sum() * (16 / 2000) ** 2), atol=1e-6)


def test_the_page_of_the_battery_counts_its_rows(tmp_path):
    facts = {"kind": "a kind", "truth": 1.0, "error": 0.1, "verdict": "trusted"}
    rows = [
        {"estimator": "radial", "name": "right", "log_volume": 1.05, **facts},
        {"estimator": "radial", "name": "wrong", "log_volume": 2.0, **facts},
        {"estimator": "radial", "name": "images", "log_volume": 0.31, "images": np.log(2), **facts},
    ]
    text = page(rows, battery.counts, battery.outside, 1, battery.TARGET)
    assert "1 of 3" in text
    assert "wrong: +1.000 ± 0.100" in text
    assert "{" not in text.replace("{a w", "").replace("{V <", "")


def test_regions_of_the_battery_at_their_centre():
    for place in regions(True):
        assert place.landscape.value(place.centre) < 1e-12
        assert place.truth < 0


def quartic(z):
    return (z**4).sum(axis=1), 4 * z**3


def test_annealing_both_ways_brackets_a_known_ratio():
    """exp(-z^4) under a Gaussian in six dimensions, by its line's integral."""
    x = np.linspace(-9, 9, 20001)
    truth = 6 * np.log(np.exp(-(x**4) - x**2 / 2).sum() * (x[1] - x[0]) / np.sqrt(2 * np.pi))
    draw, levels = rng(), np.concatenate([[0.0], np.geomspace(1e-3, 1, 40)])
    path = tuned(Annealing(quartic, levels, levels), draw.normal(size=(40, 6)), draw)
    z, work = path.down(draw.normal(size=(40, 6)), draw)
    lower, error = log_mean(work)
    z, _ = path.settle(z, -1, 30, draw)
    upper, other = log_mean(path.up(z, draw)[1])
    assert abs(lower - truth) < 4 * error < 1.0
    assert abs(-upper - truth) < 4 * other < 1.0


def test_a_mean_that_stands_on_one_walker_alone_has_no_error():
    assert log_mean(np.array([0.0, -np.inf, -np.inf])) == (-np.log(3), np.inf)


def test_moves_of_annealing_leave_the_density_as_it_is():
    draw, levels = rng(), np.array([0.0, 1.0])
    path = Annealing(quartic, levels, np.array([0.4, 0.4]))
    _, seen = path.settle(0.1 * draw.normal(size=(50, 2)), 1, 300, draw)
    x = np.linspace(-5, 5, 20001)
    density = np.exp(-(x**4) - x**2 / 2)
    assert_allclose(seen[:, 50:].mean(), 2 * (x**4 * density).sum() / density.sum(), rtol=0.05)


@pytest.mark.slow
def test_the_digits_at_a_small_size():
    from benchmarks.digits_basin import Size, measured
    from benchmarks.digits_page import page as digits_page

    size = Size(units=2, samples=60, beta=1e3, levels=15, far_levels=40, walkers=4, settling=10, rays=20)
    found = measured(size, 0)
    assert found["parameters"] == 2 * (64 + 1 + 10) + 10
    assert abs(found["upper"] - found["lower"]) < 3 + 4 * (found["lower_error"] + found["upper_error"])
    apart = abs(found["all_upper"] - found["all_lower"])
    assert apart < 5 + 4 * (found["all_lower_error"] + found["all_upper_error"])
    names = [row["preconditioner"] for row in found["rays"]]
    assert len(names) == 4
    text = digits_page(found)
    assert all(name in text for name in names)
    assert "{" not in text.replace("{R <", "")  # no mark is left


def test_a_sweep_of_the_battery_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(battery, "RUNS", {"radial": battery.RUNS["radial"]})
    monkeypatch.setattr(battery, "cases", lambda short: [])
    rows = battery.measured(Workplace(store=tmp_path / "kept"), True, 1)
    again = battery.measured(Workplace(store=tmp_path / "kept"), True, 1)
    assert len(rows) == len(regions(True)) == len(again)
    assert rows[0] == again[0]
