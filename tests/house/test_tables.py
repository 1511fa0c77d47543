"""Tables of measured numbers in the docs are written by their commands, and by nothing else."""

import json
import re
from types import SimpleNamespace

import pytest

from benchmarks import __main__ as benchmarks
from benchmarks import basins_page, deep_page, grid_page, report, zero_loss_page
from benchmarks.__main__ import main
from numerics.figures import FIGURES, Setting
from tests.house.tree import ROOT

ALL = {"count": 4, "total": 4, "value": 1.0, "low": 0.4, "high": 1.0}
GROUP = {"starts": 5, "fitted": 4, "good": ALL, "test_accuracy": {"value": 0.99812, "error": 0.0013}}
RESULTS = {
    "seed": 3,
    "versions": {"python": "3.11", "numpy": "2", "scipy": "1"},
    "problems": [
        {
            "name": "spiral",
            "genuine": 40,
            "parameters": 96,
            "good": {"0": {**GROUP, "log_product": {"value": 20.3, "error": 1.2}, "log_mass": None}},
            "ways": {"flow": GROUP, "sgd": {**GROUP, "above_flow": {"value": 0.01, "error": None}}},
        }
    ],
    "students": [],
    "basins": None,
}
MACHINE = {"processor": "P", "cores": "2", "python": "3.11", **dict.fromkeys(report.LIBRARIES, "1")}
TIMINGS = [
    {"name": "twolayer", "seconds": 0.5, "ratio": 1.0, "target": 1.0, "met": True},
    {"name": "other", "seconds": 1.0, "ratio": 2.0, "target": 40.0, "met": False},
    {"name": "absent", "seconds": None, "ratio": None, "target": 7.0, "met": None},
]


def test_the_page_of_basins_takes_its_numbers_from_a_run():
    page = basins_page.written((ROOT / "docs" / "basins.md").read_text(), RESULTS, "2026-01-02")
    assert "| spiral, n = 40, P = 96 | none | 4 | 1.00 [0.40, 1.00] | 0.998 ± 0.001 | 20 ± 1 | - |" in page
    assert "|  | SGD | 4 | 1.00 [0.40, 1.00] | 0.998 ± 0.001 | 0.01 |" in page
    assert "seed 3, with the code of 2026-01-02" in page
    assert page.count("<!-- end -->") == 6


DEEP = {
    "seed": 3,
    "made_by": "twolayer deep",
    "versions": RESULTS["versions"],
    "data": {"name": "digits"},
    "minima": [{}, {}],
    "conclusions": ["|H|_F tells."],
    "stopped": ["it was interrupted."],
    "correlations": [
        {
            "arm": "all arms",
            "predictor": "frobenius_norm",
            "all": -0.5,
            "all_interval": [-0.7, -0.2],
            "minima": 30,
            "within": 0.1,
            "within_interval": [-0.2, 0.4],
        }
    ],
}


def test_the_findings_on_deep_networks_take_their_numbers_from_a_run():
    page = deep_page.written(DEEP, "2026-01-02")
    assert page.startswith(
        "*2 minima on digits, made by `twolayer deep --seed 3` with the code of 2026-01-02"
    )
    assert "\nPartial: it was interrupted.\n" in page
    assert "- \\|H\\|_F tells." in page
    assert "| \\|H\\|_F | -0.50 [-0.70, -0.20] | 30 | +0.10 [-0.20, +0.40] |" in page


def timed(work, size, *times):
    timings = [{"name": name, "seconds": seconds, "ratio": seconds / times[0][1]} for name, seconds in times]
    return {"work": work, "size": size, "timings": timings}


GRID = {
    "machine": MACHINE,
    "day": "2026-01-03",
    "code": "2026-01-02",
    "settings": {"threads": 1, "clock": "wall"},
    "results": [
        timed("dgemm", "order 1,000: 2e+09 operations", ("dgemm", 0.04)),
        timed("risk", "n=20 d=1 m=1 q=1 P=4, tanh, squared", ("twolayer", 0.001), ("plain numpy", 0.002)),
        timed("risk", "n=50 d=2 m=14 q=3 P=87, relu, squared", ("twolayer", 0.003), ("plain numpy", 0.002)),
        timed("Hessian-vector product", "n=20 d=1 m=1 P=4", ("twolayer", 0.001), ("curvlinops", 0.05)),
    ],
}


