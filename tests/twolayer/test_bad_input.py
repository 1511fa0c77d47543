"""Whatever cannot be right is refused at once, in a sentence that says what was wanted and what came."""

from fractions import Fraction

import numpy as np
import pytest

import twolayer as tl

X = np.array([[1.0, 2.0], [3.0, 4.0], [0.5, -1.0]])
Y = np.array([1.0, 0.0, 1.0])
NET = tl.TwoLayer([1.0, -1.0], [[1.0, 0.0], [0.5, 2.0]], [0.1, 0.2], 0.3)
WIDE = tl.TwoLayer([[1.0, -1.0], [0.5, 2.0]], [[1.0, 0.0], [0.5, 2.0]])
NAN, INF = float("nan"), float("inf")

NETWORKS = {
    "a: too long": ({"a": [1.0, 2.0, 3.0]}, r"a must be \(2,\) to match W; got \(3,\)"),
    "a: wrong columns": ({"a": [[1.0, 2.0, 3.0]]}, r"a must be \(q, 2\) .*; got \(1, 3\)"),
    "a: scalar": ({"a": 1.0}, r"a must be .*; got \(\)"),
    "a: empty": ({"a": []}, r"a must be .*; got \(0,\)"),
    "a: NaN": ({"a": [1.0, NAN]}, r"a must be finite; got nan at index \[1\]"),
    "a: complex": ({"a": [1.0, 2j]}, "a must be an array of real numbers; got dtype complex128"),
    "a: object": ({"a": [1.0, None]}, r"a must be an array of real numbers; got None at index \[1\]: fill"),
    "a: text": ({"a": ["1", "2"]}, "a must be an array of real numbers; got dtype <U1"),
    "W: vector": ({"W": [1.0, 2.0]}, r"W must be \(m, d\) with m, d >= 1; got \(2,\)"),
    "W: no units": ({"W": np.empty((0, 2))}, r"W must be \(m, d\) with m, d >= 1; got \(0, 2\)"),
    "W: no inputs": ({"W": np.empty((2, 0))}, r"W must be \(m, d\) with m, d >= 1; got \(2, 0\)"),
    "W: infinite": ({"W": [[1.0, 0.0], [-INF, 2.0]]}, r"W must be finite; got -inf at index \[1, 0\]"),
    "W: ragged": ({"W": [[1.0], [1.0, 2.0]]}, "W must be a rectangular array .*; got rows of unequal length"),
    "b: too short": ({"b": [1.0]}, r"b must be \(2,\) to match W; got \(1,\)"),
    "b: NaN": ({"b": [NAN, 0.0]}, r"b must be finite; got nan at index \[0\]"),
    "c: too long": ({"c": [1.0, 2.0]}, r"c must be .* to match a; got \(2,\)"),
    "c: infinite": ({"c": INF}, "c must be finite; got inf"),
    "activation: unknown": ({"activation": "tanch"}, "activation must be .*tanh.*; got 'tanch'"),
    "activation: code": (
        {"activation": "__import__('os').system('x')"},
        "activation must be .*; got .*__import__",
    ),
    "activation: long": ({"activation": "tanh" * 10_000}, "activation must be .*; got 'tanhtanh"),
}


@pytest.mark.parametrize("case", NETWORKS)
def test_a_network_that_does_not_fit_is_refused(case):
    changes, message = NETWORKS[case]
    parts = {"a": [1.0, -1.0], "W": [[1.0, 0.0], [0.5, 2.0]], "b": None, "c": None, "activation": "tanh"}
    with pytest.raises(ValueError, match=f"^{message}") as caught:
        tl.TwoLayer(**{**parts, **changes})
    assert len(str(caught.value)) < 400


