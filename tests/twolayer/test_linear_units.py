"""Units that are linear on either side of zero: their one pass against fractions and the general way."""

import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import twolayer as tl
from twolayer.errors.rounding import JET_ERROR, scaled_norms
from twolayer.forward import norms, pieces, values
from twolayer.forward.inputs import taken
from twolayer.model.activation import activation

SLOPES = {"relu": (Fraction(0), Fraction(1)), "leaky_relu": (Fraction(0.01), Fraction(1)), "identity": (1, 1)}
SHAPES = [(1, 1, 1, 1), (7, 3, 1, 2), (30, 5, 9, 3), (65, 2, 17, 1), (300, 4, 3, 2), (9, 40, 8, 10)]


def drawn(name, shape, seed=0, scale=1.0, biases=True):
    (n, d, m, q), rng = shape, np.random.default_rng(seed)
    a, W = rng.normal(size=(q, m)), scale * rng.normal(size=(m, d))
    b, c = (rng.normal(size=m), rng.normal(size=q)) if biases else (None, None)
    return tl.TwoLayer(a, W, b, c, activation=name), rng.normal(size=(n, d))


def exactly(net, X):
    """Activations, slopes (n, m) and outputs (n, q) in fractions."""
    below, above = SLOPES[net.activation.name]
    S, S1, F = [], [], []
    for x in X:
        z = [sum(Fraction(w) * Fraction(v) for w, v in zip(row, x, strict=True)) for row in net.W]
        z = [each + Fraction(0 if net.b is None else net.b[k]) for k, each in enumerate(z)]
        S1.append([above if each > 0 else below for each in z])
        S.append([slope * each for slope, each in zip(S1[-1], z, strict=True)])
        F.append([sum(Fraction(a) * s for a, s in zip(row, S[-1], strict=True)) for row in net.A])
        F[-1] = [f + Fraction(0 if net.c is None else net.c[o]) for o, f in enumerate(F[-1])]
    return S, S1, F


def off(found, true):
    """Euclidean norms of the rows of errors, rounded once at their end."""
    squares = [
        sum((Fraction(float(v)) - t) ** 2 for v, t in zip(*rows, strict=True))
        for rows in zip(found, true, strict=True)
    ]
    return np.array([math.sqrt(each) for each in squares])


@pytest.mark.parametrize("name", SLOPES)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("scale", [1e-8, 1.0, 1e8])
def test_outputs_are_within_their_bounds_of_fractions(name, shape, scale):
    net, X = drawn(name, shape, scale=scale)
    S, S1, F, error = pieces.linear_units(net).outputs(taken(X, shape[1], False))
    exact = exactly(net, X)
    assert (off(F, exact[2]) <= error).all()
    assert (off(S1, exact[1]) == 0).all()
    assert error.max() <= 1e-14 * (shape[1] + shape[2]) * (
        1 + np.abs(net.A).sum() * np.abs(S).max() + scale * 10
    )


@pytest.mark.parametrize("name", SLOPES)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("biases", [True, False])
def test_norms_bound_what_they_say(name, shape, biases):
    net, X = drawn(name, shape, seed=1, biases=biases)
    (n, d, m, _), units = shape, pieces.linear_units(net)
    S, S1, lengths = np.empty((n, m)), np.empty((n, m)), taken(X, d, False).lengths
    found = np.empty((11, n))
    assert units.filled(X @ net.W.T, lengths, S, S1)
    assert units.norms(lengths, S, S1, found)
    alpha = np.linalg.norm(net.A, axis=0)
    exact = exactly(net, X)
    D = [[Fraction(a) * slope for a, slope in zip(alpha, row, strict=True)] for row in exact[1]]
    moved = [
        sum(abs(float(Fraction(s) - t)) * a for s, t, a in zip(*rows, alpha, strict=True))
        for rows in zip(S, exact[0], strict=True)
    ]
    true = [
        np.linalg.norm(S, axis=1),
        np.linalg.norm(alpha * S1, axis=1),
        np.linalg.norm(S1, axis=1),
        *(np.zeros(n),) * 2,
        off(S, exact[0]),
        off(alpha * S1, D),
        off(S1, exact[1]),
        np.zeros(n),
        np.array(moved),
        np.zeros(n),
    ]
    for each, least in zip(found, true, strict=True):
        assert (least <= each * (1 + 1e-15)).all()
    for place in range(5):
        assert (found[place] <= 1.003 * true[place]).all()


