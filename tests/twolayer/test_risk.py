"""Risk and gradient against their definitions."""

import numpy as np
from hypothesis import given

import twolayer as tl
from tests.oracle import oracle
from tests.oracle.comparison import assert_holds, assert_within, distance, relative, vector_distance
from tests.oracle.oracle_jets import SEPARABLE, balls
from tests.oracle.strategies import LOSSES, ordinary, problems, random_problem
from twolayer.model import loss


@given(p=problems())
def test_the_risk_is_within_its_bound(p):
    assert_holds(tl.risk(p.net, p.X, p.y, loss=p.loss), oracle.reference(p).risk, "the risk")


@given(p=problems())
def test_the_gradient_is_within_the_bound_of_its_norm(p):
    measured = tl.gradient_norm(p.net, p.X, p.y, loss=p.loss)
    gradient = tl.gradient(p.net, p.X, p.y, loss=p.loss)
    truth = oracle.reference(p).gradient
    assert_within(vector_distance(gradient, truth), measured.error, "the gradient")
    assert_holds(measured, oracle.frobenius_norm(oracle.arb_mat([[v] for v in truth])), "its norm")


@given(p=ordinary(losses=("squared",)))
def test_the_risk_of_ordinary_problems_is_right_to_thirteen_digits(p):
    far = p.but(y=p.y + 100.0)  # no cancellation between outputs and targets
    measured, truth = tl.risk(far.net, far.X, far.y), oracle.reference(far).risk
    assert relative(distance(measured.value, truth), truth) <= 1e-13 * (1 + np.abs(far.net(far.X)).max())


def test_a_correctly_rounded_interpolant_has_a_gradient_below_its_own_error():
    p = random_problem(0, n=5)
    measured = tl.gradient_norm(p.net, p.X, p.net(p.X))
    assert measured.value <= measured.error


@balls
def test_the_risk_is_the_mean_of_the_losses_not_their_sum():
    p = random_problem(1, n=4, q=2)
    f, total = oracle.reference(p).f, oracle.arb(0)
    for i in range(4):
        for o in range(2):
            total += SEPARABLE["squared"](f[i][o], oracle.arb(p.y[i, o]))[0]
    assert_holds(tl.risk(p.net, p.X, p.y), total / 4)


def test_every_loss_has_a_name():
    assert set(loss.available()) == set(LOSSES)
