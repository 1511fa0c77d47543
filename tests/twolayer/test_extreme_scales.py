"""Bounds where squares and products leave the floats: each value is right, or refused by name."""

import numpy as np
import pytest

import twolayer as tl
from benchmarks import bounds
from benchmarks.bounds_questions import Answer, answers
from tests.oracle import oracle
from tests.oracle.comparison import assert_all_hold, assert_holds, descending
from tests.oracle.problem import Problem
from twolayer.arrays import Overflow
from twolayer.errors.rounding import exponent_of, scaled_norm, scaled_norms
from twolayer.operators.by_blocks import frobenius_by_blocks, trace_by_blocks


def one_unit(a, w, x, y, activation="identity", loss="squared"):
    return Problem(
        np.array([a]), np.array([[w]]), None, None, np.array([[x]]), np.array([y]), activation, loss
    )


def narrow(measured, truth, digits=1e-12):
    assert_holds(measured, truth)
    assert measured.error <= digits * abs(measured.value)


@pytest.mark.parametrize("x", [300.0, 372.0, 380.0, 500.0, 700.0])
def test_the_gradient_of_a_confident_sample(x):
    p = one_unit(1.0, 1.0, x, 1.0, loss="logistic")
    slope = oracle.reference(p).gradient
    truth = oracle.frobenius_norm(oracle.arb_mat([[v] for v in slope]))
    narrow(tl.gradient_norm(p.net, p.X, p.y, p.loss), truth, 1e-11)


@pytest.mark.parametrize("x", [1e-150, 1e-160, 1e-162, 1e-200, 1e-300])
@pytest.mark.parametrize("method", [None, "pairs", "dense"])
def test_a_norm_whose_squares_vanish(x, method):
    p = one_unit(1.0, 0.0, x, 1.0)
    narrow(p.hessian.frobenius_norm(method), oracle.frobenius_norm(oracle.reference(p).H))


@pytest.mark.parametrize("x", [1e-160, 1e-300])
def test_tiny_eigenvalues_by_every_method(x):
    p = one_unit(1.0, 0.5, x, 1.0)
    truth = oracle.reference(p)
    for operator, M in ((p.hessian.gauss_newton, truth.G), (p.hessian.residual, truth.R)):
        for method in ("dense", "kernel") if M is truth.G else ("dense", "structured"):
            measured = operator.eigenvalues(method=method)
            assert_all_hold(measured, descending(M))
            assert measured.error.max() <= 1e-12 * abs(measured.value).max() + 1e-322


def test_factors_that_vanish_before_they_meet_large_ones():
    p = one_unit(1e-130, 1e-190, 1e150, 1e-200, "square")
    truth = oracle.block(oracle.reference(p).R, slice(1, 2), slice(1, 2))
    narrow(p.hessian.residual.block("W").trace(), oracle.trace(truth))


def test_an_error_is_finite_or_the_question_refused():
    p = Problem(
        np.array([1e160]), np.array([[1.0]]), None, None, np.array([[0.5]]), np.array([0]), "tanh", "logistic"
    )
    found = answers(p)
    assert not [str(answer) for answer in found if answer.wrong]


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "erf", "gaussian"])
@pytest.mark.parametrize(("w", "x"), [(3e-34, 1e38), (1e260, 1.0), (1e130, 1e20), (40.0, 30.0)])
def test_a_saturated_unit_has_errors_of_rounding(activation, w, x):
    p = one_unit(0.3, w, x, 0.1, activation).but(c=0.25)
    truth = oracle.reference(p)
    narrow(p.hessian.frobenius_norm(), oracle.frobenius_norm(truth.H))
    narrow(p.hessian.gauss_newton.frobenius_norm("pairs"), oracle.frobenius_norm(truth.G))
    narrow(tl.gradient_norm(p.net, p.X, p.y), oracle.frobenius_norm(oracle.arb_mat([truth.gradient])), 1e-11)


