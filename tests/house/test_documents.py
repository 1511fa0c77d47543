"""What README and the pages of docs/ show is what happens: code, output, commands and links."""

import contextlib
import io
import math
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.tree import ROOT, files

FENCE = re.compile(r"^```(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)\s]*)?\)")
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *files(".md", under="docs")]
OPTIONAL = ("curvlinops", "sklearn", "torch")
COMMAND = "from numerics.commands.main import main; main()"


NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?")
ROUNDING = 1e-8  # below it a number is one of rounding, and another processor may round otherwise


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def fences(page: Path) -> list[tuple[str, str]]:
    return FENCE.findall(page.read_text())


def runs(page: Path) -> bool:
    return any(language in ("python", "console") for language, _ in fences(page))


def printed_by_code(body: str, page: Path, scope: dict[str, object]) -> str:
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(compile(body, name(page), "exec"), scope)
    return out.getvalue()


def printed_by_command(line: str) -> str:
    program, *words = line.split()
    assert program == "twolayer"
    call = [sys.executable, "-c", COMMAND, *words]
    path = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(call, env=path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def same(printed: str, shown: str) -> bool:
    """Whether two texts differ in spacing and in the rounding of numbers at most."""
    words = [NUMBER.sub("#", text).split() for text in (printed, shown)]
    numbers = [[float(number) for number in NUMBER.findall(text)] for text in (printed, shown)]
    return words[0] == words[1] and all(
        math.isclose(x, y, rel_tol=1e-6, abs_tol=ROUNDING) for x, y in zip(*numbers, strict=True)
    )


def optional(page: Path) -> list[str]:
    """The optional packages that a page's code imports."""
    code = "".join(body for language, body in fences(page) if language == "python")
    return [each for each in OPTIONAL if re.search(rf"^(?:import|from) {each}\b", code, re.MULTILINE)]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")  # of curvlinops, when it is imported
@pytest.mark.parametrize("page", [page for page in PAGES if runs(page)], ids=name)
def test_the_page_shows_what_happens(page, tmp_path, monkeypatch):
    """The Python blocks of a page share their names, and a ``text`` block is what the one before it prints.

    A ``console`` block holds commands after ``$``, each followed by its output.
    """
    for each in optional(page):
        pytest.importorskip(each)
    monkeypatch.chdir(tmp_path)
    scope, waiting = {"__name__": "page"}, ""
    for language, body in fences(page):
        assert language == "text" or not waiting, f"the page does not show {waiting!r}"
        if language == "python":
            waiting = printed_by_code(body, page, scope)
        elif language == "text" and waiting:
            assert same(waiting, body), waiting
            waiting = ""
        elif language == "console":
            for session in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
                line, _, shown = session.partition("\n")
                printed = printed_by_command(line)
                assert same(printed, shown), printed


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page):
    targets = [target for target in LINK.findall(page.read_text()) if "://" not in target]
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_the_contents_list_every_page():
    contents = "".join(
        body
        for page in ("index", "reference", "theorems")
        for language, body in fences(ROOT / "docs" / f"{page}.md")
        if language == "{toctree}"
    )
    pages = {str(page.relative_to(ROOT / "docs").with_suffix("")) for page in files(".md", under="docs")}
    assert {line for line in contents.split("\n") if line and line[0] != ":"} == pages - {"index"}


def test_quick_start_has_two_blocks():
    section = (ROOT / "README.md").read_text().split("## Quick start\n")[1].split("\n## ")[0]
    job, tests = [body for language, body in FENCE.findall(section) if language == "bash"]
    assert section.count("```") == 4
    assert "twolayer reproduce --quick" in job
    assert "nox -s tests" in tests


def test_the_comparison_sees_a_difference():
    assert same("norm 1.25, within 3e-12\n", "norm  1.25, within 4e-12\n")
    assert not same("norm 1.25\n", "norm 1.26\n")
    assert not same("norm 1.25\n", "trace 1.25\n")
    assert not same("1 2\n", "1\n")
