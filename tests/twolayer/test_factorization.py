"""Factorizations of definite matrices, their remainders, and the log-determinants that need no eigenvalue."""

from fractions import Fraction

import mpmath
import numpy as np
import pytest
from scipy.linalg import lapack

from tests.oracle.strategies import random_problem
from twolayer.spectrum import logdet
from twolayer.spectrum.compressed import compress
from twolayer.spectrum.factored import ldl
from twolayer.spectrum.factored.ldl import Factorization
from twolayer.spectrum.factored.remainder import cholesky_remainder

KINDS = ("shifted", "flat", "steep", "diagonal", "arrow")


def definite(kind, p, scale=1.0):
    """A positive definite matrix, symmetric to the last bit."""
    A = np.random.default_rng(p).standard_normal((p, p))
    B = {
        "shifted": lambda: A + A.T + 10 * np.sqrt(p) * np.eye(p),
        "flat": lambda: A @ A.T + np.eye(p),
        "steep": lambda: (A * np.arange(1.0, p + 1) ** -4) @ A.T + 1e-6 * np.eye(p),
        "diagonal": lambda: np.diag(np.arange(1.0, p + 1)),
        "arrow": lambda: np.eye(p) * 2 * p + (np.arange(p) == 0) * 1.0,
    }[kind]()
    return 0.5 * scale * (B + B.T)


def fractions(M):
    return [[Fraction(x) for x in row] for row in M.tolist()]


def missing(B, M, pivots):
    """|B - M diag(t) M^T|_F, exactly but for the last root."""
    rows, t = fractions(M), [Fraction(x) for x in pivots.tolist()]
    total = Fraction(0)
    for i, row in enumerate(fractions(B)):
        for j, entry in enumerate(row):
            total += (entry - sum(x * y * z for x, y, z in zip(rows[i], rows[j], t, strict=True))) ** 2
    return float(total) ** 0.5


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("p", [1, 2, 3, 8, 17, 30])
@pytest.mark.parametrize("scale", [1e-8, 1.0, 1e8])
def test_a_definite_matrix_is_its_factors_and_the_remainder(kind, p, scale):
    B = definite(kind, p, scale)
    F = Factorization(B)
    assert (F.pivots > 0).all()
    assert missing(B, F.L, F.pivots) <= F.error <= 3e-14 * np.sqrt(p) * np.linalg.norm(B)
    exact = np.linalg.norm((np.abs(F.L) * F.pivots) @ np.abs(F.L).T)
    assert exact <= F.size * (1 + 1e-12) <= 3.1 * np.trace(B)
    assert F.lengths == pytest.approx((F.L**2).sum(axis=0), rel=1e-12)


def test_the_remainder_of_a_shifted_matrix_has_no_factor_of_its_order():
    B = definite("shifted", 300)
    assert Factorization(B).error < 100 * 2.0**-53 * np.linalg.norm(B)


