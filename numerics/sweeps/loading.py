"""Finished sweeps as arrays: numpy's, or xarray's with the extra ``[xarray]``."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from numerics.sweeps.store import MANIFEST, Shard, Store


def load(folder: str | Path) -> Shard:
    """Read the store of a finished sweep.

    Parameters
    ----------
    folder : path

    Returns
    -------
    dict of str to ndarray
        Every array of the shards, joined along its first axis in the order of the pieces; single numbers
        become one entry a piece.

    Raises
    ------
    ValueError
        If the folder is no store, or shards are missing, truncated or altered; the message says how many.

    Examples
    --------
    >>> import tempfile
    >>> from numerics.sweeps.sweep import sweep
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = sweep(lambda x: {"square": np.array(x * x)}, [1, 2, 3], store=folder)
    ...     load(folder)["square"]
    array([1, 4, 9])
    """
    place = Path(folder)
    if not (place / MANIFEST).is_file():  # to read a pipe or a device might never end
        raise ValueError(f"folder must be the store of a sweep; got {folder}")
    try:
        mark = json.loads((place / MANIFEST).read_text(encoding="utf-8"))
        store = Store(place, str(mark["key"]), int(mark["count"]))
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError) as reason:
        raise ValueError(f"folder must be the store of a sweep; got {folder}") from reason
    # by the files that are there: the manifest may state any number
    there = {int(path.stem) for path in place.glob("*.npz") if path.stem.isascii() and path.stem.isdigit()}
    shards = [store.read(index) for index in sorted(there) if index < store.count]
    whole = [shard for shard in shards if shard is not None]
    if len(whole) < store.count or not whole:
        raise ValueError(
            f"folder must be the store of a finished sweep; got {folder}, where "
            f"{store.count - len(whole)} of {store.count} shards are missing or damaged: run it again"
        )
    return {name: np.concatenate([np.atleast_1d(shard[name]) for shard in whole]) for name in whole[0]}


def as_xarray(folder: str | Path) -> Any:
    """As :func:`load` of `folder`, as an xarray Dataset whose first dimension is called "row".

    Raises
    ------
    ValueError
        As :func:`load`, and if the extra is not installed.
    """
    try:
        xarray = import_module("xarray")
    except ImportError as reason:
        raise ValueError("xarray needs the extra: pip install '.[xarray]' in a clone") from reason
    arrays = load(folder)
    return xarray.Dataset(
        {
            name: (["row", *(f"{name}_{axis}" for axis in range(1, array.ndim))], array)
            for name, array in arrays.items()
        }
    )
