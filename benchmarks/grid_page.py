"""The page docs/benchmarks-grid.md, from what the grid found.

``python -m benchmarks grid --rounds 2 --json > FILE``, with ``TWOLAYER_BENCHMARK_THREADS=1`` and without,
then ``python -m benchmarks.grid_page FILE FILE``.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from numerics.files.folders import write_text

from .basins_page import table
from .fingerprint import ROOT
from .grid import CHEAP, WHOLE
from .report import LIBRARIES, seconds_text

PAGE = ROOT / "docs" / "benchmarks-grid.md"
BEGIN, END = "<!-- made by python -m benchmarks.grid_page -->\n", "<!-- end -->\n"
PRODUCTS = "dgemm, as needed"
AUTODIFF = {"dense Hessian": "dense", "Hessian-vector product": "H @ v"}
Rows = list[dict[str, Any]]


def written(text: str, runs: list[dict[str, Any]]) -> str:
    """The `text` of the page with the tables of all `runs` in it, beside those of other machines."""
    before, rest = text.split(BEGIN)
    kept, after = rest.split(END, 1)
    sections = {title(part): part for part in re.split(r"(?m)^(?=## )", kept) if part}
    sections |= {title(made): made for made in map(section, runs)}
    return before + BEGIN + "".join(sections.values()) + END + after


def title(section: str) -> str:
    """The first line of a section, which names the threads and the machine."""
    return section.split("\n", 1)[0]


def section(run: dict[str, Any]) -> str:
    """All that one run found."""
    threads, rows = run["settings"]["threads"], run["results"]
    where = f"{run['machine']['processor']}, {'one thread' if threads == 1 else f'{threads} threads'}"
    parts = [
        f"## {where}\n",
        f"*{made(run)}*\n",
        f"### Beside plain numpy: {where}\n",
        *(f"- {line}" for line in counts(rows)),
        "",
        table(("n, d, m, q", *CHEAP, *WHOLE), beside_numpy(rows)),
        f"### Beside automatic differentiation: {where}\n",
        table(("n, d, m", "work", "twolayer", "others"), beside_autodiff(rows)),
        "",
    ]
    return "\n".join(parts)


def made(run: dict[str, Any]) -> str:
    """With what, where and when, and the rate of matrix products there."""
    found = run["machine"]
    known = ", ".join(f"{name} {found[name]}" for name in LIBRARIES if found[name] != "not installed")
    dgemm = next(row for row in run["results"] if row["work"] == "dgemm")
    order, operations = dgemm["size"].removesuffix(" operations").split(": ")
    rate = float(operations) / dgemm["timings"][0]["seconds"] / 1e9
    return (
        f"Made on {run['day']} with the code of {run['code']}; {found['processor']}, {found['cores']} cores, "
        f"python {found['python']}, {known}; dgemm of {order}: {rate:.0f} GFLOP/s."
    )


def counts(rows: Rows) -> Iterator[str]:
    """For each work, at how many points ours is no slower than numpy, and the worst."""
    for work in (*CHEAP, *WHOLE):
        ratios = [ours_over(row) for row in rows if row["work"] == work and numpy_of(row)]
        if ratios:
            fast = sum(ratio <= 1 for ratio in ratios)
            worst = f"{max(ratios):.2g} times numpy's at the worst"
            yield f"{work}: no slower at {fast} of {len(ratios)} points, {worst}"


def beside_numpy(rows: Rows) -> Iterator[list[str]]:
    """A line for each point: how many times as long as numpy's each work took."""
    for point in dict.fromkeys(row["size"] for row in rows if numpy_of(row)):
        at = {row["work"]: row for row in rows if row["size"] == point}
        yield [short(point), *(cell(at.get(work)) for work in (*CHEAP, *WHOLE))]


def short(point: str) -> str:
    """A point without its letters.

    >>> short("n=2,000 d=10 m=80 q=3 P=1,203, relu, squared")
    '2,000, 10, 80, 3; relu, squared'
    """
    sizes, setting = point.split(", ", 1) if ", " in point else (point, "")
    numbers = ", ".join(part.split("=")[1] for part in sizes.split() if not part.startswith("P="))
    return f"{numbers}; {setting}" if setting else numbers


def cell(row: dict[str, Any] | None) -> str:
    """How many times as long ours took as numpy's, beside its own time, or as the products needed."""
    if row is None:
        return "-"
    ours, peer = row["timings"][:2]
    mark = " of dgemm" if peer["name"] == PRODUCTS else ""
    return f"{ours_over(row):.2g}{mark} ({seconds_text(ours['seconds'])})"


def ours_over(row: dict[str, Any]) -> float:
    """Our time over the first peer's."""
    ours, peer = row["timings"][:2]
    return float(ours["seconds"] / peer["seconds"])


def numpy_of(row: dict[str, Any]) -> bool:
    """Whether numpy is the first peer."""
    return [one["name"] for one in row["timings"][1:2]] == ["plain numpy"]


def beside_autodiff(rows: Rows) -> Iterator[list[str]]:
    """A line for each work and point that others were timed at."""
    for row in rows:
        if row["work"] in AUTODIFF:
            ours, *peers = row["timings"]
            others = (
                f"{peer['name']} {seconds_text(peer['seconds'])} ({peer['ratio']:.3g})"
                for peer in peers
                if peer["seconds"] is not None
            )
            yield [
                short(row["size"]),
                AUTODIFF[row["work"]],
                seconds_text(ours["seconds"]),
                "<br>".join(others),
            ]


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.grid_page", description=__doc__)
    parser.add_argument("file", nargs="+", type=Path, help="written by `python -m benchmarks grid --json`")
    runs = [json.loads(file.read_text(encoding="utf-8")) for file in parser.parse_args(words).file]
    write_text(PAGE, written(PAGE.read_text(encoding="utf-8"), runs))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
