"""Blocks of deep networks' curvature by layer and part, and every question that two layers are asked."""

import itertools
import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

import twolayer as tl
from numerics import deep
from numerics.deep import norms

PARTS = {"H": lambda H: H, "G": lambda H: H.gauss_newton, "R": lambda H: H.residual}


def problem(sizes=(3, 4, 3, 2), activation="tanh", n=5, loss="squared"):
    net = deep.random_network(sizes, activation, seed=2, kind="gaussian")
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, sizes[0]))
    y = rng.integers(0, sizes[-1], n) if loss == "softmax" else rng.standard_normal((n, sizes[-1]))
    return deep.Hessian(net, X, y, loss)


def choices(groups):
    every = [each for size in (1, 2, 3) for each in itertools.combinations(groups, size)]
    return every[::3] + [(name,) for name in groups]


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize(("activation", "loss"), [("tanh", "squared"), ("relu", "softmax")])
def test_a_block_by_parts_is_cut_out_of_the_matrix(part, activation, loss):
    H = PARTS[part](problem(activation=activation, loss=loss))
    whole, layout = H.toarray(), H.forward.net.layout
    size = max(H.bound.size, 1e-300)
    for names in choices(H.groups):
        where = np.concatenate([np.arange(len(whole))[layout[name]] for name in names])
        wanted, M = whole[np.ix_(where, where)], H.block(names)
        v = np.random.default_rng(1).standard_normal(len(where))
        assert M.groups == names
        assert_allclose(M.toarray(), wanted, atol=1e-13 * size)
        assert_allclose(M @ v, wanted @ v, atol=1e-12 * size)
        assert_allclose(M.diagonal(), np.diag(wanted), atol=1e-13 * size)
        assert abs(M.trace().value - np.trace(wanted)) <= M.trace().error + H.rounding_error() * len(v)
        norm = M.frobenius_norm()
        assert abs(norm.value - np.linalg.norm(wanted)) <= norm.error + H.rounding_error()
        if part == "G":
            found = M.eigenvalues(method="kernel")
            assert_allclose(found.value, np.linalg.eigvalsh(wanted)[::-1], atol=1e-12 * size)


def test_a_block_between_parts_is_cut_out_of_the_matrix():
    H = problem()
    whole, layout = H.toarray(), H.forward.net.layout
    for rows, columns in [("W1", "b3"), (("b1", "W2"), "W1"), (1, (2, "b3")), ("b2", 1)]:
        M = H.block(rows, columns)
        places = [
            np.concatenate([np.arange(len(whole))[layout[name]] for name in names]) for names in M.names
        ]
        wanted = whole[np.ix_(*places)]
        v, u = np.ones(wanted.shape[1]), np.ones(wanted.shape[0])
        assert_allclose(M.toarray(), wanted, atol=1e-13)
        assert_allclose(M @ v, wanted @ v, atol=1e-12)
        assert_allclose(M.T @ u, wanted.T @ u, atol=1e-12)
        for norm, kind in ((M.frobenius_norm(), None), (M.spectral_norm(), 2), (M.nuclear_norm(), "nuc")):
            assert abs(norm.value - np.linalg.norm(wanted, kind)) <= norm.error + H.rounding_error()


@pytest.mark.parametrize(
    "chosen", ["W9", 4, 0, (), ("W1", "c"), True, "1", {1}, [[1]], np.array([[1]]), np.array([1.0]), [None]]
)
def test_parts_that_are_not_there_are_named(chosen):
    with pytest.raises(ValueError, match="rows must be among the layers 1, 2, 3 or the parts W1, b1"):
        problem().block(chosen)


def test_parts_may_be_given_as_arrays():
    H = problem()
    assert H.block(np.array(["W1", "b1"])).groups == H.block(("W1", "b1")).groups
    assert H.block(np.array(1)).groups == H.block(1).groups
    across = H.block(np.array(["W1"]), np.array(["W2"]))
    assert_allclose(across.toarray(), H.block("W1", "W2").toarray())


def test_rows_and_columns_that_overlap_are_named():
    with pytest.raises(ValueError, match="columns must be the rows or other parts"):
        problem().block((1, "W2"), "W2")


