"""The tables of docs/basins.md, from what ``twolayer basins`` wrote.

``twolayer basins --executor processes:2 --out FOLDER``, then ``python -m benchmarks.basins_page FOLDER``.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from numerics.basin_study.answer import answer, rank
from numerics.basin_study.summary import agreed
from numerics.files.folders import write_text

from .fingerprint import ROOT, date
from .report import machine

PAGE = ROOT / "docs" / "basins.md"
PICTURES = ("goodness", "frequency", "scrambling", "basins")
BLOCK = re.compile(
    r"(<!-- made by python -m benchmarks.basins_page: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL
)
Results = dict[str, Any]

WAYS = {"flow": "gradient flow", "sgd": "SGD", "l-bfgs": "L-BFGS"}
PREDICTED = ("log_soft_volume", "log_ellipsoid", "minus_risk", "minus_distance")


def written(text: str, results: Results, day: str) -> str:
    """The `text` of the page with every block in it made anew from `results`, with the code of that `day`."""
    makers = {
        "answer": lambda: f"{answer(results)['sentence']}\n\n{made(results, day)}\n",
        "attacks": lambda: table(ATTACKS, attacks(results)),
        "ways": lambda: table(DOWN, ways(results)),
        "students": lambda: table(STUDENTS, students(results)),
        "scrambling": lambda: table(SCRAMBLED, scrambling(results)),
        "masses": lambda: table(MASSES, masses(results)),
    }
    return BLOCK.sub(lambda found: found[1] + makers[found[2]]() + found[3], text)


def made(results: Results, day: str) -> str:
    """With what the numbers were made."""
    versions = ", ".join(f"{name} {results['versions'][name]}" for name in ("python", "numpy", "scipy"))
    found = machine()
    return (
        f"*Made by `twolayer basins`, seed {results['seed']}, with the code of {day}; {found['processor']}, "
        f"{found['cores']} cores, {versions}.*"
    )


def table(heads: tuple[str, ...], rows: Iterator[list[str]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)]) + "\n"


ATTACKS = (
    *("problem", "attack", "fitted", "good, of these", "test accuracy"),
    *("-sum of logs of n/2 eigenvalues", "ln soft volume"),
)


def attacks(results: Results) -> Iterator[list[str]]:
    """Every attack size of every problem."""
    for problem in results["problems"]:
        name = f"{problem['name']}, n = {problem['genuine']}, P = {problem['parameters']}"
        for attack, facts in problem["good"].items():
            said = [f"{attack} %" if int(attack) else "none", str(facts["fitted"]), good(facts)]
            means = [mean(facts[key]) for key in ("test_accuracy", "log_product", "log_mass")]
            yield [name, *said, *means]
            name = ""


DOWN = ("problem", "way", "fitted", "good, of these", "test accuracy", "above the flow's")


def ways(results: Results) -> Iterator[list[str]]:
    """Every way down of every problem."""
    for problem in results["problems"]:
        name = problem["name"]
        for way, facts in problem["ways"].items():
            gain = "" if way == "flow" else mean(facts["above_flow"])
            said = [WAYS.get(way, way), str(facts["fitted"]), good(facts)]
            yield [name, *said, mean(facts["test_accuracy"]), gain]
            name = ""


STUDENTS = (
    *("teacher", "minima reached", "starts to no minimum", "ln soft volume"),
    *("-1/2 sum of logs of eigenvalues", "minus risk", "minus distance from the origin"),
)


def students(results: Results) -> Iterator[list[str]]:
    """What goes with how often the flow reaches a minimum."""
    for found in results["students"]:
        ends = found["shares"]["flow"]
        reached = sum(int(label) >= 0 for label in ends)
        lost = interval(ends["-1"]) if "-1" in ends else "0"
        yield [
            str(found["problem"]),
            str(reached),
            lost,
            *(rank(found["prediction"][name]) for name in PREDICTED),
        ]


SCRAMBLED = ("teacher", "gradient descent", "SGD", "L-BFGS", "L-BFGS undecided, of all starts")


def scrambling(results: Results) -> Iterator[list[str]]:
    """How often each other way ends where the flow does."""
    for found in results["students"]:
        same = agreed(found)
        open_ends = found["shares"].get("l-bfgs", {}).get("-2")
        cells = [interval(same[way]) if way in same else "-" for way in ("gradient descent", "sgd", "l-bfgs")]
        yield [str(found["problem"]), *cells, interval(open_ends) if open_ends else "0"]


MASSES = ("minimum", "share of starts", "estimator", "mass", "verdict", "flows")


def masses(results: Results) -> Iterator[list[str]]:
    """Estimated masses of true basins beside the shares of starts."""
    for row in (results["basins"] or {"estimates": []})["estimates"]:
        caught = f"{row['share']:.3f} [{row['share_low']:.3f}, {row['share_high']:.3f}]"
        mass = "-"
        if row["predicted"] is not None:
            mass = f"{row['predicted']:.2f} [{row['predicted_low']:.2f}, {row['predicted_high']:.2f}]"
        risk = f"risk {row['risk']:.3g}"
        yield [risk, caught, row["estimator"], mass, row["verdict"], f"{row['followed']:,}"]


def good(facts: Results) -> str:
    return interval(facts["good"]) if facts["fitted"] else "-"


def interval(one: Results) -> str:
    return f"{one['value']:.2f} [{one['low']:.2f}, {one['high']:.2f}]"


def mean(one: Results | None) -> str:
    """A mean and its error, to the first digit of the error.

    >>> mean({"value": 20.31, "error": 1.2}), mean({"value": 0.99812, "error": 0.0013}), mean(None)
    ('20 ± 1', '0.998 ± 0.001', '-')
    """
    if one is None:
        return "-"
    if not one["error"]:
        return f"{one['value']:.4g}"
    digits = max(0, -math.floor(math.log10(one["error"])))
    return f"{one['value']:.{digits}f} ± {one['error']:.{digits}f}"


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.basins_page", description=__doc__)
    parser.add_argument("folder", type=Path, help="what twolayer basins wrote, at full size")
    folder = parser.parse_args(words).folder
    if not (folder / "results.json").is_file():
        parser.error(f"folder must be one of twolayer basins; got {folder}")
    results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    if results["partial"] or results["basins"] is None:
        parser.error("the run must be finished and of full size; got a partial or quick one")
    write_text(PAGE, written(PAGE.read_text(encoding="utf-8"), results, date()))
    for name in PICTURES:
        shutil.copyfile(folder / f"{name}.png", PAGE.parent / "images" / f"{name}.png")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
