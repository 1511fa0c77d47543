"""Data as strangers bring it: read, or refused with the cure; and what could be meant otherwise is said."""

import numpy as np
import pytest
from scipy.io import savemat

from numerics.commands.reproduce import chosen_task
from numerics.files import datasets
from numerics.files.tables import read_table
from numerics.sweeps.workplace import Workplace
from tests.numerics.written import X, Y, same, text

LONG = np.column_stack([np.tile(X, (5, 1)), np.tile(Y, 5)])


@pytest.mark.parametrize("part", [",", ";", "\t", "|", " ", " \t ", "   "])
@pytest.mark.parametrize("head", [[], ["u", "v", "y"]])
def test_any_delimiter(tmp_path, part, head):
    rows = [head] * bool(head) + [["1", "2.5", "0"], ["3", "-4", "1"], ["5", "6e-3", "1"]]
    if part == " \t ":
        rows = [[f" {cell} " for cell in row] for row in rows]
        part = "\t"
    same(read_table(text(tmp_path, "".join(part.join(row) + "\n" for row in rows))))


@pytest.mark.parametrize(
    ("content", "target"),
    [
        ("# made by hand\nu,v,y\n1,2.5,0\n# half\n3,-4,1\n5,6e-3,1\n", None),
        ("# u,v,y\n1,2.5,0\n3,-4,1\n5,6e-3,1\n", "y"),
        ("# y u v\n0 1 2.5\n1 3 -4\n1 5 6e-3\n", None),
        ("u,v,y,\n1,2.5,0,\n3,-4,1,\n5,6e-3,1,\n", None),
        ("u,v,y\n1,2.5,0,\n3,-4,1,\n5,6e-3,1,\n", None),
        ("1,2.5,0,\n3,-4,1,\n5,6e-3,1,\n", None),
        ('"a; b",v,y\n1,2.5,0\n3,-4,1\n5,6e-3,1\n', None),
    ],
)
def test_comments_and_commas_at_the_end(tmp_path, content, target):
    same(read_table(text(tmp_path, content), target))


@pytest.mark.parametrize("part", [";", "\t", " "])
def test_decimal_commas_are_read_and_said(tmp_path, part):
    rows = ["u v y", "1,0 2,5 0", "3 -4 1", "5 6e-3 1".replace("6e-3", "0,006")]
    path = text(tmp_path, "\n".join(row.replace(" ", part) for row in rows))
    notes = []
    same(read_table(path, notes=notes))
    assert len(notes) == 2
    assert "commas are taken as decimal points, '2,5' as 2.5" in notes[1]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("u;y\n1,000;0\n2,500;1\n", "a thousand or a decimal comma"),
        ("u;y\n1,5;0\n2.5;1\n", "in the digits 0 to 9; got '1,5'"),
        ("u,y\n1_000,0\n2,1\n", "column 'u' .* got '1_000'"),
        ("u,y\n1,0\n2,1_0\n", "column 'y' .* got '1_0'"),
        ("u,y\n\u0661,0\n2,1\n", "column 'u' .* in the digits 0 to 9"),
        ("0,1,2\n1,2.5,0\n3,-4,1\n", "names that pandas gives"),
        ("0,1,y\n1,2.5,0\n3,-4,1\n", "got 'y' beside numbers"),
        ("150,2,setosa\n5.1,3.5,0\n4.9,3,1\n", "got 'setosa' beside numbers"),
        ("id,u,y\n1,1.5,0\n2,2.5,1\n", "the numbers of the rows in column 'id'"),
        ("ID,u,y\n0,1.5,0\n1,2.5,1\n", "the numbers of the rows in column 'ID'"),
    ],
)
def test_what_is_doubtful_is_refused_with_the_cure(tmp_path, content, message):
    with pytest.raises(ValueError, match=message):
        read_table(text(tmp_path, content))


def test_a_first_row_of_numbers_is_said_to_be_a_sample(tmp_path):
    notes = []
    read_table(text(tmp_path, "2019,2020,2021\n1,2.5,0\n3,-4,1\n"), notes=notes)
    assert notes == ["d.csv has no header: its first row, 2019, 2020, 2021, is taken for a sample."]
    read_table(text(tmp_path, "u,v,y\n1,2.5,0\n3,-4,1\n"), notes=notes)
    assert len(notes) == 1


def test_a_missing_cell_is_no_comma_at_the_end(tmp_path):
    path = text(tmp_path, "u,v,y\n1,2.5,\n3,-4,1\n")
    with pytest.raises(ValueError, match="got an empty cell"):
        read_table(path, "u")


