"""What every question that may take long says of its progress, and what it does when time is out."""

import numpy as np
import pytest

from tests.oracle.strategies import random_problem
from twolayer.curvature import dense, dense_by_pairs
from twolayer.spectrum.compressed import Matrix
from twolayer.spectrum.extremes.candidates import candidates
from twolayer.spectrum.extremes.counting import counter
from twolayer.spectrum.extremes.records import Operator
from twolayer.spectrum.extremes.watch import Watch
from twolayer.spectrum.methods import Method

PROBLEM = random_problem(4, 600, 5, 6, 1)
ASKED = {
    "frobenius_norm": lambda H, **how: H.frobenius_norm("pairs", **how),
    "dense frobenius_norm": lambda H, **how: H.frobenius_norm("dense", **how),
    "eigenvalues": lambda H, **how: H.eigenvalues(method="dense", **how),
    "unit_norms": lambda H, **how: H.unit_norms("spectral", **how),
    "stable_rank": lambda H, **how: H.stable_rank("dense", **how),
    "inertia": lambda H, **how: H.inertia(0.1, "structured", **how),
    "logdet": lambda H, **how: H.logdet(1e3, "structured", **how),
    "solve": lambda H, **how: H.solve(np.ones(H.shape[0]), 1e3, "structured", **how),
    "block.frobenius_norm": lambda H, **how: H.block("a", "W").frobenius_norm(**how),
    "block.spectral_norm": lambda H, **how: H.block("a", "W").spectral_norm(**how),
    "block.nuclear_norm": lambda H, **how: H.block("a", "W").nuclear_norm(**how),
    "ridge.frobenius_norm": lambda H, **how: H.with_ridge(1.0).frobenius_norm(**how),
    "ridge.spectral_norm": lambda H, **how: H.with_ridge(1.0, ["a"]).spectral_norm(**how),
    "ridge.nuclear_norm": lambda H, **how: H.with_ridge(1.0, ["a"]).nuclear_norm(**how),
    "ridge.rank": lambda H, **how: H.with_ridge(1.0, ["a"]).rank(**how),
    "ridge.inertia": lambda H, **how: H.with_ridge(1.0, ["a"]).inertia(0.5, **how),
    "ridge.logdet": lambda H, **how: H.with_ridge(1.0, ["a"]).logdet(1e3, **how),
    "ridge.eigenvalues": lambda H, **how: H.with_ridge(1.0, ["a"]).eigenvalues(2, **how),
}


@pytest.mark.parametrize("name", ASKED)
def test_progress_is_told_and_changes_nothing(name):
    told = []
    expected = ASKED[name](PROBLEM.hessian)
    found = ASKED[name](PROBLEM.hessian, progress=lambda share, doing: told.append((share, doing)))
    assert told
    assert all(0 <= share <= 1 and doing for share, doing in told)
    assert np.array_equal(found.value, expected.value)
    assert np.array_equal(found.error, expected.error)


@pytest.mark.parametrize("name", ASKED)
def test_time_that_is_out_is_an_error(name):
    with pytest.raises(TimeoutError, match=r"max_seconds must be enough for .*; got 0"):
        ASKED[name](PROBLEM.hessian, max_seconds=0.0)


@pytest.mark.parametrize("seconds", [-1.0, float("nan"), "1", True])
def test_bad_limits_are_refused(seconds):
    with pytest.raises(ValueError, match="max_seconds must be None or a number"):
        PROBLEM.hessian.frobenius_norm(max_seconds=seconds)
    with pytest.raises(TypeError, match="progress must be callable or None"):
        PROBLEM.hessian.unit_norms(progress=3)


def test_a_question_that_ran_out_of_time_can_be_asked_again():
    H = PROBLEM.hessian.with_ridge(1.0, ["a"])
    with pytest.raises(TimeoutError):
        H.spectral_norm(max_seconds=0.0)
    assert H.spectral_norm().value == pytest.approx(np.linalg.norm(H.toarray(), 2))


