"""The curvature of deep networks against arithmetic in many digits, against two layers, and known answers."""

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

import twolayer as tl
from numerics import deep
from numerics.deep import frobenius, norms
from tests.oracle import deep as oracle

LOSSES = ("squared", "softmax", "logistic")
PARTS = {"H": lambda H: H, "G": lambda H: H.gauss_newton, "R": lambda H: H.residual}


def data(net, n, loss, rng, scale=1.0):
    q = net.n_outputs
    X = scale * rng.standard_normal((n, net.sizes[0]))
    if loss == "softmax":
        return X, rng.integers(0, q, n)
    return X, rng.integers(0, 2, (n, q)) if loss == "logistic" else rng.standard_normal((n, q))


@st.composite
def problems(draw):
    depth = draw(st.integers(1, 6))
    loss = draw(st.sampled_from(LOSSES))
    widest = 3 if depth < 4 else 2
    sizes = [draw(st.integers(1, widest)) for _ in range(depth)] + [
        2 if loss == "softmax" else draw(st.integers(1, 2))
    ]
    seed = draw(st.integers(0, 2**32 - 1))
    scale = 10.0 ** draw(st.sampled_from([-8, -3, 0, 0, 0, 1, 8]))
    activation = draw(st.sampled_from(["tanh", "relu", "sin", "softplus", "identity"]))
    net = deep.random_network(
        sizes, "tanh" if activation == "sin" and scale > 10 else activation, seed=seed, kind="gaussian",
        biases=draw(st.booleans()), scale=scale,
    )  # fmt: skip
    X, y = data(net, draw(st.integers(1, 3)), loss, np.random.default_rng(seed))
    return net, X, y, loss


@pytest.mark.slow
@given(problems())
@settings(max_examples=40)
def test_every_bound_holds(problem):
    net, X, y, loss = problem
    H = deep.Hessian(net, X, y, loss)
    _, bend = oracle.reference(net, X, y, loss)
    value = H.frobenius_norm()
    assert abs(mp.mpf(value.value) - oracle.norm(bend)) <= mp.mpf(value.error)
    trace = H.trace()
    assert abs(mp.mpf(trace.value) - mp.fsum(np.diag(bend))) <= mp.mpf(trace.error)
    off = oracle.norm(np.vectorize(mp.mpf)(H.toarray()) - bend)
    assert off <= mp.mpf(H.rounding_error())


@pytest.mark.parametrize("x", [0.3, 0.7, 1.1, 1.9, 2.3])
def test_targets_that_are_the_outputs_leave_a_residual_within_its_bounds(x):
    net = deep.Network([[[1.3]], [[0.7]]], activation="tanh")
    H = deep.Hessian(net, [[x]], net([[x]]))
    with mp.workdps(60):
        t = mp.tanh(mp.mpf(1.3) * mp.mpf(x))
        g = mp.mpf(0.7) * t - mp.mpf(float(net([[x]])[0, 0]))  # not zero, though the computed one is
        bend = g * mp.mpf(0.7) * -2 * t * (1 - t**2) * mp.mpf(x) ** 2
        across = g * (1 - t**2) * mp.mpf(x)
        assert abs(mp.mpf(H.residual.trace().value) - bend) <= H.residual.trace().error
        norm = mp.sqrt(bend**2 + 2 * across**2)
        assert abs(mp.mpf(H.residual.frobenius_norm().value) - norm) <= H.residual.frobenius_norm().error


def test_a_curvature_below_the_floats_is_not_said_to_be_zero():
    net = deep.Network([[[1e-40]]] * 6, activation="identity")
    G = deep.Hessian(net, [[1.0]], [[1.0]]).gauss_newton  # |G|_F = tr G = 6e-400
    for measured in (G.frobenius_norm(), G.trace(), G.spectral_norm(), G.block(2).frobenius_norm()):
        assert 0 <= measured.value <= measured.error
        assert 0 < measured.error < 1e-250


def test_errors_of_bounded_activations_are_bounded():
    net = deep.random_network([2, 1, 2, 1, 2, 1, 2], "sin", seed=45, kind="gaussian", scale=1e8)
    X, y = data(net, 3, "squared", np.random.default_rng(45))
    H = deep.Hessian(net, X, y)
    assert np.isfinite([H.frobenius_norm().error, H.trace().error, H.input_gradient().error]).all()


