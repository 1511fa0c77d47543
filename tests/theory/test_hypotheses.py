"""Hypotheses: what fails is named and never passes, for each of each theorem; nor does what overflows."""

import contextlib
import math

import numpy as np
import pytest

import twolayer as tl
from numerics.verify.cases import case
from theory import theorems
from theory.quantities import hypotheses as needs
from theory.quantities.network import Situation
from theory.records.theorem import PROVED, Hypothesis

TRIES = 600
ANYTHING = {"a": [1.0, -2.0], "W": [[1.0], [0.5]], "b": [0.25, -0.5], "X": [[1.0], [-2.0]], "y": [0.5, 1.0]}
IMPOSSIBLE = {  # what cannot fail alone, because of what else is needed
    ("conditioned-converse", needs.FEW_UNITS): "more rows than columns are dependent",
    ("quadratic-units", needs.NO_KINK): "the square has no kink",
}


def situation(loss="squared", fit=False, activation="tanh", **parts):
    found = {**ANYTHING, **parts}
    weights = {name: found[name] for name in ("a", "W", "b", "c") if found.get(name) is not None}
    net = tl.TwoLayer(**weights, activation=activation)
    return Situation(net, found["X"], net(found["X"]) if fit else found["y"], loss)


TWO_OUTPUTS = {"a": [[1.0, -2.0], [0.5, 3.0]], "y": [[0.5, 1.0], [1.0, 0.0]]}
ONE_UNIT = {"a": [2.0], "W": [[1.0]], "b": [0.5]}
TRUTH = {  # a network at which it holds, and one at which it does not
    "SQUARED_LOSS": ({}, {"loss": "pseudo_huber"}),
    "PSEUDO_HUBER_LOSS": ({"loss": "pseudo_huber"}, {}),
    "LOGISTIC_LOSS": ({"loss": "logistic", "y": [0, 1]}, {}),
    "SOFTMAX_LOSS": ({"loss": "softmax", "a": TWO_OUTPUTS["a"], "y": [0, 1]}, {}),
    "INTERPOLATION": ({"fit": True}, {}),
    "NO_KINK": ({}, {"activation": "relu", "b": [0.0, 0.0], "X": [[0.0], [1.0]]}),
    "BOUNDED_SECOND_DERIVATIVE": ({}, {"activation": "cube"}),
    "BOUNDED_SLOPE": ({}, {"activation": "square"}),
    "HIDDEN_BIASES": ({}, {"b": None}),
    "NO_HIDDEN_BIASES": ({"b": None}, {}),
    "OUTPUT_BIAS": ({"c": 1.0}, {}),
    "NO_OUTPUT_BIAS": ({}, {"c": 1.0}),
    "ONE_OUTPUT": ({}, TWO_OUTPUTS),
    "ONE_INPUT": ({}, {"W": [[1.0, 2.0], [0.5, 1.0]], "X": [[1.0, 0.0], [0.0, 1.0]]}),
    "FEW_UNITS": (ONE_UNIT, {}),
    "INDEPENDENT_ROWS": (ONE_UNIT, {}),
    "FIRST_DEGREE": ({"activation": "leaky_relu"}, {"activation": "square"}),
    "HOMOGENEOUS": ({"activation": "cube"}, {}),
    "RELU": ({"activation": "relu"}, {"activation": "leaky_relu"}),
    "QUADRATIC": ({"activation": "square"}, {"activation": "relu_squared"}),
    "BALANCEABLE": ({}, {"a": [1.0, 0.0]}),
    "OUTPUT_WEIGHTS": ({}, {"a": [0.0, 0.0]}),
    "PARAMETERS": ({}, {"a": [0.0, 0.0], "W": [[0.0], [0.0]], "b": [0.0, 0.0]}),
    "INPUTS": ({}, {"X": [[1.0], [0.0]]}),
    "POSITIVE_DEFINITE": ({"a": [1.0], "W": [[1.0]], "b": None, "X": [[1.0], [2.0]], "fit": True}, {}),
    "POSITIVE_DEFINITE_BLOCK": ({**ONE_UNIT, "fit": True}, {"a": [0.0, 1.0]}),
    "TWINS": ({"W": [[1.0], [1.0]], "b": [0.5, 0.5]}, {"W": [[1.0], [1.0]], "b": [0.5, -0.5]}),
    "DEAD_UNIT": ({"a": [1.0, 0.0], "W": [[1.0], [0.0]], "b": [0.5, 0.0]}, {"a": [1.0, 0.0]}),
    "ZERO_AT_ZERO": ({}, {"activation": "sigmoid"}),
    "SILENT_INPUT": ({"W": [[1.0], [0.0]]}, {}),
}


def test_every_hypothesis_has_such_networks():
    there = {name for name in vars(needs) if isinstance(getattr(needs, name), Hypothesis)}
    assert there == set(TRUTH)


