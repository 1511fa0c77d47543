"""What deep networks' curvature shows of its progress, what breaks it off, and what its diagonal may gain."""

import tracemalloc

import numpy as np
import pytest

from numerics import deep
from numerics.deep.matrices import FORMING

QUESTIONS = {
    "frobenius_norm": (),
    "trace": (),
    "diagonal": (),
    "toarray": (),
    "input_gradient": (),
    "input_gradient_bounds": (),
    "eigenvalue_bounds": (),
    "eigenvalues": (),
    "spectral_norm": (),
    "nuclear_norm": (),
    "rank": (),
    "inertia": (),
    "logdet": (100.0,),
    "log_product": (1,),
    "stable_rank": (),
    "weyl_bounds": (),
}
SHAPES = [((3, 4, 5, 2), "tanh"), ((2, 1, 1, 1), "relu"), ((4, 3), "identity"), ((2, 6, 2), "softplus")]


def hessian(sizes: tuple[int, ...], activation: str) -> deep.Hessian:
    rng = np.random.default_rng(len(sizes))
    net = deep.random_network(sizes, activation, seed=1, kind="torch")
    return deep.Hessian(net, rng.normal(size=(7, sizes[0])), rng.normal(size=(7, sizes[-1])))


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_long_question_tells_how_far_it_is_and_may_be_broken_off(question):
    told = []
    H = hessian(*SHAPES[0])
    with pytest.raises(TimeoutError, match="max_seconds must be enough"):
        getattr(H, question)(*QUESTIONS[question], max_seconds=0)
    asked = getattr(H, question)
    found = asked(*QUESTIONS[question], progress=lambda share, doing: told.append((share, doing)))
    assert found is not None
    assert told
    assert all(0 <= share <= 1 and doing for share, doing in told)


def test_what_is_broken_off_leaves_nothing_half_done():
    whole, broken = hessian(*SHAPES[0]), hessian(*SHAPES[0])
    for last in range(1, 40):
        seen = 0

        def stop(share: float, doing: str, last: int = last) -> None:
            nonlocal seen
            seen += 1
            if seen == last:
                raise KeyboardInterrupt

        try:
            broken.frobenius_norm(progress=stop)
        except KeyboardInterrupt:
            assert len(broken.forward.blocks) in (0, 6)
            continue
        break
    assert last > 3
    found, expected = broken.frobenius_norm(), whole.frobenius_norm()
    assert (found.value, found.error) == (expected.value, expected.error)


@pytest.mark.parametrize(("sizes", "activation"), SHAPES)
@pytest.mark.parametrize("parts", [None, "W1", ["W1", "b1"]])
def test_a_ridge_is_what_numpy_makes_of_it(sizes, activation, parts):
    H = hessian(sizes, activation)
    ridged = H.with_ridge(0.7, parts)
    added = np.zeros(H.shape[0])
    for name in H.groups if parts is None else np.atleast_1d(parts):
        added[H.forward.net.layout[str(name)]] = 0.7
    A = H.toarray() + np.diag(added)
    values = np.linalg.eigvalsh(A)[::-1]
    assert np.allclose(ridged.toarray(), A, rtol=0, atol=1e-14)
    assert np.allclose(ridged.eigenvalues().value, values, rtol=0, atol=1e-12)
    assert float(ridged.frobenius_norm()) == pytest.approx(np.linalg.norm(A), rel=1e-12)
    assert float(ridged.trace()) == pytest.approx(np.trace(A), rel=1e-12)
    below = ridged.inertia()
    assert abs(below.value - (values < 0).sum()) <= below.error + (abs(values) < 1e-12).sum()
    assert np.allclose(ridged @ np.ones(len(A)), A.sum(axis=1))


@pytest.mark.parametrize(("sizes", "activation"), SHAPES)
def test_norms_by_pairs_by_the_matrix_and_of_the_diagonal(sizes, activation):
    H = hessian(sizes, activation)
    for part in (H, H.gauss_newton, H.residual, H.block(1)):
        pairs, formed = part.frobenius_norm("pairs"), part.frobenius_norm("dense")
        assert abs(pairs.value - formed.value) <= pairs.error + formed.error
        diagonal = part.diagonal_norm()
        assert abs(diagonal.value - np.linalg.norm(part.diagonal())) <= diagonal.error
        assert sum(part.part_sizes.values()) == part.shape[0]


@pytest.mark.parametrize(
    "odd", [None, 0, 3.0, True, "W9", "", (), {}, {"W1"}, np.array([1.0, 2.0]), [[1]], b"W1", ("W1", None)]
)
def test_blocks_by_odd_names_are_refused_in_one_sentence(odd):
    with pytest.raises(ValueError, match="rows must be among the layers 1, 2, 3 or the parts W1, b1, W2"):
        hessian(*SHAPES[0]).block(odd)


def test_a_matrix_too_large_is_refused_with_what_to_ask_instead():
    net = deep.random_network((784, 500, 500, 500, 10), "relu", seed=0)
    H = deep.Hessian(net, np.ones((1, 784)), np.zeros((1, 10)))
    with pytest.raises(MemoryError, match="use frobenius_norm, trace, diagonal, block or H @ v"):
        H.toarray()


def test_the_tangent_kernel_by_blocks_of_samples(monkeypatch):
    whole = hessian((3, 4, 5, 2), "tanh").gauss_newton.eigenvalues()
    monkeypatch.setattr("numerics.deep.matrices.BRIEF", 1)
    parts = hessian((3, 4, 5, 2), "tanh").gauss_newton.eigenvalues()
    assert np.allclose(whole.value, parts.value, rtol=0, atol=float(np.max(whole.error + parts.error)))


def test_without_memory_matrices_are_refused_and_a_few_eigenvalues_had_without(monkeypatch):
    H = hessian((3, 4, 5, 2), "tanh")
    truth = np.linalg.eigvalsh(H.toarray())[::-1]
    for module in ("matrices", "spectrum"):
        monkeypatch.setattr(f"numerics.deep.{module}.available", lambda: 4.0 * 8 * 49**2)
    for asked in (H.toarray, H.eigenvalues, H.gauss_newton.eigenvalues, H.rank):
        with pytest.raises(MemoryError, match="must fit into memory"):
            asked() if asked != H.gauss_newton.eigenvalues else asked(method="dense")
    found = H.eigenvalues(1)
    assert found.method.startswith("lanczos")
    assert abs(found.value[0] - truth[0]) <= found.error[0] + 1e-12
    with pytest.raises(MemoryError, match="sizes must make weights that fit into memory"):
        deep.random_network([3, 10**9, 2], seed=0)


def test_forming_the_matrix_takes_no_more_memory_than_is_asked_for():
    net = deep.random_network((40, 25, 2), "tanh", seed=0)
    H = deep.Hessian(net, np.ones((4, 40)), np.ones((4, 2)))
    tracemalloc.start()
    H.toarray()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < FORMING * 8 * H.shape[0] ** 2
