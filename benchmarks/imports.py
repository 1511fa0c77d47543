"""The time of an import, and of a whole command with a warm cache, each in a fresh interpreter."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from .case import Case, Contender, Work, problem

LIBRARIES = "import numpy, scipy.sparse.linalg, numba"
COMMAND = "from numerics.commands.main import main; main()"


def run(*arguments: str) -> Work:
    return lambda: subprocess.run([sys.executable, *arguments], check=True, capture_output=True)


def cases(dry: bool) -> Iterator[Case]:
    yield case("import twolayer", 1.2, "-c", "import twolayer")
    with TemporaryDirectory() as folder:
        files = saved(Path(folder))
        yield case("twolayer norms, a small model", 2.0, "-c", COMMAND, "norms", *files)


def case(work: str, allowed: float, *arguments: str) -> Case:
    peer = Contender(LIBRARIES, 1 / allowed, lambda: run("-c", LIBRARIES))
    return Case(work, "", Contender("twolayer", 1.0, lambda: run(*arguments)), [peer])


def saved(folder: Path) -> list[str]:
    """Write a small model and its data; return the options that name them."""
    net, X, y = problem(20, 3, 4)
    np.savez(folder / "model.npz", **net.parts, activation="tanh")
    np.savez(folder / "data.npz", X=X, y=y)
    return ["--model", str(folder / "model.npz"), "--data", str(folder / "data.npz")]
