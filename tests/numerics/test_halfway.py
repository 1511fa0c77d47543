"""Long pieces of work that are killed on their way: they go on where they were, with the same bits."""

import numpy as np
import pytest

from numerics.deep_study.wu_ma_e import cells as room
from numerics.deep_study.wu_ma_e.cells import Cell, Run, as_facts
from numerics.files.images import Images
from numerics.sweeps import halfway as kept
from numerics.sweeps.halfway import Halfway
from numerics.sweeps.workplace import Workplace

RNG = np.random.default_rng(3)
DATA = Images(RNG.integers(0, 256, (90, 12), dtype=np.uint8), np.arange(90) % 4, 30, "noise", "nobody")
PIECES = [Cell(1.0, 0, repeat, 0.03) for repeat in range(2)]


class Killed(BaseException):
    """What ends a process."""


def begun(folder, key="key"):
    place = Workplace(store=folder)
    return place, Run(DATA, 0, (40, 30), 20, place.halfway("on the way", PIECES, key))


@pytest.fixture
def steps(monkeypatch):
    """Numbers of the steps at which descents were asked to be kept; every one is kept."""
    asked = []
    plain = room.descend

    def watched(*arguments, keep, **named):
        def keep_it(here):
            asked.append(here().steps)
            keep(here)

        return plain(*arguments, keep=keep_it, **named)

    monkeypatch.setattr(room, "descend", watched)
    monkeypatch.setattr(Halfway, "keeper", lambda self, piece, plain=Halfway.keeper: plain(self, piece, 0.0))
    return asked


def killed_at(monkeypatch, step):
    """Let descents be killed after they were kept at a `step`."""
    plain = kept.Store.write

    def written(self, index, shard):
        plain(self, index, shard)
        if "mean" in shard and int(shard["steps"]) == step:
            raise Killed

    monkeypatch.setattr(kept.Store, "write", written)


def test_a_killed_descent_goes_on_with_the_same_bits(tmp_path, steps, monkeypatch):
    whole = Run(DATA, 0, (40, 30), 20)(PIECES[1])
    most = as_facts(whole)["steps"]
    assert steps == list(range(1, most))
    with monkeypatch.context() as patch:
        killed_at(patch, 17)
        with pytest.raises(Killed):
            begun(tmp_path)[1](PIECES[1])
    steps.clear()
    again = begun(tmp_path)[1](PIECES[1])
    assert steps == list(range(18, most))
    assert again.keys() == whole.keys()
    assert all((again[name] == whole[name]).all() for name in whole)
    assert begun(tmp_path)[1].halfway.read(PIECES[0]) is None


def test_what_was_damaged_begins_anew(tmp_path, steps, monkeypatch):
    killed_at(monkeypatch, 17)
    with pytest.raises(Killed):
        begun(tmp_path)[1](PIECES[0])
    (file,) = (tmp_path / "on-the-way").glob("0*.npz")
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    steps.clear()
    with pytest.raises(Killed):
        begun(tmp_path)[1](PIECES[0])
    assert steps == list(range(1, 18))


def test_a_worker_without_the_folder_works_all_the_same(tmp_path, steps):
    _, run = begun(tmp_path)
    for entry in (tmp_path / "on-the-way").iterdir():
        entry.unlink()
    (tmp_path / "on-the-way").rmdir()
    assert (run(PIECES[0])["theta"] == Run(DATA, 0, (40, 30), 20)(PIECES[0])["theta"]).all()
    assert not (tmp_path / "on-the-way").exists()


def test_other_settings_are_refused_and_finished_work_is_forgotten(tmp_path, steps):
    place, run = begun(tmp_path)
    place.finished("runs", run, PIECES, "key", True)
    assert len(list((tmp_path / "on-the-way").glob("0*.npz"))) == 2
    with pytest.raises(ValueError, match="'on the way' was begun with other settings"):
        begun(tmp_path, "another")
    run.halfway.clear()
    assert [entry.name for entry in (tmp_path / "on-the-way").iterdir()] == ["sweep.json"]
    Workplace(store=tmp_path)  # does not refuse its own folder


def test_it_is_written_now_and_then_only(tmp_path, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(kept.time, "monotonic", lambda: now[0])
    place = Workplace(store=tmp_path)
    halfway = place.halfway("on the way", PIECES, "key")
    keep = halfway.keeper(PIECES[0])
    seen = []
    for second in range(13):
        now[0] = float(second)
        keep(lambda second=second: seen.append(second) or {"x": np.zeros(1)})
    assert seen == [5, 10]
