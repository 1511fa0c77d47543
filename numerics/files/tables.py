"""Data as people keep it: csv, npy, npz, MATLAB and parquet files, and data frames."""

from __future__ import annotations

import io
import math
import re
import subprocess
import sys
from collections.abc import Callable, Collection
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from numerics.files.delimited import is_number, of_text, read_columns
from numerics.files.npz import LIMIT, array_names, listed, read_arrays, read_npy, say

TARGETS = ("y", "target", "label", "labels", "class")  # column names of a target that nobody has chosen
ROW_NUMBERS = ("", "unnamed: 0", "index", "__index_level_0__", "id", "row", "no", "nr")  # names of no input
INPUTS = ("X", "x", "X_train", "x_train", "train_x", "data", "inputs", "features", "images")
OUTPUTS = ("y", "Y", "y_train", "Y_train", "train_y", "target", "targets", "labels", "label")
"""Names of X and y in an npz or MATLAB file, the likeliest first."""
PLACE = re.compile(r"-?[0-9]{1,9}")  # of a column
SECONDS, MEMORY, REFUSED = 300, 16 * LIMIT, 3  # of a reader in a process of its own; its exit code
ENDINGS = (".csv", ".tsv", ".npz", ".npy", ".mat", ".parquet")

Table = tuple[np.ndarray, np.ndarray]


def read_table(path: str | Path, target: str | None = None, notes: list[str] | None = None) -> Table:
    """Return inputs X (n, d) and targets y, (n,) or (n, q), of a file whose ending says what it is.

    Parameters
    ----------
    path : str or Path
        npz and MATLAB files hold X and y, or data and target, or x_train and y_train, and the like; an npy
        matrix, csv, tsv and parquet files hold the target in one of their columns. Nothing is unpickled, and
        sizes are checked before anything is read.
    target : str, optional
        The name of the target's column, or its place (0 is the first, -1 the last); by default the column
        called y, target, label, labels or class, else the last. In npz and MATLAB files, the name of y.
    notes : list of str, optional
        Gets a line for each thing that was understood but could have been meant otherwise.

    Raises
    ------
    ValueError
        If the file cannot be read, is too large, or a column of inputs is not of numbers; the message says
        which.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(f"{folder}/d.csv").write_text("age,kind,weight\\n1,cat,2\\n3,dog,4\\n")
    ...     read_table(f"{folder}/d.csv", target="kind")
    (array([[1., 2.],
           [3., 4.]]), array(['cat', 'dog'], dtype='<U3'))
    """
    path, notes = Path(path), [] if notes is None else notes
    ending = path.suffix.lower()
    if ending in READERS:
        _require_size(path)
        return (_apart if ending in FOREIGN else READERS[ending])(path, target, notes)
    if ending and ending != ".npz":
        raise ValueError(f"data must be a file ending in {', '.join(ENDINGS)}; got {path}")
    both = _both(array_names(path), target, path, notes)
    arrays = read_arrays(path, required=both)
    return arrays[both[0]], _flat(arrays[both[1]], len(arrays[both[0]]) if arrays[both[0]].ndim else 0)


def _apart(path: Path, target: str | None, notes: list[str]) -> Table:
    """Read in a process of its own, in which a damaged file crashes a reader that trusts it, and not us."""
    begin = f"import sys; sys.path[:] = {sys.path!r}; from {__name__} import answer; answer(*sys.argv[1:])"
    words = [sys.executable, "-c", begin, str(path.absolute()), *([] if target is None else [target])]
    try:
        found = subprocess.run(
            words, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, check=True
        )
        with np.load(io.BytesIO(found.stdout), allow_pickle=False) as held:
            notes += held["notes"].tolist()
            return held["X"], held["y"]
    except subprocess.CalledProcessError as ended:
        said = ended.stderr.decode(errors="replace")
        if ended.returncode == REFUSED:
            raise ValueError(said.replace(str(path.absolute()), str(path))) from None
        raise ValueError(
            f"{path} must be a sound file; got one that ends its reader, by {-ended.returncode}"
        ) from None
    except subprocess.TimeoutExpired:
        raise ValueError(f"{path} must be read within {SECONDS} s; got a file that is not") from None


