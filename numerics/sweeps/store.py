"""A folder of shards, each written whole or not at all with a checksum of its contents."""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
import tempfile
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from numerics.files.drafts import dead, prefix
from numerics.files.folders import write_json
from numerics.files.npz import read_arrays
from numerics.files.provenance import versions
from twolayer.jit import source_hash

Shard = dict[str, np.ndarray]

CHECKSUM, ORIGIN, MANIFEST = "checksum", "of_sweep", "sweep.json"
VERSION = 2
COMPUTING = ("numpy", "scipy", "numba", "machine")
PACKAGE = Path(__file__).parents[1]
OURS = re.compile(r"[0-9]{6,}\.npz|sweep\.json|\.shard-.*|\.sweep\.json-.*")


class SweepError(Exception):
    """A sweep that stopped after `done` of `total` pieces; what was finished is kept in its store.

    Attributes
    ----------
    shards : dict of int to dict
        The finished shards by number.
    failed : bool
        Whether something broke: workers, scheduler or disk. Time that ran out is no failure.
    """

    def __init__(
        self,
        why: str,
        done: int,
        total: int,
        shards: Mapping[int, Shard] | None = None,
        failed: bool = False,
    ) -> None:
        super().__init__(f"{why}; {done} of {total} pieces are finished and kept")
        self.done, self.total, self.shards, self.failed = done, total, dict(shards or {}), failed


class OtherSweep(ValueError):
    """A folder that holds another sweep, or something else."""


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
        """Create the folder, or check that it belongs to this sweep and clear what a dead run left in it.

        A manifest that a killed run left empty or broken is written anew if nothing but shards lies there:
        every shard names its own sweep, and one of another is done again.

        Raises
        ------
        ValueError
            If the folder holds something else, or cannot be written.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._clear_drafts()
            found = self._manifest()
            if found is None:
                write_json(self.folder / MANIFEST, self.mark)
                found = self.mark
        except OSError as reason:
            raise ValueError(
                f"store must be a folder that can be written; got {self.folder}: {reason.strerror}"
            ) from reason
        if found not in (self.mark, self.old_mark):
            raise OtherSweep(
                f"store must be a new folder or that of the same sweep ({self.count} pieces, key "
                f"{self.key[:12]}); got {self.folder}, which holds something else, or "
                "what other settings, data or another version of the code began: delete it if it is not "
                "needed, or name another"
            )

    @property
    def mark(self) -> dict[str, Any]:
        """The content of the manifest."""
        return {**self.old_mark, "version": VERSION}

    @property
    def old_mark(self) -> dict[str, Any]:
        """The content of a manifest from before shards named their sweep."""
        return {"key": self.key, "count": self.count}

    def _manifest(self) -> dict[str, Any] | None:
        """The manifest; None where it may be written: in a new folder, or beside nothing but shards."""
        path = self.folder / MANIFEST
        try:
            found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
        except (ValueError, RecursionError):
            found = None
        if isinstance(found, dict):
            return found
        strangers = [entry.name for entry in self.folder.iterdir() if not OURS.fullmatch(entry.name)]
        return {"strangers": strangers} if strangers else None

    def _clear_drafts(self) -> None:
        """Remove the drafts of runs that are dead: of this machine, whose number no process bears."""
        for draft in self.folder.glob(".*"):
            if dead(draft.name, "shard") or dead(draft.name, MANIFEST):
                draft.unlink(missing_ok=True)

    def path(self, index: int) -> Path:
        """The file of shard number `index`."""
        return self.folder / f"{index:06d}.npz"

    def read(self, index: int) -> Shard | None:
        """Shard number `index`, or None if it is absent, truncated or altered."""
        path = self.path(index)
        try:
            if not stat.S_ISREG(path.lstat().st_mode):
                return None
            arrays = read_arrays(path, required=_names(path))
        except (ValueError, OSError):
            return None
        stated = arrays.pop(CHECKSUM, np.empty(0))
        if not np.array_equal(stated, checksum(arrays)):
            return None
        origin = arrays.pop(ORIGIN, None)
        return arrays if self._ours(origin, index) else None

    def _ours(self, origin: np.ndarray | None, index: int) -> bool:
        """Whether a shard says that it is this one; before shards said so, manifests were of another kind."""
        if origin is None:
            return self._manifest() == self.old_mark
        return str(origin) == self._origin(index)

    def _origin(self, index: int) -> str:
        return f"{self.key}\n{index} of {self.count}"

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
        handle, draft = tempfile.mkstemp(prefix=prefix("shard"), dir=self.folder)
        try:
            with os.fdopen(handle, "wb") as stream:
                named = {**shard, ORIGIN: np.array(self._origin(index))}
                content: dict[str, Any] = {**named, CHECKSUM: checksum(named)}
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
    except OSError:
        raise
    except Exception as reason:  # whatever a damaged archive makes the reader of archives raise
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


@cache
def running_version() -> str:
    """Hash of the sources of `twolayer` and `numerics`, and the versions of what they compute with."""
    found = versions()
    digest = hashlib.sha256(repr([(name, found.get(name)) for name in COMPUTING]).encode())
    for path in sorted(PACKAGE.rglob("*.py")):
        digest.update(f"{path.relative_to(PACKAGE).as_posix()}\0".encode() + path.read_bytes())
    return f"{source_hash()} {digest.hexdigest()}"


def fingerprint(*parts: Any) -> str:
    """A key for a sweep: the hash of `parts`, arrays or anything with a text, and of the code that runs it.

    A store that another version began is not taken up: some of its shards would come from another integrator.
    """
    arrays = {
        f"{index:04d}": part if isinstance(part, np.ndarray) else np.array(repr(part))
        for index, part in enumerate((*parts, running_version()))
    }
    return checksum(arrays).tobytes().hex()