def test_a_risk_that_overflows_does_not_refuse_the_hessian():
    p = one_unit(1.0, 2.0, 3.0, 1e200)
    narrow(p.hessian.gauss_newton.trace(), oracle.trace(oracle.reference(p).G))
    with pytest.raises(ValueError, match="finite losses"):
        tl.risk(p.net, p.X, p.y)


@pytest.mark.parametrize("loss", ["logistic", "pseudo_huber"])
def test_derivatives_of_a_loss_are_off_by_no_more_than_they_can_be(loss):
    p = one_unit(1.0, 1e200, 1.0, 1.0, loss=loss).but(c=-1e200)
    passed = p.hessian.forward
    assert passed.G_error.max() <= 2.01
    assert passed.Lam_error.max() <= 2.01


@pytest.mark.parametrize("exponent", [60, 100, 160, 250, 300])
def test_huge_weights_are_answered_or_refused_by_name(exponent):
    for activation in ("tanh", "sigmoid", "relu", "gaussian", "softplus"):
        p = one_unit(0.5, 10.0**exponent, 0.5, 0.3, activation)
        assert not [str(answer) for answer in answers(p) if answer.wrong]


@pytest.mark.parametrize("loss", ["softmax", "squared"])
def test_a_bound_that_overflows_on_the_way_gives_no_warning(loss):
    """R's part of a trace's bound leaves the floats although only G is meant."""
    A = np.array([[-6.7e74, 1.8e74], [-1.6e75, 7.7e78], [9.3e74, 1.2e75]])
    W, y = np.array([[3.3e-195], [-8.1e-195]]), np.array([0]) if loss == "softmax" else np.ones((1, 3))
    p = Problem(A, W, None, None, np.array([[0.49]]), y, "relu_squared", loss)
    assert not [str(answer) for answer in answers(p) if answer.wrong]


def test_an_overflowing_norm_is_refused():
    net = tl.TwoLayer([1.0], [[1e154]], activation="identity")
    H = tl.Hessian(net, [[1.0]], [0.0])
    with pytest.raises(ValueError, match=r"must give finite .*; got overflow beyond 1.8e308"):
        (H.frobenius_norm() * 1.0, tl.Hessian(net, [[1e120]], [0.0]).frobenius_norm())
    assert np.isfinite(H.frobenius_norm().error)


@pytest.mark.parametrize("method", [None, "dense", "lanczos"])
@pytest.mark.parametrize("which", ["largest", "smallest", "magnitude"])
def test_a_matrix_without_a_finite_bound_of_rounding_is_refused_by_every_method(method, which):
    """Lanczos ended in numpy's "Eigenvalues did not converge"."""
    net = tl.TwoLayer([6e290], [[-3e-251, 6e-251, -1e-250]], c=-1.4)
    R = tl.Hessian(net, [[1.6e44, 1.5e44, 1.5e44]], [-5e7], "pseudo_huber").residual
    with pytest.raises(ValueError, match="must give finite bounds of rounding errors; got overflow"):
        R.eigenvalues(1, which=which, method=method)


def test_the_sum_of_losses_may_overflow_where_their_mean_does_not():
    p = Problem(
        np.array([1.0]), np.array([[0.0]]), None, None, np.ones((3, 1)), np.full(3, 1.8e154), "identity"
    )
    narrow(tl.risk(p.net, p.X, p.y), oracle.reference(p).risk)


SINGULAR = [
    (np.array([[1.0], [1.0], [1.0]]), "tanh"),
    (np.array([[1.0, 0.5], [2.0, -1.0], [0.5, 0.5]]), "tanh"),
    (np.array([[1.0, 0.5], [2.0, -1.0], [0.5, 0.5]]), "relu"),
]


