"""Arrays as others make them: read-only, masked, mapped from files, of other dtypes and orders."""

import math

import numpy as np
import pytest
from hypothesis import given, settings

import twolayer as tl
from numerics import attack, basins, datasets, deep, landscape, potentials, training, volume
from numerics.volume.priors import Gaussian
from twolayer import testing
from twolayer.arrays import real_array
from twolayer.forward.inputs import taken

NET = tl.TwoLayer([1.0, -0.5], [[0.5, 1.0], [1.0, -1.0]])
X = np.array([[1.0, 2.0], [0.5, -1.0], [3.0, 0.25]])
Y = np.array([1.0, -2.0, 0.5])
MANY = tl.Ensemble.of(NET, np.stack([NET.theta, 0.5 * NET.theta]))


def locked(array):
    own = np.array(array)
    own.setflags(write=False)
    return own


def mapped(array, folder):
    path = folder / "array.npy"
    np.save(path, array)
    return np.load(path, mmap_mode="r")


ENTRIES = {
    "risk": lambda x, y: float(tl.risk(NET, x, y)),
    "gradient": lambda x, y: tl.gradient(NET, x, y),
    "gradient_norm": lambda x, y: float(tl.gradient_norm(NET, x, y)),
    "Hessian": lambda x, y: float(tl.Hessian(NET, x, y).frobenius_norm()),
    "product": lambda x, y: tl.Hessian(NET, X, Y) @ np.resize(y, NET.n_parameters),
    "network": lambda x, y: NET(x),
    "input_gradient": lambda x, y: NET.input_gradient(x),
    "Ensemble.risk": lambda x, y: MANY.risk(x, y),
    "Ensemble.gradient": lambda x, y: MANY.gradient(x, y),
    "Ensemble.frobenius_norm": lambda x, y: MANY.frobenius_norm(x, y),
    "descend": lambda x, y: training.descend(MANY, x, y, steps=2, learning_rate=0.01)[0].theta,
    "values": lambda x, y: landscape.NetworkLandscape(NET, x, y).values(locked(MANY.theta)),
    "value": lambda x, y: landscape.NetworkLandscape(NET, x, y).value(locked(NET.theta)),
}


@pytest.mark.slow
@pytest.mark.parametrize("ask", ENTRIES.values(), ids=ENTRIES)
def test_read_only_arrays_and_memory_maps_are_as_good_as_others(ask, tmp_path):
    wanted = ask(X, Y)
    assert np.array_equal(ask(locked(X), locked(Y)), wanted)
    assert np.array_equal(ask(X, mapped(Y, tmp_path)), wanted)
    assert np.array_equal(ask(mapped(X, tmp_path), Y), wanted)
    assert np.array_equal(ask(np.broadcast_to(X, (1, 3, 2))[0], Y), wanted)


@pytest.mark.parametrize("ask", ENTRIES.values(), ids=ENTRIES)
def test_order_byte_order_and_short_floats_do_not_matter(ask):
    wanted = ask(X, Y)
    assert np.array_equal(ask(np.asfortranarray(X), Y[::-1].copy()[::-1]), wanted)
    assert np.array_equal(ask(X.astype(">f8"), Y.astype(">f8")), wanted)
    assert np.array_equal(ask(X.astype(np.float16), Y.astype(np.float32)), wanted)


MASKED = {name: ask for name, ask in ENTRIES.items() if name not in ("product", "network", "input_gradient")}


@pytest.mark.parametrize("ask", MASKED.values(), ids=MASKED)
def test_hidden_values_are_not_counted_in_silence(ask):
    shown = np.ma.masked_array(Y, mask=False)
    assert np.array_equal(ask(X, shown), ask(X, Y))
    hidden = np.ma.masked_array(Y, mask=[False, True, False])
    with pytest.raises(ValueError, match=r"^y must have all its entries; got a masked array"):
        ask(X, hidden)


@pytest.mark.parametrize("given", [np.array([1, 2**53 + 1, 3]), [1, 2**53 + 1, 0.5], [1, 2**62 + 1, 3]])
def test_an_integer_that_no_float_equals_is_refused(given):
    with pytest.raises(
        ValueError, match=r"^y must be exact in float64; got \d+ at index \[1\]: pass y\.astype\(float\)"
    ):
        tl.risk(NET, X, given)


def test_an_integer_that_is_a_float_is_taken_however_large():
    assert real_array("y", [2**53, -(2**60), 2**63]).tolist() == [2.0**53, -(2.0**60), 2.0**63]


def test_digits_of_a_longer_float_are_not_dropped():
    third = np.array([1.0], dtype=np.longdouble) / 3
    assert real_array("y", np.array([0.5], dtype=np.longdouble)).tolist() == [0.5]
    if third.dtype.itemsize > 8:  # elsewhere long doubles are doubles
        with pytest.raises(ValueError, match=r"^y must be exact in float64; got"):
            real_array("y", third)


def test_what_is_returned_can_be_written_to_and_a_callers_array_is_left_alone():
    given = locked(Y)
    real_array("y", given)[0] = 7.0
    assert given[0] == 1.0