def test_ordinary_values_have_ten_digits():
    net = deep.random_network([4, 6, 6, 3], "tanh", seed=0)
    X, y = data(net, 12, "squared", np.random.default_rng(0))
    H = deep.Hessian(net, X, y)
    for measured in (H.frobenius_norm(), H.trace(), H.gauss_newton.frobenius_norm()):
        assert measured.exact
        assert measured.error < 1e-10 * measured.value


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("sizes", [(3, 2), (2, 3, 2), (4, 3, 1, 2), (2, 3, 2, 3, 2, 2)])
@pytest.mark.parametrize("activation", ["tanh", "relu", "gelu"])
@pytest.mark.parametrize("part", PARTS)
def test_norms_are_those_of_the_matrix(loss, sizes, activation, part):
    rng = np.random.default_rng(len(sizes))
    net = deep.random_network(sizes, activation, seed=3, kind="gaussian", biases=sizes != (2, 3, 2))
    X, y = data(net, 7, loss, rng)
    M = PARTS[part](deep.Hessian(net, X, y, loss))
    dense, v = M.toarray(), rng.standard_normal(M.shape[0])
    size = max(M.bound.size, 1e-300)
    assert_allclose(M @ v, dense @ v, atol=1e-12 * size * np.linalg.norm(v))
    assert_allclose(M.diagonal(), np.diag(dense), atol=1e-13 * size)
    assert abs(M.trace().value - np.trace(dense)) <= M.trace().error + M.rounding_error() * len(v) ** 0.5
    assert abs(M.frobenius_norm().value - np.linalg.norm(dense)) <= 1e-14 * size + M.frobenius_norm().error
    values = M.eigenvalues(method="dense")
    assert_allclose(values.value, np.linalg.eigvalsh(dense)[::-1], atol=1e-12 * size)


def test_tiles_of_samples_are_joined(monkeypatch):
    net = deep.random_network([3, 5, 4, 2], "tanh", seed=1)
    X, y = data(net, 11, "squared", np.random.default_rng(1))
    whole = deep.Hessian(net, X, y)
    norm, trace = whole.frobenius_norm(), whole.trace()
    monkeypatch.setattr(norms, "ENTRIES", 150)
    monkeypatch.setattr(frobenius, "CACHED", 150)
    tiled = deep.Hessian(net, X, y)
    assert len(norms.tiles(tiled.forward, 0)) > 1
    assert_allclose(tiled.frobenius_norm().value, norm.value, rtol=1e-13)
    assert_allclose(tiled.trace().value, trace.value, rtol=1e-13)


@pytest.mark.parametrize("joined", [True, False])
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize(
    ("sizes", "n"), [((3, 2), 4), ((2, 3, 2), 1), ((4, 3, 1, 2), 9), ((2, 3, 2, 3, 2), 5)]
)
@pytest.mark.parametrize("activation", ["tanh", "relu", "relu_squared"])
def test_one_sum_and_three_are_the_norm_of_the_matrix(monkeypatch, joined, loss, sizes, n, activation):
    monkeypatch.setattr(frobenius, "_joined", lambda *words: joined)
    monkeypatch.setattr(norms, "ENTRIES", 60)  # several tiles
    net = deep.random_network(sizes, activation, seed=5, kind="gaussian", biases=n != 5)
    X, y = data(net, n, loss, np.random.default_rng(n))
    whole = deep.Hessian(net, X, y, loss)
    for H in (whole, whole.block("W1"), whole.block(net.depth), whole.block((1, f"W{net.depth}"))):
        found = H.frobenius_norm()
        assert abs(found.value - np.linalg.norm(H.toarray())) <= found.error + H.rounding_error()


@pytest.mark.parametrize(
    ("name", "joined"),
    [
        ("mixed_sum", False),
        ("newton_square", False),
        ("_crossed", False),
        ("_crossed", True),
        ("_inner", True),
    ],
)
def test_a_wrong_term_is_noticed(monkeypatch, name, joined):
    right = getattr(frobenius, name)
    monkeypatch.setattr(frobenius, "_joined", lambda *words: joined)
    monkeypatch.setattr(frobenius, name, lambda *words: 1.01 * right(*words))
    net = deep.random_network([3, 5, 4, 2], "tanh", seed=1)
    X, y = data(net, 6, "squared", np.random.default_rng(1))
    H = deep.Hessian(net, X, y)
    assert abs(H.frobenius_norm().value - np.linalg.norm(H.toarray())) > 10 * H.frobenius_norm().error


