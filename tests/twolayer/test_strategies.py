"""The strategies reach what they are for, and the oracle can follow them there."""

import numpy as np
import pytest
from hypothesis import given

from tests.oracle import oracle
from tests.oracle.strategies import TWISTS, problems, random_problem


@given(problems())
def test_every_problem_has_a_narrow_truth(p):
    truth = oracle.reference(p)
    with oracle.balls:
        for v in (truth.risk, oracle.frobenius_norm(truth.H), oracle.trace(truth.H)):
            assert v.is_finite()
            assert v.rad() < oracle.arb(2) ** -300 * (
                1 + oracle.frobenius_norm(truth.G).mid() + truth.risk.mid()
            )


def test_cancelling_targets_cancel():
    p = random_problem(3, n=6, d=1, m=1, biased=False, offset=False)
    p = p.but(a=np.array([1.0]), W=np.array([[1.0]]))
    G, H = (oracle.floats(getattr(oracle.reference(TWISTS["cancelling"](p, None)), name)) for name in "GH")
    assert abs(H[1, 1]) < 1e-12 * G[1, 1]


def test_interpolating_targets_leave_rounding_level_residuals():
    p = TWISTS["interpolating"](random_problem(0), None)
    assert float(oracle.reference(p).risk.mid()) < 1e-30


@pytest.mark.parametrize("activation", ["relu", "leaky_relu"])
def test_a_kink_is_hit_exactly_by_coarse_numbers(activation):
    p = TWISTS["near_kink"](random_problem(1, activation=activation, coarse=True), None)
    assert oracle.reference(p).kinks >= 1
