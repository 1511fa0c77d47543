"""Linear systems with the curvature, and what is said of a count that rounding leaves undecided."""

import re
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import twolayer as tl
from tests.oracle.strategies import problems
from tests.twolayer.shapes import SHAPES

PARTS = {"H": lambda H: H, "G": lambda H: H.gauss_newton, "R": lambda H: H.residual}


@given(problems(most=(6, 4, 4, 2)), st.sampled_from([-1.0, 0.0, 0.3, 5.0]), st.integers(1, 2))
@settings(max_examples=20)
def test_solutions_are_within_their_bounds(problem, share, columns):
    H = problem.hessian
    for name, part in PARTS.items():
        operator = part(H)
        P = operator.shape[0]
        M = operator.toarray()
        size = np.linalg.norm(M) or 1.0
        shift = share * size
        wanted = np.random.default_rng(P).standard_normal((P, columns))
        rhs = M @ wanted + shift * wanted
        own = np.linalg.norm(operator.rounding_error() * np.abs(wanted)) + 1e-13 * size * np.linalg.norm(
            wanted
        )
        least = np.abs(np.linalg.eigvalsh(M) + shift).min()
        for method in ("structured", "dense"):
            if (
                least < 1e-3 * size or operator.rounding_error() > 1e-6 * least
            ):  # then it may be refused, or be inaccurate
                with suppress(ValueError):
                    operator.solve(rhs, shift, method)
                continue
            found = operator.solve(rhs, shift, method)
            off = np.linalg.norm(found.value - wanted, axis=0)
            assert (off <= found.error[0] + 4 * own / least).all(), (name, method)
            assert found.value.shape == found.error.shape == rhs.shape


@pytest.mark.parametrize("shape", SHAPES)
def test_both_roads_solve_alike_and_well(shape):
    H, rng = SHAPES[shape].hessian, np.random.default_rng(3)
    shift = 2 * H.spectral_norm().value
    rhs = rng.standard_normal(H.shape[0])
    found = [H.solve(rhs, shift, method) for method in ("structured", "dense")]
    back = H @ found[0].value + shift * found[0].value
    assert np.linalg.norm(back - rhs) <= 1e-13 * np.linalg.norm(rhs)
    assert np.linalg.norm(found[0].value - found[1].value) <= found[0].error[0] + found[1].error[0]
    assert found[0].error[0] <= 1e-10 * np.linalg.norm(rhs) / shift


def test_a_shift_that_makes_every_block_singular_is_no_obstacle():
    """Without a residual every block of R is zero: at shift 0 each is singular, and H is not."""
    net = tl.TwoLayer([2.0], [[1.0]], activation="identity")
    X, y = np.array([[1.0], [2.0], [3.0]]), np.array([2.0, 4.0, 6.0])
    twice = tl.TwoLayer([1.0, 2.0], [[1.0], [-1.0]], [0.5, 0.25])
    H = tl.Hessian(twice, np.linspace(-2, 2, 9)[:, None], twice(np.linspace(-2, 2, 9)[:, None]))
    rhs = H @ np.arange(1.0, 7.0)
    found = H.solve(rhs, 0.0, "structured")
    assert np.linalg.norm(found.value - np.arange(1.0, 7.0)) <= found.error[0]
    with pytest.raises(ValueError, match="away from minus an eigenvalue"):
        tl.Hessian(net, X, y).solve([1.0, 1.0])  # of rank one


@pytest.mark.parametrize("rhs", [[1.0], np.ones((2, 1, 1)), np.ones((2, 0)), [1.0, np.nan]])
def test_a_right_side_that_does_not_fit_is_refused(rhs):
    H = tl.Hessian(tl.TwoLayer([2.0], [[1.0]], activation="identity"), [[1.0]], [0.0])
    with pytest.raises(ValueError, match="rhs must be"):
        H.solve(rhs)


def test_time_that_is_out_is_an_error():
    H = tl.Hessian(tl.TwoLayer([2.0], [[1.0]], activation="identity"), [[1.0]], [0.0])
    with pytest.raises(TimeoutError, match="max_seconds"):
        H.solve([1.0, 1.0], 3.0, max_seconds=0.0)
    with pytest.raises(TimeoutError, match="max_seconds"):
        H.schatten_norm(3, max_seconds=0.0)


@pytest.mark.parametrize("method", ["dense", "structured", "kernel"])
def test_steps_of_a_whole_spectrum_are_told(method):
    H = tl.Hessian(tl.TwoLayer([2.0], [[1.0]], activation="identity"), [[1.0]], [0.0])
    operator = {"structured": H.residual, "kernel": H.gauss_newton}.get(method, H)
    told = []
    operator.eigenvalues(method=method, progress=lambda share, doing: told.append((share, doing)))
    assert told
    assert [share for share, _ in told] == sorted(share for share, _ in told)


@pytest.mark.parametrize("rank", [0, 4, -1])
def test_counts_by_blocks_name_decided_shifts_on_both_sides(rank):
    """At minus an eigenvalue its sign is undecided; at the shifts that are named every sign is decided."""
    rng = np.random.default_rng(2)
    net = tl.TwoLayer(rng.standard_normal(4), rng.standard_normal((4, 2)))
    H = tl.Hessian(net, rng.standard_normal((9, 2)), rng.standard_normal(9))
    values = np.linalg.eigvalsh(H.toarray())[::-1]
    shift = -float(values[rank])
    found = H.inertia(shift, "structured")
    assert found.error == 1
    below, above = (float(each) for each in re.search(r"decided at (\S+) and (\S+)$", found.method).groups())
    assert below < shift < above
    assert above - below < 1e-8 * np.abs(values).max()
    for near in (below, above):
        again = H.inertia(near, "structured")
        assert again.error == 0
        assert again.value == (values < -near).sum()


def test_a_deep_network_solves_as_its_matrix_does():
    from numerics import deep

    rng = np.random.default_rng(0)
    weights = [rng.standard_normal(shape) for shape in ((4, 3), (3, 4), (1, 3))]
    net = deep.Network(weights, [rng.standard_normal(len(W)) for W in weights], activation="tanh")
    H = deep.Hessian(net, rng.standard_normal((20, 3)), rng.standard_normal((20, 1)))
    rhs = rng.standard_normal((H.shape[0], 2))
    found = H.solve(rhs, 0.7)
    wanted = np.linalg.solve(H.toarray() + 0.7 * np.eye(len(rhs)), rhs)
    assert (np.linalg.norm(found.value - wanted, axis=0) <= 1e-12 + found.error[0]).all()
    assert found.error.max() < 1e-8
