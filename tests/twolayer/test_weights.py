"""Sample weights and weight decay: identities, exact rationals by repetition, bounds that hold."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import twolayer as tl
from twolayer.operators.ridge import floats_around

LOSSES = {"squared": 1, "logistic": 1, "pseudo_huber": 2, "softmax": 3}
NORMS = ("trace", "frobenius_norm", "spectral_norm", "nuclear_norm")


def case(loss, n=6, m=3, d=2, scale=1.0, seed=0):
    rng = np.random.default_rng(seed)
    q = LOSSES[loss]
    a = scale * rng.standard_normal(m if q == 1 else (q, m))
    c = rng.standard_normal() if q == 1 else rng.standard_normal(q)
    net = tl.TwoLayer(a, rng.standard_normal((m, d)), rng.standard_normal(m), c)
    X = rng.standard_normal((n, d))
    if loss == "softmax":
        return net, X, rng.integers(0, q, n)
    if loss == "logistic":
        return net, X, rng.integers(0, 2, n)
    return net, X, rng.standard_normal((n, q))[:, 0] if q == 1 else rng.standard_normal((n, q))


def agree(one, other):
    assert np.all(np.abs(one.value - other.value) <= one.error + other.error)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("n", [1, 3, 8, 11])
def test_whole_weights_are_repetitions(loss, n):
    net, X, y = case(loss, n)
    w = np.random.default_rng(n).integers(0, 4, n)
    w[0] = 3
    repeated, labels = np.repeat(X, w, axis=0), np.repeat(y, w, axis=0)
    ours = tl.Hessian(net, X, y, loss, weights=w * (n / w.sum()))
    theirs = tl.Hessian(net, repeated, labels, loss)
    slack = 1e-12  # n / w.sum() is rounded
    for name in NORMS:
        one, other = getattr(ours, name)(), getattr(theirs, name)()
        assert abs(one.value - other.value) <= one.error + other.error + slack * abs(other.value)
    assert ours.toarray() == pytest.approx(theirs.toarray(), rel=1e-10, abs=1e-12)
    for function in (tl.risk, tl.gradient_norm):
        one = function(net, X, y, loss, weights=w * (n / w.sum()))
        other = function(net, repeated, labels, loss)
        assert one.value == pytest.approx(other.value, rel=1e-11)


@pytest.mark.parametrize("scale", [2.0**-30, 1.0, 2.0**30])
@pytest.mark.parametrize("loss", LOSSES)
def test_a_power_of_two_multiplies_everything_exactly(loss, scale):
    net, X, y = case(loss)
    plain, weighted = tl.Hessian(net, X, y, loss), tl.Hessian(net, X, y, loss, weights=np.full(6, scale))
    assert (weighted.toarray() == scale * plain.toarray()).all()
    assert weighted.trace().value == scale * plain.trace().value
    agree(
        weighted.eigenvalues() if scale == 1 else weighted.trace(),
        plain.eigenvalues() if scale == 1 else plain.trace() * scale,
    )


@pytest.mark.parametrize("loss", LOSSES)
def test_the_risk_is_linear_in_the_weights_and_its_bounds_hold(loss):
    net, X, y = case(loss)
    rng = np.random.default_rng(1)
    w = np.exp(rng.uniform(-18, 18, len(X)))
    total = sum(
        tl.Hessian(net, X[i : i + 1], y[i : i + 1], loss).trace() * float(w[i]) for i in range(len(X))
    ) / len(X)
    agree(tl.Hessian(net, X, y, loss, weights=w).trace(), total)
    mean = sum(tl.risk(net, X[i : i + 1], y[i : i + 1], loss) * float(w[i]) for i in range(len(X))) / len(X)
    agree(tl.risk(net, X, y, loss, weights=w), mean)


def test_weights_are_said_in_the_convention_and_refused_where_they_make_no_sense():
    net, X, y = case("squared")
    assert "times weights w_i" in tl.risk(net, X, y, weights=np.ones(6)).convention
    for wrong, message in (
        (-np.ones(6), "at least 0"),
        (np.zeros(6), "not all 0"),
        (np.ones(5), r"weights must be \(6,\)"),
        (np.full(6, np.nan), "finite"),
        (np.full(6, 1e308) * [1, 1, 1, 1, 1, 1], "finite"),
    ):
        with pytest.raises(ValueError, match=message):
            tl.Hessian(net, 1e3 * X, 1e3 * y, weights=wrong).trace()


def test_class_weights_are_those_of_scikit_learn():
    sklearn = pytest.importorskip("sklearn.utils.class_weight")
    y = np.array(["b", "a", "b", "c", "b", "b"])
    assert tl.class_weights(y) == pytest.approx(sklearn.compute_sample_weight("balanced", y))
    chosen = {"a": 2.0, "b": 0.5, "c": 0.0}
    assert (tl.class_weights(y, chosen) == sklearn.compute_sample_weight(chosen, y)).all()
    with pytest.raises(ValueError, match="got none for 'c'"):
        tl.class_weights(y, {"a": 1.0, "b": 1.0})


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("parts", [None, ["a", "W"], "b"])
@pytest.mark.parametrize("ridge", [0.0, 1e-8, 0.37, 1e8])
def test_weight_decay_agrees_with_the_matrix(loss, parts, ridge):
    net, X, y = case(loss)
    H = tl.Hessian(net, X, y, loss)
    R = H.with_ridge(ridge, parts)
    A = H.toarray() + np.diag(R.added)
    spread = R.rounding_error() + 1e-14 * np.linalg.norm(A)
    values = np.linalg.eigvalsh(A)[::-1]
    assert np.abs(R.eigenvalues().value - values).max() <= np.max(R.eigenvalues().error) + spread
    assert abs(R.frobenius_norm().value - np.linalg.norm(A)) <= R.frobenius_norm().error + spread
    assert abs(R.trace().value - np.trace(A)) <= R.trace().error + len(A) * spread
    assert abs(R.spectral_norm().value - np.abs(values).max()) <= R.spectral_norm().error + spread
    few = R.eigenvalues(2, "smallest")
    assert np.abs(few.value - values[::-1][:2]).max() <= np.max(few.error) + spread
    v = np.random.default_rng(3).standard_normal(len(A))
    assert R @ v == pytest.approx(A @ v, rel=1e-10, abs=1e-10 * max(ridge, 1))
    assert (R.toarray() == A).all()
    found = R.inertia(0.5)
    below = int((values < -0.5).sum())
    assert found.value <= below <= found.value + found.error
    assert R.logdet(1e3).value == pytest.approx(np.log(values + 1e3).sum(), rel=1e-9)


@pytest.mark.parametrize(("shift", "ridge"), [(1.0, 0.1), (0.1, 0.7), (1e-3, 1e3)])
def test_a_shift_and_a_ridge_whose_sum_is_no_float_need_no_eigenvalues(shift, ridge):
    net, X, y = case("squared", n=9, m=40)
    H = tl.Hessian(net, X, y).gauss_newton
    R, values = H.with_ridge(ridge), np.linalg.eigvalsh(H.toarray())
    assert Fraction(shift) + Fraction(ridge) != Fraction(shift + ridge)
    found, inertia = R.logdet(shift), R.inertia(-shift)
    assert "verified" not in found.method
    assert found.error < 1e-10 * abs(found.value)
    assert abs(found.value - np.log(values + ridge + shift).sum()) <= found.error + 1e-11
    below = int((values + ridge < shift).sum())
    assert inertia.value <= below <= inertia.value + inertia.error


@given(st.floats(-1e300, 1e300), st.floats(0, 1e300))
def test_the_sum_of_two_floats_lies_between_neighbours(one, other):
    low, high = floats_around(one, other)
    exact = Fraction(one) + Fraction(other)
    assert Fraction(low) <= exact <= Fraction(high)
    assert high in (low, np.nextafter(low, np.inf))
    assert (low == high) == (exact == Fraction(one + other))


def test_a_ridge_shifts_eigenvalues_and_leaves_bounds_as_they_are():
    net, X, y = case("squared")
    H = tl.Hessian(net, X, y)
    plain, moved = H.eigenvalues(), H.with_ridge(0.5).eigenvalues()
    assert moved.value == pytest.approx(plain.value + 0.5, rel=1e-15)
    assert np.max(moved.error) <= 1.1 * np.max(plain.error) + 1e-15
    for wrong in (-1.0, np.nan, "1"):
        with pytest.raises(ValueError, match="ridge must be"):
            H.with_ridge(wrong)
    with pytest.raises(ValueError, match="parts must be among"):
        H.with_ridge(1.0, ["V"])
