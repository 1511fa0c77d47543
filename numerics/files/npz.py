"""Reading npz files that nobody vouches for, and writing arrays that can be read back."""

import sys
import zipfile
from collections.abc import Collection, Iterable
from itertools import islice
from pathlib import Path
from typing import IO

import numpy as np
import numpy.lib.format as npy

LIMIT = 2**30
SWOLLEN, SWELLING = 2**26, 256
"""Beyond so many bytes an array may take no more than so many times what it takes in its file."""

SHOWN = 8  # names of arrays in a message
LONGEST = 200  # characters of what another says in one
KINDS = "fiubU"  # real numbers and text
COLUMNS = f"{KINDS}cS"

Arrays = dict[str, np.ndarray]


class Refused(ValueError):
    """A file that is not what it must be, with the sentence that says so."""


def read_arrays(
    path: str | Path, required: Iterable[str], optional: Iterable[str] = (), limit: int = LIMIT
) -> Arrays:
    """Read named arrays of numbers or text, of any shape, from an npz file, trusting nothing in it.

    The size of every array is taken from its header before a byte of it is inflated, so that a small
    file cannot fill the memory; pickled objects are refused, not loaded; other members are not touched.

    Parameters
    ----------
    path : str or Path
        An npz file, as ``numpy.savez`` or ``numpy.savez_compressed`` write it.
    required, optional : iterable of str
        Names of the arrays to read. Optional ones may be absent.
    limit : int
        Most bytes that all arrays together may take in memory.

    Returns
    -------
    dict of str to ndarray
        The arrays found, as stored.

    Raises
    ------
    ValueError
        If the file is not a readable npz, lacks a required name, or holds an array that is truncated,
        too large, inflated out of all proportion, or of other than real numbers or text.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.savez(f"{folder}/data.npz", X=np.eye(2), y=[1, 2])
    ...     read_arrays(f"{folder}/data.npz", required=["X"])["X"]
    array([[1., 0.],
           [0., 1.]])
    """
    required = list(required)
    if Path(path).exists() and not Path(path).is_file():
        raise ValueError(f"{path} must be a readable npz file; got a folder, a device or a pipe")
    try:
        with zipfile.ZipFile(path) as archive:
            held = {name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")}
            _check_names(path, required, held)
            return _read_members(
                archive, path, [*required, *(name for name in optional if name in held)], limit
            )
    except Refused:
        raise
    except Exception as reason:  # whatever a damaged archive makes the readers of archives raise
        raise ValueError(f"{path} must be a readable npz file; got {say(reason)}") from reason


def read_npy(path: str | Path, limit: int = LIMIT) -> np.ndarray:
    """Read the array of an npy file, of any shape, as `read_arrays` does, trusting nothing in it.

    Complex numbers, byte strings and arrays of named columns of one kind each are read as well.

    Raises
    ------
    ValueError
        If it is no such array, or its header does not fit the file.
    """
    try:
        with open(path, "rb") as stream:
            return _read_array(stream, str(path), limit, Path(path).stat().st_size, COLUMNS)
    except Refused:
        raise
    except Exception as reason:  # as above
        raise ValueError(f"{path} must be a readable npy file; got {say(reason)}") from reason


def array_names(path: str | Path) -> set[str]:
    """Names of the arrays in an npz file; none of a file that is none, which `read_arrays` refuses."""
    try:
        if not Path(path).is_file():
            return set()
        with zipfile.ZipFile(path) as archive:
            return {name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")}
    except Exception:  # as in read_arrays, which says the reason
        return set()


def say(reason: Exception) -> str:
    """One line on what went wrong, without the path that the message already names."""
    if isinstance(reason, OSError) and reason.strerror:
        return reason.strerror.lower()
    return in_line(str(reason)) or type(reason).__name__


def in_line(text: str, longest: int = LONGEST) -> str:
    """Text of others as it may stand in a message: on one line, not without end, and no control characters.

    Examples
    --------
    >>> in_line("no\\n such\\x1b[2Jthing")
    'no such [2Jthing'
    """
    seen = "".join(each if each.isprintable() else " " for each in text[: 4 * longest])
    return " ".join(seen.split())[:longest]


def _check_names(path: str | Path, required: list[str], held: set[str]) -> None:
    missing = [name for name in required if name not in held]
    if missing:
        raise Refused(
            f"{path} must hold the arrays {', '.join(required)}; "
            f"got {listed(sorted(held))} (missing: {listed(missing)})"
        )


def listed(names: Collection[str]) -> str:
    """The first names in a file, and how many there are beside."""
    shown = [in_line(name, 80) for name in islice(names, SHOWN)]
    more = len(names) - len(shown)
    return (", ".join(shown) or "none") + (f" and {more} more" if more else "")


def _read_members(archive: zipfile.ZipFile, path: str | Path, names: list[str], limit: int) -> Arrays:
    arrays: Arrays = {}
    for name in names:
        try:
            with archive.open(f"{name}.npy") as stream:
                packed = min(archive.getinfo(f"{name}.npy").compress_size, Path(path).stat().st_size)
                arrays[name] = _read_array(stream, f"{name} in {path}", limit, packed)
        except Refused:
            raise
        except Exception as reason:  # as above: zipfile, zlib and numpy have many
            raise Refused(f"{name} in {path} must be an intact array; got {say(reason)}") from reason
        limit -= arrays[name].nbytes
    return arrays


def _read_array(stream: IO[bytes], name: str, limit: int, packed: int, kinds: str = KINDS) -> np.ndarray:
    """Read one npy stream of `packed` bytes; `limit` is what is left of the allowance in bytes."""
    shape, fortran, dtype = _read_header(stream, name)
    if not all(type(length) is int and length >= 0 for length in shape):
        raise Refused(f"{name} must have a shape of integers; got {shape}")
    columns = [dtype[each] for each in dtype.names or ()] if kinds == COLUMNS else []
    if not all(each.kind in kinds for each in columns or [dtype]):
        raise Refused(f"{name} must be an array of real numbers or text; got dtype {dtype}")
    size = dtype.itemsize
    for length in shape:
        size *= int(length)
    if size > limit:
        raise Refused(
            f"{name} must have a shape that fits into {limit} bytes; got {shape} of {dtype}, {size} bytes"
        )
    check_swelling(size, packed, name)
    array = np.empty(shape, dtype=dtype, order="F" if fortran else "C")
    flat = array.reshape(-1, order="A").view(np.uint8) if size else np.empty(0, dtype=np.uint8)
    found = _filled(stream, flat)
    if found < size or stream.read(1):
        raise Refused(f"{name} must hold the {size} bytes that its header states; got {found} or more")
    for text in [array[each] for each in dtype.names] if dtype.names else [array]:
        _check_text(text, name)
    return array


def _check_text(array: np.ndarray, name: str) -> None:
    """Refuse text, in an array of any shape, that holds what is no character."""
    if array.dtype.kind != "U" or not array.nbytes:
        return
    codes = np.ascontiguousarray(array).view(np.dtype(np.uint32).newbyteorder(array.dtype.byteorder))
    wrong = codes[(codes > sys.maxunicode) | ((codes >= 0xD800) & (codes < 0xE000))]
    if wrong.size:
        raise Refused(f"{name} must hold text; got {wrong[0]:#x}, the number of no character")


def check_swelling(size: int, packed: int, name: str) -> None:
    """Refuse an array of so much more bytes than it takes in its file that nobody measured it.

    Parameters
    ----------
    size, packed : int
        Bytes in memory and in the file.
    name : str
        Of the array, for the error.

    Raises
    ------
    Refused
        If a small file would fill the memory.
    """
    if size > max(SWOLLEN, SWELLING * packed):
        raise Refused(
            f"{name} must not inflate to more than {SWELLING} times its {packed} bytes in the file; "
            f"got {size} bytes: if it is meant, store it without compression"
        )


def _filled(stream: IO[bytes], memory: np.ndarray) -> int:
    """Read into `memory` until it is full or the stream ends; return how many bytes were read."""
    done = 0
    while done < len(memory):
        block = stream.read(min(2**20, len(memory) - done))
        if not block:
            return done
        memory[done : done + len(block)] = np.frombuffer(block, dtype=np.uint8)
        done += len(block)
    return done


def _read_header(stream: IO[bytes], name: str) -> tuple[tuple[int, ...], bool, np.dtype]:
    try:
        version = npy.read_magic(stream)
        if version not in ((1, 0), (2, 0), (3, 0)):
            raise ValueError(f"version {version}")
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, fortran, dtype = read(stream)
        if version == (3, 0) and dtype.names:  # version 2 with names in UTF-8, where it has Latin-1
            dtype.names = tuple(each.encode("latin1").decode() for each in dtype.names)
        return shape, fortran, dtype
    except Exception as reason:  # a header is text that numpy reads as a literal: it may hold anything
        raise Refused(f"{name} must start with a valid npy header; got {say(reason)}") from reason
