"""Values come first, and bounds of their errors when they are asked for: what asks, and what that changes."""

import itertools
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import twolayer as tl
from tests.oracle.strategies import random_problem
from twolayer.forward.scaling import needs_no_scaling
from twolayer.operators import spectral

WITHOUT_BOUNDS = {
    "product": lambda H: H @ np.ones(H.shape[1]),
    "products": lambda H: H @ np.eye(H.shape[1]),
    "diagonal": lambda H: H.diagonal(),
    "matrix": lambda H: H.toarray(),
    "kinks": lambda H: H.n_kinks,
}
WITH_BOUNDS = {
    "trace": lambda H: H.trace(),
    "norm": lambda H: H.frobenius_norm(),
    "rounding error": lambda H: H.rounding_error(),
    "eigenvalues": lambda H: H.eigenvalues(),
    "inertia": lambda H: H.inertia(),
}


def made(name="tanh", loss="squared", n=9, seed=0, weighted=False):
    rng = np.random.default_rng(seed)
    net = tl.TwoLayer(
        rng.normal(size=(2, 5)), rng.normal(size=(5, 3)), rng.normal(size=5), [0.3, -0.2], activation=name
    )
    y = rng.integers(0, 2, n) if loss == "softmax" else rng.normal(size=(n, 2))
    weights = rng.exponential(size=n) if weighted else None
    return tl.Hessian(net, rng.normal(size=(n, 3)), y, loss=loss, weights=weights)


@pytest.mark.parametrize("ask", WITHOUT_BOUNDS)
@pytest.mark.parametrize("name", ["tanh", "relu", "leaky_relu", "softplus", "square"])
def test_what_has_no_error_asks_for_none(ask, name):
    for loss, weighted in itertools.product(("squared", "softmax"), (False, True)):
        H = made(name, loss, weighted=weighted)
        WITHOUT_BOUNDS[ask](H)
        assert "errors" not in vars(H.forward), ask
        H.trace()
        assert "errors" in vars(H.forward)  # so that the line before it can fail


@pytest.mark.parametrize("ask", WITH_BOUNDS)
@pytest.mark.parametrize("name", ["tanh", "relu", "relu_squared"])
def test_the_order_of_questions_changes_no_answer(ask, name):
    first, second = made(name), made(name)
    found = WITH_BOUNDS[ask](first)
    for each in WITHOUT_BOUNDS.values():
        each(second)
    again = WITH_BOUNDS[ask](second)
    for one, other in ((found, again), (getattr(found, "error", 0.0), getattr(again, "error", 0.0))):
        assert np.array_equal(getattr(one, "value", one), getattr(other, "value", other))


@pytest.mark.parametrize("name", ["tanh", "relu", "relu_squared"])
def test_an_operator_that_was_sent_away_still_finds_its_bounds(name):
    H = made(name)
    sent = pickle.loads(pickle.dumps(H))
    assert "errors" not in vars(sent.forward)
    assert sent.trace().error == H.trace().error > 0


def test_the_callers_later_changes_of_the_data_change_no_bound():
    rng = np.random.default_rng(1)
    net, X, y = tl.TwoLayer([1.0, -2.0], rng.normal(size=(2, 3))), rng.normal(size=(7, 3)), rng.normal(size=7)
    before = tl.Hessian(net, X, y).trace()
    H = tl.Hessian(net, X, y)
    X *= 1e9
    assert H.trace().value == before.value
    assert H.trace().error == before.error


def test_weights_reach_bounds_that_were_not_asked_for():
    rng = np.random.default_rng(2)
    net, X, y = tl.TwoLayer([1.0, -2.0], rng.normal(size=(2, 3))), rng.normal(size=(7, 3)), rng.normal(size=7)
    whole = tl.Hessian(net, X, y).forward.G_error
    assert (tl.Hessian(net, X, y, weights=np.full(7, 8.0)).forward.G_error >= 8 * whole).all()


