"""A derivation is made once, and what lies on the disk is run only if it is what was written there."""

import json
import os

import pytest

from tests.house.probe import probe
from tests.house.tree import ROOT
from theory.bridge import kept
from theory.bridge.kept import is_emitted

TEXT = "import math\n\nNAME = 'a'\n"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(kept, "kernel_folder", lambda: tmp_path)
    return tmp_path


def test_what_was_kept_is_found():
    kept.keep("question", TEXT, 0.5)
    assert kept.kept("question") == (TEXT, 0.5)
    assert kept.kept("another") is None


def test_every_flipped_bit_and_every_cut_is_seen(folder):
    kept.keep("question", TEXT, 0.5)
    (path,) = folder.iterdir()
    whole = path.read_bytes()
    for place in range(0, len(whole), 7):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        assert kept.kept("question") is None
        path.write_bytes(whole[:place])
        assert kept.kept("question") is None


MODES = [0o777, 0o666, 0o620] if hasattr(os, "getuid") else []  # elsewhere there are none


@pytest.mark.parametrize("mode", MODES)
def test_a_file_that_others_may_write_is_not_read(folder, mode):
    kept.keep("question", TEXT, 0.5)
    (path,) = folder.iterdir()
    path.chmod(mode)
    assert kept.kept("question") is None
    kept.keep("question", TEXT, 0.5)
    assert kept.kept("question") == (TEXT, 0.5)


@pytest.mark.parametrize(
    "text", ["import os\n", "open('x')\n", "f(1)\n", "def jet(z):\n    return z.__class__\n"]
)
def test_a_sound_file_with_another_program_is_not_run(folder, text):
    body = json.dumps({"question": "question", "text": text, "floor": 0.5}).encode()
    kept.keep("question", TEXT, 0.5)
    (path,) = folder.iterdir()
    path.write_bytes(kept._checksum(body) + body)
    assert kept.kept("question") is None


@pytest.mark.parametrize(
    "text",
    [
        "import math as m, os",
        "from os import path",
        "from . import a",
        "from twolayer.jit import *",
        "from twolayer.jit import _own",
        "@print\ndef jet(z):\n    return z",
        "lambda: 1",
        "[x for x in ()]",
        "import numpy as np\nnp.load('a')",
        "class A:\n    pass",
        "with open('a') as f:\n    pass",
        "try:\n    pass\nexcept Exception:\n    pass",
        "math.sqrt.real",
        "(abs)(1)(2)",
        "__import__('os')",
        "while True:\n    pass",
        "a = f'{1}'",
        "import math\nmath.__dict__",
    ],
)
def test_nothing_but_kernels_passes(text):
    assert not is_emitted(text)


def test_every_generated_module_passes():
    for path in sorted((ROOT / "twolayer" / "generated" / "activations").glob("*.py")):
        text = path.read_text().replace("from ... import", "from twolayer import")
        assert is_emitted(text.replace("from ...", "from twolayer.")), path


def test_a_full_disk_loses_nothing(monkeypatch):
    def full(path, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(kept, "write_whole", full)
    kept.keep("question", TEXT, 0.5)
    assert kept.kept("question") is None


AGAIN = """
import theory
from theory.bridge import activation as bridge
def never(*arguments): raise SystemExit("derived again")
{guard}
print(theory.activation("where(z < 0, z/3, z)").jet(-3.0))
"""


@pytest.mark.slow
def test_the_next_process_derives_nothing(tmp_path):
    first = probe(ROOT, tmp_path, AGAIN.format(guard=""))
    assert (
        probe(ROOT, tmp_path, AGAIN.format(guard="bridge._derived = never"))
        == first
        == "(-1.0, 0.3333333333333333, 0.0)"
    )
