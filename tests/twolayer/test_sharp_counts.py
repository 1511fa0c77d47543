"""Counts beside eigenvalues: what is undecided is looked at again, and sharper, against dense eigenvalues."""

import re
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given

import twolayer as tl
from tests.oracle.strategies import problems
from tests.twolayer.shapes import dense_copy, matrix
from twolayer.spectrum import inertia
from twolayer.spectrum.factored.accumulated import PlainSum, SharpSum
from twolayer.spectrum.factored.ldl import Factorization

RNG = np.random.default_rng(3)


def wide_hessian(m=30, activation="tanh", n=24, d=5, q=1):
    rng = np.random.default_rng(m)
    net = tl.TwoLayer(
        rng.standard_normal((q, m) if q > 1 else m),
        rng.standard_normal((m, d)) / np.sqrt(d),
        None,
        None,
        activation,
    )
    X = rng.standard_normal((n, d))
    y = rng.integers(0, q, n) if q > 1 else rng.standard_normal(n)
    return tl.Hessian(net, X, y, "softmax" if q > 1 else "squared")


def truth(A, sign, Y):
    """A + sign Y^T Y in rational numbers."""
    made = [[Fraction(float(x)) for x in row] for row in A]
    for i, row in enumerate(made):
        for j in range(len(row)):
            row[j] += sum(
                (
                    sign * Fraction(float(x)) * Fraction(float(z))
                    for x, z in zip(Y[:, i], Y[:, j], strict=True)
                )
            )
    return made


@pytest.mark.parametrize("scale", [1.0, 1e5, 1e-5])
@pytest.mark.parametrize("kind", [PlainSum, SharpSum])
def test_sums_are_within_their_bounds(kind, scale):
    batches = [
        (scale * RNG.standard_normal((j, 3)) * 10.0 ** RNG.integers(-3, 4, (j, 1)), sign)
        for j, sign in ((7, 1.0), (1, -1.0), (20, 1.0), (20, -1.0))
    ]
    made, exact = kind(3), np.eye(3)
    for Y, sign in batches:
        made.add(Y, sign)
        exact = truth(exact, int(sign), Y) if isinstance(exact, np.ndarray) else added(exact, int(sign), Y)
    made.finish()
    off = [Fraction(float(made.total[i, j])) - exact[i][j] for i in range(3) for j in range(3)]
    assert float(sum(x * x for x in off)) ** 0.5 <= made.rounding
    if kind is SharpSum:
        size = max(1.0, max(abs(float(x)) for row in exact for x in row))
        assert made.rounding < 2.0**-50 * size + 2.0**-70 * sum(float((Y**2).sum()) for Y, _ in batches)


def added(exact, sign, Y):
    more = truth(np.zeros((3, 3)), sign, Y)
    return [[x + z for x, z in zip(*rows, strict=True)] for rows in zip(exact, more, strict=True)]


@pytest.mark.parametrize("p", [1, 2, 9, 40])
def test_a_sharp_bound_of_a_factorization_holds_and_is_smaller(p):
    B = np.random.default_rng(p).standard_normal((p, p))
    B += B.T
    plain, sharp = Factorization(B.copy()), Factorization(B.copy(), sharp=True)
    assert (plain.pivots == sharp.pivots).all()
    M = sharp.L.astype(np.longdouble)
    for i, (c, s) in zip(sharp.pairs, sharp.turns.astype(np.longdouble), strict=True):
        M[:, [i, i + 1]] = M[:, [i, i + 1]] @ np.array([[c, -s], [s, c]])
    E = B[np.ix_(sharp.order, sharp.order)] - (M * sharp.pivots) @ M.T
    assert np.sqrt((E**2).sum()) <= sharp.error <= 1.3 * plain.error
    assert p < 40 or sharp.error < 0.7 * plain.error


@pytest.mark.parametrize("method", ["structured", "dense"])
def test_a_count_is_decided_right_beside_an_eigenvalue(method):
    """Signs that an ordinary evaluation leaves open are settled, each as the dense eigenvalues have it."""
    H = wide_hessian()
    values = np.linalg.eigvalsh(H.toarray())
    size = values[-1]
    for at in (0, len(values) // 2):
        for distance in (3e-10, -3e-10):
            point = values[at] + distance * size
            found = H.inertia(-point, method)
            assert found.error == 0
            assert found.value == (values < point).sum()


@pytest.mark.parametrize(
    "hessian",
    [
        wide_hessian(40, "sigmoid"),
        wide_hessian(12, "tanh", 30, 3, 3),
        wide_hessian(30, "relu").gauss_newton,
    ],
)
def test_sharp_evaluations_count_as_dense_ones_and_lose_less(hessian):
    small, values = matrix(hessian), np.linalg.eigvalsh(hessian.toarray())
    for at in (3, len(values) // 2, -4):
        point = 0.5 * (values[at] + values[at + 1])
        if values[at + 1] - values[at] < 1e-9 * values[-1]:
            continue
        for method in ("dense", "structured"):
            plain = inertia.evaluate(small, -point, method)
            sharp = inertia.evaluate(small, -point, method, None, True)
            assert sharp.negatives == (values < point).sum()
            assert sharp.error < 1.1 * plain.error
            assert sharp.logdet == pytest.approx(plain.logdet, abs=1e-6)
            assert sharp.logdet == pytest.approx(np.log(np.abs(values - point)).sum(), abs=1e-6)


def test_an_eigenvalue_within_rounding_is_undecided_and_the_shifts_named_are_not():
    H = wide_hessian()
    values = np.linalg.eigvalsh(H.toarray())
    at = len(values) // 2
    found = H.inertia(-values[at], "structured")
    assert found.error == 1
    named = [
        float(x) for x in re.findall(r"[-+]?\d[\d.]*(?:e[-+]?\d+)?", found.method.split("decided at")[1])
    ]
    assert len(named) == 2
    for shift in named:
        assert abs(shift + values[at]) < 1e-8 * values[-1]
        again = H.inertia(shift, "structured")
        assert again.error == 0
        assert again.value == (values < -shift).sum()


@given(p=problems())
def test_points_beyond_the_bounds_of_both_parts_need_no_eigenvalues(p):
    for H in (p.hessian, p.hessian.gauss_newton, p.hessian.residual):
        low, high = H.eigensystem.whole.enclosure
        truth = np.ldexp(dense_copy(H), -H.eigensystem.exponent)
        assert low <= truth[-1] + 1e-12 * high
        assert truth[0] <= high * (1 + 1e-12)
        for end, expected in ((1.001 * low - 1e-300, 0), (1.001 * high + 1e-300, H.shape[0])):
            found = H.inertia(-np.ldexp(end, H.eigensystem.exponent))
            assert (found.value, found.error, found.method) == (expected, 0, "bounds of both parts")
