"""Counts that are told which eigenvalues are known: right whatever they are told."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracle.strategies import random_problem
from tests.twolayer.shapes import SHAPES
from twolayer.spectrum import methods
from twolayer.spectrum.extremes import counting
from twolayer.spectrum.extremes.counting import above, counter
from twolayer.spectrum.extremes.watch import Watch
from twolayer.spectrum.methods import Method


def symmetric(values, seed):
    """A matrix with these eigenvalues, in order, and their vectors; both up to rounding."""
    V = np.linalg.qr(np.random.default_rng(seed).standard_normal((len(values), len(values))))[0]
    H = (V * values) @ V.T
    return 0.5 * (H + H.T), V


LEVELS = [-3.0, -1.0, 0.0, 0.5, 2.0, 2.5, 7.0]


@given(
    st.lists(st.sampled_from(LEVELS), min_size=1, max_size=20),
    st.sampled_from([-2.0, 0.25, 1.0, 2.25, 5.0, 9.0]),
    st.sampled_from([1e-8, 1.0, 1e8]),
    st.integers(0, 9),
    st.data(),
)
@settings(max_examples=150)
def test_all_those_known_are_all_there_are_and_no_more(listed, x, scale, seed, data):
    """Any subset of the true pairs gives the true count: those absent are counted beside."""
    values = np.array(listed)
    H, V = symmetric(values, seed)
    known = np.array(data.draw(st.lists(st.booleans(), min_size=len(values), max_size=len(values))))
    count, error = above(scale * H, scale * x, scale * values[known], V[:, known])
    assert count == (values > x).sum()
    assert error < 1e-12 * scale * 30


@given(st.integers(1, 12), st.integers(0, 4), st.floats(-3.0, 3.0), st.integers(0, 99))
@settings(max_examples=150)
def test_false_pairs_make_a_count_too_large_and_never_too_small(order, k, x, seed):
    rng = np.random.default_rng(seed)
    A = rng.standard_normal((order, order))
    H = A + A.T
    count, error = above(H, x, rng.normal(0, 5, k), rng.standard_normal((order, k)))
    assert count >= (np.linalg.eigvalsh(H) > x + error + 1e-12).sum()


def test_a_point_on_an_eigenvalue_is_within_the_error():
    H, V = symmetric(np.array([3.0, 3.0, 1.0]), 0)
    for x in (3.0, 1.0):
        count, error = above(H, x, np.array([3.0]), V[:, :1])
        assert count >= (np.array([3.0, 3.0, 1.0]) > x + error + 1e-15).sum()
        assert error < 1e-13


def test_nothing_and_zeros_are_counted():
    none = np.zeros(0), np.zeros((2, 0))
    assert above(np.zeros((2, 2)), 0.0, *none)[0] == 0
    assert above(np.eye(2), -1.0, *none)[0] == 2


def test_a_count_that_reflected_too_little_would_be_caught(monkeypatch):
    """Planted: a quarter of the weight, so that the pairs known stay beyond x and are counted twice."""
    H, V = symmetric(np.array([7.0, 5.0, 1.0, 0.0]), 1)
    assert above(H, 3.0, np.array([7.0, 5.0]), V[:, :2])[0] == 2
    monkeypatch.setattr(counting.math, "sqrt", lambda number: 0.5 * number**0.5)
    assert above(H, 3.0, np.array([7.0, 5.0]), V[:, :2])[0] > 2


@pytest.mark.parametrize("which", ["largest", "smallest", "magnitude"])
@pytest.mark.parametrize("method", ["dense", "structured"])
@pytest.mark.parametrize("shape", [*SHAPES, "wide inputs"])
def test_both_methods_count_alike(shape, method, which):
    problem = SHAPES.get(shape) or random_problem(3, n=5, d=30, m=6)
    H = problem.hessian
    system = H.eigensystem
    values, V = np.linalg.eigh(system.small.entries())
    sizes = {"largest": values, "smallest": -values, "magnitude": np.abs(values)}[which]
    beyond = counter(system.small, which, Method(method), Watch())
    whole = np.append(sizes, np.zeros(system.small.zeros))
    ordered = np.sort(whole)[::-1]
    for x in (0.5 * (ordered[0] + ordered[1]), 0.5 * (ordered[2] + ordered[3]), 1.5 * abs(ordered[0])):
        found = sizes > x
        for known in (found, np.zeros_like(found)):
            count, error = beyond(x, values[known], V[:, known])
            assert count == (whole > x).sum()
            assert error < 1e-9 * H.forward.F.size * abs(ordered[0])


def test_where_zeros_are_among_those_sought_the_matrix_is_searched_whole():
    """Two samples of six inputs: the pairs found there are no vectors of the smaller matrix."""
    H = random_problem(3, n=2, d=6, m=2).hessian
    truth = np.linalg.eigvalsh(H.toarray())
    for k in (1, 5, H.shape[0]):
        for which in ("largest", "smallest", "magnitude"):
            found = H.eigenvalues(k, which, method="lanczos")
            sizes = {"largest": truth[::-1], "smallest": truth, "magnitude": np.sort(np.abs(truth))[::-1]}
            values = np.abs(found.value) if which == "magnitude" else found.value
            assert found.proved.all()
            assert (np.abs(values[:k] - sizes[which][:k]) <= found.error[:k] + 1e-13).all()


def test_lanczos_is_taken_where_nothing_can_be_counted():
    """P = 90,210 and n q = 30,000: a count would take hours, and is no reason to refuse."""
    H = random_problem(9, 3000, 30, 2200, 10, loss="softmax").hessian
    assert methods.proving_method(H.eigensystem.small) is None
    assert H.eigensystem.choice.to_few(5, None).name == "lanczos"


def test_a_count_that_is_just_affordable_is_no_reason_to_refuse(monkeypatch):
    small = random_problem(9, 300, 8, 200).hessian.eigensystem.small
    count = methods.proving_method(small).flops
    for limit in (1.001 * count, 0.5 * count):
        monkeypatch.setattr(methods, "LIMIT", limit)
        assert methods.lanczos_method(small, 1).flops <= limit


def test_a_spectrum_is_counted_from_the_sides_that_are_asked_for():
    asked = []

    def side(sign, x, values, vectors):
        asked.append((sign, values.tolist()))
        return (3, 0.5) if sign > 0 else (1, 2.0)

    one = np.array([1.0])
    for which, found in (("largest", (3, 0.5)), ("smallest", (1, 2.0)), ("magnitude", (4, 2.0))):
        assert counting.on_sides(which, 9, side)(1.0, one, one) == found
    assert asked == [(1.0, [1.0]), (-1.0, [-1.0]), (1.0, [1.0]), (-1.0, [-1.0])]
    assert counting.on_sides("magnitude", 9, side)(-1.0, one, one) == (9, 0.0)
