"""Eigenvalues and what follows from them, by every method, against balls of 120 digits and identities."""

import math
from contextlib import suppress

import numpy as np
import pytest
from flint import arb
from hypothesis import given, settings
from hypothesis import strategies as st

import twolayer as tl
from tests.oracle import oracle
from tests.oracle.comparison import descending
from tests.oracle.strategies import ordinary, problems, random_problem
from tests.twolayer.shapes import MIDDLE, SHAPES, TALL, WIDE, dense_copy, matrix
from twolayer.spectrum import eigensystem, inertia, methods
from twolayer.spectrum.compressed import compress
from twolayer.spectrum.enclosed import NotDefinite, rounded_up
from twolayer.spectrum.factored.ldl import Factorization
from twolayer.spectrum.lapack import skewness, verified_eigenvalues, verified_singular_values

METHODS = {"H": ("dense", "kernel"), "G": ("dense", "kernel"), "R": ("dense", "structured")}


def operators(problem):
    """Name, operator and eigenvalues (balls, descending) of H, G and R."""
    H, truth = problem.hessian, oracle.reference(problem)
    yield "H", H, descending(truth.H)
    yield "G", H.gauss_newton, descending(truth.G)
    yield "R", H.residual, descending(truth.R)


@oracle.balls
def holds(measured, truth):
    """Whether every value is within its error of its truth."""
    values, errors = np.ravel(measured.value), np.ravel(measured.error)
    errors = np.broadcast_to(errors, values.shape)
    pairs = zip(values.tolist(), errors.tolist(), truth, strict=True)
    return all(abs(arb(v) - t) <= arb(e) for v, e, t in pairs)


@oracle.balls
def total(terms):
    return sum(terms, arb(0))


@oracle.balls
def log_determinant(truth, shift):
    return sum(((v + arb(shift)).log() for v in truth), arb(0))


# every quantity by every method


@given(problems(most=(5, 3, 3, 2)))
@settings(max_examples=40)
def test_the_truth_lies_within_the_error_by_every_method(problem):
    for name, operator, truth in operators(problem):
        for method in (None, *METHODS[name]):
            assert holds(operator.eigenvalues(method=method), truth), method
            assert holds(operator.spectral_norm(method), [max(map(abs, truth))]), method
            assert holds(operator.nuclear_norm(method), [total(map(abs, truth))]), method
            rank = operator.rank(method)
            assert rank.value <= sum(v != 0 for v in truth) <= rank.value + rank.error, method
        if name != "R":
            assert holds(operator.nuclear_norm("trace"), [total(map(abs, truth))])


@given(problems(most=(5, 3, 3, 2)), st.sampled_from([0.0, 1.0, -1.0, 1e-3, -1e-3]), st.booleans())
@settings(max_examples=40)
def test_inertia_counts_by_every_method(problem, share, factored):
    for name, operator, truth in operators(problem):
        shift = share * float(operator.frobenius_norm()) if factored else share
        for method in (None, *METHODS[name], "structured"):
            found = operator.inertia(shift, method)
            below = sum(bool(v + arb(shift) < 0) for v in truth)
            assert found.value <= below <= found.value + found.error, (name, method)
        small = compress(matrix(operator))
        counted = inertia.count(small, shift, "dense")
        few = counted.certain + small.zeros * (shift < 0)
        assert few <= below <= few + counted.undecided, name


@pytest.mark.slow
@given(problems(most=(5, 3, 3, 2)), st.floats(0.01, 10.0))
@settings(max_examples=40)
def test_logdet_by_every_method(problem, share):
    for name, operator, truth in operators(problem):
        shift = (1 + share) * float(operator.frobenius_norm()) + 1e-300
        expected = log_determinant(truth, shift)
        for method in (None, *METHODS[name], "structured"):
            with suppress(ValueError):  # where rounding hides whether it is positive definite
                assert holds(operator.logdet(shift, method), [expected]), (name, method)


@pytest.mark.slow
@given(ordinary(most=(5, 3, 3, 2)), st.floats(0.1, 10.0))
@settings(max_examples=30)
def test_ordinary_problems_get_answers_of_ten_digits(problem, share):
    for name, operator, _ in operators(problem):
        size = float(operator.frobenius_norm()) + 1e-6
        bound = operator.bound.total + 1e-6
        for method in METHODS[name]:
            if (name, method) != ("H", "kernel"):
                assert operator.eigenvalues(method=method).error.max() <= 1e-10 * bound
        for method in ("dense", "structured"):
            assert operator.logdet(3 * size, method).error <= 1e-8 * operator.shape[0] * bound / size
            assert operator.inertia(3 * size, method).error == 0


# the theorem behind them


