"""Solutions, ridges, units and the deep Hessian where squares and products leave the floats."""

import warnings
from fractions import Fraction

import flint
import numpy as np
import pytest

import twolayer as tl
from benchmarks.bounds_functions import rank_of
from benchmarks.bounds_further import further
from benchmarks.bounds_questions import answers
from numerics import deep
from tests.oracle.problem import Problem

SATURATED = Problem(
    a=np.array([[1.4, 1.0], [1.0, -0.06]]),
    W=np.array([[349084.0, -1126029.0], [-238296.0, -528684.0]]),
    b=np.array([0.0008, -0.0047]),
    c=None,
    X=np.array([[11148.0, 12721.0]]),
    y=np.array([[-0.033, 0.078]]),
    activation="sigmoid",
    loss="pseudo_huber",
)
VANISHING = Problem(  # the products of inputs are no floats, their multiples by the weights are
    a=np.array([1.1e234, 7.5e234]),
    W=np.array([[-0.42, -0.47], [-1.2, 2.5]]),
    b=None,
    c=None,
    X=np.array([[-1.37e-189, 2.0e-189], [-3.2e-190, -3.6e-190], [-4.9e-190, -4.5e-190]]),
    y=np.array([1, 1, 0]),
    activation="relu_squared",
    loss="logistic",
)
LARGE = Problem(
    a=np.array([9.2e78, -1.5e79]),
    W=np.array([[6e-85, -6.8e-85], [9.7e-85, -5.7e-85]]),
    b=None,
    c=np.array(0.3),
    X=np.array([[-0.08, -1.6], [1.2, -0.3], [0.5, 2.1]]),
    y=np.array([0.01, 0.005, 0.02]),
    activation="tanh",
    loss="squared",
)
TINY = LARGE.but(
    a=np.array([1e-170, 3e-175]), W=np.array([[1e-90, 2e-90], [1e-91, 5e-93]]), c=np.array(1e-165)
)
PLAIN = LARGE.but(a=np.array([0.5, -1.5]), W=np.array([[0.6, -0.7], [1.0, -0.6]]))

STEEP = Problem(  # squares of second derivatives by the outputs are no floats
    a=np.array([[1.0, 1.0, -1.5], [0.0, 1.0, 1.0]]),
    W=np.array([[5e-149, 5e-149], [-1e-148, -1e-148], [1.5e-148, -1.5e-148]]),
    b=None,
    c=None,
    X=np.array([[1e135, 0.0], [0.0, 0.0]]),
    y=np.array([1, 0]),
    activation="leaky_relu",
    loss="softmax",
)


@pytest.mark.parametrize("problem", [SATURATED, VANISHING, LARGE, TINY, PLAIN, STEEP])
def test_answers_hold_or_are_refused_by_name(problem):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = answers(problem, further)
    assert [str(answer) for answer in found if answer.wrong] == []
    assert sum(not answer.refused for answer in found) > len(found) / 4


def operators(problem=PLAIN):
    H = problem.hessian
    D = deep.Hessian(deep.Network.of(problem.net), problem.X, problem.y, problem.loss)
    return [H, H.residual, H.with_ridge(0.5), D, D.residual]


@pytest.mark.parametrize("size", [1e-320, 1e-300, 1e-160, 1e160, 1e300])
def test_solutions_are_scaled_as_their_right_sides(size):
    for H in operators()[:2] + operators()[3:]:
        one, other = np.arange(1.0, 1 + H.shape[0]), np.cos(np.arange(H.shape[0]))
        plain, found = H.solve(one, 3.0), H.solve(np.column_stack([size * one, other]), 3.0)
        off = np.abs(found.value[:, 0] / size - plain.value).max()
        assert off <= 1e-9 + plain.error.max() + found.error[:, 0].max() / size
        assert 0 < found.error[:, 0].max() <= 1e-9 * size + 1e-322 * H.shape[0]
        assert found.error[:, 1].max() < 1e-9


@pytest.mark.parametrize("ridge", [1e-300, 1e-170, 1e200, 1e300])
def test_a_ridge_of_any_size(ridge):
    for net in (PLAIN.net, TINY.net):
        H = tl.Hessian(net, PLAIN.X, PLAIN.y)
        M, P = H.with_ridge(ridge), H.shape[0]
        norm = float(H.frobenius_norm())
        if ridge > 1e10 * norm:
            assert M.frobenius_norm().value == pytest.approx(np.sqrt(P) * ridge, rel=1e-9)
            assert M.rounding_error() >= 0.1 * np.finfo(float).eps * ridge
        assert np.isfinite(M.frobenius_norm().error)
        assert M.frobenius_norm().error <= 1e-12 * M.frobenius_norm().value + 1e-160


@pytest.mark.parametrize(
    "ask", ["toarray", "diagonal", "trace", "frobenius_norm", "eigenvalues", "nuclear_norm"]
)
def test_a_ridge_that_overflows_is_refused(ask):
    net = tl.TwoLayer([1.3e154], [[1.0]], activation="identity")
    M = tl.Hessian(net, [[1.0]], [0.0]).with_ridge(1.7e308)
    with pytest.raises(ValueError, match="must give finite"):
        getattr(M, ask)()


def test_shares_of_units_are_those_of_a_multiple():
    H = PLAIN.hessian
    v = np.arange(1.0, 1 + H.shape[0])
    for size in (1e-200, 1e-300, 1e200):
        np.testing.assert_allclose(H.unit_shares(size * v), H.unit_shares(v), rtol=1e-12)


def test_the_stable_rank_of_what_may_be_zero_is_refused():
    H = tl.Hessian(tl.TwoLayer([0.0], [[0.0]]), [[1.0]], [0.0]).residual
    with pytest.raises(ValueError, match="the matrix must certainly not be zero; got a norm of 0 within"):
        H.stable_rank()


def test_a_sum_of_eigenvalues_that_is_no_float_is_refused_and_one_that_is_is_given():
    net = tl.TwoLayer([1.0], [[0.5]], activation="tanh")
    H = tl.Hessian(net, [[1.0]], [0.0])
    assert H.with_ridge(8e307).nuclear_norm().value == pytest.approx(1.6e308)
    with pytest.raises(ValueError, match="must give finite norms of the matrix; got overflow"):
        H.with_ridge(1e308).nuclear_norm()


def test_a_rank_that_balls_leave_open_is_no_rank():
    known, unknown = flint.arb(2), flint.arb(0, 1)
    for values, least, most in (
        ([flint.arb(0), known], 1, 1),
        ([flint.arb(0), known, unknown], 1, 2),
        ([unknown] * 3, 0, 3),
    ):
        found = rank_of(values)
        assert found.contains(least)
        assert found.contains(most)
        assert not found.contains(most + 1)


@pytest.mark.parametrize("size", [1e-323, 1e-322, 1e-320, 1e300])
@pytest.mark.parametrize("n", [1, 3, 4, 7, 8])
def test_the_mean_of_tiny_and_of_huge_losses_is_one(n, size):
    c = float(np.sqrt(2.0) * np.sqrt(size))
    net = tl.TwoLayer([0.0], [[0.0]], None, c, "tanh")
    found = tl.risk(net, np.zeros((n, 1)), np.zeros(n))
    truth = Fraction(c) ** 2 / 2
    assert abs(Fraction(found.value) - truth) <= Fraction(found.error)
    assert found.error <= max(4 * 5e-324, 1e-14 * size)
