"""Balls around quantities: against the oracle, against float64 with its bounds, and at the edges."""

import numpy as np
import pytest
import sympy as sp
from flint import arb, fmpq
from hypothesis import given, settings

import twolayer as tl
from numerics.verify.cases import case
from tests.oracle import oracle
from tests.oracle.oracle_jets import SERIES, rational
from tests.oracle.problem import Problem
from tests.oracle.strategies import TWISTS, problems, random_problem
from theory import theorems
from theory.certify import certify_quantity
from theory.certify.balls import balls
from theory.certify.balls.activation import activation
from theory.certify.balls.balls import Undecided, precision
from theory.certify.balls.eigenvalues import eigenvalues
from theory.certify.quantities import hypotheses
from theory.certify.quantities.exact_network import of_situation, subject
from theory.certify.quantities.matrices import gradient, named
from theory.certify.quantities.network import BallNetwork
from theory.certify.quantities.norms import spectrum
from theory.certify.quantities.numbers import enclosed, quantity
from theory.certify.quantities.verdict import decided
from theory.quantities import hypotheses as needs
from theory.quantities.registry import QUANTITIES, value

BITS = 200


def place(p: Problem) -> BallNetwork:
    return BallNetwork(subject(p.net, p.X, p.y, p.loss))


def meets(found, truth) -> bool:
    """Whether two matrices of balls overlap entry by entry, the first finite and narrow."""
    return found.overlaps(truth) and all(entry.is_finite() for entry in found.entries())


@settings(max_examples=40)
@given(problems(most=(5, 3, 3, 3)))
def test_matrices_are_those_of_the_oracle(p):
    truth = oracle.reference(p)
    with precision(BITS):
        at = place(p)
        assert meets(named("G", at), truth.G)
        assert meets(named("R", at), truth.R)
        assert meets(named("H", at), truth.H)
        assert quantity("risk", at).overlaps(truth.risk)
        assert all(x.overlaps(y) for x, y in zip(gradient(at), truth.gradient, strict=True))
        assert at.units.kinks == truth.kinks or not p.net.activation.kinks


@settings(max_examples=15)
@given(problems(most=(4, 2, 2, 2)))
def test_eigenvalues_are_those_of_the_oracle(p):
    truth = oracle.reference(p).H
    with precision(BITS):
        found = spectrum("H", place(p))
        wanted = oracle.eigenvalues(truth)
        assert all(x.overlaps(y) for x, y in zip(found, wanted, strict=True))
        size = float(oracle.frobenius_norm(truth).abs_upper())
        assert max(float(x.rad()) for x in found) <= 2.0**-100 * size


WANTED = [
    *(theorem.hypotheses for theorem in theorems.values()),
    *[(needs.POSITIVE_DEFINITE,)] * 6,
    *dict.fromkeys(quantity.needs for quantity in QUANTITIES.values()),
]


def quantities_at(seed: int) -> dict[str, bool]:
    """Whether float64 with its bound and a ball of 256 bits overlap, for every quantity defined there."""
    found, at = {}, case(np.random.default_rng(seed), WANTED[seed])
    with precision(256), np.errstate(all="ignore"):
        there = BallNetwork(of_situation(at))
        for name in QUANTITIES:
            if not all(hypotheses.holds(each, there) for each in QUANTITIES[name].needs):
                continue
            try:
                estimate, ball = value(name, at), quantity(name, there)
            except (
                Undecided,
                TypeError,
                OverflowError,
            ):  # where a float overflows or divides by zero
                continue
            if np.isfinite([estimate.value, estimate.error]).all():
                slack = (
                    2.0**-40 * estimate.value if name in ("C1", "C2") else 0.0
                )  # floats above the supremum
                found[name] = arb(estimate.value, estimate.error + slack).overlaps(ball)
    return found


@pytest.mark.slow
def test_every_quantity_agrees_with_its_float64_value_and_bound():
    cases = [quantities_at(seed) for seed in range(len(WANTED))]
    wrong = {name for found in cases for name, good in found.items() if not good}
    assert wrong == set()
    met = {name for found in cases for name in found}
    # R is never definite, and hardly a rescaled matrix, whose activation is homogeneous
    rescaled = {f"logdet({kind} {matrix})" for kind in ("balanced", "stretched") for matrix in "GH"}
    assert set(QUANTITIES) - met <= {"logdet(R)", "diagonal_logs(R)", "mean_log(R)"} | rescaled


