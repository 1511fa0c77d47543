"""H, G and R as arrays, as blocks, as diagonals and as products, against their definitions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.oracle import oracle
from tests.oracle.comparison import PARTS, assert_within, matrix_distance, vector_distance
from tests.oracle.strategies import problems, random_problem
from twolayer.curvature import dense, dense_by_pairs, residual_blocks, triangle
from twolayer.forward import values


@pytest.mark.parametrize("part", PARTS)
@given(p=problems())
def test_the_array_is_the_matrix_within_its_bound(part, p):
    operator = PARTS[part](p.hessian)
    off = matrix_distance(operator.toarray(), getattr(oracle.reference(p), part))
    assert_within(off, operator.rounding_error(), part)


@pytest.mark.parametrize("method", ["pairs", "jacobian"])
@pytest.mark.parametrize("part", PARTS)
@given(p=problems(), size=st.integers(1, 9), road=st.sampled_from([(), ("FEW",), ("SMALL",)]))
def test_every_method_is_as_good_in_pieces_of_any_size(part, method, p, size, road):
    operator = PARTS[part](p.hessian)
    chosen = method if operator.forward.net.n_outputs == 1 else "jacobian"
    with pytest.MonkeyPatch.context() as patch:
        for module, name in (
            (dense_by_pairs, "SAMPLES_PER_BLOCK"),
            (dense_by_pairs, "PAIRS_PER_BLOCK"),
            (residual_blocks, "PAIRED"),
            (residual_blocks, "PAIRED_ENTRIES"),
            (dense, "BLOCK_ENTRIES"),
            (dense, "FEWEST"),
            (triangle, "STRIP"),
        ):
            patch.setattr(module, name, size)
        for name in road:  # no product is too small for scipy's, or for numpy's
            patch.setattr(triangle, name, 0)
        made = dense.dense(operator.forward, operator.scope, chosen)
    assert (made == made.T).all()
    assert_within(matrix_distance(made, getattr(oracle.reference(p), part)), operator.rounding_error(), part)


def test_the_method_by_pairs_of_units_is_taken_when_it_pays():
    p = random_problem(1, n=dense_by_pairs.SAMPLES_PER_BLOCK + 5, d=10, m=60)
    few = random_problem(1, n=20, d=1, m=40)
    assert dense_by_pairs.cheaper(p.hessian.forward, p.hessian.scope) == "pairs"
    assert dense_by_pairs.cheaper(few.hessian.forward, few.hessian.scope) == "jacobian"
    by_pairs, other = (
        dense.dense(p.hessian.forward, p.hessian.scope, method) for method in ("pairs", "jacobian")
    )
    assert (p.hessian.toarray() == by_pairs).all()
    assert (by_pairs != other).any()
    assert_within(np.linalg.norm(by_pairs - other), 2 * p.hessian.rounding_error())


@given(p=problems())
def test_kinks_are_counted(p):
    kinks = oracle.reference(p).kinks
    assert p.hessian.n_kinks == (kinks if p.activation in ("relu", "leaky_relu", "relu_squared") else 0)


@given(p=problems())
def test_the_array_is_symmetric_to_the_last_bit(p):
    H = p.hessian.toarray()
    assert (H == H.T).all()


@pytest.mark.parametrize("part", PARTS)
@given(p=problems())
def test_the_diagonal_is_that_of_the_matrix(part, p):
    operator = PARTS[part](p.hessian)
    truth = getattr(oracle.reference(p), part)
    off = vector_distance(operator.diagonal(), [truth[j, j] for j in range(p.size)])
    assert_within(off, 2 * operator.rounding_error() + 1e-300, "the diagonal")


@pytest.mark.parametrize("part", PARTS)
@given(p=problems(), seed=st.integers(0, 99))
def test_products_are_those_of_the_matrix(part, p, seed):
    operator = PARTS[part](p.hessian)
    v = np.random.default_rng(seed).normal(size=p.size)
    off = vector_distance(operator @ v, oracle.product(getattr(oracle.reference(p), part), v))
    assert_within(off, 20 * operator.rounding_error() * np.linalg.norm(v) + 1e-300, "the product")


@given(p=problems(), data=st.data())
def test_a_block_is_cut_from_the_matrix(p, data):
    layout = p.net.layout
    rows, columns = (data.draw(st.sampled_from(list(layout))) for _ in range(2))
    H = p.hessian
    truth = oracle.block(oracle.reference(p).H, layout[rows], layout[columns])
    block = H.block(rows, columns)
    assert block.shape == (truth.nrows(), truth.ncols())
    assert_within(matrix_distance(block.toarray(), truth), H.rounding_error(), f"{rows}, {columns}")
    for j, v in enumerate(np.eye(block.shape[1])):
        column = oracle.block(truth, slice(None), slice(j, j + 1))
        assert_within(matrix_distance((block @ v)[:, None], column), 20 * H.rounding_error() + 1e-300)


@given(p=problems())
def test_a_block_of_several_parts_keeps_the_order_of_theta(p):
    whole = p.hessian.toarray()
    names = [name for name in p.net.layout if name != "W"]
    where = np.concatenate([np.arange(p.size)[p.net.layout[name]] for name in names])
    cut = p.hessian.block(tuple(reversed(names)))
    assert cut.groups == tuple(names)
    size = p.hessian.rounding_error()
    assert np.linalg.norm(cut.toarray() - whole[np.ix_(where, where)]) <= 2 * size


@pytest.mark.parametrize("entries", [1, 50, 173])
@pytest.mark.parametrize("q", [None, 2])
def test_the_blocks_of_the_jacobian_do_not_show(monkeypatch, entries, q):
    p = random_problem(4, n=19, d=3, m=4, q=q)
    monkeypatch.setattr(dense, "BLOCK_ENTRIES", entries)
    monkeypatch.setattr(values, "ROWS_PER_BLOCK", 1 + entries % 7)
    monkeypatch.setattr(values, "TILE", 1)
    assert_within(matrix_distance(p.hessian.toarray(), oracle.reference(p).H), p.hessian.rounding_error())


def test_inputs_are_neither_changed_nor_shared():
    p = random_problem(0, q=2)
    arrays = [p.a, p.W, p.b, p.c, p.X, p.y]
    before = [array.copy() for array in arrays]
    net = p.net
    H = p.hessian
    H.toarray(), H.frobenius_norm(), H.trace(), H.diagonal(), H @ np.ones(p.size), H.eigenvalues()
    assert all((now == then).all() for now, then in zip(arrays, before, strict=True))
    norm = float(H.frobenius_norm())
    for array in arrays:
        array[...] = 7.0
    assert (before[1] == net.W).all()
    assert float(H.frobenius_norm()) == norm


def test_a_vector_is_not_changed_by_a_product():
    p = random_problem(0)
    v = np.ones(p.size)
    p.hessian @ v
    assert (v == 1.0).all()
