"""The few extreme eigenvalues by Lanczos: none missed, clusters whole."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import twolayer as tl
from tests.oracle.strategies import random_problem
from tests.twolayer.shapes import MIDDLE, SHAPES, dense_copy
from twolayer.spectrum.extremes import candidates
from twolayer.spectrum.extremes.clusters import MORE
from twolayer.spectrum.extremes.lanczos import extreme_pairs
from twolayer.spectrum.extremes.records import Operator
from twolayer.spectrum.extremes.thick_restart import Basis
from twolayer.spectrum.extremes.watch import Watch


def repeated(copies=6):
    """Samples on the axes, each with its own unit: the kernel is a multiple of the identity but for two."""
    X = np.eye(copies)
    a, W = np.full(copies, 1.0), np.eye(copies)
    return tl.Hessian(tl.TwoLayer(a, W, activation="identity"), X, np.ones(copies))


def test_a_spectrum_of_known_multiplicities():
    """f = a . (W x): J_i = (e_i, a (x) e_i), so J J^T = (1 + m) I and (1 + m) / n has multiplicity n."""
    H = repeated()
    for method in ("dense", "kernel"):
        found = H.eigenvalues(method=method)
        assert np.abs(found.value[:6] - 7 / 6).max() <= found.error.max() < 1e-12
        assert np.abs(found.value[6:]).max() <= found.error.max()
    assert H.gauss_newton.rank().value == 6
    assert H.inertia(-1.0).value == H.shape[0] - 6
    assert H.spectral_norm("lanczos").value == pytest.approx(7 / 6, abs=1e-12)


def test_lanczos_finds_every_member_of_a_cluster():
    """A six-fold top eigenvalue: one Krylov space holds a single member; the count asks for the others."""
    H = repeated(12)
    found = H.gauss_newton.eigenvalues(12, method="lanczos")
    assert np.abs(found.value - 13 / 12).max() <= found.error.max() < 2e-12


def clustered(n, copies, gap, seed):
    """Samples on the axes, one unit at w = 0: G has |x_i|^2 / n, `copies` of them within `gap` of 1 / n."""
    squares = np.random.default_rng(seed).uniform(0.3, 0.999, n)
    squares[:copies] = 1.0 + gap * np.arange(copies)
    net = tl.TwoLayer([1.0], np.zeros((1, n)), activation="identity")
    return tl.Hessian(net, np.diag(np.sqrt(squares)), np.zeros(n)), np.sort(squares)[::-1] / n


@pytest.mark.parametrize("gap", [0.0, 1e-16, 1e-10, 1e-5])
def test_a_cluster_of_which_eigsh_omits_members_is_complete(gap):
    """Of these six scipy 1.17's eigsh(H, 5, which="LA") returns two or three for some starts, and others."""
    for seed in range(6):
        H, values = clustered(36, 6, gap, seed)
        found = H.eigenvalues(6, method="lanczos")
        assert np.abs(found.value - values[:6]).max() <= found.error.max() < 1e-12
        five = H.eigenvalues(5, method="lanczos")
        whole = 6 if gap < 1e-12 else 5
        assert np.abs(five.value - values[:whole]).max() <= five.error.max()
        assert whole == 5 or "6 in place of 5, for the last are one cluster" in five.method
        assert abs(H.spectral_norm("lanczos").value - values[0]) < 1e-15


LEVELS = [-3.0, -1.0, 0.0, 0.5, 2.0, 2.0 + 1e-9, 7.0]


def diagonal(values, beyond=True, which="largest", slack=1e-15):
    """The operator diag(values), which can count its own eigenvalues beyond a point if asked to."""
    sizes = {"largest": values, "smallest": -values, "magnitude": np.abs(values)}[which]
    norm = float(np.linalg.norm(values)) * (1 + 1e-13)
    count = (lambda x, *_: (int((sizes > x).sum()), slack)) if beyond else None
    return Operator(len(values), lambda v: values * v, slack * np.abs(values).max(), norm, count)


def first(values, k, which):
    order = {"largest": -values, "smallest": values, "magnitude": -np.abs(values)}[which]
    return values[np.argsort(order, kind="stable")][:k]


def assert_first(found, values, k, which):
    """Every proved value is the true one of its rank, within its error."""
    assert len(found.values) >= k
    truth = first(values, len(found.values), which)
    assert (np.abs(found.values - truth) <= found.errors)[: found.proved].all()


def cluster_of(values, k, which):
    """How many come before the first that is not the k-th, by whatever they are sought by; k for zeros."""
    ordered = first(values, len(values), which)
    if which == "magnitude":
        ordered = np.abs(ordered)
    return int(np.flatnonzero(ordered == ordered[k - 1])[-1]) + 1 if ordered[k - 1] else k


