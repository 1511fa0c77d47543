"""What README and the pages of docs/ show is what happens: code, output, commands and links."""

import contextlib
import io
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tree import ROOT, files

FENCE = re.compile(r"^```(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)\s]*)?\)")
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *files(".md", under="docs")]


def fences(page: Path) -> list[tuple[str, str]]:
    return FENCE.findall(page.read_text())


def with_language(language: str) -> list[Path]:
    return [page for page in PAGES if any(found == language for found, _ in fences(page))]


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", with_language("python"), ids=name)
def test_python_blocks_print_what_the_page_shows(page, tmp_path, monkeypatch):
    """The blocks of a page share their names; a ``text`` block is the output of the block before it."""
    monkeypatch.chdir(tmp_path)
    scope, printed = {"__name__": "page"}, None
    for language, body in fences(page):
        if language == "text" and printed is not None:
            assert printed == body
        elif language == "python":
            assert not printed, f"the page does not show {printed!r}"
            with contextlib.redirect_stdout(io.StringIO()) as out:
                exec(compile(body, name(page), "exec"), scope)
            printed = out.getvalue()
            continue
        printed = None


@pytest.mark.parametrize("page", with_language("console"), ids=name)
def test_commands_print_what_the_page_shows(page, tmp_path):
    """A ``console`` block holds commands after ``$``, each followed by what it prints."""
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from numerics.command import main; main()"
    for language, body in fences(page):
        for session in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:] if language == "console" else ():
            line, _, shown = session.partition("\n")
            program, *words = line.split()
            assert program == "twolayer"
            call = [sys.executable, "-c", code, *words]
            done = subprocess.run(call, cwd=tmp_path, capture_output=True, text=True, check=False)
            assert (done.stdout.strip(), done.returncode) == (shown.strip(), 0), done.stderr


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page):
    targets = [target for target in LINK.findall(page.read_text()) if "://" not in target]
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_quick_start_has_two_blocks():
    section = (ROOT / "README.md").read_text().split("## Quick start\n")[1].split("\n## ")[0]
    job, tests = [body for language, body in FENCE.findall(section) if language == "bash"]
    assert section.count("```") == 4
    assert "twolayer reproduce --quick" in job
    assert "-m pytest" in tests
