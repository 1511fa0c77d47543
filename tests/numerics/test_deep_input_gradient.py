"""The input gradient of deep networks and its bounds, and the tangent kernel of wide ones."""

import mpmath as mp
import numpy as np
import pytest

from numerics import deep
from numerics.deep import forward as passes
from numerics.deep import input_gradient

SHAPES = [(1, 1), (3, 2), (2, 1, 1), (3, 5, 2), (2, 3, 4, 1), (2, 2, 3, 2, 2, 3, 2)]


def problem(sizes, activation, scale, seed=0, n=4):
    net = deep.random_network(sizes, activation, seed=seed, kind="gaussian", scale=scale)
    X = np.random.default_rng(seed).standard_normal((n, sizes[0]))
    return net, X, deep.Hessian(net, X, np.zeros((n, sizes[-1])))


def truth(net, X):
    """E|grad_x f|^2 in 60 digits, for tanh and identity, and |.|^2 by the first biases."""
    total = mp.mpf(0)
    with mp.workdps(60):
        for x in X:
            h, D = mp.matrix(x.tolist()), mp.eye(len(x))
            for l, (W, b) in enumerate(net.layers, 1):
                M = mp.matrix(W.tolist())
                z = M * h + mp.matrix(b.tolist())
                D = M * D
                last = l == net.depth
                if net.activation.name == "tanh" and not last:
                    D = mp.diag([mp.sech(v) ** 2 for v in z]) * D
                    z = mp.matrix([mp.tanh(v) for v in z])
                h = z
            total += mp.fsum(v**2 for v in D)
        return total / len(X)


@pytest.mark.parametrize("sizes", SHAPES)
@pytest.mark.parametrize("scale", [1e-8, 1.0, 30.0, 1e8])
@pytest.mark.parametrize("activation", ["tanh", "identity"])
def test_the_left_side_is_within_its_bound_and_below_every_right_side(sizes, scale, activation):
    net, X, H = problem(sizes, activation, scale)
    left, exact = H.input_gradient(), truth(net, X)
    assert left.exact
    assert abs(mp.mpf(left.value) - exact) <= left.error
    for name, right in H.input_gradient_bounds().items():
        assert right.exact
        assert exact <= mp.mpf(right.value) + mp.mpf(right.error), name


def test_ordinary_left_sides_have_ten_digits():
    _, _, H = problem((5, 8, 8, 3), "tanh", 1.0)
    assert H.input_gradient().error < 1e-10 * H.input_gradient().value


@pytest.mark.parametrize("depth", [2, 4])
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_with_one_first_unit_every_bound_is_an_equality(activation, depth):
    _, _, H = problem((3, 1, *[4] * (depth - 2), 2), activation, 1.0, seed=3)
    left = H.input_gradient()
    for right in H.input_gradient_bounds().values():
        assert abs(right.value - left.value) <= right.error + left.error


def test_a_wrong_curvature_is_noticed(monkeypatch):
    net, X, H = problem((3, 4, 2), "tanh", 1.0)
    monkeypatch.setattr(input_gradient, "curvature_of", lambda level: (np.eye(4) * 1e-3, 0.0))
    assert any(right.upper < truth(net, X) for right in H.input_gradient_bounds().values())


@pytest.mark.parametrize("shape", [(1, 1), (1, 6), (7, 2), (30, 40), (64, 64)])
@pytest.mark.parametrize("scale", [1e-150, 1.0, 1e150])
def test_the_spectral_norm_is_bounded_from_above_and_tightly(shape, scale):
    for rank in (1, min(shape)):
        rng = np.random.default_rng(rank)
        W = scale * rng.standard_normal((shape[0], rank)) @ rng.standard_normal((rank, shape[1]))
        bound = passes._spectral_norm(W, 10 * float(np.abs(W).sum()))
        true = float(np.linalg.norm(W / scale, 2))
        assert true * (1 - 1e-14) <= bound / scale <= 1.05 * true