LABELS = r"y must be integer labels 0\.\.1; got "
DATA = {
    "X: columns": (NET, X[:, :1], Y, "squared", r"X must be \(n, 2\) with n >= 1 to match W; got \(3, 1\)"),
    "X: vector": (NET, X[0], Y, "squared", r"X must be \(n, 2\) .*; got \(2,\)"),
    "X: empty": (NET, X[:0], Y[:0], "squared", r"X must be \(n, 2\) with n >= 1 .*; got \(0, 2\)"),
    "X: NaN": (NET, [[1.0, NAN]], [1.0], "squared", r"X must be finite; got nan at index \[0, 1\]"),
    "X: complex": (NET, X + 1j, Y, "squared", "X must be an array of real numbers; got dtype complex128"),
    "y: too short": (NET, X, Y[:2], "squared", r"y must be \(3,\) to match X and a; got \(2,\)"),
    "y: a column": (NET, X, Y[:, None], "squared", r"y must be \(3,\) .*; got \(3, 1\)"),
    "y: flat for two": (WIDE, X, Y, "squared", r"y must be \(3, 2\) .*; got \(3,\)"),
    "y: infinite": (NET, X, [1.0, INF, 0.0], "squared", r"y must be finite; got inf at index \[1\]"),
    "y: object": (
        NET,
        X,
        [1.0, None, 0.0],
        "squared",
        "y must be .* real numbers; got None at index .*: fill or leave out",
    ),
    "logistic: labels": (NET, X, [1.0, -1.0, 1.0], "logistic", r"y must be labels 0 or 1; got -1\.0"),
    "softmax: too large": (WIDE, X, [0, 1, 2], "softmax", LABELS + "2"),
    "softmax: negative": (WIDE, X, [0, -1, 1], "softmax", LABELS + "-1"),
    "softmax: fraction": (WIDE, X, [0, 0.5, 1], "softmax", LABELS + r"0\.5"),
    "softmax: one output": (NET, X, [0, 0, 0], "softmax", r"a must be \(q, m\) with q >= 2 .*; got q = 1"),
    "softmax: one-hot": (WIDE, X, np.eye(3)[:, :2], "softmax", r"y must be \(3,\) .*; got \(3, 2\)"),
    "loss: unknown": (NET, X, Y, "square", "loss must be .*squared.*; got 'square'"),
}


@pytest.mark.parametrize("take", [tl.risk, tl.gradient, tl.gradient_norm, tl.Hessian])
@pytest.mark.parametrize("case", DATA)
def test_data_that_does_not_fit_is_refused(case, take):
    *words, loss, message = DATA[case]
    with pytest.raises(ValueError, match=f"^{message}"):
        take(*words, loss=loss)


HESSIAN = tl.Hessian(NET, X, Y)
CALLS = {
    "method": (lambda: HESSIAN.frobenius_norm(method="fast"), "method must be .*pairs.*; got 'fast'"),
    "block": (lambda: HESSIAN.block("V"), "rows must be among the parts a, W, b, c; got V"),
    "column": (lambda: HESSIAN.block("a", "V"), "columns must be among the parts a, W, b, c; got V"),
    "no block": (lambda: HESSIAN.block(()), "rows must be among .*; got "),
    "block of an absent part": (
        lambda: tl.Hessian(WIDE, X, np.zeros((3, 2))).block("b"),
        "rows must be among the parts a, W; got b",
    ),
    "k too large": (lambda: HESSIAN.eigenvalues(1000), r"k must be None or in 1\.\.9; got 1000"),
    "k zero": (lambda: HESSIAN.eigenvalues(0), r"k must be None or in 1\.\.9; got 0"),
    "shift": (lambda: HESSIAN.logdet(NAN), "shift must be .*; got nan"),
    "inertia": (lambda: HESSIAN.inertia(INF), "shift must be .*; got inf"),
    "theta": (lambda: NET.replace(np.zeros(3)), r"theta must be \(9,\) .*; got \(3,\)"),
    "theta NaN": (lambda: NET.replace(np.full(9, NAN)), r"theta must be finite; got nan at index \[0\]"),
    "inputs": (lambda: NET(np.zeros((2, 3))), r"X must be \(n, 2\) .*; got \(2, 3\)"),
    "gradient's inputs": (lambda: NET.input_gradient([[NAN, 0.0]]), "X must be finite; got nan"),
}


@pytest.mark.parametrize("case", CALLS)
def test_a_question_that_makes_no_sense_is_refused(case):
    call, message = CALLS[case]
    with pytest.raises(ValueError, match=f"^{message}"):
        call()


