"""Folders of figures: what is made, kept, refused and made again."""

import json
from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pytest
from click.testing import CliRunner
from matplotlib.figure import Figure

from numerics.commands.main import main
from numerics.figures import FIGURES, Missing, Script, Setting, attempted, chosen, made, output
from numerics.plotting import STYLE, level_line
from numerics.sweeps.executors import at_hand, executor

CALLS = []


def line(setting):
    CALLS.append("line")
    return {"x": np.arange(5.0), "y": np.arange(5.0) ** 2, "note": np.array("Five points.")}


def drawn(data):
    figure = Figure()
    figure.subplots().plot(data["x"], data["y"], label="squares")
    return figure


TOY = Script("toy", "A toy", "Up is more.", "Squares.", line, drawn)
FILES = ["toy.npz", "toy.pdf", "toy.png", "toy.svg"]


@pytest.fixture(autouse=True)
def counted():
    CALLS.clear()


def test_a_figure_leaves_its_data_and_three_formats_and_says_how_to_read_it(tmp_path):
    (entry,) = made([TOY], tmp_path / "out", Setting())
    assert sorted(entry["files"]) == FILES
    assert entry["caption"] == "Squares. Five points."
    assert json.loads((tmp_path / "out" / "figures.json").read_text())["toy"]["how_to_read"] == "Up is more."
    assert np.load(tmp_path / "out" / "toy.npz")["y"].tolist() == [0, 1, 4, 9, 16]


def test_equal_runs_leave_equal_bytes_and_fonts_are_embedded(tmp_path):
    for place in ("one", "two"):
        list(made([TOY], tmp_path / place, Setting()))
    for name in FILES:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    pdf = (tmp_path / "one" / "toy.pdf").read_bytes()
    assert b"FontFile2" in pdf
    assert b"/Type3" not in pdf


def test_nothing_is_made_twice_unless_code_data_or_files_changed(tmp_path):
    list(made([TOY], tmp_path / "out", Setting()))
    list(made([TOY], tmp_path / "out", Setting()))
    assert CALLS == ["line"]
    list(made([replace(TOY, seed=1)], tmp_path / "out", Setting()))
    list(made([replace(TOY, seed=1)], tmp_path / "out", Setting(quick=False)))
    assert len(CALLS) == 3


@pytest.mark.parametrize("damage", ["changed", "gone", "index"])
def test_a_figure_whose_files_were_touched_is_made_again(damage, tmp_path):
    (entry,) = made([TOY], tmp_path / "out", Setting())
    if damage == "index":
        (tmp_path / "out" / "figures.json").write_text("[1, 2")
    elif damage == "gone":
        (tmp_path / "out" / "toy.svg").unlink()
    else:
        (tmp_path / "out" / "toy.png").write_bytes(b"other")
    (again,) = made([TOY], tmp_path / "out", Setting())
    assert again["files"] == entry["files"]
    assert len(CALLS) == 2


def absent(setting):
    raise Missing("there are no data")


def test_processes_leave_the_same_bytes_and_say_what_is_missing(tmp_path):
    list(made([TOY], tmp_path / "here", Setting()))
    CALLS.clear()
    scripts = [replace(TOY, name="none", data=absent), TOY]
    with executor("processes:2") as pool:
        missing, entry = attempted(scripts, tmp_path / "there", Setting(), at_hand(pool))
    assert str(missing) == "there are no data"
    assert sorted(entry["files"]) == FILES
    assert not CALLS
    for name in (*FILES, "figures.json"):
        assert (tmp_path / "here" / name).read_bytes() == (tmp_path / "there" / name).read_bytes()
    with pytest.raises(Missing):
        list(made(scripts, tmp_path / "there", Setting()))


def test_what_was_finished_before_an_interruption_is_kept(tmp_path):
    def interrupted(setting):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(made([TOY, replace(TOY, name="other", data=interrupted)], tmp_path / "out", Setting()))
    assert list(output.index(tmp_path / "out")) == ["toy"]
    list(made([TOY], tmp_path / "out", Setting()))
    assert len(CALLS) == 1


