"""Arrays of other libraries: converted, or refused with what to do."""

from datetime import datetime
from fractions import Fraction

import numpy as np
import pytest
from scipy import sparse

import twolayer as tl

X = np.array([[1.0, 2.0], [3.0, 4.0]])
Y = np.array([0.5, 0.25])
NET = tl.TwoLayer([1.0], [[0.5, -0.25]])


def test_arrays_of_any_layout_give_the_same_numbers():
    expected = tl.Hessian(NET, X, Y).toarray()
    tight = np.asfortranarray(X)
    locked = X.copy()
    locked.setflags(write=False)
    narrow = (X.astype(np.float16), X.astype(int))
    for same in (tight, locked, X.astype(">f8"), *narrow, X.tolist(), np.ma.array(X)):
        assert (tl.Hessian(NET, same, Y).toarray() == expected).all()


def test_tensors_that_require_a_gradient():
    torch = pytest.importorskip("torch")
    for dtype in (torch.float64, torch.float32, torch.bfloat16):
        tensor = torch.tensor(X, dtype=dtype, requires_grad=True)
        assert (tl.Hessian(NET, tensor, torch.tensor(Y)).toarray() == tl.Hessian(NET, X, Y).toarray()).all()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (sparse.csr_matrix(X), r"got a sparse one: pass X\.toarray\(\)"),
        (np.ma.array(X, mask=[[0, 1], [0, 0]]), "got a masked array: fill"),
        (np.array([[1, None], [2, 3]], dtype=object), "fill or leave out what is missing"),
        (np.array([["2020-01-01"] * 2] * 2, dtype="datetime64[D]"), "turn dates into numbers"),
        (np.array([["a", "b"], ["c", "d"]]), "map text to numbers"),
        (np.array([[1, "b"], [2, 3]], dtype=object), r"got text at index \[0, 1\]: map text"),
        (np.array([[1, datetime(2020, 1, 1)]], dtype=object), "turn dates into numbers"),
        (np.array([[1, 2**60 + 1]], dtype=object), r"must be exact in float64; got 1152921504606846977"),
        (np.array([[1, Fraction(1, 3)]], dtype=object), r"convert it with astype\(float\)"),
        (None, "must be an array of real numbers; got None"),
        ((row for row in X), "pass a list of its rows"),
        (X + 1j, "pass its real part"),
        (np.rec.fromarrays(X.T), "make columns of its fields"),
        (np.array(X, dtype=np.longdouble) / 3, r"pass X\.astype\(float\) to round it"),
        (np.c_[X, Y][:1], "one column too many, which may be the target"),
        (X[0], "for one sample"),
    ],
)
def test_what_would_be_misread_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        tl.Hessian(NET, wrong, Y)


def test_objects_that_are_numbers_are_numbers():
    mixed = np.array([[1, np.float32(2)], [np.int8(3), 4.0]], dtype=object)
    assert (tl.Hessian(NET, mixed, Y.astype(object)).toarray() == tl.Hessian(NET, X, Y).toarray()).all()
    flags = np.array([[True, 2.5], [False, 4.0]], dtype=object)
    assert tl.risk(NET, flags, Y).value == tl.risk(NET, [[1, 2.5], [0, 4]], Y).value


def test_labels_of_other_conventions_are_told_what_to_do():
    many = tl.TwoLayer(np.ones((3, 1)), [[0.5, -0.25]])
    three = np.r_[X, X[:1]]
    for net, inputs, loss, y, cure in (
        (NET, X, "logistic", [-1, 1], r"pass \(y == 1\)\.astype\(float\)"),
        (NET, X, "logistic", [1, 2], r"pass \(y == 2\)\.astype\(float\)"),
        (many, three, "softmax", np.eye(3), r"pass y\.argmax\(axis=1\)"),
        (many, three, "softmax", [1, 2, 3], "pass y - 1"),
    ):
        with pytest.raises(ValueError, match=cure):
            tl.risk(net, inputs, y, loss=loss)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda tensor: tensor.to_sparse(), r"pass X\.to_dense\(\)"),
        (lambda tensor: tensor.cfloat(), r"pass X\.real"),
        (lambda tensor: tensor.to("meta"), "device 'meta'"),
    ],
)
def test_tensors_without_plain_numbers_are_refused(change, message):
    torch = pytest.importorskip("torch")
    with pytest.raises(ValueError, match=message):
        tl.Hessian(NET, change(torch.tensor(X)), Y)


def test_data_frames():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=["u", "v"])
    assert (tl.Hessian(NET, frame, pandas.Series(Y)).toarray() == tl.Hessian(NET, X, Y).toarray()).all()
    nullable = pandas.DataFrame({"u": pandas.array([1, 3], "Int64"), "v": [2.0, 4.0]})
    assert (tl.Hessian(NET, nullable, Y).toarray() == tl.Hessian(NET, X, Y).toarray()).all()
    with pytest.raises(ValueError, match="what is missing"):
        tl.Hessian(NET, nullable.assign(u=pandas.array([1, None], "Int64")), Y)
    with pytest.raises(ValueError, match="what is missing"):
        tl.Hessian(NET, frame.astype(object).mask(frame > 3, None), Y)