@pytest.mark.slow
def test_basins_and_volumes_take_read_only_arrays():
    place = landscape.NetworkLandscape(NET, locked(X), locked(Y))
    found = [
        basins.sample(place, starts, rng=np.random.default_rng(0))
        for starts in (MANY.theta, locked(MANY.theta))
    ]
    assert np.array_equal(found[0].labels, found[1].labels)
    ends = [place.gradient(locked(NET.theta)), place.gradient(NET.theta)]
    assert np.array_equal(*ends)
    for estimate in (volume.radial, volume.tempering):
        options = {"threshold": 0.1, "prior": Gaussian(2.0)}
        sizes = [
            estimate(place, centre, rng=np.random.default_rng(0), **options).log_volume
            for centre in (found[0].minima[0].theta.copy(), locked(found[0].minima[0].theta))
        ]
        assert sizes[0] == sizes[1]


def test_a_problem_that_cannot_be_is_one_sentence():
    with pytest.raises(ValueError, match=r"^outputs must be 2 or more for softmax; got 1$"):
        testing.problems(losses=("softmax",), outputs=1)
    for wrong in (2.5, "3", (1, 2, 3), (2.0, 3.0), True, 0):
        with pytest.raises(
            ValueError, match=r"^samples must be an integer of at least 1, or \(least, most\)"
        ):
            testing.problems(samples=wrong)


@settings(max_examples=5, deadline=None)
@given(testing.problems(samples=200, inputs=20, units=10, losses=("squared", "softmax")))
def test_large_problems_pass_hypothesis_health_checks(problem):
    assert problem.X.shape == (200, 20)


@pytest.mark.parametrize(
    "rows",
    [
        [np.ma.array([1.0, 2.0], mask=[True, False])],
        [[np.ma.masked, 1.0]],
        ([1.0, 2.0], (np.ma.array(3.0, mask=True), 1.0)),
    ],
)
def test_masked_entries_within_lists_are_not_counted_either(rows):
    with pytest.raises(ValueError, match="X must have all its entries; got a masked array"):
        tl.TwoLayer([1.0], [[1.0, 2.0]])(rows)


SELF: list = []
SELF.append(SELF)


@pytest.mark.parametrize("wrong", [SELF, [[[]], 1.0], len, {"a": 1}, {1.0}, "abc"])
@pytest.mark.parametrize(
    "ask",
    [
        NET,
        tl.Hessian(NET, X, Y).__matmul__,
        tl.Hessian(NET, X, Y).block("a", "W").__matmul__,
        landscape.NetworkLandscape(NET, X, Y).value,
        potentials.ellipsoid([1.0, 4.0]).values,
        potentials.CosineLattice(2).gradient,
        potentials.ellipsoid,
        datasets.centred,
        datasets.standardised,
        datasets.uneven,
    ],
)
def test_what_is_no_array_is_one_sentence(ask, wrong):
    with pytest.raises(ValueError, match=r"must be|not allowed") as said:
        ask(wrong)
    assert len(str(said.value)) < 200
    assert "\n" not in str(said.value)


OPERATORS = {
    "Hessian": tl.Hessian(NET, X, Y),
    "gauss_newton": tl.Hessian(NET, X, Y).gauss_newton,
    "block": tl.Hessian(NET, X, Y).block("a", "W"),
    "with_ridge": tl.Hessian(NET, X, Y).with_ridge(0.5),
    "deep": deep.Hessian(deep.Network([np.ones((2, 2)), [[1.0, -0.5]]]), X, Y[:, None]),
    "deep block": deep.Hessian(deep.Network([np.ones((2, 2)), [[1.0, -0.5]]]), X, Y[:, None]).block(1, 2),
}


