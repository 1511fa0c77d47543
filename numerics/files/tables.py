"""Data as people keep it: csv, npy, npz, MATLAB and parquet files, and data frames."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from numerics.files.npz import LIMIT, read_arrays

TARGETS = ("y", "target", "label", "labels", "class")  # column names of a target that nobody has chosen
ROW_NUMBERS = ("", "Unnamed: 0", "index", "__index_level_0__")  # columns that pandas writes unasked
ENDINGS = (".csv", ".tsv", ".npz", ".npy", ".mat", ".parquet")


def read_table(path: str | Path, target: str | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Return inputs X (n, d) and targets y, (n,) or (n, q), of a file whose ending says what it is.

    Parameters
    ----------
    path : str or Path
        npz and MATLAB files hold X and y; an npy matrix, csv, tsv and parquet files hold the target in one
        of their columns. Nothing is unpickled, and sizes are checked before anything is read.
    target : str, optional
        The name of the target's column, or its place (0 is the first, -1 the last); by default the column
        called y, target, label, labels or class, else the last. In npz and MATLAB files, the name of y.

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
    path = Path(path)
    ending = path.suffix.lower()
    if ending in READERS:
        _require_size(path)
        return READERS[ending](path, target)
    if ending and ending != ".npz":
        raise ValueError(f"data must be a file ending in {', '.join(ENDINGS)}; got {path}")
    name = target or "y"
    arrays = read_arrays(path, required=("X", name))
    return arrays["X"], _flat(arrays[name])


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


def _read_text(path: Path, target: str | None) -> tuple[np.ndarray, np.ndarray]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            if path.suffix.lower() == ".tsv":
                delimiter = "\t"
            else:
                first = stream.readline()
                delimiter = ";" if first.count(";") > first.count(",") else ","
                stream.seek(0)
            rows = [row for row in csv.reader(stream, delimiter=delimiter) if row]
    except (OSError, UnicodeDecodeError, csv.Error) as reason:
        raise ValueError(f"{path} must be a readable text file of columns; got {reason}") from reason
    if not rows:
        raise ValueError(f"{path} must hold at least one row; got an empty file")
    header = not any(map(_is_number, rows[0])) and len(rows) > 1
    names = [name.strip() for name in rows[0]] if header else [str(i) for i in range(len(rows[0]))]
    body = rows[header:]
    for line, row in enumerate(body, 1 + header):
        if len(row) != len(names):
            raise ValueError(
                f"every row of {path} must have {len(names)} columns; got {len(row)} in row {line}"
            )
    columns = [_text_column([row[i].strip() for row in body]) for i in range(len(names))]
    return _divided(names, columns, target, str(path))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _text_column(cells: list[str]) -> np.ndarray:
    return np.array(cells, dtype=float) if all(map(_is_number, cells)) else np.array(cells)


def _divided(
    names: list[str], columns: list[np.ndarray], target: str | None, where: str
) -> tuple[np.ndarray, np.ndarray]:
    """Columns as inputs and target."""
    if len(columns) < 2:
        raise ValueError(f"{where} must have at least two columns, inputs and a target; got {len(columns)}")
    place = _place(names, target, where)
    inputs = [i for i in range(len(columns)) if i != place]
    for i in inputs:
        if names[i] in ROW_NUMBERS and np.array_equal(columns[i], np.arange(len(columns[i]))):
            raise ValueError(
                f"every column of {where} must be an input or the target; got the numbers of the rows in "
                f"column {names[i]!r}: leave it out, as frame.to_csv(path, index=False) does, or name it"
            )
        if columns[i].dtype.kind not in "fiub":
            bad = next(cell for cell in columns[i].tolist() if not _is_number(str(cell)))
            got = f"{str(bad)[:40]!r}" if str(bad) else "an empty cell"
            raise ValueError(
                f"column {names[i]!r} of {where} must be of numbers; got {got}: leave the column out, turn "
                "it into numbers, or choose it as the target"
            )
    return np.stack([columns[i].astype(float) for i in inputs], axis=1), columns[place]


def _place(names: list[str], target: str | None, where: str) -> int:
    if target is None:
        known = [i for i, name in enumerate(names) if name.lower() in TARGETS]
        return known[0] if len(known) == 1 else len(names) - 1
    if target in names:
        return names.index(target)
    if target.lstrip("-").isdigit() and -len(names) <= int(target) < len(names):
        return int(target) % len(names)
    listed = ", ".join(islice(names, 12)) + (", ..." if len(names) > 12 else "")
    raise ValueError(f"target must be a column of {where}: {listed}; got {target!r}")


def _read_npy(path: Path, target: str | None) -> tuple[np.ndarray, np.ndarray]:
    try:
        matrix = np.array(np.load(path, mmap_mode="r", allow_pickle=False))  # no longer than the file is
    except (OSError, ValueError, EOFError) as reason:
        raise ValueError(f"{path} must be a readable npy file without objects; got {reason}") from reason
    if matrix.ndim != 2:
        raise ValueError(f"{path} must be a matrix with the target in a column; got {matrix.shape}")
    return _divided([str(i) for i in range(matrix.shape[1])], list(matrix.T), target, str(path))


def _read_matlab(path: Path, target: str | None) -> tuple[np.ndarray, np.ndarray]:
    reader, name = import_module("scipy.io"), target or "y"
    held = {each: shape for each, shape, _ in _of_matlab(reader.whosmat, path)}
    if not {"X", name} <= set(held):
        raise ValueError(f"{path} must hold X and {name}; got {', '.join(held) or 'nothing'}")
    if sum(8 * math.prod(held[each]) for each in ("X", name)) > LIMIT:
        raise ValueError(f"X and {name} in {path} must fit into {LIMIT} bytes; got {held}")
    arrays = _of_matlab(reader.loadmat, path, variable_names=["X", name])
    X, y = (each.toarray() if hasattr(each, "toarray") else each for each in (arrays["X"], arrays[name]))
    if y.dtype.kind == "O" and all(np.size(each) == 1 for each in y.ravel()):
        y = np.array([np.asarray(each).item() for each in y.ravel()])  # a cell array of texts
    if not {X.dtype.kind, y.dtype.kind} <= set("biufU"):
        raise ValueError(f"X and {name} in {path} must be arrays of numbers or text; got cells or structures")
    return X, y[0] if y.ndim == 2 and y.shape[0] == 1 != len(X) else _flat(y)


def _of_matlab(read: Callable[..., Any], path: Path, **how: Any) -> Any:
    try:
        return read(path, **how)
    except NotImplementedError as reason:  # what scipy says of version 7.3
        raise ValueError(
            f"{path} must be a MATLAB file of version 5 to 7; got 7.3: save it with -v7 in MATLAB"
        ) from reason
    except Exception as reason:  # scipy raises what it stumbles over
        raise ValueError(f"{path} must be a readable MATLAB file; got {reason}") from reason


def _read_parquet(path: Path, target: str | None) -> tuple[np.ndarray, np.ndarray]:
    if find_spec("pandas") is None or find_spec("pyarrow") is None:
        raise ValueError(f"parquet files need pandas and pyarrow: pip install pandas pyarrow; got {path}")
    try:
        frame = import_module("pandas").read_parquet(path, engine="pyarrow")
    except (OSError, ValueError) as reason:
        raise ValueError(f"{path} must be a readable parquet file; got {reason}") from reason
    return from_frame(frame, target)


def _flat(y: np.ndarray) -> np.ndarray:
    """Targets (n, 1) as (n,)."""
    return y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y


def _require_size(path: Path) -> None:
    try:
        size = path.stat().st_size
    except OSError as reason:
        raise ValueError(f"data must be a file that can be read; got {path}: {reason.strerror}") from reason
    if size > LIMIT:
        raise ValueError(f"{path} must be of at most {LIMIT} bytes; got {size}")


READERS: dict[str, Callable[[Path, str | None], tuple[np.ndarray, np.ndarray]]] = {
    ".csv": _read_text,
    ".tsv": _read_text,
    ".npy": _read_npy,
    ".mat": _read_matlab,
    ".parquet": _read_parquet,
}
