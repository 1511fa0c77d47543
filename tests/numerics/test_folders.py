"""Folders that appear whole or not at all."""

import json
import os
import subprocess
import sys

import pytest

from numerics.files.drafts import HOST
from numerics.files.folders import fresh_folder, write_json, write_text


def leave(path, name="a.txt"):
    with fresh_folder(path) as folder:
        write_text(folder / name, "x\n")


def test_a_folder_appears_with_its_parents_and_nothing_else(tmp_path):
    leave(tmp_path / "one" / "two")
    assert (tmp_path / "one" / "two" / "a.txt").read_text() == "x\n"
    assert os.listdir(tmp_path / "one") == ["two"]


def test_an_earlier_report_is_replaced_and_an_empty_folder_used(tmp_path):
    (tmp_path / "report").mkdir()
    leave(tmp_path / "report", "first.txt")
    leave(tmp_path / "report", "second.txt")
    assert {path.name for path in (tmp_path / "report").iterdir()} == {".twolayer", "second.txt"}
    assert os.listdir(tmp_path) == ["report"]


def test_a_failure_leaves_nothing_and_keeps_the_earlier_report(tmp_path):
    leave(tmp_path / "report", "first.txt")
    with pytest.raises(TypeError):
        leave(tmp_path / "report", 3)
    assert os.listdir(tmp_path) == ["report"]
    assert (tmp_path / "report" / "first.txt").exists()


def other_folder(path):
    path.mkdir()
    (path / "thesis.tex").write_text("years of work")


@pytest.mark.parametrize("make", [other_folder, lambda path: path.write_text("a file")])
def test_what_is_not_ours_is_left_alone(tmp_path, make):
    make(tmp_path / "report")
    with pytest.raises(ValueError, match="choose another with --out"):
        leave(tmp_path / "report")
    assert os.listdir(tmp_path) == ["report"]


def test_a_link_is_not_followed(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "report").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ValueError, match="must be new, empty"):
        leave(tmp_path / "report")


def test_a_place_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="must be one that can be written"):
        leave(tmp_path / "file" / "report")


def test_the_folder_is_as_open_as_any_other(tmp_path):
    leave(tmp_path / "report")
    (tmp_path / "plain").mkdir()
    assert (tmp_path / "report").stat().st_mode == (tmp_path / "plain").stat().st_mode
    (tmp_path / "plain.txt").write_text("")
    assert (tmp_path / "report" / "a.txt").stat().st_mode == (tmp_path / "plain.txt").stat().st_mode


def test_json_without_nan(tmp_path):
    write_json(tmp_path / "r.json", {"x": 1.5})
    assert json.loads((tmp_path / "r.json").read_text()) == {"x": 1.5}
    with pytest.raises(ValueError, match="JSON compliant"):
        write_json(tmp_path / "r.json", {"x": float("nan")})
    assert json.loads((tmp_path / "r.json").read_text()) == {"x": 1.5}
    assert os.listdir(tmp_path) == ["r.json"]


def dead_process():
    code = "import os; print(os.getpid())"
    return int(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout)


def test_what_a_killed_run_left_is_cleared_and_what_a_living_one_writes_is_not(tmp_path):
    names = [f".report-{HOST}-{dead_process()}-x", f".report-{HOST}-{os.getpid()}-x", ".report-00000000-1-x"]
    for name in names:
        (tmp_path / name).mkdir()
    leave(tmp_path / "report")
    assert sorted(os.listdir(tmp_path)) == sorted(["report", *names[1:]])


def test_a_report_that_was_moved_aside_when_the_run_was_killed_is_put_back(tmp_path):
    leave(tmp_path / "report", "first.txt")
    (tmp_path / "report").rename(tmp_path / f".report.earlier-{HOST}-{dead_process()}-x")
    with pytest.raises(TypeError):
        leave(tmp_path / "report", 3)
    assert os.listdir(tmp_path) == ["report"]
    assert (tmp_path / "report" / "first.txt").exists()


def test_one_run_at_a_time_writes_a_folder(tmp_path):
    with fresh_folder(tmp_path / "report") as folder:
        write_text(folder / "a.txt", "mine")
        with pytest.raises(ValueError, match="one run at a time"):
            leave(tmp_path / "report")
        leave(tmp_path / "other")
    assert sorted(os.listdir(tmp_path)) == ["other", "report"]
    assert (tmp_path / "report" / "a.txt").read_text() == "mine"


def test_a_name_that_is_too_long_is_said_in_one_sentence(tmp_path):
    with pytest.raises(ValueError, match=r"must be one that can be written; got .*too long"):
        leave(tmp_path / ("x" * 300))
