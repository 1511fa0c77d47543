"""What the basin experiment says in its first line, and the report that it leaves."""

import csv
import io
import json
from copy import deepcopy
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from click.testing import CliRunner
from scipy.stats import beta

import twolayer as tl
from numerics.basin_study import classifiers, known_volumes, students, tables_shown, true_basins
from numerics.basin_study.answer import answer
from numerics.basin_study.problems import taught, teacher_student
from numerics.basin_study.report import page
from numerics.basin_study.rows import as_csv
from numerics.basin_study.run import experiment
from numerics.basin_study.summary import summary
from numerics.commands.main import main
from numerics.pages import typeset
from numerics.sweeps.workplace import Workplace
from numerics.verdicts.effects import basins as effects
from tests.numerics.small_basins import TINY, shrink


@pytest.fixture(autouse=True)
def small(monkeypatch):
    shrink(monkeypatch)
    regions = known_volumes.known_regions(large=False)[:1]
    monkeypatch.setattr(known_volumes, "known_regions", lambda large: regions)


def group(good, fitted, starts=20):
    total = max(fitted, 1)
    value = {"count": good, "total": total, "value": good / total, "low": 0.0, "high": 1.0}
    return {"good": value, "fitted": fitted, "starts": starts}


def made(random, attacked, ranks=()):
    """Results with so many good of so many fitted, and rank correlations with their ends."""
    keys = ("rank_correlation", "low", "high")
    return {
        "problems": [{"good": {"0": group(*random), "100": group(*attacked)}, "ways": {}}],
        "students": [
            {
                "problem": i,
                "prediction": {"log_soft_volume": {**dict(zip(keys, each, strict=True)), "minima": 9}},
            }
            for i, each in enumerate(ranks)
        ],
        "stopped": [],
    }


def test_the_answer_is_one_sentence_with_exact_intervals():
    said = answer(made((19, 19), (0, 16), [(0.2, -0.4, 0.7)]))
    low, high = beta.ppf(0.025, 19, 1), beta.ppf(0.975, 1, 16)
    assert said["verdict"] == "yes"
    assert np.isclose(said["random"]["low"], low)
    assert said["sentence"] == (
        f"Yes, random starts find good minima: a share of 1.00 [{low:.2f}, 1.00] of the 19 that fit, against "
        f"0.00 [0.00, {high:.2f}] of 16 attacked ones; that minima of larger soft volume catch more starts "
        "is not shown (rank correlation +0.20 [-0.40, +0.70])."
    )


@pytest.mark.parametrize(
    ("random", "ranks", "verdict", "words"),
    [
        ((0, 19), [(0.5, 0.1, 0.8)], "no", "minima of larger soft volume catch more starts ("),
        ((10, 19), [(-0.5, -0.8, -0.1)], "not decided", "catch fewer starts"),
        ((10, 19), [(0.5, 0.1, 0.8), (0.5, -0.1, 0.8)], "not decided", "is not shown"),
        ((1, 1), [(None, None, None)], "not decided", "not measured on enough minima"),
        ((0, 0), [], "not decided", "Not decided: of no random start"),
    ],
)
def test_the_answer_follows_the_intervals(random, ranks, verdict, words):
    said = answer(made(random, (0, 16), ranks))
    assert said["verdict"] == verdict
    assert words in said["sentence"]


def test_a_group_without_fitted_starts_counts_for_nothing():
    """Its share is stored as 0 of 1, which no start was."""
    results = made((19, 19), (0, 0))
    results["problems"] += deepcopy(made((0, 0), (0, 0))["problems"])
    assert answer(results)["random"]["total"] == 19
    assert answer(results)["attacked"] is None
    assert "attacked" not in answer(results)["sentence"]
    results["problems"] = [{**problem, "name": "spiral"} for problem in results["problems"]]
    found = effects(results)
    assert found["random starts, good"].count == 19
    assert found["attacked starts, good"] is None


def test_unseen_inputs_are_of_the_same_teacher_and_other_than_the_samples():
    teacher, X = taught(3)
    _, inputs, targets = teacher_student(3)
    same, unseen = taught(3, unseen=50)
    assert np.array_equal(X, inputs)
    assert np.array_equal(teacher(X), targets)
    assert np.array_equal(same.theta, teacher.theta)
    assert unseen.shape == (50, 3)
    assert not np.isin(unseen, X).any()


def test_a_student_that_is_its_teacher_has_no_risk_beyond_the_samples():
    teacher, _ = taught(2)
    assert students.beyond(teacher, 2)["test_risk"] == 0.0
    shifted = students.beyond(tl.TwoLayer(teacher.a, teacher.W, teacher.b, 0.5), 2)
    assert np.isclose(shifted["test_risk"], 0.125)
    assert shifted["test_risk_error"] < 1e-12


