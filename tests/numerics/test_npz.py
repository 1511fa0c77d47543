"""npz files that nobody vouches for."""

import io
import tracemalloc
import zipfile

import numpy as np
import pytest

from numerics.files.npz import read_arrays


def stored(path, **arrays):
    np.savez_compressed(path, **arrays)
    return path


def member(path, name, content):
    """An npz whose one member holds `content`, whatever it is."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{name}.npy", content)
    return path


def npy(array):
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6, dtype=np.uint8).reshape(2, 3),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.arange(4, dtype=">f4"),
        np.array("tanh"),
        np.array(2.5),
        np.empty((0, 3)),
        np.array([True, False]),
    ],
)
def test_what_numpy_writes_is_read_back(tmp_path, array):
    read = read_arrays(stored(tmp_path / "x.npz", x=array), ["x"])["x"]
    assert read.dtype == array.dtype
    np.testing.assert_array_equal(read, array)


def test_optional_names_may_be_absent(tmp_path):
    path = stored(tmp_path / "x.npz", x=np.ones(2))
    assert list(read_arrays(path, ["x"], optional=["b"])) == ["x"]


def test_missing_names_are_listed(tmp_path):
    path = stored(tmp_path / "x.npz", X=np.ones(2), z=np.ones(2))
    with pytest.raises(ValueError, match=r"hold the arrays X, y, W; got X, z \(missing: y, W\)"):
        read_arrays(path, ["X", "y", "W"])


@pytest.mark.parametrize(
    "array", [np.array([1j]), np.array([{}], dtype=object), np.array([(1, 2)], dtype="i4,i4"), np.array(b"x")]
)
def test_other_kinds_are_refused(tmp_path, array):
    with pytest.raises(ValueError, match="real numbers or text; got dtype"):
        read_arrays(stored(tmp_path / "x.npz", x=array), ["x"])


def test_a_bomb_is_refused_before_it_is_inflated(tmp_path):
    path = stored(tmp_path / "bomb.npz", x=np.zeros(2**24))
    tracemalloc.start()
    with pytest.raises(ValueError, match="fits into 1000000 bytes"):
        read_arrays(path, ["x"], limit=10**6)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10**6


def test_an_array_that_inflates_out_of_proportion_is_refused(tmp_path):
    path = stored(tmp_path / "zeros.npz", X=np.zeros(2**23 + 1))
    tracemalloc.start()
    with pytest.raises(ValueError, match=r"X in .* must not inflate to more than 256 times its \d+ bytes"):
        read_arrays(path, ["X"])
    assert tracemalloc.get_traced_memory()[1] < 2**24
    tracemalloc.stop()
    assert len(read_arrays(stored(tmp_path / "less.npz", X=np.zeros(2**20)), ["X"])["X"]) == 2**20


def test_names_are_not_listed_without_end(tmp_path):
    path = stored(tmp_path / "many.npz", **{f"x{k}": np.zeros(1) for k in range(200)})
    with pytest.raises(ValueError, match="and 192 more") as told:
        read_arrays(path, ["X"])
    assert len(str(told.value)) < 400


def test_the_limit_holds_for_all_arrays_together(tmp_path):
    path = stored(tmp_path / "x.npz", x=np.zeros(100), y=np.zeros(100))
    assert len(read_arrays(path, ["x", "y"], limit=1600)) == 2
    with pytest.raises(ValueError, match=r"y in .* fits into"):
        read_arrays(path, ["x", "y"], limit=1599)


def test_a_header_that_promises_more_or_less_than_there_is(tmp_path):
    whole = npy(np.arange(50.0))
    for content in (whole[:-8], whole + b"more", whole[:20], b"", b"not an npy at all"):
        with pytest.raises(ValueError, match=r"x in .* must"):
            read_arrays(member(tmp_path / "x.npz", "x", content), ["x"])


@pytest.mark.parametrize(
    "shape", ["(-1,)", "(-2, -25)", "(9**9,)", "(5e1,)", "('a',)", "50", "(1180591620717411303424,)"]
)
def test_an_absurd_shape(tmp_path, shape):
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}}}\n".encode()
    content = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(400)
    with pytest.raises(ValueError, match=r"x in .* must"):
        read_arrays(member(tmp_path / "x.npz", "x", content), ["x"])


def test_files_that_are_no_archives(tmp_path):
    (tmp_path / "text.npz").write_text("hello")
    np.save(tmp_path / "bare.npy", np.ones(3))
    for name in ("text.npz", "bare.npy", "absent.npz", "."):
        with pytest.raises(ValueError, match="must be a readable npz file; got"):
            read_arrays(tmp_path / name, ["x"])


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_truncated_files(tmp_path, share):
    path = stored(tmp_path / "x.npz", x=np.random.default_rng(0).normal(size=100))
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(ValueError, match="must be"):
        read_arrays(path, ["x"])


def test_flipped_bits_are_noticed(tmp_path):
    path = stored(tmp_path / "x.npz", x=np.random.default_rng(0).normal(size=100))
    content = bytearray(path.read_bytes())
    content[300] ^= 255
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"must (be|start)"):
        read_arrays(path, ["x"])


def test_a_pickle_is_not_run(tmp_path):
    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "sprung"), "w"))

    trapped = np.empty(1, dtype=object)
    trapped[0] = Trap()
    np.savez(tmp_path / "trap.npz", X=trapped)
    with pytest.raises(ValueError, match="got dtype object"):
        read_arrays(tmp_path / "trap.npz", ["X"])
    assert not (tmp_path / "sprung").exists()