@pytest.mark.parametrize("name", TRUTH)
def test_a_hypothesis_holds_and_fails_where_it_should(name):
    holds, fails = (situation(**parts) for parts in TRUTH[name])
    assert getattr(needs, name).failure(holds) == ""
    assert getattr(needs, name).failure(fails) != ""


def conditions():
    """Every hypothesis of every relation, with what else that relation needs."""
    for theorem in theorems.values():
        for relation, variant in theorem.variants.items():
            needed = (*theorem.hypotheses, *variant.hypotheses)
            for each in needed:
                if (theorem.id, each) not in IMPOSSIBLE:
                    yield pytest.param(
                        theorem, relation, each, id=f"{theorem.id}, {relation}: {each.statement}"
                    )


def without(needed, dropped, seed):
    """A network at which all conditions hold but one."""
    if dropped is needs.NO_KINK and {needs.POSITIVE_DEFINITE, needs.POSITIVE_DEFINITE_BLOCK} & set(needed):
        return at_kink(positive=needs.POSITIVE_DEFINITE in needed)
    if dropped is needs.NO_KINK and needs.DEAD_UNIT in needed:
        return situation(a=[0.0], W=[[0.0]], b=[0.0], activation="relu")
    rng = np.random.default_rng(seed)
    others = tuple(each for each in needed if each is not dropped)
    for _ in range(TRIES):
        at = case(rng, others)
        broken(at, dropped)
        if dropped.failure(at) and not any(each.failure(at) for each in others):
            return at
    raise AssertionError(f"no network at which only this fails: {dropped.statement}")


def at_kink(positive):
    """A ReLU at its kink at the second sample, with positive curvature from the first: f = a w, g = -a w."""
    if positive:
        return situation(a=[1.0], W=[[1.0]], b=None, X=[[1.0], [0.0]], y=[2.0, 0.0], activation="relu")
    return situation(a=[1.0], W=[[1.0]], b=[0.0], X=[[1.0], [0.0]], y=[1.0, 0.0], activation="relu")


def broken(at, dropped):
    """Some conditions seldom fail by chance."""
    if dropped is needs.SQUARED_LOSS:
        at.loss = "pseudo_huber"
        at.found.clear()
    if dropped is needs.INPUTS:
        at.X = np.array(at.X) * 0.0
    if dropped in (needs.OUTPUT_WEIGHTS, needs.PARAMETERS):
        parts = {name: part * (0.0 if name == "a" else 1.0) for name, part in at.net.parts.items()}
        parts |= {"c": parts["c"] * 0.0} if "c" in parts else {}
        if dropped is needs.PARAMETERS:
            parts = {name: part * 0.0 for name, part in parts.items()}
        at.net = tl.TwoLayer(**parts, activation=at.net.activation)


@pytest.mark.parametrize(("theorem", "relation", "dropped"), list(conditions()))
def test_a_relation_never_passes_where_one_of_its_hypotheses_fails(theorem, relation, dropped):
    needed = (*theorem.hypotheses, *theorem.variants[relation].hypotheses)
    at = without(needed, dropped, 0)
    whole = theorem.check_at(at)
    check = whole.variants.get(relation, whole)
    assert (check.applicable, check.holds, check.left, check.right) == (False, None, None, None)
    assert math.isnan(check.ratio)
    assert check.why.startswith(f"needs {dropped.statement}; got ")


def checked(theorem, *problem):
    """The check, None where the network is refused because a value is beyond the floating-point range."""
    with contextlib.suppress(ValueError):
        return theorem.check(*problem)


SCALES = (1e-320, 1e-200, 1e-160, 1e154, 1e160, 1e200, 1e300)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("part", ["a", "W", "X", "y", "all"])
def test_nothing_false_is_said_near_the_ends_of_the_floating_range(scale, part):
    rng = np.random.default_rng(3)
    for activation in ("tanh", "relu", "square", "identity"):
        arrays = {"a": rng.normal(size=2), "W": rng.normal(size=(2, 2)), "X": rng.normal(size=(3, 2))}
        arrays["y"] = rng.normal(size=3)
        with np.errstate(all="ignore"):
            arrays = {key: each * (scale if part in (key, "all") else 1.0) for key, each in arrays.items()}
        net = tl.TwoLayer(arrays["a"], arrays["W"], [0.5, -0.5], activation=activation)
        for theorem in theorems.values():
            check = checked(theorem, net, arrays["X"], arrays["y"])
            for each in check.variants.values() if check else ():
                assert not (theorem.status == PROVED and each.holds is False), (theorem.id, each.why)
                if each.applicable:
                    assert all(map(math.isfinite, (each.left.value, each.right.value, each.left.error)))


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("where", ["a", "W", "b", "X", "y"])
def test_what_is_not_finite_is_refused(bad, where):
    parts = {name: np.array(part, dtype=float) for name, part in ANYTHING.items()}
    parts[where].flat[0] = bad

    def attempt():
        net = tl.TwoLayer(parts["a"], parts["W"], parts["b"])
        return theorems["input-gradient"].check(net, parts["X"], parts["y"])

    with pytest.raises(ValueError, match="must be"):
        attempt()
