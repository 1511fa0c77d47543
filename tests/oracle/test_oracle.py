"""The oracle itself, against numerical differentiation of the risk alone and against sympy."""

import mpmath as mp
import numpy as np
import pytest
import sympy as sp
from flint import arb, ctx

from tests.oracle import oracle
from tests.oracle.oracle_jets import BITS, SERIES, jet, rational
from tests.oracle.problem import Problem

STEP = mp.mpf(2) ** -100
TOLERANCE = mp.mpf(2) ** -150
ACTIVATION = {
    "tanh": mp.tanh,
    "sigmoid": lambda z: mp.exp(z) / (mp.exp(z) + 1),
    "erf": mp.erf,
    "softplus": lambda z: mp.log(1 + mp.exp(z)),
    "relu": lambda z: z if z > 0 else mp.mpf(0),
    "leaky_relu": lambda z: z if z > 0 else z / 100,
    "relu_squared": lambda z: z * z if z > 0 else mp.mpf(0),
    "silu": lambda z: z - z / (mp.exp(z) + 1),
    "gelu": lambda z: z * mp.ncdf(z),
    "sin": mp.sin,
    "gaussian": lambda z: 1 / mp.exp(z * z),
    "square": lambda z: z**2,
    "cube": lambda z: z**3,
    "identity": lambda z: z,
}
LOSS = {
    "squared": lambda f, y: sum((v - t) ** 2 for v, t in zip(f, y, strict=True)) / 2,
    "logistic": lambda f, y: sum(mp.log(1 + mp.exp(v)) - t * v for v, t in zip(f, y, strict=True)),
    "pseudo_huber": lambda f, y: sum(mp.sqrt(1 + (v - t) ** 2) - 1 for v, t in zip(f, y, strict=True)),
    "softmax": lambda f, y: mp.log(sum(mp.exp(v) for v in f)) - f[int(y[0])],
}


def problem(activation="tanh", loss="squared", q=2, b=True, c=True, n=3, m=2, d=2):
    rng = np.random.default_rng(len(activation) + 10 * q)
    y = {"logistic": rng.integers(0, 2, (n, q)), "softmax": rng.integers(0, q, n)}
    return Problem(
        rng.normal(size=(q, m)),
        rng.normal(size=(m, d)),
        rng.normal(size=m) if b else None,
        rng.normal(size=q) if c else None,
        rng.normal(size=(n, d)),
        y.get(loss, rng.normal(size=(n, q))),
        activation,
        loss,
    )


def parameters(problem):
    parts = [problem.a, problem.W, problem.b, problem.c]
    return [mp.mpf(float(v)) for part in parts if part is not None for v in np.ravel(part)]


def risk(problem, theta):
    """The mean loss, written once more, as a function of theta alone."""
    (q, m), d = np.shape(problem.a), np.shape(problem.W)[1]
    rest = iter(theta)
    a = [[next(rest) for _ in range(m)] for _ in range(q)]
    W = [[next(rest) for _ in range(d)] for _ in range(m)]
    b = [next(rest) for _ in range(m)] if problem.b is not None else [0] * m
    c = [next(rest) for _ in range(q)] if problem.c is not None else [0] * q
    total = mp.mpf(0)
    for x, y in zip(problem.X.tolist(), problem.y.tolist(), strict=True):
        units = [ACTIVATION[problem.activation](mp.fdot(W[k], x) + b[k]) for k in range(m)]
        f = [mp.fdot(a[o], units) + c[o] for o in range(q)]
        total += LOSS[problem.loss](f, y if isinstance(y, list) else [y])
    return total / len(problem.X)


def central(function, theta, p, r=None):
    """First difference along p, or second along p and r; error of order STEP^2."""

    def along(index, inner):
        def difference(point):
            low, high = list(point), list(point)
            low[index], high[index] = low[index] - STEP, high[index] + STEP
            return (inner(high) - inner(low)) / (2 * STEP)

        return difference

    first = along(p, function)
    return (first if r is None else along(r, first))(theta)