@pytest.mark.parametrize("which", ["largest", "smallest", "magnitude"])
@pytest.mark.parametrize("beyond", [True, False])
@given(
    st.lists(st.sampled_from(LEVELS), min_size=1, max_size=60),
    st.data(),
)
@settings(max_examples=40)
def test_what_is_proved_is_true_for_any_multiplicities(which, beyond, listed, data):
    values = np.array(listed)
    k = data.draw(st.integers(1, len(values)))
    scale = data.draw(st.sampled_from([1e-8, 1.0, 1e8]))
    found = extreme_pairs(diagonal(scale * values, beyond, which), k, which)
    whole = cluster_of(values, k, which)
    assert len(found.values) == (k if whole > k + MORE else whole)
    assert_first(found, scale * values, k, which)
    residuals = np.linalg.norm(scale * values[:, None] * found.vectors - found.vectors * found.values, axis=0)
    assert (residuals <= found.residuals).all()
    assert found.residuals.max() <= 1e-11 * scale * 7
    assert (
        not beyond or found.proved == len(found.values) or (found.missing and (scale < 1 or not values.any()))
    )


@pytest.mark.parametrize("which", ["largest", "smallest", "magnitude"])
def test_a_search_that_restarts_finds_the_extremes(which):
    rng = np.random.default_rng(0)
    values = rng.standard_normal(700)
    for k in (1, 7, 20):
        for beyond in (True, False):
            found = extreme_pairs(diagonal(values, beyond, which), k, which)
            assert np.abs(found.values - first(values, k, which)).max() < 1e-12
            assert found.proved == (k if beyond else 0) or not beyond


@pytest.mark.parametrize("which", ["largest", "smallest", "magnitude"])
def test_a_count_is_made_between_the_last_found_and_the_next_seen(which):
    """Three near-equal values, as three outputs give: a count off by 1e-5 parts them in mid-gap only."""
    values = np.append([3.0, 2.9996, 2.9992], np.linspace(-1.0, 1.0, 400))
    values = -values if which == "smallest" else values
    operator = replace(diagonal(values, which=which, slack=1e-5), norm=1e3, product_error=1e-12)
    found = extreme_pairs(operator, 1, which)
    assert_first(found, values, 1, which)
    assert (found.proved, found.proof) == (1, "inertia")


def test_a_search_that_may_give_up_says_that_nothing_is_proved():
    """No test by random vectors either, which takes hundreds of products."""
    values, products = np.random.default_rng(0).standard_normal(700), []
    operator = replace(diagonal(values, beyond=False), norm=1e3)
    counted = replace(operator, product=lambda v: products.append(1) or values * v)
    for most, least in ((10.0, 0), (400.0, 5)):
        products.clear()
        found = extreme_pairs(counted, 5, most=most)
        assert (found.proved, found.chance) == (0, 1.0)
        assert len(products) <= most + 60
        assert len(found.values) >= least
    assert extreme_pairs(operator, 5).chance < 1e-12


class Blind(Basis):
    """A basis that never sees the first coordinate."""

    blind = True

    def _fresh(self, at):
        super()._fresh(at)
        if self.blind:
            self.Q[0, at] = 0.0
            self.Q[:, at] /= np.linalg.norm(self.Q[:, at])


@pytest.mark.parametrize("beyond", [True, False])
def test_what_is_never_found_is_not_claimed(monkeypatch, beyond):
    """The largest eigenvalue is invisible to the search, but for rounding: the count insists on it."""
    monkeypatch.setattr(candidates, "Basis", Blind)
    values = np.append([3.0, 2.5], np.linspace(0, 1, 98))
    found = extreme_pairs(diagonal(values, beyond), 2)
    assert_first(found, values, 2, "largest")
    assert found.proved or "would prove" in found.missing
    assert beyond or found.proved == 0


class Once(Blind):
    """Blind the first time only."""

    times = 0

    def __init__(self, *arguments):
        type(self).times += 1
        self.blind = type(self).times == 1
        super().__init__(*arguments)


@pytest.mark.parametrize("beyond", [True, False])
def test_an_eigenvalue_missed_at_first_is_found_after_all(monkeypatch, beyond):
    monkeypatch.setattr(candidates, "Basis", Once)
    monkeypatch.setattr(Once, "times", 0)
    values = np.append([3.0, 2.5], np.linspace(0, 1, 98))
    found = extreme_pairs(diagonal(values, beyond), 2)
    assert np.abs(found.values - [3.0, 2.5]).max() < 1e-12


