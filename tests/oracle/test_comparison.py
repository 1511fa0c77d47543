"""The comparison itself: each planted error must be caught, at the package's own bounds."""

import numpy as np
import pytest

from tests.oracle import oracle
from tests.oracle.comparison import assert_all_hold, assert_holds, assert_within, distance, matrix_distance
from tests.oracle.strategies import random_problem
from twolayer import Measurement
from twolayer.curvature import frobenius_by_pairs


def planted(p):
    """Matrices that a slip in the code would give, by name of the slip."""
    truth = oracle.reference(p)
    G, R = oracle.floats(truth.G), oracle.floats(truth.R)
    jacobians = np.array([oracle.floats(J) for J in truth.J])
    lost = np.einsum("iop,ior->pr", jacobians[:1], jacobians[:1]) / len(p.X)
    shifted = np.einsum("iop,ior->pr", jacobians[:2], jacobians[1:3]) / len(p.X)
    W = p.net.layout["W"]
    transposed = G + R
    transposed[W, W] = np.roll(transposed[W, W], 1, axis=0)
    unsymmetric = G + np.triu(R)
    return {
        "factor of two": 2 * (G + R),
        "wrong mean": (G + R) * len(p.X) / (len(p.X) - 1),
        "sign of the residual part": G - R,
        "residual part dropped": G,
        "Gauss-Newton part dropped": R,
        "lower triangle dropped": unsymmetric,
        "first tile lost": G + R - lost,
        "tile index off by one": G + R - lost + shifted,
        "rows in another order": transposed,
        "float32": (G + R).astype(np.float32).astype(float),
        "one entry off by 1e-11": G + R + 1e-11 * np.eye(len(G))[0][:, None] * np.eye(len(G))[1],
        "not a number": np.full_like(G, np.nan),
    }


@pytest.mark.parametrize("slip", planted(random_problem(0, n=4)))
@pytest.mark.parametrize("q", [None, 2])
def test_a_planted_error_is_caught(slip, q):
    p = random_problem(0, n=4, q=q)
    wrong, truth = planted(p)[slip], oracle.reference(p).H
    with pytest.raises(AssertionError, match="excludes"):
        assert_within(matrix_distance(wrong, truth), p.hessian.rounding_error())


@pytest.mark.parametrize(
    "slip", ["factor of two", "wrong mean", "first tile lost", "float32", "not a number"]
)
def test_a_planted_error_of_a_norm_is_caught(slip):
    p = random_problem(0, n=4)
    measured = p.hessian.frobenius_norm()
    wrong = Measurement(np.linalg.norm(planted(p)[slip]), measured.error, True, "planted")
    with pytest.raises(AssertionError, match="excludes"):
        assert_holds(wrong, oracle.frobenius_norm(oracle.reference(p).H))


def forgotten(tiles):
    """The tiles but for the last."""
    return lambda *words: list(tiles(*words))[:-1]


def transposed(tiles):
    """The tiles, each with the inputs' Gram matrix of the mirrored one."""

    def wrong(forward, scope):
        found = list(tiles(forward, scope))
        grams = {(left.start, right.start): gram for left, right, gram in found}
        return [(left, right, grams[right.start, left.start]) for left, right, _ in found]

    return wrong


def half(function):
    """A kernel whose last argument, the result, comes out half as large."""

    def wrong(*words):
        function(*words)
        words[-1][:] *= 0.5

    return wrong


CODE = {
    "a tile forgotten": (frobenius_by_pairs, "_tiles", forgotten),
    "tiles mirrored": (frobenius_by_pairs, "_tiles", transposed),
    "cross terms halved": (frobenius_by_pairs, "cross_sums", half),
    "Gauss-Newton terms halved": (frobenius_by_pairs, "newton_scalar", half),
    "an input product off": (
        frobenius_by_pairs,
        "input_gram",
        lambda gram: lambda *words: gram(*words) + 1.0,
    ),
}


@pytest.mark.parametrize("slip", CODE)
def test_an_error_planted_in_the_code_is_caught(monkeypatch, slip):
    p = random_problem(2, n=12, m=3)
    monkeypatch.setattr(frobenius_by_pairs, "TILE", 4)
    truth = oracle.frobenius_norm(oracle.reference(p).H)
    assert_holds(p.hessian.frobenius_norm("pairs"), truth)
    module, name, wrong = CODE[slip]
    monkeypatch.setattr(module, name, wrong(getattr(module, name)))
    with pytest.raises(AssertionError, match="excludes"):
        assert_holds(p.hessian.frobenius_norm("pairs"), truth)


@pytest.mark.parametrize("error", [np.inf, np.nan, -1.0, 0.0])
def test_a_bound_that_says_nothing_is_refused(error):
    third = oracle.arb(1) / 3
    with pytest.raises(AssertionError):
        assert_holds(Measurement(1 / 3, error, True, "planted"), third)


def test_an_estimate_is_not_taken_for_a_bound():
    with pytest.raises(AssertionError):
        assert_holds(Measurement(1.0, 1.0, False, "planted"), oracle.arb(1))


def test_every_entry_of_an_array_counts():
    truth = [oracle.arb(1), oracle.arb(2)]
    assert_all_hold(Measurement(np.array([1.0, 2.0]), np.zeros(2), True, "exact"), truth)
    with pytest.raises(AssertionError):
        assert_all_hold(Measurement(np.array([1.0, 2.1]), np.array([1.0, 0.0]), True, "planted"), truth)


def test_distance_is_an_upper_end():
    third = oracle.arb(1) / 3
    assert distance(1.0, third) >= oracle.arb(2) / 3
