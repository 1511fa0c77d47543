"""Runs the comparisons and prints their table; `bounds`, `lies`, `kills` and `volumes` are attacks (-h)."""

import argparse
import json
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from numerics.files.folders import write_json, write_text

from . import (
    certificates,
    deep,
    dense,
    flow,
    grid,
    imports,
    jets,
    main_job,
    many,
    memory,
    methods,
    norm,
    product,
    report,
    spectra,
    spectra_large,
    workers,
)
from .case import size_text
from .race import ROUNDS, race

COMPARISONS = {
    "dense": dense,
    "norm": norm,
    "product": product,
    "many": many,
    "flow": flow,
    "workers": workers,
    "jets": jets,
    "certificates": certificates,
    "main-job": main_job,
    "grid": grid,
    "methods": methods,
    "spectra": spectra,
    "spectra-large": spectra_large,
    "deep": deep,
    "imports": imports,
}
NAMES = (*COMPARISONS, "memory")
ON_REQUEST = ("spectra-large",)  # minutes each


def arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help=f"any of {', '.join(NAMES)}; by default all but {', '.join(ON_REQUEST)}",
    )
    parser.add_argument("--dry-run", action="store_true", help="tiny sizes, once: does it run at all?")
    parser.add_argument("--rounds", type=int, help=f"timed runs of each, by default {ROUNDS}, or 5 of deep")
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    parser.add_argument(
        "--write",
        type=Path,
        metavar="FILE",
        help="write the table, without targets, into the page FILE, where it holds one, and the numbers "
        "beside it into measured/, under the page's name: those of docs/benchmarks.md are drawn by `twolayer "
        "figures timing --data docs/measured`",
    )
    chosen = parser.parse_args(words)
    if chosen.write and not (chosen.write.is_file() and report.BLOCK.search(chosen.write.read_text())):
        parser.error(f"--write must be a page with a block made by python -m benchmarks; got {chosen.write}")
    unknown = set(chosen.names) - set(NAMES)
    if unknown:
        parser.error(f"NAME must be any of {', '.join(NAMES)}; got {', '.join(sorted(unknown))}")
    return chosen


def results(names: list[str], dry: bool, rounds: int | None = None) -> Iterator[tuple[str, dict[str, Any]]]:
    """A table row and its data, for each size of each comparison."""
    for name in names:
        if name == "memory":
            yield _memory(*((9, 4, 3) if dry else (20_000, 784, 1000)))
            continue
        runs = rounds or getattr(COMPARISONS[name], "ROUNDS", ROUNDS)
        for case in COMPARISONS[name].cases(dry):
            timings = race(case, dry, runs)
            yield report.row(case, timings), report.as_data(case, timings)


def _memory(*shape: int) -> tuple[str, dict[str, Any]]:
    total, imported = memory.measured(*shape)
    size = size_text(*shape)
    data = {"work": "memory", "size": size, "bytes": total, "imports": imported, "met": total < memory.LIMIT}
    return report.memory_row(size, total, imported, memory.LIMIT), data


def main(words: list[str]) -> int:
    if words[:1] == ["bounds"]:
        from . import bounds  # needs python-flint

        return bounds.main(words[1:])
    if words[:1] == ["lies"]:
        from . import lies  # needs python-flint

        return lies.main(words[1:])
    if words[:1] == ["volumes"]:
        from . import battery

        return battery.main(words[1:])
    if words[:1] == ["kills"]:
        from . import kills

        return kills.main(words[1:])
    chosen = arguments(words)
    machine = report.machine()
    data = []
    print(report.head(machine), end="", file=sys.stderr if chosen.json else sys.stdout, flush=True)
    for row, record in results(
        chosen.names or [name for name in NAMES if name not in ON_REQUEST], chosen.dry_run, chosen.rounds
    ):
        data.append(record)
        print(row, file=sys.stderr if chosen.json else sys.stdout, flush=True)
    command = shlex.join(["python", "-m", "benchmarks", *words])
    record = report.record(machine, command, data)
    if chosen.json:
        print(json.dumps(record, indent=2))
    if chosen.write:
        text = chosen.write.read_text(encoding="utf-8")
        write_text(chosen.write, report.in_page(text, machine, command, data))
        place = report.beside(chosen.write)
        place.parent.mkdir(exist_ok=True)
        write_json(place, record)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