def close(value, truth):
    """Whether the ball `value` is narrow and agrees with the mpmath number `truth`."""
    with ctx.workprec(BITS):
        gap = abs(value - arb(mp.nstr(truth, 110)))
        return gap < arb(mp.nstr(TOLERANCE * (1 + abs(truth)), 20))


CASES = [
    *[problem(name) for name in SERIES],
    *[problem("tanh", loss, q) for loss in ("logistic", "pseudo_huber") for q in (1, 2)],
    *[problem("tanh", "softmax", q) for q in (2, 3)],
    *[problem("sin", "squared", 1, b, c) for b in (True, False) for c in (True, False)],
]


@pytest.mark.parametrize("case", CASES, ids=lambda p: f"{p.activation}-{p.loss}-{p.outputs}-{p.size}")
def test_risk_gradient_and_hessian_are_the_differences_of_the_risk(case):
    truth = oracle.reference(case)
    theta = parameters(case)
    assert case.size == len(theta)
    with mp.workdps(120):
        assert close(truth.risk, risk(case, theta))
        for p in range(case.size):
            assert close(truth.gradient[p], central(lambda t: risk(case, t), theta, p))
            for r in range(p, case.size, 1 + case.size // 5):
                assert close(truth.H[p, r], central(lambda t: risk(case, t), theta, p, r))
                assert truth.H[p, r].overlaps(truth.H[r, p])


def test_a_polynomial_network_agrees_exactly_with_sympy():
    case = Problem(
        np.array([[3.0, -1.0]]),
        np.array([[0.5], [2.0]]),
        np.array([1.0, -0.25]),
        np.array([4.0]),
        np.array([[1.0], [-3.0]]),
        np.array([0.5, 2.0]),
        "cube",
    )
    symbols = sp.symbols("a0 a1 w0 w1 b0 b1 c")
    a0, a1, w0, w1, b0, b1, c = symbols
    risk = 0
    for x, y in zip((1, -3), (sp.Rational(1, 2), 2), strict=True):
        risk += (a0 * (w0 * x + b0) ** 3 + a1 * (w1 * x + b1) ** 3 + c - y) ** 2 / 4
    point = dict(zip(symbols, map(sp.Rational, ("3", "-1", "1/2", "2", "1", "-1/4", "4")), strict=True))
    expected = sp.hessian(risk, symbols).subs(point)
    H = oracle.reference(case).H
    assert all(H[p, r].contains(rational(expected[p, r])) for p in range(7) for r in range(7))


@pytest.mark.parametrize("name", SERIES)
@pytest.mark.parametrize("z", [-1e16, -745.5, -40.0, -1e-9, 1e-300, 0.3, 6.0, 40.0, 745.5, 1e16])
def test_jets_are_narrow_everywhere(name, z):
    with ctx.workprec(BITS):
        exact = jet(name, rational(z))
        assert all(v.rel_accuracy_bits() > 200 or v.rad() < arb(10) ** -100 for v in exact)


@pytest.mark.parametrize(("name", "slope"), [("relu", 0.0), ("leaky_relu", 0.01), ("relu_squared", 0.0)])
def test_the_left_piece_is_used_at_a_kink(name, slope):
    with ctx.workprec(BITS):
        assert [float(v) for v in jet(name, rational(0.0))] == [0.0, slope, 0.0]


def test_spectrum_of_a_matrix_known_by_hand():
    M = oracle.arb_mat([[2, 1, 0], [1, 2, 0], [0, 0, -5]])
    with ctx.workprec(BITS):
        assert all(v.contains(t) for v, t in zip(oracle.eigenvalues(M), (-5, 1, 3), strict=True))
        assert oracle.nuclear_norm(M).contains(9)
        assert oracle.spectral_norm(M).contains(5)
        assert oracle.trace(M).contains(-1)
        assert (oracle.frobenius_norm(M) ** 2).contains(35)
        assert (oracle.log_abs_determinant(M) - arb(15).log()).contains(0)


def test_eigenvalues_that_coincide_are_all_found():
    M = oracle.arb_mat([[1, 1, 1]] * 3)
    spectrum = oracle.eigenvalues(M)
    assert len(spectrum) == 3
    assert spectrum[2].contains(3)
    assert all(v.contains(0) for v in spectrum[:2])
