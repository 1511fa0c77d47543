"""Data sets: the embedded digits, a user's npz file, and the two-class tasks made from them."""

from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from numerics.files.delimited import of_text
from numerics.files.npz import read_arrays
from numerics.files.tables import counts, read_table
from twolayer import arrays
from twolayer.arrays import Array

__all__ = [
    "Dataset",
    "Scaling",
    "centred",
    "digits",
    "digits_task",
    "doubts",
    "load_inputs",
    "load_task",
    "standardised",
    "two_classes",
    "uneven",
    "unscaled",
]

DIGITS_CREDIT = (
    "E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning "
    "Repository, "
    "doi:10.24432/C50P49, CC BY 4.0 (the 1,797 images of its test part, unchanged)."
)
MOST_CLASSES = 1000
FEW_CLASSES = 20  # up to here integers are taken for classes however few samples there are of each
SAMPLES_A_CLASS = 10
UNEVEN = 30.0  # how far the widest input may spread beyond the median one before it is warned of


@dataclass(frozen=True)
class Dataset:
    """Inputs with two-class labels, and where they come from.

    Parameters
    ----------
    X : ndarray, shape (n, d)
        Inputs as stored, float64, finite.
    y : ndarray, shape (n,)
        Labels -1.0 or +1.0.
    name, labelling, credit : str
        What it is, which classes became +1, and whom to thank.
    standardise : bool
        Whether every input is to be divided by its own deviation, rather than all by one number.
    """

    X: Array
    y: Array
    name: str
    labelling: str
    credit: str
    standardise: bool = False


@dataclass(frozen=True)
class Scaling:
    """The map x -> (x - centre) / unit that inputs go through before they reach a network.

    Parameters
    ----------
    centre : ndarray, shape (d,)
    unit : float or ndarray, shape (d,)
        One number for all coordinates, so that the geometry of the inputs is kept, or one for each.
    rule : str
        In words, how the two were chosen.

    Examples
    --------
    >>> Scaling(np.array([1.0]), 2.0, "by hand")(np.array([[5.0]]))
    array([[2.]])
    """

    centre: Array
    unit: float | Array
    rule: str

    def __call__(self, X: ArrayLike) -> Array:
        """Return the scaled inputs, same shape as `X`, (n, d) with any n, or (d,)."""
        given = arrays.real_array("X", X)
        if given.shape[-1:] != self.centre.shape:
            d = len(self.centre)
            raise ValueError(f"X must be (n, {d}) to match the scaling; got {arrays.shape_text(given.shape)}")
        return np.asarray((given - self.centre) / self.unit)


def digits() -> tuple[np.ndarray, np.ndarray]:
    """Return the embedded images (1797, 64), uint8 from 0 to 16, and their digits (1797,), uint8.

    Examples
    --------
    >>> images, labels = digits()
    >>> images.shape, int(images.max()), labels[:5].tolist()
    ((1797, 64), 16, [0, 1, 2, 3, 4])
    """
    with as_file(files("numerics") / "assets" / "digits.npz") as path:
        arrays = read_arrays(path, required=("images", "labels"))
    return arrays["images"], arrays["labels"]


def digits_task() -> Dataset:
    """Return the digits with label +1 for a digit of at least 5, else -1."""
    images, labels = digits()
    y = np.where(labels >= 5, 1.0, -1.0)
    return Dataset(images.astype(float), y, "UCI 8x8 digits", "+1 for a digit >= 5, else -1", DIGITS_CREDIT)


def load_inputs(
    path: str | Path, target: str | None = None, *, text: bool = False, notes: list[str] | None = None
) -> tuple[Array, np.ndarray]:
    """Return X (n, d), float64 and finite, and y (as stored, finite) of a file of any kind that is known.

    Parameters
    ----------
    path : str or Path
    target : str, optional
        As for :func:`numerics.files.tables.read_table`.
    text : bool
        Whether y may be text.
    notes : list of str, optional
        Gets a line for each thing that could have been meant otherwise; see also :func:`doubts`.

    Raises
    ------
    ValueError
        If the file cannot be read (see :func:`numerics.files.tables.read_table`), X is not a non-empty
        finite matrix of numbers, or y does not have one row per row of X.
    """
    X, y = read_table(path, target, notes)
    if X.ndim == 2 and X.dtype.kind == "U":
        X = of_text(X.ravel().tolist()).reshape(X.shape)
    _require_rows(X, y, path)
    if X.ndim != 2 or 0 in X.shape or X.dtype.kind == "U":
        raise ValueError(f"X in {path} must be numbers (n, d) with n, d >= 1; got {X.dtype} {X.shape}")
    if y.ndim not in (1, 2) or len(y) != len(X) or (y.dtype.kind == "U" and not text):
        raise ValueError(f"y in {path} must be numbers ({len(X)},) to match X; got {y.dtype} {y.shape}")
    X = X.astype(float)
    for name, array in (("X", X), *([] if y.dtype.kind == "U" else [("y", y)])):
        bad = int(array.size - np.count_nonzero(np.isfinite(array)))
        if bad:
            raise ValueError(f"{name} in {path} must be finite; got {bad} entries that are NaN or infinite")
    return X, y