@pytest.mark.parametrize("name", SERIES)
def test_jets_at_exact_points(name):
    points = [0.0, 1e-300, -0.5, 3.0, -40.0, 40.0, -(2.0**-60)]
    with precision(BITS):
        for point in points:
            truth = [
                entry if isinstance(entry, arb) else arb(entry) for entry in oracle.jet(name, rational(point))
            ]
            found = activation(name).jet(arb(point))
            assert all(x.overlaps(y) for x, y in zip(found, truth, strict=True))


@pytest.mark.parametrize(
    "formula", ["z*sigmoid(2*z)", "sqrt(1+z**2)-1", "max(z/3, z-1)", "log(cosh(z))", "abs(z)"]
)
def test_formulas_hold_numerical_derivatives(formula):
    from mpmath import mp

    expression = activation(formula).expression
    function = sp.lambdify(next(iter(expression.free_symbols)), expression, "mpmath")
    with mp.workdps(60), precision(BITS):
        found = activation(formula).jet(arb(0.375))
        for order, ball in enumerate(found):
            derivative = mp.diff(function, mp.mpf("0.375"), order)
            assert abs(mp.mpf(str(ball.mid().str(50, radius=False))) - derivative) < 1e-20


def test_a_kink_is_one_sided_exactly_and_undecided_over_a_ball():
    relu = activation("relu")
    assert [float(entry) for entry in relu.jet(arb(0))] == [0, 0, 0]
    assert [float(entry) for entry in relu.jet(arb(1e-300))] == [1e-300, 1, 0]
    with pytest.raises(Undecided):
        relu.jet(arb(0, 1e-9))


def test_kinks_are_counted_exactly_where_rounding_hides_them():
    # 0.1 * 0.3 - fl(0.1 * 0.3) is not zero; 0.5 * 0.25 - 0.125 is
    hidden, hit = 0.1 * 0.3, 0.125
    net = Problem([1.0, 1.0], [[0.1], [0.5]], [-hidden, -hit], None, [[0.3], [0.25]], [0.0, 0.0], "relu")
    with precision(64):
        assert place(net).units.kinks == 1


@pytest.mark.parametrize("twist", TWISTS)
@pytest.mark.parametrize("name", ["relu", "tanh"])
def test_degenerate_networks(twist, name):
    p = TWISTS[twist](random_problem(7, 4, 2, 3, activation=name), np.random.default_rng(7))
    truth = oracle.reference(p)
    with precision(BITS):
        assert meets(named("H", place(p)), truth.H)
        assert quantity("nuclear(H)", place(p)).overlaps(oracle.nuclear_norm(truth.H))


CLUSTERS = {
    "equal": [1, 1, 1, 1],
    "zeros": [0, 0, 0, 5],
    "close": [1, 1 + fmpq(1, 10**20), 1 + fmpq(2, 10**20), 2],
    "closer": [1, 1 + fmpq(1, 10**50), 3, 3 + fmpq(1, 10**30)],
    "graded": [fmpq(1, 10**60), fmpq(1, 10**30), 1, 10**15],
}


@pytest.mark.parametrize("name", CLUSTERS)
def test_clusters_are_enclosed_narrowly(name):
    with precision(400):
        values = [arb(number) for number in CLUSTERS[name]]
        v = arb(1) / 3
        house = balls.arb_mat(
            [
                [arb(i == j) - 2 * w / (v * v * 30) for j, w in enumerate(row)]
                for i, row in enumerate([[v * (i + 1) * v * (j + 1) for j in range(4)] for i in range(4)])
            ]
        )
        M = house * balls.arb_mat([[values[i] if i == j else 0 for j in range(4)] for i in range(4)]) * house
        found = eigenvalues(M)
    assert all(ball.overlaps(truth) for ball, truth in zip(found, values, strict=True))
    assert max(float(ball.rad()) for ball in found) < 1e-90 * float(values[-1].abs_upper())


def test_a_planted_error_is_caught(monkeypatch):
    from theory.certify.quantities import matrices

    p = random_problem(3, 4, 2, 2)
    right = matrices.MATRICES["R"]
    monkeypatch.setitem(matrices.MATRICES, "R", lambda at: right(at) * (1 + arb(2) ** -60))
    with precision(BITS):
        assert not meets(named("H", place(p)), oracle.reference(p).H)