@pytest.mark.parametrize("P", [1, 2, 7, 40])
@pytest.mark.parametrize("scale", [1e-300, 1e-8, 1.0, 1e8, 1e300])
def test_verified_eigenvalues_of_a_known_spectrum(P, scale):
    """A = Q diag(whole numbers) Q^T with Q a product of reflections by whole vectors, in exact arithmetic."""
    rng = np.random.default_rng(P)
    wanted = np.sort(rng.integers(-3, 4, P))[::-1].astype(float)
    v = np.sign(rng.standard_normal(P))  # v.v = P, a reflection I - 2 v v^T / P
    A = np.diag(wanted * P)  # P^2 Q A Q, entries whole
    A = P * A - 2 * np.outer(v, v @ A) - 2 * np.outer(A @ v, v) + 4 * np.outer(v, v) * (v @ A @ v) / P
    values, error = verified_eigenvalues(A * scale)
    size = P * P * scale
    assert np.linalg.norm(values / size - wanted) <= error / size + 1e-15 * P
    assert error <= 1e-14 * P * max(np.abs(A).max(), 1) * scale


def test_skewness_is_that_of_the_columns():
    V = np.array([[1.0, 0.6], [0.0, 0.8]])
    assert skewness(V) == pytest.approx(0.6 * math.sqrt(2.0), rel=2e-3)
    assert skewness(np.eye(5)[:, :3]) < 1e-15


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (5, 3), (30, 4)])
def test_singular_values_are_roots_of_eigenvalues(shape):
    A = np.random.default_rng(1).standard_normal(shape)
    values, error = verified_singular_values(A)
    B = np.block([[np.zeros((shape[0],) * 2), A], [A.T, np.zeros((shape[1],) * 2)]])
    both, other = verified_eigenvalues(B)
    assert np.abs(values - both[: len(values)]).max() <= error + other
    assert error < 1e-12


@pytest.mark.parametrize("p", [1, 2, 3, 10, 60])
def test_factorization_has_the_inertia_of_the_matrix(p):
    rng = np.random.default_rng(p)
    B = rng.standard_normal((p, p))
    B += B.T
    np.fill_diagonal(B, 1e-3)  # pivots must be taken in pairs
    F = Factorization(B)
    values = np.linalg.eigvalsh(B)
    assert (F.pivots < 0).sum() == (values < 0).sum()
    assert F.error < 1e-9
    Y, missed = F.solve(np.eye(p))
    inverse = Y.T @ (Y / F.pivots[:, None])
    assert np.allclose(inverse @ B, np.eye(p), atol=1e-8)
    assert missed < 1e-9


# large and small, wide and tall


@pytest.mark.slow
@pytest.mark.parametrize("loss", ["squared", "softmax"])
@pytest.mark.parametrize("shape", SHAPES)
def test_all_methods_agree_where_balls_would_take_long(shape, loss):
    problem = SHAPES[shape]
    if loss == "softmax":
        problem = random_problem(6, len(problem.X), problem.X.shape[1], problem.W.shape[0], 3, loss=loss)
    H = problem.hessian
    for name, operator in (("H", H), ("G", H.gauss_newton), ("R", H.residual)):
        values = dense_copy(operator)
        tiny = 1e-12 * np.abs(values).max()
        for method in METHODS[name]:
            found = operator.eigenvalues(method=method)
            assert (np.abs(found.value - values) <= found.error + tiny).all()
        middle = float(0.5 * (values[4] + values[5]))
        for method in ("dense", "structured"):
            small = compress(matrix(operator))
            negatives = inertia.evaluate(small, -middle, method).negatives + small.zeros * (middle > 0)
            assert operator.shape[0] - negatives == 5
            assert operator.inertia(-middle, method).value == operator.shape[0] - 5
        shift = 1.0 - float(values[-1])
        expected = math.fsum(np.log(values + shift))
        for method in ("dense", "structured"):
            found = operator.logdet(shift, method)
            assert abs(found.value - expected) <= found.error + 1e-9


def test_compression_keeps_the_spectrum():
    H = WIDE.but(X=np.hstack([WIDE.X[:, :15], np.zeros((6, 5))])).hessian
    small = compress(matrix(H))
    assert small.order == 8 * (1 + 6) + 1
    assert small.order + small.zeros == H.shape[0]
    assert small.error < 1e-10
    values, error = verified_eigenvalues(small.entries())
    together = np.sort(np.append(values, np.zeros(small.zeros)))[::-1]
    assert np.abs(together - dense_copy(H)).max() < 1e-12 * values[0] + error
    unused = TALL.but(X=TALL.X * [1.0, 0.0, 1.0]).hessian
    assert compress(matrix(unused)).zeros == 5
    assert compress(matrix(unused)).error == 0.0


