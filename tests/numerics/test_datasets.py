"""The embedded digits and the tasks made from a user's file."""

import numpy as np
import pytest

from numerics.files import datasets


def test_the_digits_are_those_of_the_source():
    images, labels = datasets.digits()
    assert images.shape == (1797, 64)
    assert images.dtype == labels.dtype == np.uint8
    assert np.bincount(labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert (images.min(), images.max(), images.sum()) == (0, 16, 561718)


def test_the_task_of_the_digits():
    task = datasets.digits_task()
    assert task.y.tolist() == [1.0 if digit >= 5 else -1.0 for digit in datasets.digits()[1]]
    assert "CC BY 4.0" in task.credit


def stored(tmp_path, X, y):
    path = tmp_path / "d.npz"
    np.savez(path, X=X, y=y)
    return path


def test_digits_of_a_user_give_the_same_task(tmp_path):
    images, labels = datasets.digits()
    task = datasets.load_task(stored(tmp_path, images, labels))
    np.testing.assert_array_equal(task.X, datasets.digits_task().X)
    np.testing.assert_array_equal(task.y, datasets.digits_task().y)


@pytest.mark.parametrize("labels", [[0, 1, 1], [False, True, True], [-1.0, 0.5, 0.5], [[3], [4], [4]]])
def test_two_labels_of_any_kind(tmp_path, labels):
    assert datasets.load_task(stored(tmp_path, np.eye(3), labels)).y.tolist() == [-1.0, 1.0, 1.0]


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        (np.eye(3), [1, 1, 1], "y in .* must be .*two distinct values.*got 1 column"),
        (np.eye(3), [0.5, 1.5, 2.5], "y in .* integer classes"),
        (np.eye(3), np.ones((3, 3)), "got 3 column"),
        (np.eye(3), [0, 1], r"y in .* must be numbers \(3,\)"),
        (np.eye(3), [0, np.nan, 1], "y in .* must be finite; got 1"),
        (np.array([[np.inf], [np.nan]]), [0, 1], "X in .* must be finite; got 2"),
        (np.zeros((0, 3)), [], "X in .* must be numbers"),
        (np.zeros((3, 0)), [0, 1, 1], "X in .* must be numbers"),
        (np.zeros(3), [0, 1, 1], "X in .* must be numbers"),
    ],
)
def test_what_is_not_a_task_is_refused(tmp_path, X, y, message):
    with pytest.raises(ValueError, match=message):
        datasets.load_task(stored(tmp_path, X, y))


def test_scaling_keeps_the_geometry():
    X = np.random.default_rng(0).uniform(0, 16, size=(30, 5))
    scaled = datasets.centred(X)(X)
    np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=1e-14)
    gaps = X[:, None] - X
    np.testing.assert_allclose(scaled[:, None] - scaled, gaps / (np.ptp(X) / 2), atol=1e-14)
    np.testing.assert_array_equal(datasets.unscaled(X)(X), X)


def test_inputs_that_do_not_differ_cannot_be_scaled():
    with pytest.raises(ValueError, match="entries that differ"):
        datasets.centred(np.ones((3, 2)))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("scale", [datasets.centred, datasets.standardised])
def test_inputs_whose_sum_overflows_are_refused(scale):
    with pytest.raises(ValueError, match="X must give finite means of inputs; got overflow"):
        scale(np.array([[1.7e308, 1.0], [1.6e308, 2.0]]))
