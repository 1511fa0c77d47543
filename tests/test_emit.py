"""The checked-in generated modules are what the expressions give."""

import os
import subprocess
import sys

from theory import emit


def test_what_is_checked_in_is_up_to_date():
    found = emit.present()
    wanted = emit.wanted(found)
    assert found == wanted, "run: python -m theory.emit --update\n" + emit.difference(found, wanted)


def test_emission_does_not_depend_on_the_hash_seed():
    run = "from theory import emit; print(emit.generated())"
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
    assert emit.difference(wanted, wanted) == ""
    shown = emit.difference({"unit.py": "a\n", "pair.py": "planted\n", "stray.py": "c\n"}, wanted)
    assert "-planted" in shown
    assert "checked in/stray.py" in shown


def test_updating_removes_what_is_not_wanted_and_keeps_the_measurements(tmp_path):
    page = "# Activations\nold\n## Measured accuracy\n0.1\n"
    stray = "twolayer/generated/stray.py"
    emit.write(tmp_path, {}, {stray: "x = 1\n", emit.PAGE: page})
    before = emit.present(tmp_path)
    after = {emit.PAGE: page.replace("old", "new"), "twolayer/generated/unit.py": "y = 1\n"}
    emit.write(tmp_path, before, after)
    assert emit.present(tmp_path) == after
    assert emit.measured_part(before[emit.PAGE]) == "## Measured accuracy\n0.1\n"