def test_where_eigenvalues_are_dense_no_gap_is_looked_for_in_vain(monkeypatch):
    """A million eigenvalues evenly around the shift: one look on either side, and no name."""
    asked = []

    def evaluate(_, shift, *rest):
        asked.append(shift)
        return inertia.Evaluation(int(5e5 - 1e6 * shift), 1e-4, 1e-4, 0.0, 0.0)

    monkeypatch.setattr(inertia, "evaluate", evaluate)
    found = inertia.decided(matrix(TALL.hessian), 0.0, inertia.Count(499_800, 400, 2e-4), "dense")
    assert np.isnan(found).all()
    assert len(asked) == 2


def test_rank_of_the_gauss_newton_part_is_decided_beyond_nq():
    found = WIDE.hessian.gauss_newton.rank()
    assert (found.value, found.error) == (6, 0)
    assert (WIDE.hessian.gauss_newton.eigenvalues().value[6:] == 0).all()


def test_at_interpolation_the_kernel_is_taken_for_the_hessian_too():
    H = MIDDLE.but(y=MIDDLE.net(MIDDLE.X)).hessian
    found, other = H.eigenvalues(), H.eigenvalues(method="dense")
    assert found.method.startswith("kernel of G, R in the error")
    assert (np.abs(found.value - other.value) <= found.error + other.error).all()
    assert H.nuclear_norm().method == "trace of G, R in the error"
    rank = MIDDLE.but(y=MIDDLE.net(MIDDLE.X)).hessian.rank()
    assert (rank.value, rank.value + rank.error) == (30, H.shape[0])
    assert MIDDLE.hessian.eigenvalues().method == "dense, verified"


def test_the_kernel_of_a_hessian_far_from_it_says_so_in_its_error():
    H = MIDDLE.hessian
    found = H.eigenvalues(method="kernel")
    assert (np.abs(found.value - dense_copy(H)) <= found.error).all()
    assert found.error.max() > 0.1 * H.residual.spectral_norm().value


# lanczos


@pytest.mark.parametrize("shape", SHAPES)
def test_lanczos_agrees_with_all_eigenvalues(shape):
    H = SHAPES[shape].hessian
    for operator in (H, H.gauss_newton):
        values = dense_copy(operator)
        for k in (1, 3):
            found = operator.eigenvalues(k, method="lanczos")
            assert "none missed" in found.method
            assert (np.abs(found.value - values[:k]) <= found.error + 1e-13 * values[0]).all()
            assert found.error.max() < 1e-9 * values[0]
        norm = operator.spectral_norm("lanczos")
        assert abs(norm.value - np.abs(values).max()) <= norm.error + 1e-13 * values[0]


def test_methods_are_taken_by_cost():
    plain = random_problem(9, n=40, d=12, m=40).hessian  # P = 561
    assert plain.eigenvalues(3).method.startswith("lanczos")
    assert plain.eigenvalues().method == "dense, verified"
    assert plain.gauss_newton.inertia(-1.0).method == "kernel"
    middle = random_problem(9, n=400, d=8, m=30).hessian  # P = 301
    assert middle.eigenvalues(1).method.startswith("lanczos, none missed")
    assert middle.eigenvalues(20).method == "dense, verified"
    small = random_problem(9, n=40, d=2, m=3).hessian
    assert small.eigenvalues(3).method == small.gauss_newton.eigenvalues().method == "dense, verified"


def test_where_lanczos_proves_nothing_all_eigenvalues_are_found(monkeypatch):
    """It gives up at once here; and goes on if it is demanded."""
    monkeypatch.setattr(methods.Choice, "patience", lambda _, k, other: 0.0 if other else math.inf)
    make = lambda: random_problem(9, n=400, d=8, m=30).hessian  # noqa: E731
    truth = dense_copy(make())
    for which in ("largest", "smallest", "magnitude"):
        found = make().eigenvalues(1, which)
        assert (found.method, found.exact) == ("dense, verified", True)
        assert make().eigenvalues(1, which, method="lanczos").method.startswith("lanczos, none missed")
        again = make().eigenvalues(1, which, return_vectors=True)
        assert again.exact
        assert again.vectors.shape == (301, 1)
    norm = make().spectral_norm()
    assert norm.method == "dense, verified"
    assert abs(norm.value - np.abs(truth).max()) <= norm.error + 1e-13


@pytest.mark.parametrize("stop", [TimeoutError, KeyboardInterrupt])
def test_what_lanczos_found_is_kept_where_all_eigenvalues_are_broken_off(monkeypatch, stop):
    def stopped(*_):
        raise stop

    monkeypatch.setattr(methods.Choice, "patience", lambda *_: 40.0)
    monkeypatch.setattr(eigensystem, "dense_spectrum", stopped)
    H = random_problem(9, n=400, d=8, m=30).hessian
    monkeypatch.setattr(methods, "proving_method", lambda _: None)
    found = H.eigenvalues(1)
    assert not found.exact
    assert abs(found.value[0] - dense_copy(H)[0]) < 1e-9
    assert found.missing


