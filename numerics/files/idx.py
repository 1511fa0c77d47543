"""Reading files of bytes that nobody vouches for: idx arrays, plain or gzipped, and CIFAR-10's records."""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from numerics.files.npz import check_swelling

LIMIT = 2**30
"""Most bytes that an array may take, unless said otherwise."""

TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
AXES = 32
"""Most that an array may have."""

GZIP = b"\x1f\x8b"
CIFAR_RECORD = 1 + 3 * 32 * 32


def read_idx(path: str | Path, limit: int = LIMIT) -> np.ndarray:
    """Return the array of an idx file, the format of MNIST, trusting nothing in it.

    Two zero bytes, a byte for the type, one for the number of axes, the lengths as big-endian four-byte
    integers, then the entries. Whether it is gzipped is seen from its first two bytes. The size that the
    header claims is checked before anything is read, so that a small file cannot fill the memory.

    Parameters
    ----------
    path : str or Path
    limit : int
        Most bytes that the array may take.

    Returns
    -------
    ndarray
        Of the shape that the file states, in the byte order of the machine.

    Raises
    ------
    ValueError
        If the file cannot be read, is no idx file, claims more than `limit`, has an axis of no entries,
        inflates out of all proportion, or holds fewer or more bytes than it claims.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     name = Path(folder) / "two-by-two"
    ...     _ = name.write_bytes(bytes([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 2, 1, 2, 3, 4]))
    ...     read_idx(name)
    array([[1, 2],
           [3, 4]], dtype=uint8)
    """
    if Path(path).exists() and not Path(path).is_file():
        raise ValueError(f"{path} must be a readable file; got a folder, a device or a pipe")
    try:
        with open(path, "rb") as plain:
            zipped = plain.read(2) == GZIP
            plain.seek(0)
            if not zipped:
                return _read(plain, path, limit)
            with gzip.open(plain) as stream:
                return _read(cast(BinaryIO, stream), path, limit)
    except (OSError, EOFError, zlib.error) as reason:
        said = reason.strerror.lower() if isinstance(reason, OSError) and reason.strerror else str(reason)
        raise ValueError(f"{path} must be a readable idx file; got {said}") from reason


def _read(stream: BinaryIO, path: str | Path, limit: int) -> np.ndarray:
    head = stream.read(4)
    if len(head) < 4 or head[:2] != b"\0\0" or head[2] not in TYPES:
        raise ValueError(
            f"{path} must start as an idx file does, 0 0 type axes; got {head.hex(' ') or 'nothing'}"
        )
    dtype, axes = np.dtype(TYPES[head[2]]), head[3]
    if axes > AXES:
        raise ValueError(f"{path} must have at most {AXES} axes; got {axes}")
    lengths = stream.read(4 * axes)
    if len(lengths) < 4 * axes:
        raise ValueError(f"{path} must state the lengths of its {axes} axes; got {len(lengths)} bytes")
    shape = tuple(int(length) for length in np.frombuffer(lengths, dtype=">u4"))
    size = math.prod(shape) * dtype.itemsize
    if size > limit:
        raise ValueError(f"{path} must have a shape that fits into {limit} bytes; got {shape}, {size} bytes")
    if not shape or min(shape) == 0:
        raise ValueError(f"{path} must have axes of at least one entry each; got the shape {shape}")
    check_swelling(size, Path(path).stat().st_size, str(path))
    content = stream.read(size)
    if len(content) < size or stream.read(1):
        more = "more" if len(content) == size else len(content)
        raise ValueError(f"{path} must hold the {size} bytes that its header states; got {more}")
    return np.frombuffer(content, dtype=dtype).reshape(shape).astype(dtype.newbyteorder("="))


def read_cifar(path: str | Path, limit: int = LIMIT) -> tuple[np.ndarray, np.ndarray]:
    """Return the images (n, 3072) and labels (n,), both uint8, of a binary file of CIFAR-10.

    Records of 3073 bytes: the label, then the red, green and blue planes of 32 x 32 pixels.

    Parameters
    ----------
    path : str or Path
    limit : int
        Most bytes of the file.

    Raises
    ------
    ValueError
        If the file cannot be read, is not made of whole records, exceeds `limit`, or has a label above 9.
    """
    try:
        size = Path(path).stat().st_size
        whole = Path(path).is_file() and 0 < size <= limit and size % CIFAR_RECORD == 0
        content = Path(path).read_bytes() if whole else b""
    except OSError as reason:
        raise ValueError(
            f"{path} must be a readable file; got {(reason.strerror or 'an error').lower()}"
        ) from reason
    if not content:
        raise ValueError(f"{path} must be records of {CIFAR_RECORD} bytes, {limit} at most; got {size} bytes")
    records = np.frombuffer(content, dtype=np.uint8).reshape(-1, CIFAR_RECORD)
    if records[:, 0].max() > 9:
        raise ValueError(f"{path} must have labels from 0 to 9; got {records[:, 0].max()}")
    return records[:, 1:].copy(), records[:, 0].copy()