def test_the_prefix_that_the_norm_proves_is_that_of_arithmetic():
    """diag(5, 4, 1, ..., 1): nine ones leave less than 4^2, and nine hundred leave more."""
    values = np.array([5.0, 4.0] + [1.0] * 9)
    found = extreme_pairs(diagonal(values, beyond=False), 2)
    assert found.proved == 2
    many = np.array([5.0, 4.0] + [1.0] * 900)
    found = extreme_pairs(diagonal(many, beyond=False), 2)
    assert found.proved == 0
    assert np.abs(found.values - [5.0, 4.0]).max() < 1e-12
    assert found.upper >= 5.0


@pytest.mark.parametrize("which", ["largest", "smallest", "magnitude"])
def test_a_cluster_too_large_to_return_is_counted_before(which):
    """Three, two and a hundred ones: five values are proved, and it is said that the last is one of many."""
    values = np.concatenate([[3.0, 2.0], np.ones(100), np.zeros(30)])
    values = -values if which == "smallest" else values
    found = extreme_pairs(diagonal(values, which=which, slack=1e-18), 5, which)
    assert_first(found, values, 5, which)
    assert (len(found.values), found.proved) == (5, 5)
    assert found.errors.max() < 1e-10
    assert "one of a cluster with more than 32 members" in found.cluster


def test_time_and_interruption_keep_what_was_found():
    rng = np.random.default_rng(0)
    values = rng.standard_normal(2000)
    found = extreme_pairs(diagonal(values, False), 5, watch=Watch(max_seconds=0.0))
    assert 1 <= len(found.values) <= 5
    assert found.proved == 0
    assert "max_seconds = 0" in found.missing
    operator, calls = diagonal(values, False), []

    def interrupted(v):
        calls.append(1)
        if len(calls) == 30:
            raise KeyboardInterrupt
        return values * v

    found = extreme_pairs(replace(operator, product=interrupted), 5)
    assert len(found.values) == 5
    assert "interrupted" in found.missing


def test_progress_is_told():
    told = []
    values = np.arange(1.0, 301.0)
    extreme_pairs(diagonal(values), 3, watch=Watch(lambda share, doing: told.append((share, doing))))
    assert told
    assert all(0 <= share <= 1 for share, _ in told)


@pytest.mark.parametrize("which", ["largest", "smallest", "magnitude"])
@pytest.mark.parametrize("shape", [*SHAPES, "wide inputs"])
def test_vectors_are_those_of_the_whole_matrix(which, shape):
    """Where inputs outnumber samples the search is in their span, and its vectors are carried back."""
    problem = SHAPES.get(shape) or random_problem(3, n=5, d=30, m=6)
    H = problem.hessian
    A = H.toarray()
    truth = first(dense_copy(H), 4, which)
    for method in (None, "dense", "lanczos"):
        found = H.eigenvalues(4, which, True, method=method)
        assert found.exact
        assert found.proved.all()
        assert (np.abs(found.value - truth) <= found.error + 1e-13 * np.abs(truth).max()).all()
        R = A @ found.vectors - found.vectors * found.value
        assert (np.linalg.norm(R, axis=0) <= found.residual + 1e-13 * np.abs(truth).max()).all()
        assert np.abs(found.vectors.T @ found.vectors - np.eye(4)).max() < 1e-12


def test_duplicated_units_give_whole_clusters():
    """Every unit twice, its weight halved: the same network, and zero eigenvalues for every split unit."""
    a, W = np.array([1.0, -2.0]), np.array([[1.0, 0.5], [0.3, -1.0]])
    X = np.random.default_rng(0).standard_normal((9, 2))
    net = tl.TwoLayer(np.repeat(a / 2, 2), np.repeat(W, 2, axis=0))
    H = tl.Hessian(net, X, net(X))  # interpolation: H = G
    truth = first(dense_copy(H), 12, "smallest")
    found = H.eigenvalues(12, "smallest", True, method="lanczos")
    assert np.abs(found.value - truth).max() < 1e-12
    assert np.linalg.matrix_rank(found.vectors) == 12


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"which": "top"}, ValueError, "which must be one of largest, smallest, magnitude; got 'top'"),
        ({"max_seconds": -1.0}, ValueError, "max_seconds must be None or a number of seconds; got -1.0"),
        ({"max_seconds": "1"}, ValueError, "max_seconds must be"),
        ({"progress": 3}, TypeError, "progress must be callable or None; got 3"),
    ],
)
def test_bad_options_are_refused(options, error, words):
    with pytest.raises(error, match=words):
        MIDDLE.hessian.eigenvalues(2, **options)