def test_the_grid_takes_its_numbers_from_a_run():
    before = (ROOT / "docs" / "benchmarks-grid.md").read_text()
    page = grid_page.written(before, [GRID])
    assert "\n## P, one thread\n" in page
    assert [line for line in before.splitlines() if line not in page.splitlines()] == []
    assert "with the code of 2026-01-02; P, 2 cores" in page
    assert "dgemm of order 1,000: 50 GFLOP/s." in page
    assert "- risk: no slower at 1 of 2 points, 1.5 times numpy's at the worst" in page
    assert "\n| 20, 1, 1, 1; tanh, squared | 0.5 (1 ms) | - |" in page
    assert "\n| 20, 1, 1 | H @ v | 1 ms | curvlinops 50 ms (50) |" in page
    assert grid_page.written(page, [GRID]) == page


def test_a_quick_run_is_no_page_on_deep_networks(tmp_path, capsys):
    (tmp_path / "results.json").write_text(json.dumps({"arms": [], "made_by": "twolayer deep --quick"}))
    with pytest.raises(SystemExit):
        deep_page.main([str(tmp_path)])
    assert "must be one of twolayer deep of full size" in capsys.readouterr().err


@pytest.mark.parametrize("page", ["benchmarks.md", "benchmarks-basins.md"])
def test_a_page_of_times_says_what_was_measured_and_no_target(page):
    text = (ROOT / "docs" / page).read_text()
    assert re.search(r"\b(met|missed)\b", text) is None
    waiting = {"name": "the target, 1 s", "seconds": 1.0, "ratio": 2.0, "target": 1.0, "met": True}
    records = [{"work": "w", "size": "s", "timings": [*TIMINGS, waiting]}]
    made = report.in_page(text, MACHINE, "python -m benchmarks x", records)
    assert "| w | s | 500 ms | other: 1 s (2) |" in made
    assert "python -m benchmarks x" in made
    assert "seed 0" in made
    assert made.startswith(text.splitlines()[0])


def test_the_figure_of_times_and_the_page_have_the_same_numbers():
    page = (ROOT / "docs" / "benchmarks.md").read_text()
    recorded = json.loads(report.beside(ROOT / "docs" / "benchmarks.md").read_text())
    assert f" by `{recorded['command']}`" in page
    timed = [row for row in recorded["results"] if "timings" in row]
    assert timed
    for row in timed:
        ours, *peers = row["timings"]
        line = next(
            each for each in page.splitlines() if each.startswith(f"| {row['work']} | {row['size']} |")
        )
        assert f"| {report.seconds_text(ours['seconds'])} |" in line
        for peer in peers:
            if peer["seconds"] is not None:
                assert f"{peer['name']}: {report.seconds_text(peer['seconds'])} (" in line


def test_a_page_that_is_written_leaves_its_numbers_beside_it(tmp_path, monkeypatch):
    text = (ROOT / "docs" / "benchmarks.md").read_text()
    (tmp_path / "benchmarks.md").write_text(text)
    rows = [("row", {"work": "w", "size": "s", "timings": TIMINGS})]
    monkeypatch.setattr(benchmarks, "results", lambda names, dry, rounds: rows)
    monkeypatch.setattr(report, "machine", lambda: MACHINE)
    assert main(["dense", "--write", str(tmp_path / "benchmarks.md")]) == 0
    left = json.loads((tmp_path / "measured" / "benchmarks.json").read_text())
    assert left["results"] == [rows[0][1]]
    assert left["command"] == f"python -m benchmarks dense --write {tmp_path / 'benchmarks.md'}"
    drawn = FIGURES["timing"].data(Setting(folder=tmp_path / "measured"))
    assert drawn["tool"].tolist() == ["twolayer", "other"]


def test_no_other_page_is_written_over(capsys, tmp_path):
    (tmp_path / "page.md").write_text("mine")
    with pytest.raises(SystemExit):
        main(["dense", "--write", str(tmp_path / "page.md")])
    assert "--write must be a page with a block" in capsys.readouterr().err
    assert (tmp_path / "page.md").read_text() == "mine"


def test_the_page_of_zero_loss_takes_its_numbers_from_journeys():
    rows = [(6.0, 30.0, 7000.0, 0.9, 0.88, 0.7, 2.0), (8.0, 40.0, 5000.0, 0.8, 0.9, 0.8, 3.0)]
    made = zero_loss_page.text([SimpleNamespace(row=row) for row in rows])
    assert "| test accuracy, mean of 2 | 0.850 | 0.890 | 0.750 |" in made
    assert "| test accuracy, range | 0.800 to 0.900 | 0.880 to 0.900 | 0.700 to 0.800 |" in made
    assert "mean of 2 | 7 | 35 | 6,000 |" in made
    assert "2.5 times as far apart" in made
    assert "seeds 0 to 1, with the code of 20" in made
    assert zero_loss_page.BLOCK.search(zero_loss_page.PAGE.read_text())
