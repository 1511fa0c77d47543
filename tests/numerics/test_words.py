"""Counts, numbers and intervals in sentences: nothing reads "0 of these", nothing reads "-0.00"."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from numerics.statistics.words import decimals, in_words, of_them, with_interval, written
from numerics.verdicts.claims import Effect

SHARES = st.floats(-1, 1)


@given(number=SHARES, places=st.integers(0, 6), signed=st.booleans())
def test_no_zero_has_a_sign_and_every_number_is_the_nearest(number, places, signed):
    text = written(number, places, signed=signed)
    assert not (float(text) == 0 and text[0] in "+-")
    assert abs(float(text) - number) <= 0.5 * 10**-places * (1 + 1e-9)
    assert len(text.partition(".")[2]) == places


@given(ends=st.tuples(SHARES, SHARES), value=SHARES)
def test_an_interval_that_excludes_zero_is_seen_to(ends, value):
    low, high = sorted(ends)
    text = with_interval(value, low, high)
    read = [float(end) for end in text.partition("[")[2].rstrip("]").split(", ")]
    if min(abs(low), abs(high)) > 1e-6 and low * high > 0:
        assert read[0] * read[1] > 0
    assert "-0.00 " not in text.replace("]", " ").replace(",", " ")
    assert str(Effect(value, low, high, 9)).endswith("]")


def test_effects_show_on_which_side_of_zero_they_lie():
    assert str(Effect(-0.44, -0.74, -0.004, 9)) == "-0.440 [-0.740, -0.004]"
    assert str(Effect(-0.44, -0.74, 0.0, 9)) == "-0.44 [-0.74, 0.00]"


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (math.nan, 1.0), (-math.inf, math.inf), (1e-30, 1.0)])
def test_decimals_end(low, high):
    assert 2 <= decimals(low, high) <= 6


@pytest.mark.parametrize(("count", "alone", "before"), [(0, "none", "none of 9"), (4, "4", "4 of 9")])
def test_counts_are_said_as_a_person_says_them(count, alone, before):
    assert (in_words(count, 9), of_them(count, 9)) == (alone, before)
    assert (in_words(9, 9), of_them(9, 9)) == ("all", "all 9")
