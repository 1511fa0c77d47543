"""What is shipped: everything that is needed, and nothing else."""

import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import twolayer
from tests.house.tree import PACKAGES, ROOT, files

BUILD = "from setuptools import build_meta; build_meta.build_{kind}({target!r})"


def build(kind: str, target: Path) -> Path:
    """Build an sdist or a wheel from a clean copy of the tree, as pip would, and find it in `target`."""
    copy = target / "tree"
    for path in files():
        (copy / path.relative_to(ROOT)).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, copy / path.relative_to(ROOT))
    code = BUILD.format(kind=kind, target=str(target))
    done = subprocess.run([sys.executable, "-c", code], cwd=copy, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return next(target.glob("twolayer-*.*"))


def tree(*folders: str) -> set[str]:
    return {str(path.relative_to(ROOT)) for folder in folders for path in files(under=folder)}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return build("wheel", tmp_path_factory.mktemp("wheel"))


def test_the_wheel_holds_the_packages_and_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    shipped = {name for name in names if ".dist-info/" not in name}
    assert shipped == tree(*PACKAGES)


def test_the_wheel_states_its_licence_its_command_and_its_types(wheel):
    archive = zipfile.ZipFile(wheel)
    info = next(name for name in archive.namelist() if name.endswith("METADATA")).removesuffix("METADATA")
    metadata = archive.read(info + "METADATA").decode()
    assert "BSD-3-Clause" in metadata
    assert "Requires-Python: >=3.11" in metadata
    assert "twolayer = numerics.commands:start" in archive.read(info + "entry_points.txt").decode()
    assert {f"{package}/py.typed" for package in PACKAGES} <= set(archive.namelist())
    assert any(name.endswith("LICENSE") for name in archive.namelist())


def test_the_source_distribution_holds_the_tree(tmp_path):
    with tarfile.open(build("sdist", tmp_path)) as archive:
        names = {member.name.partition("/")[2] for member in archive.getmembers() if member.isfile()}
    made = {name for name in names if name == "PKG-INFO" or ".egg-info/" in name}
    assert names - made == tree(".")


def test_the_version_is_the_same_everywhere():
    citation = (ROOT / "CITATION.cff").read_text()
    assert f"\nversion: {twolayer.__version__}\n" in citation
    assert f"\n## {twolayer.__version__}\n" in (ROOT / "CHANGELOG.md").read_text()
