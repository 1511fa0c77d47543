"""Output that cannot be written or must not be replaced, full disks, and work that one run has for itself."""

import errno
import json
import os
import resource
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from numerics.commands.main import main
from numerics.files import folders
from numerics.files.folders import fresh_folder, kept_folder, require_writable, work_folder, write_text
from numerics.sweeps.interrupts import said_when_stopped
from numerics.sweeps.store import SweepError
from numerics.sweeps.sweep import sweep
from tests.house.tree import ROOT
from tests.theory.certificates import CERTIFICATES
from theory.bridge.kept import write_whole
from theory.certify import load, save

MADE = [CERTIFICATES["quantity"]]


def run(*words):
    return CliRunner().invoke(main, [str(word) for word in words])


@contextmanager
def no_file_larger_than(size):
    """As on a disk with room for so many bytes more: the system refuses what goes beyond."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def pipe(path):
    os.mkfifo(path)


def link_to_a_pipe(path):
    os.mkfifo(path.with_name("pipe"))
    path.symlink_to("pipe")


def loop(path):
    path.symlink_to(path.name)


def folder(path):
    path.mkdir()


@pytest.mark.parametrize("make", [pipe, link_to_a_pipe, loop, folder])
def test_a_file_that_is_none_is_left_as_it_is(make, tmp_path):
    out = tmp_path / "out"
    make(out)
    before = out.lstat()
    with pytest.raises(ValueError, match=r"--out must be a new or an ordinary file; got .*out"):
        require_writable(str(out))
    with pytest.raises(ValueError, match=r"path must be a new or an ordinary file; got .*out"):
        save(out, MADE)
    assert (out.lstat().st_ino, out.lstat().st_mode) == (before.st_ino, before.st_mode)
    assert not list(tmp_path.glob(".*"))


def test_a_command_refuses_a_pipe_before_any_work(tmp_path):
    pipe(tmp_path / "out")
    done = run("verify", "weyl", "--samples", 10**9, "--certify", "--out", tmp_path / "out")
    assert done.exit_code == 2
    assert done.stderr.count("\n") == 1
    assert "--out must be a new or an ordinary file" in done.stderr


def test_a_link_stands_for_the_file_behind_it(tmp_path):
    (tmp_path / "real.json").write_text("old")
    for name, target in (("link", "real.json"), ("new", "absent.json")):
        (tmp_path / name).symlink_to(target)
        require_writable(str(tmp_path / name))
        save(tmp_path / name, MADE)
        assert (tmp_path / name).is_symlink()
        assert load(tmp_path / target)[0].claim == MADE[0].claim


def test_a_folder_that_cannot_be_written_is_refused_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, _: Path(path) != tmp_path)
    with pytest.raises(ValueError, match="in a folder that can be written"):
        require_writable(str(tmp_path / "out"))


def test_a_full_disk_keeps_the_earlier_file_and_names_the_user_s(tmp_path):
    for write, earlier in ((lambda path: save(path, MADE), "old"), (lambda path: fill(path), "old")):
        path = tmp_path / "file"
        path.write_text(earlier)
        with no_file_larger_than(100), pytest.raises(OSError, match="large"):
            write(path)
        assert path.read_text() == earlier
        assert os.listdir(tmp_path) == ["file"]
    with no_file_larger_than(100), pytest.raises(OSError, match=r"large: '.*/file'"):
        save(path, MADE)


def fill(path):
    write_whole(path, bytes(4096))


def test_folders_on_a_full_disk_are_refused_in_one_sentence(tmp_path):
    for opened in (fresh_folder, kept_folder):
        with (
            pytest.raises(ValueError, match=r"must be one that can be written; got .*out: File too large"),
            opened(tmp_path / "out") as place,
            no_file_larger_than(100),
        ):
            write_text(place / "a.txt", "x" * 4096)
    assert [path.name for path in tmp_path.rglob("*")] == ["out", ".twolayer"]


def test_a_sweep_goes_on_once_there_is_room(tmp_path):
    def task(size):
        return {"x": np.arange(float(size))}

    with no_file_larger_than(20_000), pytest.raises(SweepError, match="1 of 2 pieces are finished and kept"):
        sweep(task, [10, 10_000], key="k", store=tmp_path)
    done = []
    shards = sweep(task, [10, 10_000], key="k", store=tmp_path, report=lambda *said: done.append(said))
    assert done == [(2, 2)]
    assert [len(shard["x"]) for shard in shards] == [10, 10_000]
    assert not list(tmp_path.glob(".*"))


def test_a_full_disk_says_where_the_work_is(tmp_path):
    (tmp_path / "kept" / "sweep").mkdir(parents=True)

    def stopped(number):
        with said_when_stopped(tmp_path / "kept"), fresh_folder(tmp_path / "out"):
            raise OSError(number, os.strerror(number))

    with pytest.raises(ValueError, match=r"No space left on device$"):
        stopped(errno.ENOSPC)
    (tmp_path / "kept" / "sweep" / "000000.npz").write_text("a shard")
    with pytest.raises(ValueError, match=r"No space left on device; finished work is kept in .*kept: the"):
        stopped(errno.ENOSPC)
    with pytest.raises(OSError, match="Input/output error"):
        stopped(errno.EIO)


def test_tightest_networks_are_refused_before_the_search_and_follow_the_table(tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.tex").write_text("years of work")
    done = run("verify", "weyl", "--samples", 10**9, "--save", tmp_path / "other")
    assert done.exit_code == 2
    assert "must be new, empty" in done.stderr
    done = run("verify", "weyl", "--samples", 3, "--save", tmp_path / "new")
    assert done.exit_code == 0
    assert "weyl.npz" in os.listdir(tmp_path / "new")


def test_work_is_one_run_s_and_is_removed_while_it_is(tmp_path, monkeypatch):
    kept, seen = tmp_path / "kept", []
    remove = folders.shutil.rmtree

    def removed(path, **options):
        with pytest.raises(ValueError, match="used by one run at a time"), work_folder(kept):
            raise AssertionError
        seen.append(path)
        remove(path, **options)

    monkeypatch.setattr(folders.shutil, "rmtree", removed)
    kept.mkdir()
    with work_folder(kept):
        pass
    assert kept.exists()
    with work_folder(kept) as work:
        work.needless = True
        (tmp_path / "link").symlink_to(kept)
        with pytest.raises(ValueError, match="another has"), work_folder(tmp_path / "link"):
            raise AssertionError
    assert seen == [kept]
    assert os.listdir(tmp_path) == ["link"]


def test_work_is_kept_when_the_report_fails(tmp_path):
    (tmp_path / "kept").mkdir()

    def failed():
        with work_folder(tmp_path / "kept") as work:
            work.needless = True
            raise TypeError

    with pytest.raises(TypeError):
        failed()
    assert os.listdir(tmp_path) == ["kept"]


@pytest.mark.parametrize("words", [["reproduce", "--parts", "two-layer"], ["basins"], ["deep"]])
def test_a_second_run_with_the_same_work_is_refused_and_loses_nothing(words, tmp_path):
    (tmp_path / "kept" / "digits").mkdir(parents=True)
    (tmp_path / "kept" / "digits" / "000000.npz").write_text("a shard")
    with work_folder(tmp_path / "kept"):
        done = run(*words, "--quick", "--out", tmp_path / "out", "--store", tmp_path / "kept")
    assert done.exit_code == 2
    assert "the folder of finished work must be used by one run at a time" in done.stderr
    assert sorted(os.listdir(tmp_path)) == ["kept"]
    assert (tmp_path / "kept" / "digits" / "000000.npz").exists()


def test_a_run_that_found_nothing_leaves_the_work_of_other_studies(tmp_path):
    (tmp_path / "kept" / "digits").mkdir(parents=True)
    (tmp_path / "kept" / "digits" / "000000.npz").write_text("a shard of `twolayer basins`")
    words = ("--quick", "--max-seconds", 0, "--executor", "here", "--out", tmp_path / "out", "--json")
    for name, left in (("kept", True), ("new", False)):
        done = run("reproduce", *words, "--store", tmp_path / name)
        assert done.exit_code == 3
        assert json.loads(done.stdout)["partial"]
        assert (tmp_path / name).exists() == left
    assert (tmp_path / "kept" / "digits" / "000000.npz").exists()


@pytest.mark.parametrize("words", [["--help"], ["derive", "--help"], ["figures", "--list"]])
def test_what_cannot_be_printed_is_told_in_one_line(words):
    code = "from numerics.commands.main import main; main()"
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-c", code, *words], stdout=full, stderr=subprocess.PIPE, text=True, cwd=ROOT
        )
    assert done.returncode == 2
    assert done.stderr == "Error: [Errno 28] No space left on device\n"
