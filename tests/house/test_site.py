"""The documentation's formulas are all understood by what writes them into the site."""

import re
import sys

import pytest

from tests.house.tree import ROOT, files

FORMULA = re.compile(r"\$\$(.+?)\$\$|\$([^$\n]+(?:\n[^$\n]+)?)\$", re.DOTALL)
CODE = re.compile(r"^```.*?^```$|`[^`\n]+`", re.DOTALL | re.MULTILINE)


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
