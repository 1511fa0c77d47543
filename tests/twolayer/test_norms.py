"""Frobenius norm and trace: their bounds hold on every problem, and tell the truth on ordinary ones."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.oracle import oracle
from tests.oracle.comparison import PARTS, assert_holds, assert_within, distance, relative
from tests.oracle.problem import Problem
from tests.oracle.strategies import ACTIVATIONS, LOSSES, ordinary, problems, random_problem
from twolayer.curvature import frobenius_by_pairs

METHODS = (None, "pairs", "dense")
ACCURACY = 1e-13
LOOSENESS = 1e-11
CONDITION = 30.0


@pytest.mark.parametrize("part", PARTS)
@given(p=problems(), method=st.sampled_from(METHODS))
def test_the_frobenius_norm_is_within_its_bound(part, p, method):
    truth = oracle.frobenius_norm(getattr(oracle.reference(p), part))
    assert_holds(PARTS[part](p.hessian).frobenius_norm(method=method), truth, f"|{part}|")


@pytest.mark.parametrize("part", PARTS)
@given(p=problems())
def test_the_trace_is_within_its_bound(part, p):
    truth = oracle.trace(getattr(oracle.reference(p), part))
    assert_holds(PARTS[part](p.hessian).trace(), truth, f"tr {part}")


@given(p=problems(), data=st.data(), method=st.sampled_from(METHODS))
def test_norms_of_principal_blocks_are_within_their_bounds(p, data, method):
    name = data.draw(st.sampled_from(list(p.net.layout)))
    where = p.net.layout[name]
    truth = oracle.block(oracle.reference(p).H, where, where)
    block = p.hessian.block(name)
    assert_holds(block.frobenius_norm(method=method), oracle.frobenius_norm(truth), f"|H_{name}|")
    assert_holds(block.trace(), oracle.trace(truth), f"tr H_{name}")


@given(p=problems())
def test_norms_of_off_diagonal_blocks_are_within_their_bounds(p):
    truth = oracle.block(oracle.reference(p).H, p.net.layout["a"], p.net.layout["W"])
    assert_holds(p.hessian.block("a", "W").frobenius_norm(), oracle.frobenius_norm(truth), "|H_aW|")


@given(p=problems(twists=("cancelling",), losses=("squared",), decades=0))
def test_cancellation_is_told_and_not_hidden(p):
    truth = oracle.frobenius_norm(oracle.reference(p).H)
    for method in METHODS:
        assert_holds(p.hessian.frobenius_norm(method=method), truth, f"|H| by {method}")


def condition(p, quantity):
    """Largest relative change of `quantity` per relative change of the inputs, over a few random ones."""
    truth = quantity(oracle.reference(p))
    moved = [quantity(oracle.reference(p, np.random.default_rng(seed))) for seed in range(3)]
    with oracle.balls:
        if truth.contains(0):
            return np.inf
        return max(relative(abs(v - truth).abs_upper() * oracle.arb(2) ** 80, truth) for v in moved)


QUANTITIES = {
    "norm": (lambda truth: oracle.frobenius_norm(truth.H), lambda H: H.frobenius_norm()),
    "norm by pairs": (lambda truth: oracle.frobenius_norm(truth.H), lambda H: H.frobenius_norm("pairs")),
    "norm of G": (
        lambda truth: oracle.frobenius_norm(truth.G),
        lambda H: H.gauss_newton.frobenius_norm("pairs"),
    ),
    "norm of R": (lambda truth: oracle.frobenius_norm(truth.R), lambda H: H.residual.frobenius_norm("pairs")),
    "trace": (lambda truth: oracle.trace(truth.H), lambda H: H.trace()),
}


@pytest.mark.parametrize("name", QUANTITIES)
@given(p=ordinary())
def test_well_conditioned_values_are_right_to_thirteen_digits(name, p):
    true, ours = QUANTITIES[name]
    assume(condition(p, true) < CONDITION)
    truth, measured = true(oracle.reference(p)), ours(p.hessian)
    assert relative(distance(measured.value, truth), truth) <= ACCURACY


@pytest.mark.parametrize("name", QUANTITIES)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_bounds_are_not_absurd(name, loss, activation):
    errors = []
    for seed in range(5):
        p = random_problem(seed, n=6, m=3, q=2, activation=activation, loss=loss)
        measured = QUANTITIES[name][1](p.hessian)
        errors.append(measured.error / abs(measured.value) if measured.value else 0.0)
    assert np.median(errors) <= LOOSENESS


def test_a_tiny_norm_beside_large_factors():
    """One sample has inputs but dead units, the other live units but no inputs: nothing may overflow."""
    tiny = Problem(
        np.array([1.0]),
        np.array([[150.0]]),
        np.array([1.5]),
        None,
        np.array([[0.0], [1.5]]),
        np.array([0.6, -1.6]),
    )
    where = tiny.net.layout["W"]
    truth = oracle.block(oracle.reference(tiny).H, where, where)
    for method in METHODS:
        measured = tiny.hessian.block("W").frobenius_norm(method)
        assert 0 < measured.value < 1e-190
        assert_holds(measured, oracle.frobenius_norm(truth))


@pytest.mark.parametrize("n", range(1, 18))
@pytest.mark.parametrize("q", [None, 3])
def test_every_number_of_samples_by_every_tile(monkeypatch, n, q):
    p = random_problem(n, n=n, d=2, m=3, q=q, activation="erf")
    truth = oracle.frobenius_norm(oracle.reference(p).H)
    for tile in (1, 2, 3, 5, 8, 256):
        monkeypatch.setattr(frobenius_by_pairs, "TILE", tile)
        assert_holds(p.hessian.frobenius_norm("pairs"), truth, f"|H| by tiles of {tile}")


def test_more_samples_than_a_tile_holds():
    p = random_problem(8, n=frobenius_by_pairs.TILE + 37, d=2, m=3)
    measured = p.hessian.frobenius_norm("pairs")
    truth = oracle.frobenius_norm(oracle.reference(p).H)
    assert_holds(measured, truth)
    assert relative(distance(measured.value, truth), truth) <= ACCURACY


def test_tiles_whose_gram_matrix_is_not_kept(monkeypatch):
    p = random_problem(9, n=11)
    monkeypatch.setattr(frobenius_by_pairs, "TILE", 4)
    kept = float(p.hessian.frobenius_norm("pairs"))
    monkeypatch.setattr(frobenius_by_pairs, "GRAM_CACHE", 0)
    assert abs(float(p.hessian.frobenius_norm("pairs")) - kept) <= 1e-14 * kept


@settings(max_examples=20)
@given(p=problems())
def test_a_measurement_says_what_it_is(p):
    measured = p.hessian.frobenius_norm("pairs")
    assert measured.exact
    assert measured.method == "pairs"
    assert f"n = {len(p.X)}" in measured.convention
    assert measured.lower <= float(measured) <= measured.upper
    assert_within(oracle.arb(0), measured.error)
