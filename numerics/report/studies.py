"""What `twolayer basins` and `twolayer deep` write, in folders within that of a report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numerics.basin_study import report as basins
from numerics.deep_study import experiment as deep

Results = dict[str, Any]


def write_numbers(folder: Path, studies: Mapping[str, Results]) -> None:
    """Write the results of the `studies`, "basins" or "deep", into folders of their names."""
    for name, results in studies.items():
        (folder / name).mkdir()
        {"basins": basins.write_numbers, "deep": deep.write_numbers}[name](folder / name, results)


@dataclass(frozen=True)
class Pictures:
    """The task of the figures and the page of a study, given its name and results.

    Parameters
    ----------
    folder : Path
        Of the report.
    command, date : str
        What made it, and when.
    """

    folder: Path
    command: str
    date: str

    def __call__(self, study: tuple[str, Results]) -> None:
        name, results = study
        if name == "basins":
            basins.write_pictures(self.folder / name, results, self.command, self.date)
        else:
            deep.write_pictures(self.folder / name, results)
