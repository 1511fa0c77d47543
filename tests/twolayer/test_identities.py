"""What must hold whatever the numbers are: sums, symmetries, scalings, and one method against another."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.oracle.strategies import problems

SMOOTH_ODD = ("tanh", "erf", "sin", "cube", "identity")


def agree(one, other, room=0.0):
    """Whether two measurements of one quantity are compatible."""
    return abs(one.value - other.value) <= one.error + other.error + room


def near(A, B, H):
    """Whether two arrays of one matrix are compatible, each as good as H says of its own."""
    return np.linalg.norm(A - B) <= 4 * H.rounding_error() + 1e-300


@given(p=problems())
def test_the_hessian_is_the_sum_of_its_parts(p):
    H = p.hessian
    assert near(H.gauss_newton.toarray() + H.residual.toarray(), H.toarray(), H)
    assert agree(H.trace(), H.gauss_newton.trace(), H.residual.trace().error + abs(H.residual.trace().value))


@given(p=problems())
def test_both_methods_lead_to_one_norm(p):
    for operator in (p.hessian, p.hessian.gauss_newton, p.hessian.residual):
        assert agree(operator.frobenius_norm("pairs"), operator.frobenius_norm("dense"))


@given(p=problems(twists=()), data=st.data())
def test_the_order_of_units_does_not_matter(p, data):
    order = np.array(data.draw(st.permutations(range(len(p.W)))))
    moved = p.but(a=p.a[..., order], W=p.W[order], b=None if p.b is None else p.b[order])
    assert agree(p.hessian.frobenius_norm(), moved.hessian.frobenius_norm())
    assert agree(p.hessian.trace(), moved.hessian.trace())
    where = np.concatenate(
        [np.arange(p.size)[p.net.replace(np.arange(p.size)).layout[name]] for name in p.net.layout]
    )
    ids = p.but(a=np.zeros_like(p.a)).net.replace(where.astype(float))
    parts = {name: getattr(ids, name) for name in p.net.layout}
    parts["a"], parts["W"] = parts["a"][..., order], parts["W"][order]
    if "b" in parts:
        parts["b"] = parts["b"][order]
    to = np.concatenate([np.ravel(part) for part in parts.values()]).astype(int)
    assert near(p.hessian.toarray()[np.ix_(to, to)], moved.hessian.toarray(), p.hessian)


@given(p=problems(), data=st.data())
def test_the_order_of_samples_does_not_matter(p, data):
    order = np.array(data.draw(st.permutations(range(len(p.X)))))
    moved = p.but(X=p.X[order], y=p.y[order])
    assert near(p.hessian.toarray(), moved.hessian.toarray(), p.hessian)
    assert agree(p.hessian.frobenius_norm("pairs"), moved.hessian.frobenius_norm("pairs"))


@given(p=problems(activations=SMOOTH_ODD))
def test_an_odd_activation_does_not_see_the_sign_of_a_unit(p):
    signs = np.where(np.arange(len(p.W)) % 2, 1.0, -1.0)
    moved = p.but(a=p.a * signs, W=p.W * signs[:, None], b=None if p.b is None else p.b * signs)
    flip = np.ones(p.size)
    for name, where in p.net.layout.items():
        if name != "c":
            per_input = p.W.shape[1] if name == "W" else 1
            repeats = p.outputs if name == "a" else 1
            flip[where] = np.tile(np.repeat(signs, per_input), repeats)
    assert near(p.hessian.toarray(), moved.hessian.toarray() * np.outer(flip, flip), p.hessian)
    assert agree(p.hessian.frobenius_norm("pairs"), moved.hessian.frobenius_norm("pairs"))


@given(p=problems())
def test_data_repeated_is_data(p):
    twice = p.but(X=np.tile(p.X, (3, 1)), y=np.concatenate([p.y] * 3))
    assert near(p.hessian.toarray(), twice.hessian.toarray(), p.hessian)
    assert agree(p.hessian.frobenius_norm("pairs"), twice.hessian.frobenius_norm("pairs"))


@given(p=problems(losses=("squared", "pseudo_huber"), twists=(), decades=2))
def test_without_residuals_the_hessian_is_the_gauss_newton_matrix(p):
    exact = p.but(y=p.net(p.X))
    H = exact.hessian
    assert H.residual.frobenius_norm().value == 0.0
    assert (H.toarray() == H.gauss_newton.toarray()).all()
    assert H.frobenius_norm("pairs").value == H.gauss_newton.frobenius_norm("pairs").value


@given(p=problems(losses=("squared",), decades=2), power=st.integers(-40, 40))
def test_a_power_of_two_of_the_outputs_scales_the_numbers_exactly(p, power):
    """a, c and y times t leave the (W, b) block times t^2, digit by digit."""
    t = 2.0**power
    scaled = p.but(a=t * p.a, c=None if p.c is None else t * p.c, y=t * p.y)
    names = tuple(name for name in ("W", "b") if name in p.net.layout)
    one, other = p.hessian.block(names), scaled.hessian.block(names)
    assume(np.abs(one.toarray()).max() > 1e-200)
    assert (other.toarray() == t**2 * one.toarray()).all()
    assert other.frobenius_norm("pairs").value == t**2 * one.frobenius_norm("pairs").value
    assert other.trace().value == t**2 * one.trace().value


@given(p=problems(), seed=st.integers(0, 99))
def test_products_are_linear_and_symmetric(p, seed):
    rng = np.random.default_rng(seed)
    u, v = rng.normal(size=(2, p.size))
    H = p.hessian
    room = 40 * H.rounding_error() * np.linalg.norm(u) * np.linalg.norm(v) + 1e-290
    assert abs(u @ (H @ v) - v @ (H @ u)) <= room
    both = H @ (2 * u - 3 * v)
    assert np.linalg.norm(both - (2 * (H @ u) - 3 * (H @ v))) <= 100 * room
    assert (H @ np.stack([u, v], axis=1) == np.stack([H @ u, H @ v], axis=1)).all()
    assert (H.T @ u == H @ u).all()


@given(p=problems())
def test_the_trace_is_the_sum_of_the_diagonal(p):
    H = p.hessian
    room = 1e-14 * np.abs(H.diagonal()).sum()
    assert abs(H.trace().value - H.diagonal().sum()) <= H.trace().error + p.size * H.rounding_error() + room


@given(p=problems())
def test_the_norm_of_the_whole_is_made_of_the_blocks(p):
    H, names = p.hessian, list(p.net.layout)
    squares, error = 0.0, 0.0
    for row in names:
        for column in names:
            measured = H.block(row, column).frobenius_norm()
            squares, error = squares + measured.value**2, error + measured.error
    whole = H.frobenius_norm()
    assert abs(np.sqrt(squares) - whole.value) <= whole.error + error + 1e-14 * whole.value


@given(p=problems(activations=("relu",), losses=("squared",), twists=(), decades=0))
def test_a_relu_unit_may_be_rescaled(p):
    """w, b times 2 and a over 2 leave the function, so R(theta) and, on its invariant part, the Hessian."""
    moved = p.but(a=p.a / 2, W=2 * p.W, b=None if p.b is None else 2 * p.b)
    scale = np.ones(p.size)
    for name, where in p.net.layout.items():
        scale[where] = {"a": 2.0, "W": 0.5, "b": 0.5, "c": 1.0}[name]
    assert (moved.hessian.toarray() == p.hessian.toarray() * np.outer(scale, scale)).all()


@pytest.mark.parametrize("loss", ["squared", "logistic", "softmax", "pseudo_huber"])
@given(data=st.data())
def test_the_gauss_newton_part_of_a_convex_loss_is_positive(loss, data):
    H = data.draw(problems(losses=(loss,))).hessian.gauss_newton
    eigenvalues = H.eigenvalues()
    assert (eigenvalues.value >= -eigenvalues.error).all()
