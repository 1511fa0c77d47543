"""The test by random vectors that no eigenvalue is missing: its probabilities hold, and nothing fools it."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from twolayer.spectrum.extremes import chance, lanczos
from twolayer.spectrum.extremes.chance import Complement, missed
from twolayer.spectrum.extremes.lanczos import extreme_pairs
from twolayer.spectrum.extremes.records import Operator

ORDER = 1500


def complement(values, rounding=1e-15):
    return Complement(lambda v: values * v, rounding, np.zeros((len(values), 0)), 0.0)


@pytest.mark.parametrize("top", [1.05, 1.3, 9.0])
@pytest.mark.parametrize("ends", [(-1.0, 1.0), (-0.5, 0.9)])
def test_a_small_bound_is_as_rare_as_it_says_where_an_eigenvalue_is_there(top, ends):
    """With an eigenvalue beyond x, a bound of at most delta may come up in a share delta of draws only."""
    values = np.append(np.linspace(-1.0, 1.0, 300), top)
    rng, draws = np.random.default_rng(1), 400
    found = np.array(
        [chance._one_vector(complement(values), ends, 1.05, 60, 1e-9, rng)[0] for _ in range(draws)]
    )
    for delta in (0.02, 0.1, 0.3):
        assert (found <= delta).mean() <= delta + 4 * math.sqrt(delta / draws)


def test_the_probability_of_a_small_inner_product_is_what_the_theorem_says():
    """A coordinate of a random unit vector is below t with probability t sqrt(2 (N - 1) / pi) at most."""
    rng = np.random.default_rng(2)
    for N in (8, 50):
        V = rng.normal(size=(200_000, N))
        u = np.abs(V[:, 0]) / np.linalg.norm(V, axis=1)
        for t in (0.01, 0.05):
            assert (u <= t).mean() <= t * math.sqrt(2 * (N - 1) / math.pi) * 1.05


@pytest.mark.parametrize("scale", [1e-8, 1.0, 1e8])
def test_nothing_is_doubted_where_nothing_is_missing(scale):
    values = scale * np.linspace(-1.0, 1.0, 400)
    assert missed(complement(values, scale * 1e-15), (-scale, scale), 1.1 * scale, 2000)[0] <= chance.ENOUGH


def test_rounding_is_part_of_the_bound():
    """A product off by 1e-3 proves little, however many vectors are tried."""
    values = np.linspace(-1.0, 1.0, 400)
    assert missed(complement(values, 1e-3), (-1.0, 1.0), 1.1, 3000)[0] > 1e-3


def spread(seed, repeated=0):
    """A dense bulk that the norm says nothing about, a few eigenvalues above it, their last one repeated."""
    rng = np.random.default_rng(seed)
    tops = np.concatenate([[3.0, 2.5, 2.0, 1.8], np.full(1 + repeated, 1.6)])
    return np.concatenate([tops, rng.uniform(-1.0, 1.0, ORDER - len(tops))])


def operator(values, asked=None):
    def norm():
        if asked is not None:
            asked.append(1)
        return float(np.linalg.norm(values)) * (1 + 1e-12)

    return Operator(len(values), lambda v: values * v, 1e-14, norm)


@pytest.mark.parametrize("which", ["largest", "smallest", "magnitude"])
def test_what_the_norm_cannot_prove_is_tested_and_the_norm_is_not_asked_for(which):
    asked = []
    values = spread(0)
    given = operator(-values if which == "smallest" else values, asked)
    found = extreme_pairs(given, 5, which)
    assert found.proved == 0
    assert found.chance <= chance.ENOUGH
    assert not asked
    assert np.abs(np.abs(found.values) - [3.0, 2.5, 2.0, 1.8, 1.6]).max() < 1e-10
    assert "probability" in found.missing
    assert found.upper == math.inf


def test_a_pair_that_is_left_out_is_noticed(monkeypatch):
    """Candidates without the second largest: no probability is given."""
    values = spread(1)
    given = operator(values)
    start = np.eye(ORDER)[:, [0, 2, 3, 4]]
    monkeypatch.setattr(lanczos._Search, "add", lambda self, *_: False)
    search = lanczos._Search(given, 3, "largest", None, lanczos.Watch())
    search.merge(start)
    search.ends = -1.0, 1.0
    assert search.run().chance == 1.0
    whole = lanczos._Search(given, 3, "largest", None, lanczos.Watch())
    whole.merge(np.eye(ORDER)[:, :5])
    whole.ends = -1.0, 1.0
    assert whole.run().chance <= chance.ENOUGH


@pytest.mark.parametrize("shift", [0.0, 5.0, -5.0])
def test_eigenvalues_of_one_sign_are_tested_as_well(shift):
    """All negative, all positive: what is tested is the gap and not the side of zero."""
    values = spread(3) + shift
    found = extreme_pairs(operator(values), 5)
    assert found.chance <= chance.ENOUGH
    assert np.abs(found.values - np.sort(values)[::-1][:5]).max() < 1e-10


def test_where_the_norm_proves_it_is_asked_for_and_nothing_is_left_to_chance():
    asked = []
    values = np.append([5.0, 4.0, 3.0], np.linspace(0.0, 1e-3, ORDER - 3))
    found = extreme_pairs(operator(values, asked), 3)
    assert asked
    assert found.proved == 3
    assert found.chance == 0.0


def test_a_matrix_that_is_off_moves_what_is_tested():
    """An error of the matrix as large as the gap leaves nothing to be said; a small one does not matter."""
    given = operator(spread(2))
    said = [
        extreme_pairs(replace(given, product_error=1e-14 + off, matrix_error=off), 5).chance
        for off in (1e-6, 1.0)
    ]
    assert said[0] <= chance.ENOUGH
    assert said[1] == 1.0


@pytest.mark.parametrize("which", ["largest", "smallest"])
def test_the_test_comes_before_the_search_goes_on(monkeypatch, which):
    """Three pairs of a dense bulk: one search, one test, and no look at the complement."""
    added, add = [], lanczos._Search.add

    def counted(self, count, above=None):
        added.append(count)
        return add(self, count, above)

    monkeypatch.setattr(lanczos._Search, "add", counted)
    values = spread(4)
    found = extreme_pairs(operator(values if which == "largest" else -values), 3, which)
    assert found.chance <= chance.ENOUGH
    assert added == [3]


def test_the_far_end_is_known_after_restarts():
    """Where the basis is full only the pairs sought are kept: the other end is the farthest ever seen."""
    values = np.append(np.random.default_rng(5).uniform(-1.0, 1.0, 1499), -3.0)
    search = lanczos._Search(operator(values), 12, "largest", None, lanczos.Watch())
    search.add(12)
    assert search.ends[0] == pytest.approx(-3.0, abs=1e-8)
    assert search.ends[1] < search.values[11]


@pytest.mark.parametrize("by", ["interruption", "time"])
def test_a_test_that_is_broken_off_keeps_what_was_found(by):
    values, watch = spread(6), lanczos.Watch()

    def told(_, doing):
        if doing.startswith("testing"):
            watch.max_seconds = 0.0
            if by == "interruption":
                raise KeyboardInterrupt

    watch.progress = told
    found = extreme_pairs(operator(values), 5, watch=watch)
    assert np.abs(found.values - [3.0, 2.5, 2.0, 1.8, 1.6]).max() < 1e-10
    assert found.chance == 1.0
    assert f"stopped by {'interrupted' if by == 'interruption' else 'max_seconds = 0'}" in found.missing
