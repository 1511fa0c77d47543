"""The run whose numbers README and pages quote: made, kept and written into their texts.

``python -m benchmarks.recorded`` runs ``twolayer reproduce --quick`` and writes everything anew; with
``--texts`` it writes the texts again from the run that is kept.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from numerics.files.folders import write_json, write_text
from numerics.files.seals import sealed

from .fingerprint import ROOT, date, fingerprint
from .recorded_text import PAGES, written
from .report import machine

KEPT = ROOT / "docs" / "measured" / "quick"
PICTURE = ROOT / "docs" / "images" / "verdict.png"
COMMAND = "twolayer reproduce --quick"
MAIN = "from numerics.commands.main import main; main()"
COLUMNS = ("arm", "attack", "count", "test_accuracy", "frobenius_norm", "trace", "log_product_all")
WORDS = ("reproduce", "--quick", "--seed", "0", "--executor", "processes:2")


def arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.recorded", description=__doc__)
    parser.add_argument("--texts", action="store_true", help="write the texts from the run that is kept")
    return parser.parse_args(words)


def run(folder: Path) -> None:
    """Run the command into `folder`, its bars on stderr."""
    subprocess.run([sys.executable, "-c", MAIN, *WORDS, "--out", str(folder)], cwd=ROOT, check=True)


def kept(results: dict[str, Any], code: dict[str, str]) -> dict[str, Any]:
    """What is kept of `results` of the `code`: verdicts, effects, means, counts, and what made them.

    Raises
    ------
    ValueError
        If the run is not finished, or the code is no more what it was when the run began.
    """
    if results["partial"]:
        raise ValueError("the run must be finished to be kept; got a partial one")
    if code["fingerprint"] != fingerprint():
        raise ValueError("the code must stay as it is while the run makes its numbers; got another")
    found = machine()
    return {
        "made_by": results["made_by"],
        "command": COMMAND,
        "seed": results["seed"],
        "code": code,
        "machine": f"{found['processor']}, {found['cores']} cores",
        "versions": results["versions"],
        "data": {key: results["data"][key] for key in ("name", "samples", "inputs", "reserve", "test")},
        "genuine": results["arms"][0]["genuine"],
        "minima": len(results["minima"]),
        "verdicts": results["verdicts"],
        "first repeat": first(results),
        "summary": [{key: row[key] for key in COLUMNS} for row in results["summary"]],
    }


def first(results: dict[str, Any]) -> list[dict[str, Any]]:
    """Some minima of the first arm and repeat, to be found again."""
    arm = results["arms"][0]
    chosen = [facts for facts in results["minima"] if (facts["arm"], facts["repeat"]) == (arm["name"], 0)]
    return [
        {
            "attack": facts["attack"],
            "test_accuracy": facts["accuracy"]["test"],
            "frobenius_norm": facts["frobenius_norm"]["value"],
        }
        for facts in chosen
        if facts["attack"] in arm["attacks"][:2]
    ]


def draw(folder: Path, picture: Path) -> None:
    """Draw the verdicts that are kept in `folder`."""
    from numerics.figures import Setting, chosen, made

    with tempfile.TemporaryDirectory() as there:
        list(made(chosen(["verdict"]), Path(there) / "figures", Setting(folder=folder)))
        shutil.copyfile(Path(there) / "figures" / "verdict.png", picture)


def write_texts(record: dict[str, Any]) -> None:
    """Write what the `record` says into README and the pages that quote it."""
    for page in PAGES:
        path = ROOT / page
        write_text(path, written(path.read_text(encoding="utf-8"), record, page))


def main(words: list[str]) -> int:
    chosen = arguments(words)
    if not chosen.texts:
        code = {"date": date(), "fingerprint": fingerprint()}
        with tempfile.TemporaryDirectory() as there:
            run(Path(there) / "run")
            results = json.loads((Path(there) / "run" / "results.json").read_text(encoding="utf-8"))
        KEPT.mkdir(parents=True, exist_ok=True)
        write_json(KEPT / "results.json", sealed(kept(results, code)))
        draw(KEPT, PICTURE)
    write_texts(json.loads((KEPT / "results.json").read_text(encoding="utf-8")))
    print(f"Written: {KEPT.relative_to(ROOT)}, {PICTURE.relative_to(ROOT)}, {', '.join(PAGES)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
