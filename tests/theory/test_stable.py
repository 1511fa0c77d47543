"""Expressions that a user may write come out as accurate as the built-in activations."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import sympy as sp

from benchmarks import jet_accuracy
from theory.analysis.pieces import pieces
from theory.emit import source
from theory.emit.activation_module import stable_forms
from theory.expressions import atoms
from theory.expressions.activations import ACTIVATIONS, z
from theory.expressions.stable import derivatives
from twolayer import elementary
from twolayer.elementary import algebraic, scaled

POINTS = np.array([point for point in jet_accuracy.grid(12) if abs(point) < 1e300])

EXP, SQRT_2 = sp.exp, sp.sqrt(2)
EXPRESSIONS = [
    (EXP(z) - EXP(-z)) / (EXP(z) + EXP(-z)),
    (1 - EXP(-z)) / (1 + EXP(-z)),
    2 / (1 + EXP(-2 * z)) - 1,
    1 - 2 / (EXP(2 * z) + 1),
    EXP(z) / (EXP(z) + EXP(-z)),
    z * EXP(z) / (1 + EXP(z)),
    z / (1 + EXP(-sp.Rational(1702, 1000) * z)),
    z * (1 + sp.tanh(sp.sqrt(2 / sp.pi) * (z + sp.Rational(44715, 10**6) * z**3))) / 2,
    z * sp.erfc(-z) / 2,
    1 - sp.erf(z / SQRT_2),
    sp.log(EXP(z) + EXP(-z)),
    sp.log(sp.cosh(z)),
    sp.log(2 + EXP(z)),
    sp.log(1 + EXP(z)) ** 2,
    sp.log(1 + EXP(-z)) + z,
    sp.log(1 + z**2),
    sp.sqrt(1 + z**2) - 1,
    sp.sqrt(4 + z**2),
    1 / (1 + z**2),
    z**2 / (1 + z**2),
    z / sp.sqrt(1 + z**2),
    z / (1 + sp.Abs(z)),
    z**4 - 3 * z,
    z * sp.Min(sp.Max(z + 3, 0), 6) / 6,
    sp.asinh(z),
    sp.atan(z),
    sp.sinh(z),
    sp.cosh(z),
    1 / sp.cosh(z),
    1 - sp.tanh(z) ** 2,
    sp.tanh(z) ** 3,
    1 - EXP(-z),
    EXP(-sp.Abs(z)),
    EXP(-EXP(-z)),
    EXP(-(z**2) / 2),
    EXP(-((z - 1) ** 2)),
    z**3 * EXP(-(z**2)),
    EXP(-(z**2) / 10) * sp.cos(z),
    sp.sin(z) ** 2,
    sp.sin(z) * sp.tanh(z),
    sp.erf(z) ** 2,
]


def evaluate(expression: sp.Expr) -> list[np.ndarray]:
    """s, s', s'' at POINTS by the lines that would be emitted."""
    forms = stable_forms(SimpleNamespace(pieces=pieces(expression)), z, 2)
    lines = source.block(dict(zip(("s", "s1", "s2"), forms, strict=True)), z)
    code = compile("\n".join(lines).replace("sin_cos(", "sin_cos_far("), "lines", "exec")
    rows = []
    for point in POINTS:
        names = {"z": float(point), "algebraic": algebraic, "elementary": elementary, "scaled": scaled}
        exec(code, names | {"math": math}, found := {})
        rows.append([found["s"], found["s1"], found["s2"]])
    return list(np.array(rows).T)


@pytest.mark.parametrize("expression", EXPRESSIONS, ids=str)
def test_users_expressions_hold_the_contract(expression):
    truths = [jet_accuracy.truth(expression, float(point)) for point in POINTS]
    for order, found in enumerate(evaluate(expression)):
        values, slopes = ([truth[k] for truth in truths] for k in (order, order + 1))
        row = jet_accuracy.measures(POINTS, found, values, slopes)
        assert row["mixed"] <= 1
        assert row["relative"] <= 1e-14


@pytest.mark.parametrize("expression", [*EXPRESSIONS, *ACTIVATIONS.values()], ids=str)
def test_stable_forms_are_the_derivatives(expression):
    for part in pieces(expression):
        at = {z: sp.Rational(7, 9) + part.inner_point()}
        if not part.lower < at[z] < part.upper:
            at = {z: part.inner_point()}
        for order, form in enumerate(derivatives(part.expr, z, 3)):
            difference = atoms.meaning(form) - sp.diff(part.expr, z, order)
            assert abs(sp.N(difference.subs(at), 40)) < 1e-30


@pytest.mark.parametrize("kind", [kind for kind in vars(atoms).values() if getattr(kind, "slope", None)])
def test_atoms_know_their_slope_and_parity(kind):
    u = sp.Symbol("u", real=True)
    at = {u: sp.Rational(5, 7)}
    slope = atoms.meaning(kind(u).diff(u)) - sp.diff(kind.meaning(u), u)
    assert abs(sp.N(slope.subs(at), 40)) < 1e-35
    if kind.parity:
        sign = 1 if kind.parity == "even" else -1
        assert abs(sp.N((kind.meaning(-u) - sign * kind.meaning(u)).subs(at), 40)) < 1e-35
    if kind in atoms.BOUNDED:
        assert all(abs(sp.N(kind.meaning(u).subs(u, point), 20)) < 4 for point in (-30, -1, 0, 1, 30))


def test_a_function_without_a_kernel_is_refused():
    with pytest.raises(
        ValueError, match="expression must be built from functions that have a kernel; got besselj"
    ):
        source.block({"s": sp.besselj(0, z)}, z)
    with pytest.raises(ValueError, match="exponent must be a multiple of 1/2; got 1/3"):
        source.block({"s": z ** sp.Rational(1, 3)}, z)


def test_the_operation_count_counts():
    lines = ["x = elementary.exp(z) + 2.0 * z", "y = -x if z <= -1.0 else x / z / z"]
    assert source.cost(lines) == "1 exp, 1 add, 2 div, 1 mul, 1 neg, 1 select"