def test_a_vector_of_the_wrong_length_is_refused():
    with pytest.raises(ValueError, match=r"vector must be \(9,\) to match the operator; got \(5,\)"):
        HESSIAN @ np.ones(5)


def test_a_complex_vector_is_not_stripped_of_its_imaginary_part():
    v = np.ones(9) * 1j
    with pytest.raises((ValueError, TypeError), match=r"must be .*real.*; got"):
        HESSIAN @ v


@pytest.mark.parametrize("take", [tl.risk, tl.gradient, tl.Hessian])
@pytest.mark.parametrize(
    ("activation", "size"), [("cube", 1e120), ("square", 1e160), ("identity", 1e308), ("tanh", 1e308)]
)
def test_overflow_is_one_clear_error(take, activation, size):
    net = tl.TwoLayer([1.0], [[10.0]], activation=activation)
    with pytest.raises(ValueError, match=r"must .*; got overflow"):
        take(net, [[size]], [0.0])


def test_a_hessian_that_overflows_says_so():
    net = tl.TwoLayer([1.0], [[0.1]], activation="cube")
    H = tl.Hessian(net, [[1e52]], [0.0])  # f^2 is 1e306, (df/dw)^2 is 9e308
    for quantity in (H.frobenius_norm, H.trace, H.toarray, H.diagonal, H.eigenvalues):
        with pytest.raises(ValueError, match=r"must .*; got overflow"):
            quantity()


@pytest.mark.parametrize("name", ["relu", "leaky_relu", "relu_squared"])
def test_kinks_are_counted_and_the_left_piece_is_used(name):
    net = tl.TwoLayer([1.0, 1.0], [[1.0], [2.0]], activation=name)
    H = tl.Hessian(net, [[0.0], [-1.0]], [0.0, 0.0])
    assert H.n_kinks == 2
    assert (tl.Hessian(net, [[-1e-300], [-1.0]], [0.0, 0.0]).toarray() == H.toarray()).all()


def test_a_matrix_too_large_for_memory_is_refused_before_it_is_made():
    m = 3000
    net = tl.TwoLayer(np.ones(m), np.ones((m, 800)))
    H = tl.Hessian(net, np.ones((1, 800)), [0.0])
    with pytest.raises(MemoryError, match=r"^the matrix must fit .*; got .* GiB"):
        H.toarray()


LARGE = 10**400
ASKED = {
    "shift": lambda H: H.logdet(LARGE),
    "ridge": lambda H: H.with_ridge(LARGE),
    "p": lambda H: H.schatten_norm(LARGE),
    "a class's weight": lambda H: tl.class_weights([0, 1], {0: LARGE, 1: 1}),
    "what is reckoned with": lambda H: H.trace() * LARGE,
    "an exponent": lambda H: H.trace() ** LARGE,
}


@pytest.mark.parametrize("name", ASKED)
def test_integers_beyond_the_floats_are_refused_by_name(name):
    H = tl.Hessian(tl.TwoLayer([2.0], [[1.0]], activation="identity"), [[1.0]], [2.0])
    with pytest.raises(
        ValueError, match=f"^{name} must be a (finite )?number that fits into a float; got an int"
    ):
        ASKED[name](H)
    assert H.trace() < LARGE
    assert H.trace() > -LARGE
    assert H.rank(max_seconds=LARGE).value == 1


@pytest.mark.parametrize("parts", [3, None, (), ["a", 3], ["a", []]])
def test_parts_that_are_none_are_refused(parts):
    H = tl.Hessian(tl.TwoLayer([2.0], [[1.0]], activation="identity"), [[1.0]], [2.0])
    with pytest.raises(ValueError, match=r"^rows must be among the parts a, W; got \S"):
        H.block(parts)


def test_a_shift_may_be_any_real_number():
    H = tl.Hessian(tl.TwoLayer([2.0], [[1.0]], activation="identity"), [[1.0]], [2.0])
    assert H.logdet(Fraction(1, 3)).value == H.logdet(1 / 3).value
