"""Functions of all eigenvalues and questions per unit, against the dense matrix and identities."""

import math
from contextlib import suppress

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import twolayer as tl
from tests.oracle.strategies import ordinary, random_problem
from tests.twolayer.shapes import MIDDLE, SHAPES, dense_copy
from twolayer.arrays import Overflow
from twolayer.errors.uncertain import Uncertain
from twolayer.spectrum import functions
from twolayer.spectrum.enclosed import NotDefinite, Spectrum
from twolayer.spectrum.extremes.lanczos import extreme_pairs
from twolayer.spectrum.extremes.records import Operator

PROBLEMS = {
    "scalar": random_problem(1, n=12, d=3, m=5),
    "softmax": random_problem(2, n=9, d=3, m=4, q=3, loss="softmax"),
    "wide": random_problem(3, n=5, d=20, m=4),
}


def close(measured, truth, size):
    return bool(
        (np.abs(np.asarray(measured.value) - truth) <= np.asarray(measured.error) + 1e-12 * size).all()
    )


@pytest.mark.parametrize("name", PROBLEMS)
def test_functions_of_the_spectrum_are_those_of_the_dense_one(name):
    H = PROBLEMS[name].hessian
    for operator in (H, H.gauss_newton, H.residual):
        values = dense_copy(operator)
        size = float(np.abs(values).max())
        for p in (1, 1.5, 2, 3, 8, math.inf):
            assert close(operator.schatten_norm(p), np.linalg.norm(values, p), size * len(values))
        shift = 3.0 * size
        moved = values + shift
        assert close(operator.condition_number(shift), moved.max() / moved.min(), 10.0)
        assert close(operator.effective_dimension(shift), (values / moved).sum(), len(values))
        assert close(operator.stable_rank(), (values**2).sum() / size**2, len(values))
        threshold = 0.5 * float(np.abs(values)[np.abs(values) > 0.1 * size].min())
        kept = values[np.abs(values) > threshold]
        assert close(operator.pseudo_logdet(threshold), np.log(np.abs(kept)).sum(), len(values))


def test_schatten_norms_are_the_norms_of_their_names():
    H = MIDDLE.hessian
    for p, other in ((1, H.nuclear_norm()), (2, H.frobenius_norm()), (math.inf, H.spectral_norm())):
        found = H.schatten_norm(p)
        assert abs(found.value - other.value) <= found.error + other.error
    assert H.schatten_norm(2).value >= H.schatten_norm(4).value >= H.schatten_norm(math.inf).value


@pytest.mark.parametrize("name", PROBLEMS)
@pytest.mark.parametrize("method", [None, "dense", "structured"])
def test_the_distribution_counts(name, method):
    H = PROBLEMS[name].hessian
    values = dense_copy(H)
    grid = np.linspace(-1.1, 1.1, 12) * np.abs(values).max()
    found = H.spectral_distribution(grid, method)
    truth = (values[None, :] < grid[:, None]).sum(axis=1)
    assert (found.value <= truth).all()
    assert (truth <= found.value + found.error).all()
    assert found.error[0] == found.error[-1] == 0
    assert found.value[-1] == len(values)


@settings(max_examples=8)
@given(ordinary(most=(5, 3, 3, 2)), st.floats(-1.0, 1.0))
def test_counts_are_never_off_by_one_next_to_an_eigenvalue(problem, share):
    """At an eigenvalue, and a little to either side, by factorization against all eigenvalues."""
    H = problem.hessian
    values = dense_copy(H)
    at = values[int((share + 1) / 2 * (len(values) - 1))]
    size = np.abs(values).max() + 1e-3
    for step in (0.0, 1e-13, -1e-13, 1e-9, -1e-9, 1e-4, -1e-4):
        x = float(at + step * size)
        found = H.inertia(-x, "structured")
        below, up_to = (values < x - 1e-14 * size).sum(), (values <= x + 1e-14 * size).sum()
        assert found.value <= up_to
        assert below <= found.value + found.error