@pytest.mark.parametrize(("X", "activation"), SINGULAR)
@pytest.mark.parametrize("method", ["dense", "structured", "kernel"])
@pytest.mark.parametrize("scale", [1e-200, 1.0, 1e60])
def test_the_shift_that_is_named_works(X, activation, method, scale):
    net = tl.TwoLayer([1.0, -2.0], np.ones((2, X.shape[1])), activation=activation)
    if scale != 1.0:
        net = tl.TwoLayer([1.0, -2.0], np.ones((2, X.shape[1])) * scale, activation="identity")
    G = tl.Hessian(net, X, np.zeros(3)).gauss_newton
    with pytest.raises(ValueError, match=r"^shift must make") as caught:
        G.logdet(0.0, method)
    named = float(str(caught.value).split("at least ")[1].split(";")[0])
    assert np.isfinite(G.logdet(named, method).value)


def test_scaled_norms_do_not_square_out_of_range():
    for scale in (1e-310, 1e-200, 1.0, 1e200, 1e307):
        values = np.array([[3.0, 4.0], [0.0, 0.0]]) * scale
        assert scaled_norm(values) == pytest.approx(5 * scale, rel=1e-12)
        assert scaled_norms(values)[0] >= 5 * scale
        assert scaled_norms(values)[1] == 0.0
    assert exponent_of(np.zeros(3)) < -9000
    assert exponent_of(np.array([np.inf])) > 9000


def test_powers_of_two_change_nothing_but_the_exponent():
    """A network without biases whose inputs are divided by 2^k and whose weights are multiplied by it."""
    rng = np.random.default_rng(3)
    a, W, X, y = rng.normal(size=3), rng.normal(size=(3, 2)), rng.normal(size=(5, 2)), rng.normal(size=5)
    plain = tl.Hessian(tl.TwoLayer(a, W), X, y).block("W")
    for k in (300, 400, 500):
        moved = tl.Hessian(tl.TwoLayer(a, W * 2.0**k), X * 2.0**-k, y).block("W")
        assert np.ldexp(moved.trace().value, k) == pytest.approx(np.ldexp(plain.trace().value, -k), rel=1e-13)


@pytest.mark.slow
def test_a_short_attack_finds_nothing():
    report = bounds.attack(seconds=600.0, seed=4, most=8_000)
    assert report.checks > 1000
    assert report.broken == []
    assert report.worst <= 1.0
    assert report.as_dict()["median_share"] < bounds.TARGET


def test_the_attack_reports_what_is_broken():
    report, p = bounds.Report(), one_unit(1.0, 1.0, 1.0, 1.0)
    for answer in (
        Answer("a wrong bound", 1e-3, 2.0, 1e-3),
        Answer("no bound", float("nan")),
        Answer("a traceback", raised="a traceback: ZeroDivisionError()"),
        Answer("a refusal", refused="X must be finite; got inf"),
        Answer("right", 1e-16, 0.5, 1e-16),
    ):
        report.add(p, answer, True)
    assert (report.above, report.nan, report.raised, report.refused) == (1, 1, 1, 1)
    assert len(report.broken) == 3
    assert report.worst == 2.0


def test_a_small_residual_part_without_output_weights_is_no_overflow():
    W, X = np.array([[-13.0, 64.0]]), np.array([[0.1, -0.5]])
    p = Problem(np.array([0.0]), W, None, None, X, np.array([0.5]), "tanh", "squared")
    found = p.hessian.residual.frobenius_norm()
    assert_holds(found, oracle.frobenius_norm(oracle.reference(p).R))
    assert 0 < found.value < 1e-25
    assert found.error < 1e-20


def test_blocks_whose_errors_have_no_squares():
    """Errors of 1e160 and more: a sum of squares is no way to their norm."""
    p = Problem(
        np.array([[-2.4e178], [2.3e179]]),
        np.array([[-4.3e-160, 4.4e-160, 1.5e-159]]),
        np.array([-2.5e-209]),
        np.zeros(2),
        np.array([[-2.3e-167, -2.2e-167, 3.9e-168], [1.1e-167, -7.7e-168, -5.3e-169]]),
        np.array([[-0.45, 0.2], [0.22, 0.42]]),
        "square",
        "pseudo_huber",
    )
    residual = p.hessian.residual
    assert_all_hold(residual.eigenvalues(method="structured"), descending(oracle.reference(p).R))
    assert residual.spectral_norm("structured").error < 1e-10 * residual.spectral_norm("structured").value
    assert residual.logdet(1e200, "structured").error < 1e-10
    p.hessian.inertia(method="structured")


