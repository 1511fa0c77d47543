"""What README and pages say of the recorded run is what it found, and its code has not changed."""

import json
import re
import shutil

import pytest

from benchmarks import fingerprint as made_by
from benchmarks.recorded import KEPT, PICTURE, kept
from benchmarks.recorded_text import PAGES, written
from tests.house.tree import ROOT
from theory import theorems

RECORD = json.loads((KEPT / "results.json").read_text())
README = (ROOT / "README.md").read_text()
NUMBER = r"(-?\d+\.\d\d+)"
AGAIN = "the code that makes the numbers of README has changed since they were made: run `nox -s record`"


def test_the_run_is_not_older_than_its_code():
    assert RECORD["code"]["fingerprint"] == made_by.fingerprint(), AGAIN


def rounds_to(wanted, text):
    """Whether the number is the `text`, to the digits that it has."""
    return abs(float(text) - wanted) <= 0.500001 * 10.0 ** -len(text.split(".")[1])


def test_the_table_says_what_the_run_found():
    rows = [line for line in README.splitlines() if line.startswith("| ") and line.endswith("** |")]
    assert len(rows) == len(RECORD["verdicts"]) == 6
    for row, verdict in zip(rows, RECORD["verdicts"], strict=True):
        assert row.endswith(f"**{verdict['verdict']}** |")
        said = re.findall(rf"{NUMBER} \[{NUMBER}, {NUMBER}\]", row)
        for effect in verdict["effects"].values():
            wanted = [effect[key] for key in ("value", "low", "high")]
            assert any(all(map(rounds_to, wanted, numbers)) for numbers in said), (effect, row)


def test_the_answer_counts_the_verdicts():
    levels = [verdict["verdict"] for verdict in RECORD["verdicts"]]
    for level in set(levels):
        assert re.search(rf"\b{levels.count(level)} (is|are) {level}\b", README)


@pytest.mark.parametrize("page", PAGES)
def test_the_page_is_as_it_would_be_written(page):
    text = (ROOT / page).read_text()
    assert text == written(text, RECORD, page), "run `python -m benchmarks.recorded --texts`"


def test_what_readme_says_beside_the_run():
    assert f"[{len(theorems)} theorems]" in README
    parameters = int(re.search(r"P = ([\d,]+)$", README, re.MULTILINE)[1].replace(",", ""))
    assert f"a network with {parameters:,} parameters" in README
    assert f"{8 * parameters**2 / 1e12:.1f} TB in float64" in README
    assert f"{parameters**2 / 1e11:.0f}·10¹¹ entries" in README
    assert PICTURE.stat().st_size < 200_000


@pytest.mark.slow
@pytest.mark.parametrize("found", RECORD["first repeat"], ids=lambda found: f"attack {found['attack']}")
def test_minima_of_the_run_are_found_again(found):
    """Another machine rounds otherwise and may end at a neighbour, which is as good and as sharp."""
    from numerics.files.datasets import digits_task
    from numerics.minima_study.arms import QUICK, Task
    from numerics.minima_study.run import minimum

    facts = minimum(Task(QUICK[0], 0, found["attack"]), digits_task(), RECORD["seed"]).facts
    assert facts["accuracy"]["test"] == pytest.approx(found["test_accuracy"], abs=0.1)
    assert facts["frobenius_norm"]["value"] == pytest.approx(found["frobenius_norm"], rel=0.3)


def test_words_do_not_change_the_fingerprint_and_code_does(tmp_path):
    for package in made_by.PACKAGES:
        (tmp_path / package).mkdir()
    (tmp_path / "theory" / "emit").mkdir()
    one, two = tmp_path / "numerics" / "one.py", tmp_path / "theory" / "emit" / "two.py"
    one.write_text('"""One."""\n\n\ndef f(x):\n    """Double."""\n    return 2 * x  # twice\n')
    before = made_by.fingerprint(tmp_path)
    one.write_text('"""Said\n\notherwise."""\ndef f(x):\n    """Twice."""\n\n    # why\n    return 2 * x\n')
    two.write_text("x = 1\n")
    assert made_by.fingerprint(tmp_path) == before
    one.write_text(one.read_text().replace("2 * x", "3 * x"))
    assert made_by.fingerprint(tmp_path) != before


def test_the_fingerprint_knows_the_rooms(tmp_path):
    assert [place for place in made_by.SILENT if not (ROOT / place).exists()] == []
    names = {str(path.relative_to(ROOT)) for path in made_by.sources()}
    assert {"numerics/minima_study/run.py", "numerics/verdicts/rules.py", "twolayer/jit.py"} <= names
    assert not {"numerics/verdicts/glance.py", "theory/proofs/weyl.py"} & names
    shutil.copytree(ROOT / "numerics", tmp_path / "numerics", ignore=shutil.ignore_patterns("*.npz"))
    assert {path.relative_to(tmp_path) for path in made_by.sources(tmp_path)} == {
        path.relative_to(ROOT) for path in made_by.sources() if path.is_relative_to(ROOT / "numerics")
    }


def test_a_run_that_is_partial_or_of_other_code_is_not_kept():
    with pytest.raises(ValueError, match="must be finished to be kept"):
        kept({"partial": True}, RECORD["code"])
    with pytest.raises(ValueError, match="the code must stay as it is"):
        kept({"partial": False}, {"fingerprint": "another"})
