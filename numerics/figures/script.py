"""What a scripted figure is: a name, a seed, how to read it, its data, and how they are drawn."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from numerics.files.seals import unbroken

Data = dict[str, np.ndarray]

LARGEST = 2**28
"""Most bytes of a file of results that are read."""

STUDIES = {"two-layer": (), "basins": ("basins",), "deep": ("deep",)}
"""Where the results of each study lie in a folder of `twolayer reproduce`."""


class Missing(ValueError):
    """Data that a figure cannot do without and cannot make: the message says how to get them."""


@dataclass(frozen=True)
class Setting:
    """How figures are made.

    Parameters
    ----------
    quick : bool
        Few starts and small networks, or as many as a page wants.
    folder : Path, optional
        Of recorded results: what `twolayer reproduce`, `basins`, `deep` or the benchmarks wrote.
    columns : int
        2 for figures as wide as a page, 1 for a column of it.
    """

    quick: bool = True
    folder: Path | None = None
    columns: int = 2

    def results(self, study: str) -> dict[str, Any] | None:
        """The recorded results of a `study`, "two-layer", "basins" or "deep", if the folder holds them.

        Raises
        ------
        ValueError
            If there are such results, and they were edited.
        """
        made_by = {"two-layer": "reproduce"}.get(study, study)
        for place in (STUDIES[study], ()):
            found = self.read("/".join((*place, "results.json")))
            if found is not None and found.get("made_by") == f"twolayer {made_by}":
                return self.trusted(found, f"twolayer {made_by}")
        return None

    def trusted(self, found: dict[str, Any], command: str) -> dict[str, Any]:
        """The results `found`, if they are as the `command` wrote them.

        Raises
        ------
        ValueError
            If their checksum says that they were edited.
        """
        if not unbroken(found):
            raise ValueError(
                f"the results in {self.folder} must be as {command} wrote them; their checksum says that "
                f"they were changed since, or are of an older version: run {command} again"
            )
        return found

    def read(self, name: str) -> dict[str, Any] | None:
        """The JSON object in the file `name` of the folder; None where there is no such file.

        Raises
        ------
        ValueError
            If the file is too large, or not a JSON object.
        """
        path = None if self.folder is None else self.folder / name
        if path is None or not path.is_file():
            return None
        if path.stat().st_size > LARGEST:
            raise ValueError(f"{path} must have at most {LARGEST} bytes; got {path.stat().st_size}")
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except (ValueError, RecursionError) as reason:
            raise ValueError(f"{path} must be JSON as twolayer writes it; got {reason}") from reason
        if not isinstance(found, dict):
            raise ValueError(f"{path} must hold a JSON object; got {type(found).__name__}")
        return found


@dataclass(frozen=True)
class Script:
    """A figure that one command makes.

    Parameters
    ----------
    name, title : str
        In file names, and above the figure.
    how_to_read : str
        One sentence.
    caption : str
        What is shown, with its conventions. The data may add a ``note`` of what is known only after a run.
    data : callable
        Takes a `Setting` and returns arrays by name: all that the drawing needs.
    draw : callable
        Takes the arrays and returns a matplotlib Figure.
    seed : int
        Determines every number of the data.
    """

    name: str
    title: str
    how_to_read: str
    caption: str
    data: Callable[[Setting], Data]
    draw: Callable[[Data], Figure]
    seed: int = 0

    def told(self, data: Data) -> str:
        """The caption of the figure drawn from `data`."""
        note = str(data["note"]) if "note" in data else ""
        return f"{self.caption} {note}".strip()