def kernel_of_infinite_width(X, depth):
    """k0 and k1 are E[1 1] and 2 E[relu relu] of two unit Gaussians of correlation u (arc-cosine kernels)."""
    S = X @ X.T
    theta = S.copy()
    for _ in range(depth - 1):
        size = np.sqrt(np.outer(S.diagonal(), S.diagonal()))
        u = np.clip(S / size, -1, 1)
        angle = np.arccos(u)
        S = size * (u * (np.pi - angle) + np.sqrt(1 - u**2)) / np.pi
        theta = S + theta * (np.pi - angle) / np.pi
    return theta


@pytest.mark.slow
@pytest.mark.parametrize("depth", [2, 3])
def test_the_kernel_of_wide_networks_tends_to_the_infinite_one_like_the_root_of_the_width(depth):
    """He's scaling as factors sqrt(2 / m), the parameters being standard normal: J gets them as well."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((4, 3))
    limit = kernel_of_infinite_width(X, depth)
    widths, off = [16, 32, 64, 128, 256], []
    for m in widths:
        errors = [np.linalg.norm(scaled_kernel(X, m, depth, rng) - limit) for _ in range(60)]
        off.append(np.sqrt(np.mean(np.square(errors))) / np.linalg.norm(limit))
    rate = np.polyfit(np.log(widths), np.log(off), 1)[0]
    assert off[-1] < 0.2
    assert -0.62 < rate < -0.38


def scaled_kernel(X, m, depth, rng):
    """n times G's kernel layer by layer, each block of G times the square of its layer's factor."""
    shapes = [(m, X.shape[1]), *[(m, m)] * (depth - 2), (1, m)]
    factors = [1.0] + [np.sqrt(2 / m)] * (depth - 1)
    weights = [c * rng.standard_normal(shape) for c, shape in zip(factors, shapes, strict=True)]
    run = deep.Hessian(deep.Network(weights, activation="relu"), X, np.zeros((len(X), 1))).forward
    kernel = np.zeros((len(X), len(X)))
    for l, c in enumerate(factors):
        J = run.J[l][:, 0]
        kernel += c**2 * (J @ J.T) * (run.h[l] @ run.h[l].T)
    return kernel


def sides_of_linear(W1, W2):
    """E|grad_x f|^2 and its bounds for f = W2 W1 x, in long arithmetic."""
    W, A = (mp.matrix(each.tolist()) for each in (W1, W2))
    gram, B, both = W * W.T, A.T * A, A * W
    top, largest = (max(mp.eigsy(M, eigvals_only=True)) for M in (gram, B))
    units = sum(mp.sqrt(gram[k, k] * B[k, k]) for k in range(len(W1)))
    return {
        "itself": mp.mnorm(both, "f") ** 2,
        "trace": top * sum(B[k, k] for k in range(len(W1))),
        "spectral": largest * sum(gram[k, k] for k in range(len(W1))),
        "frobenius": mp.mnorm(gram, "f") * mp.mnorm(B, "f"),
        "units": units**2,
    }


@pytest.mark.parametrize("inner", [1e-300, 1e-170, 1e-8, 1.0, 1e8, 1e150])
@pytest.mark.parametrize("outer", [1e-300, 1e-170, 1.0, 1e150])
@pytest.mark.parametrize("spread", [0, 250])
def test_they_hold_where_squares_leave_the_floats(inner, outer, spread):
    rng = np.random.default_rng(0)
    W1, W2 = inner * rng.standard_normal((3, 2)), outer * rng.standard_normal((2, 3))
    W1[0] *= 10.0**-spread
    W2[:, 1:] *= 10.0**-spread
    H = deep.Hessian(deep.Network([W1, W2], activation="identity"), np.zeros((1, 2)), np.zeros((1, 2)))
    if inner * outer > 1e152:
        with pytest.raises(ValueError, match="got overflow"):
            H.input_gradient_bounds()
        return
    found = {"itself": H.input_gradient(), **H.input_gradient_bounds()}
    with mp.workdps(700):
        for name, truth in sides_of_linear(W1, W2).items():
            assert abs(mp.mpf(found[name].value) - truth) <= mp.mpf(found[name].error), name
            if spread == 0 and truth > mp.mpf(10) ** -290:
                assert found[name].error <= 1e-12 * truth
