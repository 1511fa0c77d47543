"""Bounds where values are saturated, confident or multiplied by zero, however large other factors are."""

import numpy as np
import pytest
from flint import arb
from mpmath import mp

import twolayer as tl
from tests.oracle import oracle
from tests.oracle.oracle_jets import balls, jet, loss_jet, rational
from tests.oracle.problem import Problem
from tests.oracle.strategies import ACTIVATIONS, LOSSES
from twolayer.forward.loss_errors import loss_errors
from twolayer.forward.values import loss_values
from twolayer.generated import activations
from twolayer.model.activation import activation
from twolayer.model.loss import loss

ONE = np.array([[1.0]])
CASES = {
    "straight far out": Problem([0.7], [[-0.2]], None, None, [[9.8e207]], [1.0], "softplus"),
    "saturated, huge inputs": Problem([-0.4], [[1e-240]], [1e6], None, [[1e294]], [1.0], "erf", "logistic"),
    "saturated, huge weights": Problem([1e200], [[1e200]], None, None, [[0.5]], [0.0], "tanh"),
    "confident": Problem([1e200], [[1.0]], None, None, [[0.5]], [1], "tanh", "logistic"),
    "certain": Problem([[1e90], [2e90]], [[1e60]], None, None, [[0.5]], [1], "relu", "softmax"),
    "beyond exp's underflow": Problem([8e-138], [[1.0]], None, None, [[1e140]], [1], "identity", "logistic"),
    "a large residual": Problem([1e60], [[1e40]], None, None, [[0.5]], [0.0], "identity", "pseudo_huber"),
    "tiny outputs": Problem([-8.7e-266], [[1e-130]], [1.0], None, [[0.5]], [1.0], "square"),
    "no slope": Problem([1e170], [[1e189]], [0.1], [1e-62], [[1.0]], [0.5], "gaussian"),
    "a large angle": Problem([1e-3], [[1e101]], None, None, [[1e-49]], [0.5], "sin"),
}
QUANTITIES = {
    "trace": (lambda H: H.trace(), lambda M: oracle.trace(M)),
    "norm": (lambda H: H.frobenius_norm(), lambda M: oracle.frobenius_norm(M)),
}


def problem(case: str) -> Problem:
    given = CASES[case]
    arrays = {name: getattr(given, name) for name in ("a", "W", "b", "c", "X", "y")}
    return given.but(**{name: None if v is None else np.array(v) for name, v in arrays.items()})


@pytest.mark.parametrize("quantity", QUANTITIES)
@pytest.mark.parametrize("case", CASES)
def test_errors_hold_and_are_of_use(case: str, quantity: str) -> None:
    p = problem(case)
    truth, (ask, expected) = oracle.reference(p), QUANTITIES[quantity]
    for name, H in (("H", p.hessian), ("G", p.hessian.gauss_newton), ("R", p.hessian.residual)):
        found = ask(H)
        _within(found, balls(expected)(getattr(truth, name)))
        size = float(oracle.frobenius_norm(getattr(truth, name)).abs_upper())
        angle = 20.0 if case == "a large angle" else 1e-9
        assert found.error <= angle * size + 1e-40, (name, found)


@balls
def _within(found: tl.Measurement, truth: arb) -> None:
    assert abs(arb(float(found.value)) - truth) <= arb(float(found.error)), (found, truth.str(10))


@pytest.mark.parametrize("case", CASES)
def test_the_gradient_too(case: str) -> None:
    p = problem(case)
    found = tl.gradient_norm(p.net, p.X, p.y, p.loss)
    truth = oracle.reference(p).gradient
    length = oracle.frobenius_norm(oracle.arb_mat([[v] for v in truth]))
    _within(found, length)
    assert found.error <= 1e-9 * float(length.abs_upper()) + 1e-40 or case == "a large angle"


