"""Shrinking: it ends, keeps what is wanted, and leaves nothing out that could be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from numerics.falsify.shrinking import fewer, shrinking, simpler, size, weight
from theory.quantities.example import Example

LONG = Example(
    "",
    a=[[0.123, -4.56, 7.0], [1.5, 2.5, 3.5]],
    W=[[1.1, 2.2], [3.3, 4.4], [5.5, 6.6]],
    b=[0.1, 0.2, 0.3],
    c=[0.7, -0.7],
    X=[[1.0, 2.0], [3.0, 4.0]],
    y=[[1.0, 2.0], [3.0, 4.0]],
)


def last(example, wanted, **options):
    *_, found = [example, *shrinking(example, wanted, **options)]
    return found


def test_everything_goes_that_may():
    found = last(LONG, lambda each: True)
    assert (found.a, found.W, found.X) == ([[0.0]], [[0.0]], [[0.0]])
    assert found.b is found.c is found.y is None


def test_what_is_wanted_stays():
    found = last(LONG, lambda each: len(each.W) >= 2 and each.X[-1][0] > 2.5)
    assert len(found.W) == 2
    assert found.X == [[3.0]]


def test_an_example_is_valid_all_along():
    for each in shrinking(LONG, lambda each: each.situation().net.n_parameters > 6):
        assert each.situation().net.n_parameters > 6


def test_labels_are_never_rounded():
    labelled = Example("", a=[1.5], W=[[2.5]], X=[[1.0], [2.0]], y=[1, 0], loss="logistic")
    assert last(labelled, lambda each: each.loss == "logistic").y in ([0], [1])
    assert all(each.y in ([1, 0], [1], [0]) for each in simpler(labelled))


def test_the_budget_is_kept():
    asked = []
    last(LONG, lambda each: asked.append(each), budget=7)
    assert len(asked) == 7


def test_steps_are_downhill_and_nothing_smaller_is_left():
    def wanted(each):
        return sum(abs(number) for row in each.W for number in row) >= 4

    steps = [LONG, *shrinking(LONG, wanted)]
    sizes = [size(each) for each in steps]
    assert sizes == sorted(sizes, reverse=True)
    assert len(set(sizes)) == len(sizes)
    assert not any(wanted(each) for each in simpler(steps[-1]) if size(each) < sizes[-1])


@pytest.mark.parametrize(
    ("plainer", "other"), [(0, 1), (1, 2), (2, -2), (10, 12), (1, 0.5), (0.5, 0.25), (100, 1e22)]
)
def test_rounder_numbers_weigh_less(plainer, other):
    assert weight(plainer) < weight(other)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_has_a_weight(number):
    assert weight(number) > 0 or number == 0


def test_fewer_cuts_each_kind_once():
    shapes = [(len(e.X), len(e.W), len(e.W[0]), len(e.a), e.b is None, e.c is None) for e in fewer(LONG)]
    assert shapes == [
        *[(1, 3, 2, 2, False, False)] * 2,
        *[(2, 2, 2, 2, False, False)] * 3,
        *[(2, 3, 1, 2, False, False)] * 2,
        *[(2, 3, 2, 1, False, False)] * 2,
        *[(2, 3, 2, 2, True, False)] * 2,
        (2, 3, 2, 2, False, True),
    ]
