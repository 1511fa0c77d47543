"""Large matrices panel by panel: what LAPACK makes at one go, with a clock that is heard in between."""

import numpy as np
import pytest

from tests.oracle.strategies import random_problem
from twolayer.spectrum.factored.ldl import Factorization
from twolayer.spectrum.tridiagonal import panels, similarity

PAIRED = np.kron(np.eye(20), [[0.0, 1.0], [1.0, 0.0]])
"""Every pivot of it is one of two rows."""


@pytest.fixture(autouse=True)
def narrow(monkeypatch):
    """Panels of a few columns, so that small matrices have many."""
    monkeypatch.setattr(panels, "AT_ONCE", 6)
    monkeypatch.setattr(panels, "WIDTH", 4)
    monkeypatch.setattr(panels, "PIVOTED", 5)
    monkeypatch.setattr(similarity, "AT_ONCE", 6)
    monkeypatch.setattr(similarity, "REFLECTIONS", 5)


def symmetric(P, seed=0):
    A = np.random.default_rng(seed).standard_normal((P, P))
    return A + A.T


def definite(P):
    A = symmetric(P)
    return A @ A + np.eye(P)


@pytest.mark.parametrize("P", range(1, 31))
def test_cholesky_factors_are_triangular_and_multiply_to_the_matrix(P):
    B = definite(P)
    K = panels.cholesky(B)
    assert (np.triu(K, 1) == 0).all()
    assert np.abs(K @ K.T - B).max() <= 1e-12 * P * np.abs(B).max()


@pytest.mark.parametrize("where", [0, 3, 4, 11, 19])
def test_an_indefinite_matrix_has_no_cholesky_factor_wherever_that_shows(where):
    B = definite(20)
    B[where, where] = -1.0
    assert panels.cholesky(B) is None


@pytest.mark.parametrize("B", [*map(symmetric, range(7, 40)), PAIRED, symmetric(30) * 1e8, np.zeros((9, 9))])
def test_pivoted_factors_are_proved_to_be_near_and_count_the_signs(B):
    F = Factorization(B.copy())
    assert F.error <= 1e-11 * max(np.linalg.norm(B), 1e-100)
    if B.any():
        assert (F.pivots < 0).sum() == (np.linalg.eigvalsh(B) < 0).sum()


@pytest.mark.parametrize(("rows", "columns"), [(5, 3), (7, 1), (16, 16), (23, 5), (9, 40)])
def test_lower_triangles_of_products(rows, columns):
    rng = np.random.default_rng(rows)
    K, L, E = rng.standard_normal((rows, columns)), rng.standard_normal((rows, columns)), symmetric(rows)
    assert panels.square_below(K) == pytest.approx(np.tril(K @ K.T), abs=1e-13 * columns)
    assert panels.cross_below(K, L) == pytest.approx(np.tril(K @ L.T + L @ K.T), abs=1e-13 * columns)
    changed = panels.add_square(np.array(E, order="F"), K, -1.0)
    assert np.tril(changed) == pytest.approx(np.tril(E - K @ K.T), abs=1e-13 * columns)


@pytest.mark.parametrize("P", [1, 4, 7, 8, 9, 22])
def test_a_triangle_squared(P):
    U = np.triu(symmetric(P))
    made = panels.triangle_squared(np.array(U, order="F"))
    assert made == pytest.approx(np.triu(U @ U.T), abs=1e-12)


@pytest.mark.parametrize("A", [*map(symmetric, range(7, 31)), PAIRED, np.diag(np.arange(12.0))])
def test_the_basis_of_a_reduction_turns_the_matrix_into_a_tridiagonal_one(A):
    diagonal, beside, reduced, factors = similarity.reduction(A)
    Qt = similarity.basis(reduced, factors)
    T = np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1)
    assert Qt @ Qt.T == pytest.approx(np.eye(len(A)), abs=1e-13)
    assert Qt @ A @ Qt.T == pytest.approx(T, abs=1e-12)


class Out(Exception):
    """Time is out."""


@pytest.mark.parametrize("B", [definite(30), symmetric(30)])
@pytest.mark.parametrize("sharp", [False, True])
def test_whatever_is_raised_between_panels_ends_a_factorization(B, sharp):
    calls = []
    Factorization(B.copy(), sharp, lambda: calls.append(1))
    assert len(calls) > 4
    for last in (1, len(calls) // 2, len(calls)):
        left = iter(range(last - 1))

        def heard(left=left):
            if next(left, None) is None:
                raise Out

        with pytest.raises(Out):
            Factorization(B.copy(), sharp, heard)


def test_answers_by_panels_are_those_at_one_go(monkeypatch):
    H = random_problem(1, n=9, d=3, m=5).hessian
    asked = {"inertia": lambda H: H.inertia(0.1, "dense"), "logdet": lambda H: H.logdet(9.0, "dense")}
    panelwise = {name: ask(H) for name, ask in asked.items()}
    monkeypatch.setattr(panels, "AT_ONCE", 2000)
    again = random_problem(1, n=9, d=3, m=5).hessian
    assert panelwise["inertia"].value == asked["inertia"](again).value
    logdets = panelwise["logdet"], asked["logdet"](again)
    assert abs(logdets[0].value - logdets[1].value) <= sum(each.error for each in logdets)