# what the user is told


def test_the_shift_that_an_error_names_works():
    H = MIDDLE.hessian
    for method in ("dense", "structured"):
        with pytest.raises(ValueError, match="shift must make H \\+ shift I positive definite") as refused:
            H.logdet(0.0, method)
        shift = float(str(refused.value).split("at least ")[1].split(";")[0])
        assert H.logdet(shift, method).error < math.inf
        assert shift == pytest.approx(-dense_copy(H)[-1], rel=0.02)


@pytest.mark.parametrize("size", [1e100, 1e152])
def test_where_no_shift_is_enough_none_is_named(size):
    net = tl.TwoLayer([size, -size], [[1.0], [2.0]], activation="identity")
    for method in ("dense", "structured"):
        with pytest.raises(ValueError, match="shift must make H") as refused:
            tl.Hessian(net, [[1.0]], [1.0]).logdet(0.0, method)
        assert "inf" not in str(refused.value)
    for each in (math.inf, 1.7975e308):
        assert "which none was found to do; got 0.0" in str(NotDefinite(0.0, rounded_up(each)))


@pytest.mark.parametrize("k", [0, 10**6, 1.0, True, "2"])
def test_k_is_checked(k):
    with pytest.raises(ValueError, match="k must be None or in 1"):
        MIDDLE.hessian.eigenvalues(k)


@pytest.mark.parametrize("shift", [math.nan, math.inf, "1", None, True])
def test_the_shift_is_checked(shift):
    for ask in (MIDDLE.hessian.inertia, MIDDLE.hessian.logdet):
        with pytest.raises(ValueError, match="shift must be a finite number"):
            ask(shift)


def test_the_method_is_checked():
    H = MIDDLE.hessian
    for ask in (H.eigenvalues, H.spectral_norm, H.nuclear_norm, H.rank, H.inertia, H.logdet):
        with pytest.raises(ValueError, match="method must be one of dense"):
            ask(method="qr")
    with pytest.raises(ValueError, match="method must be one of dense, structured"):
        H.residual.eigenvalues(method="kernel")


def test_a_matrix_too_large_is_refused_with_what_is_possible(monkeypatch):
    monkeypatch.setattr(methods, "LIMIT", 1e3)
    with pytest.raises(ValueError, match=r"method must be chosen by you .* dense \(.* kernel \(.*got None"):
        MIDDLE.hessian.nuclear_norm()
    monkeypatch.setattr(methods, "MEMORY_SHARE", 1e-12)
    with pytest.raises(MemoryError, match="method must fit into"):
        MIDDLE.hessian.nuclear_norm("dense")


def test_zero_matrices_have_zero_spectra():
    net = tl.TwoLayer([0.0], [[0.0]], activation="identity")
    H = tl.Hessian(net, [[0.0]], [0.0])
    for method in ("dense", "kernel"):
        assert (H.eigenvalues(method=method).value == 0).all()
        assert H.eigenvalues(method=method).error.max() < 1e-299
        assert H.rank(method).value == H.inertia(0.0, method).value == 0
    assert H.logdet(2.0).value == pytest.approx(2 * math.log(2.0))
    assert H.spectral_norm().value == H.nuclear_norm().value == 0.0


@pytest.mark.parametrize("exponent", [-8, 8])
def test_a_power_of_two_scales_everything(exponent):
    """A linear network with the squared loss: the block of W is of degree two in a."""
    scale = 2.0 ** (3 * exponent)
    plain = random_problem(8, n=12, d=3, m=4, biased=False, offset=False, activation="identity")
    other = plain.but(a=plain.a * scale, W=plain.W * scale, y=plain.y * scale**2)
    one, two = plain.hessian, other.hessian
    for method in ("dense", "structured"):
        assert (
            two.block("W").inertia(-0.5 * scale**2, method).value
            == one.block("W").inertia(-0.5, method).value
        )
    first, second = one.block("W").eigenvalues(), two.block("W").eigenvalues()
    assert np.abs(second.value / scale**2 - first.value).max() <= 2 * first.error.max()


def test_all_eigenvalues_are_found_once(monkeypatch):
    made, original = [], eigensystem.dense_spectrum
    monkeypatch.setattr(eigensystem, "dense_spectrum", lambda *a: made.append(1) or original(*a))
    H = MIDDLE.hessian
    all_of_them = H.eigenvalues()
    assert H.eigenvalues(2, method="dense").value.tolist() == all_of_them.value[:2].tolist()
    assert H.spectral_norm("dense").method == all_of_them.method
    assert made == [1]