@pytest.mark.slow
@pytest.mark.parametrize("copies", [2, 3])
@pytest.mark.parametrize("name", ["scalar", "softmax"])
def test_split_units_have_exact_multiplicities(name, copies):
    """Each unit as `copies` units of output weight a / copies: the same function."""
    problem = PROBLEMS[name]
    a = np.repeat(problem.a, copies, axis=-1) / copies
    W, b = np.repeat(problem.W, copies, axis=0), np.repeat(problem.b, copies, axis=0)
    H = problem.but(a=a, W=W, b=b).hessian
    values = dense_copy(H)
    grid = 0.5 * (values[:-1] + values[1:])[np.diff(values) < -1e-6 * np.abs(values).max()]
    found = H.spectral_distribution(grid, "structured")
    assert (found.error == 0).all()
    assert (found.value == (values[None, :] < grid[:, None]).sum(axis=1)).all()


def test_weyl_bounds_hold_and_are_sharp_without_a_residual():
    for problem in PROBLEMS.values():
        H = problem.hessian
        found = H.weyl_bounds()
        assert close(found, dense_copy(H), np.abs(dense_copy(H)).max())
    newton = MIDDLE.but(y=MIDDLE.net(MIDDLE.X)).hessian.weyl_bounds()
    assert newton.error.max() < 1e-10 * newton.value[0]


def test_what_rounding_hides_is_said():
    H = MIDDLE.but(y=MIDDLE.net(MIDDLE.X)).hessian
    with pytest.raises(
        ValueError, match=r"threshold must be above the \d+ eigenvalues that rounding hides"
    ) as hidden:
        H.pseudo_logdet()
    enough = float(str(hidden.value).split("at least ")[1].split(";")[0])
    assert math.isfinite(H.pseudo_logdet(enough).value)
    assert H.gauss_newton.pseudo_logdet().error < math.inf
    assert H.condition_number().error == math.inf
    with pytest.raises(ValueError, match="shift must make H"):
        MIDDLE.hessian.effective_dimension(1e-9)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda H: H.schatten_norm(0.5), "p must be a number of at least 1"),
        (lambda H: H.schatten_norm("2"), "p must be a number of at least 1"),
        (lambda H: H.effective_dimension(0.0), "ridge must be positive; got 0.0"),
        (lambda H: H.effective_dimension(math.nan), "ridge must be a finite number"),
        (lambda H: H.pseudo_logdet(-1.0), "threshold must not be negative"),
        (lambda H: H.condition_number(math.inf), "shift must be a finite number"),
        (lambda H: H.spectral_distribution([]), "grid must be"),
        (lambda H: H.spectral_distribution([[0.0]]), "grid must be"),
        (lambda H: H.spectral_distribution([math.nan]), "grid must be finite"),
        (lambda H: H.unit_block(99), r"unit must be in 0\.\.\d+; got 99"),
        (lambda H: H.unit_norms("l1"), "kind must be one of frobenius"),
        (lambda H: H.unit_shares([1.0]), "vectors must be"),
    ],
)
def test_bad_input_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call(MIDDLE.hessian)


def test_the_nearest_decided_shifts_are_decided():
    H = MIDDLE.but(y=MIDDLE.net(MIDDLE.X)).hessian
    found = H.inertia(0.0)
    assert found.error > 0
    for word in found.method.split("decided at ")[1].split(" and "):
        assert H.inertia(float(word)).error == 0


def test_the_number_of_threads_changes_nothing_that_is_claimed():
    from threadpoolctl import threadpool_limits

    H, answers = random_problem(5, n=60, d=12, m=40).hessian, []
    for threads in (1, 2):
        with threadpool_limits(threads):
            again = tl.Hessian(H.forward.net, H.forward.X, H.forward.y[:, 0])
            found = again.eigenvalues(5, method="lanczos")
            answers.append((found, again.inertia(0.1, "structured"), again.logdet(40.0, "structured")))
    for one, other in zip(*answers, strict=True):
        assert (np.abs(one.value - other.value) <= np.asarray(one.error) + other.error).all()
        assert one.exact == other.exact


