"""The folder that the main job leaves: complete, self-contained, and in words that follow the numbers."""

import json
import re
from types import SimpleNamespace

import numpy as np
import pytest

from numerics import report
from numerics.commands.measure import measure
from numerics.files.networks import read_model
from numerics.minima_study import figures, reproduce
from numerics.minima_study.sentences import conclusions
from numerics.plotting import style
from numerics.report import printed
from numerics.report.page import page
from numerics.report.sections import SUBJECTS
from numerics.report.tables import checked, formula
from numerics.verdicts import CLAIMS, verdicts
from tests.numerics.small_study import made_up, small_results

SHOWN = ("attack", "flatness", "ranks", "bounds")


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    results, found = small_results()
    results = {**results, "made_with": {"command": "twolayer reproduce --seed 3", "stopped": []}}
    reproduce.write(folder, results, found, made_up())
    report.write(folder, results, {}, verdicts({"two-layer": results}), "1 May 2026")
    return folder, results


def paged(results):
    return page(results, verdicts({"two-layer": results}), [], checked(results), "1 May 2026", ("", ""))


@pytest.mark.slow
def test_the_folder_is_complete(written):
    folder, _ = written
    names = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    drawn = {f"figures/{name}.{kind}" for name in SHOWN for kind in ("npz", "png", "pdf", "svg")}
    saved = {"networks/data.npz", *(f"networks/attack-{size}.npz" for size in (0, 8, 24))}
    about = {"results.json", "results.csv", "report.html", "figures/figures.json", "figures/.twolayer"}
    assert names == {*about, *drawn, *saved}


def test_the_page_needs_nothing_else(written):
    text = (written[0] / "report.html").read_text(encoding="utf-8")
    assert re.findall(r'(?:src|href)="(?!data:|#)[^"]*"', text) == []
    assert "<script" not in text
    assert text.count("<figure>") == 1 + len(SHOWN)
    assert len(re.findall("<table[ >]", text)) == text.count("</table>")


def test_a_screen_reader_finds_its_way(written):
    text = (written[0] / "report.html").read_text(encoding="utf-8")
    assert '<html lang="en">' in text
    assert text.count("<main>") == text.count("<h1>") == 1
    assert len(re.findall(r'<img[^>]* alt="[^"]{4,}"', text)) == text.count("<img")
    assert text.count("<caption>") == text.count("</table>")
    assert text.count("<thead") == text.count("</table>")
    assert "<th>" not in text  # every header has a scope
    assert set(re.findall(r'(?:href="#|aria-labelledby=")([^"]+)"', text)) <= set(
        re.findall(r'id="([^"]+)"', text)
    )


def test_every_claim_has_a_section_with_its_rule_and_command(written):
    text = (written[0] / "report.html").read_text(encoding="utf-8")
    assert list(SUBJECTS) == list(CLAIMS)
    for key in CLAIMS:
        part = text.split(f'<h2 id="{key}">')[1].split("</section>")[0]
        assert "<dt>measured</dt>" in part
        assert "<dt>rule</dt>" in part
        assert f"--seed 3 --parts {SUBJECTS[key].part} " in part
        assert "You may ask" in part


def test_no_symbol_is_left_as_it_is_typed(written):
    text = re.sub(
        '<style>.*?</style>|<code>.*?</code>|alt="[^"]*"', "", (written[0] / "report.html").read_text()
    )
    assert re.findall(r"\|[A-Z]\|_F|\blmax\b|[HG]_bb|grad_x|\d[Ee]-\d", text) == []


def test_the_page_says_what_it_must(written):
    folder, results = written
    text = (folder / "report.html").read_text(encoding="utf-8")
    for words in (
        "seed",
        "versions",
        "for the minima of two-layer networks",
        "Limits",
        "Conventions",
        "sees only the samples",
        "1706.10239",
    ):
        assert words in text
    assert "1 May 2026" in text
    assert "Partial" not in text
    partial = paged({**results, "partial": True, "made_with": {"command": "run", "stopped": ["out of time"]}})
    assert partial.index("Partial: out of time") < partial.index("<h1>")


def test_every_figure_says_how_to_read_it(written):
    text = (written[0] / "report.html").read_text(encoding="utf-8")
    assert text.count("<i>How to read:</i>") == text.count("<figure>")


def test_saved_networks_have_the_norms_of_the_report(written):
    folder, results = written
    said = next(facts for facts in results["minima"] if (facts["repeat"], facts["attack"]) == (0, 24))
    found = measure(
        read_model(folder / "networks" / "attack-24.npz"), folder / "networks" / "data.npz", "squared"
    )
    assert found["frobenius_norm"]["value"] == said["frobenius_norm"]["value"]
    assert found["trace"]["value"] == said["trace"]["value"]


def test_sentences_follow_the_numbers(written):
    _, results = written
    assert conclusions(results)[0].startswith("Of 11 networks, whatever the attack, all fit every genuine")
    worse = json.loads(json.dumps(results))
    worse["minima"][0]["accuracy"]["train"] = 0.5
    worse["minima"][0]["training"]["why"] = "the step limit was reached"
    worse["theorems"][0]["holds"] -= 1
    text = "\n".join(conclusions(worse))
    assert "Of 11 networks, whatever the attack, 10 fit" in text
    assert "1 ended with a gradient that is not zero within rounding" in text
    assert "holds in 17 of 18 comparisons" in text
    assert conclusions({**results, "minima": []}) == ["No minimum was finished."]


def test_a_formula_becomes_a_picture():
    text = formula(r"\|H\|_F \leq \sqrt{2 R}")
    assert text.startswith('<img class="formula" src="data:image/svg+xml;base64,')


def test_text_from_data_is_escaped(written):
    _, results = written
    spoiled = {**results, "data": {**results["data"], "name": "<script>alert(1)</script>"}}
    assert "<script>" not in paged(spoiled)


def test_missing_log_products_are_drawn_around(written, tmp_path):
    """A minimum with fewer positive eigenvalues than k has no log-product."""
    results = json.loads(json.dumps(written[1]))
    for facts in results["minima"]:
        facts["log_products"] = dict.fromkeys(facts["log_products"])
    assert np.isnan(figures.values(results["minima"], "log_product_all")).all()
    results["correlations"] = [{**row, "all": None} for row in results["correlations"]]
    with style():
        assert figures.flatness(results, tmp_path).path.exists()


def test_without_a_browser_there_is_no_pdf(tmp_path):
    (tmp_path / "page.html").write_text("<p>Hello")
    assert not printed.printed(tmp_path / "page.html", tmp_path / "page.pdf")
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]


@pytest.mark.parametrize(("does", "made"), [("print", True), ("print nothing", False), ("fail", False)])
def test_a_browser_prints_the_page(does, made, monkeypatch, tmp_path):
    def run(command, **options):
        target = next(word for word in command if word.startswith("--print-to-pdf=")).split("=")[1]
        if does == "print":
            with open(target, "wb") as stream:
                stream.write(b"%PDF-1.4")
        return SimpleNamespace(returncode=int(does == "fail"))

    monkeypatch.setattr(printed, "browser", lambda: "chromium")
    monkeypatch.setattr(printed.subprocess, "run", run)
    (tmp_path / "page.html").write_text("<p>Hello")
    assert printed.printed(tmp_path / "page.html", tmp_path / "page.pdf") == made
    assert (tmp_path / "page.pdf").exists() == made
