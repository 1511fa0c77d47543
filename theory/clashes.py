"""A user's own files that share a name with one of these packages."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Hidden:
    """The last of Python's finders, which says why a module in a user's `folder` cannot be found.

    A folder without ``__init__.py`` gives way to a package of the same `name`, wherever that stands.
    """

    name: str
    folder: Path

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> None:
        """Refuse a module that the folder has; `path` and `target` are what Python passes.

        Raises
        ------
        ModuleNotFoundError
            With the two folders.
        """
        package, _, module = fullname.partition(".")
        place = self.folder.joinpath(*module.split("."))
        if package == self.name and (place.is_dir() or place.with_suffix(".py").is_file()):
            raise ModuleNotFoundError(
                f"{fullname} must be a module of {self.name}, a package that comes with twolayer; got one in "
                f"{self.folder}, which that package hides: rename your folder"
            )


def tell_of_hidden(name: str, home: str) -> None:
    """Let imports say so if the package `name`, whose ``__init__.py`` is `home`, hides a user's folder."""
    ours = Path(home).resolve().parent
    for entry in sys.path:
        folder = Path(entry, name).absolute()
        if folder.is_dir() and folder.resolve() != ours and any(folder.glob("*.py")):
            sys.meta_path.append(Hidden(name, folder))
            return
