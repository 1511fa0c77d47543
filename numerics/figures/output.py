"""A folder of figures: each with its data, in three formats, kept when the next is interrupted."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np

from numerics.figures.narrow import narrowed
from numerics.figures.script import Data, Missing, Script, Setting
from numerics.files.folders import kept_folder, write_bytes, write_json
from numerics.files.npz import read_arrays
from numerics.plotting import style
from numerics.sweeps.executors import Each
from numerics.sweeps.store import fingerprint
from numerics.sweeps.threads import one_thread

INDEX = "figures.json"

FORMATS: dict[str, dict[str, Any]] = {
    "png": {"Software": None},
    "pdf": {"CreationDate": None},
    "svg": {"Date": None},
}
"""Formats and the metadata that would make equal figures differ."""


Entry = dict[str, Any]


def made(scripts: Iterable[Script], folder: Path, setting: Setting) -> Iterator[Entry]:
    """Make figures one by one, as :func:`attempted` does.

    Parameters
    ----------
    scripts : iterable of Script
    folder : Path
    setting : Setting

    Yields
    ------
    dict
        What the index says about a figure.

    Raises
    ------
    ValueError
        If the folder is not ours, or data are missing; figures made before are kept.
    """
    for found in attempted(scripts, folder, setting):
        if isinstance(found, Missing):
            raise found
        yield found


def attempted(
    scripts: Iterable[Script], folder: Path, setting: Setting, each: Each = map
) -> Iterator[Entry | Missing]:
    """Make figures; those whose code, data and setting did not change are not made again.

    Parameters
    ----------
    scripts : iterable of Script
    folder : Path
        New, empty or one of ours; another is refused.
    setting : Setting
    each : callable
        How the figures are made: here, one by one, by default.

    Yields
    ------
    dict or Missing
        What the index says about a figure: title, caption, how to read it, seed, and files with checksums;
        or why it cannot be made.

    Raises
    ------
    ValueError
        If the folder is not ours; figures made before are kept.
    """
    with kept_folder(folder), one_thread():
        known, wanted = index(folder), {script.name: script for script in scripts}
        keys = {name: key_of(script, setting) for name, script in wanted.items()}
        new = [name for name in wanted if not up_to_date(folder, known.get(name), keys[name])]
        task = partial(written, folder=folder, setting=setting)
        found = iter(each(task, [wanted[name] for name in new]))
        for name in wanted:
            if name in new:
                entry = next(found)
                if isinstance(entry, Missing):
                    yield entry
                    continue
                known[name] = entry | {"key": keys[name]}
                write_json(folder / INDEX, known)
            yield {"name": name, **known[name]}


def up_to_date(folder: Path, entry: Entry | None, key: str) -> bool:
    """Whether the `entry` of the index is that of a figure with this `key`, whose files are as they were."""
    return entry is not None and entry.get("key") == key and intact(folder, entry)


def written(script: Script, folder: Path, setting: Setting) -> Entry | Missing:
    """What the index is to say about a figure that is made, or why it cannot be."""
    try:
        return write(script, folder, setting)
    except Missing as reason:
        return reason


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
