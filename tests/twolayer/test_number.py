"""A measurement behaves as the number it is, and says so where its error leaves a question open."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twolayer import Measurement


def exact(value, error=0.0):
    return Measurement(value, error, True, "by hand")


def test_formats_show_the_value_and_where_asked_the_error():
    x = exact(2.0, 0.25)
    assert f"{x:.3f}" == "2.000"
    assert f"{x:.1e}" == "2.0e+00"
    assert f"{x:.1f±}" == f"{x:.1f+-}" == "2.0 ± 0.25"
    assert str(x) == f"{x}" == "2.0 ± 0.25"
    assert repr(x) == "Measurement(2.0 ± 0.25, exact, 'by hand')"
    assert f"{exact(np.array([1.0, 2.0]), np.array([0.1, 0.2])):.1f}" == "[1.0 2.0]"
    assert "\n" not in repr(exact(np.zeros(1000), np.zeros(1000)))
    assert "estimate" in repr(Measurement(1.0, 0.5, False, "drawn"))


@given(st.floats(1e-300, 1e300))
def test_the_error_shown_still_bounds(error):
    shown = f"{exact(0.0, error):.1f±}".split("±")[1]
    assert Fraction(shown.strip()) >= Fraction(error)
    assert float(shown) <= 1.11 * error


@given(st.floats(-1e6, 1e6), st.floats(0, 1), st.floats(-1e6, 1e6), st.floats(0, 1))
def test_comparisons_are_decided_by_the_bounds_or_not_at_all(a, da, b, db):
    x, y = exact(a, da), exact(b, db)
    low, high = Fraction(a) - Fraction(da), Fraction(a) + Fraction(da)
    low2, high2 = Fraction(b) - Fraction(db), Fraction(b) + Fraction(db)
    for answer, sure in (
        (lambda: x < y, {True: high < low2, False: low >= high2}),
        (lambda: x <= y, {True: high <= low2, False: low > high2}),
        (lambda: x > y, {True: low > high2, False: high <= low2}),
        (lambda: x >= y, {True: low >= high2, False: high < low2}),
        (lambda: x == y, {True: low == high == low2 == high2, False: high < low2 or high2 < low}),
    ):
        try:
            assert sure[answer()]
        except ValueError as reason:
            assert "undecided" in str(reason)  # noqa: PT017
            assert high + 1e-9 >= low2 - 1e-9
            assert high2 + 1e-9 >= low - 1e-9


def test_comparison_with_numbers():
    x = exact(2.0, 0.25)
    assert x > 1
    assert x < np.float64(3)
    assert x > 1
    assert x != 5
    assert exact(3) == 3
    assert x == x
    assert np.float64(1.0) < x
    assert bool(x)
    with pytest.raises(ValueError, match="undecided: the errors overlap"):
        bool(x == 2.0)
    with pytest.raises(ValueError, match="a standard error decides nothing"):
        bool(Measurement(2.0, 0.1, False, "drawn") > 1)
    assert x != "two"
    assert x == pytest.approx(2.0, abs=0.5)
    assert (exact(np.array([1.0, 3.0]), np.array([0.1, 0.1])) > 0).tolist() == [True, True]


def test_functions_of_numpy_keep_the_error_or_refuse():
    x = exact(4.0, 0.5)
    root = np.sqrt(x)
    assert isinstance(root, Measurement)
    assert root.value == 2.0
    assert root.error >= 0.125
    assert (np.float64(2.0) * x).value == 8.0
    assert np.abs(-x).value == 4.0
    with pytest.raises(TypeError, match=r"np\.log must have plain numbers; got a Measurement"):
        np.log(x)


def test_arrays_index_iterate_and_add_up():
    x = exact(np.array([1.0, 2.0, 4.0]), np.array([0.1, 0.2, 0.3]))
    assert len(x) == 3
    assert (x[1].value, x[1].error) == (2.0, 0.2)
    assert [each.value for each in x] == [1.0, 2.0, 4.0]
    assert x[1:].value.tolist() == [2.0, 4.0]
    for total in (sum(x), np.sum(x), x.sum()):
        assert total.value == 7.0
        assert 0.6 <= total.error <= 0.602
    assert np.asarray(x).tolist() == [1.0, 2.0, 4.0]
    shared = exact(np.array([1.0, 2.0]), 0.5)
    assert shared[0].error == 0.5
    for wrong in (lambda: len(exact(1.0)), lambda: exact(1.0)[0], lambda: list(exact(1.0))):
        with pytest.raises(TypeError, match="one number"):
            wrong()
    assert math.isclose(sum([exact(1.0), exact(2.0)]).value, 3.0)
    assert len({exact(1.0), exact(1.0)}) == 2
