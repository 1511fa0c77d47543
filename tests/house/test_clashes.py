"""A script beside a user's own files of the same names gets an error that names the clash."""

import os
import subprocess
import sys

import pytest

from tests.house.tree import ROOT


def run(folder, program):
    """What a script in the `folder` that runs the `program` writes to stderr, and its exit status."""
    (folder / "script.py").write_text(program)
    done = subprocess.run(
        [sys.executable, "script.py"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize("name", ["theory.py", "theory/__init__.py"])
def test_a_theory_of_the_user_that_hides_ours(tmp_path, name):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("mine = 1\n")
    status, said = run(tmp_path, "from numerics import verify")
    assert status == 1
    assert f"theory must be the package that comes with twolayer; got {tmp_path / name}" in said
    status, said = run(tmp_path, "import twolayer\ntwolayer.TwoLayer([1.0], [[1.0]], activation='mish')")
    assert f"{tmp_path / name} hides it" in said
    assert run(tmp_path, "import twolayer, theory\nassert theory.mine") == (0, "")


@pytest.mark.parametrize("package", ["numerics", "theory"])
@pytest.mark.parametrize("program", ["import {0}.mine", "from {0} import mine"])
def test_a_folder_of_the_user_that_ours_hides(tmp_path, package, program):
    (tmp_path / package).mkdir()
    (tmp_path / package / "mine.py").write_text("")
    status, said = run(tmp_path, program.format(package))
    assert status == 1
    assert f"got one in {tmp_path / package}, which that package hides: rename your folder" in said
    ours = {"numerics": "datasets", "theory": "catalogue"}[package]
    assert run(tmp_path, f"import {package}\nfrom {package} import {ours}") == (0, "")
