"""The checked-in generated modules are what the expressions give."""

import os
import subprocess
import sys

import pytest

from theory.emit import generated


def test_what_is_checked_in_is_up_to_date():
    found = generated.present()
    wanted = generated.generated()
    assert found == wanted, "run: python -m theory.emit --update\n" + generated.difference(found, wanted)


@pytest.mark.slow
def test_emission_does_not_depend_on_the_hash_seed():
    run = "from theory.emit import generated; print(generated.generated())"
    texts = {
        subprocess.run(
            [sys.executable, "-c", run],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(texts) == 1


def test_a_changed_module_is_shown_and_a_stray_one_too():
    wanted = {"unit.py": "a\n", "pair.py": "b\n"}
    assert generated.difference(wanted, wanted) == ""
    shown = generated.difference({"unit.py": "a\n", "pair.py": "planted\n", "stray.py": "c\n"}, wanted)
    assert "-planted" in shown
    assert "checked in/stray.py" in shown


def test_updating_removes_what_is_not_wanted(tmp_path):
    stray = "twolayer/generated/stray.py"
    generated.write(tmp_path, {}, {stray: "x = 1\n"})
    before = generated.present(tmp_path)
    after = {"twolayer/generated/unit.py": "y = 1\n"}
    generated.write(tmp_path, before, after)
    assert generated.present(tmp_path) == after