def test_products_with_all_features_are_those_unit_by_unit(monkeypatch):
    """And the solution is the same where the inverses are kept in single precision."""
    from tests.twolayer.shapes import matrix
    from twolayer.spectrum import solving
    from twolayer.spectrum.unit_blocks import Units

    rng = np.random.default_rng(2)
    for problem in (random_problem(5, 9, 3, 4, 3, loss="softmax"), PROBLEM):
        H = problem.hessian
        units = Units(matrix(H))
        (n, q), m = units.matrix.forward.F.shape, len(problem.W)
        weights = rng.standard_normal((m, units.block_order))
        biases = rng.standard_normal(q)
        expected = sum(units.features(k) @ weights[k] for k in range(m)) + units.bias_features() @ biases
        assert np.allclose(units.outputs_along(weights, biases), expected, rtol=1e-12, atol=1e-13)
        values = rng.standard_normal(n * q)
        pulled, last = units.pulled_back(values)
        assert np.allclose(pulled, [units.features(k).T @ values for k in range(m)], rtol=1e-12, atol=1e-13)
        assert np.allclose(last, units.bias_features().T @ values)
        A, right = H.toarray(), rng.standard_normal(H.shape[0])
        for stack in (2**30, 0):
            monkeypatch.setattr(solving, "LARGE_STACK", stack)
            x = H.solve(right, 0.37, "structured")
            truth = np.linalg.solve(A + 0.37 * np.eye(len(A)), right)
            off = np.linalg.norm(x.value - truth)
            assert off <= x.error.max() + 1e-10 * np.linalg.norm(truth)
            assert x.error.max() < 1e-6 * np.linalg.norm(truth)


def test_an_interruption_of_an_estimate_is_not_lost():
    """Nor is time that is out: half an estimate is of no use."""
    calls = []

    def product(vector):
        calls.append(1)
        if len(calls) == 5:
            raise KeyboardInterrupt
        return np.arange(300.0) * vector

    with pytest.raises(KeyboardInterrupt):
        candidates(Operator(300, product, 0.0, 0.0), 1, "smallest", 1e-9, Watch())
    calls[:] = range(9)
    with pytest.raises(TimeoutError, match="an estimate of an eigenvalue"):
        candidates(Operator(300, product, 0.0, 0.0), 1, "smallest", 1e-9, Watch(max_seconds=0.0))


def test_a_stable_rank_that_is_late_does_not_call_the_matrix_zero():
    """What Lanczos breaks off with may be anything; that is no verdict on the matrix."""
    with pytest.raises(TimeoutError, match="max_seconds"):
        random_problem(4, 400, 20, 40, 1).hessian.stable_rank("lanczos", max_seconds=0.0)


@pytest.mark.parametrize("method", ["pairs", "jacobian"])
@pytest.mark.parametrize("loss", ["squared", "logistic"])
def test_a_matrix_is_formed_with_an_eye_on_the_clock(method, loss, monkeypatch):
    """What is told does not change the matrix, what it raises ends the work, smaller blocks are as good."""
    H = random_problem(5, 700, 3, 20, 1, loss=loss).hessian
    passed, told = (H.forward, H.scope, method), []
    expected = dense.dense(*passed)
    monkeypatch.setattr(dense, "AT_ONCE", 2.0 * len(expected) ** 2)
    monkeypatch.setattr(dense_by_pairs, "PAIRS_PER_BLOCK", 40)
    found = dense.dense(*passed, told=lambda share, doing: told.append((share, doing)))
    shares = [share for share, _ in told]
    assert len(told) >= 5
    assert shares == sorted(shares)
    assert 0.0 <= min(shares) <= max(shares) < 1.0
    assert {doing for _, doing in told} == {f"forming a matrix of order {len(found)}"}
    assert np.abs(found - expected).max() <= 1e-13 * np.abs(expected).max()
    with pytest.raises(TimeoutError):
        dense.dense(*passed, told=Watch(max_seconds=0.0).stage)


def test_a_count_that_proves_the_last_pair_says_beforehand_what_it_costs():
    H, told = PROBLEM.hessian, []
    option = Method("structured", 8e12, 0.0, counts=True)
    beyond = counter(
        Matrix(H.forward, H.scope, H.bound), "largest", option, Watch(lambda _, said: told.append(said))
    )
    nothing = np.zeros(0), np.zeros((H.shape[0], 0))
    assert beyond(0.1, *nothing)[0] == (np.linalg.eigvalsh(H.toarray()) > 0.1).sum()
    assert told[0].startswith("counting eigenvalues beyond those found: about 8 minutes")
