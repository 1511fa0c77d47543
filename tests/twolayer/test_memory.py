"""The memory that counts is the container's where it has less than the machine."""

import pytest

from twolayer import memory


@pytest.mark.parametrize(("text", "wanted"), [("1048576\n", 2**20), ("max\n", None), ("", None), ("٣", None)])
def test_a_limit_is_read_and_nonsense_is_not(text, wanted, tmp_path):
    (tmp_path / "memory.max").write_text(text, encoding="utf-8")
    assert memory._limit(str(tmp_path / "memory.max")) == wanted
    assert memory._limit(str(tmp_path / "absent")) is None


def test_the_least_counts(tmp_path, monkeypatch):
    (tmp_path / "memory.max").write_text("1000000")
    monkeypatch.setattr(memory, "LIMITS", (str(tmp_path / "memory.max"), "/absent/absent"))
    assert memory.available() == 1_000_000


def test_without_sysconf_something_is_assumed(monkeypatch):
    monkeypatch.delattr("os.sysconf", raising=False)
    monkeypatch.setattr(memory, "OWN_GROUPS", "/absent/cgroup")
    monkeypatch.setattr(memory, "LIMITS", ("/absent/memory.max", "/absent/memory.limit_in_bytes"))
    assert memory.available() == memory.UNKNOWN


@pytest.mark.parametrize("line", ["0::/job/step", "4:cpu,memory:/job/step"])
def test_a_limit_of_the_group_around_ones_own_counts(line, tmp_path, monkeypatch):
    """A batch system limits a job, and the process is in a step of it."""
    files = str(tmp_path / "memory.max"), str(tmp_path / "memory.limit_in_bytes")
    monkeypatch.setattr(memory, "LIMITS", files)
    listed = tmp_path / "cgroup"
    listed.write_text(f"nonsense\n7:cpu:/elsewhere\n{line}\n")
    monkeypatch.setattr(memory, "OWN_GROUPS", str(listed))
    (tmp_path / "job").mkdir()
    for name in ("memory.max", "memory.limit_in_bytes"):
        (tmp_path / "job" / name).write_text("2000000\n")
    assert memory.available() == 2_000_000


def test_no_group_is_sought_outside(tmp_path):
    (tmp_path / "cgroup").write_text("0::/../other\n")
    assert memory._of_groups(str(tmp_path / "cgroup"), memory.LIMITS) == ()
    assert memory._of_groups(str(tmp_path / "absent"), memory.LIMITS) == ()
