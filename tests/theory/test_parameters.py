"""Numbers for the parameters of a formula."""

import math

import pytest

from theory import activation
from theory.bridge.activation import with_numbers


def test_a_parameter_is_the_number_in_the_formula():
    made = activation("z**2*beta + gamma", beta=-0.5, gamma=1e-3)
    assert made.jet(2.0) == activation("-z**2/2 + 1/1000").jet(2.0)
    assert with_numbers("b*z + beta", {"b": 2, "beta": 3}) == "(2.0)*z + (3.0)"


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"z": 1.0}, "which has a meaning"),
        ({"tanh": 1.0}, "which has a meaning"),
        ({"beta": math.nan}, "must be a finite number"),
        ({"gamma": 1.0}, "must be in the expression"),
    ],
)
def test_parameters_that_make_no_sense_are_refused(parameters, message):
    with pytest.raises(ValueError, match=message):
        activation("z*tanh(beta*z)", **parameters)


def test_parameters_need_text():
    with pytest.raises(TypeError, match="must be text to have parameters"):
        activation(activation, beta=1.0)