def test_residuals_hold_in_longer_arithmetic():
    H = MIDDLE.hessian
    found = H.eigenvalues(4, "magnitude", return_vectors=True, method="lanczos")
    A, V = H.toarray().astype(np.longdouble), found.vectors.astype(np.longdouble)
    V /= np.sqrt((V**2).sum(axis=0))
    R = A @ V - V * found.value.astype(np.longdouble)
    assert (np.sqrt((R**2).sum(axis=0)) <= found.residual + H.rounding_error()).all()


def test_time_that_is_out_is_an_error_where_nothing_is_of_use():
    with pytest.raises(TimeoutError, match=r"max_seconds must be enough for a count; got 0\.0"):
        MIDDLE.hessian.inertia(0.0, "structured", max_seconds=0.0)


# per unit


@pytest.mark.parametrize("name", PROBLEMS)
def test_unit_blocks_are_those_of_the_matrix(name):
    H = PROBLEMS[name].hessian
    for operator in (H, H.gauss_newton, H.residual, H.block("W")):
        A, where = operator.toarray(), operator.unit_parameters()
        size = np.abs(A).max() + 1e-300
        blocks = [A[np.ix_(rows, rows)] for rows in where]
        for k, block in enumerate(blocks):
            assert np.abs(operator.unit_block(k) - block).max() <= 1e-13 * size
        norms = {"frobenius": "fro", "spectral": 2, "nuclear": "nuc"}
        for kind, order in norms.items():
            truth = [np.linalg.norm(block, order) for block in blocks]
            assert close(operator.unit_norms(kind), truth, size)
        assert close(operator.unit_norms("trace"), [np.trace(block) for block in blocks], size)
        assert close(operator.diagonal_norm(), np.linalg.norm(A.diagonal()), size)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_residual_part_is_its_unit_blocks(shape):
    R = SHAPES[shape].hessian.residual
    assert np.linalg.norm(R.unit_norms().value) == pytest.approx(float(R.frobenius_norm()), rel=1e-12)
    assert R.unit_norms("spectral").value.max() == pytest.approx(float(R.spectral_norm()), rel=1e-12)


def test_shares_of_units_add_up():
    H = MIDDLE.but(c=None).hessian
    vectors = H.eigenvalues(3, return_vectors=True).vectors
    shares = H.unit_shares(vectors)
    assert shares.shape == (len(MIDDLE.W), 3)
    assert shares.sum(axis=0) == pytest.approx(1.0)


def test_a_unit_whose_output_weights_vanish_carries_only_its_outputs():
    net = tl.TwoLayer([0.0, 1.0], [[1.0, 2.0], [0.5, 0.0]])
    H = tl.Hessian(net, np.eye(2), net(np.eye(2)))
    block = H.unit_block(0)
    assert np.abs(block[1:, 1:]).max() == 0.0
    assert block[0, 0] > 0


@pytest.mark.parametrize("name", ["stable_rank", "weyl_bounds"])
def test_what_takes_a_spectrum_says_how_far_it_is_and_keeps_to_its_time(name: str) -> None:
    rng = np.random.default_rng(1)
    net = tl.TwoLayer(rng.normal(size=12), rng.normal(size=(12, 8)), activation="tanh")
    H, said = tl.Hessian(net, rng.normal(size=(40, 8)), rng.normal(size=40)), []
    ask = getattr(H, name)
    ask(progress=lambda share, doing: said.append(doing))
    assert said
    with pytest.raises((TimeoutError, ValueError)):
        getattr(tl.Hessian(net, H.forward.X, H.forward.y), name)(max_seconds=math.nan)


def test_nothing_known_stays_an_infinite_error() -> None:
    unknown = Uncertain(1.0) / Uncertain(0.0, 1.0)
    assert (unknown**2).error == (unknown * 0.0).error == math.inf


