"""Enclosures hold what they enclose: intervals, jets of expressions, suprema of formulas made at random."""

from math import factorial

import pytest
import sympy as sp
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from mpmath import mp

from theory.analysis.constants import constants
from theory.analysis.functions import SYSTEMS, Undefined
from theory.analysis.interval import interval, number
from theory.analysis.taylor import canonical, jet, value_at
from theory.analysis.vanishing import vanishing_point
from theory.expressions.activations import ACTIVATIONS, z
from theory.expressions.grammar import parse_activation

ends = st.floats(-40, 40)
SMOOTH = [name for name, expr in ACTIVATIONS.items() if not expr.has(sp.Max)]


@given(ends, st.floats(0, 3), ends, st.floats(0, 3), st.floats(0, 1), st.floats(0, 1))
def test_sums_products_and_quotients_hold_their_members(a, width, b, breadth, s, t):
    first, second = interval(a, a + width), interval(b, b + breadth)
    x, y = (
        min(max(low + share * size, low), low + size) for low, size, share in ((a, width, s), (b, breadth, t))
    )
    with mp.workprec(400):
        x, y = mp.mpf(x), mp.mpf(y)
        results = [(first + second, x + y), (first - second, x - y), (first * second, x * y), (-first, -x)]
        results += [(first.power(n), x**n) for n in (2, 3)]
        results += [(first / second, x / y)] if not second.has_zero else []
        assert all(box.lower <= value <= box.upper for box, value in results)


@pytest.mark.parametrize("value", [sp.pi, sp.sqrt(2), sp.Rational(1, 3), sp.exp(-7), sp.Integer(0)])
def test_a_number_is_tightly_enclosed(value):
    box = number(value)
    with mp.workprec(300):
        exact = sp.Float(sp.N(value, 80), 80)._to_mpmath(260)
        assert box.lower <= exact <= box.upper
        assert box.upper - box.lower <= abs(exact) * mp.mpf(2) ** -96


def test_what_is_no_real_number_is_refused():
    with pytest.raises(ValueError, match="real and finite; got I"):
        number(sp.I)


@pytest.mark.parametrize("function", SYSTEMS, ids=str)
def test_a_system_gives_the_derivatives_of_its_function(function):
    """The jets at a point against mpmath's Taylor series of sympy's function."""
    names = {
        "sigmoid": lambda u: 1 / (1 + mp.exp(-u)),
        "softplus": lambda u: mp.log(1 + mp.exp(u)),
        "tail": mp.erfc,
    }
    plain = names.get(str(function)) or getattr(mp, str(function))
    for point in (mp.mpf("0.75"), mp.mpf(2)):
        with mp.workdps(40):
            wanted = mp.taylor(plain, point, 4)
        found = jet(function(z), interval(point, point), 4)
        for coefficient, value in zip(found, wanted, strict=True):
            middle = (coefficient.lower + coefficient.upper) / 2
            assert mp.almosteq(middle, value, rel_eps=mp.mpf(10) ** -12)
            assert coefficient.upper - coefficient.lower <= mp.mpf(10) ** -25


@given(st.sampled_from(SMOOTH), ends, st.floats(0, 4), st.floats(0, 1))
def test_a_jet_over_a_box_holds_the_derivatives_inside(name, low, width, share):
    box, point = interval(low, low + width), sp.Rational(min(max(low + share * width, low), low + width))
    over = jet(canonical(ACTIVATIONS[name]), box, 3)
    for order, coefficient in enumerate(over):
        derivative = sp.diff(ACTIVATIONS[name], z, order).subs(z, point)
        value = sp.Float(sp.N(derivative, 60, maxn=4000), 60)._mpf_
        exact = mp.make_mpf(value) / factorial(order)
        slack = abs(exact) * mp.mpf(2) ** -45
        assert coefficient.lower - slack <= exact <= coefficient.upper + slack


def test_far_out_nothing_is_lost_and_nothing_hangs():
    assert 0 < jet(canonical(ACTIVATIONS["silu"]), interval(-1000, -1000), 1)[1].size < mp.mpf("1e-400")
    assert value_at(sp.sin(sp.exp(sp.exp(sp.exp(z)))), sp.Integer(900)).size <= 1


def test_what_is_not_defined_says_so():
    for expr in (1 / z, sp.log(z), sp.sqrt(z - 2)):
        with pytest.raises(Undefined):
            jet(expr, interval(-1, 1), 1)


names = sorted(["tanh", "sigmoid", "erf", "softplus", "sin", "gaussian", "cos", "exp", "abs", "relu"])
factors = st.sampled_from(["z", "(z - 1)", "2*z", "z**2", "(1 + z)", "z/3"])
terms = st.tuples(st.sampled_from(names), factors).map(lambda parts: "{}({})".format(*parts))
formulas = st.tuples(terms, st.sampled_from("+*-"), st.one_of(terms, factors)).map("".join)


@pytest.mark.slow
@settings(max_examples=8)  # an example takes seconds where it oscillates
@given(formulas)
def test_no_value_exceeds_a_supremum(formula):
    expr = parse_activation(formula)
    assume(expr.has(z))
    found = constants(expr)
    for supremum in found.suprema:
        for part in found.pieces:
            derivative = sp.lambdify(z, sp.diff(part.expr, z, supremum.order), "mpmath")
            inside = [mp.mpf(k) / 9 for k in range(-61, 62, 4) if part.lower < k / 9 < part.upper]
            with mp.workdps(40):
                assert all(
                    abs(derivative(point)) <= supremum.value * (1 + mp.mpf(10) ** -30) for point in inside
                )


@pytest.mark.parametrize("name", SMOOTH)
def test_beyond_the_vanishing_point_nothing_is_left_of_the_curvature(name):
    point, expr = vanishing_point(constants(ACTIVATIONS[name]).pieces), ACTIVATIONS[name]
    if name in ("sin", "square", "cube"):
        assert point == mp.inf
        return
    derivatives = [sp.lambdify(z, sp.diff(expr, z, order), "mpmath") for order in (2, 3)]
    with mp.workdps(1200):
        for size in (1, 1.5, 10, 100) if name != "identity" else ():
            for at in (mp.mpf(point) * size, -mp.mpf(point) * size):
                assert all(abs(at**2 * derivative(at)) < mp.ldexp(1, -1074) for derivative in derivatives)
        if name != "identity":  # it is not given away either: half way in something is left
            assert any(abs(derivative(mp.mpf(point) / 2)) > mp.ldexp(1, -1074) for derivative in derivatives)