@pytest.mark.parametrize("p", [2, 7, 60])
@pytest.mark.parametrize("much", [1e-9, 1e-3, 1.0])
def test_a_wrong_factor_is_caught(p, much, monkeypatch):
    """Whatever LAPACK returns, the remainder is that of what it returned."""
    B = definite("flat", p)
    right = lapack.dpotrf(B, lower=1, clean=1)[0]
    for place in {(0, 0), (p - 1, 0), (p - 1, p - 1), (p // 2, p // 2 - 1)}:
        wrong = right.copy(order="F")
        wrong[place] += much
        found, lost, _ = cholesky_remainder(B, wrong, np.empty(p))
        truth = np.linalg.norm(B - wrong @ wrong.T)
        assert abs(found - truth) <= lost + 1e-12 * np.linalg.norm(B)
        monkeypatch.setattr(ldl, "_cholesky", lambda given, heard, wrong=wrong: wrong)
        assert Factorization(B).error >= truth * (1 - 1e-6)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_no_number_bounds_nothing(bad, monkeypatch):
    B = definite("flat", 5)
    wrong = np.linalg.cholesky(B)
    wrong[4, 1] = bad
    monkeypatch.setattr(ldl, "_cholesky", lambda given, heard: np.asfortranarray(wrong))
    with np.errstate(all="ignore"):
        assert not Factorization(B).error < 1e300


@pytest.mark.parametrize("p", [3, 40])
def test_a_sharp_factorization_of_a_definite_matrix_loses_no_more(p):
    B = definite("steep", p)
    plain, sharp = Factorization(B), Factorization(B, sharp=True)
    assert missing(B, sharp.L, sharp.pivots) <= sharp.error <= plain.error


def exact_logdet(H, shift):
    with mpmath.workdps(60):
        A = mpmath.matrix(H.toarray().tolist()) + shift * mpmath.eye(H.shape[0])
        return mpmath.log(mpmath.det(A))


HESSIANS = {
    "squared": random_problem(3, 20, 2, 13).hessian,
    "softmax": random_problem(4, 9, 2, 9, 3, loss="softmax").hessian,
    "Gauss-Newton": random_problem(5, 30, 3, 10).hessian.gauss_newton,
    "compressed": random_problem(6, 4, 9, 9).hessian,
}


@pytest.mark.parametrize("kind", HESSIANS)
@pytest.mark.parametrize("share", [1e-3, 0.1, 1.5, 1e4])
def test_log_determinants_from_factors(kind, share):
    """Where the gap is known from the residual part's norm, and where it has to be sought."""
    H = HESSIANS[kind]
    small = compress(H.eigensystem.whole)
    least = float(np.linalg.eigvalsh(H.toarray())[0])
    shift = max(-least, 0.0) + share * small.bound.total
    value, error = logdet.factored_logdet(small, shift, "dense")
    assert abs(value - exact_logdet(H, shift)) <= error <= 1e-8


def test_the_gap_is_known_only_where_it_is_there(monkeypatch):
    """The known lower bound is one, and a shift below it takes the longer road."""
    sought = []
    original = logdet.lowest_estimate
    monkeypatch.setattr(logdet, "lowest_estimate", lambda *a: sought.append(1) or original(*a))
    for H in HESSIANS.values():
        small = compress(H.eigensystem.whole)
        lowest = small.enclosure[0]
        assert lowest <= np.linalg.eigvalsh(H.toarray())[0]
        sought.clear()
        logdet.factored_logdet(small, -2 * lowest + 1e-3, "dense")
        assert not sought
    H = HESSIANS["squared"]
    with pytest.raises(ValueError, match="shift must make"):
        logdet.factored_logdet(compress(H.eigensystem.whole), 1e-9, "dense")
    assert sought


def test_log_determinants_are_factored_and_a_shift_that_works_is_named():
    H = random_problem(3, 20, 2, 13).hessian
    found = H.logdet(50.0)
    assert found.method == "dense, factored"
    assert abs(found.value - exact_logdet(H, 50.0)) <= found.error
    few = random_problem(3, 20, 2, 4).hessian
    assert few.logdet(50.0).method == "dense, verified"
    refused = random_problem(3, 20, 2, 13).hessian
    with pytest.raises(ValueError, match="shift must make") as told:
        refused.logdet(1e-6)
    named = float(str(told.value).split("at least ")[1].split(";")[0])
    assert np.isfinite(refused.logdet(named).value)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("sharp", [False, True])
def test_tiny_entries_beside_one_of_size_one_leave_the_signs(sharp):
    """dsytrf's pivots of the first are no numbers; eigenvalues are 0.6, -0.6 and zero but for rounding."""
    rng = np.random.default_rng(0)
    for number in range(300):
        p, first = int(rng.integers(3, 8)), int(rng.integers(0, 2))
        B = 10.0 ** -rng.uniform(80, 330, (p, p)) * rng.choice([-1.0, 0.0, 1.0], (p, p))
        if number == 0:
            p, first, B = 3, 1, np.zeros((3, 3))
            B[1, 0], B[2, 0] = -3.479751083583588e-206, 1.5679679746896413e-173
        B[first + 1, first], B[first, first], B[first + 1, first + 1] = 0.6, 0.0, 0.0
        B = np.tril(B) + np.tril(B, -1).T
        found = Factorization(B.copy(), sharp)
        assert found.error < 1e-14
        assert (found.pivots < -found.error).sum() == 1 == (found.pivots > found.error).sum()