def beyond_scaling(**changed):
    """Residuals of 1e143 beside Jacobians of 1e234, with biases, which are in the way of every scaling."""
    rng = np.random.default_rng(3)
    W, X = rng.normal(size=(3, 2)), rng.normal(size=(4, 2)) * 1e234
    parts = {"a": rng.normal(size=3) * 1e-117, "W": W, "b": rng.normal(size=3), "c": 0.5, "X": X}
    return Problem(**parts | {"y": rng.normal(size=4) * 1e143, "loss": "pseudo_huber"} | changed)


@pytest.mark.parametrize("activation", ["relu", "identity", "leaky_relu"])
@pytest.mark.parametrize("c", [None, 0.5])
def test_where_biases_forbid_scaling_norms_come_from_blocks(activation, c):
    p = beyond_scaling(activation=activation, c=c)
    truth = oracle.reference(p)
    for part, M in ((p.hessian, truth.H), (p.hessian.residual, truth.R)):
        assert_holds(part.trace(), oracle.trace(M))
        for method in (None, "pairs", "dense"):
            measured = part.frobenius_norm(method)
            assert_holds(measured, oracle.frobenius_norm(M))
            assert measured.error < 1e-9 * measured.value


def test_a_block_of_its_own_that_overflows_is_refused_as_the_whole():
    p = beyond_scaling(activation="square", a=np.full(3, 1e200), loss="squared")
    with pytest.raises(ValueError, match=r"must give finite .*; got overflow"):
        p.hessian.frobenius_norm()


@pytest.mark.parametrize("method", [None, "pairs", "dense"])
@pytest.mark.parametrize("scale", [1e-290, 1.0, 1e150])
def test_blocks_add_up_to_the_whole(scale, method):
    p = beyond_scaling(a=np.ones(3), X=np.eye(4, 2), y=np.arange(4.0) * scale, loss="squared")
    H = p.but(activation="tanh").hessian
    for part in (H, H.gauss_newton, H.residual):
        for found, whole in (
            (frobenius_by_blocks(part, Overflow()), part.frobenius_norm(method)),
            (trace_by_blocks(part, Overflow()), part.trace()),
        ):
            assert abs(found.value - whole.value) <= found.error + whole.error
            assert found.error <= 100 * whole.error


@pytest.mark.parametrize("method", [None, "dense", "structured"])
def test_a_spectrum_beyond_scaling_is_refused_where_its_norm_is_known(method):
    H = beyond_scaling(activation="relu").hessian
    shift = 4 * float(H.frobenius_norm())
    with pytest.raises(ValueError, match=r"finite|shift must make|nearer") as refused:
        H.logdet(shift, method)
    assert "; got" in str(refused.value)


@pytest.mark.parametrize(
    ("call", "what"),
    [
        (lambda net, X: net(X), "outputs"),
        (lambda net, X: net.input_gradient(X), "input gradients"),
        (lambda net, X: tl.gradient(net, X, [1e308, 1e308]), "gradients"),
        (lambda net, X: tl.gradient(net, X, [1e308, 1e308], weights=[1.0, 1.0]), "gradients"),
    ],
)
@pytest.mark.filterwarnings("error")
def test_values_without_errors_refuse_what_overflows(call, what):
    size = 1.0 if what == "gradients" else 1e308
    net = tl.TwoLayer([3.0, 3.0], [[size], [size]], activation="identity")
    with pytest.raises(ValueError, match=f"must give finite {what}; got overflow"):
        call(net, [[1.0], [1.0]])