def test_a_block_is_bounded_by_what_it_is_made_of() -> None:
    p = Problem(np.array([1e80]), ONE * 1e3, None, None, ONE * 10.0, np.array([1.0]), "tanh")
    found = p.hessian.block("a", "W").frobenius_norm()  # s' has faded; H is some 1 in (a, a)
    assert (found.value, float(found.error) < 1e-250) == (0.0, True)


@pytest.mark.parametrize("name", LOSSES)
def test_derivatives_all_around_uncertain_outputs(name: str) -> None:
    """At outputs moved by all of their error, in any direction, the derivatives are within the bounds."""
    rng, rule = np.random.default_rng(5), loss(name)
    for _ in range(40):
        q = int(rng.integers(2, 4)) if name == "softmax" else int(rng.integers(1, 3))
        F = rng.normal(size=(1, q)) * 10.0 ** rng.integers(-2, 5)
        radius = np.array([10.0 ** rng.integers(-3, 5)])
        y = np.array([0]) if name == "softmax" else rng.integers(0, 2, size=(1, q)).astype(float)
        L, G, Lam = loss_values(rule, F, y)
        _, g_error, lam_error, _ = loss_errors(rule, F, y, L, G, Lam, radius)
        for _ in range(10):
            step = rng.normal(size=(1, q))
            moved = F + step / np.linalg.norm(step) * radius * rng.random()
            _, other_G, other_Lam = loss_values(rule, moved, y)
            assert np.linalg.norm(other_G - G) <= g_error[0]
            assert np.linalg.norm(other_Lam - Lam) <= lam_error[0]
        g_error, lam_error = g_error.max(), lam_error.max()
        assert g_error <= 10 * (radius[0] + np.abs(G).max())


def test_a_certain_sample_is_known_to_be() -> None:
    for name, F, y in (("logistic", [[1e6]], [[1.0]]), ("softmax", [[1e6, 0.0]], np.array([0]))):
        F, y = np.array(F), np.array(y)
        L, G, Lam = loss_values(loss(name), F, y)
        for radius in (1e-9, 1e3):
            _, g_error, lam_error, nothing = loss_errors(loss(name), F, y, L, G, Lam, np.array([radius]))
            assert (g_error[0], lam_error[0], nothing) == (0.0, 0.0, True)


@pytest.mark.parametrize(
    "name", [n for n in ACTIVATIONS if n in ("tanh", "sigmoid", "erf", "gaussian", "silu")]
)
def test_what_has_faded_is_nothing_in_any_product(name: str) -> None:
    module = __import__(f"{activations.__name__}.{name}", fromlist=["FADED"])
    with mp.workprec(200):
        for place in (1.0, 1.5, 7.0, 1e3):
            for z in (module.FADED * place, -module.FADED * place):
                _, _, s2 = jet(name, rational(z))
                # two output weights, two inputs, a loss's derivative and a scale: less than eight floats
                assert float(abs(s2).abs_upper().log() / arb(2).log()) < -9000 + 1


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_values_do_not_exceed_their_bound(name: str) -> None:
    Z = np.concatenate([np.linspace(-30, 30, 4001), np.logspace(2, 300, 50), -np.logspace(2, 300, 50)])
    S, S1, S2 = (np.empty_like(Z) for _ in range(3))
    with np.errstate(over="ignore"):
        activation(name).jets(Z, S, S1, S2)
    bound = activation(name).sup0
    assert np.abs(S).max() <= bound
    assert np.isinf(bound) == (np.abs(S).max() > 10), bound


def test_curvature_falls_away_from_its_peak() -> None:
    for name in ("logistic", "pseudo_huber"):
        p, q = loss(name).peak
        for y in (0.0, 1.0):
            for side in (-1.0, 1.0):
                far = [p + q * y + side * t for t in (0.0, 0.1, 1.0, 5.0, 40.0)]
                lams = [float(loss_jet(name, [arb(f)], [rational(y)])[2].entries()[0].mid()) for f in far]
                assert lams == sorted(lams, reverse=True), name
