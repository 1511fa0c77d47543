"""The time of an import, and of a whole command, each in a fresh interpreter."""

import subprocess
import sys
from collections.abc import Iterator

from .case import Case, Contender, Work

LIBRARIES = "import numpy, scipy.sparse.linalg, numba"


def run(*arguments: str) -> Work:
    return lambda: subprocess.run([sys.executable, *arguments], check=True, capture_output=True)


def cases(dry: bool) -> Iterator[Case]:
    ours = Contender("twolayer", 1.0, lambda: run("-c", "import twolayer"))
    yield Case("import twolayer", "", ours, [Contender(LIBRARIES, 1 / 1.2, lambda: run("-c", LIBRARIES))])
