"""A folder of figures: each with its data, in three formats, kept when the next is interrupted."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np

from numerics.figures.narrow import narrowed
from numerics.figures.script import Data, Script, Setting
from numerics.files.folders import kept_folder, write_bytes, write_json
from numerics.files.npz import read_arrays
from numerics.plotting import style
from numerics.sweeps.store import fingerprint
from numerics.sweeps.threads import one_thread

INDEX = "figures.json"

FORMATS: dict[str, dict[str, Any]] = {
    "png": {"Software": None},
    "pdf": {"CreationDate": None},
    "svg": {"Date": None},
}
"""Formats and the metadata that would make equal figures differ."""


def made(scripts: Iterable[Script], folder: Path, setting: Setting) -> Iterator[dict[str, Any]]:
    """Make figures one by one; those whose code, data and setting did not change are not made again.

    Parameters
    ----------
    scripts : iterable of Script
    folder : Path
        New, empty or one of ours; another is refused.
    setting : Setting

    Yields
    ------
    dict
        What the index says about a figure: title, caption, how to read it, seed, and files with checksums.

    Raises
    ------
    ValueError
        If the folder is not ours, or data are missing; figures made before are kept.
    """
    with kept_folder(folder), one_thread():
        for script in scripts:
            known, key = index(folder), key_of(script, setting)
            entry = known.get(script.name)
            if entry is None or entry.get("key") != key or not intact(folder, entry):
                entry = write(script, folder, setting) | {"key": key}
                write_json(folder / INDEX, {**known, script.name: entry})
            yield {"name": script.name, **entry}


def key_of(script: Script, setting: Setting) -> str:
    """What decides whether a figure is made again: code, versions, seed, size and recorded data."""
    recorded = [] if setting.folder is None else sorted(setting.folder.glob("**/*.json"))
    files = [path for path in recorded if path.name != INDEX and path.is_file()]
    sums = [hashlib.sha256(path.read_bytes()).hexdigest() for path in files]
    return fingerprint(script.name, script.seed, setting.quick, setting.columns, mpl.__version__, *sums)


def index(folder: Path) -> dict[str, Any]:
    """What the index of a `folder` says, by the names of figures; nothing where it cannot be read."""
    if not (folder / INDEX).is_file():
        return {}
    try:
        found = json.loads((folder / INDEX).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return (
        {name: entry for name, entry in found.items() if isinstance(entry, dict)}
        if isinstance(found, dict)
        else {}
    )


def intact(folder: Path, entry: dict[str, Any]) -> bool:
    """Whether the files of an `entry` of the index are there, and as they were written."""
    files = entry.get("files")
    if not isinstance(files, dict) or not files:
        return False
    return all(
        Path(name).name == name and (folder / name).is_file() and checksum(folder / name) == wanted
        for name, wanted in files.items()
    )


def checksum(path: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write(script: Script, folder: Path, setting: Setting) -> dict[str, Any]:
    """Make one figure: NAME.npz, then NAME.png, NAME.pdf and NAME.svg drawn from what was read back."""
    data = {name: np.asarray(array) for name, array in script.data(setting).items()}
    write_bytes(folder / f"{script.name}.npz", lambda stream: np.savez_compressed(stream, **data))  # type: ignore[arg-type]
    data = stored(folder / f"{script.name}.npz", list(data))
    names = [f"{script.name}.npz"]
    with style():
        figure = script.draw(data) if setting.columns == 2 else narrowed(script.draw(data))
        for kind, metadata in FORMATS.items():
            names.append(f"{script.name}.{kind}")
            write_bytes(
                folder / names[-1],
                lambda stream, kind=kind, metadata=metadata: figure.savefig(  # type: ignore[misc]
                    stream, format=kind, metadata=metadata
                ),
            )
            figure.set_layout_engine("none")  # the first format has laid it out
    return {
        "title": script.title,
        "caption": script.told(data),
        "how_to_read": script.how_to_read,
        "seed": script.seed,
        "quick": setting.quick,
        "columns": setting.columns,
        "files": {name: checksum(folder / name) for name in names},
    }


def stored(path: Path, names: list[str]) -> Data:
    """The arrays `names` of a file of data."""
    return read_arrays(path, names)
