"""The rules of the house, each checked by the tool that knows it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.tree import PACKAGES, ROOT

LAYERS = "import sys; from importlinter.cli import lint_imports_command as lint; sys.exit(lint())"
TOOLS = {
    "lint": ("-m", "ruff", "check", "."),
    "format": ("-m", "ruff", "format", "--check", "."),
    "types": ("-m", "mypy", *PACKAGES),
    "layers": ("-c", LAYERS, "--config", "setup.cfg"),
}


def python(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run this interpreter, in the project's folder unless told."""
    return subprocess.run([sys.executable, *arguments], cwd=cwd, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("tool", TOOLS)
def test_the_tool_is_content(tool):
    done = python(*TOOLS[tool])
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_wrong_call_of_a_kernel_is_a_type_error():
    kernel = "from twolayer.jit import kernel\n@kernel\ndef double(x: float) -> float:\n    return 2 * x\n"
    assert python("-m", "mypy", "-c", kernel + "double(2.0)\n").returncode == 0
    done = python("-m", "mypy", "-c", kernel + "double('two')\n")
    assert 'incompatible type "str"; expected "float"' in done.stdout


PLANTED = {
    "a package below imports what it may not": (
        "twolayer/arrays.py",
        "import sympy as _",
        "twolayer is not allowed to import sympy",
    ),
    "a room imports a room above it": (
        "twolayer/forward/scope.py",
        "from ..curvature import dense as _",
        "twolayer.forward is not allowed to import twolayer.curvature",
    ),
    "theory goes round its bridge": (
        "theory/claims.py",
        "import twolayer.jit as _",
        "theory is not allowed to import twolayer",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("fault", PLANTED)
def test_an_import_against_the_layers_is_caught(fault, tmp_path):
    """The contracts of setup.cfg, run on a copy with one import too many."""
    path, planted, message = PLANTED[fault]
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "setup.cfg").write_text((ROOT / "setup.cfg").read_text())
    with (tmp_path / path).open("a") as file:
        file.write(f"\n{planted}  # noqa\n")
    done = python(*TOOLS["layers"], "--no-cache", cwd=tmp_path)
    assert done.returncode == 1
    assert message in done.stdout


def test_twolayer_imports_neither_sympy_nor_matplotlib():
    code = "import sys, twolayer; sys.exit(bool({'sympy', 'matplotlib'} & set(sys.modules)))"
    assert python("-c", code).returncode == 0