def answer(path: str, target: str | None = None) -> None:
    """Print X (n, d), y and the notes of a file as npz, or say on stderr what is wrong with it."""
    notes: list[str] = []
    with suppress(ImportError, ValueError, OSError):  # Windows, or a limit that is lower
        resource = import_module("resource")
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    try:
        X, y = READERS[Path(path).suffix.lower()](Path(path), target, notes)
        content = io.BytesIO()
        np.savez(content, X=X, y=y, notes=np.array(notes, dtype=str))
    except ValueError as reason:
        sys.stderr.buffer.write(str(reason).encode())
        sys.exit(REFUSED)
    sys.stdout.buffer.write(content.getbuffer())


def _both(held: Collection[str], target: str | None, path: Path, notes: list[str]) -> tuple[str, str]:
    """The names of X and y among those that a file holds; "X" and "y" where it holds none that is known."""
    x = next((name for name in INPUTS if name in held), "X")
    y = target or next((name for name in OUTPUTS if name in held), "y")
    if {x, y} <= set(held) and (x, y) != ("X", "y"):
        notes.append(f"{path.name}: {x} is taken for X, {y} for y.")
    return x, y


def from_frame(frame: Any, target: str | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Return inputs (n, d), float64, and the target (n,) of a data frame, of pandas or like it.

    Nullable and categorical columns are understood; what is missing, a date or a text among the inputs is
    refused by name.

    Raises
    ------
    ValueError
        If a column of inputs is not of numbers, or a value is missing.
    """
    names = [str(name) for name in frame.columns]
    columns = [_frame_column(frame.iloc[:, i], name) for i, name in enumerate(names)]
    return _divided(names, columns, target, "the data frame")


def _frame_column(column: Any, name: str) -> np.ndarray:
    missing = np.asarray(column.isna())
    if missing.any():
        raise ValueError(
            f"column {name!r} must have a value in every row; got none in row {int(missing.argmax())}: fill "
            "it, or leave the row out (frame.dropna())"
        )
    values = np.asarray(column)
    if values.dtype.kind in "mM":
        raise ValueError(f"column {name!r} must be of numbers; got dates: turn them into numbers first")
    if values.dtype.kind != "O":
        return values
    try:
        return np.array(values.tolist(), dtype=float)
    except (TypeError, ValueError):
        return np.array([str(value) for value in values])


def _read_text(path: Path, target: str | None, notes: list[str]) -> Table:
    names, columns = read_columns(path, notes)
    return _divided(names, columns, target, str(path))


def _divided(
    names: list[str], columns: list[np.ndarray], target: str | None, where: str
) -> tuple[np.ndarray, np.ndarray]:
    """Columns as inputs and target."""
    if len(columns) < 2:
        raise ValueError(f"{where} must have at least two columns, inputs and a target; got {len(columns)}")
    place = _place(names, target, where)
    inputs = [i for i in range(len(columns)) if i != place]
    for i in inputs:
        columns[i] = _numbers(columns[i])
        if names[i].lower() in ROW_NUMBERS and counts(columns[i]):
            raise ValueError(
                f"every column of {where} must be an input or the target; got the numbers of the rows in "
                f"column {names[i]!r}: leave it out, as frame.to_csv(path, index=False) does, or name it"
            )
        if columns[i].dtype.kind not in "fiub":
            bad = next(cell for cell in columns[i].tolist() if not is_number(str(cell)))
            got = f"{str(bad)[:40]!r}" if str(bad) else "an empty cell"
            raise ValueError(
                f"column {names[i]!r} of {where} must be of numbers; got {got}: leave the column out, turn "
                "it into numbers, or choose it as the target"
            )
    return np.stack([columns[i].astype(float) for i in inputs], axis=1), _numbers(columns[place])


def counts(column: np.ndarray) -> bool:
    """Whether a column (n,) is 0, 1, 2, ... or 1, 2, 3, ..., as the numbers of rows are."""
    if column.dtype.kind not in "fiu" or not len(column) or column[0] not in (0, 1):
        return False
    return np.array_equal(column, np.arange(len(column)) + int(column[0]))


def _numbers(column: np.ndarray) -> np.ndarray:
    """A column of numbers that are stored as text, or complex without imaginary parts, as numbers."""
    if column.dtype.kind == "c" and not column.imag.any():
        return column.real
    return of_text(column.tolist()) if column.dtype.kind == "U" else column


def _place(names: list[str], target: str | None, where: str) -> int:
    if target is None:
        known = [i for i, name in enumerate(names) if name.lower() in TARGETS]
        return known[0] if len(known) == 1 else len(names) - 1
    if target in names:
        return names.index(target)
    if PLACE.fullmatch(target) and -len(names) <= int(target) < len(names):
        return int(target) % len(names)
    raise ValueError(f"target must be a column of {where}: {listed(names)}; got {target[:80]!r}")


def _read_npy(path: Path, target: str | None, notes: list[str]) -> Table:
    matrix = read_npy(path)
    if matrix.dtype.names and matrix.ndim == 1:
        names = list(matrix.dtype.names)
        return _divided(names, [matrix[name] for name in names], target, str(path))
    if matrix.dtype.kind == "S":
        matrix = np.char.decode(matrix, "utf-8", "replace")
    if matrix.ndim != 2 or not len(matrix):
        raise ValueError(f"{path} must be a matrix with the target in a column; got {matrix.shape}")
    return _divided([str(i) for i in range(matrix.shape[1])], list(matrix.T), target, str(path))


def _read_matlab(path: Path, target: str | None, notes: list[str]) -> Table:
    reader = import_module("scipy.io")
    held = {each: shape for each, shape, _ in _of_matlab(reader.whosmat, path)}
    both = _both(held, target, path, notes)
    if not set(both) <= set(held):
        raise ValueError(f"{path} must hold {' and '.join(both)}; got {listed(held)}")
    if sum(8 * math.prod(held[each]) for each in both) > LIMIT:
        raise ValueError(
            f"X and y in {path} must fit into {LIMIT} bytes; got {held[both[0]]} and {held[both[1]]}"
        )
    arrays = _of_matlab(reader.loadmat, path, variable_names=list(both))
    X, y = (_of_numbers(arrays[each], f"{each} in {path}") for each in both)
    return X, _flat(y, len(X))


def _of_numbers(array: Any, name: str) -> np.ndarray:
    """What MATLAB stores as an array of numbers or text; cell arrays of texts and sparse ones included."""
    found = np.asarray(array.toarray() if hasattr(array, "toarray") else array)
    if found.dtype.kind == "O" and all(np.size(each) == 1 for each in found.ravel()):
        found = np.array([np.asarray(each).item() for each in found.ravel()])
    if found.dtype.kind == "c":
        if found.imag.any():
            raise ValueError(
                f"{name} must be real; got complex numbers: store real and imaginary parts as columns, "
                "[real(X) imag(X)]"
            )
        return found.real
    if found.dtype.kind not in "biufU":
        raise ValueError(f"{name} must be an array of numbers or text; got cells or structures")
    return found


def _of_matlab(read: Callable[..., Any], path: Path, **how: Any) -> Any:
    try:
        return read(path, **how)
    except NotImplementedError as reason:  # what scipy says of version 7.3
        raise ValueError(
            f"{path} must be a MATLAB file of version 5 to 7; got 7.3: save it with -v7 in MATLAB"
        ) from reason
    except Exception as reason:  # scipy raises what it stumbles over
        raise ValueError(f"{path} must be a readable MATLAB file; got {say(reason)}") from reason


def _read_parquet(path: Path, target: str | None, notes: list[str]) -> Table:
    if find_spec("pandas") is None or find_spec("pyarrow") is None:
        raise ValueError(f"parquet files need pandas and pyarrow: pip install pandas pyarrow; got {path}")
    try:
        frame = import_module("pandas").read_parquet(path, engine="pyarrow")
    except Exception as reason:  # as of MATLAB's
        raise ValueError(f"{path} must be a readable parquet file; got {say(reason)}") from reason
    return from_frame(frame, target)


def _flat(y: np.ndarray, n: int) -> np.ndarray:
    """Targets (n, 1), or (1, n) for n samples, as (n,)."""
    if y.ndim == 2 and (y.shape[1] == 1 or (y.shape[0] == 1 and y.shape[1] == n)):
        return y.reshape(-1)
    return y


def _require_size(path: Path) -> None:
    try:
        size = path.stat().st_size
    except OSError as reason:
        raise ValueError(f"data must be a file that can be read; got {path}: {reason.strerror}") from reason
    if not path.is_file():
        raise ValueError(f"data must be a file that can be read; got {path}: a folder, a device or a pipe")
    if size > LIMIT:
        raise ValueError(f"{path} must be of at most {LIMIT} bytes; got {size}")


READERS: dict[str, Callable[[Path, str | None, list[str]], Table]] = {
    ".csv": _read_text,
    ".tsv": _read_text,
    ".npy": _read_npy,
    ".mat": _read_matlab,
    ".parquet": _read_parquet,
}
FOREIGN = (".mat", ".parquet")
"""Read by code that is not ours, in C, which trusts what it reads."""
