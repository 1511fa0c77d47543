"""Data as people keep it: every kind of file gives the same arrays, and what cannot be read says why."""

import struct

import numpy as np
import pytest
from scipy.io import savemat

from numerics.files import datasets
from numerics.files.labels import as_targets
from numerics.files.networks import read_model
from numerics.files.tables import from_frame, read_table
from tests.numerics.written import X, Y, same, text


@pytest.mark.parametrize(
    ("content", "name", "target"),
    [
        ("u,v,w\n1,2.5,0\n3,-4,1\n5,6e-3,1\n", "d.csv", None),
        ("1,2.5,0\n3,-4,1\n5,6e-3,1\n", "d.csv", None),
        ("label,u,v\n0,1,2.5\n1,3,-4\n1,5,6e-3\n", "d.csv", None),
        ("u;what;v\n1;0;2.5\n3;1;-4\n5;1;6e-3\n", "d.csv", "what"),
        ("u\tv\ty\n1\t2.5\t0\n3\t-4\t1\n5\t6e-3\t1\n", "d.tsv", None),
        ("\ufeffw,u,v\r\n0,1,2.5\r\n1,3,-4\r\n1,5,6e-3\r\n", "d.csv", "0"),
    ],
)
def test_text_files(tmp_path, content, name, target):
    same(read_table(text(tmp_path, content, name), target))


def test_labels_as_text(tmp_path):
    path = text(tmp_path, "u,v,kind\n1,2.5,no\n3,-4,yes\n5,6e-3,yes\n")
    same(read_table(path), np.array(["no", "yes", "yes"]))
    task = datasets.load_task(path)
    assert task.y.tolist() == [-1.0, 1.0, 1.0]
    assert task.labelling == "+1 for the class yes, else -1"


def test_arrays_in_every_kind_of_file(tmp_path):
    np.savez(tmp_path / "d.npz", X=X, y=Y[:, None])
    same(read_table(tmp_path / "d.npz"))
    np.savez(tmp_path / "e.npz", X=np.asfortranarray(X.astype(">f8")), classes=Y)
    same(read_table(tmp_path / "e.npz", "classes"))
    np.save(tmp_path / "d.npy", np.column_stack([X, Y]))
    same(read_table(tmp_path / "d.npy"))
    for k, y in enumerate((Y[None, :], Y[:, None])):
        savemat(tmp_path / f"{k}.mat", {"X": X, "y": y})
        same(read_table(tmp_path / f"{k}.mat"))
    savemat(tmp_path / "fields.mat", {"X": {"u": 1}, "y": 1})
    with pytest.raises(ValueError, match="got cells or structures"):
        read_table(tmp_path / "fields.mat")
    savemat(tmp_path / "text.mat", {"X": X, "y": np.array(["no", "yes", "yes"], dtype=object)})
    same(read_table(tmp_path / "text.mat"), ["no", "yes", "yes"])


def test_data_frames_and_parquet(tmp_path):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"u": X[:, 0], "y": Y, "v": X[:, 1]})
    same(from_frame(frame))
    same(from_frame(frame.convert_dtypes()))
    named = frame.assign(y=pandas.Categorical(["no", "yes", "yes"]))
    same(from_frame(named), ["no", "yes", "yes"])
    for wrong, message in (
        (frame.assign(u=pandas.to_datetime(["2020-01-01"] * 3)), "column 'u' must be of numbers; got dates"),
        (frame.convert_dtypes().assign(u=pandas.array([1, None, 2], dtype="Int64")), "got none in row 1"),
        (frame.assign(u=["a", "b", "c"]), "column 'u' of the data frame must be of numbers; got 'a'"),
    ):
        with pytest.raises(ValueError, match=message):
            from_frame(wrong)
    pytest.importorskip("pyarrow")
    frame.to_parquet(tmp_path / "d.parquet")
    same(read_table(tmp_path / "d.parquet"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "got an empty file"),
        ("a,b\n1,2\n3\n", "must have 2 columns; got 1 in row 3"),
        ("a,city,y\n1,Paris,0\n2,Rome,1\n", "column 'city' of .* must be of numbers; got 'Paris'"),
        ("a,b,y\n1,,0\n2,3,1\n", "column 'b' of .* got an empty cell"),
        ("1\n2\n", "at least two columns"),
        (",u,y\n0,1.5,0\n1,2.5,1\n", r"the numbers of the rows in column '': leave it out, as frame\.to_csv"),
    ],
)
def test_text_that_is_no_table_is_refused(tmp_path, content, message):
    with pytest.raises(ValueError, match=message):
        read_table(text(tmp_path, content))


