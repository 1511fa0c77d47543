"""The checked-in generated modules are what the expressions give."""

import os
import subprocess
import sys

from theory import emit


def test_generated_modules_are_up_to_date():
    found, wanted = emit.present(), emit.generated()
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