@pytest.mark.parametrize(
    ("activation", "loss", "q"), [("tanh", "squared", 1), ("gelu", "softmax", 3), ("relu", "logistic", 1)]
)
def test_one_hidden_layer_is_a_two_layer_network(activation, loss, q):
    rng = np.random.default_rng(2)
    a = rng.standard_normal((q, 5) if q > 1 else 5)
    c = rng.standard_normal(q) if q > 1 else 0.3
    net = tl.TwoLayer(a, rng.standard_normal((5, 3)), rng.standard_normal(5), c, activation=activation)
    made = deep.Network.of(net)
    X = rng.standard_normal((9, 3))
    y = {"softmax": rng.integers(0, q, 9), "logistic": rng.integers(0, 2, 9)}.get(
        loss, rng.standard_normal(9)
    )
    assert_allclose(made(X), net(X), rtol=1e-14)
    assert_allclose(made.input_gradient(X), net.input_gradient(X), rtol=1e-12, atol=1e-14)
    flat, other = tl.Hessian(net, X, y, loss), deep.Hessian(made, X, y, loss)
    for part in PARTS.values():
        for quantity in ("frobenius_norm", "trace", "spectral_norm", "nuclear_norm"):
            one, two = (getattr(part(H), quantity)() for H in (flat, other))
            assert abs(one.value - two.value) <= one.error + two.error
    one, two = flat.eigenvalues(), other.eigenvalues()
    assert (np.abs(one.value - two.value) <= one.error + two.error).all()


LINEAR = {
    (7, 5, 4): (28, 40, 52),
    (6, 5, 4, 3): (18, 45, 54),
}


def ranks(sizes, r):
    """Of G, R and H of a deep linear network with inputs whose covariance has rank r; generic targets.

    q = min(r, hidden widths, K), s = rank of E[(f - y) x^T], q' = min(hidden widths, s), M their sum.
    """
    hidden, K, L = sizes[1:-1], sizes[-1], len(sizes) - 1
    q, s = min(r, *hidden, K), min(r, K)
    other, M = min(*hidden, s), sum(hidden)
    whole = 2 * q * M + q * (r + K) - L * q**2
    return q * (r + K - q), 2 * other * M + 2 * other * s - L * other**2, whole


@pytest.mark.parametrize(("sizes", "r"), [((4, 3, 2), 4), ((5, 3, 3, 2), 5), ((3, 2, 2, 2, 3), 3)])
def test_ranks_are_those_of_the_formulas(sizes, r):
    rng = np.random.default_rng(0)
    net = deep.random_network(sizes, "identity", seed=2, kind="gaussian", biases=False)
    n = 6 * sizes[0]
    X = np.linalg.qr(rng.standard_normal((n, sizes[0])))[0] * n**0.5
    H = deep.Hessian(net, X, rng.standard_normal((n, sizes[-1])))
    found = tuple(int(M.rank("dense").value) for M in (H.gauss_newton, H.residual, H))
    assert found == ranks(sizes, r)


@pytest.mark.parametrize("sizes", LINEAR)
def test_the_formulas_give_the_ranks_that_are_listed(sizes):
    assert ranks(sizes, sizes[0]) == LINEAR[sizes]


@pytest.mark.parametrize("sizes", LINEAR)
def test_ranks_of_deep_linear_networks_are_integers(sizes):
    rng = np.random.default_rng(0)
    net = deep.random_network(sizes, "identity", seed=5, kind="gaussian", biases=False)
    n = 6 * sizes[0]
    X = np.linalg.qr(rng.standard_normal((n, sizes[0])))[0] * n**0.5
    H = deep.Hessian(net, X, rng.standard_normal((n, sizes[-1])))
    found = tuple(int(M.rank("dense").value) for M in (H.gauss_newton, H.residual, H))
    assert found == LINEAR[sizes]