def _require_rows(X: np.ndarray, y: np.ndarray, path: str | Path) -> None:
    """Refuse images that are no rows, and inputs that lie in columns, with what cures them."""
    if X.ndim > 2:
        raise ValueError(
            f"X in {path} must have a row for each sample; got {X.shape}: store X.reshape(len(X), -1)"
        )
    if X.ndim == 2 and y.ndim in (1, 2) and X.shape[0] != len(y) == X.shape[1]:
        raise ValueError(
            f"X in {path} must have a row for each of the {len(y)} entries of y; got {X.shape}: store X.T"
        )


def doubts(X: ArrayLike, name: str) -> list[str]:
    """What in X (n, d) is likely not meant: inputs that do not vary, or that number the samples.

    Examples
    --------
    >>> doubts(np.array([[1.0, 7.0], [2.0, 7.0], [3.0, 7.0]]), "d.csv")[0]
    'Warning: 1 of the 2 inputs of d.csv has one value in all samples (input 1).'
    """
    said, X = [], _inputs(X)
    constant = np.flatnonzero(np.ptp(X, axis=0) == 0).tolist() if len(X) > 1 else []
    if 0 < len(constant) < X.shape[1]:
        shown = ", ".join(map(str, constant[:8])) + (", ..." if len(constant) > 8 else "")
        verb, plural = ("has", "input") if len(constant) == 1 else ("have", "inputs")
        said.append(
            f"Warning: {len(constant)} of the {X.shape[1]} inputs of {name} {verb} one value in all samples "
            f"({plural} {shown})."
        )
    for i in range(X.shape[1] if len(X) > 2 else 0):
        if counts(X[:, i]):
            said.append(
                f"Warning: input {i} of {name} numbers the samples: leave the column out if it is none."
            )
    return said


def load_task(
    path: str | Path, target: str | None = None, *, standardise: bool = False, notes: list[str] | None = None
) -> Dataset:
    """Return the two-class task of a user's file with inputs (n, d) and labels (n,).

    Two distinct labels become -1 (the smaller, or the first in the alphabet) and +1. More than two labels,
    integers or texts, are classes in order, the upper half of which become +1, so that digits 0 to 9 give
    the task of the embedded ones. One-hot rows (n, q) are the classes 0 to q - 1. As `notes`, see
    :func:`load_inputs`.

    Raises
    ------
    ValueError
        If the file or the labels are not as described.
    """
    X, y = load_inputs(path, target, text=True, notes=notes)
    y, labelling = two_classes(y.reshape(len(y), -1), str(path))
    return Dataset(X, y, Path(path).name, labelling, "", standardise)


