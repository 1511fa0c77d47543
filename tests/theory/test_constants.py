"""Derivatives, suprema, parity, homogeneity and kinks of activations."""

from math import inf

import mpmath
import numpy as np
import pytest
import sympy as sp

from theory.analysis.admission import activation_expression
from theory.analysis.constants import constants
from theory.analysis.interval import common, interval
from theory.analysis.tails import far_jet
from theory.analysis.taylor import canonical, jet
from theory.analysis.zeros import real_zeros
from theory.expressions.activations import ACTIVATIONS, z
from theory.expressions.grammar import parse_activation

SQRT2, SQRT3, SQRT6 = np.sqrt([2.0, 3.0, 6.0])

# Known in closed form, or (silu) to the digits of an independent maximisation.
SUPREMA = {
    "tanh": (1, 4 * SQRT3 / 9, 2),
    "sigmoid": (1 / 4, SQRT3 / 18, 1 / 8),
    "erf": (2 / np.sqrt(np.pi), 2 * SQRT2 / np.sqrt(np.pi * np.e), 4 / np.sqrt(np.pi)),
    "softplus": (1, 1 / 4, SQRT3 / 18),
    "relu": (1, 0, 0),
    "leaky_relu": (1, 0, 0),
    "relu_squared": (inf, 2, 0),
    "silu": (1.0998393201289487, 0.5, 0.3081815157965055),
    "gelu": (1.1289041451851547, np.sqrt(2 / np.pi), 0.7787696350557323),
    "sin": (1, 1, 1),
    "gaussian": (np.sqrt(2 / np.e), 2, 4 * np.sqrt(9 - 3 * SQRT6) * np.exp((SQRT6 - 3) / 2)),
    "square": (inf, 2, 0),
    "cube": (inf, inf, 6),
    "identity": (1, 0, 0),
}
USER = {
    "swish": z * (1 / (1 + sp.exp(-z))),
    "tilted sine": sp.sin(z) + z / 3,
    "tanh squared": sp.tanh(z) ** 2,
    "relu cubed": sp.Max(z, 0) ** 3,
    "gaussian slope": sp.exp(-(z**2) / 2) * z,
    "softsign": z / (1 + sp.Abs(z)),
    "mish": z * sp.tanh(sp.log(1 + sp.exp(z))),
    "elu": sp.Piecewise((z, z > 0), (sp.exp(z) - 1, True)),
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_suprema_are_the_known_numbers_rounded_up(name):
    found = constants(ACTIVATIONS[name])
    for bound, known in zip((found.sup1, found.sup2, found.sup3), SUPREMA[name], strict=True):
        assert bound == known or known * (1 - 1e-15) <= bound <= known * (1 + 1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("expr", [*ACTIVATIONS.values(), *USER.values()], ids=[*ACTIVATIONS, *USER])
def test_suprema_bound_a_dense_scan_and_are_nearly_reached(expr):
    points = np.concatenate([np.geomspace(1e-6, 1e3, 500), -np.geomspace(1e-6, 1e3, 500)])
    for supremum in constants(expr).suprema:
        size = np.abs(scan(expr, supremum.order, points))
        assert np.all(size <= supremum.value * (1 + 1e-12))
        assert supremum.value == inf or size.max() >= supremum.value * (1 - 1e-3)


def scan(expr: sp.Expr, order: int, points: np.ndarray) -> np.ndarray:
    """|s^(order)| by mpmath from sympy's own derivative, away from kinks."""
    derivative = sp.diff(expr.rewrite(sp.Piecewise), z, order)
    function = sp.lambdify(z, derivative, "mpmath")
    with mpmath.workdps(40):
        return np.array([float(mpmath.re(function(mpmath.mpf(point)))) for point in points])


# Slopes of these are quotients of what grows alike; suprema by hand, that of s''' to 12 digits.
ALGEBRAIC = {
    "sqrt(1+z**2)": (1, 1, 0.858650103359919),
    "(z+sqrt(z**2+4))/2": (1, 0.25, 0.858650103359919 / 8),
    "z+(sqrt(z**2+1)-1)/2": (1.5, 0.5, 0.858650103359919 / 2),
    "sqrt(1e6+z**2)": (1, 1e-3, 8.58650103359919e-7),
    "z/sqrt(1+z**2)": (1, 0.858650103359919, 3),
    "log(1+z**2)": (1, 2, 1.5 + SQRT2),
    "sqrt(softplus(z)**2+1)": (1, 0.30668203217002, 0.17611618420858),
    "z*sqrt(1+z**2)": (inf, 2, 3),
    "z*log(1+z**2)": (inf, 2.201834737520806, 6),
    "z**3/(1+z**2)": (1.125, 0.75 + SQRT2 / 2, 6),
}


def test_what_two_enclosures_leave_keeps_their_digits():
    third = interval(1, 1) / interval(3, 3)
    assert common(third, interval(0, 1)).ends == third.ends


@pytest.mark.slow
@pytest.mark.parametrize("formula", ALGEBRAIC)
def test_suprema_of_what_grows_like_a_power(formula):
    found = constants(activation_expression(formula))
    for supremum, known in zip(found.suprema, ALGEBRAIC[formula], strict=True):
        assert supremum.value == known or known * (1 - 1e-12) <= supremum.value <= known * (1 + 1e-11)


@pytest.mark.slow
def test_a_crest_far_out_is_no_growth():
    """sin(z) is met nearer to its crest at some |z| > 2^512 than it was before."""
    first, second, _ = constants(activation_expression("sqrt(1+z**2)+sin(z)")).suprema
    assert 2 <= first.value <= 2 + 1e-12
    assert 1.1955 < second.value < 1.21
    assert constants(activation_expression("sin(z)*log(1+z**2)")).sup1 == inf


@pytest.mark.parametrize(
    "formula", ["sqrt(1+z**2)", "log(2+z**2)/z", "softplus(z)/sqrt(1+z**2)", "z**2/(z-1)"]
)
@pytest.mark.parametrize("side", [-1, 1])
def test_far_jets_contain_the_derivatives(formula, side):
    expr = canonical(parse_activation(formula))
    for low, high in ((4, 5), (100, 2e4), (1e30, 1e40)):
        box = interval(*sorted((side * low, side * high)))
        found = far_jet(expr, box, 3)
        for point in (low, (low * high) ** 0.5, high):
            at = jet(expr, interval(side * point, side * point), 3)
            for wide, narrow in zip(found, at, strict=True):
                assert wide.lower <= narrow.upper
                assert narrow.lower <= wide.upper


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "erf", "gelu", "sin"])
def test_exact_suprema_are_not_above_their_float(name):
    for supremum in constants(ACTIVATIONS[name]).suprema:
        exact = mpmath.mpf(str(sp.N(supremum.exact, 40)))
        assert exact <= supremum.value <= exact * (1 + 4e-16)


