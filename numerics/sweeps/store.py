"""A folder of shards, each written whole or not at all with a checksum of its contents."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from numerics.files.folders import write_json
from numerics.files.npz import read_arrays

Shard = dict[str, np.ndarray]

CHECKSUM, MANIFEST = "checksum", "sweep.json"


class SweepError(Exception):
    """A sweep that stopped after `done` of `total` pieces; what was finished is kept in its store.

    Attributes
    ----------
    shards : dict of int to dict
        The finished shards by number.
    """

    def __init__(self, why: str, done: int, total: int, shards: Mapping[int, Shard] | None = None) -> None:
        super().__init__(f"{why}; {done} of {total} pieces are finished and kept")
        self.done, self.total, self.shards = done, total, dict(shards or {})


@dataclass(frozen=True)
class Store:
    """A folder of shards of one sweep.

    Parameters
    ----------
    folder : Path
    key : str
        Names the sweep: the folder of another is refused.
    count : int
        How many shards there will be.
    """

    folder: Path
    key: str
    count: int

    def open(self) -> None:
        """Create the folder, or check that it belongs to this sweep.

        Raises
        ------
        ValueError
            If the folder holds something else, or cannot be written.
        """
        mark = {"key": self.key, "count": self.count}
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if (self.folder / MANIFEST).exists():
                found = json.loads((self.folder / MANIFEST).read_text(encoding="utf-8"))
            elif any(self.folder.iterdir()):
                found = None
            else:
                write_json(self.folder / MANIFEST, mark)
                found = mark
        except (OSError, ValueError) as reason:
            raise ValueError(
                f"store must be a folder that can be written; got {self.folder}: {reason}"
            ) from reason
        if found != mark:
            raise ValueError(
                f"store must be a new folder or that of the same sweep ({self.count} pieces, key "
                f"{self.key[:12]}); got {self.folder}, which holds something else"
            )

    def path(self, index: int) -> Path:
        """The file of shard number `index`."""
        return self.folder / f"{index:06d}.npz"

    def read(self, index: int) -> Shard | None:
        """Shard number `index`, or None if it is absent, truncated or altered."""
        path = self.path(index)
        if not path.exists():
            return None
        try:
            names = _names(path)
            arrays = read_arrays(path, required=names)
        except (ValueError, OSError):
            return None
        stated = arrays.pop(CHECKSUM, np.empty(0))
        return arrays if np.array_equal(stated, checksum(arrays)) else None

    def write(self, index: int, shard: Mapping[str, np.ndarray]) -> None:
        """Write shard number `index`, whole or not at all. Arrays of any shape.

        Parameters
        ----------
        index : int
        shard : dict of str to ndarray

        Raises
        ------
        OSError
            If the disk is full, say. No part of the shard is left behind.
        """
        handle, draft = tempfile.mkstemp(prefix=".shard-", dir=self.folder)
        try:
            with os.fdopen(handle, "wb") as stream:
                content: dict[str, Any] = {**shard, CHECKSUM: checksum(shard)}
                np.savez(stream, **content)
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(draft, self.path(index))
        except BaseException:
            with suppress(FileNotFoundError):
                os.unlink(draft)
            raise

    def missing(self) -> list[int]:
        """Numbers of the shards that are absent, truncated or altered."""
        return [index for index in range(self.count) if self.read(index) is None]


def _names(path: Path) -> list[str]:
    try:
        with zipfile.ZipFile(path) as archive:
            return [name.removesuffix(".npy") for name in archive.namelist()]
    except zipfile.BadZipFile as reason:
        raise ValueError(str(reason)) from reason


def checksum(shard: Mapping[str, np.ndarray]) -> np.ndarray:
    """SHA-256 of names, types, shapes and contents, as 32 bytes.

    Parameters
    ----------
    shard : dict of str to ndarray

    Examples
    --------
    >>> one, two = checksum({"x": np.zeros(2)}), checksum({"x": np.zeros((2, 1))})
    >>> one.shape, bool((one == two).all())
    ((32,), False)
    """
    digest = hashlib.sha256()
    for name in sorted(shard):
        array = np.ascontiguousarray(shard[name])
        digest.update(f"{name}\0{array.dtype.str}\0{np.shape(shard[name])}\0".encode())
        digest.update(array.tobytes())
    return np.frombuffer(digest.digest(), dtype=np.uint8)


def fingerprint(*parts: Any) -> str:
    """A key for a sweep: the hash of arrays and of the text of everything else, among `parts`."""
    arrays = {
        f"{index:04d}": part if isinstance(part, np.ndarray) else np.array(repr(part))
        for index, part in enumerate(parts)
    }
    return checksum(arrays).tobytes().hex()
