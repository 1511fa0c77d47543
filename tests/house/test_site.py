"""Formulas are all understood by what writes them into the site, and dead links of it are found."""

import re
import sys

import pytest

from tests.house.tree import ROOT, files

FORMULA = re.compile(r"\$\$(.+?)\$\$|\$([^$\n]+(?:\n[^$\n]+)?)\$", re.DOTALL)
CODE = re.compile(r"^```.*?^```$|`[^`\n]+`", re.DOTALL | re.MULTILINE)


@pytest.fixture
def dead(monkeypatch):
    pytest.importorskip("sphinx")
    monkeypatch.syspath_prepend(str(ROOT / "docs" / "_extensions"))
    from links import dead

    yield dead
    sys.modules.pop("links")


def test_a_link_that_leads_nowhere_is_found(dead, tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b.html").write_text('<h1 id="here">b</h1><a href="a/c.html#there">c</a><img src="d.png">')
    text = '<p id="there"><a href="../b.html#here">b</a><a href="#no">no</a><a href="https://x.org/y">y</a>'
    (tmp_path / "a" / "c.html").write_text(text + '<a href="../b.html#away">b</a><a href="e.html">e</a>')
    assert dead(tmp_path) == [
        "a/c.html: #no",
        "a/c.html: ../b.html#away",
        "a/c.html: e.html",
        "b.html: d.png",
    ]


@pytest.fixture
def mathml(monkeypatch):
    pytest.importorskip("latex2mathml")
    monkeypatch.syspath_prepend(str(ROOT / "docs" / "_extensions"))
    from formulas import mathml

    yield mathml
    sys.modules.pop("formulas")


def test_every_formula_of_every_page(mathml):
    count = 0
    for page in files(".md", under="docs"):
        for displayed, running in FORMULA.findall(CODE.sub("", page.read_text())):
            made = mathml(displayed or running, "block" if displayed else "inline")
            assert made.startswith('<math alttext="')
            count += 1
    assert count > 500


def test_what_is_not_understood_is_refused(mathml):
    assert "<mtable" in mathml(r"\begin{aligned} a &= b \\ c &= d \end{aligned}", "block")
    with pytest.raises(ValueError, match="must be one that latex2mathml knows"):
        mathml(r"\nosuchcommand{a}", "inline")
    with pytest.raises(ValueError, match="must be one that"):
        mathml("a & b", "inline")