def test_a_folder_of_other_things_is_refused(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(ValueError, match="holds something else"):
        list(made([TOY], tmp_path, Setting()))
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_an_unknown_figure_is_told_the_nearest():
    with pytest.raises(ValueError, match="got 'opning'; the nearest are opening"):
        chosen(["opning"])
    done = CliRunner().invoke(main, ["figures", "opning"])
    assert done.exit_code == 2
    assert "opening" in done.output


def test_missing_data_are_told_how_to_get(tmp_path):
    with pytest.raises(Missing, match="python -m benchmarks --json"):
        FIGURES["timing"].data(Setting(folder=tmp_path))
    done = CliRunner().invoke(main, ["figures", "timing", "--out", str(tmp_path / "out")])
    assert done.exit_code == 2
    assert "python -m benchmarks --json" in done.output
    (tmp_path / "empty").mkdir()
    for place in (tmp_path / "nowhere", tmp_path / "empty", __file__):
        done = CliRunner().invoke(main, ["figures", "timing", "--data", str(place)])
        assert done.exit_code == 2
        assert "--data must be a folder with results of twolayer" in done.output
        assert done.output.count("\n") == 1


@pytest.mark.parametrize("content", ["[]", "{", '{"results": 3}', '{"machine": {}, "results": [1]}'])
def test_a_record_that_is_none_is_refused(content, tmp_path):
    (tmp_path / "benchmarks.json").write_text(content)
    with pytest.raises(ValueError, match=r"benchmarks\.json"):
        FIGURES["timing"].data(Setting(folder=tmp_path))


def test_a_recorded_benchmark_is_drawn(tmp_path):
    timing = [{"name": "twolayer", "seconds": 0.1}, {"name": "jax", "seconds": None}]
    record = {
        "machine": {"processor": "a chip", "cores": "2"},
        "results": [{"work": "norm", "size": "n=9", "timings": timing}, {"work": "memory", "size": "n=9"}],
    }
    (tmp_path / "benchmarks.json").write_text(json.dumps(record))
    data = FIGURES["timing"].data(Setting(folder=tmp_path))
    assert data["tool"].tolist() == ["twolayer"]
    assert FIGURES["timing"].draw(data).axes


def test_the_list_names_every_figure():
    done = CliRunner().invoke(main, ["figures", "--list", "--json"])
    assert [row["name"] for row in json.loads(done.output)] == list(FIGURES)
    assert all(script.how_to_read.endswith(".") for script in FIGURES.values())


def test_the_opening_figure_passes_through_its_points():
    data = FIGURES["opening"].data(Setting())
    for output_ in data["outputs"]:
        seen = np.interp([-2.0, -0.5, 1.0, 2.5, 4.0], data["x"], output_)
        assert np.allclose(seen, [-17, 0.625, -2, -4.625, 13], atol=0.1)
    assert data["risks"].max() < 1e-25
    assert (data["norms"][1] > data["norms"][0]).all()


def test_the_spectrum_of_the_hessian_has_the_trace_of_its_parts():
    data = FIGURES["spectra"].data(Setting())
    H, G, R = np.moveaxis(data["values"], 1, 0).sum(axis=-1)
    assert np.allclose(H, G + R, rtol=1e-9)
    assert (data["values"][:, 1] >= -data["errors"][:, 1]).all()


def test_what_a_line_is_stands_where_no_point_lies():
    with mpl.style.context(STYLE):
        figure = Figure()
        axes = figure.subplots()
        axes.plot([0, 1], [0.1, 0.1], "o")
        level_line(axes, 0.1, "chance")
        figure.canvas.draw()
        (said,) = axes.texts
        assert said.get_window_extent().x0 > axes.bbox.x1
        assert said.get_window_extent().x1 <= figure.bbox.x1
