"""The command's first moments, and how numbers are written on its line."""

import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner

from numerics.commands.main import main
from numerics.files.datasets import two_classes


@pytest.mark.parametrize("where", ["click", "numerics.commands.reproduce", "re"])
def test_ctrl_c_while_the_command_is_loaded_is_one_line(where: str) -> None:
    code = (
        "import builtins, sys\n"
        "real = builtins.__import__\n"
        "def stopping(name, *rest):\n"
        f"    if name == {where!r} and 'numerics.commands' in sys.modules: raise KeyboardInterrupt\n"
        "    return real(name, *rest)\n"
        "builtins.__import__ = stopping\n"
        "from numerics.commands import start\n"
        "start()\n"
    )
    done = subprocess.run([sys.executable, "-c", code, "--help"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr == "Stopped before anything was finished.\n"


@pytest.mark.parametrize(
    "words",
    [
        ["verify", "--samples", "1_0"],
        ["verify", "--seed", "1_0"],
        ["falsify", "norm(a) <= lmax(H)", "--seconds", "1_0.5"],
        ["figures", "--columns", "\u0662"],
        ["basins", "--max-seconds", "1_0"],
    ],
    ids=lambda words: " ".join(words[:1] + words[-2:-1]),
)
def test_numbers_are_digits_alone(words: list[str]) -> None:
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 2
    assert "is not written in the digits 0 to 9 alone" in done.output


@pytest.mark.parametrize("label", [np.inf, -np.inf, np.nan])
def test_classes_are_finite(label: float) -> None:
    with pytest.raises(ValueError, match=r"y must have every label, a finite number or a word; got"):
        two_classes(np.array([0.0, label, 0.0, label]))