@given(
    name=st.sampled_from(sorted(SLOPES)),
    shape=st.tuples(*(st.integers(1, most) for most in (20, 9, 17, 4))),
    seed=st.integers(0, 2**32 - 1),
    exponent=st.integers(-60, 60),
)
def test_both_ways_say_the_same(name, shape, seed, exponent):
    net, X = drawn(name, shape, seed, 2.0**exponent)
    linear, general = (passed(net, X, way) for way in (pieces.linear_units, lambda _: None))
    for mine, other in zip(linear[:3], general[:3], strict=True):  # S, S1 and S2
        assert np.array_equal(mine, other)
    for field in ("S", "D", "S1", "E", "S2", "dE", "dS2"):
        assert np.allclose(getattr(linear[3], field), getattr(general[3], field), rtol=1e-12, atol=0)
    for field in ("dS", "dD", "dS1", "output"):
        mine, other = getattr(linear[3], field), getattr(general[3], field)
        assert ((mine <= 2 * other) & (other <= 2 * mine)).all()


def passed(net, X, way):
    """The pass of curvatures with linear units as they are, or taken as if they were not."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(values, "linear_units", way)
        inputs = taken(X, X.shape[1], False)
        units = values.evaluated(net, inputs)
        return units.S, units.S1, units.S2, norms.sample_norms(net, inputs, units)[0]


@pytest.mark.parametrize("name", ["relu", "leaky_relu"])
def test_a_side_that_rounding_could_change_is_left_to_the_exact_way(name):
    net = tl.TwoLayer([1.0, 1.0], [[0.1, -0.3], [1.0, 1.0]], [0.0, 0.5], activation=name)
    X = np.array([[1.0, 2.0], [0.3, 0.1]])  # 0.3 * 0.1 - 0.1 * 0.3 is zero but for rounding
    units = pieces.linear_units(net)
    assert units.outputs(taken(X, 2, False)) is None
    lengths = taken(X, 2, False).lengths
    assert not units.filled(X @ net.W.T, lengths, np.empty((2, 2)), np.empty((2, 2)))
    truth = [[float(f) for f in row] for row in exactly(net, X)[2]]
    assert np.allclose(tl.Hessian(net, X, np.zeros(2)).forward.F, truth, rtol=1e-14)


def test_exact_kinks_are_still_counted():
    net = tl.TwoLayer([1.0, 1.0], [[1.0, -1.0], [0.0, 0.0]], activation="relu")
    assert tl.Hessian(net, [[1.0, 1.0], [2.0, 1.0], [0.0, 0.0]], np.zeros(3)).forward.n_kinks == 5


def test_samples_without_an_active_unit_are_exactly_nothing():
    net, X = (
        tl.TwoLayer([1.0, 2.0], [[1.0], [2.0]], [-1.0, -1.0], activation="relu"),
        np.array([[-1.0], [3.0]]),
    )
    found = passed(net, X, pieces.linear_units)[3]
    for field in ("S", "D", "S1", "dS", "dD", "dS1", "output"):
        assert getattr(found, field)[0] == 0.0 < getattr(found, field)[1]


@pytest.mark.parametrize("large", ["a", "W", "X"])
def test_an_overflow_is_named(large):
    parts = {"a": np.ones(2), "W": np.ones((2, 2)), "X": np.ones((3, 2))}
    parts[large] *= 1.5e308
    with pytest.raises(ValueError, match=r"must give finite (outputs|pre-activations)"):
        tl.risk(tl.TwoLayer(parts["a"], parts["W"], activation="relu"), parts["X"], np.zeros(3))


def test_others_are_none_of_these():
    for name in ("tanh", "relu_squared", "square", "silu"):
        assert pieces.linear_units(tl.TwoLayer([1.0], [[1.0]], activation=name)) is None


def test_slopes_that_are_off_by_more_than_rounding_are_left_to_the_general_way():
    relu = activation("relu")
    assert pieces.slopes_beside_zero(relu) == (0.0, 1.0)
    assert pieces.slopes_beside_zero(replace(relu, floor=1e-300)) is None


def test_the_comparison_catches_a_bound_without_its_largest_part():
    net, X = drawn("leaky_relu", (40, 30, 5, 2), seed=3)
    inputs, units = taken(X, 30, False), pieces.linear_units(net)
    F, error = units.outputs(inputs)[2:]
    true = off(F, exactly(net, X)[2])
    assert (true <= error).all()
    S = net.W @ X.T
    planted = np.empty(40)
    at = units.b, inputs.lengths, np.zeros(5), units.alpha  # as if the weights lost nothing
    pieces.bend(S, *at, units.slopes, units.rounding, JET_ERROR / 64, 0.0, np.empty_like(S), planted)
    assert (true > planted).any()


def test_norms_of_rows_need_no_largest_values_of_their_neighbours():
    rows = np.array(
        [
            [0.0, 0.0],
            [3.0, 4.0],
            [3e-200, 4e-200],
            [3e200, 4e200],
            [np.inf, 1.0],
            [np.nan, 1.0],
            [1.0, np.nan],
        ]
    )
    lengths = scaled_norms(rows)
    assert lengths[0] == 0.0
    assert np.allclose(lengths[1:4], 1.001 * np.array([5.0, 5e-200, 5e200]), rtol=1e-12)
    assert not np.isfinite(lengths[4:]).any()