QUESTIONS = {
    "schatten_norm": (3,),
    "condition_number": (9.0,),
    "effective_dimension": (9.0,),
    "pseudo_logdet": (1e-3,),
    "spectral_distribution": ([-1.0, 0.5, 2.0],),
    "stable_rank": (),
    "spectral_norm": (),
    "nuclear_norm": (),
    "logdet": (9.0,),
    "inertia": (0.7,),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_answers_equal_those_of_two_layers(question):
    rng = np.random.default_rng(2)
    net = tl.TwoLayer(rng.standard_normal(4), rng.standard_normal((4, 3)), rng.standard_normal(4), 0.3)
    X, y = rng.standard_normal((9, 3)), rng.standard_normal(9)
    one = getattr(tl.Hessian(net, X, y), question)(*QUESTIONS[question])
    two = getattr(deep.Hessian(deep.Network.of(net), X, y), question)(*QUESTIONS[question])
    assert (np.abs(np.subtract(one.value, two.value)) <= np.add(one.error, two.error)).all()


def test_extreme_pairs_come_with_vectors_and_proofs():
    H = problem()
    values = np.linalg.eigvalsh(H.toarray())
    sought = {"largest": values[::-1], "smallest": values, "magnitude": values[np.argsort(-np.abs(values))]}
    for which, wanted in sought.items():
        for method in (None, "lanczos"):
            found = H.eigenvalues(3, which, True, method=method)
            assert_allclose(found.value, wanted[:3], atol=1e-10)
            assert (np.linalg.norm(H.toarray() @ found.vectors - found.vectors * found.value, axis=0)
                    <= found.residual + 3 * H.rounding_error()).all()  # fmt: skip
            assert found.exact == bool(found.proved.all())
            assert method or found.exact
    bounds = H.weyl_bounds()
    assert (np.abs(bounds.value - values[::-1]) <= bounds.error).all()


def test_stable_ranks_and_weyls_bounds_keep_to_their_time():
    for question in ("stable_rank", "weyl_bounds"):
        told = []
        getattr(problem(), question)(progress=lambda share, doing, told=told: told.append(share))
        assert told
        with pytest.raises(TimeoutError, match="max_seconds must be enough"):
            getattr(problem(), question)(max_seconds=0.0)


def test_the_nuclear_norm_of_g_is_its_trace_at_any_size():
    G = problem().gauss_newton
    assert G.nuclear_norm().method == "closed form"
    assert_allclose(G.nuclear_norm().value, G.nuclear_norm("kernel").value, rtol=1e-12)


def test_a_method_that_does_not_fit_is_named():
    H = problem()
    with pytest.raises(ValueError, match="method must be None or one of dense, kernel; got 'lanczos'"):
        H.inertia(method="lanczos")
    with pytest.raises(ValueError, match="method must be None or one of dense, lanczos; got 'kernel'"):
        H.residual.eigenvalues(1, method="kernel")
    with pytest.raises(ValueError, match="shift must be a finite number"):
        H.inertia(math.nan)


def test_without_a_method_there_is_always_one(monkeypatch):
    """Beyond the order up to which matrices are formed: Lanczos for a few, the kernel with |R|_F for all."""
    H = problem()
    exact = H.eigenvalues(method="dense")
    monkeypatch.setattr("numerics.deep.curvature.FORMED", 10)
    H = problem()
    few, every = H.eigenvalues(3), H.eigenvalues()
    assert few.method == "lanczos, 3 proved by inertia"
    assert every.method == "dense, verified"
    monkeypatch.setattr("numerics.deep.curvature.WHOLE", 10)
    H = problem()
    every = H.eigenvalues()
    assert every.method == "kernel, |R|"
    assert (np.abs(every.value - exact.value) <= every.error).all()
    assert H.rank().method == "kernel, |R|"
    assert H.residual.eigenvalues(2).method.startswith("lanczos, 2 proved")
    with pytest.raises(ValueError, match=r"method must be 'dense' \(0\.0 GiB\) for P = .* or ask for k"):
        H.residual.eigenvalues()


@pytest.mark.parametrize("which", ["largest", "smallest", "magnitude"])
def test_a_count_proves_what_lanczos_found(which, monkeypatch):
    monkeypatch.setattr("numerics.deep.curvature.FORMED", 10)
    H = problem()
    found = H.eigenvalues(4, which)
    values = np.linalg.eigvalsh(H.toarray())
    order = {"largest": -values, "smallest": values}.get(which, -abs(values)).argsort(kind="stable")
    assert found.exact
    assert found.chance == 0.0
    assert (np.abs(found.value - values[order[:4]]) <= found.error + 1e-12 * abs(values).max()).all()


def test_too_large_for_a_count_a_test_says_how_unlikely_it_is_that_one_is_missing(monkeypatch):
    monkeypatch.setattr("numerics.deep.curvature.FORMED", 10)
    monkeypatch.setattr("numerics.deep.matrices.COUNTED", 10)
    net = deep.random_network([6, 30, 30, 3], seed=1)
    rng = np.random.default_rng(1)
    X = rng.normal(size=(40, 6))
    H = deep.Hessian(net, X, net(X) + 3 * rng.normal(size=(40, 3)))
    found = H.eigenvalues(6)
    assert found.proved.sum() < 6
    assert found.chance <= 1e-12
    assert not found.exact
    assert found.as_dict()["chance"] == found.chance
    assert "probability" in found.missing
    assert np.abs(found.value - H.eigenvalues(6, method="dense").value).max() < 1e-9
    assert not np.isnan(H.stable_rank("lanczos").error)


def test_the_stable_rank_is_enclosed_though_the_largest_eigenvalue_is_not_proved(monkeypatch):
    monkeypatch.setattr("numerics.deep.curvature.FORMED", 10)
    truth = problem().stable_rank("dense")
    monkeypatch.setattr("numerics.deep.matrices.COUNTED", 10)
    found = problem().stable_rank("lanczos")
    assert abs(found.value - truth.value) <= found.error + truth.error
    zero = deep.Hessian(deep.Network([[[0.0]], [[0.0]]]), [[1.0]], [[0.0]])
    with pytest.raises(ValueError, match="must certainly not be zero; got a norm of 0"):
        zero.stable_rank()


def test_every_method_of_two_layers_is_there_or_has_no_meaning():
    units = {name for name in dir(tl.Hessian) if name.startswith("unit_")}
    meant = {name for name in dir(tl.Hessian) if not name.startswith("_")} - units
    assert meant - set(dir(deep.Hessian)) == {"from_sklearn"}


def test_bounds_by_norms_hold_where_all_eigenvalues_are_nearly_equal():
    net = deep.Network([[[1e-12], [1e-13]]], activation="identity")
    H = deep.Hessian(net, [[0.3], [1.7]], [[1.0, 0.0], [0.0, 1.0]], "logistic")
    low, high = H.eigenvalue_bounds()
    most = H.eigenvalues(method="dense").value[0]
    assert low.lower <= most <= high.upper
    for y in ([[0.0, 0.0]], [[1e-9, 0.0]]):  # a multiple of one: the variance of eigenvalues is zero
        flat = deep.Hessian(deep.Network([[[0.0], [0.0]]]), [[2.0]], y)
        low, high = flat.eigenvalue_bounds()
        assert low.lower <= 4.0 <= high.upper
        assert high.error < 1e-5


def test_softmax_needs_two_outputs():
    with pytest.raises(ValueError, match="the last layer must have q >= 2 outputs"):
        deep.Hessian(deep.random_network([2, 3, 1], seed=0), [[1.0, 2.0]], [0], "softmax")


def test_at_zero_residuals_the_ceiling_of_r_is_above_its_norm_and_costs_no_second_derivatives(monkeypatch):
    net = deep.random_network([5, 30, 20, 30, 3], "tanh", seed=0, kind="torch")
    X = np.random.default_rng(0).standard_normal((25, 5))
    H = deep.Hessian(net, X, net(X))
    bound = H.residual.frobenius_norm().upper
    monkeypatch.setattr(norms, "pairs", None)
    values = deep.Hessian(net, X, net(X)).eigenvalues()
    assert values.method.startswith("kernel")
    assert 0.1 * bound <= norms.residual_ceiling(H.forward, H.scope.layers) <= 100 * bound
    assert values.error.max() <= 1e-10 * values.value[0]


@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("sizes", [(3, 2), (2, 3, 4, 2), (4, 3, 1, 2), (2, 3, 2, 3, 2, 2)])
def test_the_ceiling_of_r_is_above_its_norm(sizes, activation):
    rng = np.random.default_rng(0)
    net = deep.random_network(sizes, activation, seed=1)
    H = deep.Hessian(net, rng.standard_normal((7, sizes[0])), rng.standard_normal((7, sizes[-1])))
    for part in (H, H.block(tuple(range(1, len(sizes)))), H.block(len(sizes) - 1)):
        assert part.residual.frobenius_norm().lower <= norms.residual_ceiling(H.forward, part.scope.layers)


@pytest.mark.parametrize("method", ["dense", "kernel", "lanczos", None])
def test_a_hessian_that_overflows_is_refused_by_every_method(method):
    net = deep.Network([[[1e100]], [[1e100]], [[1e100]], [[0.0]]], activation="identity")
    H = deep.Hessian(net, [[1e3]], [[0.0]])
    with pytest.raises(ValueError, match="got overflow beyond"):
        H.eigenvalues(1, method=method)


def test_what_no_input_reaches_is_zero_whatever_it_is_multiplied_by():
    dead = deep.Network([[[-1.0]], [[1e5]], [3.0]], activation="relu")
    faded = deep.Network([[[1e75]], [1.0]], activation="gaussian")  # s(z) = s'(z) = s''(z) = 0
    for net in (dead, faded):
        R = deep.Hessian(net, [[1e-3]], [1.0], "logistic" if net is dead else "squared")
        for M in (R, R.gauss_newton, R.residual):
            assert not M.diagonal().any()
            assert abs(M.trace().value) <= M.trace().error < 1e-150


def test_a_block_that_is_small_beside_its_neighbours_keeps_its_digits():
    x, w, v = 1.0, 1e-5, 3.0
    net = deep.Network([[[w]], [v]], activation="identity")
    across = deep.Hessian(net, [[x]], [w * v * x]).block("W1", "W2")  # v x w x
    norm = across.frobenius_norm()
    assert abs(norm.value - v * w) <= norm.error <= 1e-8 * v * w


def test_a_block_whose_square_leaves_the_floats():
    net = deep.Network([[[1.0]], [1.0]], activation="identity")
    norm = deep.Hessian(net, [[1e100]], [0.0]).gauss_newton.block("W1", "W2").frobenius_norm()
    assert abs(norm.value / 1e200 - 1) <= norm.error / 1e200 < 1e-9


@pytest.mark.parametrize(
    ("W", "X", "a"), [(1e-307, 1e-234, 1e89), (1e-160, 1e-170, 1e40), (1e-250, 1e-100, 1e60)]
)
@pytest.mark.parametrize("activation", ["relu", "leaky_relu"])
def test_pre_activations_that_vanish_leave_their_side_of_a_kink_open(W, X, a, activation):
    """Where every product of an input and a weight underflows the sign is lost, but not that there is one."""
    net = tl.TwoLayer(
        a * np.array([1.0, -2.0]), W * np.array([[1.0, 2.0], [-3.0, 1.0]]), activation=activation
    )
    data = X * np.array([[1.0, 3.0], [2.0, -1.0], [0.0, 0.0]]), [1.0, 0.0, 1.0]
    truth, found = tl.Hessian(net, *data), deep.Hessian(deep.Network.of(net), *data)
    assert (found.n_kinks, found.undecided_kinks) == (2, 4)
    assert truth.trace().value > 0
    for name in ("trace", "frobenius_norm"):
        one, other = getattr(truth, name)(), getattr(found, name)()
        assert abs(one.value - other.value) <= one.error + other.error


def test_the_bound_of_a_wide_networks_norm_is_nearly_that_of_two_layers():
    rng = np.random.default_rng(0)
    net = tl.TwoLayer(rng.normal(size=300), rng.normal(size=(300, 8)), rng.normal(size=300))
    X, y = rng.normal(size=(20, 8)), rng.normal(size=20)
    one = tl.Hessian(net, X, y).frobenius_norm()
    two = deep.Hessian(deep.Network.of(net), X, y).frobenius_norm()
    assert abs(one.value - two.value) <= one.error + two.error
    assert two.error <= 5 * one.error


def test_the_tangent_kernel_is_j_times_its_transpose_and_tells_of_every_part(monkeypatch):
    monkeypatch.setattr("numerics.deep.matrices.ENTRIES", 600)
    net = deep.random_network([4, 6, 5, 3], "tanh", seed=0)
    X = np.random.default_rng(0).normal(size=(20, 4))
    G = deep.Hessian(net, X, np.zeros((20, 3))).gauss_newton
    told = []
    found = G.eigenvalues(method="kernel", progress=lambda share, doing: told.append((share, doing)))
    assert sum(doing == "the tangent kernel" for _, doing in told) >= 60 * 60 / 600
    truth = np.linalg.eigvalsh(G.toarray())[::-1]
    assert np.abs(found.value - truth).max() <= found.error.max() + G.rounding_error() + 1e-12 * truth[0]


@pytest.mark.parametrize("shift", [np.ones(3), [1.0], True, 1j, 10**400, None])
@pytest.mark.parametrize(
    "question", ["inertia", "logdet", "condition_number", "effective_dimension", "pseudo_logdet"]
)
def test_what_is_no_finite_number_is_refused_by_every_question(question, shift):
    for H in (problem(), tl.Hessian(tl.TwoLayer([1.0], [[1.0]]), [[1.0]], [0.0])):
        with pytest.raises(ValueError, match=r"must be a finite number"):
            getattr(H, question)(shift)


@pytest.mark.parametrize(
    "words",
    [
        {"kind": ["torch"]},
        {"kind": "he"},
        {"biases": "no"},
        {"sizes": [True, 2]},
        {"sizes": [2, 1.5]},
        {"seed": True},
    ],
)
def test_a_random_network_of_bad_words_is_refused(words):
    with pytest.raises((TypeError, ValueError), match=f"{next(iter(words))} must be"):
        deep.random_network(**{"sizes": [2, 3, 1], "seed": 0, **words})


def test_an_input_gradient_beyond_the_floats_is_refused():
    net = deep.Network([[[1e200]], [[1e200]]], activation="identity")
    with pytest.raises(ValueError, match="must give finite input gradients; got overflow"):
        net.input_gradient([[1e-300]])