def test_tanh_suprema_in_closed_form():
    assert [s.exact for s in constants(sp.tanh(z)).suprema] == [1, 4 * sp.sqrt(3) / 9, 2]


def test_parity():
    found = {name: constants(expr).parity for name, expr in ACTIVATIONS.items()}
    odd = {"tanh", "erf", "sin", "cube", "identity"}
    even = {"gaussian", "square"}
    assert found == {name: "odd" if name in odd else "even" if name in even else "" for name in ACTIVATIONS}


def test_homogeneity():
    found = {name: constants(expr).homogeneity for name, expr in ACTIVATIONS.items()}
    degrees = {"relu": 1, "leaky_relu": 1, "relu_squared": 2, "square": 2, "cube": 3, "identity": 1}
    assert found == {name: degrees.get(name) for name in ACTIVATIONS}


def test_kinks_and_the_value_at_them():
    leaky = constants(ACTIVATIONS["leaky_relu"])
    assert [(k.location, k.jump1, k.jump2) for k in leaky.kinks] == [(0, sp.Rational(99, 100), 0)]
    assert leaky.derivatives[1].subs(z, 0) == sp.Rational(1, 100)
    shrink = constants(sp.Max(sp.Abs(z) - 1, 0) * sp.sign(z))
    assert [(k.location, k.jump1) for k in shrink.kinks] == [(-1, -1), (1, 1)]
    assert constants(sp.Max(z, 0) ** 3).kinks == ()


@pytest.mark.parametrize(
    ("expr", "words"),
    [
        (sp.Piecewise((0, z < 0), (1, True)), "continuous"),
        (sp.Max(sp.sin(z), sp.Rational(1, 2)), "finitely many kinks"),
        (sp.sqrt(sp.Abs(z)), "finite s"),
    ],
)
def test_what_has_no_constants_is_refused(expr, words):
    with pytest.raises(ValueError, match=words):
        constants(expr)


@pytest.mark.parametrize(
    ("expr", "zeros"),
    [
        (z**2 - 2, [-sp.sqrt(2), sp.sqrt(2)]),
        (sp.exp(2 * z) - 3 * sp.exp(z) + 2, [0, sp.log(2)]),
        (sp.log(1 + z**2) - 1, [-sp.sqrt(sp.E - 1), sp.sqrt(sp.E - 1)]),
        (sp.pi * z - 1, [1 / sp.pi]),
        (sp.tanh(z) - 2, []),
        (z**2 + 1, []),
        (sp.tanh(z) - z / 2, None),
        (sp.sin(z), None),
    ],
)
def test_zeros_are_all_found_or_not_claimed(expr, zeros):
    assert real_zeros(expr) == zeros


def test_kinks_at_solved_places():
    assert [k.location for k in constants(sp.Max(sp.exp(z) - 2, 0)).kinks] == [sp.log(2)]
    assert [k.location for k in constants(sp.Abs(sp.pi * z - 1)).kinks] == [1 / sp.pi]


def test_growth_is_never_bounded():
    for expr in (sp.exp(z), z * sp.sin(z), z * sp.log(1 + z**2)):
        assert constants(expr).sup1 == inf
