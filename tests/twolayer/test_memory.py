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
    monkeypatch.setattr(memory, "LIMITS", (str(tmp_path / "memory.max"),))
    assert memory.available() == 1_000_000


def test_without_sysconf_something_is_assumed(monkeypatch):
    monkeypatch.delattr("os.sysconf")
    monkeypatch.setattr(memory, "LIMITS", ())
    assert memory.available() == memory.UNKNOWN