SPECTRA = {
    "vanishing": ([1e-300, 3e-310, 0.0], [1e-315, 0.0, 0.0], 1e280),
    "the smallest error": ([0.0, 0.0], [5e-324, 5e-324], 1e10),
    "overflowing quotients": ([1e200, 1e-200], [1e190, 1e-215], 1e-250),
    "logarithms that cancel": ([1e300, 1e-300], [0.0, 0.0], 0.0),
    "near the ridge": ([1.0, -1.0 + 1e-8], [1e-17, 1e-17], 1.0),
    "subnormal": ([4e-323, 1.5e-323], [1e-323, 5e-324], 1e-322),
}


@pytest.mark.parametrize("name", SPECTRA)
def test_functions_of_extreme_spectra_hold_at_both_ends(name):
    values, errors, shift = (np.array(each) for each in SPECTRA[name])
    found = Spectrum(values, errors, float(errors.sum()), "by hand")
    with mp.workdps(700):
        moved = mp.mpf(float(shift))
        for end in (-1, 0, 1):
            true = [mp.mpf(float(v)) + end * mp.mpf(float(e)) for v, e in zip(values, errors, strict=True)]
            sizes, beside = [abs(v) for v in true], [abs(v + moved) for v in true]
            truths = [
                (lambda: functions.schatten_norm(found, 3.0), lambda s=sizes: mp.cbrt(sum(v**3 for v in s))),
                (lambda: functions.condition_number(found, shift), lambda b=beside: max(b) / min(b)),
                (lambda: found.logdet(shift), lambda b=beside: sum(map(mp.log, b))),
            ]
            if shift:
                total = lambda t=true: sum(v / (v + moved) for v in t)  # noqa: E731
                truths.append((lambda: functions.effective_dimension(found, shift), total))
            for ask, truth in truths:
                with suppress(Overflow, NotDefinite):
                    value, error = ask()
                    assert math.isinf(error) or abs(mp.mpf(value) - truth()) <= mp.mpf(error)


def test_weyl_bounds_lose_no_digits_where_the_parts_cancel():
    newton = Spectrum(np.array([1e10]), np.array([0.0]), 0.0, "by hand")
    middle, half = functions.weyl(newton, (-1e10 - 0.1, 1e-9), (-1e10, 1e-9))
    with mp.workdps(50):
        ends = [mp.mpf(1e10) + mp.mpf(-1e10 - 0.1) - mp.mpf(1e-9), mp.mpf(1e-9)]
        assert all(abs(mp.mpf(float(middle[0])) - end) <= mp.mpf(float(half[0])) for end in ends)


@pytest.mark.parametrize("size", [1e205, 1e-205])
def test_lanczos_where_squares_leave_the_floats(size):
    diagonal = size * np.append([5.0, 4.0], np.linspace(0.1, 0.2, 98))
    norm = size * math.sqrt(41.0 + 98 * 0.04)
    with np.errstate(all="raise"):
        found = extreme_pairs(Operator(100, lambda v: diagonal * v, 1e-15 * size, norm), 2)
    assert found.proved == 2
    assert (np.abs(found.values - diagonal[:2]) <= found.errors).all()
    assert found.errors.max() < 1e-11 * size


def test_a_spectrum_that_overflows_is_refused():
    W, X = [[-3e108, -4e109, -2e109]], [[6e74, -1e75, 7e74], [-2e75, -2e74, -4e73], [1e75, -5e74, 4e74]]
    net = tl.TwoLayer([[8e-208], [-6e-208]], W, activation="silu")
    G = tl.Hessian(net, X, [[1e-23, -1e-23], [1e-23, -1e-23], [1.0, -1e-23]]).gauss_newton
    for ask in (G.eigenvalues, lambda: G.schatten_norm(math.inf), lambda: G.schatten_norm(3.0)):
        with pytest.raises(ValueError, match="got overflow"):
            ask()