@given(
    seed=st.integers(0, 2**32 - 1),
    exponent=st.integers(-500, 500),
    name=st.sampled_from(["relu", "identity"]),
)
def test_moving_a_power_of_two_between_the_layers_moves_it_between_the_blocks(seed, exponent, name):
    rng = np.random.default_rng(seed)
    (n, d, m), t = rng.integers(1, 8, 3), 2.0 ** (exponent / 2 if exponent % 2 == 0 else (exponent - 1) / 2)
    a, W, X, y = rng.normal(size=m), rng.normal(size=(m, d)), rng.normal(size=(n, d)), rng.normal(size=n)
    plainly = tl.Hessian(tl.TwoLayer(a, W, activation=name), X, y)
    moved = tl.Hessian(tl.TwoLayer(a / t, W * t, activation=name), X, y)
    powers = np.repeat([t, 1 / t], [m, m * d])
    assert np.allclose(moved.diagonal(), powers**2 * plainly.diagonal(), rtol=1e-12, atol=0)
    v = rng.normal(size=m * (d + 1))
    size = powers * (np.abs(plainly.toarray()) @ np.abs(v))
    assert (np.abs(moved @ (v / powers) - powers * (plainly @ v)) <= 1e-11 * size).all()


def far_apart():
    """Output weights whose squares leave the floats, beside inputs that take them back."""
    rng = np.random.default_rng(3)
    net = tl.TwoLayer(2.0**600 * rng.normal(size=4), rng.normal(size=(4, 3)), activation="relu")
    return net, 2.0**-600 * rng.normal(size=(8, 3)), rng.normal(size=8)


def test_factors_that_are_far_apart_are_scaled():
    net, X, y = far_apart()
    assert not needs_no_scaling(tl.Hessian(net, X, y).forward, tl.Hessian(net, X, y).scope)
    near = tl.Hessian(tl.TwoLayer(net.a / 2.0**600, net.W, activation="relu"), 2.0**600 * X, y)
    assert needs_no_scaling(near.forward, near.scope)
    block = slice(4, None)  # of W
    assert np.allclose(tl.Hessian(net, X, y).diagonal()[block], near.diagonal()[block], rtol=1e-12)


def test_the_comparison_catches_factors_that_are_not_scaled(monkeypatch):
    net, X, y = far_apart()
    monkeypatch.setattr(spectral, "needs_no_scaling", lambda *_: True)
    with pytest.raises(ValueError, match="overflow"):
        tl.Hessian(net, X, y).diagonal()


@given(seed=st.integers(0, 2**32 - 1), exponents=st.tuples(*[st.integers(-160, 160)] * 4))
def test_plain_factors_are_above_and_below_what_they_say(seed, exponents):
    """What is not scaled has finite bounds, and is not lost to underflow."""
    p = random_problem(seed % 1000, n=4, d=2, m=3)
    scales = [2.0**exponent for exponent in exponents]
    y = p.y * scales[3]
    net = tl.TwoLayer(p.a * scales[0], p.W * scales[1], p.b, p.c, activation="tanh")
    H = tl.Hessian(net, p.X * scales[2], y)
    if needs_no_scaling(H.forward, H.scope):
        assert 2.0**-101 <= H.bound.total < 2.0**400
        assert H.factors == (H.forward, 0)


@pytest.mark.parametrize("name", ["relu", "leaky_relu"])
@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_linear_units_whose_squares_leave_the_floats_are_measured_all_the_same(name, scale):
    rng = np.random.default_rng(4)
    W, X = scale * rng.normal(size=(5, 3)), rng.normal(size=(6, 3))
    norms, near = (
        tl.Hessian(tl.TwoLayer(np.ones(5) / s, W / scale * s, activation=name), X, np.zeros(6)).forward.norms
        for s in (scale, 1.0)
    )
    for field, power in (("S", scale), ("dS", scale), ("S1", 1.0), ("D", 1 / scale)):
        ratio = getattr(norms, field) / power / getattr(near, field)
        assert ((ratio > 0.3) & (ratio < 6.0)).all(), field  # of 5 units: sums stand for norms there


def test_a_bound_that_overflows_is_refused_where_it_is_asked_for():
    net = tl.TwoLayer([1e-300], [[1.797e308]], activation="relu")
    H = tl.Hessian(net, [[1.0]], [0.0])
    assert pytest.approx(1.797e8) == H.forward.F
    with pytest.raises(ValueError, match="must give finite rounding errors of the outputs"):
        H.trace()
