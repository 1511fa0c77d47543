"""Derivatives of the losses by the output, and the bound on how fast the curvature changes."""

import numpy as np
import pytest
import sympy as sp

from theory.derivation.letters import e, o, r
from theory.derivation.loss_derivatives import P, loss_forms, separable
from theory.expressions.losses import LOSSES, f, y

SCAN = np.linspace(-30, 30, 6001)


@pytest.mark.slow
@pytest.mark.parametrize("name", LOSSES)
def test_the_forms_are_the_derivatives(name):
    forms = loss_forms(name)
    for order, form in enumerate((forms.slope, forms.curvature, forms.third), 1):
        assert sp.simplify((sp.diff(forms.value, f, order) - form).rewrite(sp.exp)) == 0


@pytest.mark.parametrize("name", LOSSES)
def test_the_supremum_is_that_of_a_dense_scan(name):
    forms = loss_forms(name)
    third = sp.lambdify((f, y), forms.third, "numpy")
    for label in (0.0, 1.0):
        scanned = np.max(np.abs(third(SCAN, label) * np.ones_like(SCAN)))
        assert forms.supremum.value * (1 - 1e-4) <= scanned <= forms.supremum.value * (1 + 1e-14)


def expanded_softmax(label: int) -> tuple[sp.Expr, list[sp.Symbol]]:
    outputs = sp.symbols("f1:4", real=True)
    return sp.log(sp.Add(*map(sp.exp, outputs))) - outputs[label - 1], list(outputs)


def at(form: sp.Expr, outputs: list[sp.Symbol], places: dict[sp.Symbol, int]) -> sp.Expr:
    """A softmax form with its indices and probabilities put in."""
    total = sp.Add(*map(sp.exp, outputs))
    letters = {P[place + 1]: sp.exp(output) / total for place, output in enumerate(outputs)}
    return form.subs({sp.Symbol("y", integer=True): 2, **places}).xreplace(letters)


def test_softmax_is_that_of_three_outputs_written_out():
    value, outputs = expanded_softmax(2)
    forms = loss_forms("softmax")
    for a in (1, 2, 3):
        slope = sp.diff(value, outputs[a - 1])
        assert sp.simplify(at(forms.slope, outputs, {o: a}) - slope) == 0
        for b in (1, 2, 3):
            curvature = sp.diff(slope, outputs[b - 1])
            assert sp.simplify(at(forms.curvature, outputs, {o: a, r: b}) - curvature) == 0
            third = sp.diff(curvature, outputs[2])
            assert sp.simplify(at(forms.third, outputs, {o: a, r: b, e: 3}) - third) == 0


def central_moment(probabilities: np.ndarray, direction: np.ndarray) -> float:
    """The third derivative of log-sum-exp along a direction."""
    return float(probabilities @ (direction - probabilities @ direction) ** 3)


def test_the_bound_of_softmax_holds_for_any_number_of_outputs_and_is_reached_at_two():
    bound, rng = loss_forms("softmax").supremum.value, np.random.default_rng(0)
    for outputs in (2, 3, 4, 7):
        for _ in range(2000):
            direction = rng.standard_normal(outputs)
            size = central_moment(rng.dirichlet(np.full(outputs, 0.5)), direction / np.linalg.norm(direction))
            assert abs(size) <= bound
    p = (1 + 1 / np.sqrt(3)) / 2
    reached = central_moment(np.array([p, 1 - p]), np.array([1, -1]) / np.sqrt(2))
    assert abs(reached) == pytest.approx(bound, rel=1e-12)


def test_a_loss_whose_curvature_depends_on_both_arguments_is_refused():
    with pytest.raises(ValueError, match="third derivative in f or f - y alone"):
        separable("odd", y * f**4)
