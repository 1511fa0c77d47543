"""The reference explains every public name, and what it would leave out is told when the site is built."""

import re
import sys
import zlib
from importlib import import_module

import pytest

from tests.house.tree import ROOT

HEAD = b"# Sphinx inventory version 2\n# Project: p\n# Version: 1\n# compressed\n"


@pytest.fixture
def faces(monkeypatch):
    pytest.importorskip("sphinx")
    monkeypatch.syspath_prepend(str(ROOT / "docs" / "_extensions"))
    import faces

    yield faces
    sys.modules.pop("faces")


def entered(names, path):
    lines = "".join(f"{name} py:function 1 page.html#$ -\n" for name in names)
    path.write_bytes(HEAD + zlib.compress(lines.encode()))


def test_every_face_has_a_place_on_a_page(faces):
    pages = "".join(page.read_text() for page in (ROOT / "docs" / "reference").glob("*.md"))
    shown = set(re.findall(r"\.\. face:: (\S+)", pages))
    for name in faces.public():
        assert name.startswith("twolayer-") or name.rpartition(".")[0] in shown


def test_public_names_are_those_of_the_faces_and_the_options(faces):
    names = set(faces.public())
    for face in ("twolayer", "theory", "numerics.deep", "numerics.volume", "numerics.training.attack_sets"):
        functions = {f"{face}.{name}" for name in import_module(face).__all__}
        assert len(functions & names) >= len(functions) - 2
    assert {"twolayer-figures.--columns", "twolayer-reproduce.--max-seconds"} <= names
    assert "twolayer-falsify.--no-hidden-bias" in names


def test_a_name_that_the_site_lacks_is_told(faces, tmp_path):
    names = sorted(set(faces.public()))
    entered(names, tmp_path / "objects.inv")
    assert faces.missing(tmp_path) == []
    entered(names[1:], tmp_path / "objects.inv")
    assert faces.missing(tmp_path) == names[:1]


def test_a_function_without_source_is_told(faces, tmp_path):
    (tmp_path / "reference").mkdir()
    linked = '<dl class="py function">\n<dt id="a.f">f<span class="viewcode-link">[source]</span></dt></dl>'
    bare = '<dl class="py class">\n<dt class="sig" id="a.C">C</dt></dl>'
    (tmp_path / "reference" / "a.html").write_text(linked + bare)
    assert faces.without_source(tmp_path) == ["a.C"]


def test_a_constant_of_which_nothing_is_said_is_refused(faces):
    assert faces.said_of("theory", "theorems").startswith("The record of every theorem")
    with pytest.raises(ValueError, match="must have a line below its definition"):
        faces.said_of("theory", "no_such_name")


def test_every_constant_of_the_faces_is_said(faces):
    for face in ("twolayer.testing", "theory", "numerics.basins"):
        assert any(line.startswith(".. py:data::") for line in faces.lines_of(face))
