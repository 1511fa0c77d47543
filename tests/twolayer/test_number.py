"""A measurement behaves as the number it is, and says so where its error leaves a question open."""

import math
from fractions import Fraction

import mpmath
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
    with pytest.raises(TypeError, match=r"np\.sin must have plain numbers; got a Measurement"):
        np.sin(x)


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


MONOTONE = {
    np.log: mpmath.log,
    np.log2: lambda x: mpmath.log(x, 2),
    np.log10: mpmath.log10,
    np.log1p: mpmath.log1p,
    np.exp: mpmath.exp,
    np.expm1: mpmath.expm1,
    np.sqrt: mpmath.sqrt,
}


@pytest.mark.parametrize("function", MONOTONE, ids=lambda function: function.__name__)
@given(value=st.floats(1e-6, 600), share=st.floats(0, 0.9), place=st.floats(-1, 1))
def test_a_function_of_any_number_meant_is_within_the_error(function, value, share, place):
    error = share * value
    found = function(exact(value, error))
    with mpmath.workdps(60):
        truth = MONOTONE[function](mpmath.mpf(value) + mpmath.mpf(place) * mpmath.mpf(error))
        assert abs(truth - mpmath.mpf(found.value)) <= mpmath.mpf(found.error)
    assert exact(value).value == value


def test_functions_say_where_they_are_not_defined():
    assert np.log(exact(1.0, 1.5)).error == math.inf
    assert np.exp(exact(1000.0)).error == math.inf
    assert (exact(-1.0, 0.5) ** 0.5).error == math.inf


@given(st.floats(0.1, 10), st.floats(-3, 3))
def test_real_powers(base, exponent):
    found = exact(base) ** exponent
    with mpmath.workdps(50):
        assert abs(mpmath.mpf(base) ** mpmath.mpf(exponent) - found.value) <= found.error


def test_the_larger_and_the_smaller_of_what_overlaps():
    x, y = exact(1.0, 0.5), exact(1.25, 0.125)
    larger, smaller = np.maximum(x, y), np.minimum(x, y)
    assert larger.value == 1.25
    assert larger.lower <= 1.125
    assert larger.upper >= 1.5
    assert smaller.value == 1.0
    assert smaller.lower <= 0.5
    assert smaller.upper >= 1.375
    assert np.maximum(x, 7).value == np.maximum(7, x).value == 7


def test_arrays_are_reckoned_with_entry_by_entry():
    x = exact(np.array([[1.0, -2.0], [4.0, 8.0]]), np.array([[0.1, 0.2], [0.3, 0.4]]))
    for result, values, errors in (
        (2 * x + 1, [[3, -3], [9, 17]], [[0.2, 0.4], [0.6, 0.8]]),
        (x * np.array([1.0, 10.0]), [[1, -20], [4, 80]], [[0.1, 2], [0.3, 4]]),
        (np.array([1.0, 10.0]) * x, [[1, -20], [4, 80]], [[0.1, 2], [0.3, 4]]),
        (np.abs(x) - exact(1.0, 0.5), [[0, 1], [3, 7]], [[0.6, 0.7], [0.8, 0.9]]),
    ):
        assert result.value.tolist() == values
        assert (result.error >= np.array(errors)).all()
        assert (result.error <= np.array(errors) * 1.005 + 1e-12).all()
    assert (x.shape, x.ndim, x.size) == ((2, 2), 2, 4)
    assert (x.max().value, np.max(x).value, np.min(x).value) == (8.0, 8.0, -2.0)
    assert np.mean(x).value == x.mean().value == 2.75
    assert np.mean(x).error >= 0.25
    with pytest.raises(TypeError, match="axis"):
        np.max(x, axis=0)
    with pytest.raises(TypeError, match="real numbers"):
        x + np.array(["a", "b"])
    with pytest.raises(TypeError, match="exponent must be one plain number"):
        x**x


def test_rounding_is_for_display_and_whole_parts_are_decided():
    assert (round(exact(2.345, 0.5), 1), round(exact(2.6))) == (2.3, 3)
    assert int(exact(2.5, 0.25)) == 2
    with pytest.raises(ValueError, match="must be decided by the bounds"):
        int(exact(2.0, 0.25))


def test_counts_index_and_numbers_leave():
    count = Measurement(3, 0, True, "by hand")
    assert list(range(count)) == [0, 1, 2]
    assert np.arange(5)[:count].tolist() == [0, 1, 2]
    for unknown in (exact(3.0), Measurement(3, 1, True, "by hand"), exact(np.array([1, 2]))):
        with pytest.raises(TypeError, match="a whole number that is known"):
            range(unknown)
    assert exact(2.5).item() == exact(2.5).tolist() == 2.5
    assert exact(np.array([[1.0, 2.0]])).tolist() == [[1.0, 2.0]]
    with pytest.raises(ValueError, match="size 1"):
        exact(np.array([1.0, 2.0])).item()


def test_products_and_the_only_axis():
    x = exact(np.array([2.0, 3.0]), np.array([0.5, 0.25]))
    for product in (np.prod(x), x.prod(0)):
        assert product.value == 6.0
        assert product.error >= 2.5 * 3.25 - 6.0
    assert exact(2.0).prod().value == 2.0
    assert np.sum(x, axis=0).value == np.sum(x, axis=-1).value == 5.0
    assert np.max(x, axis=0).value == 3.0
    for wrong in (lambda: np.sum(x, axis=1), lambda: x.prod(dtype=float), lambda: exact(np.eye(2)).sum(0)):
        with pytest.raises(TypeError, match="must be None"):
            wrong()


@given(value=st.floats(-20, 20), error=st.floats(0, 3), share=st.floats(-1, 1), base=st.floats(0.1, 10))
def test_a_number_to_a_measured_power(value, error, share, base):
    power = base ** exact(value, error)
    truth = mpmath.mpf(base) ** (mpmath.mpf(value) + mpmath.mpf(share) * mpmath.mpf(error))
    assert abs(truth - power.value) <= power.error


def test_a_number_equals_itself_and_one_that_is_none_is_named():
    x = exact(np.array([1.0, 2.0]), 0.5)
    assert (x == x).all()
    assert not (x != x).any()
    assert +x is x
    with pytest.raises(ValueError, match="one is not a number"):
        exact(1.0) == math.nan  # noqa: B015
    with pytest.raises(TypeError, match="one positive number"):
        (-2) ** exact(1.0)
    assert f"{exact(1.0, 0.5):.1f ±}" == "1.0 ± 0.50"