def test_numbers_stored_as_text(tmp_path):
    table = np.column_stack([X, Y])
    for kind in ("U32", "S32"):
        np.save(tmp_path / "str.npy", table.astype(kind))
        same(read_table(tmp_path / "str.npy"))
    np.savez(tmp_path / "str.npz", X=X.astype(str), y=Y)
    same(datasets.load_inputs(tmp_path / "str.npz"))
    np.save(tmp_path / "fields.npy", np.array([(1, 2.5, 0), (3, -4, 1), (5, 6e-3, 1)], dtype="f8,f8,i4"))
    same(read_table(tmp_path / "fields.npy"))
    np.save(tmp_path / "words.npy", np.array([["a", "0"], ["1", "1"]]))
    with pytest.raises(ValueError, match="must be of numbers; got 'a'"):
        read_table(tmp_path / "words.npy")


def test_targets_of_other_shapes(tmp_path):
    np.savez(tmp_path / "row.npz", X=X, y=Y[None, :])
    same(datasets.load_inputs(tmp_path / "row.npz"))
    np.savez(tmp_path / "hot.npz", X=X, y=np.eye(2)[Y])
    task = datasets.load_task(tmp_path / "hot.npz")
    assert task.y.tolist() == [-1, 1, 1]
    assert "+1 for the class 1, else -1 (y is one-hot" in task.labelling
    np.savez(tmp_path / "two.npz", X=X, y=np.ones((3, 2)))
    with pytest.raises(ValueError, match="got 2 column"):
        datasets.load_task(tmp_path / "two.npz")


def test_inputs_of_other_shapes_are_refused_with_the_cure(tmp_path):
    np.savez(tmp_path / "t.npz", X=X.T, y=Y)
    with pytest.raises(ValueError, match=r"got \(2, 3\): store X\.T"):
        datasets.load_inputs(tmp_path / "t.npz")
    np.savez(tmp_path / "i.npz", X=np.zeros((3, 4, 4)), y=Y)
    with pytest.raises(ValueError, match=r"got \(3, 4, 4\): store X\.reshape\(len\(X\), -1\)"):
        datasets.load_inputs(tmp_path / "i.npz")


@pytest.mark.parametrize(
    "names", [("x_train", "y_train"), ("data", "target"), ("X", "labels"), ("X_train", "y_train")]
)
def test_the_names_that_others_give(tmp_path, names):
    x, y = names
    np.savez(tmp_path / "d.npz", **{x: X, y: Y, "x_test": X[:1], "y_test": Y[:1]})
    savemat(tmp_path / "d.mat", {x: X, y: Y})
    for path in (tmp_path / "d.npz", tmp_path / "d.mat"):
        notes = []
        same(read_table(path, notes=notes))
        assert notes == [f"{path.name}: {x} is taken for X, {y} for y."]


def test_complex_numbers_of_matlab(tmp_path):
    savemat(tmp_path / "c.mat", {"X": X + 0j, "y": Y})
    same(read_table(tmp_path / "c.mat"))
    savemat(tmp_path / "c.mat", {"X": X + 1j, "y": Y})
    with pytest.raises(ValueError, match=r"X in .* must be real; got complex numbers: .*imag\(X\)"):
        read_table(tmp_path / "c.mat")


@pytest.mark.parametrize("scale", [1e-200, 1e-8, 1.0, 1e200])
def test_unlike_inputs_are_seen_at_any_scale(scale):
    wide = np.random.default_rng(0).standard_normal((50, 4)) * [1, 1, 1, 1e3]
    assert datasets.uneven(wide * scale) == pytest.approx(datasets.uneven(wide))
    scaled = datasets.standardised(wide * scale)(wide * scale)
    np.testing.assert_allclose(scaled.std(axis=0), 1)
    assert datasets.uneven(np.array([[1e300, 1e-300, 0], [0, 0, 1e-300]])) == np.inf


def test_inputs_that_do_not_vary_have_no_deviation():
    constant = np.full((7, 1), 0.1)
    assert not datasets.standardised(constant)(constant)[:, 0].round(12).any()


def test_what_is_likely_not_meant_is_said(tmp_path):
    rows = np.column_stack([np.arange(1, 16), LONG[:, :1], np.full(15, 0.1), LONG[:, 1:]])
    np.save(tmp_path / "d.npy", rows)
    notes = chosen_task(str(tmp_path / "d.npy"), None, True)[1]
    assert "1 of the 4 inputs of d.npy has one value in all samples (input 2)" in notes[1]
    assert "input 0 of d.npy numbers the samples" in notes[2]
    np.save(tmp_path / "d.npy", LONG)
    assert len(chosen_task(str(tmp_path / "d.npy"), None, True)[1]) == 1


def test_a_store_of_another_version_is_refused_with_the_cure(tmp_path):
    def square(x):
        return {"square": np.array(x * x)}

    place = Workplace(store=tmp_path / "work")
    place.finished("two layers", square, [1, 2], "one")
    assert len(place.finished("two layers", square, [1, 2], "one")) == 2
    with pytest.raises(
        ValueError, match=r"got \S*work, where 'two layers' .*: delete the folder, or .*--store"
    ):
        place.finished("two layers", square, [1, 2], "other")
