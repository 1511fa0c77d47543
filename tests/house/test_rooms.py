"""Rooms of a size one can look over, faces that show what is public, tests that stand alone."""

import ast
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.tree import PACKAGES, ROOT, files

LONGEST = 400
SOURCES = [path for package in (*PACKAGES, "tests", "benchmarks") for path in files(".py", under=package)]
ROOMS = sorted({path.parent for package in PACKAGES for path in files(".py", under=package)})
MADE = {"generated", "activations", "losses"}  # as many files as there are activations and losses


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imported(path: Path) -> list[str]:
    """The modules that a file imports from, as it writes them."""
    nodes = list(ast.walk(ast.parse(path.read_text())))
    plain = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    return plain + [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]


def test_no_file_is_too_long():
    made = {ROOT / "twolayer" / "elementary" / "tables.py"}
    long = {name(path): len(path.read_text().splitlines()) for path in SOURCES if path not in made}
    assert {path: count for path, count in long.items() if count > LONGEST} == {}


@pytest.mark.parametrize("room", ROOMS, ids=name)
def test_a_room_says_in_its_first_sentence_what_lives_there(room):
    text = ast.get_docstring(ast.parse((room / "__init__.py").read_text())) or ""
    first = text.split("\n\n")[0]
    assert first.endswith((".", ":"))
    assert len(first) < 160


@pytest.mark.parametrize("room", ROOMS, ids=name)
def test_a_room_can_be_looked_over(room):
    modules = [path for path in room.glob("*.py") if path.name not in ("__init__.py", "__main__.py")]
    assert len(modules) <= 13 or room.name in MADE
    assert len(modules) >= 2 or (room / "__init__.py").stat().st_size > 500 or room.name in PACKAGES


def test_no_test_file_imports_another():
    tests = [path for path in SOURCES if path.name.startswith("test_")]
    assert {
        name(path): found for path in tests if (found := [m for m in imported(path) if ".test_" in m])
    } == {}


@pytest.mark.parametrize("face", PACKAGES)
def test_a_face_shows_its_public_names_and_no_others(face):
    module = importlib.import_module(face)
    assert sorted(dir(module)) == sorted(module.__all__)
    assert all(getattr(module, each) is not None for each in module.__all__)
    with pytest.raises(AttributeError, match=f"module '{face}' has no attribute 'nothing'"):
        getattr(module, "nothing")  # noqa: B009


def test_the_command_line_starts_with_none_of_the_heavy_packages():
    code = (
        "import sys, numerics.commands.main; "
        "sys.exit(sorted({'numpy', 'sympy', 'numba', 'hypothesis', 'matplotlib'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_modules_that_moved_stand_where_the_changelog_says():
    moved = re.findall(r"^\| `[\w.]+` \| `([\w.]+)` \|$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert len(moved) > 50
    paths = [ROOT.joinpath(*name.split(".")) for name in moved]
    assert [str(each) for each in paths if not (each.with_suffix(".py").is_file() or each.is_dir())] == []