def test_every_hypothesis_has_a_decision():
    needed = {
        hypothesis
        for theorem in theorems.values()
        for hypothesis in (
            *theorem.hypotheses,
            *(each for variant in theorem.variants.values() for each in variant.hypotheses),
        )
    }
    assert needed <= set(hypotheses.DECISIONS)


def test_digits_are_reached_where_terms_cancel():
    p = TWISTS["cancelling"](random_problem(1, 3, 2, 2), np.random.default_rng(1))
    ball, _ = enclosed("frobenius(H)", subject(p.net, p.X, p.y), digits=40)
    assert ball.rel_accuracy_bits() >= 40 * 3.3


def test_precision_is_given_back():
    before = balls.ctx.prec
    with precision(500):
        pass
    assert balls.ctx.prec == before


@pytest.mark.slow
def test_hypotheses_are_decided_as_floats_decide_them_where_both_are_certain():
    exact = set(hypotheses.DECISIONS) - {
        needs.INTERPOLATION,  # floats accept residuals of rounding
        needs.POSITIVE_DEFINITE,
        needs.POSITIVE_DEFINITE_BLOCK,
        needs.INDEPENDENT_ROWS,
    }
    met = set()
    wanted = [*WANTED, (needs.LOGISTIC_LOSS,), (needs.SOFTMAX_LOSS,), (needs.PSEUDO_HUBER_LOSS,)]
    for seed, conditions in enumerate(wanted):
        at = case(np.random.default_rng(seed), conditions)
        with precision(128):
            there = BallNetwork(of_situation(at))
            for hypothesis in exact:
                true = hypotheses.holds(hypothesis, there)
                assert true == (hypothesis.failure(at) == ""), hypothesis.statement
                met.add((hypothesis, true))
    assert {hypothesis for hypothesis, true in met if true} == exact


def test_dependent_rows_are_decided_exactly():
    W = np.array([[0.1, 0.3], [0.2, 0.6]])  # 0.6 is not exactly twice 0.3, but 0.2 is twice 0.1
    for rows, independent in ((W, 0.3 * 2 != 0.6), ([[0.1, 0.3], [0.2, 2 * 0.3]], False), (np.eye(2), True)):
        p = random_problem(0).but(W=np.array(rows))
        with precision(64):
            assert hypotheses.holds(needs.INDEPENDENT_ROWS, place(p)) == independent
            assert quantity("rank(W*W')", place(p)).contains(arb(1 + independent))


def test_a_hypothesis_that_floats_cannot_refuse_is_refused():
    # targets rounded: the residual is 1e-17, which floats call zero
    net = Problem([0.3], [[0.7]], None, None, [[1.0]], [0.0]).net
    at = BallNetwork(subject(net, [[1.0]], net([[1.0]])))
    with precision(128):
        assert needs.INTERPOLATION.failure(of(net)) == ""
        assert not hypotheses.holds(needs.INTERPOLATION, at)
        assert hypotheses.holds(needs.INTERPOLATION, BallNetwork(subject(net, [[1.0]], None)))


def of(net):
    from theory.quantities.network import Situation

    return Situation(net, [[1.0]], net([[1.0]]))


def test_an_unknown_hypothesis_is_undecided():
    from theory.quantities.hypotheses import Hypothesis

    with pytest.raises(Undecided, match="no decision"):
        hypotheses.holds(Hypothesis("luck", lambda at: ""), place(random_problem(0)))


@pytest.mark.parametrize("name", ["norm(G*v)", "silent_descent", "degree", "kink_variation"])
def test_what_a_network_does_not_have_is_said(name):
    with pytest.raises(ValueError, match=f"{name.split('(')[0]}.* needs "):
        quantity(name, place(random_problem(0)))


def test_counts_are_compared_as_integers():
    theorem = theorems["tangent-kernel-spectrum"]
    for seed in range(6):
        p = random_problem(seed, 3, 2, 3)  # P > n: ranges of counts, whose ends in balls are not integers
        verdict = decided(theorem, "rank", subject(p.net, p.X, p.y))
        assert verdict.verdict == "proved"


@pytest.mark.parametrize("name", ["frobenius(H)", "frobenius(G)", "frobenius(R)"])
def test_a_matrix_that_would_fill_the_memory_is_refused(name):
    net = tl.TwoLayer(np.ones(70), np.ones((70, 80)))
    with pytest.raises(ValueError, match="30,000,000 entries; got 5,670 rows and 5,670 columns"):
        certify_quantity(name, net, np.ones((1, 80)), [1.0])
