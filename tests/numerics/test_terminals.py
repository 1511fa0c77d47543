"""Commands on strange terminals and in strange folders: code pages, and no leave to write."""

import errno
import io
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from numerics.commands import bars
from numerics.commands import main as commands
from numerics.files.folders import fresh_folder

ROOT = Path(__file__).parents[2]
REASONS = {errno.EROFS: "Read-only file system", errno.EACCES: "Permission denied"}
SAY = """
import sys
from numerics.commands import main as commands
for name in ["", *commands.main.commands]:
    try:
        commands.main([*([name] if name else []), "--help"], standalone_mode=False)
    except SystemExit as end:
        assert not end.code, (name, end.code)
"""


def said(code: str, encoding: str, *words: str) -> subprocess.CompletedProcess[bytes]:
    env = {**os.environ, "PYTHONIOENCODING": encoding}
    return subprocess.run([sys.executable, "-c", code, *words], cwd=ROOT, env=env, capture_output=True)


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_every_command_explains_itself_on_every_terminal(encoding: str) -> None:
    done = said(SAY, encoding)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(b"Usage:") == 1 + len(commands.main.commands)


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_answers_and_refusals_print_whatever_the_user_writes(encoding: str, tmp_path: Path) -> None:
    code, model = "from numerics.commands.main import main; main()", tmp_path / "mod\u00e8le \U0001f642.npz"
    rng = np.random.default_rng(0)
    np.savez(model, a=rng.normal(size=3), W=rng.normal(size=(3, 2)))
    np.savez(tmp_path / "donn\u00e9es.npz", X=rng.normal(size=(5, 2)), y=rng.normal(size=5))
    good = said(code, encoding, "norms", "--model", str(model), "--data", str(tmp_path / "donn\u00e9es.npz"))
    assert good.returncode == 0, good.stderr
    for words in (
        ("derive", "t\u00e4nh(z) \U0001f642"),
        ("falsify", "|H|\u22642\U0001f642"),
        ("norms", "--model", "\u03bb\U0001f642.npz", "--data", "\u00b1.npz"),
    ):
        bad = said(code, encoding, *words)
        assert bad.returncode == 2, bad.stderr
        assert b"Traceback" not in bad.stderr
        assert b"Error" in bad.stderr


@pytest.mark.parametrize("reason", REASONS)
def test_a_folder_without_leave_is_one_sentence(reason: int, tmp_path: Path, monkeypatch) -> None:
    def refused(*args: object, **more: object) -> None:
        raise OSError(reason, REASONS[reason], str(tmp_path))

    monkeypatch.setattr(tempfile, "mkdtemp", refused)
    wanted = f"must be one that can be written; got .*out: {REASONS[reason]}"
    with pytest.raises(ValueError, match=wanted), fresh_folder(tmp_path / "out"):
        pass
    for words in (["basins", "--quick"], ["reproduce", "--quick", "--parts", "two-layer"]):
        done = CliRunner().invoke(commands.main, [*words, "--out", str(tmp_path / "out")])
        lines = [line for line in done.output.splitlines() if line.startswith("Error")]
        assert (done.exit_code, len(lines)) == (2, 1), done.output
        assert REASONS[reason] in lines[0]
        assert "Traceback" not in done.output
    assert not os.listdir(tmp_path)


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_long_claim_shows_its_name_and_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = Terminal()
    monkeypatch.setattr(bars.sys, "stderr", seen)
    monkeypatch.setattr(bars, "SOON", 0.02)
    with bars.claim_bar(2) as tell:
        tell(1, "quantity frobenius(H)")
        for _ in range(200):
            if "frobenius(H)" in seen.getvalue():
                break
            time.sleep(0.02)
    assert "1/2 00:0" in seen.getvalue()
    assert "quantity frobenius(H)" in seen.getvalue()


def test_a_short_claim_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = Terminal()
    monkeypatch.setattr(bars.sys, "stderr", seen)
    with bars.claim_bar(1) as tell:
        tell(0, "quantity trace(H)")
    assert not seen.getvalue()
