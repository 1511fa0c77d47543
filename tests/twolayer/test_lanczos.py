"""The few extreme eigenvalues by Lanczos: none missed, clusters whole."""

from __future__ import annotations

import numpy as np
import pytest

import twolayer as tl
from tests.twolayer.shapes import MIDDLE, dense_copy, matrix
from twolayer.spectrum import lanczos


def repeated(copies=6):
    """Samples on the axes, each with its own unit: the kernel is a multiple of the identity but for two."""
    X = np.eye(copies)
    a, W = np.full(copies, 1.0), np.eye(copies)
    return tl.Hessian(tl.TwoLayer(a, W, activation="identity"), X, np.ones(copies))


def test_a_spectrum_of_known_multiplicities():
    """f = a . (W x): J_i = (e_i, a (x) e_i), so J J^T = (1 + m) I and (1 + m) / n has multiplicity n."""
    H = repeated()
    for road in ("dense", "kernel"):
        found = H.eigenvalues(method=road)
        assert np.abs(found.value[:6] - 7 / 6).max() <= found.error.max() < 1e-12
        assert np.abs(found.value[6:]).max() <= found.error.max()
    assert H.gauss_newton.rank().value == 6
    assert H.inertia(-1.0).value == H.shape[0] - 6
    assert H.spectral_norm("lanczos").value == pytest.approx(7 / 6, abs=1e-12)


def test_lanczos_finds_every_member_of_a_cluster():
    """A six-fold top eigenvalue: one Krylov space holds a single member; the count asks for the others."""
    H = repeated(12)
    found = H.gauss_newton.eigenvalues(12, "lanczos")
    assert np.abs(found.value - 13 / 12).max() <= found.error.max() < 1e-12


def clustered(n, copies, gap, seed):
    """Samples on the axes, one unit at w = 0: G has |x_i|^2 / n, `copies` of them within `gap` of 1 / n."""
    squares = np.random.default_rng(seed).uniform(0.3, 0.999, n)
    squares[:copies] = 1.0 + gap * np.arange(copies)
    net = tl.TwoLayer([1.0], np.zeros((1, n)), activation="identity")
    return tl.Hessian(net, np.diag(np.sqrt(squares)), np.zeros(n)), np.sort(squares)[::-1] / n


@pytest.mark.parametrize("gap", [0.0, 1e-16, 1e-10, 1e-5])
def test_a_cluster_of_which_eigsh_omits_members_is_complete(gap):
    """Of these six scipy 1.17's eigsh(H, 5, which="LA") returns two or three for some starts, and others."""
    for seed in range(6):
        H, values = clustered(36, 6, gap, seed)
        found = H.eigenvalues(6, "lanczos")
        assert np.abs(found.value - values[:6]).max() <= found.error.max() < 1e-12
        five = H.eigenvalues(5, "lanczos")
        assert np.abs(five.value - values[:5]).max() <= five.error.max()
        assert abs(H.spectral_norm("lanczos").value - values[0]) < 1e-15


def missing_the_second(found):
    """A search that omits the second eigenvector the first time it is asked."""

    def search(matrix, count, which, known, *rest):
        vectors = found(matrix, count, which, known, *rest)
        if known.shape[1]:
            return vectors
        values = np.einsum("ij,ij->j", vectors, lanczos._images(matrix, vectors))
        return np.delete(vectors, np.argsort(-values)[1], axis=1)

    return search


@pytest.mark.parametrize("counting", ["dense", "structured"])
def test_a_missed_eigenvalue_is_noticed_and_found(monkeypatch, counting):
    operator = MIDDLE.hessian
    values = dense_copy(operator)
    whole = matrix(operator)
    monkeypatch.setattr(lanczos, "candidates", missing_the_second(lanczos.candidates))
    search = lanczos.Search(whole, whole, 3, False, 1e3 * values[0], counting)
    found = lanczos.leading(search)
    assert np.abs(found.values - values[:3]).max() <= found.errors.max() + 1e-12 * values[0]


@pytest.mark.parametrize("counting", [None, "dense", "structured"])
def test_what_cannot_be_found_is_not_claimed(monkeypatch, counting):
    """A search that never finds the top eigenvector ends in an error."""
    operator = MIDDLE.hessian
    whole = matrix(operator)
    top = np.linalg.eigh(operator.toarray())[1][:, -1:]
    monkeypatch.setattr(lanczos, "MOST", 30)
    honest = lanczos.candidates

    def blind(matrix, count, which, known, *rest):
        vectors = honest(matrix, count, which, np.hstack([known - top @ (top.T @ known), top]), *rest)
        return vectors - top @ (top.T @ vectors)

    monkeypatch.setattr(lanczos, "candidates", blind)
    norm = operator.frobenius_norm().upper
    with pytest.raises(ArithmeticError, match="none is missing"):
        lanczos.leading(lanczos.Search(whole, whole, 1, False, norm, counting))
    with pytest.raises(ArithmeticError, match="none is missing"):
        operator.eigenvalues(1, "lanczos")
    found = MIDDLE.hessian.eigenvalues(1)
    assert found.value[0] == pytest.approx(dense_copy(operator)[0], rel=1e-12)
