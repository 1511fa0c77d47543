"""An ensemble's numbers are those of its members, at every shape; training is that of plain numpy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

import twolayer as tl
from numerics.training.many import descend
from tests.oracle.strategies import ACTIVATIONS, LOSSES
from twolayer.jit import SETTINGS
from twolayer.many.packing import Packing, quicker, risks, slopes


@st.composite
def ensembles(draw):
    """An ensemble with data for it: every number of lanes, tiles and units that leaves a remainder."""
    E, m, d, n = (draw(st.integers(1, most)) for most in (35, 6, 5, 9))
    loss = draw(st.sampled_from(LOSSES))
    q = draw(st.integers(2, 3)) if loss == "softmax" else draw(st.sampled_from([None, None, 1, 2]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    a = rng.normal(size=(E, m) if q is None else (E, q, m))
    b = rng.normal(size=(E, m)) if draw(st.booleans()) else None
    c = rng.normal(size=(E,) if q is None else (E, q)) if draw(st.booleans()) else None
    many = tl.Ensemble(a, rng.normal(size=(E, m, d)), b, c, activation=draw(st.sampled_from(ACTIVATIONS)))
    shape = (n,) if q is None or loss == "softmax" else (n, q)
    y = rng.integers(0, 2, shape) if loss in ("logistic", "softmax") else rng.normal(size=shape)
    return many, rng.normal(size=(n, d)), y, loss


@given(ensembles())
@settings(max_examples=30)
def test_every_member_gets_its_own_numbers(case):
    many, X, y, loss = case
    risks, slopes = many.risk(X, y, loss), many.gradient(X, y, loss)
    norms, traces = many.frobenius_norm(X, y, loss), many.trace(X, y, loss)
    for e in {0, len(many) // 2, len(many) - 1}:
        net = many[e]
        H = tl.Hessian(net, X, y, loss)
        size = H.gauss_newton.frobenius_norm().value + H.residual.frobenius_norm().value
        assert_allclose(risks[e], tl.risk(net, X, y, loss).value, rtol=1e-12, atol=1e-300)
        assert_allclose(
            slopes[e], tl.gradient(net, X, y, loss), rtol=1e-9, atol=1e-12 * (1 + abs(slopes[e]).max())
        )
        assert_allclose(norms[e], H.frobenius_norm().value, rtol=1e-10, atol=1e-7 * size)
        assert_allclose(traces[e], H.trace().value, rtol=1e-9, atol=1e-12 * size * len(slopes[e]))


@given(ensembles(), st.sampled_from([None, 1, 3]))
@settings(max_examples=60)
def test_a_members_numbers_do_not_depend_on_how_many_there_are(case, batch):
    """One to four times eight lanes, and several blocks of them: the same bits."""
    many, X, y, loss = case
    options = {"steps": 7, "learning_rate": 0.05, "loss": loss, "batch_size": batch}
    data = Packing(many[0], X, y, loss, "simd")
    truth, last = None, many.theta[-1]
    for count in (1, 9, 17, 25, 33, 70):
        theta = np.concatenate([np.repeat(many.theta, count, axis=0)[: count - 1], last[None]])
        ends, _ = descend(many.replace(theta), X, y, rng=np.random.default_rng(0), **options)
        found = [risks(data, theta)[-1], *slopes(data, theta)[-1], *ends.theta[-1]]
        truth = truth or found
        assert_array_equal(found, truth)


@given(ensembles())
@settings(max_examples=25)
def test_every_member_has_its_own_spectrum(case):
    many, X, y, loss = case
    found, negative = many.eigenvalues(X, y, loss), many.negative_count(X, y, loss)
    assert_array_equal(found[:, 0], many.largest_eigenvalue(X, y, loss))
    assert_array_equal(found[:, -1], many.smallest_eigenvalue(X, y, loss))
    for e in {0, len(many) // 2, len(many) - 1}:
        truth = np.linalg.eigvalsh(tl.Hessian(many[e], X, y, loss).toarray())[::-1]
        size = np.abs(truth).max() + 1e-300
        assert_allclose(found[e], truth, rtol=0, atol=1e-12 * size * len(truth))
        assert (truth < -1e-10 * size).sum() <= negative[e] <= (truth < -1e-14 * size).sum()


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("q", [None, 2])
def test_spectra_of_many_are_the_same_on_any_threads_and_keep_to_their_time(monkeypatch, threads, q):
    rng, told = np.random.default_rng(0), []
    a = rng.normal(size=(150, 3) if q is None else (150, q, 3))
    many, X = tl.Ensemble(a, rng.normal(size=(150, 3, 2))), rng.normal(size=(5, 2))
    y = rng.normal(size=(5,) if q is None else (5, q))
    truth = many.eigenvalues(X, y)
    monkeypatch.setattr(SETTINGS, "NUMBA_NUM_THREADS", threads)
    found = many.eigenvalues(X, y, progress=lambda share, doing: told.append((share, doing)))
    assert_array_equal(found, truth)
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert len(shares) >= 3
    assert all(0 <= share <= 1 for share in shares)
    for name in ("eigenvalues", "largest_eigenvalue", "smallest_eigenvalue", "negative_count"):
        with pytest.raises(TimeoutError, match="max_seconds must be enough for all networks; got 0"):
            getattr(many, name)(X, y, max_seconds=0.0)


def test_a_tolerance_out_of_range_is_refused():
    many = tl.Ensemble([[1.0]], [[[1.0]]])
    with pytest.raises(ValueError, match=r"tolerance must be a number in 0\.\.1; got -1"):
        many.negative_count([[1.0]], [0.0], tolerance=-1)


@given(ensembles())
@settings(max_examples=20)
def test_theta_goes_there_and_back(case):
    many = case[0]
    assert_array_equal(many.theta, [net.theta for net in many])
    assert_array_equal(many.replace(many.theta[::-1]).theta, many.theta[::-1])
    assert_array_equal(tl.Ensemble.of(many[0], many.theta).W, many.W)


def plain_descent(many, X, y, batches, rate):
    """Gradient descent of scalar tanh networks under the squared loss, one network and one step at a time."""
    ends = []
    for net in many:
        a, W, b, c = net.a.copy(), net.W.copy(), net.b.copy(), float(net.c)
        for batch in batches:
            x, target = X[batch], y[batch]
            s = np.tanh(x @ W.T + b)
            r = (s @ a + c - target) / len(batch)
            v = np.outer(r, a) * (1 - s**2)
            a, W, b, c = a - rate * s.T @ r, W - rate * v.T @ x, b - rate * v.sum(axis=0), c - rate * r.sum()
        ends.append(np.concatenate([a, W.ravel(), b, [c]]))
    return np.array(ends)


def setup(E=21, m=5, d=3, n=13, seed=0):
    rng = np.random.default_rng(seed)
    many = tl.Ensemble(
        rng.normal(size=(E, m)), rng.normal(size=(E, m, d)), rng.normal(size=(E, m)), rng.normal(size=E)
    )
    return many, rng.normal(size=(n, d)), rng.normal(size=n)


@pytest.mark.parametrize("steps", [0, 1, 100, 230])
def test_descent_is_that_of_the_formula(steps):
    many, X, y = setup()
    trained, risks = descend(many, X, y, steps=steps, learning_rate=0.05)
    assert_allclose(
        trained.theta, plain_descent(many, X, y, [np.arange(13)] * steps, 0.05), rtol=1e-9, atol=1e-11
    )
    assert_allclose(risks, [tl.risk(net, X, y).value for net in trained], rtol=1e-12)


@pytest.mark.parametrize("batch_size", [1, 4, 13, 50])
def test_stochastic_descent_draws_its_orders_from_the_generator(batch_size):
    many, X, y = setup()
    trained, _ = descend(
        many, X, y, steps=31, learning_rate=0.05, batch_size=batch_size, rng=np.random.default_rng(3)
    )
    rng, batches = np.random.default_rng(3), []
    while len(batches) < 31:
        order = rng.permutation(13)
        batches += [order[first : first + batch_size] for first in range(0, 13, batch_size)]
    assert_allclose(trained.theta, plain_descent(many, X, y, batches[:31], 0.05), rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("shape", [{"E": 40}, {"E": 5, "m": 30, "d": 65, "n": 150}])
@pytest.mark.parametrize("batches", [{"tolerance": 1e-2}, {"batch_size": 7}])
def test_a_member_does_not_depend_on_its_company(shape, batches):
    many, X, y = setup(**shape)

    def trained(some):
        options = {"steps": 220, "learning_rate": 0.03, **batches}
        return descend(some, X, y, rng=np.random.default_rng(1), **options)[0].theta

    apart = np.concatenate([trained(many.replace(row[None])) for row in many.theta])
    assert_array_equal(trained(many), apart)


@pytest.mark.parametrize("kernels", ["simd", "gemm"])
@given(case=ensembles())
@settings(max_examples=15)
def test_both_roads_give_the_members_numbers(kernels, case):
    many, X, y, loss = case
    data = Packing(many[0], X, y, loss, kernels)
    found, slopes_found = risks(data, many.theta), slopes(data, many.theta)
    for e in {0, len(many) - 1}:
        slope = tl.gradient(many[e], X, y, loss)
        assert_allclose(found[e], tl.risk(many[e], X, y, loss).value, rtol=1e-12, atol=1e-300)
        assert_allclose(slopes_found[e], slope, rtol=1e-9, atol=1e-12 * (1 + abs(slope).max()))


@pytest.mark.parametrize("n", [1, 127, 128, 129, 300])
def test_tiles_of_samples_are_joined(n):
    many, X, y = setup(E=2, n=n)
    for kernels in ("simd", "gemm"):
        data = Packing(many[0], X, y, "squared", kernels)
        assert_allclose(slopes(data, many.theta)[1], tl.gradient(many[1], X, y), rtol=1e-10, atol=1e-12)


def test_the_road_is_chosen_by_the_shape_alone():
    assert [quicker(n, d, m) for n, d, m in [(50, 2, 20), (200, 64, 32), (10, 64, 32), (10**6, 8, 100)]] == [
        "simd",
        "gemm",
        "simd",
        "simd",
    ]


def test_members_that_diverge_retire_and_poison_nobody():
    many, X, y = setup(E=40)
    wild = 0.4 * many.theta
    wild[[3, 39]] *= 300.0
    some = tl.Ensemble.of(tl.TwoLayer(*(getattr(many[0], name) for name in "aWbc"), activation="cube"), wild)
    trained, found = descend(some, X, y, steps=300, learning_rate=1e-4)
    assert np.isinf(found[[3, 39]]).all()
    assert_array_equal(trained.theta[[3, 39]], wild[[3, 39]])
    rest = np.delete(np.arange(40), [3, 39])
    assert np.isfinite(found[rest]).all()
    assert_array_equal(
        trained.theta[rest], descend(some.replace(wild[rest]), X, y, steps=300, learning_rate=1e-4)[0].theta
    )


def test_members_at_rest_retire():
    many, X, y = setup(E=20)
    rested, _ = descend(many, X, y, steps=3000, learning_rate=0.1, tolerance=0.02)
    norms = np.linalg.norm(rested.gradient(X, y), axis=1)
    assert (norms < 0.02).any()
    further, _ = descend(rested, X, y, steps=100, learning_rate=0.1, tolerance=np.inf)
    again, _ = descend(rested, X, y, steps=5000, learning_rate=0.1, tolerance=np.inf)
    assert_array_equal(further.theta, again.theta)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"steps": -1}, "steps must be at least 0; got -1"),
        ({"learning_rate": 0.0}, "learning_rate must be positive; got 0.0"),
        ({"batch_size": 0}, "batch_size must be at least 1; got 0"),
        ({"batch_size": 2}, "rng must be a numpy Generator when there is a batch_size; got None"),
        ({"tolerance": -1.0}, "tolerance must be at least 0; got -1.0"),
    ],
)
def test_bad_options_are_named(options, message):
    many, X, y = setup()
    with pytest.raises(ValueError, match=message):
        descend(many, X, y, **{"steps": 5, "learning_rate": 0.1, **options})


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"W": np.ones((2, 3))}, r"W must be \(E, m, d\) with E, m, d >= 1; got \(2, 3\)"),
        ({"a": np.ones((2, 4))}, r"a must be \(2, 3\) to match W; got \(2, 4\)"),
        ({"b": np.ones(3)}, r"b must be \(2, 3\) to match a and W; got \(3,\)"),
        ({"c": np.ones((2, 1))}, r"c must be \(2,\) with|c must be \(2,\) to match a and W; got \(2, 1\)"),
        ({"a": np.full((2, 3), np.nan)}, "a must be finite; got nan"),
    ],
)
def test_bad_shapes_are_named(parts, message):
    with pytest.raises(ValueError, match=message):
        tl.Ensemble(**{"a": np.ones((2, 3)), "W": np.ones((2, 3, 4)), **parts})
