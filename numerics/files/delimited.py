"""Tables in text, csv and its relatives: the delimiter, the header, and what a cell may be."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np

LINES = 20  # so many at the beginning tell the delimiter
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?|[+-]?(nan|inf|infinity)", re.ASCII | re.IGNORECASE)
COMMA = re.compile(r"[+-]?\d*,\d+(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+", re.ASCII)

Rows = list[list[str]]


def read_columns(path: Path, notes: list[str]) -> tuple[list[str], list[np.ndarray]]:
    """Return the names and the columns of a text file, each of numbers (n,) or of text (n,).

    Cells are parted by commas, semicolons, tabs, bars or blanks, whichever part the first lines alike. Lines
    that begin with # are comments; the last one before the table names the columns if it fits. Without a
    header, columns are named 0, 1, ...

    Parameters
    ----------
    path : Path
    notes : list of str
        Gets a line for each thing that was understood but could have been meant otherwise.

    Raises
    ------
    ValueError
        If the file is no table, or a cell is written as a number in a way that may be read in two.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines(keepends=True)
        comments, rows = _parted(lines, path.suffix.lower() == ".tsv")
    except (OSError, UnicodeDecodeError, csv.Error) as reason:
        raise ValueError(f"{path} must be a readable text file of columns; got {reason}") from reason
    if not rows:
        raise ValueError(f"{path} must hold at least one row; got an empty file")
    rows = _without_last_comma(rows)
    names, body = _headed(rows, comments, path, notes)
    for line, row in enumerate(body, 1 + len(rows) - len(body)):
        if len(row) != len(names):
            raise ValueError(
                f"every row of {path} must have {len(names)} columns; got {len(row)} in row {line}"
            )
    return names, [
        _column([row[i] for row in body], f"column {name!r} of {path}", notes) for i, name in enumerate(names)
    ]


def is_number(text: str) -> bool:
    """Whether a cell is a number in the digits 0 to 9, NaN and infinity included.

    Examples
    --------
    >>> is_number("-1.5e3"), is_number("1_000"), is_number("1,5")
    (True, False, False)
    """
    return NUMBER.fullmatch(text.strip()) is not None


def of_text(cells: list[str]) -> np.ndarray:
    """Cells (n,) as numbers if all are, else as they are."""
    return np.array(cells, dtype=float) if all(map(is_number, cells)) else np.array(cells)


def _parted(lines: list[str], tabs: bool) -> tuple[Rows, Rows]:
    """Comments and rows, stripped, in cells."""
    noted = [line.lstrip("# \t").rstrip() for line in lines if line.startswith("#")]
    plain = [line for line in lines if line.strip() and not line.startswith("#")]
    delimiter = "\t" if tabs else _delimiter(plain[:LINES])
    return [_cells([line], delimiter)[0] if line else [] for line in noted], _cells(plain, delimiter)


def _delimiter(lines: list[str]) -> str:
    for each in (";", "\t", "|", ",", " "):
        widths = {len(row) for row in _without_last_comma(_cells(lines, each))}
        if len(widths) == 1 and widths != {1}:
            return each
    return ","


def _cells(lines: list[str], delimiter: str) -> Rows:
    """The cells of lines; any run of blanks parts where blanks do."""
    if delimiter == " ":
        return [line.split() for line in lines]
    return [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter=delimiter) if row]


def _without_last_comma(rows: Rows) -> Rows:
    """Rows without the empty last cell that a delimiter at the end of every line makes."""
    width = max(map(len, rows), default=0)
    ends = [row[-1] for row in rows if len(row) == width]
    if width < 3 or any(ends) or min(map(len, rows)) < width - 1:
        return rows
    return [row[: width - 1] for row in rows]


def _headed(rows: Rows, comments: Rows, path: Path, notes: list[str]) -> tuple[list[str], Rows]:
    """The names of the columns, and the rows below them."""
    first, body = rows[0], rows[1:]
    numbers = [is_number(cell) for cell in first]
    if body and first == [str(i) for i in range(len(first))] and len(first) > 2:
        raise ValueError(
            f"the first row of {path} must be a sample or names; got 0, 1, 2, ..., which are the names that "
            "pandas gives: leave the row out (frame.to_csv(path, index=False, header=False))"
        )
    if body and not any(numbers):
        return first, body
    for i, cell in enumerate(first):
        below = [row[i] for row in body if i < len(row)]
        if cell and not numbers[i] and not _like_a_number(cell) and below and all(map(is_number, below)):
            raise ValueError(
                f"the first row of {path} must be numbers, or names of columns; got {cell[:40]!r} beside "
                "numbers: give every column a name that is no number, or leave the row out"
            )
    if comments and len(comments[-1]) == len(first) and not any(map(is_number, comments[-1])):
        return comments[-1], rows
    shown = ", ".join(first[:4]) + (", ..." if len(first) > 4 else "")
    notes.append(f"{path.name} has no header: its first row, {shown}, is taken for a sample.")
    return [str(i) for i in range(len(first))], rows


def _like_a_number(cell: str) -> bool:
    """Whether a cell that is no number was meant as one: 1,5 or 1_000 or digits of another script."""
    if COMMA.fullmatch(cell):
        return True
    try:
        float(cell)
    except ValueError:
        return False
    return not is_number(cell)


def _column(cells: list[str], name: str, notes: list[str]) -> np.ndarray:
    others = [cell for cell in cells if not is_number(cell)]
    meant = [cell for cell in others if _like_a_number(cell)]
    if not meant:
        return of_text(cells)
    if any(THOUSANDS.fullmatch(cell) for cell in meant) and not any(
        COMMA.fullmatch(cell) and not THOUSANDS.fullmatch(cell) for cell in meant
    ):
        raise ValueError(
            f"{name} must be numbers such as 1000 or 1.5; got {meant[0]!r}, a thousand or a decimal comma: "
            "write the one without the comma, or the other with a point"
        )
    points = any("." in cell for cell in cells)
    if points or len(meant) < len(others) or not all(COMMA.fullmatch(cell) for cell in meant):
        raise ValueError(
            f"{name} must be numbers such as 1000 or 1.5, in the digits 0 to 9; got {meant[0]!r}: write it so"
        )
    notes.append(
        f"In {name}, commas are taken as decimal points, {meant[0]!r} as {meant[0].replace(',', '.')}."
    )
    return np.array([cell.replace(",", ".") for cell in cells], dtype=float)


def __dir__() -> list[str]:
    return ["is_number", "of_text", "read_columns"]
