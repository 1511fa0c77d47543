"""Formulas under the names that torch gives them, with their parameters, and formulas that took minutes."""

import math

import mpmath
import numpy as np
import pytest
import sympy as sp

import twolayer as tl
from theory import activation
from theory.expressions.activations import ACTIVATIONS
from theory.expressions.grammar import FUNCTIONS
from twolayer.model.activation import FORMULAS

POINTS = (-40.0, -3.3, -0.7, -0.2, 0.3, 0.9, 2.5, 7.0, 50.0)

# What torch's manual says, in mpmath's words: independent of the grammar.
MANUAL = {
    "celu(z, 2)": lambda z: max(z, 0) + min(0, 2 * mpmath.expm1(z / 2)),
    "elu(z, 0.3)": lambda z: z if z > 0 else mpmath.mpf("0.3") * mpmath.expm1(z),
    "hardsigmoid": lambda z: 0 if z <= -3 else 1 if z >= 3 else z / 6 + mpmath.mpf(1) / 2,
    "hardswish": lambda z: 0 if z <= -3 else z if z >= 3 else z * (z + 3) / 6,
    "hardtanh(z, -2, 3)": lambda z: min(max(z, -2), 3),
    "leaky_relu(z, 0.25)": lambda z: z if z > 0 else z / 4,
    "logsigmoid": lambda z: -mpmath.log1p(mpmath.exp(-z)),
    "mish": lambda z: z * mpmath.tanh(mpmath.log1p(mpmath.exp(z))),
    "relu6": lambda z: min(max(z, 0), 6),
    "softplus(z, 20)": lambda z: mpmath.log1p(mpmath.exp(20 * z)) / 20,
    "softshrink(z, 0.25)": lambda z: z - 0.25 if z > 0.25 else z + 0.25 if z < -0.25 else 0,
    "softsign": lambda z: z / (1 + abs(z)),
    "swish(z, 1.702)": lambda z: z / (1 + mpmath.exp(-mpmath.mpf("1.702") * z)),
    "tanhshrink": lambda z: z - mpmath.tanh(z),
}


def close(made, function, rel=1e-12):
    with mpmath.workdps(60):
        for point in POINTS:
            value, slope, _ = made.jet(point)
            assert value == pytest.approx(float(function(mpmath.mpf(point))), rel=rel, abs=1e-15)
            assert slope == pytest.approx(
                float(mpmath.diff(function, mpmath.mpf(point))), rel=1e-9, abs=1e-12
            )


@pytest.mark.parametrize("text", ["elu(z, 0.3)", "hardswish", "hardtanh(z, -2, 3)", "relu6", "softsign"])
def test_a_name_means_what_torch_means(text):
    close(activation(text), MANUAL[text])


@pytest.mark.slow
@pytest.mark.parametrize("text", MANUAL)
def test_every_name_means_what_torch_means(text):
    close(activation(text), MANUAL[text])


@pytest.mark.slow
def test_selu_has_the_two_fixed_points_it_was_made_for():
    """Mean 0 and variance 1 are kept (Klambauer et al. 2017): integrals over the standard normal."""
    selu = activation("selu")
    nodes, weights = np.polynomial.hermite_e.hermegauss(200)
    values = np.array([selu.jet(float(x))[0] for x in nodes])
    weights /= weights.sum()
    assert weights @ values == pytest.approx(0, abs=2e-3)
    assert weights @ values**2 == pytest.approx(1, abs=2e-3)


def test_the_names_that_twolayer_lists_are_those_of_the_grammar():
    alone = {name for name, function in FUNCTIONS.items() if function.least == 1}
    assert set(FORMULAS) == alone - set(ACTIVATIONS)


def test_a_name_alone_is_an_activation():
    assert tl.TwoLayer([1.0], [[1.0]], activation="relu6")([[9.0]]) == [6.0]
    with pytest.raises(ValueError, match="nearest: mish"):
        tl.TwoLayer([1.0], [[1.0]], activation="misch")


def test_cases():
    made = activation("where(abs(z) < 1, z**2/2, abs(z) - 0.5)")  # Huber's
    assert [made.jet(z) for z in (0.5, 3.0, -3.0)] == [(0.125, 0.5, 1.0), (2.5, 1.0, 0.0), (2.5, -1.0, 0.0)]
    assert [kink[0] for kink in made.kinks] == [-1.0, 1.0]
    assert activation(sp.Piecewise((sp.Symbol("x"), sp.Symbol("x") > 0), (0, True))).homogeneity == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sign(z)", "must depend on z between its kinks"),
        ("step(z)", "must depend on z between its kinks"),
        ("hardshrink", "must be continuous; got a jump of 1/2"),
        ("where(z < 0, 1, z)", "must be continuous; got a jump"),
        ("where(z, 1, z)", "expected <=, <, >= or >"),
        ("elu(z, 1, 2, 3)", "takes 1 to 2 arguments, not 4"),
        ("max(z < 1, 2)", "expected \\)"),
        ("log", "must be defined, real and smooth"),
        ("sigmoid(1e300*z)", "numbers must be below 1.8e308"),
        ("sin(exp(z))", "no finite value near z"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(text, message, monkeypatch):
    monkeypatch.setattr("theory.bridge.activation.SECONDS", 600.0)  # what is asked here is the reason
    with pytest.raises(ValueError, match=message):
        activation(text)


ONCE_ENDLESS = {
    "z*sigmoid(1.702*z)": lambda z: z / (1 + mpmath.exp(-mpmath.mpf("1.702") * z)),
    "z*tanh(exp(z))": lambda z: z * mpmath.tanh(mpmath.exp(z)),
    "1-exp(-exp(z))": lambda z: -mpmath.expm1(-mpmath.exp(z)),
    "exp(-exp(-z))": lambda z: mpmath.exp(-mpmath.exp(-z)),
    "tanh(0.123456789*z)+sigmoid(3.14159265*z)": lambda z: (
        mpmath.tanh(mpmath.mpf("0.123456789") * z) + 1 / (1 + mpmath.exp(-mpmath.mpf("3.14159265") * z))
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("text", ONCE_ENDLESS)
def test_formulas_that_took_minutes(text):
    made = activation(text)
    close(made, ONCE_ENDLESS[text])
    assert all(map(math.isfinite, (made.sup1, made.sup2, made.sup3)))


def test_far_out_the_truth_is_enclosed_where_its_digits_would_fill_the_memory():
    from theory.analysis.pieces import pieces
    from theory.bridge.floor import SUBNORMAL, floor
    from theory.expressions.activations import z

    parts = pieces(1 - sp.exp(-sp.exp(z)))
    far = 2.0**40
    assert floor(parts, [far], [[1.0], [0.0], [0.0]], 2.0**-49) == SUBNORMAL
    assert floor(parts, [far], [[1.0 + 2.0**-40], [0.0], [0.0]], 2.0**-49) == 2.0**-39
    with pytest.raises(ValueError, match="no finite value"):
        floor(parts, [far], [[1.0], [math.nan], [0.0]], 2.0**-49)