def test_files_that_cannot_be_read_are_refused(tmp_path):
    for name in ("d.mat", "d.npy", "d.npz"):
        (tmp_path / name).write_bytes(b"no such thing")
        with pytest.raises(ValueError, match=r"must be a readable|must start with a valid npy header"):
            read_table(tmp_path / name)
    np.save(tmp_path / "o.npy", np.array([[{}]], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="must be an array of real numbers or text; got dtype object"):
        read_table(tmp_path / "o.npy")
    with pytest.raises(ValueError, match=r"ending in \.csv"):
        read_table(tmp_path / "d.pkl")
    with pytest.raises(ValueError, match="No such file"):
        read_table(tmp_path / "none.csv")
    with pytest.raises(ValueError, match=r"target must be a column of .*: a, b; got 'c'"):
        read_table(text(tmp_path, "a,b\n1,2\n"), "c")


def npy(header, content=bytes(384), version=(1, 0)):
    """The bytes of an npy file with a header that nobody vouches for."""
    length = struct.pack("<H" if version == (1, 0) else "<I", len(header) + 1)
    return b"\x93NUMPY" + bytes(version) + length + header.encode() + b"\n" + content


LIES = "{{'descr': {}, 'fortran_order': False, 'shape': {}}}"


@pytest.mark.parametrize(
    "content",
    [
        *(npy(LIES.format("'<f8'", shape)) for shape in ("(True, 4)", "(-1, 4)", "(10**9, 9)", "(12", "()")),
        npy(LIES.format("'<f8'", "(999999999999, 999999999)")),
        *(npy(LIES.format(f"'{kind}'", "(12, 4)")) for kind in ("|O", "<M8[s]", "<m8[s]", "|V8", "<U2")),
        npy(LIES.format("[('u', '<f8'), ('y', '<U2')]", "(24,)"), bytes(384 - 4) + b"\xff" * 4),
        npy(LIES.format("'<U2'", "(12, 4)"), b"\0\xd8\0\0" * 96),
        *(npy(text) for text in ("{[]: 1}", "{1: 2}", "(" * 1000, "\0\1")),
        *(npy(LIES.format("'<f8'", "(12, 4)"), version=(each, 0)) for each in (0, 4, 255)),
    ],
)
def test_headers_of_npy_files_that_lie(tmp_path, content):
    (tmp_path / "d.npy").write_bytes(content)
    with pytest.raises(ValueError, match=r"d\.npy") as refused:
        read_table(tmp_path / "d.npy")
    assert len(str(refused.value)) < 500
    assert "\n" not in str(refused.value)


def test_npy_files_with_names_of_any_script(tmp_path):
    table = np.rec.fromarrays([X[:, 0], Y, X[:, 1]], names=["größe", "y", "ł"])
    with pytest.warns(UserWarning, match="format 3"):
        np.save(tmp_path / "d.npy", table)
    same(read_table(tmp_path / "d.npy"))
    with pytest.raises(ValueError, match="größe, y, ł; got 'z'"):
        read_table(tmp_path / "d.npy", "z")


def test_text_that_is_no_characters_in_a_network(tmp_path):
    name = np.frombuffer(b"\xff" * 8, dtype="<U2")
    np.savez(tmp_path / "m.npz", a=np.ones(2), W=np.ones((2, 3)), activation=name)
    with pytest.raises(ValueError, match=r"activation in .*m\.npz must hold text; got 0xffffffff"):
        read_model(tmp_path / "m.npz")


def test_a_damaged_matlab_file_ends_its_reader_and_not_this_process(tmp_path):
    savemat(tmp_path / "good.mat", {"X": X, "y": Y})
    good = (tmp_path / "good.mat").read_bytes()
    (tmp_path / "d.mat").write_bytes(good[:176] + b"\x89" + good[177:])  # what numbers are stored as
    with pytest.raises(ValueError, match=r"d\.mat must be a (sound|readable)"):
        read_table(tmp_path / "d.mat")


def test_a_place_is_written_in_plain_digits(tmp_path):
    path = text(tmp_path, "a,b\n1,2\n3,4\n")
    for place in ("²", "--1", "٣", "1_0", "-", "9" * 5000):
        with pytest.raises(ValueError, match=r"target must be a column of .*d\.csv: a, b; got"):
            read_table(path, place)


def test_labels_of_any_kind_become_those_of_the_loss():
    for labels in (["a", "b"], [-1, 1], [False, True], [3.5, 7.0], [0, 1]):
        y, _ = as_targets(np.array([labels[0], labels[1], labels[1]]), "logistic")
        assert y.tolist() == [0, 1, 1]
    assert as_targets(np.array([-1, 1]), "logistic")[1] == "labels: -1 is 0, 1 is 1"
    assert as_targets(np.array(["b", "c", "a"]), "softmax")[0].tolist() == [1, 2, 0]
    assert as_targets(np.array([0, 2, 0]), "softmax")[0].tolist() == [0, 2, 0]
    assert as_targets(np.eye(3), "softmax")[0].tolist() == [0, 1, 2]
    for y, loss, message in (
        (np.array(["a"]), "squared", "got text such as 'a': choose --loss logistic"),
        (np.array([1, 2, 3]), "logistic", "labels 0 or 1, or two of any kind"),
        (np.ones((2, 2)), "softmax", "one-hot rows"),
    ):
        with pytest.raises(ValueError, match=message):
            as_targets(y, loss)


def test_targets_of_a_regression_are_not_taken_for_classes():
    y = np.arange(100)[:, None]
    with pytest.raises(ValueError, match="look like the targets of a regression"):
        datasets.two_classes(y)
    assert datasets.two_classes(np.arange(100)[:, None] % 10)[0].sum() == 0


def test_inputs_of_unlike_scale_are_seen_and_standardised():
    rng = np.random.default_rng(0)
    even = rng.standard_normal((50, 4))
    wide = even * [1, 1, 1, 1e3]
    assert datasets.uneven(even) is None
    assert datasets.uneven(wide) > 100
    assert datasets.uneven(datasets.digits()[0].astype(float)) is None
    scaled = datasets.standardised(wide)(wide)
    np.testing.assert_allclose(scaled.std(axis=0), 1)
    np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=1e-14)
