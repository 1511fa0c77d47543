"""Bounds of |s'''| on intervals are bounds, and not much more on short ones."""

import numpy as np
import pytest
import sympy as sp
from flint import arb

import theory
from benchmarks.jet_accuracy import truth
from theory.expressions.activations import ACTIVATIONS, z
from twolayer.model.activation import activation

UNBOUNDED = {
    "growing": sp.exp(z),
    "quartic": z**4 - 3 * z,
    "pieces": sp.Max(0, z) ** 4 - sp.Max(0, -z) ** 5,
    "mixed": z**2 * sp.exp(z) * sp.sin(2 * z),
    "quotient": z**5 / (1 + sp.exp(-z)),
}


def bounds(record, centres, radii):
    T = np.empty_like(centres)
    record.third(centres, radii, T)
    return T


def third(expression, point):
    return abs(truth(expression, float(point))[3])


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_a_finite_supremum_is_the_bound(name):
    record = activation(name)
    centres = np.linspace(-5, 5, 41) + 1e-3
    assert np.all(bounds(record, centres, np.ones_like(centres)) == record.sup3)
    assert all(third(ACTIVATIONS[name], point) <= arb(record.sup3) for point in centres)


@pytest.mark.slow
@pytest.mark.parametrize("name", UNBOUNDED)
@pytest.mark.parametrize("radius", [1e-12, 1e-3, 0.5, 4.0])
def test_no_point_of_the_interval_exceeds_the_bound(name, radius):
    record = theory.activation(UNBOUNDED[name], name=name)
    assert record.sup3 == np.inf
    rng = np.random.default_rng(1)
    centres = rng.normal(scale=8.0, size=30)
    for centre, bound in zip(centres, bounds(record, centres, np.full(30, radius)), strict=True):
        points = [centre - radius, centre + radius, *rng.uniform(centre - radius, centre + radius, 8)]
        assert all(
            third(UNBOUNDED[name], point) <= arb(float(bound)) * (1 + arb(2) ** -49) for point in points
        )


@pytest.mark.parametrize("name", UNBOUNDED)
def test_on_a_short_interval_the_bound_is_close(name):
    record = theory.activation(UNBOUNDED[name], name=name)
    centres = np.array([-3.3, -0.7, 0.9, 2.2, 6.1])
    for centre, bound in zip(centres, bounds(record, centres, np.full(5, 1e-9)), strict=True):
        assert bound <= float(third(UNBOUNDED[name], centre)) * (1 + 1e-5) + 1e-5


def test_where_nothing_is_known_the_bound_is_infinite():
    record = theory.activation(UNBOUNDED["growing"], name="growing")
    centres = np.array([800.0, np.nan, np.inf, -np.inf])
    assert bounds(record, centres, np.ones(4))[:3].tolist() == [np.inf, np.inf, np.inf]
