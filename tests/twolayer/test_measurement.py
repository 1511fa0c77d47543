"""Arithmetic with measurements: the truth stays within the error, and an estimate stays an estimate."""

import math
import operator
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import twolayer as tl
from twolayer import Measurement

SCALES = st.integers(-8, 8).map(lambda exponent: 10.0**exponent)
OPERATIONS = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}


@st.composite
def known(draw):
    """A measurement, and a number within its error."""
    value = draw(st.floats(-10, 10)) * draw(SCALES)
    error = draw(st.floats(0, 1)) * draw(SCALES)
    truth = Fraction(value) + Fraction(error) * draw(st.fractions(-1, 1))
    return Measurement(value, error, True, "drawn"), truth


def holds(measured, truth):
    gap = abs(Fraction(measured.value) - truth)
    return math.isinf(measured.error) or gap <= Fraction(measured.error)


@given(known(), known(), st.sampled_from(list(OPERATIONS)))
def test_the_truth_stays_within_the_error(one, other, sign):
    operation = OPERATIONS[sign]
    (x, a), (y, b) = one, other
    if sign != "/" or b:
        assert holds(operation(x, y), operation(a, b))
    if sign != "/" or a:
        assert holds(operation(3, x), operation(3, a))
    assert holds(operation(x, 7), operation(a, 7))


@given(known(), st.integers(0, 4))
def test_powers_roots_and_signs(one, exponent):
    x, a = one
    assert holds(x**exponent, a**exponent)
    assert holds(-x, -a)
    assert holds(abs(x), abs(a))
    root = x.sqrt()
    if a >= 0:
        low, high = Fraction(root.lower), Fraction(root.upper)
        assert low < 0 or low**2 <= a * (1 + Fraction(1, 10**15))
        assert high**2 >= a * (1 - Fraction(1, 10**15))


def test_a_divisor_that_may_be_zero_says_nothing():
    assert math.isinf((1 / Measurement(1e-3, 1e-2, True, "")).error)


def test_an_estimate_makes_an_estimate():
    exact, estimate = Measurement(1.0, 0.0, True, "counted"), Measurement(2.0, 0.5, False, "sampled")
    total = exact + 2 * estimate
    assert not total.exact
    assert total.value == 5.0
    assert total.error == pytest.approx(1.0, rel=0.01)
    assert total.method == "counted; sampled"
    assert (exact * exact).method == "counted"


def test_numpy_numbers_on_both_sides():
    measured = Measurement(2.0, 0.0, True, "")
    for number in (np.float64(3.0), np.int64(3), np.float32(3.0), 3):
        assert (number * measured).value == (measured * number).value == 6.0


def test_an_integer_too_long_for_a_float_is_rounded_with_its_error():
    number = 2**60 + 1
    assert holds(Measurement(1.0, 0.0, True, "") * number, Fraction(number))


@pytest.mark.parametrize("other", ["2", None, 1j, np.array(["2"]), np.array([1j])])
def test_what_is_no_number_is_refused(other):
    with pytest.raises(TypeError, match="arithmetic must be between real numbers; got"):
        Measurement(1.0, 0.0, True, "") + other


def test_the_conventions_are_kept():
    net = tl.TwoLayer([2.0], [[1.0]], activation="identity")
    H = tl.Hessian(net, [[1.0]], [2.0])
    assert (H.trace() / H.frobenius_norm()).convention == H.trace().convention
