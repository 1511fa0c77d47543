"""What no file of the project may say."""

import re
from pathlib import Path

import pytest

from tests.house.tree import ROOT, files

TEXT = {".py", ".md", ".cfg", ".toml", ".in", ".cff", ".css", ".mplstyle", ".html", ".txt", ""}
HOME = re.compile(r"(?<![\w.:/])/(?:root|home|Users|work|opt|mnt|private|srv)/[\w.-]+")
REGISTRY = re.compile(
    r"(?:--|PIP_|UV_)(?:extra[-_])?(?:index|find)[-_](?:url|links)|/simple(?![-\w])", re.IGNORECASE
)
LEFTOVER = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X|raise NotImpl" + r"ementedError)\b")
GIVEN_UP = re.compile(r"pytest\.(?:skip|mark\.skip|mark\.skipif|mark\.xfail|xfail)\b|assert Tr" + r"ue\b")
STEP_UP = re.compile(r"(?:\.\./)+[\w./-]*")


def texts() -> list[Path]:
    return [path for path in files() if path.suffix in TEXT and path.name != "test_text.py"]


def said(pattern: re.Pattern[str]) -> list[tuple[str, str]]:
    """The file and the words of every hit."""
    hits = ((path, hit[0]) for path in texts() for hit in pattern.finditer(path.read_text()))
    return [(str(path.relative_to(ROOT)), words) for path, words in hits]


@pytest.mark.parametrize("pattern", [HOME, REGISTRY, LEFTOVER, GIVEN_UP])
def test_no_file_says(pattern):
    assert said(pattern) == []


def test_no_file_points_outside_the_project():
    """Whatever steps up a folder stays inside: the project stands alone."""
    steps = [(ROOT / name).parent / up for name, up in said(STEP_UP)]
    assert [step for step in steps if not step.resolve().is_relative_to(ROOT)] == []


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (HOME, "open('/home/ann/x.npz')"),
        (REGISTRY, "pip install --index-url https://example.org"),
        (LEFTOVER, "# TO" + "DO: later"),
        (GIVEN_UP, "@pytest.mark.xfail"),
    ],
)
def test_a_planted_line_is_found(pattern, text):
    assert pattern.search(text)
