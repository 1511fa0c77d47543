"""Interval kernels enclose: against exact rational arithmetic."""

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twolayer.elementary import interval

finite = st.floats(-1e100, 1e100, allow_subnormal=True)
boxes = st.tuples(finite, finite).map(lambda ends: (min(ends), max(ends)))
shares = st.integers(0, 8)


def inside(box, share):
    """A point of the box, exactly."""
    return Fraction(box[0]) + (Fraction(box[1]) - Fraction(box[0])) * share / 8


def holds(box, point):
    return (box[0] == -math.inf or Fraction(box[0]) <= point) and (
        box[1] == math.inf or point <= Fraction(box[1])
    )


@given(boxes, boxes, shares, shares)
def test_sums_and_products(a, b, i, j):
    x, y = inside(a, i), inside(b, j)
    assert holds(interval.plus(a, b), x + y)
    assert holds(interval.times(a, b), x * y)
    assert holds(interval.scaled(a, b[0]), x * Fraction(b[0]))


@given(boxes, shares, st.integers(1, 3))
def test_powers_inverses_and_sizes(a, i, exponent):
    x = inside(a, i)
    assert holds(interval.power(a, exponent), x**exponent)
    assert holds(interval.size(a), abs(x))
    assert x == 0 or holds(interval.inverse(a), 1 / x)
    assert Fraction(interval.largest(a)) >= abs(x)


@given(boxes, shares)
def test_roots(a, i):
    x = inside(a, i)
    lower, upper = interval.root(a)
    if x >= 0 and lower > 0:
        assert Fraction(lower) ** 2 <= x <= Fraction(upper) ** 2


@given(st.floats(-1e6, 1e6), st.floats(0, 3), shares)
def test_waves(middle, radius, i):
    box = (middle - radius, middle + radius)
    point = float(inside(box, i))
    for found, value in ((interval.sine(box), math.sin(point)), (interval.cosine(box), math.cos(point))):
        assert found[0] <= value <= found[1]
        assert -1 <= found[0] <= found[1] <= 1


@given(st.floats(-1e300, 1e300), st.floats(0, 1e300))
def test_the_ball_around_a_number(middle, radius):
    found = interval.around(middle, radius)
    assert holds(found, Fraction(middle) + Fraction(radius))
    assert holds(found, Fraction(middle) - Fraction(radius))


def test_zero_times_unbounded_is_zero_and_nan_is_unknown():
    lower, upper = interval.times((0.0, 0.0), (-math.inf, math.inf))
    assert -1e-300 < lower <= 0 <= upper < 1e-300
    assert interval.widened(math.nan, 1.0)[0] == -math.inf
    assert interval.inverse((math.nan, 1.0)) == (-math.inf, math.inf)
    assert interval.largest((math.nan, 1.0)) == math.inf


@pytest.mark.parametrize(("end", "part"), [(0.5, (0.0, 0.5)), (2.0, (0.0, 1.0))])
def test_parts(end, part):
    assert interval.below((0.0, 1.0), end) == part
    assert interval.above((0.0, 1.0), end)[0] == end
