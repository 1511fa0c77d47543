"""The cache of machine code: never old numbers, never in anyone's way."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numba
import pytest

from tests.house.probe import PROBE, probe
from tests.house.tree import ROOT
from twolayer import jit


@pytest.fixture
def copy(tmp_path):
    """A folder with a copy of twolayer to edit."""
    shutil.copytree(ROOT / "twolayer", tmp_path / "twolayer", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


@pytest.mark.slow
def test_an_edit_of_an_inner_kernel_changes_the_number(copy):
    before = probe(copy, copy / "cache")
    assert probe(copy, copy / "cache") == before
    inner = copy / "twolayer" / "elementary" / "scaled.py"
    text = inner.read_text()
    edited = text.replace(
        "return _shifted_gaussian(abs(x), 1.0)", "return 2.0 * _shifted_gaussian(abs(x), 1.0)"
    )
    assert edited != text
    inner.write_text(edited)
    assert float(probe(copy, copy / "cache")) == 2 * float(before)


@pytest.mark.slow
def test_the_second_process_compiles_nothing(tmp_path):
    probe(ROOT, tmp_path)
    machine_code = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.nbc")}
    assert machine_code
    probe(ROOT, tmp_path)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.nbc")} == machine_code


@pytest.mark.slow
def test_two_processes_at_once_agree(tmp_path):
    command = [sys.executable, "-c", PROBE]
    environment = os.environ | {"TWOLAYER_CACHE_DIR": str(tmp_path)}
    both = [
        subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    printed = [process.communicate()[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert printed[0] == printed[1] == probe(ROOT, tmp_path) + "\n"


@pytest.mark.slow
def test_without_a_writable_folder_kernels_still_run(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    assert probe(ROOT, blocked) == probe(ROOT, tmp_path / "cache")
    assert blocked.read_text() == "not a folder"


@pytest.mark.slow
def test_stale_folders_go_and_others_stay(tmp_path):
    kernels = tmp_path / "kernels"
    old = time.time() - (jit.KEEP_DAYS + 1) * 86400
    for name in ("0123456789abcdef", "fedcba9876543210", "notes"):
        (kernels / name).mkdir(parents=True)
    for name in ("0123456789abcdef", "notes"):
        os.utime(kernels / name, (old, old))
    probe(ROOT, tmp_path)
    assert {path.name for path in kernels.iterdir()} == {"fedcba9876543210", "notes", jit.source_hash()}


def test_numbas_own_setting_is_left_alone():
    before = numba.config.CACHE_DIR
    jit.kernel(lambda x: x)
    assert before == numba.config.CACHE_DIR


def test_the_cache_folder_of_the_user_needs_no_variable(monkeypatch):
    monkeypatch.delenv("TWOLAYER_CACHE_DIR", raising=False)
    assert jit.cache_root().name == "twolayer"
    monkeypatch.setenv("TWOLAYER_CACHE_DIR", "~/elsewhere")
    assert jit.cache_root() == Path.home() / "elsewhere"


PLAIN = """
import numpy as np
from twolayer.model.activation import activation, available
Z = np.array([-700.0, -20.0, -1.5, -1e-9, 0.0, 1e-9, 0.3, 2.0, 30.0])
for name in available():
    outputs = [np.empty_like(Z) for _ in range(4)]
    activation(name).jets(Z, *outputs[:3])
    activation(name).third(Z, 0.1 + 0 * Z, outputs[3])
    print(*(value.hex() for value in np.concatenate(outputs).tolist()))
"""


@pytest.mark.slow
def test_pure_python_gives_the_same_numbers(tmp_path):
    compiled = [
        [float.fromhex(word) for word in line.split()] for line in probe(ROOT, tmp_path, PLAIN).splitlines()
    ]
    python = probe(ROOT, tmp_path, PLAIN, NUMBA_DISABLE_JIT="1")
    for fast, line in zip(compiled, python.splitlines(), strict=True):
        assert [float.fromhex(word) for word in line.split()] == pytest.approx(fast, rel=1e-14, abs=1e-320)


@pytest.mark.slow
def test_a_folder_that_others_may_write_into_is_not_used(tmp_path):
    probe(ROOT, tmp_path / "own")
    for open_one in (tmp_path / "own" / "kernels", tmp_path / "own"):
        for kept in tmp_path.rglob("*.nbc"):
            kept.unlink()
        open_one.chmod(0o777)
        code = "import warnings; warnings.simplefilter('ignore')\n" + PROBE
        assert probe(ROOT, tmp_path / "own", code) == probe(ROOT, tmp_path / "other")
        assert not list((tmp_path / "own").rglob("*.nbc"))
        open_one.chmod(0o700)


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["nbi", "nbc"])
@pytest.mark.parametrize("damage", ["truncated", "flipped", "empty"])
def test_a_damaged_file_is_compiled_again_and_said_once(suffix, damage, tmp_path):
    number = probe(ROOT, tmp_path)
    for path in tmp_path.rglob(f"*.{suffix}"):
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 0x10
        path.write_bytes(
            {"truncated": content[: len(content) // 2], "empty": b""}.get(damage, bytes(content))
        )
    code = "import warnings\nwith warnings.catch_warnings(record=True) as said:\n"
    code += "    warnings.simplefilter('always')\n"
    code += "".join(f"    {line}\n" for line in PROBE.strip().splitlines()) + "print(len(said) == 1)\n"
    assert probe(ROOT, tmp_path, code) == f"{number}\nTrue"
    assert probe(ROOT, tmp_path) == number


@pytest.mark.slow
def test_a_file_that_others_may_write_is_not_unpickled(tmp_path):
    before = os.umask(0)
    try:
        number = probe(ROOT, tmp_path)
    finally:
        os.umask(before)
    files = [*tmp_path.rglob("*.nb?")]
    assert files
    assert not any(path.stat().st_mode & 0o077 for path in files)
    for path in files:
        path.write_bytes(b"never read")
        path.chmod(0o666)
    code = "import warnings\nwith warnings.catch_warnings(record=True) as said:\n"
    code += "    warnings.simplefilter('always')\n"
    code += "".join(f"    {line}\n" for line in PROBE.strip().splitlines()) + "print(len(said) == 1)\n"
    assert probe(ROOT, tmp_path, code) == f"{number}\nTrue"
    assert probe(ROOT, tmp_path) == number


@pytest.mark.slow
def test_a_user_without_a_home_and_a_machine_without_sysconf(tmp_path, monkeypatch):
    code = "import os; os.__dict__.pop('sysconf'); from twolayer.memory import UNKNOWN, available\n"
    code += "assert available() <= UNKNOWN\nimport platformdirs\n"
    code += "def lost(*_, **__): raise RuntimeError('no home')\nplatformdirs.user_cache_path = lost\n"
    code += "os.environ.pop('TWOLAYER_CACHE_DIR')\n" + PROBE
    assert probe(ROOT, tmp_path, code) == probe(ROOT, tmp_path)