def test_the_spectrum_of_a_balanced_linear_network_at_zero_loss():
    rng = np.random.default_rng(1)
    d, K, L = 5, 3, 3
    s = np.array([2.0, 1.5, 0.5])
    U = [np.linalg.qr(rng.standard_normal((size, size)))[0] for size in (d, 4, 4, K)]
    roots = s ** (1 / L)
    cores = [np.eye(4, d), np.eye(4), np.eye(K, 4)]
    for core in cores:
        core[:] = 0.0
        core[range(3), range(3)] = roots
    weights = [U[l + 1] @ cores[l] @ U[l].T for l in range(L)]
    X = np.linalg.qr(rng.standard_normal((40, d)))[0] * 40**0.5
    net = deep.Network(weights, activation="identity")
    H = deep.Hessian(net, X, net(X))
    padded_K, padded_d = np.pad(s, (0, K - 3)), np.pad(s, (0, d - 3))

    def power(base, exponent):
        return 1.0 if exponent == 0 else base**exponent

    wanted = [
        sum(power(a, 2 * (L - l) / L) * power(b, 2 * (l - 1) / L) for l in range(1, L + 1))
        for a in padded_K
        for b in padded_d
    ]
    found = H.eigenvalues()
    assert_allclose(found.value[: K * d], np.sort(wanted)[::-1], atol=1e-12)
    assert np.abs(found.value[K * d :]).max() <= found.error.max() < 1e-10
    assert_allclose(found.value[0], L * s[0] ** (2 - 2 / L), rtol=1e-12)


def test_at_interpolation_the_kernel_gives_all_and_counts_the_positive():
    net = deep.random_network([3, 6, 5, 2], "tanh", seed=0)
    X = np.random.default_rng(0).standard_normal((8, 3))
    H = deep.Hessian(net, X, net(X))
    found = H.eigenvalues()
    assert "kernel" in found.method
    assert_allclose(found.value, np.linalg.eigvalsh(H.toarray())[::-1], atol=1e-12)
    positive = int((found.value > found.error).sum())
    assert positive == 8 * 2  # n q
    assert H.inertia().value == 0


def test_the_homogeneous_lower_bound_of_the_largest_eigenvalue():
    for seed in range(20):
        net = deep.random_network([4, 6, 5, 1], "relu", seed=seed, biases=False)
        X = np.random.default_rng(seed).standard_normal((9, 4))
        f = net(X)[:, 0]
        least = (f**2).mean() * sum(1 / (W**2).sum() for W in net.weights)
        top = deep.Hessian(net, X, np.zeros((9, 1))).gauss_newton.spectral_norm()
        assert top.upper >= least >= 9 * (f**2).mean() / (net.theta**2).sum() * (1 - 1e-12)


def test_the_input_gradient_is_that_by_the_first_biases():
    """E|grad_x f|^2 = <W_1 W_1^T, G_(b1 b1)> at any depth."""
    for seed in range(10):
        net = deep.random_network([4, 6, 5, 1], "relu", seed=seed, kind="gaussian")
        X = np.random.default_rng(seed).standard_normal((9, 4))
        G = deep.Hessian(net, X, np.zeros((9, 1))).gauss_newton.toarray()
        block = G[net.layout["b1"], net.layout["b1"]]
        W = net.weights[0]
        mean = (net.input_gradient(X) ** 2).sum() / 9
        assert_allclose(mean, np.sum(W @ W.T * block), rtol=1e-12)


def test_lanczos_says_what_it_proved():
    net = deep.random_network([6, 12, 12, 1], "tanh", seed=0)
    X = np.random.default_rng(0).standard_normal((4, 6))
    H = deep.Hessian(net, X, net(X) + 1e-3)
    whole = H.eigenvalues(method="dense")
    found = H.eigenvalues(2, method="lanczos")
    assert_allclose(found.value, whole.value[:2], atol=found.error.max() + whole.error.max())
    assert found.exact == (" 2 proved " in found.method)
    low, high = H.eigenvalue_bounds()
    assert low.value - low.error <= whole.value[0] <= high.value + high.error


