"""The folder that the main job leaves: complete, self-contained, and in words that follow the numbers."""

import json
import re

import numpy as np
import pytest

from numerics.commands.measure import measure
from numerics.files.networks import read_model
from numerics.minima_study import figures, reproduce
from numerics.minima_study.report import formula, page
from numerics.minima_study.sentences import conclusions
from tests.numerics.small_study import made_up, small_results


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    results, found = small_results()
    reproduce.write(folder, results, found, made_up())
    return folder, results


@pytest.mark.slow
def test_the_folder_is_complete(written):
    folder, _ = written
    names = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    drawn = {
        f"figures/{name}.{kind}"
        for name in ("attack", "flatness", "spectra", "bounds")
        for kind in ("png", "pdf")
    }
    saved = {"networks/data.npz", *(f"networks/attack-{size}.npz" for size in (0, 8, 24))}
    assert names == {"results.json", "results.csv", "report.html", "figures/captions.txt", *drawn, *saved}


def test_the_page_needs_nothing_else(written):
    text = (written[0] / "report.html").read_text(encoding="utf-8")
    assert re.findall(r'(?:src|href)="(?!data:)[^"]*"', text) == []
    assert "<script" not in text
    assert text.count("<figure>") == 4
    assert text.count("<table>") == text.count("</table>")


def test_the_page_says_what_it_must(written):
    folder, results = written
    text = (folder / "report.html").read_text(encoding="utf-8")
    for words in (
        "seed",
        "versions",
        "wall time",
        "Limits",
        "Conventions",
        "sees only the samples",
        "1706.10239",
    ):
        assert words in text
    assert "Partial" not in text
    assert "Partial" in page({**results, "partial": True}, [])


def test_every_caption_says_how_to_read_it(written):
    captions = (written[0] / "figures" / "captions.txt").read_text(encoding="utf-8").split("\n\n")
    assert len(captions) == 4
    assert all("How to read:" in caption for caption in captions)


def test_saved_networks_have_the_norms_of_the_report(written):
    folder, results = written
    said = next(facts for facts in results["minima"] if (facts["repeat"], facts["attack"]) == (0, 24))
    found = measure(
        read_model(folder / "networks" / "attack-24.npz"), folder / "networks" / "data.npz", "squared"
    )
    assert found["frobenius_norm"]["value"] == said["frobenius_norm"]["value"]
    assert found["trace"]["value"] == said["trace"]["value"]


@pytest.mark.slow
def test_figures_do_not_change_with_the_day(written, tmp_path):
    folder, results = written
    again = figures.draw_all(json.loads(json.dumps(results)), tmp_path / "figures")
    for drawn in again:
        for kind in (".png", ".pdf"):
            old = folder / "figures" / f"{drawn.name}{kind}"
            assert drawn.path.with_suffix(kind).read_bytes() == old.read_bytes()


def test_sentences_follow_the_numbers(written):
    _, results = written
    assert conclusions(results)[0].startswith("11 of 11 networks fit their genuine samples to 100 %")
    worse = json.loads(json.dumps(results))
    worse["minima"][0]["accuracy"]["train"] = 0.5
    worse["minima"][0]["training"]["why"] = "the step limit was reached"
    worse["theorems"][0]["holds"] -= 1
    text = "\n".join(conclusions(worse))
    assert "10 of 11 networks fit" in text
    assert "1 ended with a gradient that is not zero within rounding" in text
    assert "holds in 17 of 18 comparisons" in text
    assert conclusions({**results, "minima": []}) == ["No minimum was finished."]


def test_a_formula_becomes_a_picture():
    text = formula(r"\|H\|_F \leq \sqrt{2 R}")
    assert text.startswith('<img class="formula" src="data:image/svg+xml;base64,')


def test_text_from_data_is_escaped(written):
    _, results = written
    spoiled = {**results, "data": {**results["data"], "name": "<script>alert(1)</script>"}}
    assert "<script>" not in page(spoiled, [])


def test_missing_log_products_are_drawn_around(written, tmp_path):
    """A minimum with fewer positive eigenvalues than k has no log-product."""
    results = json.loads(json.dumps(written[1]))
    for facts in results["minima"]:
        facts["log_products"] = dict.fromkeys(facts["log_products"])
    assert np.isnan(figures.values(results["minima"], "log_product_all")).all()
    results["correlations"] = [{**row, "all": None} for row in results["correlations"]]
    with figures.style():
        assert figures.flatness(results, tmp_path).path.exists()
