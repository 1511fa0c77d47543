"""Linear systems in the space of outputs, against the dense Hessian; the place where a path meets a kink."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import twolayer as tl
from numerics.descents.output_space import OutputSpace
from numerics.descents.rosenbrock import Derivatives
from numerics.descents.segment import first_below
from numerics.landscape.landscape import NetworkLandscape
from numerics.landscape.pattern import Pattern, Units
from numerics.landscape.sliding import rooms, velocities

ON = 1e-12


def drawn(loss, activation, outputs, biases, seed=0):
    """A landscape with many more parameters than outputs, and its parameters."""
    rng, m, d, n = np.random.default_rng(seed), 7, 30, 9
    a = rng.normal(size=m if outputs == 1 else (outputs, m))
    b = rng.normal(size=m) if "b" in biases else None
    c = rng.normal(size=outputs)[0 if outputs == 1 else slice(None)] if "c" in biases else None
    net = tl.TwoLayer(a, rng.normal(size=(m, d)) / np.sqrt(d), b, c, activation=activation)
    y = {
        "squared": rng.normal(size=(n, outputs)),
        "logistic": rng.integers(0, 2, size=(n, outputs)).astype(float),
        "softmax": rng.integers(0, outputs, size=n),
    }[loss]
    return NetworkLandscape(net, rng.normal(size=(n, d)), y[:, 0] if outputs == 1 else y, loss)


CASES = [
    ("squared", "relu", 1, ""),
    ("squared", "tanh", 1, "bc"),
    ("squared", "gelu", 3, "b"),
    ("logistic", "leaky_relu", 2, "c"),
    ("softmax", "tanh", 3, "bc"),
]


@pytest.mark.parametrize(("loss", "activation", "outputs", "biases"), CASES)
@pytest.mark.parametrize("shift", [1.2, 1e2, 1e6])
def test_solutions_are_those_of_the_dense_hessian(loss, activation, outputs, biases, shift):
    place = drawn(loss, activation, outputs, biases)
    theta, space = place.net.theta, OutputSpace(place)
    H = place.hessian(theta)
    shift *= max(1.0, -2 * np.linalg.eigvalsh(H)[0])
    solve = space.at(place.risk.forward(theta), {}).shifted(shift)
    assert space.worth
    assert solve is not None
    for right in np.random.default_rng(1).normal(size=(3, len(theta))):
        expected = np.linalg.solve(H + shift * np.eye(len(theta)), right)
        assert_allclose(solve(right), expected, rtol=1e-9, atol=1e-12 * np.abs(expected).max())


def test_solutions_stay_where_kinks_hold():
    place = drawn("squared", "relu", 2, "bc")
    units, theta = Units(place), place.net.theta
    Z = units.preactivations(theta)
    held = np.zeros(Z.shape, dtype=bool)
    held[[0, 4, 5], [2, 2, 6]] = True
    pattern = Pattern(units, Z > 0, held)
    theta = pattern.projected(theta)
    derivatives = Derivatives(place)
    derivatives.enter(pattern)
    curvature, H = derivatives.curvature(theta), pattern.hessian(theta)
    shift = -3 * np.linalg.eigvalsh(H)[0]
    right = pattern.projected(np.random.default_rng(2).normal(size=len(theta)))
    found = curvature.shifted(shift)(right)
    assert_allclose(found, np.linalg.solve(H + shift * np.eye(len(theta)), right), rtol=1e-9, atol=1e-12)
    assert_allclose(pattern.projected(found), found, atol=1e-14)


@pytest.mark.parametrize(("loss", "activation", "outputs", "biases"), CASES)
def test_its_parts_are_those_of_the_dense_hessian(loss, activation, outputs, biases):
    place = drawn(loss, activation, outputs, biases)
    theta = place.net.theta
    found = OutputSpace(place).at(place.risk.forward(theta), {})
    G, E = place.gauss_newton(theta), found.rows(len(theta))
    assert_allclose(E.T @ E, G, rtol=1e-12, atol=1e-14 * np.abs(G).max())
    assert_allclose(found.trace, np.trace(G), rtol=1e-13)
    assert_allclose(found.residual_norm, np.linalg.norm(place.hessian(theta) - G), rtol=1e-12)


def test_what_holds_units_is_taken_away():
    """Units held by no sample, by one, by two, and by two that are one: the projection is the dense one."""
    place = drawn("squared", "relu", 1, "b")
    place.X[8] = 2 * place.X[5]
    units, theta = Units(place), place.net.theta
    Z = units.preactivations(theta)
    held = np.zeros(Z.shape, dtype=bool)
    held[[0, 4, 6, 7, 5, 5], [2, 2, 6, 6, 1, 0]] = True
    pattern = Pattern(units, Z > 0, held)
    rows = np.zeros((held.sum(), len(theta)))
    for row, (i, k) in zip(rows, np.argwhere(held), strict=True):
        row[units.places[k]] = units.X[i]
    vector = np.random.default_rng(3).normal(size=len(theta))
    expected = vector - np.linalg.pinv(rows) @ (rows @ vector)
    assert_allclose(pattern.projected(vector), expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("activation", ["relu", "leaky_relu"])
def test_a_slope_that_holds_is_as_far_from_its_ends_as_one_division_says(activation):
    place = drawn("squared", activation, 1, "b")
    units, theta = Units(place), place.net.theta
    Z = units.preactivations(theta)
    held = np.zeros(Z.shape, dtype=bool)
    held[[0, 4, 6], [2, 5, 6]] = True
    pattern = Pattern(units, Z > 0, held)
    theta = pattern.projected(theta)
    V, p = velocities(pattern, theta)
    found, clear = rooms(pattern, theta), 0
    for i, k in np.argwhere(held):
        x = units.X[i]
        sigma = (V[k] @ x) / (p[i, k] * (x @ x))
        expected = min(sigma - units.low, units.high - sigma) / (units.high - units.low)
        if expected >= 0 and p[i, k] > 0:
            clear += 1
            assert_allclose(found[k], expected, rtol=1e-10)
        else:
            assert found[k] < 0
    assert 0 < clear < 3  # of both kinds there is one


@pytest.mark.parametrize("activation", ["relu", "leaky_relu"])
@pytest.mark.parametrize("seed", range(6))
def test_slopes_that_hold_a_unit_together_are_those_of_least_squares(activation, seed):
    """Units held by one, two and three samples, beside each other."""
    place = drawn("squared", activation, 1, "b")
    units, rng = Units(place), np.random.default_rng(seed)
    theta = place.net.theta + 0.3 * rng.normal(size=place.dimension)
    held = np.zeros(units.preactivations(theta).shape, dtype=bool)
    for k, count in ((1, 2), (2, 1), (5, 3)):
        held[rng.choice(len(held), count, replace=False), k] = True
    pattern = Pattern(units, units.preactivations(theta) > 0, held)
    theta = pattern.projected(theta)
    (V, p), found = velocities(pattern, theta), rooms(pattern, theta)
    assert set(found) == {1, 2, 5}
    for k, room in found.items():
        here = np.flatnonzero(held[:, k])
        if (p[here, k] <= 0).any():
            assert room <= -1 or room == 0
            continue
        sigma = np.linalg.lstsq((p[here, k] * units.X[here].T), V[k], rcond=None)[0]
        expected = np.minimum(sigma - units.low, units.high - sigma).min() / (units.high - units.low)
        assert_allclose(room, expected, rtol=1e-8)


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_no_solution_where_a_block_is_not_positive(activation):
    place = drawn("squared", activation, 1, "b")
    curvature = OutputSpace(place).at(place.risk.forward(place.net.theta), {})
    lowest = np.linalg.eigvalsh(place.hessian(place.net.theta))[0]
    assert lowest < 0
    assert curvature.shifted(-0.5 * lowest) is None


def test_a_loss_that_is_curved_downwards_has_no_root():
    place = drawn("squared", "tanh", 1, "")
    passed = place.risk.forward(place.net.theta)
    object.__setattr__(passed, "Lam", -passed.Lam)
    assert OutputSpace(place).at(passed, {}) is None


def test_one_unit_and_many_samples_are_not_worth_it():
    rng = np.random.default_rng(0)
    for m, d, n in ((1, 40, 5), (4, 5, 200)):
        net = tl.TwoLayer(rng.normal(size=m), rng.normal(size=(m, d)))
        assert not OutputSpace(NetworkLandscape(net, rng.normal(size=(n, d)), rng.normal(size=n))).worth


@pytest.mark.parametrize("outputs", [1, 2])
@pytest.mark.parametrize("biases", ["", "bc"])
def test_the_slope_of_a_pattern_is_its_gradient(outputs, biases):
    place = drawn("squared", "leaky_relu", outputs, biases)
    units, theta = Units(place), place.net.theta
    Z = units.preactivations(theta)
    held = np.zeros(Z.shape, dtype=bool)
    held[3, 1] = True
    derivatives, pattern = Derivatives(place), Pattern(units, Z > 0, held)
    derivatives.enter(pattern)
    assert derivatives.plain == (outputs == 1)
    assert_allclose(derivatives.gradient(theta), pattern.gradient(theta), atol=1e-14)


SHAPES = {
    "line": lambda s: 0.25 - s,
    "from the kink and back": lambda s: s * (1e-4 - 1e-3 * s) + ON,
    "cubic": lambda s: (0.3 - s) ** 3,
    "the least of two": lambda s: min(0.3 - s, 0.6 - 3 * s),
    "from infinity": lambda s: np.inf if s < 0.1 else 0.4 - s,
}


@pytest.mark.parametrize("name", SHAPES)
def test_the_first_point_beyond(name):
    value, asked = SHAPES[name], []
    found = first_below(lambda s: (asked.append(s), value(s))[1], value(0.0), value(1.0), ON)
    assert -ON <= value(found) < 0
    assert len(asked) <= 20


def test_a_jump_is_found_as_near_as_is_asked():
    jump = first_below(lambda s: 1.0 if s < 0.37 else -1.0, 1.0, -1.0, ON, 1e-9)
    assert 0 <= jump - 0.37 <= 1e-9
