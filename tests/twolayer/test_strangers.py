"""Arrays of other libraries: converted, or refused with what to do."""

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
    ],
)
def test_what_would_be_misread_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        tl.Hessian(NET, wrong, Y)


def test_data_frames():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=["u", "v"])
    assert (tl.Hessian(NET, frame, pandas.Series(Y)).toarray() == tl.Hessian(NET, X, Y).toarray()).all()
    with pytest.raises(ValueError, match="what is missing"):
        tl.Hessian(NET, frame.astype(object).mask(frame > 3, None), Y)
