"""Volume estimators where the answer is known, and how often their intervals hold it.

``python -m benchmarks.volumes --processes 2 --store work --write docs/volumes.md`` makes the page.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

from numerics.basin_study import figures, known_volumes
from numerics.plotting import style
from numerics.sweeps.executors import executor
from numerics.sweeps.threads import one_thread
from numerics.sweeps.workplace import Workplace

from . import coverage
from .volumes_page import coverage_table, page


def arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.volumes", description=__doc__)
    parser.add_argument("--repeats", type=int, default=200, help="of every estimate that has a target")
    parser.add_argument("--processes", type=int, help="how many to work with; here by default")
    parser.add_argument("--store", type=Path, help="folder that keeps finished work, to go on from")
    parser.add_argument(
        "--write", type=Path, metavar="FILE", help="write FILE, and a figure to images/ beside it"
    )
    parser.add_argument("--only", metavar="ESTIMATOR", help="only how often its intervals hold, no page")
    chosen = parser.parse_args(words)
    if chosen.only and chosen.only not in coverage.TARGETS:
        parser.error(f"--only must be one of {', '.join(coverage.TARGETS)}; got {chosen.only}")
    if chosen.repeats < 1:
        parser.error(f"--repeats must be at least 1; got {chosen.repeats}")
    return chosen


def told(name: str, done: int, total: int) -> None:
    print(f"{name}: {done} of {total}", file=sys.stderr, flush=True)


def results(repeats: int, place: Workplace, large: bool = True) -> dict[str, Any]:
    """The tables: every estimator on every known region, and coverage over `repeats`."""
    return {
        "repeats": repeats,
        "coverage": coverage.measured(repeats, place),
        "known": known_volumes.compared(0, large, place),
    }


def main(words: list[str] | None = None) -> None:
    chosen = arguments(sys.argv[1:] if words is None else words)
    with executor(chosen.processes and f"processes:{chosen.processes}") as pool, one_thread():
        place = Workplace(pool, chosen.store, None, told)
        if chosen.only:
            print(coverage_table(coverage.measured(chosen.repeats, place, chosen.only), region=False))
            return
        found = results(chosen.repeats, place)
    text = page(found)
    print(text)
    if chosen.write:
        chosen.write.write_text(text, encoding="utf-8")
        with style():
            drawn = figures.known(found["known"], chosen.write.parent / "images")
        drawn.path.with_suffix(".pdf").unlink()


if __name__ == "__main__":
    main()
