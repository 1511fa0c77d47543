"""The files of the project, as a test sees them."""

import os
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("twolayer", "theory", "numerics")


def ignored(path: Path) -> bool:
    """Whether .gitignore's patterns (plain names and globs only) name `path` or a folder above it."""
    patterns = [line.strip("/") for line in (ROOT / ".gitignore").read_text().split() if line] + [".git"]
    relative = path.relative_to(ROOT)
    steps = [*relative.parts, *(str(folder) for folder in relative.parents), str(relative)]
    return any(fnmatch(step, pattern) for step in steps for pattern in patterns)


def files(*suffixes: str, under: str = ".") -> Iterator[Path]:
    """Every file of the project below `under`, of the suffixes given or of any."""
    for folder, names, leaves in os.walk(ROOT / under):
        names[:] = sorted(name for name in names if not ignored(Path(folder, name)))
        for leaf in sorted(leaves):
            path = Path(folder, leaf)
            if not ignored(path) and (not suffixes or path.suffix in suffixes):
                yield path