@pytest.mark.parametrize("name", OPERATORS)
def test_operators_take_vectors_of_any_kind_and_refuse_what_is_hidden(name):
    H = OPERATORS[name]
    rows, columns = H.shape
    v = np.arange(1.0, 1 + columns)
    M, left = np.outer(v, [1.0, -2.0, 0.5, 4.0, 1.0, 0.0, 3.0]), np.arange(1.0, 1 + rows)
    dense = H.toarray()
    for same in (v, v.tolist(), locked(v), v.astype(">f4"), v.astype(object), np.ma.array(v)):
        np.testing.assert_allclose(H @ same, dense @ v, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(H @ np.asfortranarray(M), dense @ M, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(left @ H, left @ dense, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose((2.0 * H + H) @ v, 3 * (dense @ v), rtol=1e-12, atol=1e-12)
    hidden = np.ma.array(v, mask=v == 1)
    for wrong, said in (
        (hidden, "vector must have all its entries"),
        (v * 1j, "vector must be an array of real numbers"),
        (v[:-1], r"vector must be \(\d+,\) to match the operator"),
        (M.T, r"vector must be \(\d+, r\) with r >= 1 to match the operator; got .*: pass vector\.T"),
        (M[None], "to match the operator"),
        (v * np.nan, "vector must be finite"),
    ):
        with pytest.raises(ValueError, match=said):
            H @ wrong
    with pytest.raises(ValueError, match="vector must have all its entries"):
        H.T @ np.ma.array(left, mask=left == 1)


NO_VECTORS = (2.0, np.float64(2.0), None, [], "x", b"x", {}, [[1.0], [2.0, 3.0]], np.ones((1, 1, 1)))


@pytest.mark.parametrize("name", OPERATORS)
def test_what_is_no_vector_is_refused_in_one_sentence(name):
    H = OPERATORS[name]
    rows, columns = H.shape
    strange = [np.ones(size) for size in (rows + columns, rows * columns + 1)]
    strange += [strange[0] * 1j, np.array(["a"] * (rows + columns))]
    for wrong in (*NO_VECTORS, *strange):
        for ask in (H.__matmul__, H.__rmatmul__, H.matvec, H.rmatvec, H.matmat, H.rmatmat):
            with pytest.raises(ValueError, match=r"^vectors? must .*; got "):
                ask(wrong)
    np.testing.assert_array_equal(H.matvec(np.ones((columns, 1))), (H @ np.ones(columns))[:, None])
    np.testing.assert_array_equal(H.matmat(np.ones((columns, 2)))[:, 0], H @ np.ones(columns))
    np.testing.assert_array_equal(H.rmatmat(np.ones((rows, 2)))[:, 1], H.rmatvec(np.ones(rows)))


@pytest.mark.filterwarnings("ignore")  # torch's own, of what is a prototype, or to be given up
def test_tensors_that_hold_no_rows_of_numbers_are_refused():
    torch = pytest.importorskip("torch")
    with pytest.raises(ValueError, match="y must be a rectangular tensor; got a nested one"):
        tl.risk(NET, X, torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]))
    quantised = torch.quantize_per_tensor(torch.ones(3, 2), 0.1, 0, torch.qint8)
    with pytest.raises(ValueError, match=r"X must hold real numbers; .*: pass X\.dequantize\(\)"):
        tl.risk(NET, quantised, Y)


def test_inputs_are_scaled_alike_whatever_their_kind():
    for rule in (datasets.centred, datasets.standardised, datasets.unscaled):
        wanted = rule(X)(X)
        for same in (X.tolist(), X.astype(np.float16), X.astype(object), np.ma.array(X), locked(X)):
            assert np.array_equal(rule(same)(same), wanted)
        with pytest.raises(ValueError, match="X must have all its entries"):
            rule(np.ma.array(X, mask=X == 1.0))
        assert rule(X)(X[:0]).shape == (0, 2)
        assert np.array_equal(rule(X)(X[1]), wanted[1])
        with pytest.raises(ValueError, match=r"X must be \(n, d\)"):
            rule(Y)
        with pytest.raises(ValueError, match=r"X must be \(n, 2\) to match the scaling; got \(3,\)"):
            rule(X)(Y)


def test_a_label_that_is_missing_has_no_class():
    for missing in (np.ma.array([0.0, 1.0], mask=[0, 1]), [0.0, np.nan], ["cat", None], [[1, 2], [3]], 1.0):
        with pytest.raises(ValueError, match=r"^y must"):
            tl.class_weights(missing)
    assert tl.class_weights(np.array(["b", "a", "a"], dtype=object)).tolist() == [1.5, 0.75, 0.75]


def test_a_reserve_of_samples_holds_their_numbers():
    for wrong in (np.array([1.0, 2.0]), np.ma.array([1, 2], mask=[0, 1]), 3, [[1, 2]], None):
        with pytest.raises(ValueError, match=r"^reserve must"):
            attack.attack_set(wrong, 1)
    for wrong in (["a", None], np.ma.array([1.0], mask=[1]), [[0], [1, 2]], [0.5, 1.5, 0.0], [[1, 2, 3]][:0]):
        with pytest.raises(ValueError, match=r"^y"):
            datasets.two_classes(wrong)
    assert datasets.two_classes([3, 5, 5])[0].tolist() == [-1.0, 1.0, 1.0]
    assert attack.attack_set([5, 7], 1).chosen.tolist() == [5]


@pytest.mark.parametrize("scale", [1e-320, 1e-200, 1e-8, 1.0, 1e8, 1e200])
@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize("shape", [(1, 1), (5, 2), (7, 9), (3, 40)])
def test_inputs_are_measured_while_they_are_read(shape, kept, scale):
    X = np.random.default_rng(0).standard_normal(shape) * scale
    X[0] *= 0.0
    for rows in (X, X[-1:], np.asfortranarray(X), X[::-1]):
        found = taken(rows, shape[1], kept)
        assert np.array_equal(found.X, rows)
        assert not (kept and np.shares_memory(found.X, rows))
        exact = [math.hypot(*row) for row in rows.tolist()]
        pairs = zip(exact, found.lengths, strict=True)
        assert all(low <= high <= 1.002 * low + 1e-322 for low, high in pairs)


@pytest.mark.parametrize("strange", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("d", [1, 4])
def test_inputs_that_are_not_finite_are_refused_by_place(d, strange):
    X = np.ones((3, d))
    X[2, d - 1] = strange
    with pytest.raises(ValueError, match=rf"X must be finite; got .* at index \[2, {d - 1}\]"):
        taken(X, d, kept=True)
