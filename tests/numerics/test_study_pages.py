"""Pages of studies: escaped, partial first, and readable without eyes."""

import re

import pytest

from numerics.basin_study.report import page as basins_page
from numerics.basin_study.run import experiment
from numerics.pages import Picture, Section, Table, study_page
from numerics.pages.typesetting import typeset, with_spread
from numerics.sweeps.workplace import Workplace
from tests.numerics.small_basins import TINY, shrink

PICTURE = Picture("Where?", "A figure.", "Higher is more.", "data:image/png;base64,AAAA", "figures/where")
TABLE = Table("Numbers of |H|_F", ["name", "value"], [["one", "-1.5e-31"], ["two", "2"]])
SECTION = Section(
    "All parts",
    text=["With lmax < 2."],
    items=["first"],
    pictures=[PICTURE],
    tables=[TABLE],
    terms={"risk R": "mean loss"},
    folded=[TABLE],
)


def check(text):
    """What a browser, a printer and a screen reader need of a page."""
    assert text.startswith("<!DOCTYPE html>")
    assert '<html lang="en">' in text
    assert text.count("<main>") == text.count("<h1>") == 1
    assert re.findall(r'(?:src|href)="(?!data:|#)[^"]*"', text) == []
    assert "<script" not in text
    assert text.count("<caption>") == text.count("<thead>") == text.count("</table>")
    assert "<th>" not in text
    assert len(re.findall(r'<img[^>]* alt="[^"]{4,}"', text)) == text.count("<img")
    labels = re.findall(r'aria-labelledby="([^"]+)"', text)
    assert labels
    assert len(set(labels)) == len(labels)
    assert set(labels) <= set(re.findall(r'id="([^"]+)"', text))
    seen = re.sub('<style>.*?</style>|aria-label="[^"]*"|alt="[^"]*"', "", text, flags=re.DOTALL)
    assert re.findall(r"\|[A-Z]\|_F|\blmax\b|grad_x|\d[Ee]-\d", seen) == []


def test_every_part_of_a_page_is_shown_and_read():
    text = study_page("A study", "It is so.", "What was done.", [SECTION, Section("Nothing")])
    check(text)
    assert "Nothing" not in text
    assert "Partial" not in text
    assert text.count("How to read:") == 1
    assert text.count("<table") == 2
    assert "−1.5 × 10<sup>−31</sup>" in text
    assert "λ<sub>max</sub> &lt; 2" in text


def test_what_is_told_is_escaped_everywhere():
    evil = "<b onload='x'>"
    picture = Picture(evil, evil, evil, PICTURE.image, evil)
    table = Table(evil, [evil], [[evil, evil]])
    section = Section(evil, [evil], [evil], [picture], [table], {evil: evil}, [table])
    assert "<b " not in study_page(evil, evil, evil, [section], [evil])


def test_a_partial_page_says_so_before_anything_else():
    text = study_page("A study", "It is so.", "", [], ["out of time", "minima: 3 of 9"])
    body = re.sub("<[^>]*>", "", text[text.index("<body>") :]).strip()
    assert body.startswith("Partial: out of time; minima: 3 of 9. Everything below")


def test_the_page_on_basins_is_read_without_eyes(monkeypatch):
    shrink(monkeypatch)
    results = experiment(0, TINY, Workplace(max_seconds=0.0))
    check(basins_page(results, []))


@pytest.mark.parametrize(
    ("value", "error", "said"),
    [(0.4, 0.0263, ("0.400", "0.026")), (2.0, 0.0, ("2", "0")), (1.0, float("inf"), ("1", "inf"))],
)
def test_a_number_has_as_many_digits_as_its_spread_lets_it(value, error, said):
    assert with_spread(value, error) == said


def test_a_power_of_ten_in_a_sentence_is_set():
    assert str(typeset("a risk of 1e-3, R^2")) == "a risk of 1 × 10<sup>−3</sup>, <i>R</i><sup>2</sup>"
