"""Eigenvalues and what follows from them, against Arb's proven eigenvalues."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracle import oracle
from tests.oracle.comparison import PARTS, assert_all_hold, assert_holds, descending
from tests.oracle.oracle_jets import balls
from tests.oracle.strategies import ordinary, problems, random_problem

few = settings(max_examples=30)
small = {"most": (6, 2, 3, 2)}


@pytest.mark.parametrize("part", PARTS)
@few
@given(p=problems(**small))
def test_eigenvalues_and_norms_are_within_their_bounds(part, p):
    operator, truth = PARTS[part](p.hessian), getattr(oracle.reference(p), part)
    assert_all_hold(operator.eigenvalues(), descending(truth), "an eigenvalue")
    assert_holds(operator.spectral_norm(), oracle.spectral_norm(truth), "the spectral norm")
    assert_holds(operator.nuclear_norm(), oracle.nuclear_norm(truth), "the nuclear norm")


@few
@given(p=problems(**small), data=st.data())
def test_the_largest_eigenvalues_are_the_first(p, data):
    k = data.draw(st.integers(1, p.size))
    measured = p.hessian.eigenvalues(k)
    assert measured.value.shape == (k,)
    assert (np.diff(measured.value) <= 0).all()
    assert_all_hold(measured, descending(oracle.reference(p).H)[:k])


@balls
def count(spectrum, holds):
    return sum(bool(holds(v)) for v in spectrum)


@few
@given(p=problems(**small), shift=st.floats(-2, 2))
def test_the_inertia_is_within_its_count_of_the_undecided(p, shift):
    measured = p.hessian.inertia(shift)
    spectrum = oracle.eigenvalues(oracle.reference(p).H)
    below = count(spectrum, lambda v: v < -oracle.arb(shift))
    not_above = p.size - count(spectrum, lambda v: v > -oracle.arb(shift))
    assert measured.value <= not_above
    assert below <= measured.value + measured.error


@few
@given(p=problems(**small))
def test_the_rank_is_within_its_count_of_the_undecided(p):
    measured = p.hessian.rank()
    spectrum = oracle.eigenvalues(oracle.reference(p).H)
    certain = count(spectrum, lambda v: v != 0)
    assert measured.value <= p.size - count(spectrum, lambda v: v == 0)
    assert certain <= measured.value + measured.error


@few
@given(p=ordinary(**small))
def test_the_log_determinant_is_within_its_bound(p):
    truth = oracle.reference(p).H
    shift = 0.5 + abs(float(oracle.eigenvalues(truth)[0].mid()))
    determinant = oracle.log_abs_determinant(oracle.shifted(truth, shift))
    assert_holds(p.hessian.logdet(shift), determinant, "the log-determinant")


def test_a_log_determinant_of_an_indefinite_matrix_is_refused():
    p = random_problem(0)
    assert p.hessian.inertia().value > 0
    with pytest.raises(ValueError, match=r"^shift must .*; got 0.0"):
        p.hessian.logdet()


@pytest.mark.parametrize("kind", ["frobenius_norm", "spectral_norm", "nuclear_norm"])
@few
@given(p=problems(**small))
def test_norms_of_off_diagonal_blocks_are_within_their_bounds(kind, p):
    layout = p.net.layout
    truth = oracle.block(oracle.reference(p).H, layout["a"], layout["W"])
    singular = oracle.eigenvalues(balls(lambda: truth * truth.transpose())())
    with balls:
        values = [v.nonnegative_part().sqrt() for v in singular]
        expected = {
            "frobenius_norm": oracle.frobenius_norm(truth),
            "spectral_norm": values[-1],
            "nuclear_norm": sum(values),
        }
    assert_holds(getattr(p.hessian.block("a", "W"), kind)(), expected[kind], kind)


@given(p=ordinary(**small))
def test_trace_and_norm_are_those_of_the_eigenvalues(p):
    H = p.hessian
    eigenvalues, trace, norm = H.eigenvalues(), H.trace(), H.frobenius_norm()
    room = np.sum(eigenvalues.error) + 1e-14 * np.abs(eigenvalues.value).sum()
    assert abs(eigenvalues.value.sum() - trace.value) <= trace.error + room
    assert abs(np.linalg.norm(eigenvalues.value) - norm.value) <= norm.error + room
    assert abs(H.spectral_norm().value) <= norm.value + norm.error + room
    assert norm.value <= H.nuclear_norm().value + norm.error + room