BAD = [
    ({"weights": []}, "weights must be those of one layer at least"),
    ({"weights": [np.ones((3, 2)), np.ones((1, 4))]}, "W2 must be"),
    ({"weights": [np.array([[np.nan]])]}, "W1 must be finite"),
    ({"weights": [np.ones((3, 2)), np.ones((1, 3))], "biases": [np.ones(3)]}, "biases must be one a layer"),
    ({"weights": [np.ones((3, 2)), np.ones((1, 3))], "activation": "tahn"}, "activation must be one of"),
]


@pytest.mark.parametrize(("parts", "message"), BAD)
def test_layers_that_do_not_fit_are_refused(parts, message):
    with pytest.raises(ValueError, match=message):
        deep.Network(**parts)


OVERFLOWS = {
    "pre-activations of layer 2": ([1e200, 1e200, 1.0], "identity"),
    "activation values of layer 1": ([1e200, 1.0, 1.0], "square"),
    "derivatives of the outputs by layer 1": ([1e-300, 1e200, 1e200], "identity"),
    "outputs": ([1.0, 1e200, 1e200], "identity"),
    "losses": ([1.0, 1.0, 1e200], "identity"),
}


@pytest.mark.parametrize("what", OVERFLOWS)
def test_an_overflow_is_named_with_its_layer(what):
    weights, activation = OVERFLOWS[what]
    net = deep.Network([[[w]] for w in weights], activation=activation)
    with pytest.raises(ValueError, match=f"^weights, biases, X and y must give finite {what};"):
        deep.Hessian(net, [[1.0]], [[0.0]])


@pytest.mark.parametrize("name", ["trace", "diagonal", "frobenius_norm", "toarray", "eigenvalues"])
def test_a_curvature_beyond_the_floats_is_refused(name):
    H = deep.Hessian(deep.Network([[[1.0]], [[1.0]]], activation="identity"), [[1e160]], [[1e160]])
    with pytest.raises(ValueError, match=r"^weights, biases, X and y must give finite .* got overflow"):
        getattr(H, name)()


def test_data_that_do_not_fit_are_told_by_the_layers_names():
    net = deep.random_network([2, 3, 3, 1], seed=0)
    for X, y, message in (
        (np.ones((4, 3)), np.ones((4, 1)), "to match W1; got"),
        (np.ones((4, 2)), np.ones(4), "to match X and W3; got"),
    ):
        with pytest.raises(ValueError, match=message):
            deep.Hessian(net, X, y)


@pytest.mark.parametrize("words", [{"seed": "x"}, {"seed": -1}, {"seed": 0, "scale": "a"}])
def test_a_random_network_needs_numbers(words):
    name = [*words][-1]
    with pytest.raises(ValueError, match=f"^{name} must be"):
        deep.random_network([2, 1], **words)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"k": 0}, "k must be"),
        ({"k": 3, "method": "magic"}, "method must be"),
        ({"which": "x"}, "which must"),
    ],
)
def test_bad_words_are_named(words, message):
    net = deep.random_network([2, 3, 1], seed=0)
    with pytest.raises(ValueError, match=message):
        deep.Hessian(net, [[1.0, 2.0]], [[0.0]]).eigenvalues(**words)


@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "identity"])
def test_the_residual_of_straight_pieces_has_no_trace(activation):
    net = deep.random_network((3, 4, 4, 2), activation, seed=0)
    rng = np.random.default_rng(0)
    H = deep.Hessian(net, rng.standard_normal((5, 3)), rng.standard_normal((5, 2)))
    found = [operator.trace() for operator in (H.residual, H, H.gauss_newton)]
    assert (found[0].value, found[0].error) == (0.0, 0.0)
    assert (found[1].value, found[1].error) == (found[2].value, found[2].error)
    assert abs(np.trace(H.residual.toarray())) <= 1e-14 * H.residual.frobenius_norm().value


def test_bounds_of_the_residual_part_grow_no_faster_than_rows_of_derivatives():
    net = deep.random_network([16, 64, 64, 64, 4], "tanh", seed=1)
    rng = np.random.default_rng(0)
    H = deep.Hessian(net, rng.standard_normal((20, 16)), rng.standard_normal((20, 4)))
    assert H.residual.rounding_error() < 1e-9 * H.residual.frobenius_norm().value
    assert H.residual.trace().error < 1e-9 * abs(H.residual.trace().value)