def test_every_sweep_names_the_integrator(monkeypatch):
    class Noted(Workplace):
        def finished(self, name, task, pieces, key):
            keys.setdefault(name, []).append(key)
            if name == "small student":
                return super().finished(name, task, pieces, key)
            return []

    keys = {}
    size = replace(TINY, basin_starts=4)
    experiment(0, size, Noted())
    for module in (students, classifiers, known_volumes, true_basins):
        monkeypatch.setattr(module, "INTEGRATOR", "another")
    experiment(0, size, Noted())
    assert len(keys) == 5
    for name, (one, two) in keys.items():
        assert one != two, name


class Tags(HTMLParser):
    """The tags of a page, with their attributes."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


@pytest.mark.slow
def test_a_run_leaves_a_report_that_opens_with_the_answer(tmp_path):
    done = CliRunner().invoke(main, ["basins", "--quick", "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    sentence = results["answer"]["sentence"]
    assert done.stdout.splitlines()[0] == sentence
    assert not results["partial"]
    text = (tmp_path / "out" / "report.html").read_text()
    assert f"<p><strong>{typeset(sentence)}</strong></p>" in text
    assert "Partial" not in text
    assert f"twolayer basins --quick --out {tmp_path / 'out'}" in text
    tags = Tags()
    tags.feed(text)
    images = [attributes for tag, attributes in tags.found if tag == "img"]
    assert len(images) == len(list((tmp_path / "out").glob("*.png"))) == 4
    assert all(image["src"].startswith("data:image/png;base64,") and image["alt"] for image in images)
    assert text.count("How to read:") == 4
    assert "?." not in text + (tmp_path / "out" / "captions.txt").read_text()
    assert not [link for tag, link in tags.found if tag in ("script", "link")]
    check_rows(results, (tmp_path / "out" / "minima.csv").read_text())


def check_rows(results, text):
    """Every minimum of the `results` has its line in the csv file `text`."""
    rows = list(csv.DictReader(io.StringIO(text)))
    student = results["students"][0]
    counted = [row for row in rows if row["problem"] == "student 1"]
    assert [int(row["count"]) for row in counted] == [one["starts"] for one in student["minima"]]
    for row, one in zip(counted, student["minima"], strict=True):
        assert float(row["risk"]) == one["value"]
        assert float(row["test_risk"]) > 0
        assert row["starts"] == "4"
        assert (row["log_volume"] == "") == (row["verdict"] == "refused")
    assert [row["problem"] for row in rows[len(counted) :]] == ["spiral"] * 2 + ["digits"] * 2
    for row in rows:
        assert float(row["share"]) == int(row["count"]) / int(row["starts"])
        assert float(row["share_low"]) <= float(row["share"]) <= float(row["share_high"])
    for row in rows[len(counted) :]:
        assert row["label"] in ("good", "bad", "not fitted")
        assert row["label"] == "not fitted" or (row["label"] == "good") == (
            float(row["test_accuracy"]) >= 0.75
        )


def test_a_run_out_of_time_says_partial_first_and_in_the_report(tmp_path):
    words = ["basins", "--quick", "--max-seconds", "0", "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 3, done.output
    assert done.stdout.startswith("Partial: Not decided: of no random start is it known yet")
    text = (tmp_path / "out" / "report.html").read_text()
    assert text.index("Partial: ") < text.index("<h1>")
    assert "0.00 [0.00" not in text + done.stdout  # no share of no starts
    assert (tmp_path / "out" / "minima.csv").read_text().count("\n") == 1


def test_the_page_escapes_what_it_is_told():
    results = experiment(0, TINY, Workplace(max_seconds=0.0))
    text = page(results, [], "twolayer basins --out '<b>'", "<today>")
    assert "&lt;b&gt;" in text
    assert "<today>" not in text
    assert summary(results).startswith("Partial: ")
    assert as_csv(results).startswith("problem,label,attack_percent,count")


def test_minima_whose_volume_is_not_measured_are_rows_of_the_table():
    row = {"starts": 1, "value": 0.5, "test_risk": 0.1, "test_risk_error": 0.01, "log_soft_volume": None}
    found = {
        "starts": 4,
        "minima": [{**row, "soft": {"verdict": students.NOT_MEASURED}}],
        "shares": {"flow": {}},
    }
    [[name, *_, volume, verdict]] = tables_shown.student(found).rows
    assert (name, verdict) == ("no. 0", "not measured")
    assert volume == "–"
