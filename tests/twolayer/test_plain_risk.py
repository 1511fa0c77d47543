"""The pass without error bounds gives what the pass with them gives."""

from hypothesis import given
from numpy.testing import assert_allclose

import twolayer as tl
from tests.oracle.strategies import problems
from twolayer.many.plain_risk import PlainRisk


@given(problems())
def test_it_agrees_with_the_full_pass(p):
    light, theta = PlainRisk(p.net, p.X, p.y, p.loss), p.net.theta
    H = p.hessian
    size = H.frobenius_norm().upper + 1
    assert_allclose(light.value(theta), tl.risk(p.net, p.X, p.y, p.loss).value, rtol=1e-12)
    slope = tl.gradient(p.net, p.X, p.y, p.loss)
    error = tl.gradient_norm(p.net, p.X, p.y, p.loss).error
    assert abs(light.gradient(theta) - slope).max() <= 2 * error + 1e-300
    assert abs(light.hessian(theta) - H.toarray()).max() <= 2 * H.rounding_error() + 1e-15 * size
    assert_allclose(light.outputs(theta, p.X), p.net(p.X), rtol=1e-12, atol=1e-300)
