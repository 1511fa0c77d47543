"""Deep curvature where inputs are large and derivatives small, sample by sample; systems of nothing."""

import warnings

import numpy as np
import pytest

import twolayer as tl
from benchmarks.bounds_further import further
from benchmarks.bounds_questions import answers
from numerics import deep
from tests.oracle.problem import Problem

SATURATED = Problem(  # |R|_F was 0, with no error to speak of
    a=np.array([1.5e-115]),
    W=np.array([[-1.5e-256, -5e-257, -1e-256]]),
    b=np.array([1.5]),
    c=-5e286,
    X=np.array([[1e127, -1e127, 1.5e127], [1.5e127, 5e126, 0.0], [-1.5e127, 5e126, -5e126]]),
    y=np.array([0, 0, 1]),
    activation="tanh",
    loss="logistic",
)
OPPOSED = Problem(  # terms of the trace of R were +inf and -inf
    a=np.array([-0.48, 0.41, -0.96]),
    W=np.array(
        [[2.8e-266, 4.1e-266, 6e-266], [-2.2e-267, 5.4e-266, -1.8e-265], [5.2e-266, 1.2e-266, -1e-266]]
    ),
    b=np.array([1.0, -0.34, 0.25]),
    c=None,
    X=np.array([[-1.4e235, 1.5e233, 5.6e234], [-5.8e234, 9e234, -7.1e234], [-8.5e232, -1e234, -8.3e234]]),
    y=np.array([0, 0, 1]),
    activation="softplus",
    loss="logistic",
)
FAINT = Problem(  # the trace of G lost a square that vanished before it met the inputs
    a=np.array([[1.1e-193, 1.2e-192]]),
    W=np.array([[-7.1e-219, -3.5e-219], [9.1e-219, -2.7e-219]]),
    b=np.array([0.0, 3.3e-52]),
    c=None,
    X=np.array([[1e211, 3.2e211]]),
    y=np.array([[0]]),
    activation="sigmoid",
    loss="logistic",
)
FLAT = Problem(  # and so did the tangent kernel
    a=np.array([[-4.4e-05, -3e-05, -1.4e-05], [1.1e-04, -1.2e-05, -3.2e-05]]),
    W=np.array([[-2.7e-164], [1.4e-163], [-8.7e-164]]),
    b=np.array([1.1e-292, 4.7e-293, 9e-293]),
    c=None,
    X=np.array([[-1.2e140], [-2.1e140], [1.8e140], [3.2e139]]),
    y=np.array([[1.2e114, -1.6e113], [-1.1e113, -2.4e113], [3.2e113, -1.9e113], [8.3e113, -9.9e101]]),
    activation="gaussian",
    loss="pseudo_huber",
)
BETWEEN = Problem(  # and it did where inputs were just small enough to be taken as they are
    a=np.array([451.3, -2.05e08]),
    W=np.array([[-5.1e-233, -5.4e-232], [1.6e-231, -2.4e-231]]),
    b=None,
    c=None,
    X=np.array([[-1.8e37, -2.1e36], [-2e36, -3.6e37], [-1.7e37, -1.9e36], [5.1e36, 2.6e36]]),
    y=np.array([0, 1, 0, 1]),
    activation="square",
    loss="logistic",
)
NOTHING = Problem(  # a pivot of the near inverse was 0
    a=np.array([[-5.3e-07], [8.7e-06], [-8.2e-06]]),
    W=np.array([[-5.8e-214]]),
    b=None,
    c=np.array([1.6e129, -1.4e131, 0.0]),
    X=np.array([[5e-324], [0.0], [0.0], [1e-323]]),
    y=np.array([0, 1, 2, 2]),
    activation="identity",
    loss="softmax",
)


@pytest.mark.parametrize("problem", [SATURATED, OPPOSED, FAINT, FLAT, BETWEEN, NOTHING])
def test_answers_hold_or_are_refused_by_name(problem):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = answers(problem, further)
    assert [str(answer) for answer in found if answer.wrong] == []
    assert any(not answer.refused for answer in found) or problem is OPPOSED


@pytest.mark.parametrize("q", [None, 1, 3])
@pytest.mark.parametrize("activation", ["tanh", "relu", "softplus"])
def test_powers_of_two_come_out_of_every_sum(activation, q):
    """Inputs times 2^p, first weights over it: H is that of the first, its rows by W times 2^p."""
    rng = np.random.default_rng(3)
    a = rng.normal(size=4) if q is None else rng.normal(size=(q, 4))
    net = tl.TwoLayer(a, rng.normal(size=(4, 3)), rng.normal(size=4), activation=activation)
    X, y = rng.normal(size=(6, 3)), rng.normal(size=6 if q is None else (6, q))
    plain = deep.Hessian(deep.Network.of(net), X, y)
    for power in (-300, -129, -17, 15, 17, 127, 300):
        scale = 2.0**power
        moved = tl.TwoLayer(a, net.W / scale, net.b, activation=activation)
        H = deep.Hessian(deep.Network.of(moved), X * scale, y)
        lift = np.ones(H.shape[0])
        lift[:12] = scale  # W comes first in a deep network
        for one, other in ((H, plain), (H.gauss_newton, plain.gauss_newton), (H.residual, plain.residual)):
            wanted = other.toarray() * lift * lift[:, None]
            norm, trace = one.frobenius_norm(), one.trace()
            largest = np.abs(wanted).max()
            true = largest * np.linalg.norm(wanted / largest) if largest else 0.0
            assert abs(norm.value - true) <= norm.error + 1e-13 * true
            assert abs(trace.value - np.trace(wanted)) <= trace.error + 1e-13 * true
            assert norm.error <= 1e-11 * true
            np.testing.assert_allclose(one.diagonal(), np.diag(wanted), rtol=1e-9, atol=1e-13 * true)
