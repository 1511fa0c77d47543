"""Reading safetensors files without trust: a length, a JSON header, and numbers."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from numerics.files.npz import LIMIT

LONGEST_HEADER = 2**20
DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}


def read_safetensors(path: str | Path, limit: int = LIMIT) -> dict[str, np.ndarray]:
    """Return the floating-point tensors of a safetensors file by name, as float64, of any shape.

    Parameters
    ----------
    path : str or Path
    limit : int
        Most bytes that the file may have.

    Raises
    ------
    ValueError
        If the header does not fit the file in every length, or a tensor is not of floating-point numbers.
    """
    try:
        size = Path(path).stat().st_size
        if not Path(path).is_file() or not 8 < size <= limit:
            raise ValueError(f"{path} must be a safetensors file of at most {limit} bytes; got {size}")
        content = Path(path).read_bytes()
    except OSError as reason:
        raise ValueError(f"{path} must be a readable safetensors file; got {reason.strerror}") from reason
    length = int.from_bytes(content[:8], "little")
    if not 2 <= length <= min(LONGEST_HEADER, len(content) - 8):
        raise ValueError(f"{path} must have a header of 2 to {LONGEST_HEADER} bytes; got {length}")
    try:
        header = json.loads(content[8 : 8 + length])
    except (ValueError, RecursionError) as reason:
        raise ValueError(f"{path} must have a header in JSON; got {type(reason).__name__}") from reason
    if not isinstance(header, dict):
        raise ValueError(f"{path} must have an object as header; got {type(header).__name__}")
    body = memoryview(content)[8 + length :]
    named = {name: entry for name, entry in header.items() if name != "__metadata__"}
    return {name: _tensor(body, entry, f"{name[:80]!r} in {path}") for name, entry in named.items()}


def _tensor(body: memoryview, entry: Any, name: str) -> np.ndarray:
    fields: dict[str, Any] = entry if isinstance(entry, dict) else {}
    dtype, shape, place = (fields.get(key, ()) for key in ("dtype", "shape", "data_offsets"))
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise ValueError(f"{name} must be one of {', '.join(DTYPES)}; got {str(dtype)[:40]}")
    if not _sizes(shape) or not _sizes(place) or len(place) != 2:
        raise ValueError(f"{name} must have a shape and two offsets; got {str(entry)[:80]}")
    kind = np.dtype(DTYPES[dtype])
    begin, end = place
    if not begin <= end <= len(body) or end - begin != math.prod(shape) * kind.itemsize:
        raise ValueError(f"{name} must lie within the file, as long as its shape says; got {str(entry)[:80]}")
    numbers = np.frombuffer(body[begin:end], dtype=kind)
    if dtype == "BF16":
        numbers = (numbers.astype("<u4") << 16).view("<f4")
    return numbers.astype(float).reshape(shape)


def _sizes(numbers: Any) -> bool:
    return isinstance(numbers, list) and all(type(each) is int and each >= 0 for each in numbers)
