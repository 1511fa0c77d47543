"""Reading npz files that nobody vouches for, and writing arrays that can be read back."""

import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import IO

import numpy as np
import numpy.lib.format as npy

LIMIT = 2**30
NUMERIC = "fiub"
TEXT = "U"

Arrays = dict[str, np.ndarray]


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
        too large, or of other than real numbers or text.

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
    try:
        with zipfile.ZipFile(path) as archive:
            held = {name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")}
            _check_names(path, required, held)
            return _read_members(
                archive, path, [*required, *(name for name in optional if name in held)], limit
            )
    except (OSError, zipfile.BadZipFile) as reason:
        raise ValueError(f"{path} must be a readable npz file; got {_say(reason)}") from reason


def _say(reason: Exception) -> str:
    """One line on what went wrong, without the path that the message already names."""
    if isinstance(reason, OSError) and reason.strerror:
        return reason.strerror.lower()
    return " ".join(str(reason).split()) or type(reason).__name__


def _check_names(path: str | Path, required: list[str], held: set[str]) -> None:
    missing = [name for name in required if name not in held]
    if missing:
        raise ValueError(
            f"{path} must hold the arrays {', '.join(required)}; "
            f"got {', '.join(sorted(held)) or 'none'} (missing: {', '.join(missing)})"
        )


def _read_members(archive: zipfile.ZipFile, path: str | Path, names: list[str], limit: int) -> Arrays:
    arrays: Arrays = {}
    for name in names:
        try:
            with archive.open(f"{name}.npy") as stream:
                arrays[name] = _read_array(stream, f"{name} in {path}", limit)
        except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as reason:
            raise ValueError(f"{name} in {path} must be an intact array; got {_say(reason)}") from reason
        limit -= arrays[name].nbytes
    return arrays


def _read_array(stream: IO[bytes], name: str, limit: int) -> np.ndarray:
    """Read one npy stream; `limit` is what is left of the allowance in bytes."""
    shape, fortran, dtype = _read_header(stream, name)
    if dtype.kind not in NUMERIC + TEXT:
        raise ValueError(f"{name} must be an array of real numbers or text; got dtype {dtype}")
    size = dtype.itemsize
    for length in shape:
        size *= int(length)
    if size > limit or min(shape, default=0) < 0:
        raise ValueError(
            f"{name} must have a shape that fits into {limit} bytes; got {shape} of {dtype}, {size} bytes"
        )
    content = stream.read(size)
    if len(content) < size or stream.read(1):
        raise ValueError(
            f"{name} must hold the {size} bytes that its header states; got {len(content)} or more"
        )
    flat = np.frombuffer(content, dtype=dtype) if size else np.empty(0, dtype=dtype)
    return flat.reshape(shape, order="F" if fortran else "C").copy()


def _read_header(stream: IO[bytes], name: str) -> tuple[tuple[int, ...], bool, np.dtype]:
    try:
        version = npy.read_magic(stream)
        read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}[version]
        return read(stream)
    except (ValueError, KeyError, SyntaxError) as reason:
        raise ValueError(f"{name} must start with a valid npy header; got {_say(reason)}") from reason