def two_classes(y: np.ndarray, name: str = "the data") -> tuple[Array, str]:
    """Return labels -1.0 and +1.0 made of y (n,) or (n, 1), or one-hot (n, q), and in words which became +1.

    Raises
    ------
    ValueError
        If y has more than one column, a single value, or values that are not classes.

    Examples
    --------
    >>> two_classes(np.array([[0], [1], [2], [3]]))
    (array([-1., -1.,  1.,  1.]), '+1 for the classes 2, 3, else -1')
    """
    y = arrays.labels("y", y)
    y = y[:, None] if y.ndim == 1 else y
    arrays.require_shape("y", y, ("n", "q"))
    if y.dtype.kind not in "buifU":
        raise ValueError(f"y in {name} must be numbers or words; got dtype {y.dtype}")
    if y.shape[1] > 1 and y.dtype.kind != "U" and np.isin(y, (0, 1)).all() and (y.sum(axis=1) == 1).all():
        y, labelling = two_classes(y.argmax(axis=1)[:, None], name)
        return y, f"{labelling} (y is one-hot: the place of the 1 is the class)"
    classes = np.unique(y)
    whole = y.dtype.kind == "U" or bool(np.all(classes == np.round(classes)))
    if len(classes) > FEW_CLASSES and whole and len(y) < SAMPLES_A_CLASS * len(classes):
        raise ValueError(
            f"y in {name} must be classes with at least {SAMPLES_A_CLASS} samples each on average; got "
            f"{len(classes)} distinct values of {len(y)} samples, which look like the targets of a "
            "regression: store y > np.median(y), or classes of your own"
        )
    if y.shape[1] != 1 or len(classes) < 2 or (len(classes) > 2 and not whole) or len(classes) > MOST_CLASSES:
        raise ValueError(
            f"y in {name} must be (n,) with two distinct values, or 3 to {MOST_CLASSES} integer classes; "
            f"got {y.shape[1]} column(s) with {len(classes)} distinct value(s)"
        )
    upper = classes[(len(classes) + 1) // 2 :]
    listed = ", ".join(f"{v:g}" if y.dtype.kind != "U" else str(v) for v in upper[:12].tolist()) + (
        ", ..." if len(upper) > 12 else ""
    )
    plural = "class" if len(upper) == 1 else "classes"
    return np.where(y[:, 0] >= upper[0], 1.0, -1.0), f"+1 for the {plural} {listed}, else -1"


def centred(X: ArrayLike) -> Scaling:
    """Return the scaling that centres `X` and divides by half the range of all its entries.

    `X` has shape (n, d).

    For the digits that is (pixel - mean pixel) / 8. One unit for all coordinates: dividing each pixel by
    its own deviation would blow up the pixels in the corners, which are blank in all but a few images.

    Raises
    ------
    ValueError
        If all entries of `X` are equal.

    Examples
    --------
    >>> centred(np.array([[0.0, 0.0], [4.0, 2.0]]))(np.array([[4.0, 2.0]]))
    array([[1. , 0.5]])
    """
    X = _inputs(X)
    with np.errstate(over="ignore"):
        unit = float(np.ptp(X)) / 2
    if not 0 < unit < np.inf:
        raise ValueError(f"X must have entries that differ, by less than 1e308; got a range of {2 * unit:g}")
    rule = "each coordinate centred by its mean over the training pool, all divided by half the pool's range"
    return Scaling(_means(X), unit, f"{rule} ({unit:g})")


def standardised(X: ArrayLike) -> Scaling:
    """Return the scaling of every input by its own mean and standard deviation; a constant one is centred.

    `X` has shape (n, d).

    Examples
    --------
    >>> standardised(np.array([[0.0, 7.0], [200.0, 7.0]]))(np.array([[200.0, 7.0]]))
    array([[1., 0.]])
    """
    X = _inputs(X)
    deviation = _deviation(X)
    unit = np.where(deviation > 0, deviation, 1.0)
    rule = "each coordinate centred by its mean over the training pool and divided by its deviation there"
    return Scaling(_means(X), unit, rule)


def uneven(X: ArrayLike) -> float | None:
    """How many times the widest input of X (n, d) spreads beyond the median one, if that is too far.

    Examples
    --------
    >>> uneven(np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 1000.0]]))
    1000.0
    """
    deviation = _deviation(_inputs(X))
    spread = deviation[deviation > 0]
    with np.errstate(over="ignore"):  # a ratio beyond all numbers is infinite
        ratio = float(spread.max() / np.median(spread)) if spread.size else 1.0
    return ratio if ratio > UNEVEN else None


def _means(X: Array) -> Array:
    """Means (d,) of the inputs (n, d)."""
    with np.errstate(over="ignore", invalid="ignore"):
        found = X.mean(axis=0)
    arrays.require_representable("means of inputs", found, "X")
    return np.asarray(found)


def _deviation(X: Array) -> Array:
    """Standard deviations of the inputs: no square overflows, and what does not vary has exactly none."""
    largest = np.abs(X).max(axis=0)
    scale = np.where(largest > 0, largest, 1.0)
    return np.where(X.min(axis=0) == X.max(axis=0), 0.0, scale * (X / scale).std(axis=0))


def _inputs(X: ArrayLike) -> Array:
    """Inputs (n, d) of floats."""
    found = arrays.real_array("X", X)
    arrays.require_shape("X", found, ("n", "d"))
    return found


def unscaled(X: ArrayLike) -> Scaling:
    """Return the scaling that leaves inputs as they are. `X` has shape (n, d)."""
    return Scaling(np.zeros(_inputs(X).shape[1]), 1.0, "inputs used as they are")


def __dir__() -> list[str]:
    return __all__
