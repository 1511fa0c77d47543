"""Volumes with known answers, and each estimator's failure, said by itself."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import chi2, multivariate_normal, ncx2, norm, ortho_group

import twolayer as tl
from numerics import volume
from numerics.landscape.landscape import FunctionLandscape, NetworkLandscape
from numerics.landscape.potentials import CosineLattice, ellipsoid, powers
from numerics.volume.priors import Ball, Box, Gaussian


def rng():
    return np.random.default_rng(7)


def turned(potential, seed=0):
    """The same potential in coordinates turned by a random rotation and moved."""
    D = potential.dimension
    Q = ortho_group.rvs(D, random_state=seed)
    centre = np.arange(D) / D
    place = FunctionLandscape(
        lambda x: potential.value(Q @ (x - centre)),
        lambda x: Q.T @ potential.gradient(Q @ (x - centre)),
        lambda x: Q.T @ potential.hessian(Q @ (x - centre)) @ Q,
        values=lambda points: potential.values((points - centre) @ Q.T),
    )
    return place, centre


@pytest.mark.slow
@pytest.mark.parametrize(("D", "condition"), [(1, 1.0), (10, 1e6), (100, 1e3), (1000, 1e6)])
def test_ellipsoid_and_radial_are_exact_on_quadratics(D, condition):
    bowl = ellipsoid(np.geomspace(1, condition, D))
    truth = bowl.log_volume(0.3)
    closed = volume.ellipsoid(bowl, np.zeros(D), threshold=0.3)
    rays = volume.radial(bowl, np.zeros(D), threshold=0.3, directions=100, rng=rng())
    for found in (closed, rays):
        assert abs(found.log_volume - truth) <= found.error < 1e-5
        assert found.verdict == "trusted"


def test_rotation_and_translation_change_nothing():
    bowl = ellipsoid(np.geomspace(1, 1e6, 20))
    place, centre = turned(bowl)
    for found in (
        volume.ellipsoid(place, centre, threshold=2.0),
        volume.radial(place, centre, threshold=2.0, directions=100, rng=rng()),
    ):
        assert abs(found.log_volume - bowl.log_volume(2.0)) <= found.error < 1e-4


def test_the_isotropic_radial_estimate_is_far_off_and_refuses_to_be_quoted():
    bowl = ellipsoid(np.geomspace(1, 1e3, 100))
    found = volume.radial(bowl, np.zeros(100), threshold=1.0, directions=100, preconditioner=None, rng=rng())
    assert found.log_volume < bowl.log_volume(1.0) - 30
    assert found.verdict == "refused"
    assert found.error == np.inf
    with pytest.raises(ValueError, match="must not be quoted: a few samples carry the average"):
        float(found)


@pytest.mark.parametrize("D", [2, 6, 15])
def test_radial_and_tempering_on_a_star_shaped_polynomial_without_curvature(D):
    quartic = powers(np.geomspace(1, 100, D), 4.0)
    rays = volume.radial(quartic, np.zeros(D), threshold=2.0, directions=4000, rng=rng())
    heated = volume.tempering(quartic, np.zeros(D), threshold=2.0, steps=600, rng=rng())
    for found in (rays, heated):
        assert abs(found.log_volume - quartic.log_volume(2.0)) < 1.5 * found.error < 0.2
        assert found.verdict == "trusted"
    refused = volume.ellipsoid(quartic, np.zeros(D), threshold=2.0)
    assert refused.verdict == "refused"
    assert "not positive beyond rounding" in refused.why


@pytest.mark.slow
def test_tempering_within_a_tenth_of_a_nat_in_a_hundred_dimensions():
    bowl = ellipsoid(np.geomspace(1, 1e3, 100))
    found = volume.tempering(bowl, np.zeros(100), threshold=1.0, rng=rng())
    assert abs(found.log_volume - bowl.log_volume(1.0)) < 0.1
    assert found.verdict == "trusted"


@pytest.mark.parametrize("D", [1, 2, 12])
def test_the_basin_of_a_cosine_lattice(D):
    lattice = CosineLattice(D, 2.0)
    found = volume.tempering(lattice, np.zeros(D), inside=lattice.in_basin, rng=rng())
    assert abs(found.log_volume - lattice.log_basin_volume()) < 1.5 * found.error < 0.2


def test_radial_fails_on_the_corners_of_a_large_cube():
    """In 60 dimensions the cube lives in its corners, which no ray finds."""
    lattice = CosineLattice(60, 2.0)
    found = volume.radial(lattice, np.zeros(60), inside=lattice.in_basin, rng=rng())
    assert found.log_volume < lattice.log_basin_volume() - 1
    assert found.verdict != "trusted"


@pytest.mark.slow
@pytest.mark.parametrize("D", [1, 3, 30])
def test_mass_under_a_gaussian_prior(D):
    bowl, height = ellipsoid(np.ones(D)), 0.4 * D
    central = volume.radial(bowl, np.zeros(D), threshold=height, prior=Gaussian(1.0), rng=rng())
    assert abs(central.log_volume - chi2.logcdf(2 * height, D)) < 1e-8
    shifted = Gaussian(1.0, np.full(D, 1.5 / np.sqrt(D)))
    truth = ncx2.logcdf(2 * height, D, 2.25)
    for found in (
        volume.radial(bowl, np.zeros(D), threshold=height, prior=shifted, directions=8000, rng=rng()),
        volume.tempering(bowl, np.zeros(D), threshold=height, prior=shifted, rng=rng()),
    ):
        assert abs(found.log_volume - truth) < 1.5 * found.error < 0.3
        assert "Gaussian law of standard deviation 1" in found.relative_to


def test_a_flat_direction_needs_a_prior():
    valley = FunctionLandscape(
        lambda x: x[0] ** 2 / 2,
        lambda x: np.array([x[0], 0.0]),
        lambda x: np.diag([1.0, 0.0]),
        values=lambda p: p[:, 0] ** 2 / 2,
    )
    for estimator in (volume.radial, volume.tempering):
        without = estimator(valley, np.zeros(2), threshold=0.5, rng=rng())
        assert without.verdict == "refused"
        assert "give a prior" in without.why
    strip = np.log(2 * 6 / 36)  # |x| < 1 in a square of side 6
    disc = np.log((2 * np.arcsin(1 / 3) * 9 + 2 * np.sqrt(8)) / (9 * np.pi))
    for prior, truth in ((Box(-3.0, 3.0), strip), (Ball(3.0), disc)):
        rays = volume.radial(valley, np.zeros(2), threshold=0.5, prior=prior, directions=8000, rng=rng())
        heated = volume.tempering(valley, np.zeros(2), threshold=0.5, prior=prior, rng=rng())
        for found in (rays, heated):
            assert abs(found.log_volume - truth) < 1.5 * found.error < 0.1
    mass = np.log(np.ptp(multivariate_normal.cdf([[-1.0], [1.0]])))
    found = volume.radial(valley, np.zeros(2), threshold=0.5, prior=Gaussian(1.0), directions=8000, rng=rng())
    assert abs(found.log_volume - mass) < 1.5 * found.error < 0.1


def test_a_soft_cut_is_the_ellipsoid_of_a_raised_spectrum():
    found = volume.ellipsoid(ellipsoid([1.0, 2.0]), np.zeros(2), threshold=0.5, radius=1.0)
    assert_allclose(found.log_volume, ellipsoid([2.0, 3.0]).log_volume(0.5))
    assert "softly cut" in found.relative_to


def test_a_quartic_term_makes_the_ellipsoid_doubtful():
    bent = FunctionLandscape(
        lambda x: x @ x / 2 + (x**4).sum(), lambda x: x + 4 * x**3, lambda x: np.diag(1 + 12 * x**2)
    )
    assert volume.ellipsoid(bent, np.zeros(3), threshold=1e-4).verdict == "trusted"
    assert volume.ellipsoid(bent, np.zeros(3), threshold=1.0).verdict == "doubtful"


def double_well():
    """Two wells at -1 and 1; about the first, {V < 2} reaches into both."""
    return FunctionLandscape(
        lambda x: (x[0] ** 2 - 1) ** 2 + x[1:] @ x[1:],
        lambda x: np.concatenate([4 * x[:1] * (x[:1] ** 2 - 1), 2 * x[1:]]),
        lambda x: np.diag(np.concatenate([[12 * x[0] ** 2 - 4], np.full(len(x) - 1, 2.0)])),
        values=lambda p: (p[:, 0] ** 2 - 1) ** 2 + (p[:, 1:] ** 2).sum(axis=1),
    )


def test_a_disconnected_sublevel_set_is_doubtful():
    found = volume.radial(double_well(), [-1.0, 0.0], threshold=0.5, directions=2000, rng=rng())
    assert found.verdict == "doubtful"
    assert "not star-shaped" in found.why
    heated = volume.tempering(double_well(), [-1.0, 0.0], threshold=0.9, rng=rng())
    assert heated.verdict == "doubtful"
    assert "segments from the minimum leave" in heated.why


def test_a_saddle_has_no_ellipsoid_and_no_product():
    well = double_well()
    assert volume.ellipsoid(well, [0.0, 0.0], threshold=0.1).verdict == "refused"
    assert volume.log_product(well, [0.0, 0.0]).verdict == "refused"
    assert volume.log_product(well, [0.0, 0.0], k=1).verdict == "doubtful"


def test_a_saddle_has_no_volume():
    well = double_well()
    for estimator in (volume.radial, volume.tempering):
        found = estimator(well, [0.0, 0.0], threshold=0.1, prior=Ball(2.0), rng=rng())
        assert found.verdict == "refused"
        assert "the point is no minimum: its Hessian has the eigenvalue -4" in found.why
    found = volume.learning_coefficient(well, [0.0, 0.0], n_beta=10.0, gamma=1.0, rng=rng())
    assert found.verdict == "refused"
    assert "no minimum" in found.why


def test_a_point_that_is_not_the_lowest_is_doubtful():
    for estimator in (volume.radial, volume.tempering):
        found = estimator(BOWL, [0.5, 0.0], threshold=1.0, rng=rng())
        assert found.verdict == "doubtful"
        assert "below the minimum given" in found.why
    found = volume.learning_coefficient(BOWL, [0.5, 0.0], n_beta=100.0, gamma=1.0, rng=rng())
    assert found.verdict == "doubtful"


def test_parts_that_walkers_cannot_reach_are_met_by_the_prior():
    found = volume.tempering(double_well(), [-1.0, 0.0], threshold=0.1, prior=Ball(2.0), rng=rng())
    assert found.verdict == "doubtful"
    assert "parts of it were missed" in found.why


@pytest.mark.slow
@pytest.mark.parametrize("D", [2, 60])
def test_other_wells_within_the_localising_gaussian_are_counted_or_seen(D):
    lattice = CosineLattice(D)
    alone = volume.learning_coefficient(lattice, np.zeros(D), n_beta=100.0, gamma=400.0, rng=rng())
    assert alone.verdict == "trusted"
    among = volume.learning_coefficient(lattice, np.zeros(D), n_beta=100.0, gamma=1.0, rng=rng())
    if D > 50:
        assert among.verdict == "doubtful"
        assert "another well" in among.why
        return
    x = np.linspace(-9, 9, 2_000_001)
    density = np.exp(-100 * (1 - np.cos(2 * np.pi * x)) - x**2 / 2)
    truth = D * np.log(density.sum() * (x[1] - x[0]) / np.sqrt(2 * np.pi))
    assert abs(among.log_volume - truth) < 1.5 * among.error < 0.3
    assert among.verdict == "trusted"


@pytest.mark.parametrize("numbers", [{"steps": 10**9}, {"walkers": 10**7}, {"steps": 9}, {"walkers": 2.5}])
def test_an_absurd_number_of_moves_is_refused(numbers):
    for run in (
        lambda: volume.tempering(BOWL, np.zeros(2), threshold=1.0, **numbers, rng=rng()),
        lambda: volume.learning_coefficient(BOWL, np.zeros(2), n_beta=1.0, gamma=1.0, **numbers, rng=rng()),
    ):
        with pytest.raises(ValueError, match=r"(steps|walkers) must be a whole number from"):
            run()


@pytest.mark.parametrize("prior", [Ball(2.0, 0.5), Box(-1.0, 3.0), Gaussian(0.5, 1.0)])
def test_samples_of_a_prior_follow_its_density(prior):
    """The mean of a smooth function over samples is that over its density, on a grid of the plane."""
    points = prior.sample(200_000, 2, rng())
    line = np.linspace(-4, 5, 901)
    grid = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    weight = np.exp(prior.log_density(grid))
    for function in (lambda x: x[:, 0], lambda x: np.cos(x[:, 0]) * x[:, 1] ** 2):
        truth = (weight * function(grid)).sum() / weight.sum()
        assert abs(function(points).mean() - truth) < 0.03


def test_log_product_is_the_sum_over_the_largest():
    values = np.array([3.0, 0.5, 10.0])
    place, centre = turned(ellipsoid(values))
    found = volume.log_product(place, centre, k=2)
    assert abs(found.log_volume + np.log(30.0)) <= found.error < 1e-10
    with pytest.raises(ValueError, match=r"k must be None or in 1\.\.3; got 4"):
        volume.log_product(place, centre, k=4)


@pytest.mark.parametrize(("n_beta", "gamma"), [(10.0, 1.0), (1e4, 1e-2)])
def test_the_learning_coefficient_of_a_quadratic(n_beta, gamma):
    h = np.geomspace(1e-2, 1e2, 30)
    found = volume.learning_coefficient(ellipsoid(h), np.zeros(30), n_beta=n_beta, gamma=gamma, rng=rng())
    truth = (n_beta * h / (n_beta * h + gamma)).sum() / 2
    assert abs(found.coefficient - truth) < 1.5 * found.coefficient_error < 0.2
    assert abs(found.log_volume + np.log1p(n_beta * h / gamma).sum() / 2) <= found.error < 1e-9


def test_the_learning_coefficient_of_a_quartic_tends_to_a_quarter_per_direction():
    found = volume.learning_coefficient(
        powers(np.ones(3), 4.0), np.zeros(3), n_beta=1e5, gamma=1.0, rng=rng()
    )
    x = np.linspace(-3, 3, 200001)
    density = np.exp(-1e5 * x**4 - x**2 / 2)
    assert abs(found.coefficient - 0.75) < 1.5 * found.coefficient_error + 0.01 < 0.1
    truth = 3 * np.log(density.sum() * (x[1] - x[0]) / np.sqrt(2 * np.pi))
    assert abs(found.log_volume - truth) < 1.5 * found.error < 0.3


def test_a_linear_unit_is_flat_along_its_symmetry():
    """f = a w x: the Hessian at a = w = 1 is [[1, 1], [1, 1]], flat along the scaling symmetry."""
    net = tl.TwoLayer([1.0], [[1.0]], activation="identity")
    place = NetworkLandscape(net, [[1.0]], [1.0])
    assert volume.ellipsoid(place, net.theta, threshold=0.1).verdict == "refused"
    soft = volume.ellipsoid(place, net.theta, threshold=0.1, radius=1.0)
    assert_allclose(soft.log_volume, ellipsoid([0.2, 2.2]).log_volume(0.1))
    assert soft.verdict == "doubtful"


BOWL = ellipsoid([1.0, 1.0])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "threshold or inside must be given, and not both; got neither"),
        ({"threshold": -1.0}, "threshold must be a positive height above the minimum; got -1.0"),
        ({"threshold": np.nan}, "threshold must be a positive height above the minimum; got nan"),
        (
            {"threshold": 1.0, "directions": 1},
            r"directions must be a whole number from 2 to 5e\+08; got 1",
        ),
        ({"threshold": 1.0, "directions": 10**12}, "directions must be a whole number .* got 1000000000000"),
        ({"inside": lambda points: True}, r"inside must return \(1,\) of bool for 1 points; got bool \(\)"),
        ({"inside": lambda points: points[:, 0] > 1}, "minimum must lie inside the region"),
        (
            {"threshold": 1.0, "preconditioner": "newton"},
            r"preconditioner must be 'hessian', None or a \(2, 2\)",
        ),
        (
            {"threshold": 1.0, "preconditioner": np.ma.array(np.eye(2), mask=np.eye(2) > 0)},
            "preconditioner must have all its entries; got a masked array",
        ),
        (
            {"threshold": 1.0, "preconditioner": np.ones((2, 2))},
            "preconditioner must be an invertible matrix",
        ),
        ({"threshold": 1.0, "prior": Ball(1.0, [5.0, 0.0])}, "minimum must lie inside the prior's support"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        volume.radial(BOWL, np.zeros(2), **arguments, rng=rng())


def test_a_landscape_that_is_nan_is_an_error_and_a_wall_is_not():
    hole = FunctionLandscape(lambda x: np.nan if x[0] > 0.5 else x @ x / 2, lambda x: x, lambda x: np.eye(2))
    with pytest.raises(ValueError, match="got NaN"):
        volume.radial(hole, np.zeros(2), threshold=1.0, rng=rng())
    wall = FunctionLandscape(lambda x: np.inf if x[0] > 0 else x @ x / 2, lambda x: x, lambda x: np.eye(2))
    found = volume.radial(wall, np.array([0.0, 0.0]), threshold=0.5, directions=4000, rng=rng())
    assert abs(found.log_volume - np.log(np.pi / 2)) < 1.5 * found.error


def test_the_same_seed_gives_the_same_volume():
    def once():
        return volume.tempering(BOWL, np.zeros(2), threshold=1.0, steps=50, rng=rng())

    assert once() == once()


def test_a_gaussian_prior_whose_shell_lies_far_from_the_minimum():
    """A disc about (40, 0) under the standard Gaussian: its mass by quadrature over chords."""
    bowl = FunctionLandscape(
        lambda x: float((x[0] - 40) ** 2 + x[1] ** 2) / 2,
        lambda x: x - np.array([40.0, 0.0]),
        lambda x: np.eye(2),
        values=lambda p: ((p[:, 0] - 40) ** 2 + p[:, 1] ** 2) / 2,
    )
    x = np.linspace(39, 41, 200001)
    chords = norm.cdf(np.sqrt(np.maximum(1 - (x - 40) ** 2, 0))) * 2 - 1
    truth = (
        np.log((np.exp(-(x**2 - 39**2) / 2) * chords).sum() * (x[1] - x[0]) / np.sqrt(2 * np.pi)) - 39**2 / 2
    )
    found = volume.radial(
        bowl, [40.0, 0.0], threshold=0.5, directions=20000, prior=Gaussian(1.0), rng=np.random.default_rng(1)
    )
    assert abs(found.log_volume - truth) < 1.5 * found.error
    assert found.error < 0.5
